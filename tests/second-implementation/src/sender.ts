/** What one member seals in one epoch. */

import { type Bytes, concat } from "./bytes.js";
import { type Codec, keyIdOf, metadataOf, MICROPHONE, pad, prefixBytes, type Track } from "./frame.js";
import { encodeHeader } from "./header.js";
import { FrameKey, type Suite } from "./key.js";
import { sealBlocks } from "./redundant.js";

const LAST_COUNTER = 2n ** 48n - 1n;

export class Sender {
  private readonly counters = new Map<Track, bigint>();

  constructor(
    private readonly suite: Suite,
    private readonly baseKey: Bytes,
    private readonly leaf: number,
    private readonly epoch: bigint,
  ) {}

  /** Leaves counters out, up to this one. */
  skipTo(track: Track, counter: bigint): void {
    if (counter < this.nextCounter(track)) {
      throw new RangeError("a counter is never used twice");
    }
    this.counters.set(track, counter);
  }

  nextCounter(track: Track): bigint {
    return this.counters.get(track) ?? 0n;
  }

  async seal(track: Track, codec: Codec, frame: Bytes): Promise<Bytes> {
    if (track === MICROPHONE) {
      return this.sealPart(track, new Uint8Array(), pad(frame));
    }
    const readable = prefixBytes(codec, frame);
    return this.sealPart(track, frame.slice(0, readable), frame.slice(readable));
  }

  /** Seals a voice that carries earlier frames with it. */
  async sealRedundant(payload: Bytes): Promise<Bytes> {
    return sealBlocks(payload, (block) => this.sealPart(MICROPHONE, new Uint8Array(), pad(block)));
  }

  private async sealPart(track: Track, prefix: Bytes, plaintext: Bytes): Promise<Bytes> {
    const keyId = keyIdOf({ track, leaf: this.leaf, epoch: this.epoch });
    const counter = this.nextCounter(track);
    if (counter > LAST_COUNTER) {
      throw new RangeError("the key has sealed all that it may");
    }
    this.counters.set(track, counter + 1n);
    const key = await FrameKey.derive(this.suite, this.baseKey, keyId);
    const header = encodeHeader({ keyId, counter });
    const sealed = await key.seal(counter, concat(header, metadataOf(track, prefix)), plaintext);
    return concat(prefix, header, sealed, Uint8Array.of(prefix.length));
  }
}
