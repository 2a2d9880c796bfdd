// Browsers that do not do what a page expects of them: every one ends in silence and a text, in two engines, and nothing that was
// not sealed can be played by the other.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import * as attack from '../harness/attack.mjs';
import { ask, buggedPages } from '../harness/bug.mjs';
import { launchFirefox } from '../harness/firefox.mjs';
import { FirefoxDoctor, FirefoxPatient } from '../harness/foxes.mjs';
import { between, media, mediaFlows } from '../harness/media.mjs';
import { Scene } from '../harness/scene.mjs';
import { pause, until } from '../harness/wait.mjs';

/** What each is told. */
const PATIENT_IS_TOLD = 'Votre appareil n\'est pas à jour';
const DOCTOR_IS_TOLD = 'Ce navigateur ne peut pas chiffrer l\'appel de bout en bout. Rien n\'est envoyé.';

/** Frames that may leave a browser that lies before the watchdog stops it: it looks once a second, and a machine may be slow. */
const MOST_BEFORE_STOPPED = 400;

let pages;
let scene;
let firefox;

before(async () => {
  pages = buggedPages();
  scene = await Scene.open({ web: pages.folder });
  firefox = await launchFirefox();
});

after(async () => {
  await firefox?.close();
  await scene?.close();
  pages?.remove();
});

const isTold = (page, text) => until(`"${text}"`, () => page.evaluate((text) => document.body.innerText.includes(text), text), { within: 30_000 });

/** Nothing is decoded or heard any more on this page. */
async function staysSilent({ page }) {
  const before = await media(page);
  await pause(2_000);
  const { pictures, energy } = between(before, await media(page));
  assert.equal(pictures, 0, 'pictures were decoded');
  assert.ok(energy < 0.001, `something was heard: ${energy}`);
}

/** What came to the worker of a page on the voice's and the camera's line. */
async function arrived({ page }) {
  const [voice, camera] = (await ask(page, {})).in;
  return { came: voice.came + camera.came, bare: voice.bare + camera.bare, opened: voice.went + camera.went };
}

/** A page that was refused holds no transport any more and plays nothing. */
async function holdsNothing({ page }) {
  assert.equal((await media(page)).open, 0, 'a transport is still open');
  const plays = await page.evaluate(() => {
    const received = globalThis.transports.flatMap((peer) => peer.getReceivers().map(({ track }) => track));
    const played = [...document.querySelectorAll('audio, video')].flatMap(({ srcObject }) => srcObject?.getTracks() ?? []);
    return played.filter((track) => received.includes(track)).length;
  });
  assert.equal(plays, 0, 'something received is still to be played');
}

for (const engine of ['Chromium', 'Firefox']) {
  const isFirefox = engine === 'Firefox';

  describe(`in ${engine}`, () => {
    let foxes = [];

    afterEach(async () => {
      await Promise.all(foxes.splice(0).map(({ context }) => context.close()));
      await scene.endStory({ clean: false });
    });

    async function patientWith(script) {
      if (!isFirefox) return scene.patient({ script });
      foxes.push(await FirefoxPatient.open(firefox, { script }));
      return foxes.at(-1);
    }

    async function doctorWith(script) {
      if (!isFirefox) return scene.doctor({ script });
      foxes.push(await FirefoxDoctor.open(firefox, scene, { script }));
      return foxes.at(-1);
    }

    test('without encoded transforms a patient is told before the first tap, and a doctor in the room', async () => {
      const visit = await scene.practice.invite();
      const [patient, doctor] = [await patientWith(attack.NO_TRANSFORMS), await doctorWith(attack.NO_TRANSFORMS)];
      await patient.page.goto(visit.link);
      await isTold(patient.page, PATIENT_IS_TOLD);
      await doctor.openRoom(visit.room);
      await isTold(doctor.page, DOCTOR_IS_TOLD);
      await Promise.all([patient, doctor].map(holdsNothing));
    });

    test('a transform that the browser does not take leaves the patient without a transport', async () => {
      const visit = await scene.practice.invite();
      const patient = await patientWith(attack.NO_TRANSFORM_TAKES);
      const arrives = patient.arrive(visit).catch(() => {});
      await isTold(patient.page, PATIENT_IS_TOLD);
      await holdsNothing(patient);
      await arrives;
    });

    test('a transform that is not there although the browser says so is found out by what leaves', async (t) => {
      const [patient, doctor] = [await patientWith(attack.NO_TRANSFORM_TAKES_AND_NOBODY_SAYS), await scene.doctor()];
      await scene.meet({ patient, doctor });
      await isTold(patient.page, PATIENT_IS_TOLD);
      await holdsNothing(patient);
      // It comes too late now: nothing begins again.
      for (const side of ['Sender', 'Receiver']) await attack.setTransforms(patient.page, side, true);
      await staysSilent(doctor);
      const { came, bare, opened } = await arrived(doctor);
      t.diagnostic(`${came} frames reached the doctor, ${bare} of them in clear; ${opened} were opened`);
      assert.equal(opened, 0);
      assert.ok(bare <= (isFirefox ? MOST_BEFORE_STOPPED : 0), `${bare} frames in clear`);
      assert.equal((await media(doctor.page)).camera, 0);
    });

    test('transforms that are taken away in the call end it, on the side that sends and on the one that receives', async () => {
      const doctor = await doctorWith(attack.REMOVABLE_TRANSFORMS);
      const { patient } = await scene.call({ patient: await patientWith(attack.REMOVABLE_TRANSFORMS), doctor });
      await attack.setTransforms(doctor.page, 'Receiver', false);
      await isTold(doctor.page, DOCTOR_IS_TOLD);
      await holdsNothing(doctor);
      await attack.setTransforms(patient.page, 'Sender', false);
      await isTold(patient.page, PATIENT_IS_TOLD);
      await holdsNothing(patient);
    });

    test('transforms that are taken away while the browser says they are there are found out by what leaves', async (t) => {
      const { patient, doctor } = await scene.call({ patient: await patientWith(attack.REMOVABLE_TRANSFORMS_AND_NOBODY_SAYS) });
      await attack.setTransforms(patient.page, 'Sender', false);
      const removedAt = Date.now();
      await isTold(patient.page, PATIENT_IS_TOLD);
      t.diagnostic(`the patient is told after ${Date.now() - removedAt} ms`);
      await holdsNothing(patient);
      await staysSilent(doctor);
      const { came, bare, opened } = await arrived(doctor);
      t.diagnostic(`${bare} frames in clear reached the media server`);
      assert.ok(bare <= (isFirefox ? MOST_BEFORE_STOPPED : 0), `${bare} frames in clear`);
      assert.ok(came - bare >= opened, 'a frame in clear was taken for an opened one');
    });

    test('a worker that is killed, and one that never answers, leave both silent, and their pages say so', async () => {
      const killed = async () => {
        const { patient, doctor } = await scene.call({ doctor: await doctorWith(attack.WATCH_WORKERS) });
        await attack.killWorkers(doctor.page);
        assert.ok((await arrived(patient)).opened > 0);
        await isTold(doctor.page, DOCTOR_IS_TOLD);
        await holdsNothing(doctor);
        await staysSilent(patient);
        assert.equal((await arrived(patient)).bare, 0, 'in clear on the wire');
      };
      const deaf = async () => {
        const [patient, doctor] = [await patientWith(attack.DEAF_WORKERS), await scene.doctor()];
        await scene.meet({ patient, doctor });
        await isTold(patient.page, PATIENT_IS_TOLD);
        await holdsNothing(patient);
        assert.deepEqual(await arrived(doctor), { came: 0, bare: 0, opened: 0 });
      };
      await Promise.all([killed(), deaf()]);
    });
  });
}

test('what these stories look for is found where it is: a call that is not attacked', async () => {
  const { patient, doctor } = await scene.call();
  await Promise.all([mediaFlows(patient.page), mediaFlows(doctor.page)]);
  for (const person of [patient, doctor]) {
    const { came, bare, opened } = await arrived(person);
    assert.ok(opened > 20 && came >= opened, JSON.stringify({ came, opened }));
    assert.equal(bare, 0);
    await assert.rejects(staysSilent(person), /pictures were decoded|something was heard/);
    await assert.rejects(holdsNothing(person), /a transport is still open/);
  }
  // A frame in clear is told from a sealed one.
  await ask(patient.page, { tamper: 'plain' });
  await until('frames in clear come', async () => (await arrived(doctor)).bare > 5);
  await scene.endStory();
});
