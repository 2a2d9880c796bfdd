// A patient with a phone, by what is written on the screen. Taps and typed characters are counted.

export class Patient {
  constructor(page) {
    this.page = page;
    this.taps = 0;
    this.typed = 0;
  }

  open(link) {
    return this.page.goto(link);
  }

  button(name) {
    return this.page.getByRole('button', { name });
  }

  async tap(name) {
    this.taps += 1;
    const button = typeof name === 'string' || name instanceof RegExp ? this.button(name) : name;
    if (this.page.context().isPhone === false) await button.click();
    else await button.tap();
  }

  heading(name) {
    return this.page.getByRole('heading', { name });
  }

  /** First tap: the link is redeemed, camera and microphone are asked for. */
  async start() {
    await this.tap(this.button('Commencer').and(this.page.locator('#start')));
  }

  codeField() {
    return this.page.locator('#code');
  }

  async enterCode(code) {
    await this.codeField().waitFor();
    this.typed += code.length;
    await this.codeField().fill(code);
  }

  /** Second tap. */
  async accept() {
    await this.heading('On vérifie ensemble').waitFor();
    await this.tap(/^J'accepte et j'entre/);
  }

  waiting() {
    return this.heading('Vous êtes dans la salle d\'attente.').waitFor();
  }

  /** From the link to the waiting room, the code read from the messages. */
  async arrive(visit, { link = visit.link } = {}) {
    const seen = (await visit.mails()).length;
    await this.open(link);
    await this.start();
    await this.enterCode(await visit.code(seen));
    await this.accept();
    await this.waiting();
  }

  async answer() {
    await this.button('Répondre').or(this.inCall()).first().waitFor();
    // The consultation may begin by itself meanwhile.
    await this.button('Répondre').click({ timeout: 1_000 }).catch(() => {});
    await this.inCall().waitFor();
  }

  /** A line shown on the screen, not only said to a screen reader. */
  notice(text) {
    return this.page.locator('.notice', { hasText: text });
  }

  /** Something that is there exactly while in consultation. */
  inCall() {
    return this.page.locator('.bar .leave');
  }

  over() {
    return this.page.locator('.over');
  }
}
