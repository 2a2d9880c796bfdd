// Firefox ESR over WebDriver BiDi, with invented camera and microphone.

import puppeteer from 'puppeteer-core';
import { pathOf } from './chromium.mjs';
import { WATCH_PEERS } from './media.mjs';
import { until } from './wait.mjs';

export async function launchFirefox() {
  return puppeteer.launch({
    browser: 'firefox',
    executablePath: process.env.COLLOQUE_FIREFOX ?? pathOf('firefox-esr', 'firefox'),
    headless: true,
    acceptInsecureCerts: true,
    // A question that the browser never answers names itself soon, not after three minutes.
    protocolTimeout: 40_000,
    extraPrefsFirefox: {
      'media.navigator.permission.disabled': true,
      'media.navigator.streams.fake': true,
      'media.peerconnection.ice.loopback': true,
      'media.peerconnection.ice.obfuscate_host_addresses': false,
      'media.autoplay.default': 0,
      'media.autoplay.blocking_policy': 0,
      'permissions.default.camera': 1,
      'permissions.default.microphone': 1,
      'intl.accept_languages': 'fr-FR,fr',
      'network.captive-portal-service.enabled': false,
      'network.connectivity-service.enabled': false,
      // Firefox writes sound of invented devices only when the graph is not silenced.
      'media.cubeb.backend': '',
    },
  });
}

/** A page that keeps what it does wrong. */
export async function openFirefoxPage(browser, viewport) {
  const page = await browser.newPage();
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/\b401\b/.test(message.text())) page.faults.push(message.text());
  });
  await page.evaluateOnNewDocument(WATCH_PEERS);
  if (viewport) await page.setViewport(viewport);
  page.setDefaultTimeout(20_000);
  return page;
}

/**
 * Clicks with the mouse where the element is.
 *
 * Puppeteer's own click first awaits an IntersectionObserver, which Firefox may never run in a window that it does not paint.
 */
export async function click(page, selector) {
  const element = await page.waitForSelector(selector, { visible: true });
  const { x, y } = await until(`${selector} is where it can be clicked`, () => element.evaluate((element) => {
    element.scrollIntoView({ block: 'center', behavior: 'instant' });
    const box = element.getBoundingClientRect();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    return element.contains(document.elementFromPoint(x, y)) && { x, y };
  }));
  await page.mouse.click(x, y);
}
