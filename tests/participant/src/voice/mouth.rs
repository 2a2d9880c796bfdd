use bytes::Bytes;
use opus::{Application, Bitrate, Channels, Encoder};

use super::MakeVoiceError;
use crate::offered::OPUS;
use crate::red;
use crate::speech::{FRAME_SAMPLES, SAMPLE_RATE};

/// Codes a voice as browsers do by default: 20 milliseconds a packet, 32 kbit/s, each packet repeated by the next.
pub struct Mouth {
    encoder: Encoder,
    timestamp: u32,
    before: Option<Bytes>,
}

/// One packet's worth of speech.
#[derive(Debug, Clone)]
pub struct Spoken {
    /// RTP timestamp, in samples since the beginning.
    pub timestamp: u32,
    /// The sound alone.
    pub plain: Bytes,
    /// The sound, behind that of the packet before.
    pub redundant: Bytes,
}

impl Mouth {
    /// Makes one that has said nothing.
    ///
    /// # Errors
    ///
    /// [`MakeVoiceError`] when the codec is not there.
    pub fn new() -> Result<Self, MakeVoiceError> {
        let mut encoder = Encoder::new(SAMPLE_RATE, Channels::Mono, Application::Audio)?;
        encoder.set_bitrate(Bitrate::Bits(32_000))?;
        encoder.set_inband_fec(true)?;
        Ok(Self { encoder, timestamp: 0, before: None })
    }

    /// Codes the next [`FRAME_SAMPLES`] of sound.
    ///
    /// # Errors
    ///
    /// [`MakeVoiceError`] when the codec refuses the samples.
    pub fn speak(&mut self, samples: &[i16]) -> Result<Spoken, MakeVoiceError> {
        let plain = Bytes::from(self.encoder.encode_vec(samples, MAX_PACKET_BYTES)?);
        let repeated = self.before.as_deref().map(|before| (FRAME_SAMPLES as u32, before));
        let redundant = red::write(OPUS, repeated, &plain);
        let timestamp = self.timestamp;
        self.timestamp = timestamp.wrapping_add(FRAME_SAMPLES as u32);
        self.before = Some(plain.clone());
        Ok(Spoken { timestamp, plain, redundant })
    }
}

/// What fits into one datagram of any network, twice.
const MAX_PACKET_BYTES: usize = 500;
