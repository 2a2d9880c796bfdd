use std::time::{Duration, Instant};

/// What a simulated packet says of itself, inside its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub sent_at: Instant,
    /// Who sends it.
    pub speaker: u32,
    /// Number of the frame, or of the 20 ms of voice.
    pub frame: u32,
    /// Packets of the frame.
    pub packets: u16,
    pub packet: u16,
    pub is_keyframe: bool,
}

/// Bytes before the padding of a payload.
pub(crate) const STAMP_BYTES: usize = 24;

impl Stamp {
    /// Writes a payload of `bytes`, at least [`STAMP_BYTES`], that reads as VP8.
    pub(crate) fn write(&self, began_at: Instant, bytes: usize) -> Vec<u8> {
        let mut payload = vec![self.filler(); bytes.max(STAMP_BYTES)];
        payload[0] = if self.packet == 0 { 0x10 } else { 0 };
        payload[1] = if self.is_keyframe { 0x50 } else { 0x51 };
        let sent_us = (self.sent_at - began_at).as_micros() as u64;
        payload[2..10].copy_from_slice(&sent_us.to_be_bytes());
        payload[10..14].copy_from_slice(&self.frame.to_be_bytes());
        payload[14..16].copy_from_slice(&self.packets.to_be_bytes());
        payload[16..18].copy_from_slice(&self.packet.to_be_bytes());
        payload[18] = self.is_keyframe.into();
        payload[19..23].copy_from_slice(&self.speaker.to_be_bytes());
        payload
    }

    pub(crate) fn read(payload: &[u8], began_at: Instant) -> Option<Self> {
        let stamp = payload.first_chunk::<STAMP_BYTES>()?;
        let number = |at: usize, length: usize| stamp[at..at + length].iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
        Some(Self {
            sent_at: began_at + Duration::from_micros(number(2, 8)),
            frame: number(10, 4) as u32,
            packets: number(14, 2) as u16,
            packet: number(16, 2) as u16,
            is_keyframe: stamp[18] != 0,
            speaker: number(19, 4) as u32,
        })
    }

    /// Whether a payload is the one that was sent, to the last byte.
    pub(crate) fn is_whole(&self, payload: &[u8], began_at: Instant) -> bool {
        self.write(began_at, payload.len()) == payload
    }

    /// What the rest of the payload is filled with: another byte in almost every packet.
    fn filler(&self) -> u8 {
        let sum =
            self.speaker.wrapping_mul(31).wrapping_add(self.frame).wrapping_mul(31).wrapping_add(self.packet.into());
        (sum ^ (sum >> 8)) as u8
    }
}
