// What a patient sees when things go wrong: each state with axe, at 320 and 1280, light and dark.

import { after, before, test } from 'node:test';
import { Cable } from '../harness/cable.mjs';
import { media } from '../harness/media.mjs';
import { Inspection } from '../harness/screen.mjs';
import { CUT } from '../harness/watch.mjs';

const WIDE = { wide: 44 };

let cable;
let scene;
let relay;
let remote;

before(async () => {
  cable = await Cable.open('127.0.0.3');
  ({ scene, relay, remote } = cable);
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
  await looks.at(before.page, 'patient-e02', WIDE);
  await late.open(visit.link);
  await late.heading('Ce lien n\'est plus valable').waitFor();
  await looks.at(late.page, 'patient-e02-welcome', WIDE);
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
  await looks.at(patient.page, 'patient-e50', WIDE);
  await scene.endStory();
  looks.assertNone();
});

test('a network that lets no media pass (E31)', async () => {
  const looks = new Inspection();
  const visit = await scene.practice.invite();
  const [patient, doctor] = [await scene.patient(), await scene.doctor()];
  // What a firewall does to UDP: candidates are exchanged, no packet arrives.
  await patient.page.addInitScript(`{
    const Native = globalThis.RTCPeerConnection;
    globalThis.RTCPeerConnection = class extends Native {
      constructor(configuration) { super({ ...configuration, iceTransportPolicy: 'relay' }); }
    };
  }`);
  await Promise.all([patient.arrive(visit), doctor.openRoom(visit.room)]);
  await doctor.admit();
  await patient.heading('Votre réseau bloque la vidéo').waitFor({ timeout: 60_000 });
  await looks.at(patient.page, 'patient-e31', WIDE);
  await patient.over().getByRole('link', { name: /téléphone/ }).waitFor();
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
  await looks.at(patient.page, 'patient-interrupted', WIDE);
  await patient.page.evaluate('tracks.forEach((track) => track.dispatchEvent(new Event("unmute")))');
  await patient.over().waitFor({ state: 'hidden' });
  await scene.endStory();
  looks.assertNone();
});

test('a network that goes away for long (P7, E34)', async () => {
  const looks = new Inspection();
  const visit = await scene.practice.invite();
  const patient = await scene.patient({ browser: remote });
  patient.page.context().watch.allow(...CUT);
  const { doctor } = await scene.call({ visit, patient });
  const { ports } = await media(doctor.page);
  relay.cut({ except: ports });
  await patient.heading('Connexion coupée. Nous vous reconnectons…').waitFor({ timeout: 15_000 });
  await looks.at(patient.page, 'patient-cut', WIDE);
  await patient.heading('Par sécurité, votre caméra et votre micro sont en pause').waitFor({ timeout: 30_000 });
  await looks.at(patient.page, 'patient-paused', WIDE);
  relay.mend();
  await patient.over().waitFor({ state: 'hidden', timeout: 30_000 });
  await patient.inCall().waitFor();
  await scene.endStory();
  looks.assertNone();
});
