// A call that changes its way: a restart of ICE that succeeds, one that fails, and a network that stops carrying datagrams.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Cable } from '../harness/cable.mjs';
import { carrier, listen, media, mediaFlows } from '../harness/media.mjs';
import { until } from '../harness/wait.mjs';

/** Longest time without anything real of a voice while nothing is wrong with the network, in milliseconds. */
const UNNOTICED = 200;
/** Longest time until a page noticed that a way died, and found another, in milliseconds: both take seconds. */
const RESTARTED = 10_000;

/** Runs in a page before its own scripts: lets a test negotiate on the page's own transport and connection. */
const HOOK = `(() => {
  const Native = globalThis.WebSocket;
  globalThis.WebSocket = class extends Native {
    constructor(...list) { super(...list); globalThis.socket = this; }
  };
  globalThis.restartIce = async (generation, applies) => {
    const peer = globalThis.transports.at(-1);
    await peer.setLocalDescription(await peer.createOffer({ iceRestart: true }));
    const answer = new Promise((done) => globalThis.socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(data);
      if (message.answer?.generation === generation || message.offer_refused?.generation === generation) done(message);
    }));
    globalThis.socket.send(JSON.stringify({ offer: { generation, ice_restart: true, sdp: peer.localDescription.sdp } }));
    const { answer: taken } = await answer;
    if (!taken) throw new Error('the offer was refused');
    if (applies) await peer.setRemoteDescription({ type: 'answer', sdp: taken.sdp });
  };
})();`;

let cable;

before(async () => (cable = await Cable.open('127.0.0.7', { turnFrom: '127.0.0.71' })));
after(() => cable?.close());
afterEach(async () => {
  await cable?.scene.endStory({ clean: false });
  await cable?.relay.reset();
});

async function call() {
  const patient = await cable.patient();
  await patient.page.context().addInitScript(HOOK);
  return cable.scene.call({ patient });
}

/** Both hear each other while something happens a second later; gives the longest gap of each. */
async function gaps(t, { doctor, patient }, seconds, happens) {
  const hearing = Promise.all([listen(doctor.page, seconds), listen(patient.page, seconds)]);
  await new Promise((done) => setTimeout(done, 1_000));
  await happens();
  const [atDoctor, atPatient] = await hearing;
  t.diagnostic(`the doctor hears ${JSON.stringify(atDoctor)}, the patient ${JSON.stringify(atPatient)}`);
  return { doctor: atDoctor.gap, patient: atPatient.gap };
}

/** The name of the path that a page's media take, which a restart changes. */
function pathOf(page) {
  return page.evaluate(async () => {
    const stats = await globalThis.transports.at(-1).getStats();
    const transport = [...stats.values()].find(({ type }) => type === 'transport');
    return stats.get(transport.selectedCandidatePairId).localCandidateId + transport.iceLocalUsernameFragment;
  });
}

test('a restart of ICE in the call is heard by nobody', async (t) => {
  const people = await call();
  const before = await pathOf(people.patient.page);
  const heard = await gaps(t, people, 8, () => people.patient.page.evaluate(() => globalThis.restartIce(1_001, true)));
  assert.ok(heard.doctor <= UNNOTICED && heard.patient <= UNNOTICED, JSON.stringify(heard));
  assert.notEqual(await pathOf(people.patient.page), before, 'the path is another one');
  assert.equal((await media(people.patient.page)).made, 1);
  await cable.scene.endStory();
});

test('a restart of ICE that nobody finishes leaves the call as it was', async (t) => {
  const people = await call();
  // Longer than a browser waits for answers to its checks.
  const heard = await gaps(t, people, 25, () => people.patient.page.evaluate(() => globalThis.restartIce(1_002, false)));
  assert.ok(heard.doctor <= UNNOTICED && heard.patient <= UNNOTICED, JSON.stringify(heard));
  assert.equal((await media(people.patient.page)).made, 1);
  await cable.scene.endStory();
});

test('a network that stops carrying datagrams in the call: another way carries the voices, on the same transport', async (t) => {
  const people = await call();
  assert.equal(await carrier(people.patient.page), 'udp');
  const heard = await gaps(t, people, 14, () => cable.relay.order({ udp: false, udp_from: cable.turn.from }));
  // Chromium closes its other ways once datagrams work, so there is none to go over to: it finds one by a restart of ICE.
  assert.ok(heard.doctor <= RESTARTED && heard.patient <= RESTARTED, JSON.stringify(heard));
  await until('another way carries', async () => ['tcp', 'turn-tls'].includes(await carrier(people.patient.page)));
  t.diagnostic(`media go by ${await carrier(people.patient.page)}`);
  assert.equal((await media(people.patient.page)).made, 1, 'without a new transport');
  await cable.relay.order({ udp: true });
  await Promise.all([mediaFlows(people.patient.page), mediaFlows(people.doctor.page)]);
  await cable.scene.endStory();
});
