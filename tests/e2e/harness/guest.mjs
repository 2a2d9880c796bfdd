// A third person with the practitioner's link, by what is written on the screen.

export class Guest {
  constructor(page) {
    this.page = page;
  }

  button(name) {
    return this.page.getByRole('button', { name });
  }

  /** From the link to the waiting room. */
  async arrive(link) {
    await this.page.goto(link);
    await this.button('Continuer').click();
    await this.page.getByRole('heading', { name: 'Vous êtes dans la salle d\'attente' }).waitFor();
  }

  /** The link once more, as somebody who closed the page. */
  async comeBack(link) {
    await this.page.goto('about:blank');
    await this.arrive(link);
  }

  /** Waits until they are in the call, which they enter by themselves after a moment. */
  async inCall() {
    await this.button('Entrer').click({ timeout: 3_000 }).catch(() => {});
    await this.page.getByRole('heading', { name: 'Consultation', exact: true }).waitFor();
  }

  isOut() {
    return this.page.getByText('Le praticien a mis fin à votre participation.').first().waitFor();
  }
}
