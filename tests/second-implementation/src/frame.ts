/** What every sender and receiver of frames knows: tracks, names of keys, readable beginnings, padding. */

import { type Bytes, concat } from "./bytes.js";
import { Refusal } from "./refusal.js";

export const MICROPHONE = 0;
export const CAMERA = 1;
export const SCREEN = 2;

export type Track = typeof MICROPHONE | typeof CAMERA | typeof SCREEN;
export type Codec = "opus" | "vp8" | "vp9";

export const MOST_PREFIX_BYTES = 10;

/** First number beyond those that name a key. */
export const KEY_IDS = 384n;

export function isTrack(number: number): number is Track {
  return number === MICROPHONE || number === CAMERA || number === SCREEN;
}

export interface KeyName {
  readonly track: Track;
  readonly leaf: number;
  readonly epoch: bigint;
}

export function keyIdOf({ track, leaf, epoch }: KeyName): bigint {
  return (BigInt(track) << 7n) | (BigInt(leaf) << 4n) | epoch % 16n;
}

/** Takes a key's name apart; of the epoch it tells the remainder of a division by 16. */
export function keyNameOf(keyId: bigint): KeyName {
  const track = Number(keyId >> 7n);
  if (keyId >= KEY_IDS || !isTrack(track)) {
    throw new Refusal("key_id");
  }
  return { track, leaf: Number((keyId >> 4n) & 7n), epoch: keyId & 15n };
}

/** Counts the bytes of a picture's frame that stay readable. */
export function prefixBytes(codec: Codec, frame: Bytes): number {
  const first = frame[0];
  if (codec !== "vp8" || first === undefined) {
    return 0;
  }
  const isKeyframe = (first & 1) === 0;
  return isKeyframe ? Math.min(MOST_PREFIX_BYTES, frame.length) : 1;
}

export function metadataOf(track: Track, prefix: Bytes): Bytes {
  return concat(Uint8Array.of(track, prefix.length), prefix);
}

const PADDED_BYTES = [24, 64, 96, 128, 160, 192, 256, 384, 512];
const PADDED_STEP = 256;
const MARK = 0x80;

export function pad(voice: Bytes): Bytes {
  const needed = voice.length + 1;
  const length = PADDED_BYTES.find((bytes) => bytes >= needed) ?? Math.ceil(needed / PADDED_STEP) * PADDED_STEP;
  const padded = new Uint8Array(length);
  padded.set(voice);
  padded[voice.length] = MARK;
  return padded;
}

export function unpad(padded: Bytes): Bytes {
  const mark = padded.findLastIndex((byte) => byte !== 0);
  if (padded[mark] !== MARK) {
    throw new Refusal("padding");
  }
  return padded.slice(0, mark);
}
