// Starts the worker. What comes before its program is ready waits: a track that is handed over must not find nobody there.
import init, { take, test, transform } from '{{asset:worker.js}}';

let waiting = [];
const on = (act, what) => (waiting ? waiting.push([act, what]) : act(what));
self.onmessage = ({ data }) => {
  // Who is on the way counts as here.
  if (waiting && data[0] === 'n') self.postMessage('kw');
  on(take, data);
};
setInterval(() => on(take), 1000);
self.onrtctransform = ({ transformer }) => on(transform, transformer);

init({ module_or_path: fetch('{{asset:worker.wasm}}', { integrity: '{{sri:worker.wasm}}' }) })
  .then(() => {
    if (!test()) throw new Error('the self-test failed');
    const first = waiting;
    waiting = null;
    for (const [act, what] of first) act(what);
  })
  .catch(() => {
    // Whoever takes this worker later is told too.
    self.onmessage = () => self.postMessage('v30');
    self.postMessage('v30');
  });
