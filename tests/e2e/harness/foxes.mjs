// People in Firefox: what `Patient` and `Doctor` do of a call, by Puppeteer.

import { click, openFirefoxPage } from './firefox.mjs';

export const shows = (page, text) => page.waitForFunction((text) => document.body.innerText.includes(text), {}, text);

/** A patient in Firefox; `script` runs before the page's own. */
export class FirefoxPatient {
  static async open(firefox, { script } = {}) {
    const patient = new FirefoxPatient();
    patient.context = await firefox.createBrowserContext();
    patient.page = await openFirefoxPage(patient.context, { width: 390, height: 844 });
    if (script) await patient.page.evaluateOnNewDocument(script);
    return patient;
  }

  async arrive(visit) {
    const { page } = this;
    const seen = (await visit.mails()).length;
    await page.goto(visit.link);
    await click(page, '#start');
    const field = await page.waitForSelector('#code', { visible: true });
    await field.type(await visit.code(seen));
    await click(page, 'button ::-p-text(J\'accepte)');
    await shows(page, 'Vous êtes dans la salle d\'attente.');
  }

  answer() {
    return this.page.waitForSelector('.bar .leave', { visible: true });
  }
}

/** A doctor in Firefox, signed in. */
export class FirefoxDoctor {
  static async open(firefox, scene, { script } = {}) {
    const doctor = new FirefoxDoctor();
    doctor.scene = scene;
    doctor.context = await firefox.createBrowserContext();
    doctor.page = await openFirefoxPage(doctor.context, { width: 1280, height: 800 });
    if (script) await doctor.page.evaluateOnNewDocument(script);
    const cookies = scene.practice.desk.storageState.cookies.map(({ name, value }) => ({
      name, value, domain: 'localhost', path: '/', secure: true, httpOnly: true, sameSite: 'Strict',
    }));
    await doctor.context.setCookie(...cookies);
    return doctor;
  }

  openRoom(room) {
    return this.page.goto(`${this.scene.platform.origin}${room}`);
  }

  admit() {
    return click(this.page, '#admit[aria-disabled="false"]');
  }
}
