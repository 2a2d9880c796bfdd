// What encryption adds from glass to glass: calls as they are, calls whose worker hands each frame on as it is, and calls with nothing
// between coder and network, in turns.
//
// Usage: npm run measure:latency [rounds]; writes tests/e2e/out/latency.md.

import { cpus } from 'node:os';
import { buggedPages } from '../harness/bug.mjs';
import { Scene } from '../harness/scene.mjs';
import { pause } from '../harness/wait.mjs';
import { at, publish, spread } from './table.mjs';

/** Seconds for a camera to reach its full size, and seconds of looking. */
const SETTLES = 8;
const LOOKS = 15;

/** A camera that shows the milliseconds of the clock: 24 bits, in three rows of eight fields. */
const CLOCK_CAMERA = `(() => {
  const native = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await native(wanted);
    if (!wanted.video) return stream;
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
    const context = canvas.getContext('2d');
    setInterval(() => {
      const now = Math.round(performance.timeOrigin + performance.now()) % 2 ** 24;
      for (let bit = 0; bit < 24; bit += 1) {
        context.fillStyle = (now >> bit) & 1 ? '#fff' : '#000';
        context.fillRect((bit % 8) * 80, Math.floor(bit / 8) * 120, 80, 120);
      }
    }, 33);
    stream.getVideoTracks().forEach((track) => { track.stop(); stream.removeTrack(track); });
    stream.addTrack(canvas.captureStream(30).getVideoTracks()[0]);
    return stream;
  };
})();`;

/** Takes the transforms out of a page. */
const CLEAR = `(() => {
  const Peer = globalThis.RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Peer {
    constructor(options, ...rest) { super({ ...options, encodedInsertableStreams: false }, ...rest); }
  };
  const kept = new WeakMap();
  for (const { prototype } of [RTCRtpSender, RTCRtpReceiver]) {
    Object.defineProperty(prototype, 'transform', { set(value) { kept.set(this, value); }, get() { return kept.get(this) ?? null; } });
  }
})();`;

/** Keeps the worker from being told how many frames left, so that nobody finds out; its address says whether it hands frames on as they are. */
const UNWATCHED = (search) => `(() => {
  const Native = globalThis.Worker;
  globalThis.Worker = class extends Native {
    constructor(address, ...rest) { super(address.replace('#', '${search}#'), ...rest); }
    postMessage(message, ...rest) {
      if (typeof message !== 'string' || message[0] !== 'n') return super.postMessage(message, ...rest);
      setTimeout(() => this.dispatchEvent(new MessageEvent('message', { data: 'k' })));
    }
  };
})();`;

/** Runs in the worker. */
function handOn() {
  if (self.location.search !== '?empty') return;
  const Native = self.TransformStream;
  self.TransformStream = class extends Native {
    constructor() { super({ transform: (frame, controller) => controller.enqueue(frame) }); }
  };
}

const SCRIPTS = { sealed: '', empty: UNWATCHED('?empty'), clear: UNWATCHED('') + CLEAR };

/** Reads the clock in each picture that a page shows; gives how old each was, in ms. */
function ages(page, seconds) {
  return page.evaluate((seconds) => new Promise((done) => {
    const video = document.querySelector('.stage-picture .picture');
    const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 36 });
    const context = canvas.getContext('2d', { willReadFrequently: true });
    const found = [];
    const until = performance.now() + seconds * 1000;
    const look = () => {
      const now = Math.round(performance.timeOrigin + performance.now());
      context.drawImage(video, 0, 0, 64, 36);
      const { data } = context.getImageData(0, 0, 64, 36);
      let shown = 0;
      for (let bit = 0; bit < 24; bit += 1) {
        const [x, y] = [(bit % 8) * 8 + 4, Math.floor(bit / 8) * 12 + 6];
        if (data[(y * 64 + x) * 4] > 127) shown += 2 ** bit;
      }
      const age = (now - shown + 2 ** 24) % 2 ** 24;
      // A picture between two clocks, half of each, reads as neither.
      if (age < 2_000) found.push(age);
      if (performance.now() < until) video.requestVideoFrameCallback(look);
      else done(found);
    };
    video.requestVideoFrameCallback(look);
  }), seconds);
}

const rounds = Number(process.argv[2] ?? 5);
const kinds = Object.keys(SCRIPTS);
const pages = buggedPages(handOn);
const rows = [];
let scene;
let version;
try {
  scene = await Scene.open({ web: pages.folder });
  version = scene.browser.version();
  for (let round = 1; round <= rounds; round += 1) {
    // The order turns, so that none has the quieter part.
    for (let turn = 0; turn < kinds.length; turn += 1) {
      const kind = kinds[(round + turn) % kinds.length];
      const script = SCRIPTS[kind] + CLOCK_CAMERA;
      const people = { patient: await scene.patient({ script }), doctor: await scene.doctor({ script }) };
      const { doctor } = await scene.call(people);
      // One picture is enough to be looked at, and leaves the processor time to spare.
      await doctor.bar('Caméra').click();
      await pause(SETTLES * 1_000);
      const found = await ages(doctor.page, LOOKS);
      rows.push({ round, kind, pictures: found.length, median: at(found, 0.5), p95: at(found, 0.95) });
      process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`);
      await scene.endStory({ clean: false });
    }
  }
} finally {
  await scene?.close();
  pages.remove();
}

const of = (kind) => rows.filter((row) => row.kind === kind).map(({ median }) => median);
const added = (kind, floor) => of(kind).map((median, round) => median - of(floor)[round]);
publish('latency', [
  `Chromium ${version}, ${cpus().length} cores, ${rounds} rounds, ${LOOKS} s of each call, from the patient's canvas to the doctor's screen, in ms.`,
  '',
  '| round | call | pictures | median | p95 |',
  '|---|---|---|---|---|',
  ...rows.map((row) => `| ${row.round} | ${row.kind} | ${row.pictures} | ${row.median} | ${row.p95} |`),
  '',
  `Medians: ${kinds.map((kind) => `${kind} ${spread(of(kind), 1)}`).join(', ')}.`,
  `Added, round by round: by the worker that hands on ${spread(added('empty', 'clear'), 1)}, by sealing and opening ${spread(added('sealed', 'empty'), 1)}.`,
]);
