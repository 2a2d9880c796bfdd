// Browsers in one room of the bare media plane: each page publishes a drawn camera in three layers and a tone, and shows the others.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { programPath } from './platform.mjs';

const ADDRESS = 'https://rooms.test/';

export class Rooms {
  static async open() {
    const rooms = new Rooms();
    rooms.waiting = [];
    rooms.guests = new Map();
    rooms.child = spawn(programPath('colloque-rooms'), [], { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface(rooms.child.stdout).on('line', (line) => rooms.#take(JSON.parse(line)));
    return rooms;
  }

  #take(said) {
    if (said.is_sent) this.guests.get(said.peer)?.follow(said.mid, said.is_sent);
    else this.waiting.shift()?.(said);
  }

  async order(order) {
    const answer = new Promise((done) => this.waiting.push(done));
    this.child.stdin.write(`${JSON.stringify(order)}\n`);
    const said = await answer;
    if (said.error) throw new Error(said.error);
    return said;
  }

  /** Brings a page of `browser` into the room, with lines for `others` people. */
  async join(browser, peer, others) {
    const page = await browser.newPage();
    await page.route(ADDRESS, (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>room</title>' }));
    await page.goto(ADDRESS);
    const offer = await page.evaluate(publish, others);
    const guest = new Guest(this, page, peer);
    this.guests.set(peer, guest);
    const { answer } = await this.order({ offer: { peer, sdp: offer } });
    await page.evaluate((sdp) => window.connection.setRemoteDescription({ type: 'answer', sdp }), answer);
    return guest;
  }

  close() {
    this.child.stdin.end();
  }
}

export class Guest {
  constructor(rooms, page, peer) {
    Object.assign(this, { rooms, page, peer });
  }

  /** Sends these layers of a line, and no others. */
  send(mid, isSent) {
    return this.page.evaluate(async ([mid, isSent]) => {
      const { sender } = window.connection.getTransceivers().find((transceiver) => transceiver.mid === mid);
      const parameters = sender.getParameters();
      parameters.encodings.forEach((encoding, layer) => { encoding.active = isSent[layer]; });
      await sender.setParameters(parameters);
    }, [mid, isSent]);
  }

  /** Like `send`, for a page that may be leaving meanwhile: who is gone sends nothing anyway. */
  async follow(mid, isSent) {
    try {
      await this.send(mid, isSent);
    } catch (failure) {
      if (!this.page.isClosed() && this.page.context().browser()?.isConnected()) throw failure;
    }
  }

  show(mid, height) {
    return this.rooms.order({ show: { peer: this.peer, mid, height } });
  }

  /** What arrives on each line: pictures with their height, freezes, samples of sound. */
  received() {
    return this.page.evaluate(async () => {
      const lines = {};
      for (const stats of (await window.connection.getStats()).values()) {
        if (stats.type === 'inbound-rtp') lines[stats.mid] = stats;
      }
      return lines;
    });
  }

  /** Which layers leave, by name. */
  sent() {
    return this.page.evaluate(async () => {
      const layers = {};
      for (const stats of (await window.connection.getStats()).values()) {
        if (stats.type === 'outbound-rtp' && stats.rid) layers[stats.rid] = stats;
      }
      return layers;
    });
  }
}

/** Runs in the page: draws a camera, offers it in three layers beside a tone, and lines for the others. */
async function publish(others) {
  const canvas = Object.assign(document.createElement('canvas'), { width: 960, height: 540 });
  const context = canvas.getContext('2d');
  let frame = 0;
  setInterval(() => {
    frame += 1;
    context.fillStyle = `hsl(${(frame * 3) % 360} 70% 50%)`;
    context.fillRect(0, 0, 960, 540);
    context.fillStyle = 'white';
    context.fillRect((frame * 7) % 900, 150, 90, 240);
  }, 66);
  const audio = new AudioContext();
  const tone = new OscillatorNode(audio, { frequency: 330 });
  const out = audio.createMediaStreamDestination();
  tone.connect(out);
  tone.start();
  const connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  window.connection = connection;
  connection.addTransceiver(out.stream.getAudioTracks()[0], { direction: 'sendrecv' });
  connection.addTransceiver(canvas.captureStream(15).getVideoTracks()[0], {
    direction: 'sendrecv',
    sendEncodings: [
      { rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 150_000 },
      { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 400_000 },
      { rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 1_000_000 },
    ],
  });
  connection.addTransceiver('video', { direction: 'inactive' });
  for (let other = 1; other < others; other += 1) {
    connection.addTransceiver('audio', { direction: 'recvonly' });
    connection.addTransceiver('video', { direction: 'recvonly' });
  }
  connection.ontrack = ({ track }) => {
    const player = Object.assign(document.createElement(track.kind), { srcObject: new MediaStream([track]), muted: track.kind === 'video' });
    document.body.append(player);
    void player.play();
  };
  await connection.setLocalDescription();
  return connection.localDescription.sdp;
}
