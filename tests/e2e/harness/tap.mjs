// Everything that passes between browsers and the media server, kept.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';

export class Tap {
  /** Listens on `address` with the media server's own port, and passes on. */
  static async before(platform, address) {
    const tap = new Tap();
    tap.address = address;
    tap.packets = [];
    tap.upstream = new Map();
    tap.socket = createSocket('udp4');
    tap.socket.on('message', (packet, from) => tap.#up(packet, from, platform.mediaPort));
    tap.socket.bind(platform.mediaPort, address);
    await once(tap.socket, 'listening');
    return tap;
  }

  /** Runs in a page before its own scripts: its media pass here. */
  get script() {
    return `(() => {
      const set = RTCPeerConnection.prototype.setRemoteDescription;
      RTCPeerConnection.prototype.setRemoteDescription = function (description) {
        const { type, sdp } = description;
        return set.call(this, { type, sdp: sdp.replaceAll(' 127.0.0.1 ', ' ${this.address} ') });
      };
    })();`;
  }

  #up(packet, from, port) {
    const name = `${from.address}:${from.port}`;
    let upstream = this.upstream.get(name);
    if (!upstream) {
      upstream = createSocket('udp4');
      upstream.on('message', (answer) => {
        this.packets.push(answer);
        this.socket.send(answer, from.port, from.address);
      });
      this.upstream.set(name, upstream);
    }
    this.packets.push(packet);
    upstream.send(packet, port, '127.0.0.1');
  }

  close() {
    for (const socket of [this.socket, ...this.upstream.values()]) socket.close();
  }
}
