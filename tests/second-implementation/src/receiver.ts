/** What one member opens of the others. */

import { type Bytes, concat } from "./bytes.js";
import { keyNameOf, metadataOf, MICROPHONE, MOST_PREFIX_BYTES, type Track, unpad } from "./frame.js";
import { decodeHeader } from "./header.js";
import { FrameKey, type Suite, TAG_BYTES } from "./key.js";
import { openBlocks } from "./redundant.js";
import { Refusal } from "./refusal.js";
import { Opened } from "./replay.js";

interface TrackKey {
  readonly key: Promise<FrameKey>;
  readonly opened: Opened;
}

interface EpochKeys {
  readonly epoch: bigint;
  readonly baseKey: Bytes;
  members: readonly number[];
  readonly tracks: Map<bigint, TrackKey>;
}

/** Where a frame came: the member and the kind of track that the page shows there. */
export interface Place {
  readonly leaf: number;
  readonly track: Track;
}

export class Receiver {
  private epochs: EpochKeys[] = [];

  constructor(private readonly suite: Suite) {}

  /** Opens frames of another epoch too. Who is not in it any more is not opened in earlier ones either. */
  install(epoch: bigint, baseKey: Bytes, members: readonly number[]): void {
    this.epochs = this.epochs.filter((earlier) => earlier.epoch % 16n !== epoch % 16n);
    for (const earlier of this.epochs) {
      earlier.members = earlier.members.filter((leaf) => members.includes(leaf));
    }
    this.epochs.push({ epoch, baseKey, members, tracks: new Map() });
  }

  async open(place: Place, envelope: Bytes): Promise<Bytes> {
    const prefixBytes = envelope.at(-1);
    if (prefixBytes === undefined || prefixBytes > MOST_PREFIX_BYTES || envelope.length < prefixBytes + TAG_BYTES + 1) {
      throw new Refusal("envelope");
    }
    const prefix = envelope.slice(0, prefixBytes);
    const afterPrefix = envelope.slice(prefixBytes, -1);
    // The tag is not a place for a header to go on in.
    const { keyId, counter, encoded } = decodeHeader(afterPrefix.slice(0, -TAG_BYTES));
    const sealed = afterPrefix.slice(encoded.length);

    const named = keyNameOf(keyId);
    if (named.leaf !== place.leaf || named.track !== place.track) {
      throw new Refusal("track");
    }
    const { key, opened } = this.keyOf(keyId, named);
    if (!opened.isNew(counter)) {
      throw new Refusal("replayed");
    }
    const plaintext = await (await key).open(counter, concat(encoded, metadataOf(place.track, prefix)), sealed);
    // Another copy may have been opened meanwhile.
    if (!opened.isNew(counter)) {
      throw new Refusal("replayed");
    }
    opened.note(counter);
    return place.track === MICROPHONE ? unpad(plaintext) : concat(prefix, plaintext);
  }

  /** Opens a voice that carries earlier frames with it. */
  async openRedundant(leaf: number, payload: Bytes): Promise<Bytes> {
    return openBlocks(payload, (block) => this.open({ leaf, track: MICROPHONE }, block));
  }

  private keyOf(keyId: bigint, named: { leaf: number; epoch: bigint }): TrackKey {
    const keys = this.epochs.find(({ epoch, members }) => epoch % 16n === named.epoch && members.includes(named.leaf));
    if (keys === undefined) {
      throw new Refusal("unknown_key");
    }
    let known = keys.tracks.get(keyId);
    if (known === undefined) {
      known = { key: FrameKey.derive(this.suite, keys.baseKey, keyId), opened: new Opened() };
      keys.tracks.set(keyId, known);
    }
    return known;
  }
}
