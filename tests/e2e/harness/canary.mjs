// Secrets of a call, and a search for them in whatever a server holds.

import { createDecipheriv, createHmac } from 'node:crypto';
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes that a secret must have in a row to be recognised: far more than come together by chance. */
const ENOUGH = 16;

/** RFC 9605's AES_256_GCM_SHA512_128. */
const SUITE = 5;

const CHUNK = 16 << 20;

/** Takes a frame apart: `clear prefix ‖ header ‖ ciphertext ‖ tag (16) ‖ length of the prefix (1)`. */
function envelope(bytes) {
  const prefix = bytes.subarray(0, bytes.at(-1));
  let at = prefix.length + 1;
  const number = (field) => {
    if (field < 8) return BigInt(field);
    const from = at;
    at += (field & 7) + 1;
    return BigInt(`0x${bytes.subarray(from, at).toString('hex')}`);
  };
  const first = bytes[prefix.length];
  const [keyId, counter] = [number(first >> 4), number(first & 15)];
  return { prefix, keyId, counter, header: bytes.subarray(prefix.length, at), sealed: bytes.subarray(at, -17), tag: bytes.subarray(-17, -1) };
}

const hmac = (key, ...parts) => parts.reduce((hash, part) => hash.update(part), createHmac('sha512', key)).digest();

/** The key and the salt of one track of one member, RFC 9605 section 4.4.2; one step of HKDF is enough for each. */
function frameKey(baseKey, keyId) {
  const name = Buffer.alloc(11);
  name.writeBigUInt64BE(keyId);
  name.writeUInt16BE(SUITE, 8);
  name[10] = 1;
  const secret = hmac(Buffer.alloc(64), baseKey);
  const derive = (text, length) => hmac(secret, text, name).subarray(0, length);
  return { key: derive('SFrame 1.0 Secret key ', 32), salt: derive('SFrame 1.0 Secret salt ', 12) };
}

/** Opens a sealed picture; null with another key. */
export function openPicture(baseKey, bytes) {
  const { prefix, keyId, counter, header, sealed, tag } = envelope(bytes);
  const { key, salt } = frameKey(baseKey, keyId);
  salt.writeBigUInt64BE(salt.readBigUInt64BE(4) ^ counter, 4);
  const cipher = createDecipheriv('aes-256-gcm', key, salt);
  cipher.setAAD(Buffer.concat([header, Buffer.from([1, prefix.length]), prefix]));
  cipher.setAuthTag(tag);
  const opened = cipher.update(sealed);
  try {
    cipher.final();
  } catch {
    return null;
  }
  return Buffer.concat([prefix, opened]);
}

/** Finds the secret of an epoch in the memory of a worker: what opens a picture that it sealed. Memory is given out in steps of eight. */
export function findBaseKey(memory, sealed) {
  // What the program gives out lies behind what it consists of.
  for (let at = (memory.length & ~7) - 32; at >= 0; at -= 8) {
    const window = memory.subarray(at, at + 32);
    if (variety(window) >= 22 && openPicture(window, sealed)) return Buffer.from(window);
  }
  return null;
}

const met = new Uint32Array(256);
let round = 0;

/** How many different bytes there are: of 32 drawn ones, 30. */
export function variety(bytes) {
  round += 1;
  let count = 0;
  for (const byte of bytes) {
    count += Number(met[byte] !== round);
    met[byte] = round;
  }
  return count;
}

/** The keys of every track of an epoch's two members, beside the secret that they come from. */
export function mediaKeys(baseKey, keyId) {
  const epoch = keyId & 15n;
  const keys = [0n, 1n, 2n].flatMap((track) => [0n, 1n].map((leaf) => frameKey(baseKey, (track << 7n) | (leaf << 4n) | epoch).key));
  return [baseKey, ...keys];
}

export const keyIdOf = (sealed) => envelope(sealed).keyId;

/** Looks for secrets in any of the forms in which a program writes bytes: as they are, in hexadecimal, in base64. */
export class Search {
  #first = new Uint8Array(1 << 22);
  #patterns = new Map();
  #longest = 0;

  /** `secrets` is a list of bytes by name. */
  constructor(secrets) {
    for (const [name, list] of Object.entries(secrets)) {
      for (const bytes of list) for (const form of forms(bytes)) this.#plant(name, form);
    }
  }

  get size() {
    return [...this.#patterns.values()].flat().length;
  }

  #plant(name, pattern) {
    const start = pattern.readUInt32BE(0);
    this.#first[slot(start)] = 1;
    this.#patterns.set(start, [...(this.#patterns.get(start) ?? []), { name, pattern }]);
    this.#longest = Math.max(this.#longest, pattern.length);
  }

  /** Counts what is found, by name. */
  in(bytes, found = {}) {
    const first = this.#first;
    let start = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      start = ((start << 8) | bytes[at]) >>> 0;
      if (first[slot(start)] === 0) continue;
      for (const { name, pattern } of this.#patterns.get(start) ?? []) {
        const from = at - 3;
        if (from >= 0 && pattern.equals(bytes.subarray(from, from + pattern.length))) found[name] = (found[name] ?? 0) + 1;
      }
    }
    return found;
  }

  /** In a file or a part of one, piece by piece. */
  inFile(file, from, until, found) {
    const piece = Buffer.alloc(Math.min(CHUNK, until - from) + this.#longest);
    let read = 0;
    for (let at = from; at < until; at += CHUNK) {
      const length = readSync(file, piece, 0, Math.min(piece.length, until - at), at);
      this.in(piece.subarray(0, length), found);
      read += length;
    }
    return read;
  }

  /** In everything that a running program may write to. */
  inMemory(pid) {
    const found = {};
    const file = openSync(`/proc/${pid}/mem`, 'r');
    let bytes = 0;
    for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').trim().split('\n')) {
      const [, from, until, rights] = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/.exec(line);
      if (!rights.startsWith('rw')) continue;
      try {
        bytes += this.inFile(file, parseInt(from, 16), parseInt(until, 16), found);
      } catch (error) {
        // A part that was given back meanwhile.
        if (error.code !== 'EIO') throw error;
      }
    }
    closeSync(file);
    return { found, bytes };
  }

  /** In every file of a folder. */
  inFolder(folder) {
    const found = {};
    let bytes = 0;
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      try {
        const content = readFileSync(join(entry.parentPath, entry.name));
        this.in(content, found);
        bytes += content.length;
      } catch (error) {
        // A file that the database has removed meanwhile.
        if (error.code !== 'ENOENT') throw error;
      }
    }
    return { found, bytes };
  }
}

const slot = (start) => Math.imul(start, 0x9e3779b1) >>> 10;

function forms(secret) {
  const bytes = Buffer.from(secret);
  const text = bytes.toString('hex');
  const list = [bytes.subarray(0, ENOUGH), Buffer.from(text.slice(0, 2 * ENOUGH)), Buffer.from(text.slice(0, 2 * ENOUGH).toUpperCase())];
  // Where three bytes begin that become four characters depends on what stands before.
  for (const skipped of [0, 1, 2]) {
    const part = bytes.subarray(skipped, skipped + 3 * Math.floor((bytes.length - skipped) / 3)).subarray(0, ENOUGH - (ENOUGH % 3));
    list.push(Buffer.from(part.toString('base64')), Buffer.from(part.toString('base64url')));
  }
  return list;
}
