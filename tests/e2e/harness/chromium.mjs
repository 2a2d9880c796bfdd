// Debian's Chromium, with invented camera, microphone and screen.

import { execFileSync } from 'node:child_process';
import { chromium } from 'playwright-core';
import { WATCH_PEERS } from './media.mjs';
import { Watch } from './watch.mjs';

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
  '--auto-select-desktop-capture-source=Entire screen', '--autoplay-policy=no-user-gesture-required',
  '--ignore-certificate-errors', '--disable-features=Translate,OptimizationHints,MediaRouter',
];

export function pathOf(...names) {
  for (const name of names) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8' }).trim();
    } catch {
      // The next name.
    }
  }
  throw new Error(`none of ${names.join(', ')} is installed`);
}

export const executablePath = () => process.env.COLLOQUE_CHROMIUM ?? pathOf('chromium', 'chromium-browser', 'google-chrome');

export const DESKTOP = { viewport: { width: 1280, height: 800 } };
export const PHONE = {
  viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2,
  userAgent: 'Mozilla/5.0 (Linux; Android 14; SM-A245F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36',
};

const COMMON = { ignoreHTTPSErrors: true, locale: 'fr-FR', timezoneId: 'Europe/Paris', reducedMotion: 'reduce', acceptDownloads: true };

export function launchChromium(flags = []) {
  return chromium.launch({ executablePath: executablePath(), args: [...FLAGS, ...flags], headless: true });
}

/** A browser with its own profile folder: what a crash leaves behind is there at the next start. */
export async function launchProfile(folder, device, platform, flags = []) {
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: executablePath(), args: [...FLAGS, ...flags], headless: true, ...COMMON, ...device,
  });
  return prepare(context, platform);
}

/** A browser of one person: its own cookies, watched from the start. */
export async function openContext(browser, platform, device, { storageState, secrets = [] } = {}) {
  return prepare(await browser.newContext({ ...COMMON, ...device, storageState }), platform, secrets);
}

async function prepare(context, platform, secrets = []) {
  context.setDefaultTimeout(30_000);
  await context.grantPermissions(['camera', 'microphone', 'notifications'], { origin: platform.origin });
  await context.addInitScript(WATCH_PEERS);
  context.watch = await Watch.on(context, platform.origin, secrets);
  return context;
}
