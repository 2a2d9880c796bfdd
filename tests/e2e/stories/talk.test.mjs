// What people write to each other in a consultation: messages, text that is seen while it is typed, photographs, and the questions of the
// waiting room. In Chromium and Firefox, as both sides see it.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { launchFirefox } from '../harness/firefox.mjs';
import { FirefoxPatient } from '../harness/foxes.mjs';
import { Guest } from '../harness/guest.mjs';
import { HIDDEN, photo } from '../harness/photo.mjs';
import { Scene } from '../harness/scene.mjs';
import { Talk } from '../harness/talk.mjs';
import { until } from '../harness/wait.mjs';

let scene;
let firefox;
let fox;

before(async () => {
  scene = await Scene.open();
  firefox = await launchFirefox();
});

after(async () => {
  await firefox?.close();
  await scene?.close();
});

afterEach(async () => {
  await fox?.context.close();
  fox = undefined;
  await scene.endStory({ clean: false });
});

async function talking(patient) {
  const people = await scene.call({ patient });
  return { ...people, ours: new Talk(people.doctor.page), theirs: new Talk(people.patient.page) };
}

test('a message is announced, read, answered and known to have arrived', async () => {
  const { doctor, patient, ours, theirs } = await talking();
  assert.equal(await patient.page.locator('script[src*="/assets/talk-"]').count(), 0, 'nothing is loaded before somebody writes');
  await ours.open();
  await ours.write('Pouvez-vous me montrer la boîte de vos médicaments ?');
  await ours.entry('la boîte').getByText('Reçu').waitFor();
  // The patient's page fetched the panel by itself, and counts.
  await theirs.unread(1);
  await theirs.open();
  await theirs.entry('la boîte').getByText('Dre Claire Martin').waitFor();
  assert.equal(await theirs.opener().locator('b').count(), 0, 'what was read is not counted');
  await theirs.write('Oui, je la cherche.');
  await ours.entry('je la cherche').waitFor();
  await theirs.entry('je la cherche').getByText('Reçu').waitFor();
  // Neither covers what ends the call.
  for (const [page, selector] of [[doctor.page, '.bar [data-end]'], [patient.page, '.bar .leave']]) {
    await page.locator(selector).click({ trial: true });
  }
  await patient.page.keyboard.press('Escape');
  await theirs.line().waitFor({ state: 'hidden' });
  await scene.endStory();
});

test('what is typed is seen letter by letter, and what is erased goes', async (t) => {
  const { ours, theirs } = await talking();
  await Promise.all([ours.open(), theirs.open()]);
  await theirs.panel.getByRole('switch').click();
  const delays = [];
  let typed = '';
  for (const letter of 'j\'ai mal au ventre') {
    const pressed = Date.now();
    await theirs.line().pressSequentially(letter);
    typed += letter;
    await until('the letter is seen', async () => (await ours.live().locator('.talk-text').textContent({ timeout: 2_000 })) === typed, { every: 5 });
    delays.push(Date.now() - pressed);
  }
  delays.sort((one, other) => one - other);
  t.diagnostic(`from the key to the other screen: median ${delays[delays.length >> 1]} ms, longest ${delays.at(-1)} ms`);
  for (let count = 0; count < 6; count += 1) await theirs.line().press('Backspace');
  await until('what was erased is gone', async () => (await ours.live().locator('.talk-text').textContent()) === 'j\'ai mal au ');
  await theirs.line().press('Enter');
  await ours.entry('j\'ai mal au').waitFor();
  await ours.live().waitFor({ state: 'detached' });
  // Who does not want it is not seen typing.
  await theirs.panel.getByRole('switch').click();
  await theirs.line().fill('je ne sais pas comment le dire');
  await ours.write('Prenez votre temps.');
  await theirs.entry('Prenez votre temps').waitFor();
  assert.equal(await ours.live().count(), 0);
  await scene.endStory();
});

test('a photograph arrives whole and upright, and without what cameras hide in it', async (t) => {
  const { doctor, ours, theirs } = await talking();
  await Promise.all([ours.open(), theirs.open()]);
  const sent = await photo(doctor.page);
  assert.ok(sent.buffer.includes(HIDDEN), 'it is hidden in the file that is chosen');
  const began = Date.now();
  await theirs.send(sent);
  const came = await ours.picture();
  t.diagnostic(`${came.bytes.length >> 10} KiB in ${Date.now() - began} ms`);
  assert.ok(!came.bytes.includes(HIDDEN) && !came.bytes.includes('Exif'), 'nothing hidden came along');
  assert.deepEqual([came.width, came.height], [1200, 1600], 'it is turned as it is to be seen');
  assert.ok(!(await ours.panel.innerText()).includes('IMG_2041'), 'not even its name');
  assert.equal(came.name, 'photo-1.jpg');
  // What is no picture is said to be none, here.
  await theirs.send({ name: 'virus.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('MZ this program cannot be run') });
  await theirs.panel.getByText('n\'est ni une image').waitFor();
  await scene.endStory();
});

test('the questions of the waiting room reach the practitioner, and never a guest', async () => {
  const visit = await scene.practice.invite();
  const [patient, doctor] = [await scene.patient(), await scene.doctor()];
  const [ours, theirs] = [new Talk(doctor.page), new Talk(patient.page)];
  await patient.arrive(visit);
  await patient.tap('Préparer la consultation');
  await theirs.panel.getByLabel('Pourquoi consultez-vous').fill('Une toux qui ne passe pas');
  await theirs.panel.getByLabel('Avez-vous des allergies').fill('Pénicilline');
  await theirs.button('Donner au médecin').click();
  await theirs.entry('Une toux').getByText('Le médecin les recevra').waitFor();
  await theirs.button('Fermer').click();
  await doctor.openRoom(visit.room);
  await doctor.admit();
  await patient.answer();
  await ours.unread(1, { within: 30_000 });
  await ours.open();
  await ours.entry('Une toux qui ne passe pas').getByText('Pénicilline').waitFor();
  // Also after the practitioner's page was loaded again.
  await doctor.page.reload();
  await doctor.bar('Partager').waitFor();
  await ours.unread(1, { within: 30_000 });

  const link = await doctor.inviteGuest('Nadia Benali', 'Interprète');
  const guest = new Guest((await scene.patient()).page);
  await guest.arrive(link);
  await patient.notice('Nadia Benali').getByRole('button', { name: 'Oui' }).tap();
  await doctor.page.locator('.stage-notes').getByRole('button', { name: 'Faire entrer', exact: true }).click();
  await guest.inCall();
  const third = new Talk(guest.page);
  await third.open();
  await until('the guest is in the group', async () => (await third.panel.locator('.talk-body > .talk-state').count()) === 0);
  await third.write('Bonjour, je traduis.');
  await third.entry('je traduis').getByText('Reçu').waitFor({ timeout: 20_000 });
  await theirs.open();
  await theirs.entry('je traduis').waitFor();
  assert.ok(!(await third.panel.innerText()).includes('toux'), 'a guest reads no answers');
});

test('in Firefox too', async () => {
  fox = await FirefoxPatient.open(firefox);
  const { ours } = await talking(fox);
  await ours.open();
  await ours.write('M\'entendez-vous ?');
  await ours.entry('M\'entendez-vous').getByText('Reçu').waitFor({ timeout: 20_000 });
  await fox.page.evaluate(() => [...document.querySelectorAll('.bar button')].find(({ innerText }) => innerText.includes('Messages')).click());
  await until('it is read', () => fox.page.evaluate(() => document.querySelector('#talk-log')?.innerText.includes('M\'entendez-vous')));
  await fox.page.evaluate(() => {
    document.querySelector('#talk-line').value = 'Très mal, on se parle ici';
    document.querySelector('#talk-form').requestSubmit();
  });
  await ours.entry('Très mal').waitFor();
});
