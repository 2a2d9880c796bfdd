// The direct way from browser to browser. The page puts the element in and takes it out; its program comes once.
import init, { Way } from '{{asset:way.js}}';

const ready = init({ module_or_path: fetch('{{asset:way.wasm}}', { integrity: '{{sri:way.wasm}}' }) });

customElements.get('colloque-direct') ?? customElements.define('colloque-direct', class extends HTMLElement {
  connectedCallback() {
    ready.then(
      () => {
        if (!this.isConnected || this.way) return;
        const { port1, port2 } = new MessageChannel();
        this.worker.postMessage({ direct: port1 }, [port1]);
        this.way = new Way(this, port2);
      },
      () => {
        this.dataset.state = 'failed';
        this.dispatchEvent(new Event('direct'));
      },
    );
  }

  disconnectedCallback() {
    if (!this.way) return;
    this.way.free();
    this.way = undefined;
    this.worker.postMessage({ direct: null });
  }
});
