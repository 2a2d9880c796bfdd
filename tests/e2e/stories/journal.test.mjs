// The administrator's journal in a browser: every filter, the address that holds them, pages, detail.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Caller } from '../harness/caller.mjs';
import { DESKTOP, openContext } from '../harness/chromium.mjs';
import { Scene } from '../harness/scene.mjs';

/** Lines of a page of the journal. */
const PAGE = 50;

let scene;
let page;

before(async () => {
  scene = await Scene.open();
  for (let round = 0; round < 10; round += 1) await scene.practice.invite({ startsIn: 60 * (round + 1) });
  const stranger = { email: 'personne@exemple.fr', password: 'pas-le-bon-mot-de-passe' };
  await new Caller(scene.platform.origin).post('/api/session/password', stranger).then(() => assert.fail(), () => {});
});
after(() => scene?.close());

async function open(address = '/admin?periode=tout') {
  const context = await openContext(scene.browser, scene.platform, DESKTOP, { storageState: scene.practice.office.storageState });
  scene.contexts.push(context);
  page = await context.newPage();
  await page.goto(`${scene.platform.origin}${address}`);
  await lines().first().waitFor();
}

const lines = () => page.locator('.journal tbody tr');
const cells = (label) => page.locator(`.journal tbody td[data-label="${label}"]`).allInnerTexts();
const choose = (label, option) => page.getByLabel(label, { exact: true }).selectOption(option);

/** Filters and waits for the list that the address now names. */
async function filter(query) {
  const answered = page.waitForResponse((answer) => new URL(answer.url()).pathname === '/api/journal' && query.test(answer.url()));
  await page.getByRole('button', { name: 'Filtrer' }).click();
  await answered;
  await page.locator('.journal[aria-busy=false]').waitFor();
}

test('event and outcome narrow the list, and the address holds them', async () => {
  await open();
  await choose('Événement', { label: 'Invitation envoyée' });
  await filter(/kind=invitation_sent/);
  const kinds = await cells('Événement');
  assert.ok(kinds.length >= 10 && kinds.every((kind) => /Invitation envoyée/.test(kind)), JSON.stringify(kinds));
  const shared = page.url();
  assert.match(shared, /type=invitation_sent/);
  await choose('Événement', '');
  await choose('Résultat', { label: 'Refusé' });
  await filter(/outcome=refused/);
  const refused = await cells('Résultat');
  assert.ok(refused.length > 0 && refused.every((outcome) => outcome.trim() === 'Refusé'), JSON.stringify(refused));
  await page.goBack();
  await page.waitForURL(shared);
  await page.waitForFunction(() => [...document.querySelectorAll('.journal td[data-label="Événement"]')].every((cell) => /Invitation envoyée/.test(cell.textContent)));
  assert.equal(await page.getByLabel('Événement', { exact: true }).inputValue(), 'invitation_sent');
  await scene.endStory();
});

test('a person is chosen by name, and a line leads to all that its person did', async () => {
  await open();
  const doctor = 'Dre Claire Martin';
  const option = page.getByLabel('Personne', { exact: true }).locator('option', { hasText: doctor }).first();
  await option.waitFor({ state: 'attached' });
  await choose('Personne', await option.getAttribute('value'));
  await filter(/person=/);
  const actors = await cells('Acteur');
  assert.ok(actors.length > 0 && actors.every((actor) => actor.includes(doctor)), JSON.stringify(actors));
  await page.getByRole('link', { name: 'Effacer les filtres' }).click();
  await page.waitForURL(/\/admin$/);
  await page.goto(`${scene.platform.origin}/admin?periode=tout&type=invitation_sent`);
  await lines().first().waitFor();
  await page.getByRole('link', { name: /^Détail de l'événement/ }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Données enregistrées').waitFor();
  await dialog.getByRole('link', { name: 'Voir ses événements' }).click();
  await page.waitForURL(/personne=/);
  await page.waitForFunction(() => document.querySelectorAll('.journal td[data-label="Acteur"]').length > 1);
  const own = await cells('Acteur');
  assert.ok(own.every((actor) => actor.includes(doctor)), JSON.stringify(own));
  await scene.endStory();
});

test('a period without events says so and offers a wider one', async () => {
  await open();
  await choose('Période', { label: 'Jours choisis' });
  await page.getByLabel('Du').fill('2020-01-01');
  await page.getByLabel('Au').fill('2020-01-31');
  await filter(/until=/);
  await page.getByText('Aucun événement ne correspond.').waitFor();
  await page.getByRole('link', { name: 'Élargir la période' }).click();
  await lines().first().waitFor();
  await scene.endStory();
});

test('older pages follow without gap or repeat', async () => {
  await open();
  const numbers = async () => (await cells('N°')).map(Number);
  const first = await numbers();
  assert.equal(first.length, PAGE);
  await page.getByRole('link', { name: 'Événements plus anciens' }).click();
  await page.waitForURL(/suite=/);
  await page.waitForFunction((last) => Number(document.querySelector('.journal td[data-label="N°"]')?.textContent) === last - 1, first.at(-1));
  const second = await numbers();
  assert.equal(second[0], first.at(-1) - 1);
  await page.getByRole('link', { name: 'Revenir aux plus récents' }).click();
  await page.waitForURL((url) => !/suite=/.test(url.search));
  await scene.endStory();
});
