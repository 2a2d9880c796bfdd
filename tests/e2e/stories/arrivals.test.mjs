// The doctor never misses a patient: every arrival is on the screen within a second, even with the tab in the background.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { appearedAt, recordFrames, watchAppearance } from '../harness/frames.mjs';
import { Scene } from '../harness/scene.mjs';

const ARRIVALS = Number(process.env.COLLOQUE_ARRIVALS ?? 5);
const LIMIT_MS = 1_000;

let scene;

before(async () => (scene = await Scene.open()));
after(() => scene?.close());

test(`${ARRIVALS} of ${ARRIVALS} arrivals are noticed within a second`, async (t) => {
  const doctor = await scene.doctor();
  await doctor.openDay();
  // Another tab in front: timers of the day page are slowed down, signals are not.
  const front = await doctor.page.context().newPage();
  await front.goto(`${scene.platform.origin}/aide`);
  await front.bringToFront();
  const delays = [];
  for (let arrival = 0; arrival < ARRIVALS; arrival += 1) {
    const visit = await scene.practice.invite();
    await watchAppearance(doctor.page, '.queue-entry', visit.form.birth_name);
    const patient = await scene.patient();
    const frames = recordFrames(patient.page);
    await patient.arrive(visit);
    const shownAt = await appearedAt(doctor.page, visit.form.birth_name);
    const joined = frames.find((frame) => frame.out && frame.type === 'join');
    delays.push(shownAt - joined.at);
    await titled(doctor.page, '(1) Un patient attend – Colloque');
    await scene.depart(patient);
    await titled(doctor.page, 'Ma journée – Colloque');
  }
  t.diagnostic(`milliseconds from the patient's join to the doctor's screen: ${delays.join(', ')}`);
  assert.ok(delays.every((delay) => delay <= LIMIT_MS), `${delays}`);
  await scene.endStory();
});

/** Waits for the title of a page, by a timer: a page in the background draws nothing. */
function titled(page, title) {
  return page.waitForFunction((title) => document.title === title, title, { polling: 100 });
}
