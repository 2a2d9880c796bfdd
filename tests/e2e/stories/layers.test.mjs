// Three people in one room of the media plane: each sees the two others in the layer that fits, in a real browser.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchChromium } from '../harness/chromium.mjs';
import { Rooms } from '../harness/rooms.mjs';
import { pause, until } from '../harness/wait.mjs';

/** Lines of a place: the voice and the face of one other person. */
const VOICES = ['0', '3'];
const FACES = ['1', '4'];

/** Calls `check` until it no longer fails. */
const soon = (what, check) => until(what, async () => { await check(); return true; }, { within: 30_000, every: 200 });

let browser;
let rooms;
let guests;

before(async () => {
  browser = await launchChromium();
  rooms = await Rooms.open();
  guests = [];
  for (const peer of [1, 2, 3]) guests.push(await rooms.join(browser, peer, 2));
});

after(async () => {
  rooms?.close();
  await browser?.close();
});

test('each hears and sees the two others', async () => {
  for (const guest of guests) {
    await soon('the others are heard and seen', async () => {
      const lines = await guest.received();
      for (const face of FACES) assert.ok(lines[face]?.framesDecoded > 10, `pictures on line ${face}`);
      for (const voice of VOICES) assert.ok(lines[voice]?.totalAudioEnergy > 0, `sound on line ${voice}`);
    });
  }
});

test('who shows one face large and one small gets the layers that fit, and the pictures go on', async () => {
  const [guest] = guests;
  await guest.show('1', 160);
  await guest.show('4', 720);
  await soon('each face has the layer of its size', async () => {
    const lines = await guest.received();
    assert.equal(lines['1'].frameHeight, 135);
    assert.equal(lines['4'].frameHeight, 540);
  });
  const before = await guest.received();
  for (const [line, height, expected] of [['1', 720, 540], ['4', 160, 135]]) {
    await guest.show(line, height);
    await soon('the layer changes', async () => assert.equal((await guest.received())[line].frameHeight, expected));
  }
  const lines = await guest.received();
  for (const line of FACES) {
    const frozen = lines[line].totalFreezesDuration - before[line].totalFreezesDuration;
    // A layer that was paused has its sender begin all of them anew, which a machine with three browsers feels.
    assert.ok(frozen < 5, `line ${line} stood still for ${frozen} s`);
    assert.ok(lines[line].framesDecoded > before[line].framesDecoded);
  }
});

test('a layer that nobody is shown is no longer sent, and comes back when somebody wants it', async () => {
  for (const guest of guests) for (const face of FACES) await guest.show(face, 160);
  for (const guest of guests) {
    await soon('the layers are paused', async () => {
      const { q, h, f } = await guest.sent();
      assert.deepEqual([q.active, h.active, f.active], [true, false, false]);
    });
  }
  const before = await guests[1].sent();
  for (const guest of guests) for (const face of FACES) await guest.show(face, 720);
  await soon('the layers come back', async () => {
    for (const face of FACES) assert.equal((await guests[0].received())[face].frameHeight, 540);
    const { f } = await guests[1].sent();
    assert.ok(f.packetsSent > before.f.packetsSent);
  });
});

test('who leaves frees the place, and who stays keeps theirs', async () => {
  const [guest, , leaver] = guests;
  await rooms.order({ leave: { peer: leaver.peer } });
  await leaver.page.close();
  const counts = async () => {
    const lines = await guest.received();
    return FACES.map((face) => lines[face].framesDecoded);
  };
  const first = await counts();
  await soon('one face goes on', async () => {
    const grown = (await counts()).map((count, place) => count - first[place]);
    assert.ok(Math.max(...grown) > 20, 'one face goes on');
  });
  const settled = await counts();
  await pause(1_500);
  const still = (await counts()).filter((count, place) => count === settled[place]);
  assert.equal(still.length, 1, 'the other place is empty');
});
