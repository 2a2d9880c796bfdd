//! Sounds that the page makes by itself, without any file.

use wasm_bindgen::JsCast;
use web_sys::{AudioContext, AudioContextState, AudioNode, OscillatorType};

use crate::dom::{settle, spawn};

/// The bell of the page. Made once, and unlocked by a gesture.
pub struct Bell {
    context: AudioContext,
}

/// Notes of a melody: frequency in hertz, start in seconds, length in seconds.
type Note = (f32, f64, f64);

/// Somebody calls: three rising notes, twice.
const RING: [Note; 6] = [
    (523.25, 0.0, 0.35),
    (659.25, 0.2, 0.35),
    (783.99, 0.4, 0.7),
    (523.25, 1.3, 0.35),
    (659.25, 1.5, 0.35),
    (783.99, 1.7, 0.7),
];

/// Somebody arrived: two soft notes.
const CHIME: [Note; 2] = [(659.25, 0.0, 0.5), (880.0, 0.22, 0.9)];

/// A tune to check that one hears: long enough to turn the volume up while it plays.
const TUNE: [Note; 8] = [
    (523.25, 0.0, 0.5),
    (659.25, 0.4, 0.5),
    (783.99, 0.8, 0.5),
    (1046.5, 1.2, 0.9),
    (783.99, 1.8, 0.5),
    (659.25, 2.2, 0.5),
    (783.99, 2.6, 0.5),
    (523.25, 3.0, 1.2),
];

impl Bell {
    /// Makes the bell; none where the browser has no audio graph.
    #[must_use]
    pub fn new() -> Option<Self> {
        AudioContext::new().ok().map(|context| Self { context })
    }

    /// Lets the bell ring later without a gesture. Call it in one.
    pub fn unlock(&self) {
        // Only a suspended graph may be resumed: doing it to an interrupted one kills it for good.
        if self.context.state() == AudioContextState::Suspended
            && let Ok(resumed) = self.context.resume()
        {
            spawn(async move {
                settle(resumed).await.ok();
            });
        }
    }

    /// Whether it would be heard now.
    #[must_use]
    pub fn is_unlocked(&self) -> bool {
        self.context.state() == AudioContextState::Running
    }

    /// Somebody calls.
    pub fn ring(&self, volume: f32) {
        self.play(&RING, volume);
    }

    /// Somebody arrived.
    pub fn chime(&self, volume: f32) {
        self.play(&CHIME, volume);
    }

    /// A tune to check the sound with, four seconds.
    pub fn tune(&self, volume: f32) {
        self.play(&TUNE, volume);
    }

    fn play(&self, notes: &[Note], volume: f32) {
        self.unlock();
        for note in notes {
            // A note that cannot be made is a note not heard: text and vibration say the same.
            self.note(*note, volume.clamp(0.0, 1.0)).ok();
        }
    }

    fn note(&self, (frequency, start, length): Note, volume: f32) -> Result<(), wasm_bindgen::JsValue> {
        let begins = self.context.current_time() + 0.02 + start;
        let oscillator = self.context.create_oscillator()?;
        oscillator.set_type(OscillatorType::Triangle);
        oscillator.frequency().set_value(frequency);
        let gain = self.context.create_gain()?;
        let level = gain.gain();
        level.set_value_at_time(0.0, begins)?;
        level.linear_ramp_to_value_at_time(volume * 0.4, begins + 0.02)?;
        // An exponential curve never reaches zero; this is 66 dB below.
        level.exponential_ramp_to_value_at_time(0.0005, begins + length)?;
        oscillator.connect_with_audio_node(&gain)?;
        gain.connect_with_audio_node(self.context.destination().unchecked_ref::<AudioNode>())?;
        oscillator.start_with_when(begins)?;
        oscillator.stop_with_when(begins + length)
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        if let Ok(closed) = self.context.close() {
            spawn(async move {
                settle(closed).await.ok();
            });
        }
    }
}
