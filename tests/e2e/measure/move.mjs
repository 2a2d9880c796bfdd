// From Wi-Fi to 4G in a call: the address changes and every connection breaks off. How long is nothing real of a voice heard?
//
// Usage: npm run measure:move [runs]; writes tests/e2e/out/move.md. Needs the relay: cargo build --release -p colloque-relay.

import { cpus } from 'node:os';
import { Cable } from '../harness/cable.mjs';
import { listen, media, mediaFlows } from '../harness/media.mjs';
import { until } from '../harness/wait.mjs';
import { publish, timesLine } from './table.mjs';

/** Time there and back on the patient's network, in milliseconds. */
const ROUND_TRIP = 60;
/** Seconds that each run listens; the move comes after the first. */
const LISTENS = 5;

const runs = Number(process.argv[2] ?? 20);
const cable = await Cable.open('127.0.0.6');
const rows = [];
let version;
try {
  const { scene, relay } = cable;
  version = scene.browser.version();
  const { doctor, patient } = await scene.call({ patient: await cable.patient() });
  await relay.both({ delay_ms: ROUND_TRIP / 2 });
  await Promise.all([mediaFlows(doctor.page), mediaFlows(patient.page)]);
  for (let run = 0; run < runs; run += 1) {
    const hearing = Promise.all([listen(doctor.page, LISTENS), listen(patient.page, LISTENS)]);
    await new Promise((done) => setTimeout(done, 1_000));
    await relay.order({ move_to: `127.0.0.${61 + (run % 9)}` });
    const [atDoctor, atPatient] = await hearing;
    const { made } = await media(patient.page);
    rows.push({ doctor: atDoctor.gap, patient: atPatient.gap, made });
    process.stderr.write(`${run + 1}: the doctor misses ${atDoctor.gap} ms, the patient ${atPatient.gap} ms; ${made} transports\n`);
    await until('signaling is back', async () => (await patient.page.getByText('Connexion coupée').count()) === 0, { within: 30_000 });
    await Promise.all([mediaFlows(doctor.page), mediaFlows(patient.page)]);
  }
} finally {
  await cable.close();
}

publish('move', [
  `Another address in the call, signaling broken off → next real sound of the other's voice, ${rows.length} runs, milliseconds, looked at every 50;`,
  `Chromium ${version}, ${ROUND_TRIP} ms there and back, ${cpus().length} cores. Transports made in all runs: ${rows.at(-1).made}.`,
  '',
  '| heard by | p50 | p95 | min | max |',
  '|---|---|---|---|---|',
  timesLine('the doctor, of the patient who moves', rows.map((row) => row.doctor)),
  timesLine('the patient', rows.map((row) => row.patient)),
]);
