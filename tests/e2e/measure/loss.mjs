// Packets lost by chance each way on the patient's network. How much of a voice does a real browser have to invent?
//
// Usage: npm run measure:loss [runs]; writes tests/e2e/out/loss.md. Needs the relay: cargo build --release -p colloque-relay.

import { cpus } from 'node:os';
import { carrier, listen } from '../harness/media.mjs';
import { pause } from '../harness/wait.mjs';
import { speakingCalls } from './speaking.mjs';
import { publish, spread } from './table.mjs';

/** Shares lost; the first shows what the machine itself costs. */
const LOSSES = [0, 0.05, 0.1, 0.2, 0.3];
/** Time there and back on the patient's network, in milliseconds. */
const ROUND_TRIP = 60;
/** Seconds for the call to become used to a network, and seconds of listening. */
const SETTLES = 15;
const LISTENS = 20;

const runs = Number(process.argv[2] ?? 3);
const rows = [];
const version = await speakingCalls('127.0.0.8', runs, async ({ run, relay, doctor, patient }) => {
  for (const loss of LOSSES) {
    await relay.both({ delay_ms: ROUND_TRIP / 2, loss });
    await pause(SETTLES * 1_000);
    const [atDoctor, atPatient] = await Promise.all([listen(doctor.page, LISTENS), listen(patient.page, LISTENS)]);
    const by = await carrier(patient.page);
    rows.push({ loss, by, doctor: { ...atDoctor, spoken: atPatient.spoken }, patient: { ...atPatient, spoken: atDoctor.spoken } });
    process.stderr.write(`${run}, ${loss * 100} % lost, by ${by}: the doctor hears ${JSON.stringify(atDoctor)}, the patient ${JSON.stringify(atPatient)}\n`);
  }
});

function line(loss, side) {
  const there = rows.filter((row) => row.loss === loss);
  const heard = there.map((row) => row[side]);
  const cells = [
    `${loss * 100} %`,
    `the ${side}`,
    spread(heard.map(({ invented }) => invented * 100), 2),
    Math.max(...heard.map(({ gap }) => gap)),
    spread(heard.map(({ events }) => events), 0),
    spread(heard.map(({ fec }) => fec), 0),
    spread(heard.map(({ spoken }) => spoken / LISTENS), 1),
    [...new Set(there.map(({ by }) => by))].join(', '),
  ];
  return `| ${cells.join(' | ')} |`;
}

publish('loss', [
  `Lost by chance each way on the patient's network, ${ROUND_TRIP} ms there and back; runs: ${runs}, of ${LISTENS} s after ${SETTLES} s; Chromium ${version} on both`,
  `sides, ${cpus().length} cores. The voice never pauses. Median (min–max); the gap, looked at every 50 ms, is the longest of all runs.`,
  '',
  '| lost | heard by | invented % | longest gap ms | times invented | redundant packets received | packets spoken a second | carried by |',
  '|---|---|---|---|---|---|---|---|',
  ...LOSSES.flatMap((loss) => ['doctor', 'patient'].map((side) => line(loss, side))),
]);
