// A doctor at the desk, by what is written on the screen.

import { freshCode } from './totp.mjs';

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

export class Doctor {
  constructor(page, platform) {
    this.page = page;
    this.platform = platform;
  }

  button(name) {
    return this.page.getByRole('button', { name });
  }

  async signIn(person, path = '/pro') {
    const { page } = this;
    await page.goto(`${this.platform.origin}${path}`);
    await page.getByLabel('Adresse e-mail').fill(person.email);
    await page.getByLabel('Mot de passe').fill(person.password);
    await page.getByRole('button', { name: 'Se connecter' }).click();
    await page.getByRole('heading', { name: 'Code à six chiffres' }).waitFor();
    await page.getByLabel('Code', { exact: true }).fill(await freshCode(person.secret));
    await page.getByRole('button', { name: 'Continuer' }).click();
    await this.button('Se déconnecter').waitFor();
  }

  async openDay() {
    await this.page.goto(`${this.platform.origin}/pro`);
    await this.queueIsLive();
  }

  queueIsLive() {
    return this.page.locator('.queue').getByText('En direct').waitFor();
  }

  /** The line of a waiting patient. */
  queued(name) {
    return this.page.locator('.queue-entry', { hasText: new RegExp(escaped(name), 'i') });
  }

  /** A new patient, an appointment now, an invitation; gives the link shown once. */
  async invite(form) {
    const { page } = this;
    await this.button('Nouveau rendez-vous').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Nouveau patient' }).click();
    await dialog.getByLabel('Nom de naissance').fill(form.birth_name);
    await dialog.getByLabel('Prénoms de naissance').fill(form.first_names);
    await dialog.getByLabel('Date de naissance').fill(form.birth_date);
    await dialog.getByLabel('Féminin').check();
    await dialog.getByLabel('Adresse e-mail').fill(form.email);
    await dialog.getByLabel('Téléphone').fill(form.phone);
    await dialog.getByRole('button', { name: 'Créer le patient' }).click();
    await dialog.getByRole('button', { name: 'Créer le rendez-vous' }).click();
    await page.getByRole('dialog', { name: 'Invitation' }).waitFor();
    await page.getByRole('dialog', { name: 'Invitation' }).getByRole('button', { name: /^Inviter|^Renvoyer/ }).click();
    const field = page.getByRole('dialog').getByLabel('Lien personnel du patient');
    await field.waitFor();
    const link = await field.inputValue();
    await page.getByRole('dialog').getByRole('button', { name: 'Fermer' }).click();
    return link;
  }

  async openRoom(address) {
    await this.page.goto(`${this.platform.origin}${address}`);
    await this.page.locator('.room').waitFor();
  }

  /** From the queue to the consultation. */
  async receive(name) {
    await this.queued(name).getByRole('link', { name: /^(Recevoir|Rejoindre)/ }).click();
    await this.page.locator('.room').waitFor();
  }

  admitButton() {
    return this.page.locator('#admit');
  }

  async admit() {
    await this.page.locator('#admit[aria-disabled=false]').click();
    await this.page.locator('.bar-button', { hasText: 'Partager' }).waitFor();
  }

  /** Asks a third person in; gives the link shown once. */
  async inviteGuest(name, role) {
    await this.bar('Inviter').click();
    const dialog = this.page.getByRole('dialog');
    await dialog.getByLabel('Nom', { exact: true }).fill(name);
    await dialog.getByLabel('Participe comme').selectOption({ label: role });
    await dialog.getByRole('button', { name: 'Créer le lien' }).click();
    const link = await dialog.getByLabel('Lien à transmettre').inputValue();
    await dialog.getByRole('button', { name: 'Fermer' }).click();
    return link;
  }

  /** One of the bar's buttons. */
  bar(word) {
    return this.page.locator('.bar-button', { hasText: word });
  }

  tab(name) {
    return this.page.getByRole('tab', { name });
  }

  notes() {
    return this.page.locator('#notes-text');
  }

  async write(text) {
    await this.tab('Notes').click();
    await this.notes().fill(text);
    await this.page.locator('.notes-state').getByText(/Enregistré à/).waitFor();
  }

  /** A prescription of one line, handed to the patient. */
  async prescribe(line) {
    await this.tab('Ordonnance').click();
    const panel = this.page.getByRole('tabpanel', { name: 'Ordonnance' });
    await panel.getByLabel('Médicament (DCI ou nom)').fill(line.drug);
    await panel.getByLabel('Dosage et forme').fill(line.form);
    await panel.getByLabel('Posologie et mode d\'emploi').fill(line.dosage);
    await panel.getByLabel('Durée', { exact: true }).fill(line.duration);
    await panel.getByRole('button', { name: 'Relire l\'ordonnance' }).click();
    await this.button('Signer et remettre au patient').click();
    await this.page.getByText('L\'ordonnance est remise au patient.').first().waitFor();
  }

  async endForAll() {
    await this.bar('Terminer').click();
    await this.page.getByRole('dialog').getByRole('button', { name: 'Terminer pour tous' }).click();
    await this.page.getByRole('heading', { name: 'La consultation est terminée' }).waitFor();
  }
}
