// The patient's link falls from 2.5 Mbit/s to 200 kbit/s, and rises again. How long is nothing real of a voice heard?
//
// Usage: npm run measure:step [runs]; writes tests/e2e/out/step.md. Needs the relay: cargo build --release -p colloque-relay.

import { cpus } from 'node:os';
import { listen, mediaFlows } from '../harness/media.mjs';
import { pause } from '../harness/wait.mjs';
import { speakingCalls } from './speaking.mjs';
import { publish, spread } from './table.mjs';

const WIDE = { rate_kbps: 2_500, delay_ms: 30 };
const NARROW = { rate_kbps: 200, delay_ms: 30 };
/** Seconds for the call to fill the wide link, and seconds of listening around the drop and around the rise; the step comes after the first. */
const SETTLES = 15;
const LISTENS = 16;

const runs = Number(process.argv[2] ?? 5);
const rows = [];
const version = await speakingCalls('127.0.0.9', runs, async ({ run, relay, doctor, patient }) => {
  await relay.both(WIDE);
  await Promise.all([mediaFlows(doctor.page), mediaFlows(patient.page)]);
  await pause(SETTLES * 1_000);
  for (const [step, conditions] of [['drop', NARROW], ['rise', WIDE]]) {
    const hearing = Promise.all([listen(doctor.page, LISTENS), listen(patient.page, LISTENS)]);
    await pause(1_000);
    await relay.both(conditions);
    const [atDoctor, atPatient] = await hearing;
    rows.push({ step, doctor: atDoctor, patient: atPatient });
    process.stderr.write(`${run}, ${step}: the doctor hears ${JSON.stringify(atDoctor)}, the patient ${JSON.stringify(atPatient)}\n`);
  }
});

function line(step, side) {
  const heard = rows.filter((row) => row.step === step).map((row) => row[side]);
  return `| ${step} | the ${side} | ${spread(heard.map(({ gap }) => gap), 0)} | ${spread(heard.map(({ invented }) => invented * 100), 2)} |`;
}

publish('step', [
  `The patient's link, both ways, ${WIDE.rate_kbps} → ${NARROW.rate_kbps} → ${WIDE.rate_kbps} kbit/s, ${2 * WIDE.delay_ms} ms there and back; runs: ${runs}, each ${LISTENS} s around a step;`,
  `Chromium ${version} on both sides, ${cpus().length} cores. The voice never pauses. Median (min–max); gaps are looked at every 50 ms.`,
  '',
  '| step | heard by | longest time without anything real, ms | invented % |',
  '|---|---|---|---|',
  ...['drop', 'rise'].flatMap((step) => ['doctor', 'patient'].map((side) => line(step, side))),
]);
