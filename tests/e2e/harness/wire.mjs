// A signaling server that does what it wants with the texts of end-to-end encryption: in the page, between its own scripts and the socket.

import { createPrivateKey, hkdfSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a text is for: `crates/protocol/src/end_to_end.rs`. */
export const KIND = {
  attest: 1, askOffers: 2, keyPackage: 3, commit: 4, sealed: 5, compared: 6, attested: 7, offer: 8, ordered: 9, welcome: 10, left: 11, missed: 12,
};

/**
 * Runs in the page before its own scripts. `rules` say what happens to each kind on its way `up` and `down`: it is dropped (`drop`), held
 * until a story lets it go (`hold`), delivered twice (`twice`), or handed to the story in the place of the other side (`tell`).
 */
export const wire = (rules = {}) => `(() => {
  const Native = globalThis.WebSocket;
  const wire = (globalThis.wire = { rules: { up: {}, down: {}, ...${JSON.stringify(rules)} }, seen: [], held: [] });
  const textOf = (data) => { try { return JSON.parse(data).end_to_end?.message; } catch { return undefined; } };
  const kindOf = (text) => atob(text.slice(0, 4).replaceAll('-', '+').replaceAll('_', '/')).charCodeAt(0);
  const wrap = (message) => JSON.stringify({ end_to_end: { message } });
  /** Whether a text goes its way. */
  const passes = (way, text) => {
    const kind = kindOf(text);
    const rule = wire.rules[way][kind];
    wire.seen.push({ way, kind, text });
    if (rule === 'hold') wire.held.push({ way, text });
    if (rule === 'tell') globalThis.wireTold(JSON.stringify({ way, kind, text }));
    if (rule === 'twice') queueMicrotask(() => (way === 'up' ? wire.sendUp(text) : wire.giveDown(text)));
    return rule === undefined || rule === 'twice';
  };
  globalThis.WebSocket = class extends Native {
    constructor(...list) {
      super(...list);
      wire.sendUp = (text) => super.send(wrap(text));
      wire.giveDown = (text) => this.dispatchEvent(Object.assign(new MessageEvent('message', { data: wrap(text) }), { isOurs: true }));
      this.addEventListener('message', (event) => {
        const text = event.isOurs ? undefined : textOf(event.data);
        if (text !== undefined && !passes('down', text)) event.stopImmediatePropagation();
      });
    }
    send(data) {
      const text = textOf(data);
      if (text === undefined || passes('up', text)) super.send(data);
    }
  };
})();`;

/** Says what happens from now on. */
export const rule = (page, rules) => page.evaluate((rules) => Object.assign(globalThis.wire.rules, { up: {}, down: {} }, rules), rules);

/** Every text that passed or did not, oldest first. */
export const seen = (page) => page.evaluate(() => globalThis.wire.seen);

/** The server says this to the page. */
export const giveDown = (page, ...texts) => page.evaluate((texts) => texts.forEach((text) => globalThis.wire.giveDown(text)), texts);

/** Lets go what was held, in the order that `turned` asks for. */
export const letGo = (page, turned) => page.evaluate((turned) => {
  const held = globalThis.wire.held.splice(0);
  for (const { way, text } of turned ? held.toReversed() : held) (way === 'up' ? globalThis.wire.sendUp(text) : globalThis.wire.giveDown(text));
  return held.length;
}, turned);

/** What a page tells of texts whose rule is `tell`. */
export const listen = (page, take) => page.exposeFunction('wireTold', (told) => take(JSON.parse(told)));

export const text = (kind, ...parts) => Buffer.concat([Buffer.from([kind]), ...parts.map((part) => Buffer.from(part))]).toString('base64url');
export const body = (text) => Buffer.from(text, 'base64url').subarray(1);

/** Takes a commit on its way up apart. */
export function readCommit(text) {
  const bytes = body(text);
  let at = 2 + bytes.readUInt16BE(0);
  const epoch = bytes.subarray(at, (at += 8));
  const long = () => bytes.subarray(at + 4, (at += 4 + bytes.readUInt32BE(at)));
  return { epoch, commit: long(), welcome: long() };
}

/** The platform's identity key, as its operator has it: Ed25519. */
export function identityKey(platform) {
  const master = readFileSync(join(platform.folder, 'data/master.key'));
  const seed = Buffer.from(hkdfSync('sha256', master, 'colloque master key v1', 'identity', 32));
  return createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]), format: 'der', type: 'pkcs8' });
}

/** States, with the platform's identity key or another, that somebody's key is a ghost's: their own statement with its key in it. */
export function falselyAttested(attested, ghostKey, key, makesGroup) {
  // Makes the group or not; statement: ..., leaf key (32), two instants (8 each); signature (64).
  const statement = Buffer.from(body(attested).subarray(1, -64));
  ghostKey.copy(statement, statement.length - 48);
  const signature = sign(null, Buffer.concat([Buffer.from('colloque attestation v1\0'), statement]), key);
  return text(KIND.attested, [makesGroup ? 1 : 0], statement, signature);
}

/** Who a statement is about: 16 bytes. */
export const participantOf = (attested) => body(attested).subarray(18, 34);

const written = (bytes) => bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** A member that nobody invited: the delivered worker by itself in a page of the platform's, fed by a story. */
export class Ghost {
  /** `say` takes each text that it wants to hand to the server. */
  static async open(page, say) {
    const ghost = new Ghost();
    ghost.page = page;
    await page.exposeFunction('ghostSays', say);
    await page.evaluate(() => {
      globalThis.ghost = new Worker(document.documentElement.dataset.worker, { type: 'module' });
      globalThis.shown = [];
      globalThis.ghost.onmessage = ({ data }) => {
        if (data[0] === 's') globalThis.ghostSays(data.slice(1));
        if (data[0] === 'v') globalThis.shown.push(data.slice(1));
      };
    });
    return ghost;
  }

  /** Is in the room of an attested person, by their name. */
  join(attested) {
    const bytes = body(attested);
    return this.#post(`j${written(bytes.subarray(2, 18))}${written(participantOf(attested))}`);
  }

  hear(text) {
    return this.#post(`h${text}`);
  }

  /** The words it sees, once it does. */
  words() {
    return this.page.evaluate(() => globalThis.shown.at(-1)?.slice(2));
  }

  /** Says that the words are the same, whatever they are. */
  claim() {
    return this.#post(true);
  }

  #post(message) {
    return this.page.evaluate((message) => globalThis.ghost.postMessage(message), message);
  }
}
