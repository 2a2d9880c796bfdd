// The panel in which people write to each other. The page puts the element in and takes it out; its program comes once.
import init, { Panel } from '{{asset:panel.js}}';

const style = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: '{{asset:panel.css}}', integrity: '{{sri:panel.css}}' });
const styled = new Promise((done, failed) => Object.assign(style, { onload: done, onerror: failed }));
document.head.append(style);
const ready = Promise.all([styled, init({ module_or_path: fetch('{{asset:panel.wasm}}', { integrity: '{{sri:panel.wasm}}' }) })]);

customElements.get('colloque-talk') ?? customElements.define('colloque-talk', class extends HTMLElement {
  static observedAttributes = ['data-open'];

  connectedCallback() {
    this.dataset.cleaner = '{{script:clean.js}}';
    ready.then(
      () => {
        if (!this.isConnected || this.panel) return;
        const { port1, port2 } = new MessageChannel();
        this.worker.postMessage({ port: port1 }, [port1]);
        this.panel = new Panel(this, port2);
      },
      () => {
        const english = document.documentElement.lang === 'en';
        this.textContent = english ? 'The messages did not open. Load the page again.' : "Les messages ne se sont pas ouverts. Rechargez la page.";
      },
    );
  }

  disconnectedCallback() {
    this.panel?.free();
    this.panel = undefined;
  }

  attributeChangedCallback() {
    this.panel?.opened();
    this.dispatchEvent(new Event('talk'));
  }
});
