// What a patient meets beside the straight way: a moved hour, a second device, a failure on our side, a new version, a change of mind.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import { mediaFlows } from '../harness/media.mjs';
import { Scene } from '../harness/scene.mjs';
import { Inspection } from '../harness/screen.mjs';
import { until } from '../harness/wait.mjs';

let scene;

before(async () => (scene = await Scene.open()));
after(() => scene?.close());
afterEach(() => scene?.endStory({ clean: false }));

/** Takes the calendar's file from the screen, and checks what every one of them owes. */
async function calendar(patient, startsAt) {
  const saved = patient.page.waitForEvent('download');
  await patient.tap('Ajouter au calendrier');
  const download = await saved;
  assert.equal(download.suggestedFilename(), 'rendez-vous.ics');
  const file = readFileSync(await download.path(), 'utf8');
  const stamp = new Date(startsAt).toISOString().replace(/[-:]|\.\d+/g, '');
  assert.ok(file.includes(`\r\nDTSTART:${stamp}\r\n`), `${stamp} in ${file}`);
  assert.ok(file.includes('\r\nSUMMARY:Rendez-vous vidéo\r\n'), file);
  assert.ok(file.split('\r\n').every((line) => Buffer.byteLength(line) <= 75), file);
  assert.doesNotMatch(file, /Martin|Vasseur|Jeanne|Cabinet|https?:|#/);
}

test('an appointment that is moved while the patient waits says its new hour, for the calendar too (E04)', async () => {
  const looks = new Inspection();
  const visit = await scene.practice.invite();
  const patient = await scene.patient();
  await patient.arrive(visit);
  const startsAt = Date.UTC(new Date().getUTCFullYear() + 1, 2, 14, 8);
  await scene.practice.desk.post(`/api/appointments/${visit.appointment.appointment}/move`, { starts_at: startsAt, duration_min: 20 });
  await patient.heading('Le rendez-vous a changé').waitFor();
  await patient.page.getByText(/^Nouvelle heure : \S+ 14 mars à 0?9\sh\s00\.$/).waitFor();
  await patient.page.locator('#screen-E04').getByRole('link', { name: 'Appeler le cabinet' }).waitFor();
  await looks.at(patient.page, 'patient-e04-moved');
  await calendar(patient, startsAt);
  await scene.endStory();
  looks.assertNone();
});

test('a good rehearsal puts the appointment into the calendar (P12)', async () => {
  const visit = await scene.practice.invite({ startsIn: 120 });
  const patient = await scene.patient();
  await patient.open(visit.link.replace('#', '/test#'));
  await patient.start();
  await patient.page.getByText('On vous entend').first().waitFor();
  await patient.tap('Terminer l\'essai');
  await patient.heading('Tout fonctionne.').waitFor();
  await calendar(patient, visit.appointment.starts_at);
  await scene.endStory();
});

test('on a second device the patient may leave the first one its place (E05)', async () => {
  const looks = new Inspection();
  const { visit, doctor, patient } = await scene.call();
  const seen = (await visit.mails()).length;
  const fresh = await scene.practice.desk.post(`/api/appointments/${visit.appointment.appointment}/invitation/again`);
  await until('a further message', async () => (await visit.mails()).length > seen);
  const second = await scene.patient();
  const mails = (await visit.mails()).length;
  await second.open(fresh.link);
  await second.start();
  await second.enterCode(await visit.code(mails));
  const accept = second.button(/^J'accepte/);
  const asked = second.heading('Vous êtes déjà connecté sur un autre appareil');
  await accept.or(asked).first().waitFor();
  if (await accept.isVisible()) await second.tap(accept);
  await asked.waitFor();
  await looks.at(second.page, 'patient-e05');
  await second.tap('Annuler');
  await second.heading('Vous continuez sur un autre appareil').waitFor();
  await looks.at(second.page, 'patient-e05-cancelled');
  assert.equal(await second.page.evaluate('document.getElementById("own").srcObject'), null, 'the camera is let go');
  await Promise.all([mediaFlows(patient.page), mediaFlows(doctor.page)]);
  await second.tap('Continuer ici');
  await second.answer();
  await Promise.all([mediaFlows(second.page), mediaFlows(doctor.page)]);
  await patient.heading('Vous continuez sur un autre appareil').waitFor();
  looks.assertNone();
});

test('a failure on our side says what to quote, and is tried again alone (E61)', async () => {
  const looks = new Inspection();
  const visit = await scene.practice.invite();
  const patient = await scene.patient();
  patient.page.context().watch.allow(/consent: 500/);
  const seen = (await visit.mails()).length;
  await patient.open(visit.link);
  let isDown = true;
  await patient.page.route('**/api/patient/consent', (route) => isDown
    ? route.fulfill({ status: 500, contentType: 'application/json', body: JSON.stringify({ code: 'server_failed', request: 'request-7f3a90bc' }) })
    : route.continue());
  await patient.start();
  await patient.enterCode(await visit.code(seen));
  await patient.accept();
  await patient.heading('Un problème est survenu chez nous').waitFor();
  await patient.page.getByText('Code : E61-7F3A').waitFor();
  await looks.at(patient.page, 'patient-e61');
  isDown = false;
  await patient.waiting();
  assert.equal(patient.taps, 2);
  await scene.endStory();
  looks.assertNone();
});

/** Refuses the first `times` joins as a newer service does, then lets the page speak with the real one. */
async function refuseVersion(page, times) {
  let refused = 0;
  await page.routeWebSocket(/\/ws$/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => {
      if (refused < times && JSON.parse(message).join) {
        refused += 1;
        socket.send(JSON.stringify({ refused: { code: 'wrong_version' } }));
      } else {
        server.send(message);
      }
    });
  });
  return () => refused;
}

test('a new version is loaded without a word while the patient is on the way in (E70)', async () => {
  const visit = await scene.practice.invite();
  const patient = await scene.patient();
  const refused = await refuseVersion(patient.page, 1);
  await patient.page.addInitScript(`new MutationObserver(() => {
    if (document.getElementById('screen-E62')) sessionStorage.setItem('told', '1');
  }).observe(document, { childList: true, subtree: true });`);
  await patient.arrive(visit);
  assert.equal(refused(), 1);
  assert.equal(patient.taps, 2, 'the way goes on without a further tap');
  assert.equal(await patient.page.evaluate('sessionStorage.getItem("told")'), null, 'nothing was said');
  assert.equal(await patient.page.evaluate('sessionStorage.getItem("colloque-reloaded")'), null, 'the next version is loaded in the same way');
  await scene.endStory();
});

test('a page that a reload does not help says so instead of loading for ever (E62)', async () => {
  const visit = await scene.practice.invite();
  const patient = await scene.patient();
  const refused = await refuseVersion(patient.page, 100);
  const seen = (await visit.mails()).length;
  await patient.open(visit.link);
  await patient.start();
  await patient.enterCode(await visit.code(seen));
  await patient.accept();
  await patient.heading('La page doit être relancée').waitFor();
  await patient.button('Recommencer').waitFor();
  assert.equal(refused(), 2);
  await scene.endStory();
});

test('a link in somebody else\'s hands is given back (P3c)', async () => {
  const visit = await scene.practice.invite();
  const patient = await scene.patient();
  const seen = (await visit.mails()).length;
  await patient.open(visit.link);
  await patient.start();
  await patient.enterCode(await visit.code(seen));
  const given = patient.page.waitForResponse((answer) => answer.request().method() === 'DELETE' && answer.url().endsWith('/api/patient/session'));
  await patient.tap('Ce n\'est pas moi');
  await patient.heading('Ce lien n\'est pas à votre nom').waitFor();
  assert.equal((await given).status(), 204);
  assert.equal(await patient.page.evaluate('fetch("/api/patient", { headers: { "x-colloque": "1" } }).then((answer) => answer.status)'), 401, 'nothing of it is read any more');
  assert.equal(await patient.page.evaluate('document.getElementById("own").srcObject'), null, 'the camera is let go');
  await scene.endStory();
});

test('consent is withdrawn from the waiting room, and given again (P4)', async () => {
  const visit = await scene.practice.invite();
  const [patient, doctor] = [await scene.patient(), await scene.doctor()];
  const file = await scene.doctor();
  await Promise.all([doctor.openDay(), file.openRoom(visit.room)]);
  await patient.arrive(visit);
  await doctor.queued(visit.form.birth_name).waitFor();
  await file.page.getByText(/^donné le/).waitFor();
  await patient.tap('Je retire mon accord');
  await patient.heading('On vérifie ensemble').waitFor();
  await patient.notice('Votre accord est retiré.').waitFor();
  await doctor.queued(visit.form.birth_name).waitFor({ state: 'hidden' });
  await file.page.getByText('pas encore donné').waitFor();
  await patient.accept();
  await patient.waiting();
  await doctor.queued(visit.form.birth_name).waitFor();
  await file.page.getByText(/^donné le/).waitFor();
  await scene.endStory();
});

test('an appointment that is cancelled while the patient waits is cancelled, and not changed', async () => {
  const looks = new Inspection();
  const visit = await scene.practice.invite();
  const patient = await scene.patient();
  await patient.arrive(visit);
  await scene.practice.desk.post(`/api/appointments/${visit.appointment.appointment}/cancel`);
  await patient.heading('Le rendez-vous a été annulé').waitFor();
  await patient.page.locator('#call').waitFor();
  await looks.at(patient.page, 'patient-cancelled-waiting');
  assert.equal(await patient.page.evaluate('document.getElementById("own").srcObject'), null, 'the camera is let go');
  await scene.endStory();
  looks.assertNone();
});

test('a patient who was not received is to be called, as the doctor and the day say', async () => {
  const looks = new Inspection();
  const visit = await scene.practice.invite();
  const [patient, doctor, day] = [await scene.patient(), await scene.doctor(), await scene.doctor()];
  await Promise.all([patient.arrive(visit), doctor.openRoom(visit.room)]);
  await doctor.button('Ne pas recevoir').click();
  await doctor.page.getByRole('dialog').getByRole('button', { name: 'Ne pas recevoir' }).click();
  await doctor.page.getByText('Vous n\'avez pas reçu le patient.').waitFor();
  await looks.at(doctor.page, 'desk-not-received');
  await day.openDay();
  await day.page.locator('.appointment', { hasText: new RegExp(visit.form.birth_name, 'i') }).getByText('Non reçu, à rappeler').waitFor();
  await looks.at(day.page, 'day-not-received');
  await scene.endStory();
  looks.assertNone();
});

test('a link opened after the consultation leads to its documents and asks for no camera', async () => {
  const looks = new Inspection();
  const { visit, doctor, patient } = await scene.call();
  const again = await scene.practice.desk.post(`/api/appointments/${visit.appointment.appointment}/invitation/again`);
  await doctor.endForAll();
  await patient.heading('La consultation est terminée.').waitFor();
  const later = await scene.patient();
  await later.page.addInitScript('navigator.mediaDevices.getUserMedia = () => { sessionStorage.setItem("asked", "1"); throw new Error("asked"); };');
  const seen = (await visit.mails()).length;
  await later.open(again.link);
  await later.heading('Votre consultation est terminée').waitFor();
  await looks.at(later.page, 'patient-over-welcome');
  await later.start();
  await later.enterCode(await visit.code(seen));
  await later.heading('La consultation est terminée.').waitFor();
  assert.equal(await later.page.evaluate('sessionStorage.getItem("asked")'), null);
  await scene.endStory();
  looks.assertNone();
});

test('the Back button asks before it leaves, once (P10)', async () => {
  const visit = await scene.practice.invite();
  const patient = await scene.patient();
  await patient.arrive(visit);
  const question = patient.page.getByRole('dialog', { name: 'Voulez-vous quitter la consultation ?' });
  await patient.page.evaluate('history.back()');
  await question.waitFor();
  await patient.tap('Rester');
  await question.waitFor({ state: 'hidden' });
  await patient.waiting();
  await patient.page.evaluate('setTimeout(() => history.back())');
  await patient.page.waitForURL('about:blank');
  await scene.endStory();
});
