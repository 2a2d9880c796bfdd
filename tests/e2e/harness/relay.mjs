// A bad network between one browser and the platform: TCP and UDP pass a program that loses, delays and slows them.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { programPath } from './platform.mjs';

export class Relay {
  /** Listens on `address` with the platform's own port numbers; carries everything until told otherwise. */
  static async before(platform, address, furtherPorts = []) {
    const relay = new Relay();
    relay.address = address;
    relay.waiting = [];
    const list = ['--listen', address, '--udp', platform.mediaPort, '--tcp', [platform.port, ...furtherPorts]].map(String);
    relay.child = spawn(programPath('colloque-relay'), list, { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface(relay.child.stdout).on('line', (line) => relay.waiting.shift()?.done(line));
    relay.child.once('exit', () => relay.waiting.splice(0).forEach(({ failed }) => failed(new Error('the relay has ended'))));
    await relay.#answer();
    return relay;
  }

  /** Flag of a Chromium whose pages reach the platform through this network. */
  get flag() {
    return `--host-resolver-rules=MAP localhost ${this.address}`;
  }

  /** Runs in a page before its own scripts: its media take the way through this network too. */
  get script() {
    return `(() => {
      const set = RTCPeerConnection.prototype.setRemoteDescription;
      RTCPeerConnection.prototype.setRemoteDescription = function (description) {
        const sdp = description.sdp.replaceAll(' 127.0.0.1 ', ' ${this.address} ');
        return set.call(this, { type: description.type, sdp });
      };
    })();`;
  }

  /** Tells the relay what to do; gives what it has carried so far, each way. */
  async order(order) {
    const answer = this.#answer();
    this.child.stdin.write(`${JSON.stringify(order)}\n`);
    const report = JSON.parse(await answer);
    if (report.error) throw new Error(report.error);
    return report;
  }

  /** The same conditions both ways. */
  both(conditions) {
    return this.order({ up: conditions, down: conditions });
  }

  /** Nothing passes any more; what TCP holds back arrives late, as it does on a network that comes back. */
  cut() {
    return this.both({ is_down: true });
  }

  /** Conditions of a network that lets a connection pass when its first record is one of TLS, and nothing else. */
  static tlsOnly(turn) {
    return { udp: false, tls_only: true, udp_from: turn?.from };
  }

  /** Media pass, and nothing else. */
  cutSignaling() {
    return this.order({ tcp: false });
  }

  /** Everything passes again. */
  mend() {
    const conditions = { is_down: false };
    return this.order({ up: conditions, down: conditions, udp: true, tcp: true, tls_only: false });
  }

  /** Everything passes again, at once and unharmed. */
  async reset() {
    await this.mend();
    return this.both({ rate_kbps: 0, queue_ms: 300, delay_ms: 0, jitter_ms: 0, loss: 0, burst: 1, reordering: 0 });
  }

  async close() {
    const ended = new Promise((done) => this.child.once('exit', done));
    this.child.stdin.end();
    if (this.child.exitCode === null && this.child.signalCode === null) await ended;
  }

  #answer() {
    return new Promise((done, failed) => this.waiting.push({ done, failed }));
  }
}
