// The platform as it is delivered: one process on free ports with its own data folder.

import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createSocket } from 'node:dgram';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Post } from './smtp.mjs';
import { answers, Caller } from './caller.mjs';
import { until } from './wait.mjs';

export const ROOT = resolve(fileURLToPath(import.meta.url), '../../../..');
const PROGRAM = process.env.COLLOQUE_PROGRAM ?? programPath('colloque');
export const WEB = process.env.COLLOQUE_WEB ?? join(ROOT, 'dist');

/** Where a program of this repository is after its build. */
export function programPath(name) {
  return join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'release', name);
}

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

export class Platform {
  /** Starts with invented people and the platform's own mailbox. */
  static async demonstration(options = {}) {
    const platform = await Platform.#prepare({ ...options, demonstration: true });
    await platform.start();
    const list = join(platform.folder, 'data/demonstration.json');
    await until('the people are named', () => existsSync(list));
    const { people } = JSON.parse(readFileSync(list, 'utf8'));
    platform.people = people.map(({ role_text: role, totp_secret: secret, ...person }) => ({ ...person, role, secret }));
    return platform;
  }

  /** Starts as a practice does: a configuration file, mail over SMTP, nobody there yet. */
  static async practice(options = {}) {
    const platform = await Platform.#prepare({ ...options, demonstration: false });
    platform.post = await Post.open();
    platform.writeConfiguration();
    await platform.start();
    return platform;
  }

  static async #prepare({ demonstration, announce = [], turn, environment = {}, listen = '127.0.0.1', web = WEB }) {
    for (const needed of [PROGRAM, join(web, 'manifest.json')]) {
      if (!existsSync(needed)) throw new Error(`${needed} is missing: build the program and the pages first`);
    }
    const platform = new Platform();
    platform.isDemonstration = demonstration;
    platform.folder = mkdtempSync(join(tmpdir(), 'colloque-e2e-'));
    // Started by root, the database runs as another user, who has to pass through.
    chmodSync(platform.folder, 0o711);
    platform.port = await freeTcpPort();
    platform.mediaPort = await freeUdpPort();
    platform.announce = announce;
    platform.turn = turn;
    platform.environment = environment;
    platform.listen = listen;
    platform.web = web;
    platform.origin = `https://localhost:${platform.port}`;
    platform.output = '';
    if (demonstration && (announce.length || turn)) platform.writeConfiguration();
    return platform;
  }

  writeConfiguration() {
    const lines = [];
    if (!this.isDemonstration) {
      lines.push('[server]', `origin = "${this.origin}"`);
      lines.push('[mail]', `url = "smtp://127.0.0.1:${this.post.port}"`, 'from = "cabinet@exemple.fr"');
    }
    if (this.announce.length) lines.push('[media]', `announce = ${JSON.stringify(this.announce)}`);
    if (this.turn) lines.push('[turn]', `urls = ${JSON.stringify(this.turn.urls)}`, `secret_file = "${this.turn.secretFile}"`, `direct = ${this.turn.direct}`);
    this.configuration = join(this.folder, 'colloque.toml');
    writeFileSync(this.configuration, `${lines.join('\n')}\n`);
  }

  /** Arguments that every command of this platform takes. */
  get settings() {
    const list = ['--data', join(this.folder, 'data')];
    if (this.configuration) list.push('--config', this.configuration);
    return list;
  }

  async start() {
    const list = ['serve', ...this.settings, '--web', this.web];
    list.push('--listen', `${this.listen}:${this.port}`, '--media-listen', `127.0.0.1:${this.mediaPort}`);
    if (this.isDemonstration) list.push('--demo');
    const child = spawn(PROGRAM, list, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...this.environment } });
    running.add(child);
    this.child = child;
    this.exit = new Promise((done) => child.once('exit', (code, signal) => done({ code, signal })));
    this.exit.then(() => running.delete(child));
    const collect = (chunk) => (this.output += chunk);
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const health = new Caller(this.origin);
    const up = until('the platform answers', () => answers(health), { within: 60_000 });
    const early = this.exit.then(({ code, signal }) => {
      throw new Error(`the platform ended by itself (${code ?? signal}):\n${this.output}`);
    });
    early.catch(() => {});
    await Promise.race([up, early]);
  }

  /** Runs the program to its end; gives its exit code and what it printed where. */
  async run(...list) {
    const child = spawn(PROGRAM, list, { stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    const printed = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => (printed.stdout += chunk));
    child.stderr.on('data', (chunk) => (printed.stderr += chunk));
    const code = await new Promise((done) => child.once('close', done));
    running.delete(child);
    return { code, ...printed };
  }

  /** Runs one command of the program to its end and gives what it printed. */
  async command(...list) {
    const { code, stdout, stderr } = await this.run(...list);
    if (code !== 0) throw new Error(`colloque ${list[0]} failed (${code}):\n${stdout}${stderr}`);
    return `${stdout}${stderr}`;
  }

  /** Changes what only time changes, such as the hour of an appointment: one statement in the private database. */
  psql(statement) {
    const data = join(this.folder, 'data');
    const password = readFileSync(join(data, 'database.key'), 'utf8').trim();
    const list = ['--host', join(data, 'socket'), '--username', 'colloque', '--dbname', 'colloque', '-v', 'ON_ERROR_STOP=1', '-Atc', statement];
    return execFileSync('psql', list, { env: { ...process.env, PGPASSWORD: password }, encoding: 'utf8' }).trim();
  }

  /** The process dies as in a power cut. */
  async kill() {
    this.child.kill('SIGKILL');
    await this.exit;
  }

  async stop() {
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 15_000);
    const ended = await this.exit;
    clearTimeout(timer);
    return ended;
  }

  /** Stops and leaves nothing behind. */
  async close() {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.stop();
    await this.post?.close();
    if (!process.env.COLLOQUE_KEEP) rmSync(this.folder, { recursive: true, force: true });
  }

  /** What was written to an address, oldest first. */
  async mails(address) {
    if (this.post) return this.post.to(address);
    const messages = await new Caller(this.origin).get('/api/mailbox');
    return messages
      .filter((message) => message.to === address)
      .toReversed()
      .map((message) => ({ ...message, text: `${message.text}\n${message.link ?? ''}` }));
  }
}

export function freeTcpPort() {
  const server = createServer();
  return new Promise((done) => server.listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => done(port));
  }));
}

function freeUdpPort() {
  const socket = createSocket('udp4');
  return new Promise((done) => socket.bind(0, '127.0.0.1', () => {
    const { port } = socket.address();
    socket.close(() => done(port));
  }));
}
