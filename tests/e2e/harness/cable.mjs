// A platform with two ways to it: one directly, one through a network that can be made bad.

import { launchChromium, PHONE } from './chromium.mjs';
import { Relay } from './relay.mjs';
import { Scene } from './scene.mjs';

export class Cable {
  /** `address` is a loopback address that no other file of stories uses. */
  static async open(address) {
    const cable = new Cable();
    try {
      cable.scene = await Scene.open({ announce: ['127.0.0.1'] });
      cable.relay = await Relay.before(cable.scene.platform, address);
      cable.remote = await launchChromium([cable.relay.flag]);
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

  async close() {
    await this.remote?.close();
    await this.relay?.close();
    await this.scene?.close();
  }
}
