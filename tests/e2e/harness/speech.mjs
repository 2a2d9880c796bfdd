// A sound like speech without pauses, for the browser's invented microphone. Its own is a short beep twice a second, and of the silence
// between them a browser repeats next to nothing: many times more of it is invented than of a voice, and nobody hears that.

import { writeFileSync } from 'node:fs';

const RATE = 48_000;
const SECONDS = 10;

/** Flag of a Chromium whose microphone hears the sound in a file, again and again. */
export const microphone = (path) => `--use-file-for-fake-audio-capture=${path}`;

/** Writes ten seconds of it as a WAV file: four syllables a second, a voice that rises and falls, and two resonances that move. */
export function writeSpeech(path) {
  const samples = new Int16Array(RATE * SECONDS);
  let phase = 0;
  for (let index = 0; index < samples.length; index += 1) {
    const at = index / RATE;
    const turn = (hertz) => Math.sin(2 * Math.PI * hertz * at);
    const pitch = 140 + 30 * turn(0.7) + 12 * turn(2.9);
    phase += (2 * Math.PI * pitch) / RATE;
    const resonances = [500 + 250 * turn(1.9), 1_600 + 700 * turn(2.7)];
    let sound = 0;
    for (let harmonic = 1; harmonic * pitch < 4_000; harmonic += 1) {
      const near = resonances.map((resonance) => 1 / (1 + ((harmonic * pitch - resonance) / 180) ** 2));
      sound += (0.02 + near[0] + 0.5 * near[1]) * Math.sin(harmonic * phase);
    }
    samples[index] = Math.round(4_000 * sound * (0.6 + 0.4 * turn(4)));
  }
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples.byteLength, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(RATE, 24);
  head.writeUInt32LE(RATE * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.byteLength, 40);
  writeFileSync(path, Buffer.concat([head, Buffer.from(samples.buffer)]));
}
