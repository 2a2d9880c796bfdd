// A third person: asked in by the practitioner, agreed to by the patient, seen and heard by both, and put out again.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { click, launchFirefox } from '../harness/firefox.mjs';
import { FirefoxPatient } from '../harness/foxes.mjs';
import { Guest } from '../harness/guest.mjs';
import { media, mediaFlows } from '../harness/media.mjs';
import { Scene } from '../harness/scene.mjs';
import { pause, until } from '../harness/wait.mjs';

let scene;

before(async () => (scene = await Scene.open()));
after(() => scene?.close());

const words = (page) => page.locator('#words strong').innerText();
const NAME = 'Nadia Benali';

/** Pictures and sound that come on each line of a page, by its place among the lines. */
function lines(page) {
  return page.evaluate(async () => {
    const found = {};
    for (const peer of globalThis.transports.filter(({ connectionState }) => connectionState === 'connected')) {
      const mids = peer.getTransceivers().map(({ mid }) => mid);
      for (const entry of (await peer.getStats()).values()) {
        if (entry.type === 'inbound-rtp') found[mids.indexOf(entry.mid)] = { frames: entry.framesDecoded ?? 0, energy: entry.totalAudioEnergy ?? 0 };
      }
    }
    return found;
  });
}

/** Waits until two other people are seen and heard in a page, or whoever comes on these lines. */
async function bothOthersFlow({ page }, who, { pictures = [1, 4], sound = [0, 3] } = {}) {
  const start = await lines(page);
  return until(`${who} sees and hears the others`, async () => {
    const now = await lines(page);
    const grown = (line, what) => (now[line]?.[what] ?? 0) - (start[line]?.[what] ?? 0);
    return pictures.every((line) => grown(line, 'frames') > 10) && sound.every((line) => grown(line, 'energy') > 1e-4);
  }, { within: 40_000, every: 300 });
}

/** A call of two, and a guest with the practitioner's link. */
async function call({ guestBrowser } = {}) {
  const { doctor, patient, visit } = await scene.call();
  const link = await doctor.inviteGuest(NAME, 'Interprète');
  const guest = new Guest((await scene.patient({ browser: guestBrowser })).page);
  return { doctor, patient, visit, guest, link };
}

/** The element of a page that shows somebody plays pictures. */
const plays = (page, selector) => page.locator(selector).evaluate((video) => video.srcObject !== null && video.videoWidth > 0 && !video.paused);

test('a third person is agreed to, let in, seen and heard by both, and put out', async (t) => {
  const { doctor, patient, guest, link, visit } = await call();
  const before = await words(doctor.page);
  await guest.arrive(link);
  const seen = await guest.page.locator('body').innerText();
  for (const name of [visit.form.birth_name, visit.form.first_names]) assert.ok(!seen.includes(name), 'nothing of the patient is shown');

  // The practitioner cannot let in whom the patient has not answered about.
  await doctor.page.getByText(`${NAME} (Interprète) attend. Le patient n'a pas encore donné son accord.`).waitFor();
  assert.equal(await doctor.page.locator('.stage-notes').getByRole('button', { name: 'Faire entrer', exact: true }).count(), 0);
  await patient.notice(NAME).getByRole('button', { name: 'Oui' }).tap();
  await doctor.page.locator('.stage-notes').getByRole('button', { name: 'Faire entrer', exact: true }).click();
  const asked = Date.now();
  await guest.inCall();
  await Promise.all([bothOthersFlow(doctor, 'the practitioner'), bothOthersFlow(patient, 'the patient'), bothOthersFlow(guest, 'the guest')]);
  t.diagnostic(`three hear and see each other ${Date.now() - asked} ms after the practitioner's word`);

  // New words, the same for all three.
  const now = await words(doctor.page);
  assert.notEqual(now, before);
  assert.equal(await words(patient.page), now);
  assert.equal(await words(guest.page), now);
  for (const [page, selector] of [[doctor.page, '.stage-third video'], [patient.page, '#third']]) {
    await until('the guest is shown in their own place', () => plays(page, selector));
  }

  await doctor.page.locator('.stage-notes').getByRole('button', { name: 'Faire sortir' }).click();
  await guest.isOut();
  await doctor.page.locator('.stage-third').waitFor({ state: 'hidden' });
  // The two go on, with words of their own again.
  await until('new words for two', async () => (await words(doctor.page)) !== now && (await words(doctor.page)) === (await words(patient.page)));
  const start = await media(patient.page);
  await until('the two see each other', async () => (await media(patient.page)).camera > start.camera + 10);
  await scene.endStory();
});

test('a patient who does not agree is not overruled, and who no longer agrees is heeded at once', async () => {
  const { doctor, patient, guest, link } = await call();
  await guest.arrive(link);
  await patient.notice(NAME).getByRole('button', { name: 'Non' }).tap();
  await doctor.page.getByText(`Le patient ne souhaite pas la présence de ${NAME}`).waitFor();
  assert.equal(await doctor.page.locator('.stage-notes').getByRole('button', { name: 'Faire entrer', exact: true }).count(), 0);
  await doctor.page.locator('.stage-notes').getByRole('button', { name: 'Ne pas faire entrer' }).click();
  await guest.isOut();

  await guest.comeBack(link);
  await patient.notice(NAME).getByRole('button', { name: 'Oui' }).tap();
  await doctor.page.locator('.stage-notes').getByRole('button', { name: 'Faire entrer', exact: true }).click();
  await guest.inCall();
  await bothOthersFlow(patient, 'the patient');
  await patient.notice(NAME).getByRole('button', { name: 'Je ne veux plus' }).tap();
  await guest.isOut();
  await scene.endStory();
});

test('a link that somebody else opened first is refused, and so is a made-up one', async () => {
  const { guest, link } = await call();
  await guest.arrive(link);
  const other = new Guest((await scene.patient()).page);
  await other.page.goto(link);
  await other.page.getByText('dans un autre navigateur').first().waitFor();
  const stranger = new Guest((await scene.patient()).page);
  stranger.page.context().watch.allow(/410/);
  await stranger.page.goto(link.replace(/#.*/, `#${'A'.repeat(43)}`));
  await stranger.page.getByRole('heading', { name: 'Ce lien' }).waitFor();
  await scene.endStory();
});

test('a patient in Firefox sees both others, and goes on when one was put out', async () => {
  const firefox = await launchFirefox();
  try {
    const patient = await FirefoxPatient.open(firefox);
    const { doctor } = await scene.meet({ patient, doctor: await scene.doctor() });
    await mediaFlows(patient.page);
    const guest = new Guest((await scene.patient()).page);
    await guest.arrive(await doctor.inviteGuest(NAME, 'Interprète'));
    await click(patient.page, '.notice button ::-p-text(Oui)');
    await doctor.page.locator('.stage-notes').getByRole('button', { name: 'Faire entrer', exact: true }).click();
    await guest.inCall();
    // Firefox's statistics say nothing of loudness: the guest hears it.
    await Promise.all([bothOthersFlow(patient, 'the patient', { sound: [] }), bothOthersFlow(guest, 'the guest'), bothOthersFlow(doctor, 'the practitioner')]);
    await doctor.page.locator('.stage-notes').getByRole('button', { name: 'Faire sortir' }).click();
    await guest.isOut();
    await Promise.all([
      bothOthersFlow(patient, 'the patient', { pictures: [1], sound: [] }),
      bothOthersFlow(doctor, 'the practitioner', { pictures: [1], sound: [0] }),
    ]);
  } finally {
    await firefox.close();
  }
  await scene.endStory();
});
