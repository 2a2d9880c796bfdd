// From the click on «Faire entrer» to the first decoded picture of the other person: twenty times, on loopback.
//
// Usage: npm run measure:admit [runs] [seconds]; writes tests/e2e/out/admit.md. The practitioner's page is opened for each run, and the
// button is clicked that long after it can be: at once unless told otherwise, when what is loaded beside the page may still be coming.

import { cpus } from 'node:os';
import { Scene } from '../harness/scene.mjs';
import { pause } from '../harness/wait.mjs';
import { publish, timesLine } from './table.mjs';

/** Notes in the page when the first decoded frame of a remote camera is shown, and when the button is clicked. */
const CLOCK = `(() => {
  const clock = (globalThis.admitClock = { clicked: null, picture: null });
  addEventListener('click', (event) => { if (event.target.closest?.('#admit')) clock.clicked = performance.timeOrigin + performance.now(); }, true);
  const watched = new WeakSet();
  const look = () => {
    for (const video of document.querySelectorAll('video')) {
      if (watched.has(video) || !video.srcObject || video.srcObject.getVideoTracks().some((track) => 'getSettings' in track && track.getSettings().deviceId && !track.remote && track.label.startsWith('fake'))) continue;
      watched.add(video);
      video.requestVideoFrameCallback((now) => { clock.picture ??= performance.timeOrigin + now; });
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})();`;

const runs = Number(process.argv[2] ?? 20);
const seconds = Number(process.argv[3] ?? 0);
const scene = await Scene.open();
const rows = [];
try {
  for (let run = 0; run < runs; run += 1) {
    const visit = await scene.practice.invite();
    const [patient, doctor] = [await scene.patient(), await scene.doctor()];
    await patient.page.context().addInitScript(CLOCK);
    await doctor.page.context().addInitScript(CLOCK);
    await patient.arrive(visit);
    await doctor.openRoom(visit.room);
    await doctor.page.locator('#admit[aria-disabled=false]').waitFor();
    await pause(seconds * 1_000);
    await doctor.page.locator('#admit[aria-disabled=false]').click();
    const read = (page) => page.waitForFunction(() => globalThis.admitClock.picture && globalThis.admitClock).then((handle) => handle.jsonValue());
    const [atDoctor, atPatient] = await Promise.all([read(doctor.page), read(patient.page)]);
    rows.push({ doctor: atDoctor.picture - atDoctor.clicked, patient: atPatient.picture - atDoctor.clicked });
    process.stderr.write(`${run + 1}: doctor ${Math.round(rows.at(-1).doctor)} ms, patient ${Math.round(rows.at(-1).patient)} ms\n`);
    await scene.endStory({ clean: false });
  }
} finally {
  await scene.close();
}

publish('admit', [
  `Click on «Faire entrer» → first decoded picture of the other person, ${seconds} s after the room is there, ${rows.length} runs, milliseconds; Chromium ${scene.browser.version()}, loopback, ${cpus().length} cores.`,
  '',
  '| seen by | p50 | p95 | min | max |',
  '|---|---|---|---|---|',
  timesLine('the doctor', rows.map((row) => row.doctor)),
  timesLine('the patient', rows.map((row) => row.patient)),
]);
