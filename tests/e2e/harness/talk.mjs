// The panel of messages, by what is written on the screen; the same for everybody.

import { readFileSync } from 'node:fs';
import { until } from './wait.mjs';

export class Talk {
  constructor(page) {
    this.page = page;
    this.panel = page.locator('colloque-talk');
  }

  button(name) {
    return this.panel.getByRole('button', { name });
  }

  /** The button of the call's bar. */
  opener() {
    return this.page.locator('.bar button', { hasText: 'Messages' });
  }

  /** How many came that were not seen. */
  async unread(count, { within } = {}) {
    await this.opener().locator('.bar-count, b').getByText(new RegExp(`${count}$`)).waitFor({ timeout: within });
  }

  async open() {
    await this.opener().click();
    await this.line().waitFor();
  }

  line() {
    return this.panel.getByRole('textbox', { name: 'Votre message' });
  }

  async write(text) {
    await this.line().fill(text);
    await this.panel.getByRole('button', { name: 'Envoyer', exact: true }).click();
  }

  /** One entry of the conversation. */
  entry(text) {
    return this.panel.locator('.talk-entry', { hasText: text });
  }

  /** What somebody types just now. */
  live() {
    return this.panel.locator('.talk-entry[data-live]');
  }

  /** Sends a file of the disk. */
  async send(file) {
    await this.panel.locator('#talk-file').setInputFiles(file);
  }

  /** The bytes of the newest document that came, or was sent. */
  async document() {
    const link = this.panel.locator('.talk-entry a[download$=".pdf"]').last();
    await link.waitFor({ timeout: 60_000 });
    return this.saved(link);
  }

  async saved(link) {
    const saved = this.page.waitForEvent('download');
    await link.click();
    return { bytes: readFileSync(await (await saved).path()), name: (await saved).suggestedFilename() };
  }

  /** The bytes of the newest picture that is shown. */
  async picture() {
    const image = this.panel.locator('.talk-entry img').last();
    await image.waitFor({ timeout: 60_000 });
    await until('the picture is decoded', () => image.evaluate(({ complete, naturalWidth }) => complete && naturalWidth > 0));
    const { width, height } = await image.evaluate(({ naturalWidth: width, naturalHeight: height }) => ({ width, height }));
    return { ...(await this.saved(this.panel.getByRole('link', { name: 'Enregistrer' }).last())), width, height };
  }
}
