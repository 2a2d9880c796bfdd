/** Keys of frames, and what they seal: RFC 9605 sections 4.4.2 and 4.4.3, with WebCrypto. */

import { ascii, bigEndian, type Bytes, concat } from "./bytes.js";
import { Refusal } from "./refusal.js";

export const TAG_BYTES = 16;
const NONCE_BYTES = 12;

/** An SFrame suite with AES-GCM and its whole tag. */
export interface Suite {
  readonly number: number;
  readonly hash: "SHA-256" | "SHA-512";
  readonly keyBytes: number;
}

export const AES_128_GCM_SHA256_128: Suite = { number: 4, hash: "SHA-256", keyBytes: 16 };

/** The one of calls. */
export const AES_256_GCM_SHA512_128: Suite = { number: 5, hash: "SHA-512", keyBytes: 32 };

export interface Secrets {
  readonly key: Bytes;
  readonly salt: Bytes;
}

export async function deriveSecrets(suite: Suite, baseKey: Bytes, keyId: bigint): Promise<Secrets> {
  const secret = await crypto.subtle.importKey("raw", baseKey, "HKDF", false, ["deriveBits"]);
  const expand = async (label: string, length: number): Promise<Bytes> => {
    const info = concat(ascii(label), bigEndian(keyId, 8), bigEndian(BigInt(suite.number), 2));
    const parameters = { name: "HKDF", hash: suite.hash, salt: new Uint8Array(), info };
    return new Uint8Array(await crypto.subtle.deriveBits(parameters, secret, length * 8));
  };
  return {
    key: await expand("SFrame 1.0 Secret key ", suite.keyBytes),
    salt: await expand("SFrame 1.0 Secret salt ", NONCE_BYTES),
  };
}

export function nonceOf(salt: Bytes, counter: bigint): Bytes {
  const counted = bigEndian(counter, NONCE_BYTES);
  return salt.map((byte, at) => byte ^ (counted[at] ?? 0));
}

export class FrameKey {
  private constructor(
    private readonly key: CryptoKey,
    private readonly salt: Bytes,
  ) {}

  static async derive(suite: Suite, baseKey: Bytes, keyId: bigint): Promise<FrameKey> {
    const { key, salt } = await deriveSecrets(suite, baseKey, keyId);
    return new FrameKey(await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]), salt);
  }

  /** Gives ciphertext and tag. */
  async seal(counter: bigint, authenticated: Bytes, plaintext: Bytes): Promise<Bytes> {
    return new Uint8Array(await crypto.subtle.encrypt(this.parameters(counter, authenticated), this.key, plaintext));
  }

  /** Opens ciphertext and tag. */
  async open(counter: bigint, authenticated: Bytes, sealed: Bytes): Promise<Bytes> {
    try {
      return new Uint8Array(await crypto.subtle.decrypt(this.parameters(counter, authenticated), this.key, sealed));
    } catch (error) {
      // WebCrypto says this, and nothing more, of a tag that does not fit.
      if (error instanceof DOMException && error.name === "OperationError") {
        throw new Refusal("tag");
      }
      throw error;
    }
  }

  private parameters(counter: bigint, authenticated: Bytes): AesGcmParams {
    const iv = nonceOf(this.salt, counter);
    return { name: "AES-GCM", iv, additionalData: authenticated, tagLength: TAG_BYTES * 8 };
  }
}
