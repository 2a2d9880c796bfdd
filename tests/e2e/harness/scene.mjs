// A platform, its practice and a browser, for one file of stories.

import { DESKTOP, launchChromium, openContext, PHONE } from './chromium.mjs';
import { Doctor } from './doctor.mjs';
import { mediaFlows } from './media.mjs';
import { Patient } from './patient.mjs';
import { Platform } from './platform.mjs';
import { Practice } from './practice.mjs';

export class Scene {
  static async open({ announce, flags, turn, web } = {}) {
    const scene = new Scene();
    scene.contexts = [];
    scene.platform = await Platform.demonstration({ announce, turn, web });
    try {
      scene.practice = await Practice.of(scene.platform);
      scene.browser = await launchChromium(flags);
    } catch (error) {
      await scene.close();
      throw error;
    }
    return scene;
  }

  /** The doctor, signed in, in a browser of their own. */
  async doctor({ device = DESKTOP, browser = this.browser, secrets, script } = {}) {
    const context = await openContext(browser, this.platform, device, { storageState: this.practice.desk.storageState, secrets });
    if (script) await context.addInitScript(script);
    this.contexts.push(context);
    return new Doctor(await context.newPage(), this.platform);
  }

  /** Somebody with a phone that never saw the platform. */
  async patient({ device = PHONE, browser = this.browser, secrets, script } = {}) {
    const context = await openContext(browser, this.platform, device, { secrets });
    if (script) await context.addInitScript(script);
    context.isPhone = Boolean(device.hasTouch);
    this.contexts.push(context);
    return new Patient(await context.newPage());
  }

  /** A consultation under way, media flowing both ways. */
  async call({ patient, doctor, visit } = {}) {
    visit ??= await this.practice.invite();
    patient ??= await this.patient();
    doctor ??= await this.doctor();
    const people = await this.meet({ visit, patient, doctor });
    await Promise.all([mediaFlows(doctor.page), mediaFlows(patient.page)]);
    return people;
  }

  /** A consultation under way, whether media flow or not. */
  async meet({ patient, doctor, visit }) {
    visit ??= await this.practice.invite();
    await Promise.all([patient.arrive(visit), doctor.openRoom(visit.room)]);
    await doctor.admit();
    await patient.answer();
    return { visit, doctor, patient };
  }

  /** Closes one person's browser before the story ends; what it did until then must have been clean. */
  async depart({ page }) {
    const context = page.context();
    this.contexts.splice(this.contexts.indexOf(context), 1);
    try {
      context.watch.assertClean();
    } finally {
      await context.close();
    }
  }

  /** Closes the browsers of one story; its pages must have been clean. */
  async endStory({ clean = true } = {}) {
    const contexts = this.contexts.splice(0);
    if (contexts.length === 0) return;
    try {
      if (clean) contexts.forEach((context) => context.watch.assertClean());
    } finally {
      await Promise.all(contexts.map((context) => context.close().catch(() => {})));
      await this.practice.welcomeDoctor();
    }
  }

  async close() {
    await this.browser?.close().catch(() => {});
    await this.platform.close();
  }
}
