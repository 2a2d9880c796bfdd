// coturn as an operator runs it: the configuration of `infra/coturn`, with this machine's lines filled in.

import { execFileSync, spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeTcpPort, ROOT } from './platform.mjs';
import { until } from './wait.mjs';

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

export class Turn {
  /** Chooses a port and a secret, for the platform's configuration; nothing runs yet. */
  static async prepare({ direct = false } = {}) {
    const turn = new Turn();
    turn.direct = direct;
    turn.folder = mkdtempSync(join(tmpdir(), 'colloque-turn-'));
    turn.port = await freeTcpPort();
    turn.secret = randomBytes(16).toString('hex');
    turn.secretFile = join(turn.folder, 'turn.secret');
    turn.urls = [`turns:localhost:${turn.port}?transport=tcp`];
    writeFileSync(turn.secretFile, `${turn.secret}\n`, { mode: 0o600 });
    return turn;
  }

  /** Starts with `certificate` and `key`; relays from `from` to `peers`, to itself if it is for the direct way, and to nobody else. `changed` are settings that a test speeds up. */
  async start({ certificate, key, from, peers, changed = {} }) {
    this.from = from;
    const allowed = this.direct ? [...peers, from] : peers;
    const template = readFileSync(join(ROOT, 'infra/coturn/turnserver.conf'), 'utf8');
    const database = join(this.folder, 'empty.sqlite');
    const own = {
      'listening-ip': '127.0.0.1', 'tls-listening-port': this.port, 'relay-ip': from, cert: certificate, pkey: key,
      'static-auth-secret': this.secret, 'allowed-peer-ip': allowed.join('\nallowed-peer-ip='), userdb: database, ...changed,
    };
    let lines = template;
    for (const [name, value] of Object.entries(own)) {
      const setting = new RegExp(`^${name}=.*$`, 'm');
      if (!setting.test(lines)) throw new Error(`${name} is not in the configuration`);
      lines = lines.replace(setting, `${name}=${value}`);
    }
    // Everything here runs on one machine; the list of allowed peers still decides.
    lines += `allow-loopback-peers\npidfile=${join(this.folder, 'pid')}\n`;
    const file = join(this.folder, 'turnserver.conf');
    writeFileSync(file, lines, { mode: 0o600 });
    // As the unit does: two threads that make the tables at once lock each other out.
    const said = execFileSync('turnadmin', ['-l', '-b', database], { encoding: 'utf8' });
    const log = /log file opened: (\S+)/.exec(said);
    if (log) rmSync(log[1], { force: true });
    this.output = '';
    const child = spawn('turnserver', ['-c', file], { stdio: ['ignore', 'pipe', 'pipe'], cwd: this.folder });
    running.add(child);
    this.child = child;
    child.once('exit', () => running.delete(child));
    child.stdout.on('data', (chunk) => (this.output += chunk));
    child.stderr.on('data', (chunk) => (this.output += chunk));
    await until('the TURN server listens', () => {
      if (child.exitCode !== null) throw new Error(`the TURN server ended by itself:\n${this.output}`);
      return isOpen(this.port);
    });
  }

  /** A name and its password, as the platform gives them. */
  pass({ seconds = 600, secret = this.secret, end = Math.floor(Date.now() / 1_000) + seconds } = {}) {
    const username = `${end}:${randomBytes(8).toString('hex')}`;
    return { username, credential: createHmac('sha1', secret).update(username).digest('base64') };
  }

  /** Ends it; it may be started again. */
  async stop() {
    if (this.child && this.child.exitCode === null && this.child.signalCode === null) {
      const ended = new Promise((done) => this.child.once('exit', done));
      this.child.kill('SIGTERM');
      await ended;
    }
  }

  async close() {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Whether something accepts TCP connections there. */
export function isOpen(port, host = '127.0.0.1') {
  return new Promise((done) => {
    const socket = connect({ port, host }, () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}
