// A flood of HTTP from one address, bounded in number and ended by its caller.

import { Agent, request } from 'node:https';
import { connect } from 'node:tls';
import { pause } from './wait.mjs';

/** Another network than that of the browsers, so that what is counted is counted for the flood. */
const FROM = '127.7.7.7';

export class Flood {
  constructor(platform) {
    this.platform = platform;
    this.isOn = true;
    this.statuses = new Map();
    this.sockets = new Set();
    this.calls = new Set();
    this.opened = 0;
    this.turnedAway = 0;
    this.work = [];
    this.agent = new Agent({ keepAlive: true, maxSockets: 16 });
  }

  /** How often a status came. */
  count(status) {
    return this.statuses.get(status) ?? 0;
  }

  /** Opens connections that say nothing. */
  hold(count) {
    return Promise.all(Array.from({ length: count }, () => this.#open().then(() => {})));
  }

  /** Opens requests whose heads come a byte at a time and never end. */
  async trickle(count) {
    const sockets = (await Promise.all(Array.from({ length: count }, () => this.#open()))).filter(Boolean);
    this.work.push((async () => {
      for (let turn = 0; this.isOn; turn += 1) {
        for (const socket of sockets) if (socket.writable) socket.write('GET /api/health HTTP/1.1\r\nx-slow: aaaaaaaaaaaa'[turn] ?? 'a');
        await pause(100);
      }
    })());
  }

  /** Sends bodies larger than any route takes, some with their length and some without. */
  oversize(workers) {
    const body = Buffer.alloc(1 << 20, 'a');
    for (let worker = 0; worker < workers; worker += 1) {
      const headers = worker % 2 ? { 'content-length': 64 << 20 } : { 'transfer-encoding': 'chunked' };
      this.#repeat(50, () => this.#ask('POST', '/api/session/password', headers, body));
    }
  }

  /** Asks for pages, sessions and sign-ins without a pause worth the name. */
  hammer(workers) {
    const form = Buffer.from(JSON.stringify({ email: 'personne@exemple.fr', password: 'pas-le-bon-mot-de-passe' }));
    const asks = [
      () => this.#ask('GET', '/api/health'), () => this.#ask('GET', '/pro'), () => this.#ask('GET', '/api/session'),
      () => this.#ask('POST', '/api/session/password', { 'content-length': form.length }, form),
    ];
    for (let worker = 0; worker < workers; worker += 1) {
      let turn = worker;
      this.#repeat(25, () => asks[(turn += 1) % asks.length]());
    }
  }

  #repeat(every, ask) {
    this.work.push((async () => {
      while (this.isOn) {
        await ask();
        await pause(every);
      }
    })());
  }

  /** One connection; null when the platform turns it away. */
  #open() {
    const { port } = this.platform;
    return new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port, localAddress: FROM, servername: 'localhost', rejectUnauthorized: false });
      let isOpen = false;
      this.sockets.add(socket);
      socket.once('secureConnect', () => {
        isOpen = true;
        this.opened += 1;
        resolve(socket);
      });
      socket.on('error', () => {});
      socket.once('close', () => {
        if (!isOpen) this.turnedAway += 1;
        this.sockets.delete(socket);
        resolve(null);
      });
    });
  }

  #ask(method, path, headers = {}, body = undefined) {
    const { origin, port } = this.platform;
    return new Promise((resolve) => {
      const call = request({
        method, path, port, host: '127.0.0.1', localAddress: FROM, servername: 'localhost', rejectUnauthorized: false, agent: this.agent,
        headers: { host: new URL(origin).host, origin, 'x-colloque': '1', 'content-type': 'application/json', ...headers },
        timeout: 5_000,
      }, (answer) => {
        this.statuses.set(answer.statusCode, (this.statuses.get(answer.statusCode) ?? 0) + 1);
        answer.resume();
        answer.on('end', resolve).on('error', resolve).on('close', resolve);
        // Who was answered before the body was sent stops sending.
        if (answer.statusCode === 413) call.destroy();
      });
      this.calls.add(call);
      call.on('timeout', () => call.destroy());
      call.on('error', resolve);
      call.on('close', () => {
        this.calls.delete(call);
        resolve();
      });
      call.end(body);
    });
  }

  async stop() {
    this.isOn = false;
    this.calls.forEach((call) => call.destroy());
    this.sockets.forEach((socket) => socket.destroy());
    await Promise.all(this.work);
    this.agent.destroy();
  }
}
