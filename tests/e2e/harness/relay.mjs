// A cable that can be pulled: TCP and UDP between a browser and the platform, on another loopback address.

import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';

export class Relay {
  /** Listens on `address` with the platform's own port numbers, so that announced addresses stay true. */
  static async before(platform, address) {
    const relay = new Relay();
    Object.assign(relay, { platform, address, isCut: false, flows: new Map(), pairs: new Set(), kept: null });
    relay.tcp = createServer({ pauseOnConnect: true }, (near) => relay.#pair(near));
    await new Promise((done, failed) => relay.tcp.once('error', failed).listen(platform.port, address, done));
    relay.udp = createSocket('udp4');
    relay.udp.on('message', (packet, from) => relay.#forward(packet, from));
    await new Promise((done, failed) => relay.udp.once('error', failed).bind(platform.mediaPort, address, done));
    return relay;
  }

  /** Flag of a Chromium whose pages reach the platform through this cable. */
  get flag() {
    return `--host-resolver-rules=MAP localhost ${this.address}`;
  }

  /** Nothing passes any more but packets of the UDP ports in `except`: those of the other person's browser. */
  cut({ except = [] } = {}) {
    this.isCut = true;
    this.kept = new Set(except);
    for (const { near, far } of this.pairs) {
      near.pause();
      far?.pause();
    }
  }

  /** Everything passes again; what TCP held back arrives late, as it does on a network that comes back. */
  mend() {
    this.isCut = false;
    for (const pair of this.pairs) {
      if (!pair.far) this.#join(pair);
      pair.near.resume();
      pair.far.resume();
    }
  }

  #pair(near) {
    const pair = { near, far: null };
    this.pairs.add(pair);
    near.on('error', () => {});
    near.on('close', () => {
      this.pairs.delete(pair);
      pair.far?.destroy();
    });
    if (!this.isCut) {
      this.#join(pair);
      near.resume();
    }
  }

  #join(pair) {
    const { near } = pair;
    const far = (pair.far = connect(this.platform.port, '127.0.0.1'));
    near.setNoDelay(true);
    far.setNoDelay(true);
    far.on('error', () => near.destroy());
    // An end that comes during the cut waits for its end, like the rest.
    far.on('close', () => near.destroy());
    near.on('data', (chunk) => far.write(chunk));
    far.on('data', (chunk) => near.write(chunk));
    near.on('end', () => far.end());
    far.on('end', () => near.end());
  }

  #forward(packet, from) {
    const key = `${from.address}:${from.port}`;
    let far = this.flows.get(key);
    if (!far) {
      far = createSocket('udp4');
      far.on('message', (answer) => {
        if (this.#passes(from.port)) this.udp.send(answer, from.port, from.address);
      });
      far.on('error', () => {});
      this.flows.set(key, far);
    }
    if (this.#passes(from.port)) far.send(packet, this.platform.mediaPort, '127.0.0.1');
  }

  #passes(port) {
    return !this.isCut || this.kept.has(port);
  }

  async close() {
    for (const { near, far } of this.pairs) {
      near.destroy();
      far?.destroy();
    }
    for (const far of this.flows.values()) far.close();
    await new Promise((done) => this.udp.close(done));
    await new Promise((done) => this.tcp.close(done));
  }
}
