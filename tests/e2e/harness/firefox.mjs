// Firefox ESR over WebDriver BiDi, with invented camera and microphone.

import puppeteer from 'puppeteer-core';
import { pathOf } from './chromium.mjs';
import { WATCH_PEERS } from './media.mjs';

export async function launchFirefox() {
  return puppeteer.launch({
    browser: 'firefox',
    executablePath: process.env.COLLOQUE_FIREFOX ?? pathOf('firefox-esr', 'firefox'),
    headless: true,
    acceptInsecureCerts: true,
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
