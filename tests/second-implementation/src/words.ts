/** The two spoken words. */

import { ascii, bigEndian, type Bytes, concat, equal, fromBigEndian } from "./bytes.js";

/** First epoch for which nobody has a number. */
const EPOCHS = 4096;

async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** Gives the number of the epoch before. */
async function numberBefore(number: Bytes): Promise<Bytes> {
  return sha256(concat(ascii("colloque words chain v1\0"), number));
}

/** Gives a member's numbers from x(4096), each at the place of its epoch. The first of them is the commitment. */
export async function numbersOf(first: Bytes): Promise<readonly Bytes[]> {
  const numbers: Bytes[] = [];
  for (let number = first; numbers.length < EPOCHS; ) {
    number = await numberBefore(number);
    numbers.push(number);
  }
  return numbers.reverse();
}

/** Whether a number is the one that a member settled on for an epoch. */
export async function isSettled(commitment: Bytes, epoch: bigint, number: Bytes): Promise<boolean> {
  if (epoch >= EPOCHS) {
    return false;
  }
  for (let before = epoch; before > 0n; before -= 1n) {
    number = await numberBefore(number);
  }
  return equal(number, commitment);
}

export interface Shown {
  readonly leaf: number;
  readonly number: Bytes;
}

export interface Code {
  readonly bits: number;
  readonly words: readonly [number, number];
  readonly pictograms: readonly [number, number, number, number];
}

/** Gives the places of the words in the list, and the pictograms. */
export async function codeOf(authenticator: Bytes, members: readonly Shown[]): Promise<Code> {
  const shown = [...members]
    .sort((one, other) => one.leaf - other.leaf)
    .flatMap(({ leaf, number }) => [bigEndian(BigInt(leaf), 4), number]);
  const length = bigEndian(BigInt(authenticator.length), 8);
  const digest = await sha256(concat(ascii("colloque words v1\0"), length, authenticator, ...shown));
  const bits = Number(fromBigEndian(digest.slice(0, 3)) >> 4n);
  return {
    bits,
    words: [bits >> 10, bits & 0x3ff],
    pictograms: [bits >> 15, (bits >> 10) & 0x1f, (bits >> 5) & 0x1f, bits & 0x1f],
  };
}
