// The same call between two engines: a doctor in Chromium and a patient in Firefox, then the other way round.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { click, launchFirefox, openFirefoxPage } from '../harness/firefox.mjs';
import { media, mediaFlows } from '../harness/media.mjs';
import { Scene } from '../harness/scene.mjs';
import { pause, until } from '../harness/wait.mjs';

let scene;
let firefox;

before(async () => {
  scene = await Scene.open();
  firefox = await launchFirefox();
});

after(async () => {
  await firefox?.close();
  await scene?.close();
});

const shows = (page, text) => page.waitForFunction((text) => document.body.innerText.includes(text), {}, text);

test('a patient in Firefox and a doctor in Chromium see and hear each other', async () => {
  const visit = await scene.practice.invite();
  const doctor = await scene.doctor();
  const context = await firefox.createBrowserContext();
  const page = await openFirefoxPage(context, { width: 390, height: 844 });
  const seen = (await visit.mails()).length;
  await page.goto(visit.link);
  await click(page, '#start');
  const field = await page.waitForSelector('#code', { visible: true });
  await field.type(await visit.code(seen));
  const accept = 'button ::-p-text(J\'accepte)';
  await click(page, accept);
  await shows(page, 'Vous êtes dans la salle d\'attente.');
  await doctor.openRoom(visit.room);
  await doctor.admit();
  await page.waitForSelector('.bar .leave', { visible: true });
  const flows = () => Promise.all([mediaFlows(doctor.page, { within: 30_000 }), mediaFlows(page, { within: 30_000 })]);
  await flows();
  // Longer than a path stays good without a sign of life.
  await pause(36_000);
  await flows();
  await doctor.bar('Micro').click();
  await shows(page, 'Le médecin a coupé son micro.');
  await doctor.endForAll();
  await shows(page, 'La consultation est terminée.');
  assert.deepEqual(page.faults, []);
  await context.close();
  await scene.endStory();
});

test('a doctor in Firefox and a patient in Chromium see and hear each other', async () => {
  const visit = await scene.practice.invite();
  const patient = await scene.patient();
  await patient.arrive(visit);
  const context = await firefox.createBrowserContext();
  const page = await openFirefoxPage(context, { width: 1280, height: 800 });
  const cookies = scene.practice.desk.storageState.cookies.map(({ name, value }) => ({
    name, value, domain: 'localhost', path: '/', secure: true, httpOnly: true, sameSite: 'Strict',
  }));
  await context.setCookie(...cookies);
  await page.goto(`${scene.platform.origin}${visit.room}`);
  await click(page, '#admit[aria-disabled="false"]');
  await patient.answer();
  await Promise.all([mediaFlows(patient.page, { within: 30_000 }), mediaFlows(page, { within: 30_000 })]);
  const before = await media(page);
  await patient.tap('Couper la caméra');
  await shows(page, 'La caméra du patient est coupée. Le son continue.');
  await patient.tap('Remettre la caméra');
  await until('pictures come again', async () => (await media(page)).camera > before.camera + 20, { within: 20_000 });
  assert.deepEqual(page.faults, []);
  await context.close();
  await scene.endStory();
});
