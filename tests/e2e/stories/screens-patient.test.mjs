// Every state of the patient's page: no axe violation, no overflow, targets of 44 pixels, at 320 and 1280, light and dark.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { mediaFlows } from '../harness/media.mjs';
import { Scene } from '../harness/scene.mjs';
import { Inspection } from '../harness/screen.mjs';

let scene;

before(async () => (scene = await Scene.open()));
after(() => scene?.close());

test('links that do not open a consultation', async () => {
  const looks = new Inspection();
  const at = (patient, name) => looks.at(patient.page, name);
  const early = await scene.practice.invite({ startsIn: 120 });
  const patient = await scene.patient();
  await patient.open(early.link);
  await patient.heading('Vous êtes en avance').waitFor();
  await at(patient, 'patient-early');
  await scene.practice.desk.post(`/api/appointments/${early.appointment.appointment}/cancel`, {});
  await patient.open('about:blank');
  await patient.open(early.link);
  await patient.heading('Le rendez-vous a été annulé').waitFor();
  await at(patient, 'patient-cancelled');
  const stranger = await scene.patient();
  stranger.page.context().watch.allow(/redeem: 4\d\d/);
  const visit = await scene.practice.invite();
  await stranger.open(visit.link.replace(/#.{6}/, '#AAAAAA'));
  await stranger.start();
  await stranger.heading('Ce lien n\'est pas reconnu').waitFor();
  await at(stranger, 'patient-e01');
  await scene.endStory();
  looks.assertNone();
});

test('camera and microphone that are not given', async () => {
  const looks = new Inspection();
  const refuse = (name) => `navigator.mediaDevices.getUserMedia = () => new Promise((_, reject) => setTimeout(() => reject(new DOMException('test', '${name}')), 50));`;
  const cases = [
    ['patient-e10', refuse('NotAllowedError'), 'La caméra et le micro ne sont pas autorisés'],
    ['patient-e12', refuse('NotFoundError'), 'Pas de caméra trouvée'],
    ['patient-e13', refuse('NotReadableError'), 'La caméra est utilisée par une autre application'],
    ['patient-question', 'navigator.mediaDevices.getUserMedia = () => new Promise(() => {});', /Appuyez sur/],
    ['patient-e20', 'Object.defineProperty(navigator, "mediaDevices", { value: undefined });', 'Ouvrez ce lien dans votre navigateur'],
    ['patient-e21', 'delete globalThis.WebAssembly;', 'Votre appareil est en mode protégé'],
  ];
  for (const [name, script, heading] of cases) {
    const visit = await scene.practice.invite();
    const patient = await scene.patient();
    await patient.page.addInitScript(script);
    const seen = (await visit.mails()).length;
    await patient.open(visit.link);
    if (!/e2[01]/.test(name)) await patient.start();
    await patient.heading(heading).first().waitFor();
    await looks.at(patient.page, name);
    if (name === 'patient-e12') {
      await patient.tap('Continuer sans caméra');
      await patient.enterCode(await visit.code(seen));
      await patient.notice('sans caméra ni micro').waitFor();
      assert.equal(await patient.page.locator('#level').count(), 0);
    }
    await scene.endStory();
  }
  looks.assertNone();
});

test('from the link to the end of the consultation', async () => {
  const looks = new Inspection();
  const visit = await scene.practice.invite();
  const [patient, doctor] = [await scene.patient(), await scene.doctor()];
  const at = (name) => looks.at(patient.page, name);
  patient.page.context().watch.allow(/second-factor: 4\d\d/);
  await patient.open(visit.link);
  await patient.button('Commencer').waitFor();
  await at('patient-welcome');
  await patient.tap('Agrandir le texte');
  await patient.tap('Agrandir le texte');
  await at('patient-welcome-larger');
  const seen = (await visit.mails()).length;
  await patient.start();
  await patient.codeField().waitFor();
  await at('patient-code');
  // Another language, and back: the same code is still asked for.
  await patient.tap('English');
  await patient.heading('Enter your code').waitFor();
  await patient.tap('Français');
  await patient.heading('Entrez votre code').waitFor();
  const code = await visit.code(seen);
  await patient.enterCode(code === '000000' ? '000001' : '000000');
  await patient.page.getByText('Ce code n\'est pas le bon.').waitFor();
  await at('patient-code-wrong');
  await patient.codeField().fill('');
  await patient.enterCode(code);
  await patient.page.getByText('On vous entend').first().waitFor();
  await at('patient-check');
  await patient.tap('Agrandir le texte');
  await patient.accept();
  await patient.waiting();
  await at('patient-waiting');
  await doctor.openRoom(visit.room);
  await doctor.button('10 min').click();
  await patient.notice('Retard annoncé : 10 minutes.').waitFor();
  await patient.tap('Quitter');
  await patient.heading('Voulez-vous quitter la consultation ?').waitFor();
  await at('patient-leaving');
  await patient.tap('Rester');
  await doctor.admit();
  await patient.answer();
  await mediaFlows(patient.page);
  await at('patient-call');
  await patient.tap('Couper le micro');
  await patient.tap('Couper la caméra');
  await patient.notice('Caméra coupée : le médecin ne vous voit pas.').waitFor();
  await doctor.bar('Caméra').click();
  await patient.notice('Le médecin a coupé sa caméra. Le son continue.').waitFor();
  await doctor.bar('Micro').click();
  await patient.notice('Le médecin a coupé sa caméra et son micro.').waitFor();
  await at('patient-call-muted');
  await scene.depart(doctor);
  await patient.page.getByText(/a perdu la connexion/).first().waitFor({ timeout: 25_000 });
  await at('patient-doctor-lost');
  const back = await scene.doctor();
  await back.openRoom(visit.room);
  await back.bar('Partager').waitFor();
  const line = { name: 'Paracétamol', strength: '1 g, comprimé', dosage: '1 comprimé matin et soir', duration: '3 jours', refills: 0 };
  await scene.practice.desk.post(`/api/consultations/${visit.appointment.consultation}/prescriptions`, { lines: [line] });
  await back.endForAll();
  await patient.heading('La consultation est terminée.').waitFor();
  await patient.page.getByRole('link', { name: 'Télécharger l\'ordonnance' }).waitFor();
  await patient.page.getByText('Téléchargez votre ordonnance.').waitFor();
  await patient.page.getByText('Vous pourrez ensuite fermer cette page.').waitFor();
  assert.equal(await patient.page.getByText('Vous pouvez fermer cette page.').count(), 0);
  await at('patient-ended');
  await scene.endStory();
  looks.assertNone();
});

test('the rehearsal', async () => {
  const looks = new Inspection();
  const visit = await scene.practice.invite({ startsIn: 120 });
  const patient = await scene.patient();
  await patient.open(visit.link.replace('#', '/test#'));
  await patient.heading('Essayez avant le rendez-vous').waitFor();
  await looks.at(patient.page, 'patient-rehearsal');
  await patient.start();
  await patient.page.getByText('On vous entend').first().waitFor();
  await patient.tap('Terminer l\'essai');
  await patient.heading('Tout fonctionne.').waitFor();
  await looks.at(patient.page, 'patient-rehearsed');
  await scene.endStory();
  looks.assertNone();
});

test('the plain pages', async () => {
  const looks = new Inspection();
  const patient = await scene.patient();
  patient.page.context().watch.allow(/nulle-part: 404/);
  for (const name of ['aide', 'accessibilite', 'confidentialite', 'mentions-legales', 'mailbox', 'nulle-part']) {
    await patient.open(`${scene.platform.origin}/${name}`);
    await patient.page.locator('h1').waitFor();
    assert.equal(await patient.page.getByText('Non renseigné').count(), 0, 'a demonstration has no operator to name');
    await looks.at(patient.page, `page-${name}`);
  }
  await scene.endStory();
  looks.assertNone();
});
