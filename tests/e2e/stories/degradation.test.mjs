// A link too weak for pictures: what is sent, what everybody reads, who decides, and the way back.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Cable } from '../harness/cable.mjs';
import { listen, media, mediaFlows } from '../harness/media.mjs';
import { Inspection } from '../harness/screen.mjs';
import { pause, until } from '../harness/wait.mjs';

/** Longest time without anything real of a voice that counts as uninterrupted, in milliseconds. */
const UNINTERRUPTED = 1_000;

/** A village at the end of a line: the voice passes, pictures do not. */
const VOICE_ONLY = { rate_kbps: 60, delay_ms: 30 };

const WEAK = 'Connexion faible : la vidéo est en pause. Le son continue.';
const BY_YOU = 'Vidéo mise en pause par vous. Le son continue.';

let cable;
let scene;
let relay;

before(async () => {
  cable = await Cable.open('127.0.0.5');
  ({ scene, relay } = cable);
});

after(() => cable?.close());

afterEach(async () => {
  await scene?.endStory({ clean: false });
  await relay?.reset();
});

const doctorNote = (doctor, text) => doctor.page.locator('.stage-notes .note', { hasText: text });

/** Whether no picture of a camera arrives on either side for two seconds. */
async function noPictures(...people) {
  const count = async () => (await Promise.all(people.map(({ page }) => media(page)))).map(({ camera }) => camera);
  const start = await count();
  await pause(2_000);
  const now = await count();
  if (now.some((frames, who) => frames !== start[who])) throw new Error(`pictures arrive: ${start} then ${now}`);
  return true;
}

/** Makes the patient's link too weak for pictures, until both sides say so. */
async function weaken(t, { patient, doctor }) {
  const startedAt = Date.now();
  await relay.both(VOICE_ONLY);
  await patient.notice(WEAK).waitFor({ timeout: 40_000 });
  t.diagnostic(`pictures paused ${Date.now() - startedAt} ms after the drop to ${VOICE_ONLY.rate_kbps} kbit/s`);
  await doctorNote(doctor, 'La connexion du patient est faible : la vidéo est en pause automatiquement. Le son continue.').waitFor();
}

test('60 kbit/s: the pictures pause and say so on both sides, the voice goes on, and all comes back by itself', async (t) => {
  const looks = new Inspection();
  const { doctor, patient } = await scene.call({ patient: await cable.patient() });
  await patient.page.locator('.who', { hasText: '●●● Connexion bonne' }).waitFor();
  await doctor.page.locator('.stage-line', { hasText: '●●●Connexion du patient : bonne' }).waitFor();
  await looks.at(patient.page, 'patient-link-good');
  const heard = Promise.all([listen(doctor.page, 30), listen(patient.page, 30)]);
  await weaken(t, { patient, doctor });
  await patient.page.locator('.who', { hasText: '●○○ Connexion faible' }).waitFor();
  await doctor.page.locator('.stage-line', { hasText: /●○○Connexion du patient : faible – (débit|pertes) \d+/ }).waitFor();
  await until('no camera is sent', () => noPictures(doctor, patient), { within: 15_000 });
  const [atDoctor, atPatient] = await heard;
  t.diagnostic(`around the drop the doctor hears ${JSON.stringify(atDoctor)}, the patient ${JSON.stringify(atPatient)}`);
  assert.ok(Math.max(atDoctor.gap, atPatient.gap) <= UNINTERRUPTED, 'the voice is uninterrupted');
  await looks.at(patient.page, 'patient-p8');
  await looks.at(doctor.page, 'doctor-patient-weak');

  const [calmDoctor, calmPatient] = await Promise.all([listen(doctor.page, 10), listen(patient.page, 10)]);
  t.diagnostic(`on the voice alone the doctor hears ${JSON.stringify(calmDoctor)}, the patient ${JSON.stringify(calmPatient)}`);
  assert.ok(Math.max(calmDoctor.gap, calmPatient.gap) <= UNINTERRUPTED, 'the voice is uninterrupted');
  assert.ok(Math.max(calmDoctor.invented, calmPatient.invented) <= 0.05, 'the voice fits into the link');

  await relay.reset();
  const mendedAt = Date.now();
  await Promise.all([
    patient.notice('la vidéo est en pause').waitFor({ state: 'hidden', timeout: 60_000 }),
    doctorNote(doctor, 'la vidéo est en pause').waitFor({ state: 'hidden', timeout: 60_000 }),
  ]);
  const took = Date.now() - mendedAt;
  t.diagnostic(`pictures back ${took} ms after the network`);
  assert.ok(took >= 20_000 && took <= 45_000, `${took} ms`);
  await Promise.all([mediaFlows(doctor.page), mediaFlows(patient.page)]);
  await patient.page.locator('.who', { hasText: '●●● Connexion bonne' }).waitFor();
  await scene.endStory();
  looks.assertNone();
});

test('the patient brings the pictures back on a weak link, and pauses them again; the doctor reads who it was', async (t) => {
  const looks = new Inspection();
  const { doctor, patient } = await scene.call({ patient: await cable.patient() });
  await weaken(t, { patient, doctor });
  await patient.tap('Remettre la vidéo');
  await patient.notice('la vidéo est en pause').waitFor({ state: 'hidden' });
  await mediaFlows(patient.page, { within: 40_000, frames: 3, sound: false });
  // Longer than the patience of the machine.
  await pause(12_000);
  assert.equal(await patient.notice('la vidéo est en pause').count(), 0, 'the choice of the patient holds');
  await patient.button('Mettre la vidéo en pause').waitFor();
  await looks.at(patient.page, 'patient-weak');
  await patient.tap('Mettre la vidéo en pause');
  await patient.notice(BY_YOU).waitFor();
  await doctorNote(doctor, 'Le patient a mis la vidéo en pause. Le son continue.').waitFor();
  await until('no camera is sent', () => noPictures(doctor, patient), { within: 15_000 });
  await looks.at(patient.page, 'patient-p8-by-you');

  await relay.reset();
  await pause(30_000);
  assert.equal(await patient.notice(BY_YOU).count(), 1, 'only the patient undoes it');
  await patient.tap('Remettre la vidéo');
  await Promise.all([mediaFlows(doctor.page), mediaFlows(patient.page)]);
  await scene.endStory();
  looks.assertNone();
});

test('a doctor on a weak link: the patient reads whose link it is, and a camera switched off is another sentence', async () => {
  const looks = new Inspection();
  const { doctor, patient } = await scene.call({ doctor: await cable.doctor() });
  await doctor.bar('Caméra').click();
  await patient.notice('Le médecin a coupé sa caméra. Le son continue.').waitFor();
  await doctor.bar('Caméra').click();
  await patient.notice('Le médecin a coupé sa caméra').waitFor({ state: 'hidden' });
  await relay.both(VOICE_ONLY);
  const note = doctorNote(doctor, 'Votre connexion est faible : la vidéo est en pause. Le son continue. C\'est automatique. Elle reviendra toute seule.');
  await note.waitFor({ timeout: 40_000 });
  await patient.notice('La connexion du médecin est faible : la vidéo est en pause. Le son continue.').waitFor();
  assert.equal(await patient.button('Remettre la vidéo').count(), 0, 'only the doctor can undo it');
  await until('no camera is sent', () => noPictures(doctor, patient), { within: 15_000 });
  await looks.at(patient.page, 'patient-e43');
  await looks.at(doctor.page, 'doctor-own-weak');
  await note.getByRole('button', { name: 'Remettre la vidéo' }).click();
  await note.waitFor({ state: 'hidden' });
  await patient.notice('la vidéo est en pause').waitFor({ state: 'hidden' });
  await scene.endStory();
  looks.assertNone();
});

/** The shorter side of a page's camera as it is encoded, and of the picture that the other one shows, rounded as the pages do. */
const sent = (page) => page.evaluate(async () => {
  const sides = [0];
  for (const peer of globalThis.transports.filter((peer) => peer.connectionState === 'connected')) {
    const mid = peer.getTransceivers()[1].mid;
    for (const entry of (await peer.getStats()).values()) {
      if (entry.type === 'outbound-rtp' && entry.mid === mid) sides.push(Math.min(entry.frameWidth ?? 0, entry.frameHeight ?? 0));
    }
  }
  return Math.max(...sides);
});
const shown = (page) => page.locator('video.picture').evaluate((picture) => {
  const scale = Math.min(picture.clientWidth / picture.videoWidth, picture.clientHeight / picture.videoHeight);
  const side = Math.min(picture.videoWidth, picture.videoHeight) * scale * devicePixelRatio;
  return [270, 360, 540].find((step) => side <= step * 9 / 8) ?? 720;
});

test('the patient\'s camera is as large as the doctor sees it, and no larger', async (t) => {
  const { doctor, patient } = await scene.call({ patient: await cable.patient() });
  await Promise.all([mediaFlows(doctor.page), mediaFlows(patient.page)]);
  const sizes = [];
  for (const viewport of [{ width: 1280, height: 800 }, { width: 400, height: 640 }, { width: 1280, height: 800 }]) {
    await doctor.page.setViewportSize(viewport);
    const startedAt = Date.now();
    const step = await until('the camera has the size of the picture', async () => {
      const [side, step] = [await sent(patient.page), await shown(doctor.page)];
      if (side !== step) throw new Error(`${side} sent, ${step} shown`);
      return step;
    }, { within: 60_000 });
    t.diagnostic(`${viewport.width} x ${viewport.height}: ${step} lines after ${Date.now() - startedAt} ms`);
    sizes.push(step);
  }
  assert.ok(sizes[1] < sizes[0] && sizes[0] === sizes[2], sizes.join(', '));
  await scene.endStory();
});

test('a network that lets no media pass is told in the waiting room (E31), on both sides, until it does', async (t) => {
  const looks = new Inspection();
  const visit = await scene.practice.invite();
  const [patient, doctor] = [await cable.patient(), await scene.doctor()];
  // The one way that a firewall leaves, the port of the pages, is closed to media by an address where nobody listens.
  await patient.page.addInitScript(`{
    const set = RTCPeerConnection.prototype.setRemoteDescription;
    RTCPeerConnection.prototype.setRemoteDescription = function (description) {
      return set.call(this, { type: description.type, sdp: description.sdp.replace(/^(a=candidate:\\S+ 1 tcp \\d+ \\S+) \\d+/gm, '$1 9') });
    };
  }`);
  await relay.order({ udp: false });
  await Promise.all([patient.arrive(visit), doctor.openDay()]);
  const arrivedAt = Date.now();
  await patient.notice('Votre réseau bloque la vidéo. Essayez avec la 4G : coupez le Wi-Fi.').waitFor({ timeout: 60_000 });
  t.diagnostic(`told after ${Date.now() - arrivedAt} ms in the waiting room`);
  await patient.button('Réessayer').waitFor();
  await patient.page.locator('#app').getByRole('link', { name: /téléphone/ }).waitFor();
  await doctor.page.locator('.queue-entry', { hasText: 'Connexion bloquée' }).waitFor();
  await looks.at(patient.page, 'patient-e31-waiting');
  await looks.at(doctor.page, 'doctor-day-blocked');

  await relay.order({ udp: true });
  const mendedAt = Date.now();
  await patient.notice('Votre réseau bloque la vidéo').waitFor({ state: 'hidden', timeout: 60_000 });
  await doctor.page.locator('.queue-entry', { hasText: 'Connexion bloquée' }).waitFor({ state: 'hidden' });
  t.diagnostic(`gone ${Date.now() - mendedAt} ms after the network`);
  await patient.waiting();
  await scene.endStory();
  looks.assertNone();
});
