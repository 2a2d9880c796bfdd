// What a call survives: reload, closed tab, crash, no network, a server that dies.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { Cable } from '../harness/cable.mjs';
import { DESKTOP, launchProfile, PHONE } from '../harness/chromium.mjs';
import { media, mediaFlows } from '../harness/media.mjs';
import { Patient } from '../harness/patient.mjs';
import { pause, until } from '../harness/wait.mjs';
import { CUT } from '../harness/watch.mjs';

const CUT_TEXT = 'Connexion coupée. Nous vous reconnectons…';

let cable;
let scene;
let relay;

before(async () => {
  cable = await Cable.open('127.0.0.2');
  ({ scene, relay } = cable);
});

after(() => cable?.close());

afterEach(() => scene?.endStory({ clean: false }));

/** One line for one patient in the doctor's queue, and nobody is there twice. */
async function noGhost(doctor, visit) {
  const tab = await doctor.page.context().newPage();
  await tab.goto(`${scene.platform.origin}/pro`);
  const lines = tab.locator('.queue-entry', { hasText: new RegExp(visit.form.birth_name, 'i') });
  await lines.first().waitFor();
  await until('the patient is in consultation', async () => /en consultation/.test(await lines.first().innerText()));
  assert.equal(await lines.count(), 1);
  assert.equal(await lines.getByText(/Caméra|Micro/).count(), 0, 'the checks are of use before the consultation only');
  await tab.close();
}

/** The same link in a new tab of the same browser, into the consultation that goes on. */
async function comeBack(context, visit) {
  const again = new Patient(await context.newPage());
  await again.open(visit.link);
  await again.start();
  await again.inCall().or(again.button(/^J'accepte|Répondre|Entrer/)).first().waitFor();
  if (!(await again.inCall().isVisible())) await again.tap(again.button(/^J'accepte|Répondre|Entrer/).first());
  await again.answer();
  assert.equal(again.typed, 0, 'no code is asked of the browser that gave it');
  return again;
}

test('a reload in the call brings the patient back without a tap', async (t) => {
  const { visit, doctor, patient } = await scene.call();
  const started = Date.now();
  await patient.page.reload();
  await patient.inCall().waitFor();
  await Promise.all([mediaFlows(patient.page), mediaFlows(doctor.page)]);
  t.diagnostic(`media flows ${Date.now() - started} ms after the reload`);
  assert.equal(patient.taps, 2);
  await noGhost(doctor, visit);
  await scene.endStory();
});

test('a reload in the call brings the doctor back', async () => {
  const { doctor, patient } = await scene.call();
  await doctor.page.reload();
  await doctor.bar('Partager').waitFor();
  await Promise.all([mediaFlows(patient.page), mediaFlows(doctor.page)]);
  await scene.endStory();
});

test('what a person switched off stays off when the page is loaded again', async () => {
  const { doctor, patient } = await scene.call();
  await patient.tap('Couper le micro');
  await doctor.page.getByText('Micro du patient coupé').first().waitFor();
  await doctor.bar('Caméra').click();
  await patient.notice('Le médecin a coupé sa caméra.').waitFor();
  await Promise.all([patient.page.reload(), doctor.page.reload()]);
  await patient.inCall().waitFor();
  await doctor.bar('Partager').waitFor();
  await mediaFlows(patient.page, { camera: false });
  await mediaFlows(doctor.page, { sound: false });
  await patient.notice('Micro coupé : le médecin ne vous entend pas.').waitFor();
  await doctor.page.getByText('Micro du patient coupé').first().waitFor();
  await patient.notice('Le médecin a coupé sa caméra.').waitFor();
  const [heard, seen] = [(await media(doctor.page)).energy, (await media(patient.page)).camera];
  await pause(3_000);
  assert.ok((await media(doctor.page)).energy < heard + 1e-4, 'nothing of the patient is heard');
  assert.equal((await media(patient.page)).camera, seen, 'nothing of the doctor is seen');
  await patient.tap('Remettre le micro');
  await doctor.bar('Caméra').click();
  await Promise.all([mediaFlows(patient.page), mediaFlows(doctor.page)]);
  await scene.endStory();
});

test('a closed tab and the same link lead back into the call', async () => {
  const { visit, doctor, patient } = await scene.call();
  const context = patient.page.context();
  await patient.page.close();
  await doctor.page.getByText(/a perdu la connexion/).first().waitFor({ timeout: 20_000 });
  const again = await comeBack(context, visit);
  await Promise.all([mediaFlows(again.page), mediaFlows(doctor.page)]);
  await noGhost(doctor, visit);
  await scene.endStory();
});

test('a patient who leaves is told to the doctor, and comes back with the same link', async () => {
  const { visit, doctor, patient } = await scene.call();
  const note = doctor.page.locator('.stage-notes', { hasText: 'a quitté la consultation. Le patient peut revenir avec le même lien.' });
  const picture = doctor.page.locator('.stage-picture .picture');
  await picture.waitFor();
  const context = patient.page.context();
  await patient.tap('Quitter');
  await patient.tap(patient.page.getByRole('dialog').getByRole('button', { name: 'Quitter' }));
  await patient.heading('Vous avez quitté la consultation.').waitFor();
  await note.waitFor();
  await note.getByRole('button', { name: 'Renvoyer le lien' }).waitFor();
  await note.getByRole('button', { name: 'Terminer' }).waitFor();
  await doctor.page.locator('[role=alert]', { hasText: /a quitté la consultation/ }).waitFor({ state: 'attached' });
  await picture.waitFor({ state: 'hidden' });
  await patient.page.close();
  const again = await comeBack(context, visit);
  await note.waitFor({ state: 'hidden' });
  await doctor.page.locator('[role=alert]', { hasText: /est de retour/ }).waitFor({ state: 'attached' });
  await picture.waitFor();
  await Promise.all([mediaFlows(again.page), mediaFlows(doctor.page)]);
  assert.equal(await doctor.page.locator('[role=status]', { hasText: /Le patient a remis/ }).count(), 0, 'nothing was switched');
  await scene.endStory();
});

test('a doctor who goes to another page in the call is asked first', async () => {
  const { visit, doctor, patient } = await scene.call();
  const { page } = doctor;
  const question = page.getByRole('dialog', { name: 'Terminer la consultation' });
  await page.getByRole('link', { name: 'Journée' }).click();
  await question.getByRole('button', { name: 'Rester' }).click();
  await question.waitFor({ state: 'hidden' });
  assert.equal(new URL(page.url()).pathname, visit.room);
  await page.evaluate(() => history.back());
  await question.getByRole('button', { name: 'Quitter, laisser la salle ouverte' }).click();
  await doctor.queueIsLive();
  assert.equal(new URL(page.url()).pathname, '/pro');
  await patient.notice('Le médecin n\'est pas dans la salle. Restez ici.').waitFor();
  await patient.page.close();
  await scene.endStory();
});

test('a browser that crashed finds its place again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'colloque-profile-'));
  const visit = await scene.practice.invite();
  const first = await launchProfile(folder, PHONE, scene.platform);
  const patient = new Patient(first.pages()[0] ?? (await first.newPage()));
  const { doctor } = await scene.call({ visit, patient });
  // Chromium writes its profile every half minute; the session has to be in it before the crash.
  const jars = ['Default/Cookies', 'Default/Network/Cookies'].map((name) => join(folder, name));
  await until('the session is on the disk', () => jars.some((jar) => existsSync(jar) && readFileSync(jar).includes('__Host-colloque-patient')), { within: 45_000, every: 500 });
  const session = await first.newCDPSession(patient.page);
  await session.send('Browser.crash').catch(() => {});
  await first.close().catch(() => {});
  await doctor.page.getByText(/a perdu la connexion/).first().waitFor({ timeout: 25_000 });
  const second = await launchProfile(folder, PHONE, scene.platform);
  try {
    const again = new Patient(second.pages()[0] ?? (await second.newPage()));
    const seen = (await visit.mails()).length;
    await again.open(visit.link);
    await again.start();
    const code = again.codeField();
    const accept = again.button(/^J'accepte/);
    await again.inCall().or(accept).or(code).or(again.button('Répondre')).or(again.heading('Ce lien n\'est pas reconnu')).first().waitFor();
    assert.equal(await again.heading('Ce lien n\'est pas reconnu').count(), 0, 'the session did not survive the crash');
    if (await code.isVisible()) await again.enterCode(await visit.code(seen));
    if (await accept.isVisible()) await again.tap(accept);
    await again.answer();
    await Promise.all([mediaFlows(again.page), mediaFlows(doctor.page)]);
    await noGhost(doctor, visit);
  } finally {
    await second.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

for (const seconds of [10, 60]) {
  test(`${seconds} s without network: the patient is told, and comes back alone`, async (t) => {
    const visit = await scene.practice.invite();
    const patient = await cable.patient();
    patient.page.context().watch.allow(...CUT);
    const { doctor } = await scene.call({ visit, patient });
    await relay.cut();
    const cutAt = Date.now();
    await patient.page.getByText(CUT_TEXT).first().waitFor({ timeout: 15_000 });
    t.diagnostic(`the patient is told after ${Date.now() - cutAt} ms`);
    await patient.page.getByText('Ne fermez pas la page.').waitFor();
    await doctor.page.getByText(/a perdu la connexion|La vidéo est interrompue/).first().waitFor({ timeout: 25_000 });
    if (seconds > 15) {
      await patient.over().getByRole('button', { name: 'Réessayer' }).waitFor({ timeout: 25_000 });
      await patient.over().getByRole('link', { name: 'Continuer par téléphone' }).waitFor();
    }
    await pause(Math.max(0, seconds * 1_000 - (Date.now() - cutAt)));
    await patient.over().getByRole('heading', { name: CUT_TEXT }).waitFor({ timeout: 1_000 });
    await relay.mend();
    const mendedAt = Date.now();
    await patient.inCall().waitFor({ timeout: 30_000 });
    await Promise.all([mediaFlows(patient.page, { within: 30_000 }), mediaFlows(doctor.page, { within: 30_000 })]);
    t.diagnostic(`media flows both ways ${Date.now() - mendedAt} ms after the network is back`);
    await patient.over().waitFor({ state: 'hidden' });
    assert.equal(patient.taps, 2);
    await noGhost(doctor, visit);
    await scene.endStory();
  });
}

test('the server dies and comes back: both are in the same consultation again', async (t) => {
  const { visit, doctor, patient } = await scene.call();
  for (const page of [doctor.page, patient.page]) page.context().watch.allow(...CUT);
  await scene.platform.kill();
  await patient.page.getByText(CUT_TEXT).first().waitFor({ timeout: 15_000 });
  await doctor.page.getByText(CUT_TEXT).first().waitFor({ timeout: 15_000 });
  await scene.platform.start();
  const upAt = Date.now();
  await Promise.all([mediaFlows(patient.page, { within: 40_000 }), mediaFlows(doctor.page, { within: 40_000 })]);
  t.diagnostic(`media flows both ways ${Date.now() - upAt} ms after the server is back`);
  await patient.inCall().waitFor();
  await noGhost(doctor, visit);
  await doctor.endForAll();
  await patient.heading('La consultation est terminée.').waitFor();
  await scene.endStory();
});

test('a waiting patient is still in the queue after the server came back', async () => {
  const visit = await scene.practice.invite();
  const [patient, doctor] = [await scene.patient(), await scene.doctor({ device: DESKTOP })];
  for (const page of [doctor.page, patient.page]) page.context().watch.allow(...CUT);
  await doctor.openDay();
  await patient.arrive(visit);
  await doctor.queued(visit.form.birth_name).waitFor();
  await scene.platform.kill();
  await scene.platform.start();
  await doctor.queueIsLive();
  await doctor.queued(visit.form.birth_name).waitFor({ timeout: 20_000 });
  assert.equal(await doctor.queued(visit.form.birth_name).count(), 1);
  await patient.waiting();
  await scene.endStory();
});
