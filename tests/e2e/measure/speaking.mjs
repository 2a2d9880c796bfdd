// Calls whose microphones hear speech without pauses, the patient behind a network that can be made bad.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cable } from '../harness/cable.mjs';
import { microphone, writeSpeech } from '../harness/speech.mjs';

/** Has a call measured so many times, each of them a new one on a good network; gives the version of the browser. */
export async function speakingCalls(address, runs, measure) {
  const folder = mkdtempSync(join(tmpdir(), 'colloque-speech-'));
  const sound = join(folder, 'speech.wav');
  let cable;
  try {
    writeSpeech(sound);
    cable = await Cable.open(address, { flags: [microphone(sound)] });
    const { scene, relay } = cable;
    for (let run = 1; run <= runs; run += 1) {
      await relay.reset();
      const { doctor, patient } = await scene.call({ patient: await cable.patient() });
      await measure({ run, relay, doctor, patient });
      await scene.endStory({ clean: false });
    }
    return scene.browser.version();
  } finally {
    await cable?.close();
    rmSync(folder, { recursive: true });
  }
}
