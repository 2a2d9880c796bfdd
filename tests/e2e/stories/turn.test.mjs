// coturn with our configuration, and people who want more of it than their own consultation.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { METHOD, sixth, TCP, transport, TurnClient } from '../harness/stun.mjs';
import { isOpen, Turn } from '../harness/turn.mjs';
import { pause } from '../harness/wait.mjs';

/** Where the media plane is, where the TURN server relays from, somebody else on the machine, and where a person comes from. */
const [MEDIA, FROM, OTHER, PERSON] = ['127.0.0.81', '127.0.0.82', '127.0.0.83', '127.0.0.84'];
const [UNAUTHORIZED, FORBIDDEN, FAMILY_UNSUPPORTED, OTHER_TRANSPORT, OTHER_FAMILY, QUOTA_REACHED] = [401, 403, 440, 442, 443, 486];

let turn;

before(async () => {
  turn = await Turn.prepare();
  const [certificate, key] = ['certificate.pem', 'certificate.key'].map((name) => join(turn.folder, name));
  const list = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=localhost', '-days', '2'];
  execFileSync('openssl', [...list, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  await turn.start({ certificate, key, from: FROM, peers: [MEDIA], changed: { 'stale-nonce': 3 } });
});

after(() => turn?.close());

/** Somebody with a pass, and an allocation of their own. */
async function insider(options) {
  const client = await TurnClient.open(turn.port, options);
  await client.authenticate(turn.pass());
  const { relayed, error } = await client.allocate();
  assert.equal(relayed?.address, FROM, `${error}\n${turn.output}`);
  return client;
}

function listener(address) {
  const socket = createSocket('udp4');
  socket.heard = [];
  socket.on('message', (data) => socket.heard.push(data.toString()));
  return new Promise((done) => socket.bind(0, address, () => done(socket)));
}

test('nobody gets an allocation without a pass, or with one that has ended, is forged or was changed', async () => {
  const now = Math.floor(Date.now() / 1_000);
  const good = turn.pass();
  const passes = {
    ended: turn.pass({ end: now - 1 }),
    'of another secret': turn.pass({ secret: 'f'.repeat(32) }),
    'without a secret': turn.pass({ secret: '' }),
    prolonged: { ...good, username: good.username.replace(/^\d+/, String(now + 86_400)) },
    'of nobody': { username: 'someone', credential: good.credential },
  };
  for (const [which, pass] of Object.entries(passes)) {
    const client = await TurnClient.open(turn.port);
    const { error } = await client.authenticate(pass);
    assert.equal(error, UNAUTHORIZED, 'without a pass');
    assert.equal((await client.allocate()).error, UNAUTHORIZED, which);
    client.close();
  }
  (await insider()).close();
});

test('an allocation goes on when its pass has ended, and the pass begins no other', async () => {
  const pass = turn.pass({ seconds: 2 });
  const client = await TurnClient.open(turn.port);
  await client.authenticate(pass);
  assert.equal((await client.allocate()).error, undefined);
  await pause(5_000);
  assert.deepEqual(await client.refresh(), { error: undefined, wasStale: true });
  assert.equal((await client.permission(MEDIA)).error, undefined);
  const late = await TurnClient.open(turn.port);
  await late.authenticate(pass);
  assert.equal((await late.allocate()).error, UNAUTHORIZED);
  [client, late].forEach((open) => open.close());
});

test('data reach the media plane and nobody else', async () => {
  const client = await insider();
  assert.equal((await client.permission(MEDIA)).error, undefined);
  const [media, other, itself] = await Promise.all([MEDIA, OTHER, FROM].map(listener));
  client.send(MEDIA, media.address().port, 'to the media plane');
  for (const socket of [other, itself]) client.send(socket.address().address, socket.address().port, 'to a neighbour');
  await pause(500);
  assert.deepEqual([media, other, itself].map(({ heard }) => heard), [['to the media plane'], [], []]);
  [media, other, itself].forEach((socket) => socket.close());
  client.close();
});

test('no permission and no channel for a private, special, public or mapped address, nor for the TURN server itself', async () => {
  const client = await insider();
  const addresses = [
    FROM, OTHER, '127.0.0.1', '10.0.0.1', '10.255.255.254', '172.16.0.1', '172.31.255.254', '192.168.1.1', '100.64.0.1', '169.254.169.254',
    '192.0.0.170', '192.0.2.1', '198.18.0.1', '203.0.113.7', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255', '0.0.0.0',
    '1.1.1.1', '127.0.0.80',
  ];
  for (const [index, address] of addresses.entries()) {
    assert.equal((await client.permission(address)).error, FORBIDDEN, address);
    assert.equal((await client.channel(0x4000 + index, address, 5432)).error, FORBIDDEN, address);
  }
  const six = ['::1', '::', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:169.254.169.254', '::ffff:127.0.0.81', 'fd00::1', 'fe80::1', 'fd00:ec2::254', '2001:db8::1', '64:ff9b::7f00:1'];
  for (const address of six) {
    const { error } = await client.permission(address);
    assert.ok([FORBIDDEN, OTHER_FAMILY].includes(error), `${address}: ${error}`);
  }
  client.close();
});

test('an allocation of the sixth family, if there is one, leads nowhere', async () => {
  const client = await TurnClient.open(turn.port);
  await client.authenticate(turn.pass());
  const { error } = await client.allocate([transport(17), sixth]);
  if (error === undefined) {
    for (const address of ['::1', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:127.0.0.81', 'fd00::1', '2001:db8::1']) {
      assert.equal((await client.permission(address)).error, FORBIDDEN, address);
    }
  } else {
    assert.equal(error, FAMILY_UNSUPPORTED);
  }
  client.close();
});

test('nobody opens a TCP connection through the TURN server', async () => {
  const client = await TurnClient.open(turn.port);
  await client.authenticate(turn.pass());
  assert.equal((await client.allocate([transport(TCP)])).error, OTHER_TRANSPORT);
  client.close();
  const other = await insider();
  const { error } = await other.ask(METHOD.connect, [other.peer(MEDIA, 5432)]);
  assert.ok(error === null || error >= 400, `${error}`);
  other.close();
});

test('one pass makes a dozen allocations and no more', async () => {
  const pass = turn.pass();
  const clients = [];
  let [made, error] = [0, undefined];
  for (; made < 20; made += 1) {
    const client = await TurnClient.open(turn.port);
    clients.push(client);
    await client.authenticate(pass);
    ({ error } = await client.allocate());
    if (error) break;
  }
  clients.forEach((client) => client.close());
  assert.deepEqual([made, error], [12, QUOTA_REACHED]);
});

test('there is one way in, by TLS 1.2 or newer, and it answers nothing without a pass', async () => {
  const client = await TurnClient.open(turn.port);
  assert.equal((await client.ask(METHOD.binding, [])).error, null, 'a binding request gets no answer');
  client.close();
  for (const [maxVersion, passes] of [['TLSv1.1', false], ['TLSv1.2', true], ['TLSv1.3', true]]) {
    const opening = TurnClient.open(turn.port, { minVersion: 'TLSv1', maxVersion, ciphers: 'DEFAULT@SECLEVEL=0' });
    const opened = await opening.then((open) => open.close() ?? true, () => false);
    assert.equal(opened, passes, maxVersion);
  }
  assert.deepEqual(await inClear(), Buffer.alloc(0), 'a request without TLS gets no answer');
  for (const port of [5766, 8080, 3478, 5349]) assert.equal(await isOpen(port), false, `port ${port}`);
  const own = execFileSync('ss', ['-H', '-lnup', '-p'], { encoding: 'utf8' }).split('\n').filter((line) => line.includes(`pid=${turn.child.pid},`));
  assert.deepEqual(own, [], 'no datagram port without an allocation');
});

/** What comes back to an allocation request in clear, in a second. */
function inClear() {
  const request = Buffer.from(`000300082112a442${'ab'.repeat(12)}0019000411000000`, 'hex');
  return new Promise((done) => {
    const chunks = [];
    const socket = connect({ port: turn.port, host: '127.0.0.1' }, () => socket.write(request));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => {});
    setTimeout(() => {
      socket.destroy();
      // An alert of TLS is no answer.
      const bytes = Buffer.concat(chunks);
      done(bytes[0] === 21 ? Buffer.alloc(0) : bytes);
    }, 1_000);
  });
}

test('its log names what was refused and no address that anybody came from', async () => {
  const client = await insider({ localAddress: PERSON });
  await client.permission(MEDIA);
  await client.permission(OTHER);
  client.close();
  await pause(300);
  assert.match(turn.output, new RegExp(`${OTHER.replaceAll('.', '\\.')} denied`));
  assert.ok(!turn.output.includes(PERSON), turn.output);
});
