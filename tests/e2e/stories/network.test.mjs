// Consultations on bad networks: the patient's packets pass a program that loses, delays, slows and refuses them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import { Cable } from '../harness/cable.mjs';
import { carrier, listen, media, mediaFlows } from '../harness/media.mjs';
import { Relay } from '../harness/relay.mjs';
import { until } from '../harness/wait.mjs';
import { CUT } from '../harness/watch.mjs';

/** Longest time without anything real of a voice that counts as uninterrupted, in milliseconds. */
const UNINTERRUPTED = 1_000;

let cable;
let scene;
let relay;

before(async () => {
  cable = await Cable.open('127.0.0.4');
  ({ scene, relay } = cable);
});

after(() => cable?.close());

afterEach(async () => {
  await scene?.endStory({ clean: false });
  await relay?.reset();
});

/** Both hear each other for a while; gives the worse of the two. */
async function bothHear(t, { doctor, patient }, seconds) {
  const [atDoctor, atPatient] = await Promise.all([listen(doctor.page, seconds), listen(patient.page, seconds)]);
  t.diagnostic(`the doctor hears ${JSON.stringify(atDoctor)}, the patient ${JSON.stringify(atPatient)}`);
  return { invented: Math.max(atDoctor.invented, atPatient.invented), gap: Math.max(atDoctor.gap, atPatient.gap) };
}

/** From the link to the downloaded prescription. */
async function consultation(t, { conditions, mostInvented, camera = true, by = 'udp', on = cable }) {
  const { scene, relay } = on;
  const visit = await scene.practice.invite();
  const [patient, doctor] = [await on.patient(), await scene.doctor()];
  const before = await relay.order(conditions);
  await Promise.all([patient.arrive(visit), doctor.openRoom(visit.room)]);
  await doctor.admit();
  await patient.answer();
  const startedAt = Date.now();
  // Of a link that loses so much, pictures pause after a few seconds: those of the first moments count.
  await Promise.all([doctor, patient].map(({ page }) => mediaFlows(page, { within: 30_000, camera, sinceMade: true })));
  t.diagnostic(`media flow ${Date.now() - startedAt} ms after the admission`);
  assert.equal(await carrier(patient.page), by);

  const heard = await bothHear(t, { doctor, patient }, 20);
  assert.ok(heard.gap <= UNINTERRUPTED, `${heard.gap} ms without a voice`);
  assert.ok(heard.invented <= mostInvented, `${heard.invented} of the voice was invented`);

  await doctor.prescribe({ drug: 'Amoxicilline', form: '500 mg, gélule', dosage: '1 gélule matin et soir', duration: '7 jours' });
  await patient.notice('Le médecin vous a envoyé une ordonnance.').waitFor();
  await doctor.endForAll();
  await patient.heading('La consultation est terminée.').waitFor();
  const [download] = await Promise.all([
    patient.page.waitForEvent('download'),
    patient.page.getByRole('link', { name: 'Télécharger l\'ordonnance' }).tap(),
  ]);
  assert.equal(readFileSync(await download.path()).subarray(0, 5).toString(), '%PDF-');

  const after = await relay.order({});
  for (const way of ['up', 'down']) {
    const [passed, lost] = ['passed_bytes', 'lost'].map((count) => after[way][count] - before[way][count]);
    t.diagnostic(`${way}: ${Math.round(passed / 1024)} kB passed, ${lost} packets lost`);
    assert.ok(passed > 100_000, 'the call went through the bad network');
  }
  await scene.endStory();
}

test('a consultation with one packet in ten lost and 150 ms there and back', (t) => {
  const way = { loss: 0.1, delay_ms: 75 };
  return consultation(t, { conditions: { up: way, down: way }, mostInvented: 0.04 });
});

test('a consultation on 150 kbit/s each way', (t) => {
  const way = { rate_kbps: 150, delay_ms: 30 };
  return consultation(t, { conditions: { up: way, down: way }, mostInvented: 0.1, camera: false });
});

test('a consultation where nothing passes but the HTTPS port', (t) => consultation(t, { conditions: { udp: false }, mostInvented: 0.05, by: 'tcp' }));

test('a consultation where nothing passes but TLS', async (t) => {
  const on = await Cable.open('127.0.0.5', { turnFrom: '127.0.0.51' });
  try {
    await consultation(t, { conditions: Relay.tlsOnly(on.turn), mostInvented: 0.05, by: 'turn-tls', on });
  } finally {
    await on.close();
  }
});

test('from Wi-Fi to 4G in the call: another address, and every connection broken off', async (t) => {
  const visit = await scene.practice.invite();
  const patient = await cable.patient();
  patient.page.context().watch.allow(...CUT);
  const { doctor } = await scene.call({ visit, patient });
  const hearing = bothHear(t, { doctor, patient }, 10);
  await relay.order({ move_to: '127.0.0.41' });
  const heard = await hearing;
  assert.ok(heard.gap <= UNINTERRUPTED, `${heard.gap} ms without a voice`);
  await until('signaling is back', async () => (await patient.page.getByText('Connexion coupée').count()) === 0);
  const seen = await media(patient.page);
  assert.equal(seen.made, 1, 'the transport of before goes on');
  await Promise.all([mediaFlows(patient.page), mediaFlows(doctor.page)]);
  await doctor.endForAll();
  await patient.heading('La consultation est terminée.').waitFor();
  await scene.endStory();
});
