// Time-based one-time passwords, RFC 6238: SHA-1, six digits, thirty seconds.

import { createHmac } from 'node:crypto';
import { pause } from './wait.mjs';

const STEP_MS = 30_000;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function decodeBase32(text) {
  let bits = 0;
  let value = 0;
  const bytes = [];
  for (const letter of text.replace(/[\s=]/g, '').toUpperCase()) {
    value = (value << 5) | ALPHABET.indexOf(letter);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((value >> bits) & 255);
    }
  }
  return Buffer.from(bytes);
}

export function codeAt(secret, step) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const digest = createHmac('sha1', decodeBase32(secret)).update(counter).digest();
  const offset = digest[19] & 15;
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

const used = new Map();

/** A code that was not shown before. A server that refuses replays and allows one step of drift accepts it. */
export async function freshCode(secret) {
  for (;;) {
    const now = Math.floor(Date.now() / STEP_MS);
    const step = Math.max((used.get(secret) ?? 0) + 1, now);
    if (step <= now + 1) {
      used.set(secret, step);
      return codeAt(secret, step);
    }
    await pause((now + 1) * STEP_MS - Date.now() + 50);
  }
}
