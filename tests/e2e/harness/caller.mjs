// HTTP calls outside of a browser, with cookies.

import { request } from 'node:https';
import { freshCode } from './totp.mjs';

export class Refused extends Error {
  constructor(method, path, status, body) {
    super(`${method} ${path}: ${status} ${body?.code ?? ''} ${JSON.stringify(body?.fields ?? '')}`);
    this.status = status;
    this.code = body?.code;
    this.body = body;
  }
}

export class Caller {
  constructor(origin) {
    this.origin = origin;
    this.cookies = new Map();
  }

  /** One request; the answer whatever its status. */
  send(method, path, { body, headers = {} } = {}) {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const options = {
      method,
      host: '127.0.0.1',
      servername: 'localhost',
      rejectUnauthorized: false,
      headers: {
        host: new URL(this.origin).host,
        'x-colloque': '1',
        origin: this.origin,
        ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        ...(cookie ? { cookie } : {}),
        ...headers,
      },
      timeout: 20_000,
    };
    return new Promise((resolve, reject) => {
      const call = request(`${this.origin}${path}`, options, (answer) => {
        const chunks = [];
        answer.on('data', (chunk) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          for (const line of answer.headers['set-cookie'] ?? []) this.#keep(line);
          resolve({ status: answer.statusCode, headers: answer.headers, bytes: Buffer.concat(chunks) });
        });
      });
      call.on('timeout', () => call.destroy(new Error('timed out')));
      call.on('error', reject);
      call.end(text);
    });
  }

  #keep(line) {
    const [pair] = line.split(';');
    const at = pair.indexOf('=');
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
    if (!value || /max-age=0/i.test(line)) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }

  async #call(method, path, body) {
    const answer = await this.send(method, path, { body });
    const parsed = answer.bytes.length ? JSON.parse(answer.bytes.toString()) : null;
    if (answer.status >= 400) throw new Refused(method, path, answer.status, parsed);
    return parsed;
  }

  get(path) {
    return this.#call('GET', path);
  }

  post(path, body) {
    return this.#call('POST', path, body);
  }

  put(path, body) {
    return this.#call('PUT', path, body);
  }

  /** Signs a member of the practice in. */
  async signIn({ email, password, secret }) {
    const step = await this.post('/api/session/password', { email, password });
    if (step.next === 'totp') await this.post('/api/session/totp', { code: await freshCode(secret) });
    else if (step.next !== 'done') throw new Error(`unexpected step ${step.next}`);
    this.me = await this.get('/api/session');
    return this;
  }

  /** The cookies as a Playwright context takes them. */
  get storageState() {
    const cookies = [...this.cookies].map(([name, value]) => ({
      name, value, domain: 'localhost', path: '/', expires: -1, httpOnly: true, secure: true, sameSite: 'Strict',
    }));
    return { cookies, origins: [] };
  }
}

export async function answers(caller) {
  return (await caller.send('GET', '/api/health')).status === 204;
}
