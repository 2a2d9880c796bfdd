// Everything a page must not do: errors, requests to third parties, violations of its policy, names in addresses.

import assert from 'node:assert/strict';

// A page asks who is signed in; "nobody" is an answer, which Chromium also writes to the console.
const PROBES = [/^GET \/api\/session$/, /^GET \/api\/patient$/];

export class Watch {
  static async on(context, origin, secrets) {
    const watch = new Watch();
    Object.assign(watch, { origin, secrets, errors: [], failures: [], refusals: [], foreign: [], violations: [], leaks: [], allowed: [], requests: 0 });
    await context.exposeBinding('policyViolated', (source, what) => watch.violations.push(what));
    await context.addInitScript(`document.addEventListener('securitypolicyviolation', (event) =>
      globalThis.policyViolated?.(event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sourceFile + ':' + event.lineNumber));`);
    context.on('page', (page) => watch.#page(page));
    context.pages().forEach((page) => watch.#page(page));
    return watch;
  }

  #page(page) {
    page.on('console', (message) => {
      if (message.type() !== 'error') return;
      const text = message.text();
      // Refused and failed requests are judged by their own lists, with their path.
      if (/^Failed to load resource/.test(text)) return;
      this.errors.push(text);
    });
    page.on('pageerror', (error) => this.errors.push(`${error.message}\n${error.stack ?? ''}`));
    page.on('crash', () => this.errors.push('the page crashed'));
    page.on('request', (request) => this.#address(request.url()));
    page.on('websocket', (socket) => this.#address(socket.url().replace(/^wss:/, 'https:')));
    page.on('framenavigated', async (frame) => {
      if (frame === page.mainFrame()) this.#title(await page.title().catch(() => ''));
    });
    page.on('requestfailed', (request) => {
      const why = request.failure()?.errorText ?? '';
      if (why === 'net::ERR_ABORTED' || request.url().startsWith('blob:')) return;
      this.failures.push(`${request.method()} ${this.#path(request.url())}: ${why}`);
    });
    page.on('response', (answer) => {
      if (answer.status() < 400) return;
      const line = `${answer.request().method()} ${this.#path(answer.url())}`;
      if (answer.status() === 401 && PROBES.some((probe) => probe.test(line))) return;
      this.refusals.push(`${line}: ${answer.status()}`);
    });
  }

  #path(url) {
    return url.startsWith(this.origin) ? url.slice(this.origin.length) : url;
  }

  #address(url) {
    this.requests += 1;
    if (/^(data|blob|about|chrome-error):/.test(url)) return;
    // Chromium shows documents with a part of its own.
    const isViewer = url.startsWith('chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai/');
    if (new URL(url).origin !== this.origin && !isViewer) this.foreign.push(url);
    for (const secret of this.secrets) {
      if (decodeURIComponent(url).toLowerCase().includes(secret.toLowerCase())) this.leaks.push(`address ${url}`);
    }
  }

  #title(title) {
    for (const secret of this.secrets) {
      if (title.toLowerCase().includes(secret.toLowerCase())) this.leaks.push(`title ${title}`);
    }
  }

  /** Names what this story provokes on purpose. */
  allow(...patterns) {
    this.allowed.push(...patterns);
    return this;
  }

  /** Nothing but what the story provokes has happened. */
  assertClean() {
    const kept = (list) => list.filter((line) => !this.allowed.some((pattern) => pattern.test(line)));
    const found = {
      'console errors': kept(this.errors), 'failed requests': kept(this.failures), 'refused requests': kept(this.refusals),
      'requests to third parties': this.foreign, 'policy violations': this.violations, 'names in addresses or titles': this.leaks,
    };
    for (const [what, list] of Object.entries(found)) assert.deepEqual(list, [], what);
  }
}

/** What the network's absence provokes. */
export const CUT = [/net::ERR_/, /WebSocket connection to .* failed/, /ERR_INTERNET_DISCONNECTED/, /: 50[234]$/];
