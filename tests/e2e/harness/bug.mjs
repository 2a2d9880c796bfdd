// A bug in the worker: it hears each frame before and after, and can change what leaves. The program itself is the one that is delivered,
// in a copy of the pages whose starting script has a few lines more.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { WEB } from './platform.mjs';

/** Copies the pages and plants a function that runs before the worker's own script, the bug below if no other; gives the folder, and a way to remove it. */
export function buggedPages(planted = bug) {
  const folder = mkdtempSync(join(tmpdir(), 'colloque-bugged-'));
  const manifest = JSON.parse(readFileSync(join(WEB, 'manifest.json'), 'utf8'));
  cpSync(join(WEB, 'manifest.json'), join(folder, 'manifest.json'));
  cpSync(join(WEB, 'shells'), join(folder, 'shells'), { recursive: true });
  for (const { path } of Object.values(manifest).flatMap(({ files }) => Object.values(files))) {
    for (const name of [path, `${path}.br`]) cpSync(join(WEB, name), join(folder, name), { recursive: true });
  }
  const start = join(folder, manifest.worker.files['seal.js'].path);
  const script = `(${planted})();\n${readFileSync(start, 'utf8')}`;
  writeFileSync(start, script);
  writeFileSync(`${start}.br`, brotliCompressSync(script));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Asks the bug of a page's worker (Playwright's page or Puppeteer's); see `obey` below. */
export function ask(page, order) {
  return page.evaluate((order) => new Promise((done, failed) => {
    const channel = new BroadcastChannel('bug');
    const timer = setTimeout(() => failed(new Error(`the bug does not answer to ${JSON.stringify(order)}`)), 10_000);
    channel.onmessage = ({ data: { answer } }) => {
      if (answer === undefined) return;
      clearTimeout(timer);
      channel.close();
      done(answer);
    };
    channel.postMessage({ order });
  }), order);
}

/** Runs in the worker, before its own script. */
function bug() {
  const KEPT = 40;
  const tracks = () => [0, 1, 2].map(() => ({ came: 0, went: 0, bare: 0, tampered: 0, kept: [] }));
  // Sent, received, and received of a third person.
  const seen = { o: tracks(), i: tracks(), j: tracks() };
  const ways = [];
  let tamper = null;
  let memory;
  const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const channel = new BroadcastChannel('bug');
  channel.onmessage = ({ data: { order } }) => {
    if (order !== undefined) channel.postMessage({ answer: obey(order) });
  };

  function obey(order) {
    if (order.tamper !== undefined) tamper = order.tamper && { ...order, earlier: [[], [], []] };
    if (order.keepAnew) Object.values(seen).flat().forEach((track) => (track.kept = []));
    if (order.memory) return base64(new Uint8Array(memory.buffer));
    const counts = (list) => list.map(({ kept, ...rest }) => (order.kept ? { ...rest, kept } : rest));
    return { out: counts(seen.o), in: counts(seen.i) };
  }

  function base64(bytes) {
    let text = '';
    for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
    return btoa(text);
  }

  // The worker's memory is what its program was started with.
  for (const name of ['instantiate', 'instantiateStreaming']) {
    const native = WebAssembly[name];
    WebAssembly[name] = async (...list) => {
      const started = await native.apply(WebAssembly, list);
      memory = (started.instance ?? started).exports.memory;
      return started;
    };
  }

  // Each end of a track makes one of these, in the order in which the tracks came.
  addEventListener('rtctransform', ({ transformer }) => ways.push(transformer.options));
  const Native = self.TransformStream;
  self.TransformStream = class extends Native {
    constructor(steps) {
      const [way, number] = ways.shift();
      const counts = seen[way][number];
      super({
        transform(frame, controller) {
          const before = new Uint8Array(frame.data).slice();
          counts.came += 1;
          if (way !== 'o' && !isEnvelope(before, Number(number), frame)) counts.bare += 1;
          const enqueue = (frame) => {
            counts.went += 1;
            const after = new Uint8Array(frame.data).slice();
            const pair = { plain: way === 'o' ? before : after, sealed: way === 'o' ? after : before };
            if (counts.kept.length < KEPT) counts.kept.push({ plain: hex(pair.plain), sealed: hex(pair.sealed) });
            if (way === 'o' && tamper) {
              counts.tampered += 1;
              frame.data = change(tamper, Number(number), after, before).buffer;
            }
            controller.enqueue(frame);
          };
          return steps.transform(frame, { enqueue });
        },
      });
    }
  };

  /** What somebody on the way may hand on in the place of a sealed frame. */
  function change({ tamper, foreign, earlier }, track, sealed, plain) {
    const kept = (number) => seen.o[number].kept.map((pair) => bytes(pair.sealed));
    const next = (list) => list[earlier[track].push(0) % list.length] ?? sealed.fill(7);
    // Of a voice that repeats itself, the newest part is the last; without it the others are of no use.
    const within = track === 0 ? 40 : sealed.length;
    if (tamper === 'flip') sealed[sealed.length - 1 - Math.floor(Math.random() * within)] ^= 1 << Math.floor(Math.random() * 8);
    // Short of one byte of the tag, and with its end.
    if (tamper === 'cut') return Uint8Array.of(...sealed.subarray(0, sealed.length - 2), sealed.at(-1));
    if (tamper === 'replay') return next(kept(track));
    if (tamper === 'swap') return next(kept(track === 0 ? 1 : 0));
    if (tamper === 'foreign') return next(foreign[track].map(bytes));
    if (tamper === 'plain') return plain;
    if (tamper === 'noise') return crypto.getRandomValues(sealed);
    return sealed;
  }

  function bytes(hex) {
    return Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
  }

  /** Whether a frame is one sealed as the protocol says, for its own track; a voice with repetitions is looked at in its newest part. */
  function isEnvelope(whole, track, frame) {
    const bytes = frame.getMetadata().mimeType?.toLowerCase() === 'audio/red' ? newest(whole) : whole;
    const prefix = bytes.at(-1);
    if (!(prefix <= 10)) return false;
    let at = prefix + 1;
    let key = bytes[prefix] >> 4;
    if (key & 8) {
      const length = (key & 7) + 1;
      key = bytes.subarray(at, at + length).reduce((number, byte) => number * 256 + byte, 0);
      at += length;
    }
    return key >> 7 === track && bytes.length >= at + 17;
  }

  /** RFC 2198: headers of four bytes with the lengths of the earlier parts, one of one byte, the parts. */
  function newest(bytes) {
    let [at, earlier] = [0, 0];
    for (; bytes[at] & 0x80; at += 4) earlier += ((bytes[at + 2] & 3) << 8) | bytes[at + 3];
    return bytes.subarray(at + 1 + earlier);
  }
}
