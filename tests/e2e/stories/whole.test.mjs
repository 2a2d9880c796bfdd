// The main job: a practice that just began, a doctor at a desk, a patient with a phone, an administrator who checks.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Caller } from '../harness/caller.mjs';
import { DESKTOP, launchChromium, openContext, PHONE } from '../harness/chromium.mjs';
import { Doctor } from '../harness/doctor.mjs';
import { foundPractice } from '../harness/founding.mjs';
import { appearedAt, recordFrames, watchAppearance } from '../harness/frames.mjs';
import { allowedRate, media, mediaFlows } from '../harness/media.mjs';
import { Patient } from '../harness/patient.mjs';
import { Platform } from '../harness/platform.mjs';
import { somePatient } from '../harness/practice.mjs';
import { newestCode, newestLink } from '../harness/smtp.mjs';
import { codeAt } from '../harness/totp.mjs';
import { pause, until } from '../harness/wait.mjs';

let platform;
let staff;
let browser;

before(async () => {
  // What is logged at this level holds what is logged at any level that an operator uses.
  platform = await Platform.practice({ environment: { RUST_LOG: 'debug' } });
  staff = await foundPractice(platform);
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  await platform?.close();
});

test('a consultation from the invitation to the journal', async (t) => {
  const form = somePatient({ birth_name: 'Delaunay', first_names: 'Élodie' });
  const secrets = [form.birth_name, form.first_names, form.email];
  const desk = await openContext(browser, platform, DESKTOP, { secrets });
  const phone = await openContext(browser, platform, PHONE, { secrets });
  const doctor = new Doctor(await desk.newPage(), platform);
  const patient = new Patient(await phone.newPage());
  const frames = recordFrames(patient.page);
  const NOTES = 'Toux sèche depuis trois jours.\nTempérature 37,8 °C.';
  let link;
  let code;

  await t.test('a practice has no mailbox that anybody could open', async () => {
    for (const path of ['/mailbox', '/api/mailbox']) {
      const { status } = await new Caller(platform.origin).send('GET', path);
      assert.equal(status, 404, path);
    }
  });

  await t.test('a wrong password and a wrong code are refused', async () => {
    const stranger = new Caller(platform.origin);
    const { email, password, secret } = staff.doctor;
    const refused = { status: 401, code: 'wrong_credentials' };
    await assert.rejects(stranger.post('/api/session/password', { email, password: 'ce n\'est pas le bon' }), refused);
    await stranger.post('/api/session/password', { email, password });
    const old = codeAt(secret, Math.floor(Date.now() / 30_000) - 20);
    await assert.rejects(stranger.post('/api/session/totp', { code: old }), refused);
  });

  await t.test('the doctor signs in with password and code, and invites a patient', async () => {
    await doctor.signIn(staff.doctor);
    await doctor.queueIsLive();
    const shown = await doctor.invite(form);
    link = await newestLink(() => platform.mails(form.email));
    // What the practitioner hands over carries, after a point, what no server is told.
    const [, plain, secret] = /^(.*)\.([\w-]{22})$/.exec(shown);
    assert.equal(plain, link);
    assert.ok(!link.includes(secret));
    const [mail] = await platform.mails(form.email);
    for (const secret of ['Delaunay', 'Élodie', 'Martin', 'Médecin', 'générale']) {
      assert.ok(!`${mail.subject}\n${mail.text}\n${mail.html}`.includes(secret), `«${secret}» stands in the message`);
    }
  });

  await t.test('opening the link by GET consumes nothing', async () => {
    for (let visit = 0; visit < 3; visit += 1) {
      const answer = await new Caller(platform.origin).send('GET', new URL(link).pathname, { headers: { 'user-agent': 'LinkPreview/1.0' } });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['set-cookie'], undefined);
      assert.equal(answer.headers['referrer-policy'], 'no-referrer');
    }
  });

  await t.test('two taps and the code lead to the waiting room', async () => {
    await watchAppearance(doctor.page, '.queue-entry', form.birth_name);
    const seen = (await platform.mails(form.email)).length;
    await patient.open(link);
    await patient.start();
    code = await newestCode(() => platform.mails(form.email), seen);
    await patient.enterCode(code);
    await patient.accept();
    await patient.waiting();
    assert.equal(patient.taps, 2);
    assert.equal(patient.typed, 6);
  });

  await t.test('the queue shows the arrival within a second', async () => {
    const shownAt = await appearedAt(doctor.page, form.birth_name);
    const joined = frames.find((frame) => !frame.out && frame.type === 'joined');
    assert.ok(joined, 'the patient joined');
    assert.ok(shownAt - joined.at <= 1_000, `${shownAt - joined.at} ms`);
    await doctor.page.waitForFunction(() => document.title.startsWith('(1)'));
  });

  await t.test('each sees the verified card of the other before any media, and the transport waits', async () => {
    await doctor.receive(form.birth_name);
    await doctor.page.locator('.before').getByText(/lien personnel.*code reçu par e-mail/).waitFor();
    await doctor.page.locator('.before').getByText(form.birth_name.toUpperCase()).waitFor();
    const waiting = patient.page.locator('main');
    await waiting.getByText(staff.doctorName).first().waitFor();
    await waiting.getByText(staff.rpps).waitFor();
    await waiting.getByText(/Identité vérifiée par mot de passe et code à usage unique/).waitFor();
    for (const { page } of [doctor, patient]) {
      await until('the transport is there', async () => (await media(page)).connected === 1);
      await pause(1_000);
      const { sent, audio, camera } = await media(page);
      assert.deepEqual({ sent, audio, camera }, { sent: 0, audio: 0, camera: 0 }, 'nothing passes before the admission');
    }
  });

  await t.test('once admitted they see and hear each other', async () => {
    await doctor.admit();
    await patient.answer();
    const [atDoctor, atPatient] = await Promise.all([mediaFlows(doctor.page), mediaFlows(patient.page)]);
    t.diagnostic(`doctor ${JSON.stringify(atDoctor)}`);
    t.diagnostic(`patient ${JSON.stringify(atPatient)}`);
  });

  await t.test('on a good network a good picture is allowed within seconds', async () => {
    for (const { page } of [doctor, patient]) {
      await until('a good picture is allowed', async () => {
        const rate = await allowedRate(page);
        if (rate < 1_500_000) throw new Error(`${rate} bit/s`);
        t.diagnostic(`${Math.round(rate / 1000)} kbit/s`);
        return true;
      }, { within: 15_000, every: 250 });
    }
  });

  await t.test('microphone and camera are switched, and the other is told', async () => {
    await doctor.bar('Micro').click();
    await patient.notice('Le médecin a coupé son micro.').waitFor();
    await doctor.bar('Micro').click();
    await patient.notice('Le médecin a coupé son micro.').waitFor({ state: 'hidden' });
    await patient.tap('Couper le micro');
    await patient.notice('Micro coupé : le médecin ne vous entend pas.').waitFor();
    await doctor.page.getByText('Micro du patient coupé').first().waitFor();
    const muted = (await media(doctor.page)).energy;
    await patient.tap('Remettre le micro');
    await doctor.page.getByText('Micro du patient coupé').first().waitFor({ state: 'hidden' });
    await until('the patient is heard again', async () => (await media(doctor.page)).energy > muted + 1e-4);

    await patient.tap('Couper la caméra');
    await doctor.page.getByText('La caméra du patient est coupée. Le son continue.').first().waitFor();
    await doctor.page.locator('.stage-picture .picture').waitFor({ state: 'hidden' });
    await patient.tap('Couper le micro');
    await doctor.page.locator('.stage-dark', { hasText: 'La caméra et le micro du patient sont coupés.' }).waitFor();
    await patient.tap('Remettre le micro');
    await patient.tap('Remettre la caméra');
    await mediaFlows(doctor.page, { sound: false });
    await doctor.bar('Caméra').click();
    await patient.notice('Le médecin a coupé sa caméra.').waitFor();
    await doctor.bar('Caméra').click();
    await mediaFlows(patient.page, { sound: false });
  });

  await t.test('the patient sees the shared screen', async () => {
    await doctor.bar('Partager').click();
    const whole = doctor.page.getByRole('dialog').getByRole('button', { name: 'Partager tout l\'écran' });
    await whole.or(doctor.bar('Arrêter le partage')).first().waitFor();
    if (await whole.isVisible()) await whole.click();
    await patient.notice('Le médecin partage son écran.').waitFor();
    await until('frames of the screen are decoded', async () => (await media(patient.page)).screen >= 3, { within: 20_000 });
    await doctor.bar('Arrêter le partage').click();
    await until('the share is over', async () => !(await patient.page.locator('#screen').isVisible()));
  });

  await t.test('notes are saved by themselves and are there after a reload', async () => {
    await doctor.write(NOTES);
    await doctor.page.reload();
    await doctor.page.locator('.bar-button', { hasText: 'Partager' }).waitFor();
    assert.equal(await doctor.notes().inputValue(), NOTES);
    await Promise.all([mediaFlows(doctor.page), mediaFlows(patient.page)]);
  });

  await t.test('a prescription names what is missing, refuses a secured substance, and is issued', async () => {
    const { page } = doctor;
    await doctor.tab('Ordonnance').click();
    const panel = page.getByRole('tabpanel', { name: 'Ordonnance' });
    await panel.getByLabel('Médicament (DCI ou nom)').fill('Morphine');
    await panel.getByRole('button', { name: 'Relire l\'ordonnance' }).click();
    await panel.getByText(/À corriger avant la remise\s*:\s*3/).waitFor();
    await panel.getByText('Indiquez la durée ou le nombre de boîtes.').waitFor();
    await panel.getByLabel('Dosage et forme').fill('10 mg, gélule');
    await panel.getByLabel('Posologie et mode d\'emploi').fill('1 gélule matin et soir');
    await panel.getByLabel('Durée', { exact: true }).fill('7 jours');
    await panel.getByRole('button', { name: 'Relire l\'ordonnance' }).click();
    await page.getByText(/Refusé\s*:\s*morphine/i).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Signer et remettre au patient' }).count(), 0);
    await panel.getByLabel('Médicament (DCI ou nom)').fill('Amoxicilline');
    await panel.getByLabel('Dosage et forme').fill('500 mg, gélule');
    await panel.getByLabel('Posologie et mode d\'emploi').fill('1 gélule matin, midi et soir pendant le repas');
    await panel.getByRole('button', { name: 'Relire l\'ordonnance' }).click();
    await page.getByRole('button', { name: 'Signer et remettre au patient' }).click();
    await page.getByText('L\'ordonnance est remise au patient.').first().waitFor();
    await panel.getByRole('button', { name: 'Corriger cette ordonnance' }).waitFor();
    await patient.notice('Le médecin vous a envoyé une ordonnance.').waitFor();
  });

  await t.test('the doctor ends; the patient downloads the prescription', async () => {
    await doctor.endForAll();
    await patient.heading('La consultation est terminée.').waitFor();
    const [download] = await Promise.all([
      patient.page.waitForEvent('download'),
      patient.page.getByRole('link', { name: 'Télécharger l\'ordonnance' }).tap(),
    ]);
    const path = await download.path();
    assert.equal(readFileSync(path).subarray(0, 5).toString(), '%PDF-');
    const text = execFileSync('pdftotext', ['-layout', path, '-'], { encoding: 'utf8' });
    const mentions = [
      staff.doctorFamily, staff.rpps, 'Médecine générale', form.birth_name.toUpperCase(), 'Élodie', '14/03/1957',
      'Amoxicilline', '500 mg', '1 gélule matin, midi et soir pendant le repas', '7 jours',
    ];
    const flat = text.replace(/\s+/g, ' ');
    for (const mention of mentions) assert.ok(flat.toLowerCase().includes(mention.toLowerCase()), `«${mention}» is missing in:\n${text}`);
  });

  await t.test('the journal has what happened, each fact once', async () => {
    const administrator = await new Caller(platform.origin).signIn(staff.administrator);
    const lines = await wholeJournal(administrator);
    t.diagnostic([...new Set(lines.map((line) => `${line.kind} ${line.actor_role}`))].join(', '));
    const { consultation } = lines.find((line) => line.kind === 'consultation_admitted');
    const count = (kind, role) => lines.filter((line) => line.kind === kind && line.actor_role === role && line.consultation === consultation).length;
    for (const [kind, role] of [
      ['invitation_redeemed', 'patient'], ['consent_given', 'patient'], ['connection_joined', 'patient'], ['connection_joined', 'practitioner'],
      ['consultation_admitted', 'practitioner'], ['document_issued', 'practitioner'], ['document_read', 'patient'], ['consultation_ended', 'practitioner'],
    ]) {
      assert.equal(count(kind, role), 1, `${kind} of the ${role}`);
    }
    // The doctor loaded the page again; a slow machine may have lost a connection once more.
    assert.ok(count('connection_resumed', 'practitioner') >= 1, 'the doctor came back');
    for (const role of ['practitioner', 'patient']) assert.ok(count('media_connected', role) >= 1, `media of the ${role}`);
    // Once at the activation of the account, once in this story.
    const signedIn = (name) => lines.filter((line) => line.kind === 'sign_in_succeeded' && line.actor === name).length;
    assert.deepEqual([signedIn(staff.doctorName), signedIn('Paule Garnier')], [2, 2]);
    assert.equal(lines.filter((line) => line.kind === 'sign_in_failed' && line.outcome === 'refused').length, 2);
    const shown = JSON.stringify(lines).toLowerCase();
    for (const secret of secrets) assert.ok(!shown.includes(secret.toLowerCase()), `«${secret}» stands in the journal`);

    const pseudonym = lines.find((line) => line.actor_role === 'patient').person;
    const ofPatient = await administrator.get(`/api/journal?limit=200&person=${encodeURIComponent(pseudonym)}`);
    assert.deepEqual(numbers(ofPatient.lines), numbers(lines.filter((line) => line.person === pseudonym)));
    const refused = await administrator.get('/api/journal?limit=200&outcome=refused');
    assert.deepEqual(numbers(refused.lines), numbers(lines.filter((line) => line.outcome === 'refused')));
    const first = await administrator.get('/api/journal?limit=2');
    const second = await administrator.get(`/api/journal?limit=2&cursor=${encodeURIComponent(first.next)}`);
    const all = numbers(await wholeJournal(administrator));
    assert.deepEqual(numbers([...first.lines, ...second.lines]), all.slice(all.indexOf(first.lines[0].sequence)).slice(0, 4));
  });

  await t.test('the export has every line of the journal, and is journaled', async () => {
    const administrator = await new Caller(platform.origin).signIn(staff.administrator);
    const csv = await administrator.send('GET', '/api/journal/export');
    assert.equal(csv.status, 200);
    assert.match(csv.headers['content-type'], /text\/csv/);
    const [head, ...rows] = csv.bytes.toString().trimEnd().split('\n').map((row) => row.split(';'));
    assert.deepEqual([head[0], head.at(-1)], ['\ufeffPosition', 'Identifiant']);
    const lines = (await wholeJournal(administrator)).toReversed();
    const last = Number(rows.at(-1)[0]);
    const exported = lines.filter((line) => line.sequence <= last);
    assert.deepEqual(rows.map((row) => [Number(row[0]), row[3], row.at(-1)]), exported.map((line) => [line.sequence, line.kind, line.event]));
    const exports = lines.filter((line) => line.kind === 'journal_exported');
    assert.equal(exports.length, 1);
    assert.ok(exports[0].sequence > last);
    const { fields } = await administrator.get(`/api/journal/${exports[0].event}`);
    assert.ok(fields.some(([, value]) => value === String(rows.length)), JSON.stringify(fields));
  });

  await t.test('nothing of it stands in the log, at the level that says most', async () => {
    assert.match(platform.output, /DEBUG/);
    // Instants have six digits after the second, as a code has.
    const log = platform.output.replace(/\d{2}:\d{2}\.\d+Z/g, '');
    const cookies = [...(await desk.cookies()), ...(await phone.cookies())].filter(({ name }) => name.startsWith('__Host-'));
    assert.equal(cookies.length, 3, 'the session and the browser of the doctor, the session of the patient');
    const words = [
      ...secrets, form.phone, 'Claire', 'Martin', 'Garnier', 'Médecin', 'générale', staff.rpps, NOTES.split('\n')[0], 'Température', 'Amoxicilline',
      'Morphine', 'gélule', new URL(link).hash.slice(1), ...Object.values(staff.doctor), staff.administrator.email, staff.administrator.password,
      ...cookies.map((cookie) => cookie.value),
    ];
    const found = log.split('\n').filter((line) => words.some((word) => line.toLowerCase().includes(word.toLowerCase())));
    assert.deepEqual(found, []);
    assert.doesNotMatch(log, new RegExp(`(?<![\\w.-])${code}(?![\\w-])`), 'the code stands in the log');
  });

  await t.test('no error, no third party, no violation, no name in an address', async () => {
    desk.watch.allow(/prescriptions\/check: 4\d\d/);
    desk.watch.assertClean();
    phone.watch.assertClean();
  });

  await Promise.all([desk.close(), phone.close()]);
});

/** Every line of the journal, newest first. */
async function wholeJournal(administrator) {
  const lines = [];
  for (let cursor = ''; cursor !== null; ) {
    const page = await administrator.get(`/api/journal?limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    lines.push(...page.lines);
    cursor = page.next;
  }
  return lines;
}

const numbers = (lines) => lines.map((line) => line.sequence);
