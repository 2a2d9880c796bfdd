// What a server holds during a call: no picture, no voice, no key of them and not the two words, in its packets, its memory, its files and
// its database. Each place is searched with the same search for something that is known to be there, and finds it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ask, buggedPages } from '../harness/bug.mjs';
import { findBaseKey, keyIdOf, mediaKeys, openPicture, Search, variety } from '../harness/canary.mjs';
import { Scene } from '../harness/scene.mjs';
import { Talk } from '../harness/talk.mjs';
import { Tap } from '../harness/tap.mjs';
import { until } from '../harness/wait.mjs';

let pages;
let scene;
let tap;

before(async () => {
  pages = buggedPages();
  scene = await Scene.open({ web: pages.folder, announce: ['127.0.0.1'] });
  tap = await Tap.before(scene.platform, '127.0.0.9');
});

after(async () => {
  await scene?.close();
  tap?.close();
  pages?.remove();
});

const bytes = (hex) => Buffer.from(hex, 'hex');

/** Frames that a person's worker sealed just now, of the voice and of the camera. */
async function framesOf({ page }) {
  await ask(page, { keepAnew: true });
  return until('frames are kept', async () => {
    const [voice, camera] = (await ask(page, { kept: true })).out.map(({ kept }) => kept.map(({ plain, sealed }) => ({ plain: bytes(plain), sealed: bytes(sealed) })));
    return camera.length >= 15 && voice.length >= 15 && { voice, camera };
  });
}

/** Parts of frames that nothing else looks like: what comes after the readable beginning, as varied as what a coder makes. */
function canaries(frames) {
  const parts = frames.flatMap((frame) => [frame.subarray(12, 36), frame.subarray(frame.length >> 1, (frame.length >> 1) + 24)]);
  return parts.filter((part) => part.length === 24 && variety(part.subarray(0, 16)) >= 12);
}

/** A dump of the whole database. */
function dump(platform) {
  const data = join(platform.folder, 'data');
  const password = readFileSync(join(data, 'database.key'), 'utf8').trim();
  const list = ['--host', join(data, 'socket'), '--username', 'colloque', '--dbname', 'colloque'];
  return execFileSync('pg_dump', list, { env: { ...process.env, PGPASSWORD: password }, maxBuffer: 1 << 30 });
}

/** What nobody but the two may read: messages each way, and letters that are seen while they are typed. */
async function chat(doctor, patient) {
  const [ours, theirs] = [new Talk(doctor.page), new Talk(patient.page)];
  const texts = ['Quelle dose de lévothyroxine prenez-vous exactement', 'Soixante-quinze microgrammes depuis le printemps', 'et parfois la moitié le dimanche matin'];
  await ours.open();
  await ours.write(texts[0]);
  await theirs.open();
  await theirs.write(texts[1]);
  await ours.entry(texts[1]).waitFor();
  await theirs.panel.getByRole('switch').click();
  await theirs.line().pressSequentially(texts[2]);
  await ours.live().getByText(texts[2]).waitFor();
  return texts;
}

const credentials = ({ page }) => page.evaluate(() => {
  const { localDescription, remoteDescription } = globalThis.transports.at(-1);
  const of = ({ sdp }, name) => new RegExp(`a=ice-${name}:(\\S+)`).exec(sdp)[1];
  return { user: `${of(remoteDescription, 'ufrag')}:${of(localDescription, 'ufrag')}`, password: of(remoteDescription, 'pwd') };
});

test('nothing of a call is in the packets, the memory, the files and the database of the server', async (t) => {
  const script = tap.script;
  const { visit, patient, doctor } = await scene.call({ patient: await scene.patient({ script }), doctor: await scene.doctor({ script }) });
  const spoken = await patient.page.locator('#words strong').innerText();
  const { consultation } = visit.appointment;
  const written = await chat(doctor, patient);

  const secrets = { plaintext: [], key: [], words: [Buffer.from(spoken)], chat: written.map((text) => Buffer.from(text)) };
  const known = { ciphertext: [], user: [], password: [], consultation: [Buffer.from(consultation), bytes(consultation.replaceAll('-', ''))] };
  let [baseKey, memoryOfWorker] = [];
  for (const person of [patient, doctor]) {
    const { user, password } = await credentials(person);
    known.user.push(Buffer.from(user));
    known.password.push(Buffer.from(password));
    const { voice, camera } = await framesOf(person);
    memoryOfWorker = Buffer.from(await ask(person.page, { memory: true }), 'base64');
    baseKey ??= findBaseKey(memoryOfWorker, camera[0].sealed);
    assert.ok(baseKey && memoryOfWorker.includes(baseKey), 'the key is in the worker\'s own memory');
    // It is the key: with it the story reads what the worker sealed.
    for (const { plain, sealed } of camera) assert.deepEqual(openPicture(baseKey, sealed), plain);
    secrets.key = mediaKeys(baseKey, keyIdOf(camera[0].sealed));
    secrets.plaintext.push(...canaries([...voice, ...camera].map(({ plain }) => plain)));
    known.ciphertext.push(...canaries(camera.map(({ sealed }) => sealed)));
  }
  assert.ok(secrets.plaintext.length > 40, `${secrets.plaintext.length} parts of frames`);

  const search = new Search({ ...secrets, ...known });
  t.diagnostic(`${search.size} patterns of ${secrets.plaintext.length} parts of frames, ${secrets.key.length} keys, and what is known to be there`);
  const { found: memory, bytes: remembered } = search.inMemory(scene.platform.child.pid);
  const packets = tap.packets.slice();
  const onTheWay = packets.reduce((found, packet) => search.in(packet, found), {});
  // Like a crash would: what the database has written is in its files.
  scene.platform.psql('CHECKPOINT');
  const { found: files, bytes: stored } = search.inFolder(join(scene.platform.folder, 'data'));
  const database = search.in(dump(scene.platform));
  t.diagnostic(`memory: ${remembered >> 20} MiB, ${JSON.stringify(memory)}`);
  t.diagnostic(`packets: ${packets.length}, ${JSON.stringify(onTheWay)}`);
  t.diagnostic(`files: ${stored >> 20} MiB, ${JSON.stringify(files)}; database: ${JSON.stringify(database)}`);

  const places = { memory, packets: onTheWay, files, database };
  for (const [place, found] of Object.entries(places)) {
    for (const name of Object.keys(secrets)) assert.equal(found[name] ?? 0, 0, `${name} in ${place}`);
  }
  // The same search finds what each place holds: a key in a worker, sealed pictures and a password in the memory, names in packets, and
  // where things are kept the consultation's name.
  assert.ok(search.in(memoryOfWorker).key > 0, 'a key is found in a worker');
  assert.ok(memory.ciphertext > 0 && memory.password > 0, 'the memory was searched');
  assert.ok(packets.length > 500 && onTheWay.user > 0, 'the packets were searched');
  assert.ok(files.consultation > 0, 'the files were searched');
  assert.ok(database.consultation > 0, 'the database was searched');
  await scene.endStory();
});

test('secrets that are there are found, in every form and across every border', () => {
  const secret = Buffer.from(Array.from({ length: 32 }, (_, at) => (at * 37 + 11) & 255));
  const search = new Search({ key: [secret] });
  const around = Buffer.alloc(1_000, 0x55);
  const written = [secret, Buffer.from(secret.toString('hex')), ...[0, 1, 2].map((before) => Buffer.from(Buffer.concat([Buffer.alloc(before, 1), secret]).toString('base64url')))];
  for (const form of written) assert.ok(search.in(Buffer.concat([around, form, around])).key > 0, form.toString());
  assert.deepEqual(search.in(Buffer.concat([around, secret.toReversed(), around])), {});
});
