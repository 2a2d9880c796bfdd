// Every page, and the door of signaling: nobody, a forged session, a patient, an administrator. A page is the same for all of them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Caller } from '../harness/caller.mjs';
import { Platform, ROOT } from '../harness/platform.mjs';
import { Practice } from '../harness/practice.mjs';
import { upgrade } from '../harness/socket.mjs';

/** What each route shows, to whoever asks. */
const STATUS = {
  '/': 307, '/c/{invitation}': 200, '/c/{invitation}/test': 200, '/pro': 200, '/pro/{*rest}': 200, '/activation': 200, '/admin': 200,
  '/admin/{*rest}': 200, '/aide': 200, '/accessibilite': 200, '/chiffrement': 200, '/confidentialite': 200, '/mentions-legales': 200, '/assets/{name}': 404,
  '/favicon.ico': 200, '/g/{guest}': 200, '/robots.txt': 200, '/mailbox': 200,
};

let platform;
let visit;
let visitors;
let guest;

before(async () => {
  platform = await Platform.demonstration();
  const practice = await Practice.of(platform);
  visit = await practice.invite();
  const asked = { name: 'Samuel Étranger', role: 'interpreter' };
  ({ guest } = await practice.desk.post(`/api/appointments/${visit.appointment.appointment}/guests`, asked));
  const forger = new Caller(platform.origin);
  for (const cookie of ['staff', 'device', 'patient']) forger.cookies.set(`__Host-colloque-${cookie}`, 'A'.repeat(43));
  visitors = { nobody: new Caller(platform.origin), forger, patient: await arrived(), administrator: practice.office, doctor: practice.desk };
});
after(() => platform?.close());

/** A patient who gave both factors. */
async function arrived() {
  const patient = new Caller(platform.origin);
  const { pathname, hash } = new URL(visit.link);
  const seen = (await visit.mails()).length;
  await patient.post(`/api/invitations/${pathname.split('/')[2]}/redeem`, { secret: hash.slice(1) });
  await patient.post('/api/patient/second-factor', { code: await visit.code(seen) });
  return patient;
}

/** An address of a route, with things that exist. */
function address(route) {
  return route
    .replace('{invitation}', new URL(visit.link).pathname.split('/')[2])
    .replace('{guest}', guest)
    .replace('/pro/{*rest}', visit.room)
    .replace('{*rest}', 'utilisateurs')
    .replace('{name}', 'nothing.js');
}

test('every route of the pages is in the table', () => {
  const source = readFileSync(join(ROOT, 'colloque/src/web/routes.rs'), 'utf8');
  const routes = [...source.matchAll(/\.route\("([^"]+)"/g)].map(([, route]) => route);
  assert.deepEqual(routes.toSorted(), Object.keys(STATUS).toSorted());
});

test('a page shows everybody the same, and nothing of a person who did not ask', async () => {
  const ours = [visit.form.birth_name, visit.form.email, visit.practice.doctor.email, visit.practice.administrator.email, 'Étranger'];
  for (const [route, status] of Object.entries(STATUS)) {
    const answers = [];
    for (const [name, caller] of Object.entries(visitors)) {
      const answer = await caller.send('GET', address(route));
      const text = answer.bytes.toString();
      assert.equal(answer.status, status, `${name} ${route}`);
      assert.equal(answer.headers['set-cookie'], undefined, `${name} ${route}`);
      assert.equal(answer.headers['x-content-type-options'], 'nosniff', `${name} ${route}`);
      if (/text\/html/.test(answer.headers['content-type'])) assert.match(answer.headers['content-security-policy'], /default-src 'none'/, route);
      for (const word of ours) assert.ok(!text.includes(word), `${name} reads ${word} on ${route}`);
      answers.push(text);
    }
    assert.equal(new Set(answers).size, 1, `${route} is another page for some`);
  }
});

test('an unknown invitation shows no practitioner', async () => {
  const known = await visitors.nobody.send('GET', address('/c/{invitation}'));
  assert.ok(known.bytes.toString().includes('Martin'));
  for (const unknown of ['/c/00000000-0000-7000-8000-000000000000', '/c/nonsense', '/c/..%2F..%2Fetc']) {
    const answer = await visitors.nobody.send('GET', unknown);
    assert.equal(answer.status, 200, unknown);
    assert.ok(!answer.bytes.toString().includes('Martin'), unknown);
  }
});

test('what is no route is not found, whoever asks', async () => {
  for (const path of ['/nulle-part', '/ws/else', '/api', '/api/else', '/apix', '/c', '/assets/', '/.well-known/else', '/pro.html']) {
    const answers = [];
    for (const caller of Object.values(visitors)) answers.push((await caller.send('GET', path)).status);
    assert.deepEqual([...new Set(answers)], [404], path);
  }
});

test('a socket of another origin, or of none, is refused whatever its cookies', async () => {
  for (const caller of Object.values(visitors)) {
    const cookie = [...caller.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    for (const origin of [undefined, 'null', 'https://evil.example', `${platform.origin}.evil.example`, platform.origin.replace('https', 'http')]) {
      const { status } = await upgrade(platform, { cookie, ...(origin && { origin }) });
      assert.equal(status, 403, `${origin}`);
    }
    const plain = await caller.send('GET', '/ws');
    assert.ok(plain.status >= 400 && plain.status < 500, `${plain.status}`);
  }
});

test('a session opens no room: the socket says nothing but its challenge until a ticket is shown', async () => {
  const key = Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 7)]).toString('base64url');
  const join = { join: { version: 1, ticket: 'a.b', key, proof: 'A'.repeat(86), take_over: false } };
  for (const [name, caller] of Object.entries(visitors)) {
    const cookie = [...caller.cookies].map(([cookie, value]) => `${cookie}=${value}`).join('; ');
    for (const [said, answers] of [['admit', [{ ended: { reason: 'connection_given_up' } }]], [join, [{ refused: { code: 'ticket_invalid' } }]]]) {
      const { status, socket } = await upgrade(platform, { cookie, origin: platform.origin });
      assert.equal(status, 101, name);
      assert.deepEqual(Object.keys(await socket.next()), ['challenge'], name);
      socket.send(JSON.stringify(said));
      const heard = [];
      for (let message = await socket.next(); message !== null; message = await socket.next()) heard.push(message);
      assert.deepEqual(heard, answers, `${name} says ${JSON.stringify(said)}`);
    }
  }
});
