// The program as a person starts and stops it: what it prints, what it leaves, what it finds again, and one clear line for each trouble.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Caller } from '../harness/caller.mjs';
import { Platform } from '../harness/platform.mjs';
import { somePatient } from '../harness/practice.mjs';
import { until } from '../harness/wait.mjs';

let platform;

// Everywhere, as `./run` listens: a telephone of the same network gets a link of its own.
before(async () => {
  platform = await Platform.demonstration({ listen: '0.0.0.0' });
  await welcomed();
});
after(() => platform?.close());

/** Waits for the last line of what a start prints. */
const welcomed = () => until('the welcome is printed', () => /Ctrl-C arrête tout\./.test(platform.output));

/** Who can sign in, as the terminal says it. */
function printedPeople(output) {
  const form = /^ {4}(?<name>.+) \((?<role>.+)\)\n\s+adresse\s+(?<email>\S+)\n\s+mot de passe\s+(?<password>.+)\n\s+code\s+(?<code>\d{6})\s+\(secret (?<secret>\w+)\)$/gm;
  return [...output.matchAll(form)].map((found) => found.groups);
}

const patientLink = (output) => new RegExp(`${platform.origin}/c/\\S+#\\S+`).exec(output)[0];

/** PostgreSQL's processes that work below a folder. */
function serversBelow(folder) {
  return readdirSync('/proc').filter((entry) => /^\d+$/.test(entry)).filter((entry) => {
    try {
      return readlinkSync(`/proc/${entry}/cwd`).startsWith(folder) && readFileSync(`/proc/${entry}/comm`, 'utf8').trim() === 'postgres';
    } catch {
      return false;
    }
  });
}

/** Starts the program beside the running one, or after it, where it must end by itself with one line for a person. */
async function refusal(...settings) {
  const { code, stdout, stderr } = await platform.run('serve', '--web', platform.web, ...settings);
  assert.equal(code, 1, `${stdout}\n${stderr}`);
  const lines = stderr.trim().split('\n');
  assert.equal(lines.length, 1, stderr);
  assert.match(lines[0], /^Colloque ne démarre pas : /);
  return lines[0];
}

const free = ['--listen', '127.0.0.1:0', '--media-listen', '127.0.0.1:0'];

test('the terminal says who can sign in and where, and what it says is true', async () => {
  const people = printedPeople(platform.output);
  assert.deepEqual(people.map(({ role }) => role), ['médecin', 'médecin', 'secrétariat', 'administration']);
  const caller = await new Caller(platform.origin).signIn(people[0]);
  assert.equal(caller.me.display_name, people[0].name);
  for (const path of ['/pro', '/admin', '/mailbox']) assert.ok(platform.output.includes(`${platform.origin}${path}`), path);
  const page = await new Caller(platform.origin).send('GET', new URL(patientLink(platform.output)).pathname);
  // Who signs in as the first of the list meets the patient of the link.
  assert.ok(page.bytes.toString().includes(people[0].name.split(/\s/).at(-1)), people[0].name);
});

test('a telephone of the same network gets a QR code', () => {
  const here = Object.values(networkInterfaces()).flat().filter((own) => own.family === 'IPv4' && !own.internal && !own.address.startsWith('169.254.'));
  const hasCode = /[█▀▄]{10}/.test(platform.output);
  assert.equal(hasCode, here.length > 0, 'a code is drawn where there is a network');
  if (hasCode) assert.ok(here.some(({ address }) => platform.output.includes(`https://${address}:${platform.port}/c/`)));
});

test('a port in use, and a folder in use, are told in one line', async () => {
  const other = join(platform.folder, 'other');
  const port = await refusal('--demo', '--data', other, '--listen', `127.0.0.1:${platform.port}`, '--media-listen', '127.0.0.1:0');
  assert.match(port, new RegExp(`le port ${platform.port} est déjà pris`));
  const folder = await refusal('--demo', '--data', join(platform.folder, 'data'), ...free);
  assert.ok(folder.includes(join(platform.folder, 'data')), folder);
});

test('a demonstration is refused beside the configuration of a practice', async () => {
  const config = join(platform.folder, 'practice.toml');
  writeFileSync(config, '[server]\norigin = "https://cabinet.exemple.fr"\n[mail]\nurl = "smtp://127.0.0.1:25"\nfrom = "cabinet@exemple.fr"\n');
  const refused = await refusal('--demo', '--config', config, '--data', join(platform.folder, 'other'), ...free);
  assert.match(refused, /--demo est refusé : server\.origin appartient à une installation réelle/);
});

test('a PostgreSQL that is missing is named with the command that installs it', async () => {
  const data = join(platform.folder, 'older');
  mkdirSync(join(data, 'postgres'), { recursive: true });
  // Files of a version that no distribution of today has.
  writeFileSync(join(data, 'postgres/PG_VERSION'), '9\n');
  const refused = await refusal('--demo', '--data', data, ...free);
  assert.match(refused, /PostgreSQL 9 manque.*sudo apt-get install postgresql-9$/);
});

test('Ctrl-C ends everything, and the next start finds its data', async () => {
  const data = join(platform.folder, 'data');
  const first = platform.output;
  const doctor = await new Caller(platform.origin).signIn(printedPeople(first)[1]);
  const form = somePatient({ birth_name: 'Delaunay-Verdier' });
  await doctor.post('/api/patients', form);
  assert.ok(serversBelow(data).length > 0, 'a private database runs');

  const began = Date.now();
  platform.child.kill('SIGINT');
  assert.deepEqual(await platform.exit, { code: 0, signal: null });
  assert.ok(Date.now() - began < 10_000, `${Date.now() - began} ms`);
  assert.match(platform.output, /Arrêt en cours…\s+Colloque est arrêté\.\s*$/);
  assert.deepEqual(serversBelow(data), []);
  assert.ok(!readdirSync(join(data, 'postgres')).includes('postmaster.pid'));

  platform.output = '';
  await platform.start();
  await welcomed();
  const identity = (people) => people.map(({ name, email, password, secret }) => ({ name, email, password, secret }));
  assert.deepEqual(identity(printedPeople(platform.output)), identity(printedPeople(first)));
  assert.notEqual(patientLink(platform.output), patientLink(first), 'a link serves once, so the next start has another');
  const found = await doctor.post('/api/patients/search', { query: 'Delaunay' });
  assert.equal(found.length, 1, 'the session and the patient outlived the restart');
});

test('a damaged database is told as such, in one line, and nothing is overwritten', async () => {
  assert.equal((await platform.stop()).code, 0);
  const data = join(platform.folder, 'data');
  const control = join(data, 'postgres/global/pg_control');
  const bytes = readFileSync(control);
  bytes[100] ^= 0xff;
  writeFileSync(control, bytes);
  const refused = await refusal('--demo', '--data', data, ...free);
  assert.ok(refused.includes(join(data, 'postgres')), refused);
  assert.match(refused, /sauvegarde/);
  assert.deepEqual(readFileSync(control), bytes);
  assert.deepEqual(serversBelow(data), []);
});
