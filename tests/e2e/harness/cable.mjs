// A platform with two ways to it: one directly, one through a network that can be made bad.

import { join } from 'node:path';
import { launchChromium, PHONE } from './chromium.mjs';
import { Relay } from './relay.mjs';
import { Scene } from './scene.mjs';
import { Turn } from './turn.mjs';

export class Cable {
  /**
   * `address` is a loopback address that no other file of stories uses; so is `turnFrom`, from where a TURN server relays, which
   * stands beyond the network; `direct`, whether it relays from browser to browser. Without it there is none. `flags` are for the browsers on both sides.
   */
  static async open(address, { turnFrom, direct, flags = [] } = {}) {
    const cable = new Cable();
    try {
      if (turnFrom) cable.turn = await Turn.prepare({ direct });
      cable.scene = await Scene.open({ announce: ['127.0.0.1'], flags, turn: cable.turn });
      const { platform } = cable.scene;
      cable.relay = await Relay.before(platform, address, cable.turn ? [cable.turn.port] : []);
      const [certificate, key] = ['certificate.pem', 'certificate.key'].map((name) => join(platform.folder, 'data', name));
      // Browsers are told that the media plane is where the bad network begins, so that is where they ask to be relayed to.
      await cable.turn?.start({ certificate, key, from: turnFrom, peers: [address] });
      cable.remote = await launchChromium([cable.relay.flag, ...flags]);
    } catch (error) {
      await cable.close();
      throw error;
    }
    return cable;
  }

  /** Somebody with a phone behind the bad network. */
  patient({ device = PHONE } = {}) {
    return this.scene.patient({ device, browser: this.remote, script: this.relay.script });
  }

  /** The doctor, behind the bad network. */
  doctor() {
    return this.scene.doctor({ browser: this.remote, script: this.relay.script });
  }

  async close() {
    await this.remote?.close();
    await this.relay?.close();
    await this.turn?.close();
    await this.scene?.close();
  }
}
