// What the patient's page costs before the call, on a middling phone.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openContext, PHONE } from '../harness/chromium.mjs';
import { Scene } from '../harness/scene.mjs';

const MAX_BYTES = 120_000;
const MAX_REQUESTS = 6;
// Times depend on the machine: they are judged against a static page of the same server, measured in the same run.
const MAX_FCP_RATIO = 1.6;
const MAX_READY_RATIO = 3;
const RUNS = 5;

let scene;

before(async () => (scene = await Scene.open()));
after(() => scene?.close());

/** Opens a page as a phone of 2026 does: CPU four times slower, 9 Mbit/s down, 3 up, 100 ms. */
async function visitSlowly(url, { ready } = {}) {
  const context = await openContext(scene.browser, scene.platform, { ...PHONE, viewport: { width: 360, height: 740 } });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.setCacheDisabled', { cacheDisabled: true });
  await session.send('Network.emulateNetworkConditions', { offline: false, latency: 100, downloadThroughput: 9e6 / 8, uploadThroughput: 3e6 / 8 });
  await session.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  const cost = { requests: 0, list: [] };
  const names = new Map();
  session.on('Network.requestWillBeSent', ({ requestId, request }) => request.url.startsWith('http') && names.set(requestId, request.url));
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (!names.has(requestId)) return;
    cost.requests += 1;
    cost.list.push(`${new URL(names.get(requestId)).pathname.replace(/[\w-]{20,}/, '…')} ${encodedDataLength}`);
  });
  await page.goto(url);
  await page.locator('h1').first().waitFor();
  await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint').length > 0);
  if (ready) await page.waitForFunction(() => performance.getEntriesByName('ready').length > 0, null, { timeout: 30_000 }).catch(() => {});
  const times = await page.evaluate(() => ({
    fcp: performance.getEntriesByName('first-contentful-paint')[0].startTime,
    // The button answers once its script has run: that is when the document's deferred scripts are done.
    usable: Math.max(performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd, performance.getEntriesByName('first-contentful-paint')[0].startTime),
    ready: performance.getEntriesByName('ready')[0]?.startTime ?? null,
    // What the page weighs; the headers around it are the connection's.
    bytes: [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
  }));
  context.watch.assertClean();
  await context.close();
  return { ...cost, ...times };
}

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];

test('the patient\'s page keeps its budgets before the call', async (t) => {
  const visit = await scene.practice.invite();
  const ours = [];
  const theirs = [];
  for (let run = 0; run < RUNS; run += 1) {
    theirs.push(await visitSlowly(`${scene.platform.origin}/aide`));
    ours.push(await visitSlowly(visit.link, { ready: true }));
  }
  const of = (list, what) => median(list.map((one) => one[what] ?? Infinity));
  const base = of(theirs, 'fcp');
  t.diagnostic(`transfer ${of(ours, 'bytes')} bytes, ${of(ours, 'requests')} requests: ${ours[0].list.join(', ')}`);
  t.diagnostic(`static page: first paint ${Math.round(base)} ms`);
  t.diagnostic(`patient's page: first paint ${Math.round(of(ours, 'fcp'))} ms, button usable ${Math.round(of(ours, 'usable'))} ms, program ready ${Math.round(of(ours, 'ready'))} ms`);
  assert.ok(of(ours, 'bytes') >= 50_000, 'what the page weighs is counted');
  assert.ok(of(ours, 'bytes') <= MAX_BYTES, `${of(ours, 'bytes')} bytes`);
  assert.ok(of(ours, 'requests') <= MAX_REQUESTS, `${of(ours, 'requests')} requests`);
  assert.ok(of(ours, 'fcp') <= MAX_FCP_RATIO * base, `first paint ${of(ours, 'fcp') / base} times the static page`);
  assert.ok(of(ours, 'ready') <= MAX_READY_RATIO * base, `ready ${of(ours, 'ready') / base} times the static page`);
});

test('a tap at first paint is not lost', async () => {
  const visit = await scene.practice.invite();
  const patient = await scene.patient();
  const session = await patient.page.context().newCDPSession(patient.page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  // The program arrives long after the tap.
  let release;
  const held = new Promise((done) => (release = done));
  await patient.page.route(/\.wasm$/, async (route) => {
    await held;
    await route.continue();
  });
  await patient.open(visit.link);
  await patient.start();
  await patient.page.waitForFunction(() => document.documentElement.dataset.view === 'question');
  release();
  await patient.enterCode(await visit.code(1));
  await patient.heading('On vérifie ensemble').waitFor();
  await scene.endStory();
});
