// Documents that people hand each other in a consultation: what is seen of them arrives, what programs hide in them does not, and nobody
// has to trust whoever sent one. In Chromium and Firefox.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { HIDDEN, SEEN, letter, locked, noLetter, wordsOf } from '../harness/document.mjs';
import { launchFirefox } from '../harness/firefox.mjs';
import { FirefoxPatient } from '../harness/foxes.mjs';
import { Scene } from '../harness/scene.mjs';
import { Talk } from '../harness/talk.mjs';

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
  const [ours, theirs] = [new Talk(people.doctor.page), new Talk(people.patient.page)];
  await ours.open();
  return { ...people, ours, theirs };
}

function isClean({ bytes, name }) {
  assert.match(name, /^document-\d+\.pdf$/, 'not even its name came along');
  assert.ok(wordsOf(bytes).includes(SEEN), 'what is seen arrived');
  for (const hidden of [HIDDEN, 'JavaScript', 'OpenAction', 'Filespec', 'URI', 'Author']) {
    assert.ok(!bytes.includes(hidden), hidden);
  }
}

test('a document arrives with what is seen of it and nothing else', async () => {
  const { doctor, ours, theirs } = await talking();
  assert.ok(letter().buffer.includes(HIDDEN), 'it is hidden in the file that is chosen');
  await theirs.open();
  assert.equal(await theirs.page.evaluate(() => performance.getEntriesByType('resource').filter(({ name }) => name.includes('/clean')).length), 0);
  await theirs.send(letter());
  await ours.entry('PDF, ').getByText('Enregistrer').waitFor({ timeout: 60_000 });
  isClean(await ours.document());
  isClean(await theirs.document());
  // The practitioner reads it beside the call; a telephone would lose its camera to another tab.
  const opened = doctor.page.context().waitForEvent('page');
  await ours.panel.getByRole('link', { name: 'Ouvrir' }).click();
  assert.match((await opened).url(), /^blob:/);
  await (await opened).close();
  assert.equal(await theirs.panel.getByRole('link', { name: 'Ouvrir' }).count(), 0);
  assert.deepEqual(await doctor.page.evaluate(() => document.querySelectorAll('.talk-entry [data-failed]').length), 0);
  await scene.endStory();
});

test('what cannot be sent is said to whoever chose it', async () => {
  const { theirs, ours } = await talking();
  await theirs.open();
  for (const [file, words] of [[locked(), 'protégé par un mot de passe'], [noLetter(), 'illisible']]) {
    await theirs.send(file);
    await theirs.panel.getByText(words).waitFor();
  }
  assert.equal(await ours.panel.locator('.talk-entry').count(), 0);
  // The next one goes.
  await theirs.send(letter());
  isClean(await ours.document());
});

test('whoever sends a document as it was does not get it onto another screen', async () => {
  const { patient, ours, theirs } = await talking();
  // A patient's page that hands on what it is given.
  await patient.page.context().route('**/assets/clean-*.js', (route) =>
    route.fulfill({ contentType: 'text/javascript', body: 'self.onmessage = ({ data }) => self.postMessage(data);' }));
  await theirs.open();
  await theirs.send(letter());
  const came = await ours.document();
  assert.ok((await theirs.document()).bytes.includes(HIDDEN), 'it was sent as it was');
  isClean(came);
  await theirs.send(noLetter());
  await ours.panel.getByText('il a été écarté').waitFor({ timeout: 30_000 });
  assert.equal(await ours.panel.locator('a[download]').count(), 1, 'nothing of it can be opened');
});

test('from Firefox, and to Firefox', async () => {
  fox = await FirefoxPatient.open(firefox);
  const { ours } = await talking(fox);
  await ours.send(letter());
  await ours.document();
  await fox.page.evaluate(() => [...document.querySelectorAll('.bar button')].find(({ innerText }) => innerText.includes('Messages')).click());
  await fox.page.waitForFunction(() => document.querySelector('#talk-log a[download$=".pdf"]'));
  const received = await fox.page.evaluate(async () => {
    const answer = await fetch(document.querySelector('#talk-log a[download$=".pdf"]').href).catch(() => undefined);
    return answer === undefined ? undefined : answer.status;
  });
  // The page may ask its server only, and not even for what it holds itself.
  assert.equal(received, undefined);
  await fox.page.evaluate((bytes) => {
    const file = new File([Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))], 'bilan.pdf', { type: 'application/pdf' });
    const chosen = new DataTransfer();
    chosen.items.add(file);
    const input = document.querySelector('#talk-file');
    input.files = chosen.files;
    input.dispatchEvent(new Event('change', { bubbles: true }));
  }, letter().buffer.toString('base64'));
  await ours.entry('PDF, ').nth(1).getByText('Enregistrer').waitFor({ timeout: 60_000 });
  isClean(await ours.document());
});
