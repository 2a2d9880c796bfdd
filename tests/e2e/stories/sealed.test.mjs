// End to end: what two people see of it, and that nothing passes where it is not possible.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { media, mediaFlows } from '../harness/media.mjs';
import { Scene } from '../harness/scene.mjs';
import { pause, until } from '../harness/wait.mjs';

let scene;

before(async () => (scene = await Scene.open()));
after(() => scene?.close());

const words = (page) => page.locator('#words strong').innerText();

/** What reaches a page in a few seconds. */
async function arriving({ page }, seconds) {
  const before = await media(page);
  await pause(seconds * 1000);
  const now = await media(page);
  return { pictures: now.camera - before.camera, energy: now.energy - before.energy };
}

/** Keeps every worker of a page, so that a story can stop it. */
const WATCH_WORKERS = `(() => {
  const Native = globalThis.Worker;
  globalThis.workers = [];
  globalThis.Worker = class extends Native { constructor(...list) { super(...list); globalThis.workers.push(this); } };
})();`;

test('both see the same two words, and say so', async () => {
  const { doctor, patient } = await scene.call();
  const [atDoctor, atPatient] = await Promise.all([words(doctor.page), words(patient.page)]);
  assert.match(atDoctor, /^[a-z]{4,10} · [a-z]{4,10}$/);
  assert.equal(atPatient, atDoctor);
  await doctor.page.getByText('Chiffré de bout en bout', { exact: true }).waitFor();
  await patient.page.locator('#words').getByRole('button', { name: 'Oui' }).tap();
  await patient.page.locator('#words').waitFor({ state: 'detached' });
  // Nobody's word counts for another: the practitioner is still asked.
  await pause(1000);
  assert.equal(await doctor.page.getByText('Chiffré de bout en bout, vérifié').count(), 0);
  await doctor.page.locator('#words').getByRole('button', { name: 'Les mêmes' }).click();
  await doctor.page.getByText('Chiffré de bout en bout, vérifié').waitFor();
  await doctor.page.locator('#words').waitFor({ state: 'detached' });
  await scene.endStory();
});

test('words that differ cut sound and picture on both sides, and stay so', async () => {
  const { doctor, patient } = await scene.call();
  await doctor.page.locator('#words').getByRole('button', { name: 'Différents' }).click();
  await patient.page.getByRole('heading', { name: 'Les mots diffèrent' }).waitFor();
  await doctor.page.getByText('Les mots diffèrent').waitFor();
  // What is on its way still arrives.
  await pause(1000);
  for (const person of [doctor, patient]) {
    const { pictures, energy } = await arriving(person, 3);
    assert.equal(pictures, 0);
    assert.ok(energy < 0.001, `${energy}`);
  }
  await scene.endStory();
});

test('without the worker nothing leaves, in clear or otherwise', async () => {
  const patient = await scene.patient({ script: WATCH_WORKERS });
  const { doctor } = await scene.call({ patient });
  await patient.page.evaluate(() => globalThis.workers.forEach((worker) => worker.terminate()));
  await pause(1500);
  const { pictures, energy } = await arriving(doctor, 4);
  assert.equal(pictures, 0);
  assert.ok(energy < 0.001, `${energy}`);
  await scene.endStory();
});

test('a browser that cannot encrypt end to end is told before the first tap', async () => {
  const script = 'delete globalThis.RTCRtpScriptTransform; delete RTCRtpSender.prototype.createEncodedStreams;';
  const visit = await scene.practice.invite();
  const patient = await scene.patient({ script });
  await patient.page.goto(visit.link);
  await patient.page.getByRole('heading', { name: 'Votre appareil n\'est pas à jour' }).waitFor();
  await patient.page.getByRole('link', { name: 'Appeler le cabinet' }).first().waitFor();
  await scene.endStory();
});

test('a browser of before encrypts through the page', async () => {
  const script = 'delete globalThis.RTCRtpScriptTransform;';
  const [patient, doctor] = [await scene.patient({ script }), await scene.doctor()];
  await scene.call({ patient, doctor });
  assert.equal(await words(patient.page), await words(doctor.page));
  await Promise.all([mediaFlows(doctor.page), mediaFlows(patient.page)]);
  await scene.endStory();
});

test('a worker whose program does not come leaves the call silent and says why', async () => {
  const visit = await scene.practice.invite();
  const [patient, doctor] = [await scene.patient(), await scene.doctor()];
  patient.page.context().watch.allow(/Failed to load|net::ERR|worker/i);
  await patient.page.route(/\/assets\/worker-.*\.wasm/, (route) => route.abort());
  await patient.page.context().route(/\/assets\/worker-.*\.wasm/, (route) => route.abort());
  await Promise.all([patient.arrive(visit).catch(() => {}), doctor.openRoom(visit.room)]);
  await until('the patient is told', async () => (await patient.page.getByRole('heading', { name: 'Votre appareil n\'est pas à jour' }).count()) > 0);
  const { pictures } = await arriving(doctor, 2);
  assert.equal(pictures, 0);
  await scene.endStory({ clean: false });
});

/** What a page hands to servers: addresses, bodies and messages. */
function toServers(page) {
  const sent = [];
  page.on('request', (request) => sent.push(request.url(), request.postData() ?? ''));
  page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => sent.push(payload.toString())));
  return sent;
}

/** The practitioner sends a link once more, and reads what is shown to be handed over. */
async function handOver(doctor, { form }) {
  await doctor.openDay();
  const appointment = doctor.page.locator('.appointment', { hasText: new RegExp(form.birth_name, 'i') });
  await appointment.getByRole('button', { name: 'Renvoyer le lien' }).click();
  const dialog = doctor.page.getByRole('dialog', { name: 'Invitation' });
  await dialog.getByRole('button', { name: 'Renvoyer le lien' }).click();
  const link = await dialog.getByLabel('Lien personnel du patient').inputValue();
  await dialog.getByRole('img', { name: 'Code QR' }).waitFor();
  await dialog.getByRole('button', { name: 'Fermer' }).click();
  return link;
}

test('a link that was handed over proves the patient to the practitioner, and no server is told its secret', async () => {
  const visit = await scene.practice.invite();
  const [doctor, patient] = [await scene.doctor(), await scene.patient()];
  const sent = [...[doctor, patient].map(({ page }) => toServers(page))];
  const link = await handOver(doctor, visit);
  const secret = /\.([\w-]{22})$/.exec(link)[1];
  await Promise.all([patient.arrive(visit, { link }), doctor.openRoom(visit.room)]);
  await doctor.admit();
  await patient.answer();
  await doctor.page.getByText('Chiffré de bout en bout, vérifié').waitFor();
  await Promise.all([mediaFlows(doctor.page), mediaFlows(patient.page)]);
  assert.equal(await doctor.page.locator('#words').count(), 0, 'there is nothing to compare');
  // A patient's browser does not know who put the secret into the link.
  assert.match(await words(patient.page), /·/);
  // Loaded again, both still have it.
  await patient.page.reload();
  await patient.inCall().waitFor();
  await mediaFlows(doctor.page, { within: 30_000 });
  await doctor.page.getByText('Chiffré de bout en bout, vérifié').waitFor();
  const all = sent.flat().join('\n');
  assert.ok(all.includes('key_package') || all.length > 1_000, 'what is sent was seen');
  assert.ok(!all.includes(secret), 'the secret was sent to a server');
  await scene.endStory();
});

test('of somebody who comes by the link of the message, without that secret, the practitioner is told', async () => {
  const visit = await scene.practice.invite();
  const [doctor, patient] = [await scene.doctor(), await scene.patient()];
  const link = (await handOver(doctor, visit)).replace(/\.[\w-]{22}$/, '');
  await Promise.all([patient.arrive(visit, { link }), doctor.openRoom(visit.room)]);
  await doctor.admit();
  await patient.answer();
  await Promise.all([mediaFlows(doctor.page), mediaFlows(patient.page)]);
  assert.equal(await words(patient.page), await words(doctor.page));
  await doctor.page.getByText('n\'est pas venu par le lien que vous avez remis').waitFor();
  await scene.endStory();
});
