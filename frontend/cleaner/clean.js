// Writes one document anew. Whoever started this worker ends it; 0 says that its program did not come, 1 that it broke off.
import init, { clean } from '{{asset:cleaner.js}}';

const ready = init({ module_or_path: fetch('{{asset:cleaner.wasm}}', { integrity: '{{sri:cleaner.wasm}}' }) });

function answer(bytes) {
  try {
    return clean(bytes);
  } catch {
    return 1;
  }
}

self.onmessage = ({ data }) => ready.then(() => answer(data), () => 0).then((what) => self.postMessage(what));
