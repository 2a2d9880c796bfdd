// A patient whose browser cannot seal frames: seen and heard from browser to browser, through the relay, with certificates that were
// sealed for the two; and without a relay told so, before the first tap.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import * as attack from '../harness/attack.mjs';
import { launchFirefox } from '../harness/firefox.mjs';
import { FirefoxPatient } from '../harness/foxes.mjs';
import { between, media, mediaFlows } from '../harness/media.mjs';
import { Scene } from '../harness/scene.mjs';
import { Turn } from '../harness/turn.mjs';
import { pause, until } from '../harness/wait.mjs';

/** From where the relay relays. */
const FROM = '127.0.0.91';

/** A link that is judged weak takes the pictures away before that, in milliseconds. */
const SETTLED = 22_000;

/** Longest until the patient is told that there is no way, in milliseconds: three tries of 15 s, and what is between them. */
const GIVEN_UP_WITHIN = 60_000;

let turn;
let scene;
let firefox;

before(async () => {
  turn = await Turn.prepare({ direct: true });
  scene = await Scene.open({ announce: ['127.0.0.1'], turn });
  await startTurn();
  firefox = await launchFirefox();
});

after(async () => {
  await firefox?.close();
  await scene?.close();
  await turn?.close();
});

afterEach(() => scene.endStory({ clean: false }));

function startTurn() {
  const [certificate, key] = ['certificate.pem', 'certificate.key'].map((name) => join(scene.platform.folder, 'data', name));
  return turn.start({ certificate, key, from: FROM, peers: ['127.0.0.1'] });
}

/** Of each transport of a page: where its media go, and whose certificate is at the other end. */
function transports(page) {
  return page.evaluate(async () => {
    const open = (globalThis.transports ?? []).filter((peer) => peer.signalingState !== 'closed');
    return Promise.all(open.map(async (peer) => {
      const stats = await peer.getStats();
      const all = [...stats.values()];
      const pair = all.find((entry) => entry.type === 'candidate-pair' && entry.nominated && entry.state === 'succeeded');
      const transport = all.find(({ type }) => type === 'transport');
      const packets = all.filter(({ type }) => type === 'outbound-rtp').reduce((sum, { packetsSent }) => sum + (packetsSent ?? 0), 0);
      return {
        packets,
        local: stats.get(pair?.localCandidateId)?.candidateType,
        remote: stats.get(pair?.remoteCandidateId)?.address ?? stats.get(pair?.remoteCandidateId)?.ip,
        own: stats.get(transport?.localCertificateId)?.fingerprint,
        named: /a=fingerprint:sha-256 (\S+)/.exec(peer.remoteDescription?.sdp)?.[1],
        answer: peer.remoteDescription?.sdp ?? '',
      };
    }));
  });
}

/** The transports by which something is sent now. */
async function carrying(page) {
  const before = await transports(page);
  await pause(1_000);
  return (await transports(page)).filter(({ packets }, index) => packets > before[index].packets);
}

async function oldPatient() {
  return scene.patient({ script: attack.NO_TRANSFORMS });
}

test('an old browser sees and hears, by the relay, with nothing on the way through the server', async (t) => {
  const patient = await oldPatient();
  const { doctor } = await scene.call({ patient });
  // What the doctor sent before the patient's browser had asked for another way was sealed.
  const [atPatient, atDoctor] = await Promise.all([patient, doctor].map(({ page }) => carrying(page)));
  assert.deepEqual([atPatient.length, atDoctor.length], [1, 1]);
  const [[one], [other]] = [atPatient, atDoctor];
  assert.deepEqual([one.local, other.local], ['relay', 'relay']);
  assert.deepEqual([one.remote, other.remote], [FROM, FROM]);
  // The browsers themselves refuse any certificate but the one that is named there.
  assert.deepEqual([one.own, other.own], [other.named, one.named]);
  for (const { answer } of [one, other]) {
    assert.ok(!/typ (host|srflx)/.test(answer) && !/audio-level/.test(answer), answer);
    assert.match(answer, /cbr=1/);
  }
  t.diagnostic(`the patient sent ${one.packets} packets, the doctor ${other.packets}`);
  // Both see the same words, and what is written passes as always.
  await doctor.page.getByText('Chiffré de bout en bout').first().waitFor();
  // The server's measures of a link that carries nothing pause no picture.
  await pause(SETTLED);
  await Promise.all([mediaFlows(patient.page), mediaFlows(doctor.page)]);
  for (const { page } of [patient, doctor]) assert.equal(await page.getByText('Connexion faible').or(page.getByText('connexion : faible')).count(), 0);
});

test('words that differ end it at once', async () => {
  const patient = await oldPatient();
  const { doctor } = await scene.call({ patient });
  await doctor.page.locator('#words').getByRole('button', { name: 'Différents' }).click();
  await until('nothing passes between the browsers', async () => {
    const [one, other] = [await media(patient.page), await media(doctor.page)];
    await pause(1_000);
    const [later, otherLater] = [await media(patient.page), await media(doctor.page)];
    return between(one, later).pictures === 0 && between(other, otherLater).pictures === 0;
  });
});

test('nobody else can be asked in, and an end leaves no way open', async () => {
  const patient = await oldPatient();
  const { doctor } = await scene.call({ patient });
  await doctor.bar('Inviter').click();
  await doctor.page.getByRole('dialog').getByText('son navigateur ne permet qu\'une consultation à deux').waitFor();
  await doctor.page.keyboard.press('Escape');
  await doctor.endForAll();
  await until('both transports are closed', async () => {
    const open = await Promise.all([patient, doctor].map(async ({ page }) => (await media(page)).open));
    return open.every((count) => count === 0);
  });
});

test('who was cut off from the server is not seen for long', async () => {
  const patient = await oldPatient();
  const { doctor } = await scene.call({ patient });
  await scene.depart(doctor);
  await until('the patient sends nothing more', async () => (await media(patient.page)).open <= 1, { within: 45_000 });
  assert.deepEqual(await carrying(patient.page), []);
});

test('a page that is loaded again finds its way again', async () => {
  const patient = await oldPatient();
  const { doctor } = await scene.call({ patient });
  await patient.page.reload();
  await patient.inCall();
  await mediaFlows(patient.page);
  await mediaFlows(doctor.page);
});

test('the same in Firefox', async () => {
  const visit = await scene.practice.invite();
  const patient = await FirefoxPatient.open(firefox, { script: attack.NO_TRANSFORMS });
  try {
    const { doctor } = await scene.meet({ visit, patient, doctor: await scene.doctor() });
    await Promise.all([mediaFlows(patient.page), mediaFlows(doctor.page)]);
  } finally {
    await patient.context.close();
  }
});

test('without a relay that answers, the patient is told, with the telephone beside', async () => {
  await turn.stop();
  try {
    const patient = await oldPatient();
    await scene.meet({ patient, doctor: await scene.doctor() });
    await until('the patient is told', () => patient.page.evaluate(() => document.body.innerText.includes('Votre appareil n\'est pas à jour')), { within: GIVEN_UP_WITHIN });
    assert.equal((await media(patient.page)).open, 0);
  } finally {
    await startTurn();
  }
});
