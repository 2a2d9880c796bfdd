// What a day at the desk asks for: changed appointments, keys instead of a mouse, a network that goes, dialogs seldom seen.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DESKTOP, openContext } from '../harness/chromium.mjs';
import { Doctor } from '../harness/doctor.mjs';
import { mediaFlows } from '../harness/media.mjs';
import { Scene } from '../harness/scene.mjs';
import { Inspection } from '../harness/screen.mjs';
import { pause, until } from '../harness/wait.mjs';
import { CUT } from '../harness/watch.mjs';

const REASON = 'Toux sèche depuis lundi';
const DAY_MS = 24 * 3_600_000;

let scene;

before(async () => (scene = await Scene.open()));
after(() => scene?.close());

/** Day and hour that a clock on a wall in Paris shows. */
const wall = (at) => new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Paris', dateStyle: 'short', timeStyle: 'short' }).format(at).split(' ');

/** Gives an appointment its reason, and nothing else. */
const giveReason = ({ appointment }, reason) => scene.practice.desk.post(`/api/appointments/${appointment.appointment}/move`, {
  starts_at: appointment.starts_at, duration_min: appointment.duration_min, reason,
});

/** Presses Tab until the focus is on what `selector` names. */
async function tabTo(page, selector) {
  for (let steps = 0; steps < 90; steps += 1) {
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab does not reach ${selector}`);
}

test('an appointment is changed and cancelled through the dialogs', async () => {
  const looks = new Inspection();
  const visit = await scene.practice.invite();
  const doctor = await scene.doctor({ secrets: [REASON] });
  const { page } = doctor;
  const row = page.locator('.appointment', { hasText: new RegExp(visit.form.birth_name, 'i') });
  const dialog = page.getByRole('dialog');
  const field = dialog.getByLabel(/^Motif/);
  const save = async () => {
    await dialog.getByRole('button', { name: 'Enregistrer' }).click();
    await dialog.waitFor({ state: 'hidden' });
  };
  const [date, hour] = wall(Date.now() + 40 * 60_000);
  await doctor.openDay();
  await until('the invitation arrived', async () => (await visit.mails()).length === 1);
  await row.getByRole('button', { name: /^Modifier/ }).click();
  await dialog.getByText('Visible par le médecin et le secrétariat seulement.').waitFor();
  await dialog.getByLabel('Date').fill(date);
  await dialog.getByLabel('Heure').fill(hour);
  await field.fill(REASON);
  await looks.at(page, 'desk-change');
  await save();
  await page.goto(`${scene.platform.origin}/pro?date=${date}`);
  await row.locator('.appointment-hour', { hasText: hour }).waitFor();
  await until('the patient is told the new hour', async () => (await visit.mails()).length === 2);
  await row.getByText('Motif', { exact: true }).click();
  await row.getByText(REASON).waitFor();
  await looks.at(page, 'desk-day');
  await row.getByRole('button', { name: /^Modifier/ }).click();
  await until('the reason is in its field', async () => (await field.inputValue()) === REASON);
  await field.fill('');
  await save();
  await row.getByText('Motif', { exact: true }).waitFor({ state: 'detached' });
  const mails = await visit.mails();
  assert.equal(mails.length, 2, 'a reason alone is written to nobody');
  assert.ok(!mails.some((mail) => mail.text.includes(REASON)), 'no message bears the reason');
  assert.equal(scene.platform.psql(`SELECT count(sealed_text) FROM health.reason WHERE consultation = '${visit.appointment.consultation}'`), '0');
  await row.getByRole('button', { name: /^Annuler/ }).click();
  await dialog.getByRole('button', { name: 'Annuler le rendez-vous' }).click();
  await row.getByText('Annulé', { exact: true }).waitFor();
  await scene.endStory();
  looks.assertNone();
});

test('the reason, seldom seen dialogs, a prescription replaced and cancelled, the next appointment', async () => {
  const looks = new Inspection();
  const visit = await scene.practice.invite();
  await giveReason(visit, REASON);
  const [doctor, patient] = [await scene.doctor({ secrets: [REASON] }), await scene.patient()];
  const { page } = doctor;
  const dialog = page.getByRole('dialog');
  page.context().watch.allow(/notes: 409/);
  await Promise.all([patient.arrive(visit), doctor.openRoom(visit.room)]);
  await page.locator('.before dd', { hasText: REASON }).waitFor();
  await page.locator('#admit[aria-disabled=false]').waitFor();
  await looks.at(page, 'desk-before');
  await doctor.button('Ne pas recevoir').click();
  await dialog.waitFor();
  await looks.at(page, 'desk-refuse');
  await dialog.getByRole('button', { name: 'Annuler' }).click();
  await doctor.admit();
  await patient.answer();
  await mediaFlows(page);
  await page.locator('.notes', { hasText: REASON }).waitFor();

  await page.keyboard.press('Control+Shift+Slash');
  await dialog.getByText('Aller aux commandes de l\'appel').waitFor();
  await looks.at(page, 'desk-shortcuts');
  await page.keyboard.press('Escape');
  await doctor.bar('Partager').click();
  await dialog.getByRole('button', { name: 'Partager tout l\'écran' }).waitFor();
  await looks.at(page, 'desk-share');
  await dialog.getByRole('button', { name: 'Fermer' }).click();
  assert.equal(await page.getByText('Le patient voit votre écran').count(), 0, 'what was not confirmed is not shared');

  await scene.practice.desk.put(`/api/consultations/${visit.appointment.consultation}/notes`, { text: 'Noté sur l\'autre poste.', base_revision: 0 });
  await doctor.notes().fill('Noté ici.');
  await page.getByRole('button', { name: 'Garder les deux' }).waitFor();
  await looks.at(page, 'desk-conflict');
  await page.getByRole('button', { name: 'Garder les deux' }).click();
  await page.locator('.notes-state').getByText(/Enregistré à/).waitFor();
  const kept = await doctor.notes().inputValue();
  assert.ok(kept.includes('Noté ici.') && kept.includes('Noté sur l\'autre poste.'), kept);

  const panel = page.getByRole('tabpanel', { name: 'Ordonnance' });
  const documents = page.getByRole('tabpanel', { name: 'Documents' });
  const issue = async () => {
    await panel.getByRole('button', { name: 'Relire l\'ordonnance' }).click();
    await page.getByRole('button', { name: 'Signer et remettre au patient' }).click();
    await page.getByText('L\'ordonnance est remise au patient.').first().waitFor();
    await doctor.tab('Documents').click();
  };
  await doctor.tab('Ordonnance').click();
  await panel.getByLabel('Médicament (DCI ou nom)').fill('Amoxicilline');
  await panel.getByLabel('Dosage et forme').fill('500 mg, gélule');
  await panel.getByLabel('Posologie et mode d\'emploi').fill('1 gélule matin, midi et soir');
  await panel.getByLabel('Durée', { exact: true }).fill('7 jours');
  await issue();
  await documents.getByRole('button', { name: 'Remplacer' }).click();
  await panel.getByLabel('Durée', { exact: true }).fill('5 jours');
  await issue();
  await documents.getByText('version 2').waitFor();
  await documents.getByText(/^Remplacée le /).waitFor();
  await documents.getByRole('button', { name: 'Annuler' }).click();
  await dialog.getByRole('button', { name: 'Annuler l\'ordonnance' }).click();
  await dialog.getByText('Écrivez le motif, 3 signes au moins.').waitFor();
  await looks.at(page, 'desk-cancel-document');
  await dialog.getByLabel('Motif').fill('Allergie signalée');
  await dialog.getByRole('button', { name: 'Annuler l\'ordonnance' }).click();
  await documents.getByText(/^Annulée le .*\s:\sAllergie signalée$/).waitFor();
  await looks.at(page, 'desk-documents');

  await doctor.endForAll();
  const next = page.locator('.over-call .facts');
  await next.getByText('aucun', { exact: true }).waitFor();
  await looks.at(page, 'desk-over');
  const [tomorrow] = wall(Date.now() + DAY_MS);
  await doctor.button('Prochain rendez-vous').click();
  await dialog.getByText(new RegExp(visit.form.birth_name, 'i')).waitFor();
  await dialog.getByLabel('Date').fill(tomorrow);
  await dialog.getByLabel('Heure').fill('09:10');
  await looks.at(page, 'desk-next');
  await dialog.getByRole('button', { name: 'Créer le rendez-vous' }).click();
  await page.getByRole('dialog', { name: 'Invitation' }).getByRole('button', { name: 'Fermer' }).click();
  await next.getByText(/09:10/).waitFor();
  await scene.endStory();
  looks.assertNone();
});

test('a consultation from the day to the next patient, by keys alone', async () => {
  const [first, second] = [await scene.practice.invite(), await scene.practice.invite()];
  const [doctor, patient, other] = [await scene.doctor(), await scene.patient(), await scene.patient()];
  const { page } = doctor;
  const press = (keys) => page.keyboard.press(keys);
  const microphone = (state) => doctor.bar('Micro').getByText(state, { exact: true }).waitFor();
  await doctor.openDay();
  await patient.arrive(first);
  await other.arrive(second);
  await doctor.queued(second.form.birth_name).waitFor();
  await tabTo(page, `.queue-entry a[href="${first.room}"]`);
  await press('Enter');
  await page.locator('#admit[aria-disabled=false]').waitFor();
  await tabTo(page, '#admit');
  await press('Enter');
  await patient.answer();
  await mediaFlows(page);

  const muted = patient.notice('Le médecin a coupé son micro.');
  await press('Control+d');
  await microphone('coupé');
  await muted.waitFor();
  await page.keyboard.down('v');
  await microphone('activé');
  await muted.waitFor({ state: 'hidden' });
  await page.keyboard.up('v');
  await microphone('coupé');
  await page.keyboard.down('v');
  await microphone('activé');
  await page.evaluate(() => globalThis.dispatchEvent(new Event('blur')));
  await microphone('coupé');
  await page.keyboard.up('v');
  await press('F2');
  await page.waitForFunction(() => document.activeElement?.matches('.bar .bar-button'));
  await press('Alt+n');
  await page.waitForFunction(() => document.activeElement?.id === 'notes-text');
  await page.keyboard.type('Vu : rien de neuf, v.');
  await microphone('coupé');
  assert.equal(await doctor.notes().inputValue(), 'Vu : rien de neuf, v.');
  await press('Control+d');
  await microphone('activé');
  await press('Alt+o');
  await page.waitForFunction(() => document.activeElement?.closest('#panel-prescription'));
  await press('Control+Shift+Slash');
  await page.getByRole('dialog', { name: 'Raccourcis clavier' }).waitFor();
  await press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });

  await tabTo(page, '.bar-button[data-end]');
  await press('Enter');
  await tabTo(page, 'dialog[open] button[data-kind=danger]');
  await press('Enter');
  await page.getByRole('heading', { name: 'La consultation est terminée' }).waitFor();
  await page.getByRole('link', { name: 'Patient suivant' }).waitFor();
  await press('Alt+s');
  await page.waitForURL((url) => url.pathname === second.room);
  await page.locator('#admit[aria-disabled=false]').waitFor();
  await scene.endStory();
});

test('notes typed without a network are there when the page is opened again', async () => {
  const visit = await scene.practice.invite();
  const doctor = await scene.doctor();
  const context = doctor.page.context();
  context.watch.allow(...CUT);
  await doctor.openRoom(visit.room);
  await doctor.write('Fièvre depuis hier.');
  await context.setOffline(true);
  await doctor.notes().fill('Fièvre depuis hier. Toux grasse.');
  await doctor.page.locator('.notes-state').getByText(/^Non enregistré/).waitFor();
  await doctor.page.close();
  await context.setOffline(false);
  const again = new Doctor(await context.newPage(), scene.platform);
  await again.openRoom(visit.room);
  await again.page.getByText('Le texte non enregistré de ce poste a été retrouvé.').waitFor();
  assert.equal(await again.notes().inputValue(), 'Fièvre depuis hier. Toux grasse.');
  await again.page.locator('.notes-state').getByText(/Enregistré à/).waitFor();
  await scene.endStory();
});

test('an arrival rings as loud as chosen, and shows in title, icon and notification without a name', async () => {
  const visits = [await scene.practice.invite(), await scene.practice.invite()];
  const doctor = await scene.doctor({ secrets: visits.map(({ form }) => form.birth_name) });
  const { page } = doctor;
  await page.addInitScript(`{
    globalThis.rung = [];
    globalThis.notified = [];
    const ramp = AudioParam.prototype.linearRampToValueAtTime;
    AudioParam.prototype.linearRampToValueAtTime = function (value, at) {
      globalThis.rung.push(Math.round(value * 100));
      return ramp.call(this, value, at);
    };
    globalThis.Notification = class {
      static permission = 'granted';
      static requestPermission = async () => 'granted';
      constructor(title, { tag }) { globalThis.notified.push([title, tag]); }
    };
  }`);
  const rung = () => page.evaluate(() => globalThis.rung.splice(0));
  const arrives = async (visit) => (await scene.patient()).arrive(visit);
  await doctor.openDay();
  await doctor.button('Écouter').click();
  assert.deepEqual(await rung(), [36, 36], 'the chime is loud at first');
  await page.getByLabel('Doux').check();
  await doctor.button('Écouter').click();
  assert.deepEqual(await rung(), [10, 10]);
  await page.getByLabel('Silencieux').check();
  assert.ok(await doctor.button('Écouter').isDisabled());
  await page.locator('.workstation').getByText('Son coupé par vous').waitFor();
  await arrives(visits[0]);
  await page.waitForFunction(() => document.title === '(1) Un patient attend – Colloque');
  assert.match(await page.locator('#icon').getAttribute('href'), /%23c2261f/, 'the icon has a dot');
  assert.deepEqual(await rung(), [], 'a silent chime rings nothing');
  assert.deepEqual(await page.evaluate(() => globalThis.notified), [], 'a page in sight notifies nobody');
  await page.getByLabel('Doux').check();
  // Tests keep every page in sight: the document says what it says behind another window.
  await page.evaluate(() => Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' }));
  await arrives(visits[1]);
  await page.waitForFunction(() => document.title === '(2) Des patients attendent – Colloque');
  await page.waitForFunction(() => globalThis.notified.length > 0);
  assert.deepEqual(await page.evaluate(() => globalThis.notified), [['Un patient est dans la salle d\'attente', 'colloque-arrival']]);
  assert.deepEqual(await rung(), [10, 10]);
  await page.reload();
  await doctor.queueIsLive();
  assert.ok(await page.getByLabel('Doux').isChecked(), 'the choice is kept');
  await scene.endStory();
});

test('each morning the workstation is tested anew without a question', async () => {
  const doctor = await scene.doctor();
  const { page } = doctor;
  const workstation = page.locator('.workstation');
  await page.addInitScript(`{
    globalThis.asked = 0;
    const ask = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
    if (ask) navigator.mediaDevices.getUserMedia = (wish) => { globalThis.asked += 1; return ask(wish); };
  }`);
  const remember = (camera, at) => page.evaluate((kept) => localStorage.setItem('colloque-workstation', kept), JSON.stringify({ at, camera, microphone: 'works' }));
  /** Opens the day again; gives how often a device was asked for by then. */
  const asked = async () => {
    await doctor.openDay();
    await pause(700);
    return page.evaluate(() => globalThis.asked);
  };
  assert.equal(await asked(), 0, 'a workstation never tested asks for nothing by itself');
  await workstation.getByText('Caméra à tester').waitFor();
  await remember('works', Date.now() - DAY_MS);
  assert.equal(await asked(), 1);
  await workstation.getByText(/^Testé aujourd'hui à \d\d:\d\d$/).waitFor();
  await workstation.getByText('Caméra en marche').waitFor();
  assert.equal(await asked(), 0, 'once a day');
  await workstation.getByText('Caméra en marche').waitFor();
  await remember('fails', Date.now() - DAY_MS);
  assert.equal(await asked(), 0, 'a camera that failed is not tried without being asked');
  await workstation.getByText('Caméra à tester').waitFor();
  await remember('works', Date.now() - DAY_MS);
  await page.addInitScript('navigator.permissions.query = async () => ({ state: "prompt" })');
  assert.equal(await asked(), 0, 'nothing that the browser would ask about');
  await scene.endStory();
});

test('a camera in use has the code of the patient\'s page and the browser\'s word', async () => {
  const looks = new Inspection();
  const visit = await scene.practice.invite();
  const doctor = await scene.doctor();
  await doctor.page.addInitScript(`navigator.mediaDevices && (navigator.mediaDevices.getUserMedia = async () => {
    throw new DOMException('Could not start video source', 'NotReadableError');
  });`);
  await doctor.openRoom(visit.room);
  await doctor.page.getByText('E13 · NotReadableError / AbortError').waitFor();
  await looks.at(doctor.page, 'desk-camera-in-use');
  await scene.endStory();
  looks.assertNone();
});

test('what the administrator seldom sees', async () => {
  const looks = new Inspection();
  const { origin } = scene.platform;
  const stranger = await openContext(scene.browser, scene.platform, DESKTOP);
  const context = await openContext(scene.browser, scene.platform, DESKTOP, { storageState: scene.practice.office.storageState });
  scene.contexts.push(stranger, context);
  const gate = await stranger.newPage();
  await gate.goto(`${origin}/admin`);
  await gate.getByRole('heading', { name: 'Connexion' }).waitFor();
  await looks.at(gate, 'admin-sign-in');
  const page = await context.newPage();
  const dialog = page.getByRole('dialog');
  await page.goto(`${origin}/admin?periode=tout&type=consultation_read`);
  await page.getByRole('link', { name: /^Détail de l'événement/ }).first().click();
  await dialog.getByText('Données enregistrées').waitFor();
  await looks.at(page, 'admin-detail');
  await page.goto(`${origin}/admin?periode=tout`);
  await page.getByLabel('Période', { exact: true }).selectOption({ label: 'Jours choisis' });
  await page.getByLabel('Du').fill('2020-01-01');
  await page.getByLabel('Au').fill('2020-01-31');
  await page.getByRole('button', { name: 'Filtrer' }).click();
  await page.getByText('Aucun événement ne correspond.').waitFor();
  await looks.at(page, 'admin-journal-empty');
  await page.goto(`${origin}/admin/utilisateurs`);
  await page.getByRole('button', { name: 'Inviter une personne' }).click();
  await dialog.waitFor();
  await dialog.getByLabel('Rôle').selectOption('practitioner');
  await looks.at(page, 'admin-invite');
  await dialog.getByRole('button', { name: 'Fermer' }).click();
  const row = page.locator('tbody tr', { hasText: scene.practice.secretary.email });
  for (const [name, act] of [['admin-change', /^Changer le rôle/], ['admin-reset', /^Réinitialiser/], ['admin-switch', /^Désactiver/]]) {
    await row.getByRole('button', { name: act }).click();
    await dialog.waitFor();
    await looks.at(page, name);
    await dialog.getByRole('button', { name: 'Fermer' }).click();
  }
  await scene.endStory();
  looks.assertNone();
});
