// Links in the wrong hands, at the wrong time, on the wrong device; and a flood that disturbs nobody.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Flood } from '../harness/flood.mjs';
import { media, mediaFlows } from '../harness/media.mjs';
import { Scene } from '../harness/scene.mjs';
import { pause, until } from '../harness/wait.mjs';

let scene;

before(async () => (scene = await Scene.open()));
after(() => scene?.close());
afterEach(() => scene?.endStory({ clean: false }));

test('a link that served in one browser does not serve in another (E01)', async () => {
  const visit = await scene.practice.invite();
  const [owner, other] = [await scene.patient(), await scene.patient()];
  await owner.arrive(visit);
  other.page.context().watch.allow(/redeem: 4\d\d/);
  await other.open(visit.link);
  await other.start();
  await other.heading('Ce lien n\'est pas reconnu').waitFor();
  await other.page.getByText('E01').waitFor();
  assert.equal(await other.codeField().count(), 0);
  await other.page.getByRole('link', { name: /^Appeler/ }).first().waitFor();
  // A new link goes to the address on file, and the old session of the owner goes on.
  const seen = (await visit.mails()).length;
  await other.tap('Recevoir un nouveau lien');
  await other.page.getByText(/un nouveau lien vous est envoyé par e-mail\./).first().waitFor();
  await waitForMail(visit, seen);
  await owner.waiting();
  await scene.endStory();
});

async function waitForMail(visit, seen) {
  await until('a further message', async () => (await visit.mails()).length > seen);
}

test('an altered secret is not recognised, and says no more', async () => {
  const visit = await scene.practice.invite();
  const patient = await scene.patient();
  patient.page.context().watch.allow(/redeem: 4\d\d/);
  await patient.open(visit.link.replace(/#.{6}/, '#AAAAAA'));
  await patient.start();
  await patient.heading('Ce lien n\'est pas reconnu').waitFor();
  await scene.endStory();
});

test('an unknown invitation looks like nothing', async () => {
  const visit = await scene.practice.invite();
  const patient = await scene.patient();
  patient.page.context().watch.allow(/\/c\/.*: 404/, /GET \/api\/patient: 401/);
  const id = new URL(visit.link).pathname.split('/')[2];
  await patient.open(visit.link.replace(id, `${id.slice(0, -4)}AAAA`));
  await patient.heading('Ce lien n\'est pas reconnu').waitFor();
  assert.equal(await patient.page.getByText('Martin').count(), 0);
  await scene.endStory();
});

test('a cancelled appointment says so (E04)', async () => {
  const visit = await scene.practice.invite();
  const [early, late] = [await scene.patient(), await scene.patient()];
  await early.open(visit.link);
  await scene.practice.desk.post(`/api/appointments/${visit.appointment.appointment}/cancel`, {});
  early.page.context().watch.allow(/redeem: 4\d\d/);
  await early.start();
  await early.heading('Le rendez-vous a changé').waitFor();
  await late.open(visit.link);
  await late.heading('Le rendez-vous a été annulé').waitFor();
  await scene.endStory();
});

test('somebody early is told when the room opens (E03)', async () => {
  const visit = await scene.practice.invite({ startsIn: 120 });
  const patient = await scene.patient();
  await patient.open(visit.link);
  await patient.heading('Vous êtes en avance').waitFor();
  const opens = new Intl.DateTimeFormat('fr-FR', { hour: 'numeric', minute: '2-digit', timeZone: 'Europe/Paris' })
    .format(visit.appointment.starts_at - 30 * 60_000).replace(/^0/, '').replace(':', ' h ');
  assert.match((await patient.page.locator('#welcome').innerText()).replace(/\s/g, ' '), new RegExp(`La salle ouvre à 0?${opens}`));
  await patient.page.getByRole('link', { name: 'Faire un essai' }).first().waitFor();
  await scene.endStory();
});

test('the rehearsal ends with a verdict', async () => {
  const visit = await scene.practice.invite({ startsIn: 120 });
  const patient = await scene.patient();
  await patient.open(visit.link.replace('#', '/test#'));
  await patient.start();
  await patient.heading('On vérifie ensemble').waitFor();
  await patient.page.getByText('On vous entend').first().waitFor();
  await patient.tap('Terminer l\'essai');
  await patient.heading('Tout fonctionne.').waitFor();
  await scene.endStory();
});

test('on a second device the patient chooses where to go on (E05)', async () => {
  const { visit, doctor, patient } = await scene.call();
  const seen = (await visit.mails()).length;
  const fresh = await scene.practice.desk.post(`/api/appointments/${visit.appointment.appointment}/invitation/again`);
  await waitForMail(visit, seen);
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
  await mediaFlows(patient.page);
  await second.tap('Continuer ici');
  await second.answer();
  await Promise.all([mediaFlows(second.page), mediaFlows(doctor.page)]);
  await patient.heading('Vous continuez sur un autre appareil').waitFor();
  await scene.endStory({ clean: false });
});

test('a wrong code is said at once; enough of them end it', async () => {
  const visit = await scene.practice.invite();
  const patient = await scene.patient();
  patient.page.context().watch.allow(/second-factor(\/resend)?: 4\d\d/);
  await patient.open(visit.link);
  await patient.start();
  const right = await visit.code(1);
  const wrong = Array.from({ length: 200 }, (_, number) => String(number).padStart(6, '0')).filter((code) => code !== right);
  const first = wrong.shift();
  await patient.enterCode(first);
  await patient.page.getByText('Ce code n\'est pas le bon.').waitFor();
  // The code went by itself at its last digit; whoever taps on top of that asks nothing new.
  let asked = 0;
  patient.page.on('request', (request) => (asked += Number(/second-factor$/.test(request.url()))));
  await patient.tap('Continuer');
  await patient.page.getByText('Ce code n\'est pas le bon.').waitFor();
  assert.equal(asked, 0);
  const over = patient.page.getByText('Ce code ne sert plus.');
  // Tries that follow one another too fast are put off, not counted.
  await until('the code is burnt', async () => {
    const answered = patient.page.waitForResponse(/second-factor$/);
    await patient.codeField().fill('');
    await patient.codeField().fill(wrong.shift());
    await answered;
    return over.isVisible();
  }, { within: 60_000, every: 1_000 });
  await patient.codeField().fill('');
  await patient.codeField().fill(right);
  await over.waitFor();
  assert.equal(await patient.heading('On vérifie ensemble').count(), 0, 'the guessed code still served');
  const seen = (await visit.mails()).length;
  // Half a minute lies between two messages.
  await until('another code is on its way', async () => {
    await patient.tap('Renvoyer un code');
    return patient.page.getByText('Un nouveau code est parti.').waitFor({ timeout: 2_000 }).then(() => true, () => false);
  }, { within: 60_000, every: 2_000 });
  assert.equal(await patient.codeField().inputValue(), '');
  await patient.enterCode(await visit.code(seen));
  await patient.heading('On vérifie ensemble').waitFor();
  await scene.endStory();
});

test('a flood of HTTP disturbs no consultation', async (t) => {
  const { doctor, patient } = await scene.call();
  const people = { doctor, patient };
  const look = async () => Object.fromEntries(await Promise.all(Object.entries(people).map(async ([name, { page }]) => [name, await media(page)])));
  const before = await look();
  const flood = new Flood(scene.platform);
  const stills = [];
  try {
    await flood.hold(200);
    await flood.trickle(20);
    flood.oversize(10);
    flood.hammer(16);
    let last = await look();
    for (let second = 0; second < 10; second += 1) {
      await pause(1_000);
      // More connections than one address may have, once the answers of the others were seen.
      if (second === 4) await flood.hold(100);
      const now = await look();
      for (const name of Object.keys(people)) if (now[name].camera <= last[name].camera) stills.push(`${name}, second ${second}`);
      last = now;
    }
    await doctor.write('Noté pendant que d\'autres frappent à la porte.');
  } finally {
    await flood.stop();
  }
  const after = await look();
  t.diagnostic(`opened ${flood.opened}, turned away ${flood.turnedAway}, answers ${JSON.stringify([...flood.statuses])}`);
  t.diagnostic(`pictures ${Object.keys(people).map((name) => `${name} ${after[name].camera - before[name].camera}`).join(', ')}`);
  // It was a flood: the limits were met.
  assert.ok(flood.turnedAway >= 40, `${flood.turnedAway} connections were turned away`);
  assert.ok(flood.count(413) > 0 && flood.count(429) > 0, JSON.stringify([...flood.statuses]));
  assert.equal(flood.count(500), 0);
  // And nobody in consultation noticed: the pictures went on, on the same transport.
  assert.ok(stills.length <= 2, `seconds without a new picture: ${stills}`);
  for (const name of Object.keys(people)) {
    assert.ok(after[name].camera - before[name].camera >= 50, `${name} saw ${after[name].camera - before[name].camera} pictures`);
    assert.deepEqual([after[name].made, after[name].connected], [before[name].made, 1], name);
  }
  await Promise.all([mediaFlows(doctor.page), mediaFlows(patient.page)]);
  await scene.endStory();
});
