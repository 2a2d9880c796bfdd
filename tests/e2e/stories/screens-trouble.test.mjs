// What a patient sees when things go wrong: each state with axe, at 320 and 1280, light and dark.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Cable } from '../harness/cable.mjs';
import { media, mediaFlows } from '../harness/media.mjs';
import { Inspection } from '../harness/screen.mjs';
import { pause, until } from '../harness/wait.mjs';
import { CUT } from '../harness/watch.mjs';

let cable;
let scene;
let relay;

before(async () => {
  cable = await Cable.open('127.0.0.3');
  ({ scene, relay } = cable);
});

after(() => cable?.close());

test('a link whose appointment is over (E02)', async () => {
  const looks = new Inspection();
  const visit = await scene.practice.invite();
  const yesterday = Date.now() - 24 * 3_600_000;
  const [before, late] = [await scene.patient(), await scene.patient()];
  await before.open(visit.link);
  scene.platform.psql(`UPDATE administrative.appointment SET starts_at = ${yesterday} WHERE appointment = '${visit.appointment.appointment}'`);
  before.page.context().watch.allow(/redeem: 4\d\d/);
  await before.start();
  await before.heading('Ce lien n\'est plus valable').waitFor();
  await before.page.getByText('E02').waitFor();
  await before.button('Recevoir un nouveau lien').waitFor();
  await looks.at(before.page, 'patient-e02');
  await late.open(visit.link);
  await late.heading('Ce lien n\'est plus valable').waitFor();
  await looks.at(late.page, 'patient-e02-welcome');
  await scene.endStory();
  looks.assertNone();
});

test('a practitioner who cannot receive (E50)', async () => {
  const looks = new Inspection();
  const visit = await scene.practice.invite();
  const [patient, doctor] = [await scene.patient(), await scene.doctor()];
  await Promise.all([patient.arrive(visit), doctor.openRoom(visit.room)]);
  await doctor.button('Ne pas recevoir').click();
  await doctor.page.getByRole('dialog').getByRole('button', { name: 'Ne pas recevoir' }).click();
  await patient.heading('Le médecin ne peut pas vous recevoir maintenant').waitFor();
  await looks.at(patient.page, 'patient-e50');
  await scene.endStory();
  looks.assertNone();
});

test('a network that lets no media pass (E31), until another is tried', async () => {
  const looks = new Inspection();
  const visit = await scene.practice.invite();
  const [patient, doctor] = [await scene.patient(), await scene.doctor()];
  // What a firewall does to UDP: candidates are exchanged, no packet arrives.
  await patient.page.addInitScript(`{
    const Native = globalThis.RTCPeerConnection;
    globalThis.isBlocked = true;
    globalThis.RTCPeerConnection = class extends Native {
      constructor(configuration) { super(globalThis.isBlocked ? { ...configuration, iceTransportPolicy: 'relay' } : configuration); }
    };
  }`);
  await Promise.all([patient.arrive(visit), doctor.openRoom(visit.room)]);
  await doctor.admit();
  await patient.heading('Votre réseau bloque la vidéo').waitFor({ timeout: 60_000 });
  await looks.at(patient.page, 'patient-e31');
  await patient.over().getByRole('link', { name: /téléphone/ }).waitFor();
  // An attempt that has just begun is left its time; after that a tap makes another one at once.
  let made;
  do {
    ({ made } = await media(patient.page));
    await pause(3_200);
  } while ((await media(patient.page)).made > made);
  await patient.page.evaluate('globalThis.isBlocked = false');
  await patient.tap(patient.over().getByRole('button', { name: 'Réessayer' }));
  await until('an attempt is made at once', async () => (await media(patient.page)).made > made, { within: 1_000 });
  await Promise.all([mediaFlows(patient.page), mediaFlows(doctor.page)]);
  await patient.over().waitFor({ state: 'hidden' });
  await scene.endStory();
  looks.assertNone();
});

test('a telephone call takes the microphone (P9)', async () => {
  const looks = new Inspection();
  const patient = await scene.patient();
  // Chromium has no telephone: the track says what it says on a phone that rings.
  await patient.page.addInitScript(`{
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    globalThis.tracks = [];
    navigator.mediaDevices.getUserMedia = async (wish) => {
      const stream = await ask(wish);
      globalThis.tracks.push(...stream.getAudioTracks());
      return stream;
    };
  }`);
  await scene.call({ patient });
  await patient.page.evaluate('tracks.forEach((track) => track.dispatchEvent(new Event("mute")))');
  await patient.heading('Un appel téléphonique a coupé le micro.').waitFor();
  await looks.at(patient.page, 'patient-interrupted');
  await patient.page.evaluate('tracks.forEach((track) => track.dispatchEvent(new Event("unmute")))');
  await patient.over().waitFor({ state: 'hidden' });
  await scene.endStory();
  looks.assertNone();
});

test('a network that goes away for long (P7, E32)', async () => {
  const looks = new Inspection();
  const visit = await scene.practice.invite();
  const patient = await cable.patient();
  patient.page.context().watch.allow(...CUT);
  const { doctor } = await scene.call({ visit, patient });
  await relay.cut();
  const cutAt = Date.now();
  await patient.heading('Connexion coupée. Nous vous reconnectons…').waitFor({ timeout: 15_000 });
  await looks.at(patient.page, 'patient-cut');
  await patient.over().getByRole('button', { name: 'Réessayer' }).waitFor({ timeout: 25_000 });
  await patient.over().getByRole('link', { name: 'Continuer par téléphone' }).waitFor();
  await looks.at(patient.page, 'patient-cut-long');
  // Sending pauses for safety meanwhile, which says nothing to somebody who is cut off.
  await pause(40_000 - (Date.now() - cutAt));
  await patient.heading('Connexion coupée. Nous vous reconnectons…').waitFor({ timeout: 1_000 });
  await patient.heading('Nous n\'arrivons pas à vous reconnecter').waitFor({ timeout: 45_000 });
  await looks.at(patient.page, 'patient-e32');
  const last = await patient.page.evaluate(() => {
    const picture = document.getElementById('picture');
    const canvas = new OffscreenCanvas(16, 16).getContext('2d');
    canvas.drawImage(picture, 0, 0, 16, 16);
    const brightest = Math.max(...canvas.getImageData(0, 0, 16, 16).data.filter((_, at) => at % 4 !== 3));
    return { brightest, opacity: Number(getComputedStyle(picture).opacity) };
  });
  assert.ok(last.brightest > 64 && last.opacity < 0.5, `the last picture stays, dimmed: ${JSON.stringify(last)}`);
  await patient.tap(patient.over().getByRole('button', { name: 'Réessayer' }));
  await relay.mend();
  await patient.over().waitFor({ state: 'hidden', timeout: 30_000 });
  await patient.inCall().waitFor();
  await Promise.all([mediaFlows(patient.page, { within: 30_000 }), mediaFlows(doctor.page, { within: 30_000 })]);
  await scene.endStory();
  looks.assertNone();
});

test('signaling that is lost while media lives pauses camera and microphone for safety (E34)', async () => {
  const looks = new Inspection();
  const visit = await scene.practice.invite();
  const patient = await cable.patient();
  patient.page.context().watch.allow(...CUT);
  const { doctor } = await scene.call({ visit, patient });
  await relay.cutSignaling();
  await patient.heading('Par sécurité, votre caméra et votre micro sont en pause').waitFor({ timeout: 45_000 });
  await looks.at(patient.page, 'patient-paused');
  assert.equal(await patient.page.getByText('Connexion coupée').count(), 0, 'the doctor is still seen and heard');
  await mediaFlows(patient.page);
  const before = (await media(patient.page)).sent;
  await pause(3_000);
  assert.equal((await media(patient.page)).sent, before, 'nothing of the patient leaves the telephone');
  await relay.mend();
  await patient.over().waitFor({ state: 'hidden', timeout: 30_000 });
  await Promise.all([mediaFlows(patient.page), mediaFlows(doctor.page)]);
  await scene.endStory();
  looks.assertNone();
});

/** Lets the page's request for capture be refused, and keeps the tracks that it was given. */
const CAPTURE = `{
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  globalThis.refusal = null;
  globalThis.tracks = [];
  navigator.mediaDevices.getUserMedia = async (wish) => {
    if (globalThis.refusal) throw new DOMException('test', globalThis.refusal);
    const stream = await ask(wish);
    globalThis.tracks.push(...stream.getTracks());
    return stream;
  };
}`;

test('camera and microphone that were refused are asked for in the consultation (E10)', async () => {
  const looks = new Inspection();
  const visit = await scene.practice.invite();
  const [patient, doctor] = [await scene.patient(), await scene.doctor()];
  await patient.page.addInitScript(`${CAPTURE} globalThis.refusal = 'NotAllowedError';`);
  const seen = (await visit.mails()).length;
  await patient.open(visit.link);
  await patient.start();
  await patient.tap('Continuer sans caméra');
  await patient.enterCode(await visit.code(seen));
  await patient.notice('sans caméra ni micro').waitFor();
  assert.equal(await patient.button('Tourner la caméra').count(), 0);
  await patient.accept();
  await Promise.all([patient.waiting(), doctor.openRoom(visit.room)]);
  await doctor.admit();
  await patient.answer();
  assert.equal(await patient.button('Tourner la caméra').count(), 0);
  const help = patient.over().getByRole('heading', { name: 'La caméra et le micro ne sont pas autorisés' });
  await patient.tap('Remettre le micro');
  await help.waitFor();
  await patient.over().locator('li:visible').first().waitFor();
  await looks.at(patient.page, 'patient-e10-call');
  await patient.tap('Fermer');
  await help.waitFor({ state: 'hidden' });
  await patient.tap('Remettre la caméra');
  await help.waitFor();
  // Once it is allowed the page goes on by itself.
  await patient.page.evaluate('globalThis.refusal = null; navigator.mediaDevices.dispatchEvent(new Event("devicechange"))');
  await help.waitFor({ state: 'hidden' });
  await patient.button('Couper la caméra').waitFor();
  await patient.tap('Remettre le micro');
  await patient.button('Couper le micro').waitFor();
  await mediaFlows(doctor.page);
  await scene.endStory();
  looks.assertNone();
});

test('a microphone that is unplugged in the consultation is replaced, told and chosen (E42)', async () => {
  const looks = new Inspection();
  const patient = await scene.patient();
  await patient.page.addInitScript(CAPTURE);
  const { doctor } = await scene.call({ patient });
  const unplug = (kind) => patient.page.evaluate((kind) => {
    for (const track of globalThis.tracks.filter((track) => track.kind === kind)) track.dispatchEvent(new Event('ended'));
  }, kind);
  const notice = patient.notice('Votre micro a été débranché');
  await unplug('audio');
  await notice.getByText('Nous utilisons un autre micro.').waitFor();
  await looks.at(patient.page, 'patient-e42');
  const choice = notice.getByLabel('Choisir un autre micro');
  await choice.selectOption({ index: 1 });
  await notice.waitFor({ state: 'hidden' });
  await unplug('audio');
  await notice.waitFor();
  await patient.tap('OK');
  await notice.waitFor({ state: 'hidden' });
  // No microphone is left, then one is plugged in.
  await patient.page.evaluate('globalThis.refusal = "NotFoundError"');
  await unplug('audio');
  await notice.getByText('Branchez un micro').waitFor();
  await patient.button('Remettre le micro').waitFor();
  await patient.page.evaluate('globalThis.refusal = null; navigator.mediaDevices.dispatchEvent(new Event("devicechange"))');
  await notice.waitFor({ state: 'hidden' });
  await patient.button('Couper le micro').waitFor();
  await mediaFlows(doctor.page);
  // The camera comes back when it is asked for.
  await unplug('video');
  await patient.notice('Caméra coupée : le médecin ne vous voit pas.').waitFor();
  await patient.tap('Remettre la caméra');
  await patient.button('Couper la caméra').waitFor();
  await mediaFlows(doctor.page);
  await scene.endStory();
  looks.assertNone();
});

test('a camera that refuses every wish is asked for without any (E14)', async () => {
  const visit = await scene.practice.invite();
  const patient = await scene.patient();
  await patient.page.addInitScript(`{
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    globalThis.asked = [];
    navigator.mediaDevices.getUserMedia = (wish) => {
      globalThis.asked.push(typeof wish.video === 'object' && Object.keys(wish.video).length);
      return wish.video?.width ? Promise.reject(new OverconstrainedError('width')) : ask(wish);
    };
  }`);
  const seen = (await visit.mails()).length;
  await patient.open(visit.link);
  await patient.start();
  await patient.enterCode(await visit.code(seen));
  await patient.page.getByText('On vous voit').waitFor();
  const asked = await patient.page.evaluate('globalThis.asked');
  assert.ok(asked.length === 2 && asked[0] > 0 && asked[1] === 0, JSON.stringify(asked));
  await scene.endStory();
});

test('two cameras can be turned, and only a rear one is called so', async () => {
  const visit = await scene.practice.invite();
  const patient = await scene.patient();
  // Chromium invents cameras without sides; a telephone's says which side it is on.
  await patient.page.addInitScript(`{
    const list = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
    navigator.mediaDevices.enumerateDevices = async () => {
      const found = await list();
      const camera = found.find((device) => device.kind === 'videoinput');
      return [...found, { kind: 'videoinput', deviceId: 'other', label: 'autre', groupId: '', toJSON: () => camera }];
    };
    const settings = MediaStreamTrack.prototype.getSettings;
    MediaStreamTrack.prototype.getSettings = function () {
      const said = settings.call(this);
      return this.kind === 'video' && globalThis.sides ? { ...said, facingMode: this.side ?? 'user' } : said;
    };
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wish) => {
      const stream = await ask(wish);
      for (const track of stream.getVideoTracks()) track.side = globalThis.onlyFront ? 'user' : wish.video?.facingMode?.ideal;
      return stream;
    };
    globalThis.sides = true;
  }`);
  const { doctor } = await scene.call({ visit, patient });
  const rear = patient.page.locator('#own[data-rear]');
  await patient.tap('Tourner la caméra');
  await rear.waitFor();
  await patient.tap('Tourner la caméra');
  await rear.waitFor({ state: 'detached' });
  await patient.page.evaluate('globalThis.onlyFront = true');
  const frames = (await media(doctor.page)).camera;
  await patient.tap('Tourner la caméra');
  await until('pictures go on', async () => (await media(doctor.page)).camera > frames + 5);
  assert.equal(await rear.count(), 0, 'a camera that still looks at the patient is not called the rear one');
  await scene.endStory();
});
