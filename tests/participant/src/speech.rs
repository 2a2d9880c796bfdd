//! Speech that is the same each time: syllables of vowels and consonants from a seed, and nobody's voice.

use std::f64::consts::TAU;
use std::sync::Arc;
use std::time::Duration;

use colloque_network::Dice;

/// Samples of sound in a second.
pub const SAMPLE_RATE: u32 = 48_000;

/// Samples of one packet: 20 milliseconds.
pub const FRAME_SAMPLES: usize = 960;

/// Something to say, one channel at [`SAMPLE_RATE`]; said again from its beginning when it is over.
#[derive(Debug, Clone)]
pub struct Speech {
    samples: Arc<[i16]>,
}

impl Speech {
    /// Makes up about `length` of speech: all of it follows from `seed`.
    ///
    /// # Source
    ///
    /// A source and its resonances: Klatt, Software for a cascade/parallel formant synthesizer, 1980. Resonances of vowels:
    /// Calliope, La parole et son traitement automatique, 1989.
    #[must_use]
    pub fn synthesize(seed: u64, length: Duration) -> Self {
        let frames = (length.as_millis() / 20).max(1) as usize;
        let mut voice = Voice::new(seed);
        while voice.out.len() < frames * FRAME_SAMPLES {
            voice.phrase();
        }
        voice.out.truncate(frames * FRAME_SAMPLES);
        let loudest = voice.out.iter().fold(1e-9_f64, |loudest, sample| loudest.max(sample.abs()));
        let samples = voice.out.iter().map(|sample| (sample / loudest * PEAK) as i16).collect();
        Self { samples }
    }

    /// All of it, once.
    #[must_use]
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// The samples of one packet, counted from the beginning.
    #[must_use]
    pub fn frame(&self, number: u64) -> &[i16] {
        let frames = (self.samples.len() / FRAME_SAMPLES) as u64;
        let at = (number % frames) as usize * FRAME_SAMPLES;
        &self.samples[at..at + FRAME_SAMPLES]
    }
}

/// A third of the full scale, as a person speaks to a computer.
const PEAK: f64 = 11_000.0;

/// Three resonances, in hertz.
type Vowel = [f64; 3];

const VOWELS: [Vowel; 6] = [
    [300.0, 2_200.0, 3_000.0],
    [420.0, 2_000.0, 2_600.0],
    [700.0, 1_300.0, 2_600.0],
    [480.0, 900.0, 2_500.0],
    [320.0, 800.0, 2_400.0],
    [300.0, 1_800.0, 2_200.0],
];

/// Widths of the resonances, in hertz.
const WIDTHS: Vowel = [70.0, 100.0, 140.0];

struct Voice {
    dice: Dice,
    resonances: [Resonance; 3],
    hiss: Resonance,
    at: Vowel,
    /// Place in the present vibration of the vocal folds, from zero to one.
    phase: f64,
    out: Vec<f64>,
}

impl Voice {
    fn new(seed: u64) -> Self {
        Self {
            dice: Dice::new(seed),
            resonances: [Resonance::default(); 3],
            hiss: Resonance::default(),
            at: VOWELS[2],
            phase: 0.0,
            out: Vec::new(),
        }
    }

    fn between(&mut self, least: f64, most: f64) -> f64 {
        least + (most - least) * self.dice.fraction()
    }

    /// A breath's worth of syllables, lower towards the end, then a pause.
    fn phrase(&mut self) {
        let syllables = 4 + self.dice.below(5);
        let base = self.between(105.0, 165.0);
        for number in 0..syllables {
            let fall = 1.0 - 0.2 * number as f64 / syllables as f64;
            self.consonant();
            let accent = self.between(0.95, 1.05);
            self.vowel(base * fall * accent);
        }
        let pause = self.between(0.15, 0.4);
        self.silence(pause);
    }

    fn consonant(&mut self) {
        if self.dice.is(0.5) {
            // A stop: the mouth is closed, then opens at once.
            let closed = self.between(0.03, 0.06);
            self.silence(closed);
            self.noise(0.012, 0.5);
        } else {
            let hissed = self.between(0.05, 0.11);
            self.noise(hissed, 0.25);
        }
    }

    fn silence(&mut self, seconds: f64) {
        self.out.extend(std::iter::repeat_n(0.0, samples(seconds)));
    }

    fn noise(&mut self, seconds: f64, loudness: f64) {
        let count = samples(seconds);
        let place = self.between(3_000.0, 6_000.0);
        self.hiss.tune(place, 1_500.0);
        for number in 0..count {
            let swell = (number as f64 / count as f64 * TAU / 2.0).sin();
            let noise = self.between(-1.0, 1.0);
            self.out.push(self.hiss.pass(noise) * swell * loudness);
        }
    }

    fn vowel(&mut self, pitch: f64) {
        let count = samples(self.between(0.09, 0.22));
        let to = VOWELS[self.dice.below(VOWELS.len() as u64) as usize];
        let from = self.at;
        let mut flow = 0.0;
        for number in 0..count {
            let way = number as f64 / count as f64;
            if number % 48 == 0 {
                // The mouth is where it goes after a third of the vowel.
                let near = (way * 3.0).min(1.0);
                for (resonance, place) in self.resonances.iter_mut().zip(0..) {
                    resonance.tune(from[place] + (to[place] - from[place]) * near, WIDTHS[place]);
                }
            }
            let vibrato = 1.0 + 0.01 * (way * TAU * 1.5).sin();
            self.phase += pitch * vibrato / f64::from(SAMPLE_RATE);
            let pulse = if self.phase >= 1.0 { 1.0 } else { 0.0 };
            self.phase = self.phase.fract();
            // The folds' pulse is round: the high resonances get less of it.
            flow += (pulse - flow) * 0.12;
            let swell = (way * 12.0).min(1.0).min((1.0 - way) * 8.0);
            let sound: f64 = self.resonances.iter_mut().map(|resonance| resonance.pass(flow)).sum();
            self.out.push(sound * swell);
        }
        self.at = to;
    }
}

fn samples(seconds: f64) -> usize {
    (seconds * f64::from(SAMPLE_RATE)) as usize
}

/// A filter with two poles.
#[derive(Debug, Clone, Copy, Default)]
struct Resonance {
    gain: f64,
    first: f64,
    second: f64,
    last: [f64; 2],
}

impl Resonance {
    fn tune(&mut self, frequency: f64, width: f64) {
        let rate = f64::from(SAMPLE_RATE);
        let radius = (-TAU / 2.0 * width / rate).exp();
        self.first = 2.0 * radius * (TAU * frequency / rate).cos();
        self.second = -radius * radius;
        self.gain = (1.0 - radius) * 8.0;
    }

    fn pass(&mut self, sample: f64) -> f64 {
        let out = self.gain * sample + self.first * self.last[0] + self.second * self.last[1];
        self.last = [out, self.last[0]];
        out
    }
}
