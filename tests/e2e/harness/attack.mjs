// Platforms whose ends of tracks, or whose workers, do not do what a page expects of them: scripts that run before the page's own.

const SIDES = ['Sender', 'Receiver'];

/** Keeps what the page sets on each end of a track; hands it on at once, or when a story says so; and says what is there, or lies. */
const transforms = ({ isSetAtOnce, lies }) => SIDES.map((side) => `(() => {
  const { prototype } = globalThis.RTCRtp${side};
  const native = Object.getOwnPropertyDescriptor(prototype, 'transform');
  const ends = ((globalThis.ends ??= {}).${side} = []);
  Object.defineProperty(prototype, 'transform', {
    set(transform) {
      ends.push({ end: this, set: (value) => native.set.call(this, value), transform });
      if (${isSetAtOnce}) native.set.call(this, transform);
    },
    get() {
      return ${lies} ? ends.find(({ end }) => end === this)?.transform : native.get.call(this);
    },
  });
})();`).join('\n');

export const NO_TRANSFORM_TAKES = transforms({ isSetAtOnce: false, lies: false });
export const NO_TRANSFORM_TAKES_AND_NOBODY_SAYS = transforms({ isSetAtOnce: false, lies: true });
export const REMOVABLE_TRANSFORMS = transforms({ isSetAtOnce: true, lies: false });
export const REMOVABLE_TRANSFORMS_AND_NOBODY_SAYS = transforms({ isSetAtOnce: true, lies: true });

/** Sets the transforms of one side now, or takes them away; gives how many the browser refused. */
export function setTransforms(page, side, isThere) {
  return page.evaluate(([side, isThere]) => globalThis.ends[side].reduce((refused, { set, transform }) => {
    try {
      set(isThere ? transform : null);
      return refused;
    } catch {
      return refused + 1;
    }
  }, 0), [side, isThere]);
}

/** A browser of before encoded transforms. */
export const NO_TRANSFORMS = 'delete globalThis.RTCRtpScriptTransform; delete RTCRtpSender.prototype.createEncodedStreams;';

/** Keeps every worker of a page, so that a story can stop it. */
export const WATCH_WORKERS = `(() => {
  const Native = globalThis.Worker;
  globalThis.workers = [];
  globalThis.Worker = class extends Native { constructor(...list) { super(...list); globalThis.workers.push(this); } };
})();`;

export const killWorkers = (page) => page.evaluate(() => globalThis.workers.forEach((worker) => worker.terminate()));

/** Workers that hear nothing and say nothing. */
export const DEAF_WORKERS = `(() => {
  const Native = globalThis.Worker;
  globalThis.Worker = class extends Native {
    postMessage() {}
    addEventListener() {}
  };
})();`;
