// A media server, or whoever is on the way to it, that changes, repeats, exchanges and invents frames: not one of them is opened, shown or
// heard. What leaves a browser's worker is changed there, after it was sealed, and passes the real media server to a real worker.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { ask, buggedPages } from '../harness/bug.mjs';
import { launchFirefox } from '../harness/firefox.mjs';
import { FirefoxPatient } from '../harness/foxes.mjs';
import { between, media, mediaFlows } from '../harness/media.mjs';
import { Scene } from '../harness/scene.mjs';
import { until } from '../harness/wait.mjs';

/** Frames that must have come, changed, before what became of them is judged. */
const ENOUGH = 24;

const TAMPERINGS = ['flip', 'cut', 'replay', 'swap', 'plain', 'noise', 'foreign'];

let pages;
let scene;
let firefox;
let fox;
/** Frames of another consultation: sealed well, with a key of nobody in this one. */
let foreign;

before(async () => {
  pages = buggedPages();
  scene = await Scene.open({ web: pages.folder });
  firefox = await launchFirefox();
  const other = await scene.call();
  foreign = await sealedFrames(other.patient.page);
  await scene.endStory({ clean: false });
});

after(async () => {
  await firefox?.close();
  await scene?.close();
  pages?.remove();
});

afterEach(async () => {
  await fox?.context.close();
  fox = undefined;
  await scene.endStory({ clean: false });
});

/** Frames at a page's worker: how many came, how many of them are pictures, and how many were opened. */
async function counts(page) {
  const [voice, camera] = (await ask(page, {})).in;
  return { came: voice.came + camera.came, pictures: camera.came, opened: voice.went + camera.went };
}

/** Sealed frames of a call, voice and camera, as its sender's worker let them go. */
const sealedFrames = async (page) => (await ask(page, { kept: true })).out.map(({ kept }) => kept.map(({ sealed }) => sealed));

async function tamper(t, from, to, tampering) {
  await ask(from, { tamper: tampering, foreign });
  // What was on its way unchanged is opened first, and of the last of it a browser makes a sound that fades.
  let [last, quiet] = [{ ...(await counts(to)), energy: 0 }, 0];
  await until(`nothing good is on its way any more (${tampering})`, async () => {
    const now = { ...(await counts(to)), energy: (await media(to)).energy };
    quiet = now.opened === last.opened && now.energy - last.energy < 1e-5 ? quiet + 1 : 0;
    last = now;
    return quiet === 3;
  }, { within: 30_000, every: 400 });
  const [seen, shown] = [await counts(to), await media(to)];
  const changed = await until(`changed frames come (${tampering})`, async () => {
    const now = await counts(to);
    return now.came - seen.came >= ENOUGH && now;
  }, { within: 30_000 });
  const { pictures, energy } = between(shown, await media(to));
  t.diagnostic(`${tampering}: ${changed.came - seen.came} frames came, ${changed.pictures - seen.pictures} of them pictures; ${changed.opened - seen.opened} were opened`);
  assert.equal(changed.opened, seen.opened, `${tampering}: frames were opened`);
  assert.equal(pictures, 0, `${tampering}: pictures were decoded`);
  assert.ok(energy < 0.001, `${tampering}: something was heard, ${energy}`);
}

for (const engine of ['Chromium', 'Firefox']) {
  test(`frames that are changed, repeated, exchanged or invented are dropped, all of them, in ${engine}`, async (t) => {
    let patient;
    if (engine === 'Firefox') patient = fox = await FirefoxPatient.open(firefox);
    const { doctor, patient: receiver } = await scene.call({ patient });
    for (const tampering of TAMPERINGS) await tamper(t, doctor.page, receiver.page, tampering);
    // The way is open all the time: unchanged frames are shown and heard at once.
    await ask(doctor.page, { tamper: null });
    await mediaFlows(receiver.page, { within: 30_000 });
  });
}
