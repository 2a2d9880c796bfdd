import assert from "node:assert/strict";
import { test } from "node:test";

import { bigEndian, concat, fromHex, toHex } from "../src/bytes.js";
import { keyIdOf, keyNameOf, metadataOf, pad, prefixBytes, unpad } from "../src/frame.js";
import { decodeHeader, encodeHeader } from "../src/header.js";
import { AES_256_GCM_SHA512_128, deriveSecrets, FrameKey, nonceOf } from "../src/key.js";
import { Refusal } from "../src/refusal.js";
import { Sender } from "../src/sender.js";
import {
  assertOpens,
  assertRefused,
  type Frame,
  type Key,
  type KeyIds,
  type Padding,
  type Prefix,
  read,
  receiver,
  type Refused,
  type Replay,
  suiteOf,
  trackOf,
} from "./vectors.js";

const frames = read<readonly Frame[]>("envelope/frames");

function placeOf(frame: Frame): { leaf: number; track: 0 | 1 | 2 } {
  return { leaf: frame.leaf, track: trackOf(frame.track) };
}

function refuses(because: string): (error: unknown) => boolean {
  return (error) => error instanceof Refusal && error.because === because;
}

test("the headers of RFC 9605 are written and read", () => {
  // Numbers past 2^53 are not exact in JSON; what their bytes say is.
  const { header } = read<{ header: { kid: number; ctr: number; encoded: string }[] }>("rfc9605/test-vectors");
  for (const { kid, ctr, encoded } of header) {
    const decoded = decodeHeader(fromHex(encoded));
    assert.deepEqual([Number(decoded.keyId), Number(decoded.counter)], [kid, ctr]);
    assert.equal(toHex(encodeHeader(decoded)), encoded);
  }
  assert.equal(header.length, 289);
});

test("the frames of RFC 9605 with AES-GCM are sealed and opened", async () => {
  interface Case {
    readonly cipher_suite: number;
    readonly kid: number;
    readonly ctr: number;
    readonly base_key: string;
    readonly metadata: string;
    readonly pt: string;
    readonly ct: string;
  }
  const cases = read<{ sframe: Case[] }>("rfc9605/test-vectors").sframe.filter(({ cipher_suite: suite }) => suite >= 4);
  for (const { cipher_suite: suite, kid, ctr, base_key: baseKey, metadata, pt, ct } of cases) {
    const [keyId, counter] = [BigInt(kid), BigInt(ctr)];
    const key = await FrameKey.derive(suiteOf(suite), fromHex(baseKey), keyId);
    const header = encodeHeader({ keyId, counter });
    const sealed = await key.seal(counter, concat(header, fromHex(metadata)), fromHex(pt));
    assert.equal(toHex(concat(header, sealed)), ct);
  }
  assert.equal(cases.length, 2);
});

test("keys have their names", () => {
  const { named, impossible } = read<KeyIds>("envelope/key-ids");
  for (const { track, leaf, epoch, key_id: keyId } of named) {
    assert.equal(keyIdOf({ track: trackOf(track), leaf, epoch: BigInt(epoch) }), BigInt(keyId));
    assert.deepEqual(keyNameOf(BigInt(keyId)), { track, leaf, epoch: BigInt(epoch) % 16n });
  }
  for (const keyId of impossible) {
    assert.throws(() => keyNameOf(BigInt(keyId)), refuses("key_id"), String(keyId));
  }
});

test("keys and salts are derived", async () => {
  for (const { suite, base_key: baseKey, key_id: keyId, key, salt } of read<readonly Key[]>("envelope/keys")) {
    const derived = await deriveSecrets(suiteOf(suite), fromHex(baseKey), BigInt(keyId));
    assert.deepEqual([toHex(derived.key), toHex(derived.salt)], [key, salt]);
  }
});

test("the same bytes stay readable", () => {
  for (const { codec, frame, prefix_bytes: expected } of read<readonly Prefix[]>("envelope/prefixes")) {
    assert.equal(prefixBytes(codec, fromHex(frame)), expected, `${codec} ${frame}`);
  }
});

test("voices are padded, and padding is taken off or refused", () => {
  const { padded, taken_off: takenOff, refused } = read<Padding>("envelope/padding");
  for (const { frame, padded: expected } of padded) {
    assert.equal(toHex(pad(fromHex(frame))), expected);
  }
  for (const { frame, padded: arrived } of [...padded, ...takenOff]) {
    assert.equal(toHex(unpad(fromHex(arrived))), frame);
  }
  for (const arrived of refused) {
    assert.throws(() => unpad(fromHex(arrived)), refuses("padding"), arrived);
  }
});

test("every frame is sealed to the same bytes", async () => {
  for (const frame of frames) {
    const sender = new Sender(suiteOf(frame.suite), fromHex(frame.base_key), frame.leaf, BigInt(frame.epoch));
    const track = trackOf(frame.track);
    sender.skipTo(track, BigInt(frame.counter));
    const sealed = await sender.seal(track, frame.codec, fromHex(frame.frame));
    assert.equal(toHex(sealed), frame.sealed, frame.name);
  }
  assert.equal(frames.length, 77);
});

test("every frame is opened, once", async () => {
  for (const frame of frames) {
    const opener = receiver(frame);
    await assertOpens(opener.open(placeOf(frame), fromHex(frame.sealed)), frame.frame, frame.name);
    await assertRefused(opener.open(placeOf(frame), fromHex(frame.sealed)), "replayed", frame.name);
  }
});

test("what a frame is made of on the way is as described", async () => {
  for (const frame of frames) {
    const keyId = keyIdOf({ ...placeOf(frame), epoch: BigInt(frame.epoch) });
    const counter = BigInt(frame.counter);
    const { salt } = await deriveSecrets(suiteOf(frame.suite), fromHex(frame.base_key), keyId);
    const bytes = frame.track === 0 ? pad(fromHex(frame.frame)) : fromHex(frame.frame);
    const prefix = bytes.slice(0, frame.prefix_bytes);
    const header = encodeHeader({ keyId, counter });
    assert.equal(keyId, BigInt(frame.key_id), frame.name);
    assert.equal(toHex(nonceOf(salt, counter)), frame.nonce, frame.name);
    assert.equal(toHex(concat(header, metadataOf(trackOf(frame.track), prefix))), frame.aad, frame.name);
    assert.equal(toHex(bytes.slice(frame.prefix_bytes)), frame.plaintext, frame.name);
  }
});

test("no frame opens with any bit of it changed", async () => {
  for (const frame of frames.filter(({ sealed }) => sealed.length < 160)) {
    const opener = receiver(frame);
    const bits = Array.from({ length: frame.sealed.length * 4 }, (_, bit) => bit);
    await Promise.all(
      bits.map((bit) => {
        const changed = fromHex(frame.sealed);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        return assertRefused(opener.open(placeOf(frame), changed), undefined, `${frame.name}, bit ${bit}`);
      }),
    );
    // What was refused has used up nothing.
    await assertOpens(opener.open(placeOf(frame), fromHex(frame.sealed)), frame.frame, frame.name);
  }
});

test("every forgery is refused, for the reason given", async () => {
  const refused = read<readonly Refused[]>("envelope/refused");
  for (const { name, because, members, from_leaf: leaf, on_track: track, sealed, ...keys } of refused) {
    const opening = receiver(keys, members).open({ leaf, track: trackOf(track) }, fromHex(sealed));
    await assertRefused(opening, because, name);
  }
  assert.equal(refused.length, 70);
});

test("counters are opened once, and not too late", async () => {
  const keys = { base_key: toHex(bigEndian(7n, 32)), epoch: 0 };
  for (const { name, arrivals } of read<readonly Replay[]>("envelope/replay")) {
    const opener = receiver(keys);
    for (const { counter, opens } of arrivals) {
      const sender = new Sender(AES_256_GCM_SHA512_128, fromHex(keys.base_key), 0, 0n);
      sender.skipTo(1, BigInt(counter));
      const opening = opener.open({ leaf: 0, track: 1 }, await sender.seal(1, "vp9", fromHex("010203")));
      await (opens ? assertOpens(opening, "010203", name) : assertRefused(opening, "replayed", name));
    }
  }
});
