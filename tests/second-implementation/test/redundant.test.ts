import assert from "node:assert/strict";
import { test } from "node:test";

import { fromHex, toHex } from "../src/bytes.js";
import { MICROPHONE } from "../src/frame.js";
import { AES_256_GCM_SHA512_128 } from "../src/key.js";
import { Sender } from "../src/sender.js";
import { assertOpens, assertRefused, read, receiver, type Redundant } from "./vectors.js";

const { sealed, not_sealed: notSealed, arrivals } = read<Redundant>("envelope/redundant");

test("voices with repetitions are sealed to the same bytes", async () => {
  for (const { name, base_key: baseKey, leaf, epoch, counter, payload, sealed: expected } of sealed) {
    const sender = new Sender(AES_256_GCM_SHA512_128, fromHex(baseKey), leaf, BigInt(epoch));
    sender.skipTo(MICROPHONE, BigInt(counter));
    assert.equal(toHex(await sender.sealRedundant(fromHex(payload))), expected, name);
  }
  assert.equal(sealed.length, 9);
});

test("voices with repetitions are opened", async () => {
  for (const { name, leaf, sealed: arrived, opened, ...keys } of sealed) {
    await assertOpens(receiver(keys).openRedundant(leaf, fromHex(arrived)), opened, name);
  }
});

test("what is not RFC 2198's form is not sealed", async () => {
  for (const { name, payload } of notSealed) {
    const sender = new Sender(AES_256_GCM_SHA512_128, new Uint8Array(32), 0, 0n);
    await assertRefused(sender.sealRedundant(fromHex(payload)), "malformed", name);
  }
  assert.equal(notSealed.length, 5);
});

test("packets that were put together anew are opened as far as they are new and whole", async () => {
  for (const { name, from_leaf: leaf, packets, ...keys } of arrivals) {
    const opener = receiver(keys);
    for (const { sealed: arrived, payload, because } of packets) {
      const opening = opener.openRedundant(leaf, fromHex(arrived));
      await (payload === undefined ? assertRefused(opening, because, name) : assertOpens(opening, payload, name));
    }
  }
  assert.equal(arrivals.length, 8);
});
