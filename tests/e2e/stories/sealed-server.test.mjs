// A signaling server, and then a whole platform, that wants in: the call falls silent or shows different words, and never says that it is
// between two who compared the same words when it is not.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, afterEach, before, test } from 'node:test';
import { launchFirefox } from '../harness/firefox.mjs';
import { FirefoxPatient } from '../harness/foxes.mjs';
import { between, media, mediaFlows } from '../harness/media.mjs';
import { Scene } from '../harness/scene.mjs';
import { pause, until } from '../harness/wait.mjs';
import { body, falselyAttested, Ghost, giveDown, identityKey, KIND, letGo, listen, participantOf, readCommit, rule, seen, text, wire } from '../harness/wire.mjs';

const PREPARING = 'Chiffrement en cours…';
const SEALED = 'Chiffré de bout en bout';
const TWO_WORDS = /^[a-z]{4,10} · [a-z]{4,10}$/;

let scene;
let firefox;
let foxes = [];

before(async () => {
  scene = await Scene.open();
  firefox = await launchFirefox();
});

after(async () => {
  await firefox?.close();
  await scene?.close();
});

afterEach(async () => {
  await Promise.all(foxes.splice(0).map(({ context }) => context.close()));
  await scene.endStory({ clean: false });
});

async function patientWith(engine, script) {
  if (engine === 'Chromium') return scene.patient({ script });
  foxes.push(await FirefoxPatient.open(firefox, { script }));
  return foxes.at(-1);
}

const words = ({ page }) => page.evaluate(() => document.querySelector('#words strong')?.innerText ?? null);
const says = ({ page }, text) => page.evaluate((text) => document.body.innerText.includes(text), text);
const isTold = (person, text) => until(`"${text}"`, () => says(person, text), { within: 20_000 });

/** Nothing is decoded or heard on any of these pages for a while. */
async function stayApart(people) {
  const before = await Promise.all(people.map(({ page }) => media(page)));
  await pause(2_000);
  for (const [at, now] of (await Promise.all(people.map(({ page }) => media(page)))).entries()) {
    const { pictures, energy } = between(before[at], now);
    assert.equal(pictures, 0, 'pictures were decoded');
    assert.ok(energy < 0.001, `something was heard: ${energy}`);
  }
}

/** Both see the same two words; gives them. */
async function agree({ patient, doctor }) {
  const [atPatient, atDoctor] = await until('both see words', async () => {
    const both = [await words(patient), await words(doctor)];
    return both.every(Boolean) && both;
  });
  assert.match(atPatient, TWO_WORDS);
  assert.equal(atDoctor, atPatient);
  return atPatient;
}

/** The texts of one kind that went one way. */
const textsOf = async ({ page }, way, kind) => (await seen(page)).filter((it) => it.way === way && it.kind === kind).map((it) => it.text);

for (const engine of ['Chromium', 'Firefox']) {
  test(`group messages that are withheld leave both silent, and the patient is told so (${engine})`, async () => {
    const script = wire({ down: { [KIND.welcome]: 'hold', [KIND.commit]: 'hold', [KIND.sealed]: 'hold' } });
    const people = await scene.meet({ patient: await patientWith(engine, script), doctor: await scene.doctor() });
    await isTold(people.patient, PREPARING);
    await stayApart([people.patient, people.doctor]);
    assert.deepEqual([await words(people.patient), await words(people.doctor)], [null, null]);
    // The story can fail: what was withheld is let go, and the call is there.
    await rule(people.patient.page, {});
    assert.ok(await letGo(people.patient.page, false) > 0);
    await Promise.all([mediaFlows(people.doctor.page), mediaFlows(people.patient.page)]);
    await agree(people);
  });

  test(`group messages that come twice, late and turned around change nothing (${engine})`, async () => {
    const twice = Object.fromEntries(Object.values(KIND).map((kind) => [kind, 'twice']));
    const [patient, doctor] = [
      await patientWith(engine, wire({ down: { ...twice, [KIND.sealed]: 'hold' } })), await scene.doctor({ script: wire({ down: twice }) }),
    ];
    await scene.meet({ patient, doctor });
    await until('what the doctor says in the group comes', () => patient.page.evaluate(() => globalThis.wire.held.length > 1));
    assert.equal(await words(patient), null);
    await rule(patient.page, { down: twice });
    await letGo(patient.page, true);
    const agreed = await agree({ patient, doctor });
    await Promise.all([mediaFlows(doctor.page), mediaFlows(patient.page)]);
    for (const { page } of [patient, doctor]) {
      const of = [KIND.keyPackage, KIND.sealed, KIND.commit, KIND.welcome, KIND.ordered];
      const old = (await seen(page)).filter(({ way, kind }) => way === 'down' && of.includes(kind)).map((it) => it.text);
      assert.ok(old.length > 2, `${old.length} to repeat`);
      await giveDown(page, ...old.toReversed(), ...old);
    }
    await Promise.all([mediaFlows(doctor.page), mediaFlows(patient.page)]);
    assert.equal(await agree({ patient, doctor }), agreed);
  });
}

test('a key package of another consultation, or a changed one, lets nobody in', async () => {
  const script = wire({ up: { [KIND.keyPackage]: 'drop' } });
  const first = await scene.meet({ patient: await scene.patient({ script }), doctor: await scene.doctor() });
  const [foreign] = await until('a key package is offered', async () => {
    const found = await textsOf(first.patient, 'up', KIND.keyPackage);
    return found.length > 0 && found;
  });
  await scene.endStory({ clean: false });

  const doctor = await scene.doctor({ script: wire({ down: { [KIND.keyPackage]: 'hold' } }) });
  const { patient } = await scene.meet({ patient: await scene.patient(), doctor });
  const [own] = await until('a key package comes', async () => {
    const found = await textsOf(doctor, 'down', KIND.keyPackage);
    return found.length > 0 && found;
  });
  const participant = body(own).subarray(0, 16);
  const changed = Buffer.from(body(own).subarray(16));
  for (const at of [40, changed.length >> 1, changed.length - 10]) {
    const other = Buffer.from(changed);
    other[at] ^= 1;
    await giveDown(doctor.page, text(KIND.keyPackage, participant, other));
  }
  await giveDown(doctor.page, text(KIND.keyPackage, participant, body(foreign)));
  await Promise.all([isTold(doctor, PREPARING), isTold(patient, PREPARING)]);
  await stayApart([patient, doctor]);
  assert.equal((await textsOf(doctor, 'up', KIND.commit)).length, 0, 'somebody was let in');
  assert.deepEqual([await words(patient), await words(doctor)], [null, null]);
  // Whoever waits in vain reads what to do.
  await patient.notice('rien ne passe').getByRole('link', { name: 'Continuer par téléphone' }).waitFor({ timeout: 20_000 });
  // The right one is believed.
  await letGo(doctor.page, false);
  await Promise.all([mediaFlows(doctor.page), mediaFlows(patient.page)]);
  await agree({ patient, doctor });
  assert.equal(await patient.notice('rien ne passe').count(), 0);
});

test('a group that is forked falls silent and shows no words', async () => {
  const doctor = await scene.doctor({ script: wire({ down: { [KIND.ordered]: 'drop' } }) });
  const { patient } = await scene.meet({ patient: await scene.patient(), doctor });
  // The patient follows the doctor's change; the doctor is told that it does not hold.
  await until('the doctor changes the group', async () => (await textsOf(doctor, 'up', KIND.commit)).length > 0);
  const { epoch } = readCommit((await textsOf(doctor, 'up', KIND.commit))[0]);
  await giveDown(doctor.page, text(KIND.ordered, epoch, [0]));
  await stayApart([patient, doctor]);
  assert.deepEqual([await words(patient), await words(doctor)], [null, null]);
  assert.equal(await says(doctor, `${SEALED}, vérifié`), false);
});

/** Puts a ghost on each side: the doctor talks to one that says it is the patient, the patient to one that says it is the doctor. */
async function standBetween(key) {
  const tell = { up: { [KIND.commit]: 'tell', [KIND.sealed]: 'tell', [KIND.keyPackage]: 'tell' }, down: { [KIND.keyPackage]: 'drop', [KIND.commit]: 'drop', [KIND.sealed]: 'drop', [KIND.welcome]: 'drop', [KIND.ordered]: 'drop' } };
  const script = wire(tell);
  const [patient, doctor] = [await scene.patient({ script }), await scene.doctor({ script })];
  const room = await scene.doctor();
  await room.page.goto(`${scene.platform.origin}/pro`);
  const [toDoctor, toPatient] = [room.page, await room.page.context().newPage()];
  await toPatient.goto(`${scene.platform.origin}/pro`);
  const attested = {};

  const asPatient = await Ghost.open(toDoctor, async (said) => {
    const bytes = body(said);
    const kind = Buffer.from(said, 'base64url')[0];
    if (kind === KIND.attest) await asPatient.hear(falselyAttested(attested.patient, bytes, key, false));
    if (kind === KIND.keyPackage) await giveDown(doctor.page, text(KIND.keyPackage, participantOf(attested.patient), bytes));
    if (kind === KIND.sealed) await giveDown(doctor.page, said);
  });
  const asDoctor = await Ghost.open(toPatient, async (said) => {
    const bytes = body(said);
    const kind = Buffer.from(said, 'base64url')[0];
    if (kind === KIND.attest) await asDoctor.hear(falselyAttested(attested.doctor, bytes, key, true));
    if (kind === KIND.askOffers) await giveDown(patient.page, text(KIND.offer));
    if (kind === KIND.commit) {
      const { epoch, welcome } = readCommit(said);
      await asDoctor.hear(text(KIND.ordered, epoch, [1]));
      if (welcome.length) await giveDown(patient.page, text(KIND.welcome, welcome));
    }
    if (kind === KIND.sealed) await giveDown(patient.page, said);
  });
  await listen(doctor.page, async ({ kind, text: said }) => {
    if (kind === KIND.commit) {
      const { epoch, welcome } = readCommit(said);
      await giveDown(doctor.page, text(KIND.ordered, epoch, [1]));
      if (welcome.length) await asPatient.hear(text(KIND.welcome, welcome));
    }
    if (kind === KIND.sealed) await asPatient.hear(said);
  });
  await listen(patient.page, async ({ kind, text: said }) => {
    if (kind === KIND.keyPackage) await asDoctor.hear(text(KIND.keyPackage, participantOf(attested.patient), body(said)));
    if (kind === KIND.sealed) await asDoctor.hear(said);
  });

  await scene.meet({ patient, doctor });
  for (const [who, person] of Object.entries({ patient, doctor })) {
    [attested[who]] = await until(`the platform states the ${who}'s key`, async () => {
      const found = await textsOf(person, 'down', KIND.attested);
      return found.length > 0 && found;
    });
  }
  await asPatient.join(attested.patient);
  await asDoctor.join(attested.doctor);
  return { patient, doctor, asPatient, asDoctor };
}

test('a ghost that the platform\'s identity key has not stated is let in by nobody', async () => {
  const { patient, doctor, asPatient } = await standBetween(generateKeyPairSync('ed25519').privateKey);
  await Promise.all([isTold(doctor, PREPARING), isTold(patient, PREPARING)]);
  await stayApart([patient, doctor]);
  assert.equal((await textsOf(doctor, 'up', KIND.commit)).length, 0, 'somebody was let in');
  assert.deepEqual([await words(patient), await words(doctor), (await asPatient.words()) || null], [null, null, null]);
});

test('a platform that misuses its identity key stands in the middle, and each side sees other words', async () => {
  const { patient, doctor, asPatient, asDoctor } = await standBetween(identityKey(scene.platform));
  const [atDoctor, atPatient] = await until('both see words', async () => {
    const both = await Promise.all([words(doctor), words(patient)]);
    return both.every(Boolean) && both;
  }, { within: 30_000 });
  assert.match(atDoctor, TWO_WORDS);
  assert.match(atPatient, TWO_WORDS);
  // The attack worked: each ghost sees what the person that it betrays sees. Only the words are in its way.
  assert.equal(await asPatient.words(), atDoctor);
  assert.equal(await asDoctor.words(), atPatient);
  assert.notEqual(atPatient, atDoctor);
  // Whoever stands there says that the words are the same, to both: each person's own eyes count.
  await Promise.all([asPatient.claim(), asDoctor.claim()]);
  await new Promise((done) => setTimeout(done, 2_000));
  assert.deepEqual([await words(patient), await words(doctor)], [atPatient, atDoctor]);
  assert.equal(await says(doctor, `${SEALED}, vérifié`), false);
  await patient.page.locator('#words').getByRole('button', { name: 'Non' }).tap();
  await patient.heading('Les mots diffèrent').waitFor();
  await stayApart([patient, doctor]);
  assert.equal(await says(doctor, `${SEALED}, vérifié`), false);
});
