//! How much of what was said was heard.

use crate::speech::{FRAME_SAMPLES, Speech};

/// What a comparison of said and heard gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Mean over all frames with speech of the ratio of speech to difference, in decibels.
    ///
    /// Each frame counts with -10 to 35, as is usual: a lost frame must not hide behind a perfect one, nor the other way round.
    pub segmental_snr_db: f64,
    /// Frames with speech that were compared.
    pub frames: usize,
    /// Share of those whose ratio is below 0 dB: something else than what was said.
    pub foreign_share: f64,
    /// Samples by which the heard lies behind the said.
    pub lag: usize,
}

/// Compares what was heard with what was said, from an unknown place of it on; none when there is not a second to compare.
///
/// What is heard may begin anywhere in the speech, and lies a constant time behind it: the codec's delay.
#[must_use]
pub fn score(said: &Speech, heard: &[i16]) -> Option<Score> {
    // The codec's first frames are not yet what was said.
    let heard = heard.get(SETTLING..).filter(|heard| heard.len() >= MIN_HEARD)?;
    let said = said.samples();
    let lag = align(said, heard);
    let at = |place: usize| said[(place + said.len() - lag) % said.len()];
    let mut ratios = Vec::new();
    for (number, frame) in heard.chunks_exact(FRAME_SAMPLES).enumerate() {
        let (mut speech, mut difference) = (0.0, 1.0);
        for (place, sample) in frame.iter().enumerate() {
            let said = f64::from(at(number * FRAME_SAMPLES + place));
            speech += said * said;
            difference += (said - f64::from(*sample)).powi(2);
        }
        if speech / FRAME_SAMPLES as f64 > SPEECH_POWER {
            ratios.push(10.0 * (speech / difference).log10());
        }
    }
    let frames = ratios.len();
    let count = frames.max(1) as f64;
    let segmental_snr_db = ratios.iter().map(|ratio| ratio.clamp(-10.0, 35.0)).sum::<f64>() / count;
    let foreign_share = ratios.iter().filter(|ratio| **ratio < 0.0).count() as f64 / count;
    (frames > 0).then_some(Score { segmental_snr_db, frames, foreign_share, lag })
}

/// Gives the lag at which said and heard are most alike: coarsely on thinned sound, then exactly.
///
/// Several pieces of the heard vote together, so that one that was lost does not decide.
fn align(said: &[i16], heard: &[i16]) -> usize {
    let (thin_said, thin_heard) = (Said::new(&thin(said)), thin(heard));
    let length = (thin_heard.len() / PIECES).min(PIECE_SAMPLES);
    let pieces = |lag: usize| -> f32 {
        let from = (0..PIECES).map(|piece| piece * thin_heard.len() / PIECES);
        from.map(|from| thin_said.likeness(lag, from, &thin_heard[from..from + length])).sum()
    };
    let coarse = most_alike(0..thin_said.length, pieces) * THINNING;
    let float = |samples: &[i16]| samples.iter().map(|sample| f32::from(*sample)).collect::<Vec<_>>();
    let (said, heard) = (Said::new(&float(said)), float(heard));
    let heard = &heard[..heard.len().min(5 * 48_000).min(said.length)];
    let from = coarse + said.length - 2 * THINNING;
    most_alike(from..from + 4 * THINNING, |lag| said.likeness(lag % said.length, 0, heard)) % said.length
}

fn most_alike(lags: std::ops::Range<usize>, likeness: impl Fn(usize) -> f32) -> usize {
    let measured = lags.map(|lag| (lag, likeness(lag)));
    measured.max_by(|(_, one), (_, other)| one.total_cmp(other)).map_or(0, |(lag, _)| lag)
}

/// The said, twice, so that every stretch of it lies in one piece.
struct Said {
    twice: Vec<f32>,
    length: usize,
}

impl Said {
    fn new(said: &[f32]) -> Self {
        Self { twice: [said, said].concat(), length: said.len() }
    }

    /// Compares a piece of the heard that begins at `from` with what was said `lag` samples before.
    fn likeness(&self, lag: usize, from: usize, heard: &[f32]) -> f32 {
        let start = (from + self.length - lag) % self.length;
        self.twice[start..].iter().zip(heard).map(|(said, heard)| said * heard).sum()
    }
}

fn thin(samples: &[i16]) -> Vec<f32> {
    samples
        .chunks_exact(THINNING)
        .map(|chunk| chunk.iter().map(|sample| f32::from(*sample)).sum::<f32>() / THINNING as f32)
        .collect()
}

/// Sound left out at the beginning, in samples.
const SETTLING: usize = 10 * FRAME_SAMPLES;
const MIN_HEARD: usize = 48_000;
/// Mean square above which a frame is speech.
const SPEECH_POWER: f64 = 250_000.0;
/// Samples of which the coarse search takes one mean.
const THINNING: usize = 16;
const PIECES: usize = 4;
/// Thinned samples of each piece: half a second.
const PIECE_SAMPLES: usize = 1_500;
