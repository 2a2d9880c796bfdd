// Passkeys, with Chromium's virtual authenticator.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DESKTOP, openContext } from '../harness/chromium.mjs';
import { Doctor } from '../harness/doctor.mjs';
import { Scene } from '../harness/scene.mjs';

let scene;

before(async () => (scene = await Scene.open()));
after(() => scene?.close());

async function authenticator(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable');
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2', ctap2Version: 'ctap2_1', transport: 'internal', hasResidentKey: true, hasUserVerification: true,
      isUserVerified: true, automaticPresenceSimulation: true,
    },
  });
  return { session, authenticatorId };
}

test('a doctor registers a passkey, signs in with it alone, and removes it', async () => {
  const context = await openContext(scene.browser, scene.platform, DESKTOP);
  const doctor = new Doctor(await context.newPage(), scene.platform);
  const { page } = doctor;
  const { session, authenticatorId } = await authenticator(page);
  await doctor.signIn(scene.practice.doctor);

  await page.goto(`${scene.platform.origin}/pro/compte`);
  await page.getByText('Aucune clé d\'accès pour le moment.').waitFor();
  await page.getByLabel('Nom de la clé').fill('Ordinateur du cabinet');
  await doctor.button('Ajouter une clé d\'accès').click();
  await page.getByText('La clé d\'accès est ajoutée.').first().waitFor();
  await page.getByText('Ordinateur du cabinet', { exact: true }).waitFor();
  const { credentials } = await session.send('WebAuthn.getCredentials', { authenticatorId });
  assert.equal(credentials.length, 1);

  await doctor.button('Se déconnecter').click();
  await doctor.button('Utiliser une clé d\'accès').click();
  await doctor.button('Se déconnecter').waitFor();
  const me = await page.evaluate(() => fetch('/api/session', { headers: { 'x-colloque': '1' } }).then((answer) => answer.json()));
  assert.deepEqual(me.verified_by, ['passkey']);

  await page.goto(`${scene.platform.origin}/pro/compte`);
  await doctor.button(/^Supprimer/).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Supprimer' }).click();
  await page.getByText('Aucune clé d\'accès pour le moment.').waitFor();

  await doctor.button('Se déconnecter').click();
  context.watch.allow(/passkey\/finish: 4\d\d/);
  await doctor.button('Utiliser une clé d\'accès').click();
  await page.getByText(/La clé d'accès n'a pas été utilisée/).waitFor();
  context.watch.assertClean();
  await context.close();
});

test('somebody without a passkey is told what to do', async () => {
  const context = await openContext(scene.browser, scene.platform, DESKTOP);
  const page = await context.newPage();
  const { session, authenticatorId } = await authenticator(page);
  await session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
  await page.goto(`${scene.platform.origin}/pro`);
  await page.getByRole('button', { name: 'Utiliser une clé d\'accès' }).click();
  await page.getByText(/Réessayez, ou entrez votre mot de passe/).waitFor({ timeout: 70_000 });
  context.watch.assertClean();
  await context.close();
});
