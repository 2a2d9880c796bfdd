// A code application in place of e-mails: set up at the end of one consultation, asked for at the next.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Visit } from '../harness/practice.mjs';
import { Scene } from '../harness/scene.mjs';
import { Inspection } from '../harness/screen.mjs';
import { freshCode } from '../harness/totp.mjs';

let scene;

before(async () => (scene = await Scene.open()));
after(() => scene?.close());

/** The same patient's next appointment. */
async function nextVisit({ practice, form, patient }) {
  for (const minutes of [10, 15, 20, 25]) {
    try {
      const appointment = await practice.desk.post('/api/appointments', {
        practitioner: practice.desk.me.staff, patient: patient.patient, starts_at: Date.now() + minutes * 60_000, duration_min: 5,
      });
      const sent = await practice.desk.post(`/api/appointments/${appointment.appointment}/invitation`);
      return new Visit(practice, form, patient, appointment, sent);
    } catch (error) {
      if (!error.body?.fields?.some((fault) => fault.field === 'starts_at')) throw error;
    }
  }
  throw new Error('no free time');
}

test('a code application is set up at the end and gives the next code', async () => {
  const looks = new Inspection();
  const { visit, doctor, patient } = await scene.call();
  patient.page.context().watch.allow(/totp\/finish: 4\d\d/);
  await doctor.endForAll();
  await patient.heading('La consultation est terminée.').waitFor();
  const block = patient.page.getByRole('group', { name: 'La prochaine fois, sans attendre l\'e-mail' });
  await patient.tap(block.getByRole('button', { name: 'Utiliser une application de codes' }));
  const address = await block.getByRole('link', { name: 'Ouvrir mon application' }).getAttribute('href');
  const secret = new URL(address).searchParams.get('secret');
  assert.match(address, /^otpauth:\/\/totp\//);
  assert.doesNotMatch(decodeURIComponent(address), /Vasseur|Jeanne|Martin|sant/i, 'the application shows nothing of health');
  assert.equal(await block.locator('.key').innerText(), secret, 'the key to copy is the one of the link');
  await looks.at(patient.page, 'patient-totp');
  const code = await freshCode(secret);
  await patient.enterCode(code === '000000' ? '000001' : '000000');
  await block.getByText('Ce code n\'est pas le bon.').waitFor();
  await looks.at(patient.page, 'patient-totp-wrong');
  await patient.codeField().fill('123');
  await patient.tap(block.getByRole('button', { name: 'Valider' }));
  await block.getByText('Le code a six chiffres.').waitFor();
  await patient.enterCode(code);
  await block.getByText('votre application donnera le code').waitFor();
  await looks.at(patient.page, 'patient-totp-done');

  const next = await nextVisit(visit);
  const back = await scene.patient();
  await back.open(next.link);
  await back.start();
  await back.heading('Entrez votre code').waitFor();
  await back.page.getByText('Ouvrez votre application de codes.').waitFor();
  assert.equal(await back.button('Renvoyer un code').count(), 0);
  await looks.at(back.page, 'patient-code-totp');
  await back.enterCode(await freshCode(secret));
  await back.accept();
  await back.waiting();
  await scene.endStory();
  looks.assertNone();
});
