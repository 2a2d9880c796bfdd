// A TURN client that no browser would be: it asks for whatever it is told to.

import { createHash, createHmac, randomBytes } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { connect } from 'node:tls';

export const METHOD = { binding: 1, allocate: 3, refresh: 4, send: 6, createPermission: 8, channelBind: 9, connect: 10 };
const ATTRIBUTE = {
  username: 0x6, integrity: 0x8, error: 0x9, channel: 0xc, lifetime: 0xd, peer: 0x12, data: 0x13, realm: 0x14, nonce: 0x15,
  relayed: 0x16, family: 0x17, transport: 0x19,
};
const MAGIC = 0x2112a442;
const [REQUEST, INDICATION] = [0x000, 0x010];
export const [UDP, TCP] = [17, 6];
const STALE_NONCE = 438;

export class TurnClient {
  static async open(port, options = {}) {
    const client = new TurnClient();
    client.bytes = Buffer.alloc(0);
    client.waiting = new Map();
    client.stream = connect({ port, host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false, ...options });
    client.stream.on('data', (chunk) => client.#take(chunk));
    await new Promise((done, failed) => {
      client.stream.once('secureConnect', done);
      client.stream.once('error', failed);
    });
    client.stream.on('error', () => {});
    return client;
  }

  /** Uses this pass from now on; a first request without one brings realm and nonce. */
  async authenticate({ username, credential }) {
    const first = await this.ask(METHOD.allocate, [transport(UDP)]);
    this.username = username;
    this.realm = first.realm;
    this.nonce = first.nonce;
    this.key = createHash('md5').update(`${username}:${this.realm}:${credential}`).digest();
    return first;
  }

  /** Asks for a relayed address; gives `{ error }` or `{ relayed }`. */
  allocate(attributes = [transport(UDP)]) {
    return this.ask(METHOD.allocate, attributes);
  }

  /** Prolongs the allocation; a nonce that grew old is replaced, as RFC 8489 section 9.2.5 has it. */
  async refresh() {
    const answer = await this.ask(METHOD.refresh, []);
    if (answer.error !== STALE_NONCE) return answer;
    this.nonce = answer.nonce;
    return { ...(await this.ask(METHOD.refresh, [])), wasStale: true };
  }

  permission(address) {
    return this.ask(METHOD.createPermission, [this.peer(address, 0)]);
  }

  channel(number, address, port) {
    const value = Buffer.alloc(4);
    value.writeUInt16BE(number);
    return this.ask(METHOD.channelBind, [[ATTRIBUTE.channel, value], this.peer(address, port)]);
  }

  /** Has data relayed, without waiting: nothing answers. */
  send(address, port, data) {
    this.stream.write(this.#message(METHOD.send, INDICATION, [this.peer(address, port), [ATTRIBUTE.data, Buffer.from(data)]]));
  }

  peer(address, port) {
    return [ATTRIBUTE.peer, xorAddress(address, port, this.transaction = randomBytes(12))];
  }

  /** Sends one request; gives its answer, or `{ error: null }` when none comes for a while. */
  ask(method, attributes) {
    const transaction = this.transaction ?? randomBytes(12);
    this.transaction = undefined;
    const answer = new Promise((done) => {
      const timer = setTimeout(() => done({ error: null }), 2_000);
      this.waiting.set(transaction.toString('hex'), (message) => {
        clearTimeout(timer);
        done(message);
      });
    });
    this.stream.write(this.#message(method, REQUEST, attributes, transaction));
    return answer;
  }

  close() {
    this.stream.destroy();
  }

  #message(method, kind, attributes, transaction = this.transaction ?? randomBytes(12)) {
    this.transaction = undefined;
    const list = [...attributes];
    const isSigned = this.key && kind === REQUEST;
    if (isSigned) {
      list.push([ATTRIBUTE.username, Buffer.from(this.username)], [ATTRIBUTE.realm, Buffer.from(this.realm)], [ATTRIBUTE.nonce, this.nonce]);
    }
    const body = Buffer.concat(list.map(encode));
    const head = header(method | kind, body.length + (isSigned ? 24 : 0), transaction);
    if (!isSigned) return Buffer.concat([head, body]);
    const integrity = createHmac('sha1', this.key).update(head).update(body).digest();
    return Buffer.concat([head, body, encode([ATTRIBUTE.integrity, integrity])]);
  }

  #take(chunk) {
    this.bytes = Buffer.concat([this.bytes, chunk]);
    while (this.bytes.length >= 20) {
      const length = 20 + this.bytes.readUInt16BE(2);
      if (this.bytes.length < length) return;
      const message = this.bytes.subarray(0, length);
      this.bytes = this.bytes.subarray(length);
      this.waiting.get(message.subarray(8, 20).toString('hex'))?.(read(message));
    }
  }
}

export const transport = (number) => [ATTRIBUTE.transport, Buffer.from([number, 0, 0, 0])];
export const sixth = [ATTRIBUTE.family, Buffer.from([2, 0, 0, 0])];

function header(type, length, transaction) {
  const head = Buffer.alloc(20);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(length, 2);
  head.writeUInt32BE(MAGIC, 4);
  transaction.copy(head, 8);
  return head;
}

function encode([type, value]) {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(value.length, 2);
  return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
}

function xorAddress(address, port, transaction) {
  const mask = Buffer.alloc(16);
  mask.writeUInt32BE(MAGIC);
  transaction.copy(mask, 4);
  const bytes = isIPv4(address) ? Buffer.from(address.split('.').map(Number)) : sixteen(address);
  const head = Buffer.from([0, isIPv4(address) ? 1 : 2, 0, 0]);
  head.writeUInt16BE(port ^ (MAGIC >>> 16), 2);
  return Buffer.concat([head, Buffer.from(bytes.map((byte, at) => byte ^ mask[at]))]);
}

function sixteen(address) {
  const dotted = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
    `${((a << 8) | Number(b)).toString(16)}:${((c << 8) | Number(d)).toString(16)}`);
  const [left, right] = dotted.split('::').map((half) => half.split(':').filter(Boolean));
  const groups = right === undefined ? left : [...left, ...Array(8 - left.length - right.length).fill('0'), ...right];
  return Buffer.from(groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255]));
}

function read(message) {
  const found = { error: message[0] & 1 && message[1] & 0x10 ? 0 : undefined };
  for (let at = 20; at + 4 <= message.length; ) {
    const [type, length] = [message.readUInt16BE(at), message.readUInt16BE(at + 2)];
    const value = message.subarray(at + 4, at + 4 + length);
    if (type === ATTRIBUTE.error) found.error = value[2] * 100 + value[3];
    if (type === ATTRIBUTE.realm) found.realm = value.toString();
    if (type === ATTRIBUTE.nonce) found.nonce = Buffer.from(value);
    if (type === ATTRIBUTE.relayed) {
      const bytes = [...value.subarray(4, 8)].map((byte, index) => byte ^ message[4 + index]);
      found.relayed = { address: bytes.join('.'), port: value.readUInt16BE(2) ^ (MAGIC >>> 16) };
    }
    at += 4 + length + ((4 - (length % 4)) % 4);
  }
  return found;
}
