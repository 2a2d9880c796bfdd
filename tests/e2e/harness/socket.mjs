// A WebSocket that no browser would open: any origin, any cookie, any text.

import { randomBytes } from 'node:crypto';
import { request } from 'node:https';

const TEXT = 1;
const CLOSE = 8;

/** Asks for a WebSocket; gives the status, and the socket when there is one. */
export function upgrade(platform, headers = {}) {
  return new Promise((resolve, reject) => {
    const call = request({
      host: '127.0.0.1', port: platform.port, path: '/ws', servername: 'localhost', rejectUnauthorized: false, timeout: 10_000,
      headers: {
        host: new URL(platform.origin).host, connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13',
        'sec-websocket-key': randomBytes(16).toString('base64'), ...headers,
      },
    });
    call.on('upgrade', (answer, stream, head) => resolve({ status: answer.statusCode, socket: new Socket(stream, head) }));
    call.on('response', (answer) => {
      answer.resume();
      resolve({ status: answer.statusCode });
    });
    call.on('timeout', () => call.destroy(new Error('timed out')));
    call.on('error', reject);
    call.end();
  });
}

class Socket {
  constructor(stream, head) {
    this.stream = stream;
    this.bytes = head;
    this.messages = [];
    this.isOver = false;
    this.wake = () => {};
    stream.on('data', (chunk) => this.#take(chunk));
    for (const event of ['end', 'error', 'close']) stream.on(event, () => this.#end());
    this.#take(Buffer.alloc(0));
  }

  /** The next message; null when the server has closed. */
  async next() {
    while (this.messages.length === 0 && !this.isOver) await new Promise((wake) => (this.wake = wake));
    return this.messages.shift() ?? null;
  }

  /** Sends a text of less than 64 kB. */
  send(message) {
    const payload = Buffer.from(typeof message === 'string' ? message : JSON.stringify(message));
    const mask = randomBytes(4);
    const length = payload.length < 126 ? Buffer.from([0x80 | payload.length]) : Buffer.from([0x80 | 126, payload.length >> 8, payload.length & 255]);
    this.stream.write(Buffer.concat([Buffer.from([0x80 | TEXT]), length, mask, payload.map((byte, at) => byte ^ mask[at % 4])]));
  }

  close() {
    this.stream.destroy();
  }

  #take(chunk) {
    this.bytes = Buffer.concat([this.bytes, chunk]);
    for (;;) {
      if (this.bytes.length < 2) return;
      const kind = this.bytes[0] & 15;
      const isLong = (this.bytes[1] & 127) === 126;
      if (isLong && this.bytes.length < 4) return;
      const from = isLong ? 4 : 2;
      const until = from + (isLong ? this.bytes.readUInt16BE(2) : this.bytes[1] & 127);
      if (this.bytes.length < until) return;
      if (kind === TEXT) this.messages.push(JSON.parse(this.bytes.subarray(from, until).toString()));
      if (kind === CLOSE) this.#end();
      this.bytes = this.bytes.subarray(until);
      this.wake();
    }
  }

  #end() {
    this.isOver = true;
    this.wake();
    this.stream.destroy();
  }
}
