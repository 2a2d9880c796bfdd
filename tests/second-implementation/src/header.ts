/** The SFrame header: RFC 9605 section 4.3. */

import { bigEndian, type Bytes, concat, fromBigEndian } from "./bytes.js";
import { Refusal } from "./refusal.js";

export interface Header {
  readonly keyId: bigint;
  readonly counter: bigint;
}

/** Four bits for the first byte, and the bytes that follow it. */
function encodeField(number: bigint): [number, Bytes] {
  if (number < 8n) {
    return [Number(number), new Uint8Array()];
  }
  const length = Math.ceil(number.toString(16).length / 2);
  return [8 | (length - 1), bigEndian(number, length)];
}

export function encodeHeader({ keyId, counter }: Header): Bytes {
  const [keyField, keyBytes] = encodeField(keyId);
  const [counterField, counterBytes] = encodeField(counter);
  return concat(Uint8Array.of((keyField << 4) | counterField), keyBytes, counterBytes);
}

/** Reads a header at the beginning of `bytes`; `encoded` is what it takes of them. */
export function decodeHeader(bytes: Bytes): Header & { readonly encoded: Bytes } {
  const first = bytes[0];
  if (first === undefined) {
    throw new Refusal("header");
  }
  let at = 1;
  const read = (field: number): bigint => {
    if (field < 8) {
      return BigInt(field);
    }
    const length = (field & 7) + 1;
    const number = bytes.subarray(at, at + length);
    at += length;
    if (number.length < length) {
      throw new Refusal("header");
    }
    return fromBigEndian(number);
  };
  const header = { keyId: read(first >> 4), counter: read(first & 0xf) };
  const encoded = bytes.slice(0, at);
  if (encodeHeader(header).length !== at) {
    throw new Refusal("header");
  }
  return { ...header, encoded };
}
