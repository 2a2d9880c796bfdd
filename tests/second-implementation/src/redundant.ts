/** Voices that carry earlier frames with them, RFC 2198, block by block. */

import { type Bytes, concat } from "./bytes.js";
import { Refusal } from "./refusal.js";

interface Block {
  readonly payloadType: number;
  /** How much earlier, in units of the timestamp; the newest has none. */
  readonly offset: number;
  readonly bytes: Bytes;
}

interface Packet {
  readonly earlier: readonly Block[];
  readonly newest: Block;
}

const MOST_BLOCKS = 8;
const MOST_EARLIER_BYTES = 1023;

/** RFC 2198 section 3: a bit that says whether more follow, 7 bits of type, 14 of offset, 10 of length. */
function parse(payload: Bytes): Packet {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const headers: { payloadType: number; offset: number; length: number }[] = [];
  let at = 0;
  while (at < payload.length && view.getUint8(at) >= 0x80) {
    if (at + 4 > payload.length) {
      throw new Refusal("malformed");
    }
    const header = view.getUint32(at);
    headers.push({ payloadType: (header >>> 24) & 0x7f, offset: (header >>> 10) & 0x3fff, length: header & 0x3ff });
    at += 4;
  }
  const payloadType = payload[at];
  if (payloadType === undefined || headers.length + 1 > MOST_BLOCKS) {
    throw new Refusal("malformed");
  }
  at += 1;
  const earlier = headers.map(({ payloadType, offset, length }) => {
    const bytes = payload.slice(at, at + length);
    if (bytes.length < length) {
      throw new Refusal("malformed");
    }
    at += length;
    return { payloadType, offset, bytes };
  });
  return { earlier, newest: { payloadType, offset: 0, bytes: payload.slice(at) } };
}

function write({ earlier, newest }: Packet): Bytes {
  const headers = earlier.map(({ payloadType, offset, bytes }) => {
    const header = new DataView(new ArrayBuffer(4));
    header.setUint32(0, 0x8000_0000 + payloadType * 2 ** 24 + offset * 2 ** 10 + bytes.length);
    return new Uint8Array(header.buffer);
  });
  const blocks = earlier.map(({ bytes }) => bytes);
  return concat(...headers, Uint8Array.of(newest.payloadType), ...blocks, newest.bytes);
}

export async function sealBlocks(payload: Bytes, seal: (block: Bytes) => Promise<Bytes>): Promise<Bytes> {
  const packet = parse(payload);
  const earlier: Block[] = [];
  for (const block of packet.earlier) {
    if (block.bytes.length > 0) {
      earlier.push({ ...block, bytes: await seal(block.bytes) });
    }
  }
  const newest = { ...packet.newest, bytes: await seal(packet.newest.bytes) };
  return write({ earlier: earlier.filter(({ bytes }) => bytes.length <= MOST_EARLIER_BYTES), newest });
}

export async function openBlocks(payload: Bytes, open: (block: Bytes) => Promise<Bytes>): Promise<Bytes> {
  const packet = parse(payload);
  const newest = { ...packet.newest, bytes: await open(packet.newest.bytes) };
  const earlier: Block[] = [];
  for (const block of packet.earlier) {
    try {
      earlier.push({ ...block, bytes: await open(block.bytes) });
    } catch (error) {
      if (!(error instanceof Refusal)) {
        throw error;
      }
    }
  }
  return write({ earlier, newest });
}
