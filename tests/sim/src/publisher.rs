use std::collections::VecDeque;
use std::time::{Duration, Instant};

use colloque_congestion::{Estimator, Limits, Pacer, TransportFeedback};
use colloque_load::client::{MediaClient, OPUS, RED, RTX, VP8};
use colloque_sfu_core::red::Redundant;

use crate::payload::{STAMP_BYTES, Stamp};

/// Most that the camera is encoded at, in bits per second.
const MOST_BPS: u64 = 2_300_000;
/// What a participant sends of itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sending {
    /// Stands in each packet.
    pub speaker: u32,
    pub has_voice: bool,
    pub has_picture: bool,
    /// Most that the camera is encoded at, in bits per second.
    pub most_bps: u64,
    /// From one frame to the next.
    pub frame: Duration,
}

impl Sending {
    /// A good camera and a microphone, both on.
    pub(crate) const fn all(speaker: u32) -> Self {
        Self { speaker, has_voice: true, has_picture: true, most_bps: MOST_BPS, frame: FRAME }
    }
}

/// Least, in bits per second: what is below pauses the picture in browsers as well.
const LEAST_BPS: u64 = 60_000;
/// What the voice takes with its headers, in bits per second.
const VOICE_BPS: u64 = 60_000;
const VOICE: Duration = Duration::from_millis(20);
const FRAME: Duration = Duration::from_millis(33);
const PACKET_BYTES: usize = 1_100;
/// Packets kept for retransmission.
const KEPT: usize = 600;
/// Headers, tag, UDP and IP.
const OVERHEAD: usize = 64;

/// What one participant sends: voice, and pictures that follow what the link and the other side allow.
pub(crate) struct Publisher {
    began_at: Instant,
    pub sending: Sending,
    pub estimator: Estimator,
    pacer: Pacer,
    /// What the other side allows, in bits per second.
    pub cap_bps: u64,
    voice_index: u64,
    last_voice: Vec<u8>,
    video_index: u64,
    rtx_index: u64,
    frame: u32,
    voice_at: Instant,
    frame_at: Instant,
    ticked_at: Instant,
    is_keyframe_wanted: bool,
    queue: VecDeque<Kept>,
    kept: VecDeque<Kept>,
    pub keyframes: usize,
}

#[derive(Debug, Clone)]
struct Kept {
    index: u64,
    timestamp: u32,
    is_marked: bool,
    payload: Vec<u8>,
}

impl Publisher {
    pub(crate) fn new(sending: Sending, began_at: Instant, now: Instant) -> Self {
        let limits = Limits { start_bps: 300_000, least_bps: 50_000, most_bps: 5_000_000 };
        let mut estimator = Estimator::new(limits, now);
        estimator.set_demand(sending.most_bps + VOICE_BPS);
        Self {
            began_at,
            sending,
            estimator,
            pacer: Pacer::new(1_000_000, now),
            cap_bps: u64::MAX,
            voice_index: 1,
            last_voice: Vec::new(),
            video_index: 1,
            rtx_index: 1,
            frame: 0,
            voice_at: now,
            frame_at: now,
            ticked_at: now,
            is_keyframe_wanted: true,
            queue: VecDeque::new(),
            kept: VecDeque::new(),
            keyframes: 0,
        }
    }

    pub(crate) fn want_keyframe(&mut self) {
        self.is_keyframe_wanted = true;
    }

    pub(crate) fn take_report(&mut self, now: Instant, report: &TransportFeedback<'_>) {
        self.estimator.take_report(now, report);
    }

    /// Sends again what the server misses.
    pub(crate) fn resend(&mut self, client: &MediaClient, sequence: u16, now: Instant, send: &mut impl FnMut(Vec<u8>)) {
        let Some(kept) = self.kept.iter().find(|kept| kept.index as u16 == sequence).cloned() else { return };
        let payload = [&sequence.to_be_bytes()[..], &kept.payload].concat();
        let number = self.note_sent(now, payload.len());
        let index = self.rtx_index;
        self.rtx_index += 1;
        let ssrc = client.rtx_ssrcs[1];
        send(client.sealed_with_number(ssrc, RTX, kept.is_marked, index, kept.timestamp, Some(number), &payload));
    }

    /// Sends what is due at `now`.
    pub(crate) fn run(&mut self, client: &MediaClient, now: Instant, send: &mut impl FnMut(Vec<u8>)) {
        if now >= self.ticked_at + VOICE {
            self.ticked_at = now;
            self.estimator.tick(now);
            self.pacer.set_rate(self.estimator.estimate_bps() * 5 / 2);
        }
        while self.voice_at <= now {
            let stamp = Stamp {
                speaker: self.sending.speaker,
                sent_at: self.voice_at,
                frame: self.voice_index as u32,
                packets: 1,
                packet: 0,
                is_keyframe: false,
            };
            if self.sending.has_voice {
                self.speak(client, stamp.write(self.began_at, 80), now, send);
            }
            self.voice_at += VOICE;
        }
        while self.frame_at <= now {
            if self.sending.has_picture {
                self.encode();
            }
            self.frame_at += self.sending.frame;
        }
        if !self.sending.has_picture {
            self.queue.clear();
            return;
        }
        while self.pacer.has_room(now) {
            let Some(packet) = self.queue.pop_front() else { break };
            let number = self.note_sent(now, packet.payload.len());
            let Kept { index, timestamp, is_marked, ref payload } = packet;
            send(client.sealed_with_number(client.ssrcs[1], VP8, is_marked, index, timestamp, Some(number), payload));
            self.kept.push_back(packet);
            if self.kept.len() > KEPT {
                self.kept.pop_front();
            }
        }
        // Probes repeat what was sent last, as browsers do.
        while self.estimator.padding_due(now) > 0 {
            let Some(last) = self.kept.back().map(|kept| kept.index as u16) else { return };
            self.resend(client, last, now, send);
        }
    }

    /// Sends 20 ms of voice, with those before them where the server wants that.
    fn speak(&mut self, client: &MediaClient, voice: Vec<u8>, now: Instant, send: &mut impl FnMut(Vec<u8>)) {
        let before = std::mem::replace(&mut self.last_voice, voice);
        let mut payload_type = OPUS;
        let mut payload = self.last_voice.clone();
        if client.has_redundancy() {
            let repeated = [Redundant::repeatable(960, &before), None, None];
            let redundant = Redundant { primary: &self.last_voice, repeated };
            payload_type = RED;
            payload = vec![0; redundant.bytes()];
            redundant.write(OPUS, &mut payload);
        }
        let number = self.note_sent(now, payload.len());
        let index = self.voice_index;
        self.voice_index += 1;
        let timestamp = index as u32 * 960;
        send(client.sealed_with_number(client.ssrcs[0], payload_type, false, index, timestamp, Some(number), &payload));
    }

    fn note_sent(&mut self, now: Instant, payload_bytes: usize) -> u16 {
        self.pacer.charge(payload_bytes + OVERHEAD, now);
        self.estimator.note_sent(now, payload_bytes + OVERHEAD)
    }

    /// What the camera is encoded at now, in bits per second.
    pub(crate) fn picture_bps(&self) -> u64 {
        let allowed = self.estimator.estimate_bps().min(self.cap_bps);
        allowed.saturating_sub(VOICE_BPS).clamp(LEAST_BPS, self.sending.most_bps)
    }

    fn encode(&mut self) {
        // A queue that is longer than a few frames skips frames, as encoders do.
        if self.queue.len() > 60 {
            return;
        }
        let is_keyframe = std::mem::take(&mut self.is_keyframe_wanted);
        self.keyframes += usize::from(is_keyframe);
        let frame_ms = self.sending.frame.as_millis() as usize;
        let frame_bytes = self.picture_bps() as usize / 8 * frame_ms / 1_000 * if is_keyframe { 6 } else { 1 };
        let media_bytes = frame_bytes.saturating_sub(frame_bytes / PACKET_BYTES * OVERHEAD).max(STAMP_BYTES);
        let packets = media_bytes.div_ceil(PACKET_BYTES);
        for packet in 0..packets {
            let stamp = Stamp {
                speaker: self.sending.speaker,
                sent_at: self.frame_at,
                frame: self.frame,
                packets: packets as u16,
                packet: packet as u16,
                is_keyframe,
            };
            self.queue.push_back(Kept {
                index: self.video_index,
                timestamp: self.frame.wrapping_mul(3_000),
                is_marked: packet + 1 == packets,
                payload: stamp.write(self.began_at, media_bytes / packets),
            });
            self.video_index += 1;
        }
        self.frame += 1;
    }
}
