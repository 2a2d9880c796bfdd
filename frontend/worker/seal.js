// Starts the worker. What comes before its program is ready waits: a track that is handed over must not find nobody there.
import init, { take, transform } from '{{asset:worker.js}}';

let waiting = [];
const on = (act, what) => (waiting ? waiting.push([act, what]) : act(what));
self.onmessage = ({ data }) => {
  // Who is on the way counts as here.
  if (waiting && data[0] === 'n') self.postMessage('kw');
  on(take, data);
};
setInterval(() => on(take), 1000);
self.onrtctransform = ({ transformer }) => on(transform, transformer);

init({ module_or_path: fetch('{{asset:worker.wasm}}', { integrity: '{{sri:worker.wasm}}' }) }).then(
  () => {
    const first = waiting;
    waiting = null;
    for (const [act, what] of first) act(what);
  },
  () => self.postMessage('v30'),
);
