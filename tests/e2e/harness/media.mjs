// What really arrives: read from the page's own transports.

import { until } from './wait.mjs';

/** Runs in the page before its own scripts: keeps a list of the transports that it makes. */
export const WATCH_PEERS = `(() => {
  const Native = globalThis.RTCPeerConnection;
  if (!Native || globalThis.transports) return;
  const transports = (globalThis.transports = []);
  globalThis.RTCPeerConnection = class extends Native {
    constructor(...list) { super(...list); transports.push(this); }
  };
})();`;

async function readInPage() {
  const open = (globalThis.transports ?? []).filter((peer) => peer.signalingState !== 'closed');
  const sum = { open: open.length, made: (globalThis.transports ?? []).length, connected: 0, camera: 0, screen: 0, audio: 0, energy: 0, sent: 0 };
  for (const peer of open) {
    if (peer.connectionState === 'connected') sum.connected += 1;
    const mids = peer.getTransceivers().map((line) => line.mid);
    const energies = [];
    for (const entry of (await peer.getStats()).values()) {
      if (entry.type === 'inbound-rtp') {
        const slot = entry.mid === undefined ? (entry.kind === 'audio' ? 0 : -1) : mids.indexOf(entry.mid);
        if (entry.kind === 'audio') {
          sum.audio += entry.packetsReceived ?? 0;
          if (entry.totalAudioEnergy !== undefined) energies.push(entry.totalAudioEnergy);
        } else if (slot === 2) sum.screen += entry.framesDecoded ?? 0;
        else sum.camera += entry.framesDecoded ?? 0;
      } else if (entry.type === 'outbound-rtp') sum.sent += entry.packetsSent ?? 0;
    }
    sum.energy += energies.length ? Math.max(...energies) : await heard(peer);
  }
  return sum;

  // A browser whose statistics say nothing of loudness: the sound itself is measured.
  async function heard(peer) {
    const track = peer.getTransceivers()[0]?.receiver.track;
    if (!track || peer.connectionState !== 'connected') return 0;
    if (!peer.ear) {
      const sound = new AudioContext();
      // Not awaited: without a loudspeaker it may settle late or never, and the next look hears all the same.
      sound.resume().catch(() => {});
      const analyser = sound.createAnalyser();
      sound.createMediaStreamSource(new MediaStream([track])).connect(analyser);
      peer.ear = { analyser, energy: 0 };
    }
    const samples = new Float32Array(peer.ear.analyser.fftSize);
    peer.ear.analyser.getFloatTimeDomainData(samples);
    peer.ear.energy += samples.reduce((total, sample) => total + sample * sample, 0) / samples.length;
    return peer.ear.energy;
  }
}

/** Counters of all open transports of a page (Playwright's or Puppeteer's). */
export function media(page) {
  return page.evaluate(readInPage);
}

/** What was decoded and heard between two readings of one page; what began anew counts from zero. */
export function between(before, now) {
  const grown = (count) => now[count] - (now[count] < before[count] ? 0 : before[count]);
  return { pictures: grown('camera'), energy: grown('energy') };
}

/** What a page's own transport may send, as its browser believes, in bits per second; zero before it believes anything. */
export function allowedRate(page) {
  return page.evaluate(async () => {
    const open = (globalThis.transports ?? []).filter((peer) => peer.connectionState === 'connected');
    const rates = [0];
    for (const peer of open) {
      for (const entry of (await peer.getStats()).values()) {
        if (entry.type === 'candidate-pair' && entry.nominated) rates.push(entry.availableOutgoingBitrate ?? 0);
      }
    }
    return Math.max(...rates);
  });
}

/** Waits until the other side's pictures are decoded and its sound is audible, both growing from now on. */
export async function mediaFlows(page, { within = 20_000, frames = 10, camera = true, sound = true, sinceMade = false } = {}) {
  const start = sinceMade ? { camera: 0, energy: 0 } : await media(page);
  return until('pictures decoded and sound heard', async () => {
    const now = await media(page);
    // A new transport counts from zero.
    const base = now.camera < start.camera || now.energy < start.energy ? { camera: 0, energy: 0 } : start;
    const seen = !camera || now.camera - base.camera >= frames;
    const heard = !sound || now.energy - base.energy > 1e-4;
    if (seen && heard) return now;
    throw new Error(JSON.stringify({ start, now }));
  }, { within, every: 100 });
}

async function listenInPage(milliseconds) {
  const read = async () => {
    const sum = { total: 0, invented: 0, events: 0, fec: 0, spoken: 0 };
    for (const peer of (globalThis.transports ?? []).filter((peer) => peer.connectionState !== 'closed')) {
      for (const entry of (await peer.getStats()).values()) {
        if (entry.kind !== 'audio') continue;
        if (entry.type === 'outbound-rtp') sum.spoken += entry.packetsSent ?? 0;
        if (entry.type !== 'inbound-rtp') continue;
        sum.total += entry.totalSamplesReceived ?? 0;
        sum.invented += entry.concealedSamples ?? 0;
        sum.events += entry.concealmentEvents ?? 0;
        sum.fec += entry.fecPacketsReceived ?? 0;
      }
    }
    return sum;
  };
  const start = await read();
  const startedAt = performance.now();
  let [last, heardAt, longestGap] = [start, startedAt, 0];
  while (performance.now() - startedAt < milliseconds) {
    await new Promise((done) => setTimeout(done, 50));
    const now = await read();
    const at = performance.now();
    if (now.total - now.invented > last.total - last.invented) {
      longestGap = Math.max(longestGap, at - heardAt);
      heardAt = at;
    }
    last = now;
  }
  longestGap = Math.max(longestGap, performance.now() - heardAt);
  const total = last.total - start.total;
  const [events, fec, spoken] = ['events', 'fec', 'spoken'].map((count) => last[count] - start[count]);
  return { invented: total ? (last.invented - start.invented) / total : 1, gap: Math.round(longestGap), events, fec, spoken };
}

/**
 * Listens to the other's voice for some seconds: the share of it that had to be invented for want of packets, how many times (`events`),
 * and the longest time in milliseconds without anything real; the redundant packets of it that came (`fec`), needed or not; and the
 * packets of its own voice that the page sent meanwhile (`spoken`).
 */
export function listen(page, seconds) {
  return page.evaluate(listenInPage, seconds * 1_000);
}

/** What carries a page's media: `udp`, `tcp`, or the way to a TURN server: `turn-tls`. */
export function carrier(page) {
  return page.evaluate(async () => {
    for (const peer of globalThis.transports ?? []) {
      const stats = await peer.getStats();
      for (const entry of stats.values()) {
        if (entry.type === 'transport' && entry.selectedCandidatePairId) {
          const pair = stats.get(entry.selectedCandidatePairId);
          // Where addresses are translated beyond the TURN server, the relayed one is learnt from an answer and not called so.
          const { protocol, relayProtocol } = stats.get(pair.localCandidateId);
          if (peer.connectionState === 'connected') return relayProtocol ? `turn-${relayProtocol}` : protocol;
        }
      }
    }
    return null;
  });
}
