/** The published vectors, as their README describes them. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import type { Bytes } from "../src/bytes.js";
import { fromHex, toHex } from "../src/bytes.js";
import { type Codec, isTrack, type Track } from "../src/frame.js";
import { AES_128_GCM_SHA256_128, AES_256_GCM_SHA512_128, type Suite } from "../src/key.js";
import { Receiver } from "../src/receiver.js";
import { type Reason, Refusal } from "../src/refusal.js";

/** From `out/test`, where the compiled tests are. */
const FOLDER = new URL("../../../vectors/", import.meta.url);

export function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), "utf8")) as T;
}

export const EVERYBODY = [0, 1, 2, 3, 4, 5, 6, 7];

export interface KeyIds {
  readonly named: readonly { track: number; leaf: number; epoch: number; key_id: number }[];
  readonly impossible: readonly number[];
}

export interface Key {
  readonly suite: number;
  readonly base_key: string;
  readonly key_id: number;
  readonly key: string;
  readonly salt: string;
}

export interface Prefix {
  readonly codec: Codec;
  readonly frame: string;
  readonly prefix_bytes: number;
}

export interface Frame {
  readonly name: string;
  readonly suite: number;
  readonly base_key: string;
  readonly track: number;
  readonly leaf: number;
  readonly epoch: number;
  readonly counter: number;
  readonly codec: Codec;
  readonly frame: string;
  readonly key_id: number;
  readonly prefix_bytes: number;
  readonly plaintext: string;
  readonly nonce: string;
  readonly aad: string;
  readonly sealed: string;
}

export interface Padding {
  readonly padded: readonly { frame: string; padded: string }[];
  readonly taken_off: readonly { frame: string; padded: string }[];
  readonly refused: readonly string[];
}

export interface Redundant {
  readonly sealed: readonly {
    readonly name: string;
    readonly base_key: string;
    readonly leaf: number;
    readonly epoch: number;
    readonly counter: number;
    readonly payload: string;
    readonly sealed: string;
    readonly opened: string;
  }[];
  readonly not_sealed: readonly { name: string; payload: string }[];
  readonly arrivals: readonly {
    readonly name: string;
    readonly base_key: string;
    readonly epoch: number;
    readonly from_leaf: number;
    readonly packets: readonly { sealed: string; payload?: string; because?: Reason }[];
  }[];
}

export interface Replay {
  readonly name: string;
  readonly arrivals: readonly { counter: number; opens: boolean }[];
}

export interface Refused {
  readonly name: string;
  readonly because: Reason;
  readonly base_key: string;
  readonly epoch: number;
  readonly members: readonly number[];
  readonly from_leaf: number;
  readonly on_track: number;
  readonly sealed: string;
}

export interface Chain {
  readonly first: string;
  readonly commitment: string;
  readonly numbers: readonly { epoch: number; number: string }[];
  readonly refused: readonly { name: string; epoch: number; number: string }[];
}

export interface SpokenCode {
  readonly authenticator: string;
  readonly members: readonly { leaf: number; number: string }[];
  readonly bits: number;
  readonly words: readonly [string, string];
  readonly pictograms: readonly number[];
}

export function suiteOf(number: number): Suite {
  const suite = [AES_128_GCM_SHA256_128, AES_256_GCM_SHA512_128].find((known) => known.number === number);
  assert.ok(suite, `suite ${number}`);
  return suite;
}

export function trackOf(number: number): Track {
  assert.ok(isTrack(number), `track ${number}`);
  return number;
}

/** A receiver who knows one epoch. */
export function receiver(
  keys: { readonly suite?: number; readonly base_key: string; readonly epoch: number },
  members: readonly number[] = EVERYBODY,
): Receiver {
  const made = new Receiver(suiteOf(keys.suite ?? AES_256_GCM_SHA512_128.number));
  made.install(BigInt(keys.epoch), fromHex(keys.base_key), members);
  return made;
}

export async function assertOpens(opening: Promise<Bytes>, expected: string, name: string): Promise<void> {
  assert.equal(toHex(await opening), expected, name);
}

export async function assertRefused(opening: Promise<Bytes>, because: Reason | undefined, name: string): Promise<void> {
  const isExpected = (error: unknown): boolean =>
    error instanceof Refusal && (because === undefined || error.because === because);
  await assert.rejects(opening, isExpected, `${name}: ${because}`);
}
