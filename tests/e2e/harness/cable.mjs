// A platform with two ways to it: one directly, one through a cable that can be pulled.

import { launchChromium } from './chromium.mjs';
import { Relay } from './relay.mjs';
import { Scene } from './scene.mjs';

export class Cable {
  /** `address` is a loopback address that no other file of stories uses. */
  static async open(address) {
    const cable = new Cable();
    try {
      cable.scene = await Scene.open({ announce: [address] });
      cable.relay = await Relay.before(cable.scene.platform, address);
      cable.remote = await launchChromium([cable.relay.flag]);
    } catch (error) {
      await cable.close();
      throw error;
    }
    return cable;
  }

  async close() {
    await this.remote?.close();
    await this.relay?.close();
    await this.scene?.close();
  }
}
