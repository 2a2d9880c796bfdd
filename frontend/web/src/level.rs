//! How loud a microphone is.

use web_sys::{
    AnalyserNode, AudioContext, AudioContextState, MediaStream, MediaStreamAudioSourceNode, MediaStreamTrack,
};

use crate::dom::settle;

/// Samples looked at in one measure: about 20 ms.
const WINDOW: usize = 1_024;

/// Level reported for digital silence, in dBFS.
pub const SILENCE_DBFS: f32 = -100.0;

/// Measures one microphone. Dropped, it lets the audio system sleep.
pub struct LevelMeter {
    context: AudioContext,
    analyser: AnalyserNode,
    source: MediaStreamAudioSourceNode,
}

impl LevelMeter {
    /// Listens to a microphone without playing it. None where the browser has no audio graph.
    #[must_use]
    pub fn new(microphone: &MediaStreamTrack) -> Option<Self> {
        let context = AudioContext::new().ok()?;
        let stream = MediaStream::new().ok()?;
        stream.add_track(microphone);
        let source = context.create_media_stream_source(&stream).ok()?;
        let analyser = context.create_analyser().ok()?;
        analyser.set_fft_size(u32::try_from(WINDOW).ok()?);
        source.connect_with_audio_node(&analyser).ok()?;
        Some(Self { context, analyser, source })
    }

    /// The level of the last 20 ms in dBFS, from [`SILENCE_DBFS`] to 0; none while the browser holds the audio graph back.
    #[must_use]
    pub fn level_dbfs(&self) -> Option<f32> {
        match self.context.state() {
            AudioContextState::Running => {}
            AudioContextState::Suspended => {
                // Only a suspended graph may be resumed: doing it to an interrupted one kills it for good.
                if let Ok(resumed) = self.context.resume() {
                    crate::dom::spawn(async move {
                        settle(resumed).await.ok();
                    });
                }
                return None;
            }
            _ => return None,
        }
        let mut samples = [0_f32; WINDOW];
        self.analyser.get_float_time_domain_data(&mut samples);
        #[expect(clippy::cast_precision_loss, reason = "the window is 1,024 samples")]
        let mean_square = samples.iter().map(|sample| sample * sample).sum::<f32>() / WINDOW as f32;
        Some(if mean_square > 0.0 { (10.0 * mean_square.log10()).max(SILENCE_DBFS) } else { SILENCE_DBFS })
    }
}

impl Drop for LevelMeter {
    fn drop(&mut self) {
        self.source.disconnect().ok();
        if let Ok(closed) = self.context.close() {
            crate::dom::spawn(async move {
                settle(closed).await.ok();
            });
        }
    }
}

/// Tells a microphone that gives nothing from a person who says nothing.
///
/// A real microphone always gives some noise; one that stays at digital silence is covered, broken, or muted by a switch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SilenceWatch {
    heard: bool,
    silent_measures: u32,
    limit: u32,
}

impl SilenceWatch {
    /// Waits for `limit` measures before it says that nothing is heard.
    #[must_use]
    pub const fn new(limit: u32) -> Self {
        Self { heard: false, silent_measures: 0, limit }
    }

    /// Takes one measure.
    pub fn measure(&mut self, level_dbfs: f32) {
        if level_dbfs > VOICE_DBFS {
            self.heard = true;
            self.silent_measures = 0;
        } else {
            self.silent_measures = self.silent_measures.saturating_add(1);
        }
    }

    /// Whether a voice was heard at least once.
    #[must_use]
    pub const fn has_heard(&self) -> bool {
        self.heard
    }

    /// Whether nothing was heard for as long as the limit.
    #[must_use]
    pub const fn is_silent(&self) -> bool {
        self.silent_measures >= self.limit
    }
}

/// Level above which somebody speaks, in dBFS.
const VOICE_DBFS: f32 = -50.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_word_is_enough_to_be_heard() {
        let mut watch = SilenceWatch::new(10);
        watch.measure(-90.0);
        watch.measure(-30.0);
        assert!(watch.has_heard());
    }

    #[test]
    fn a_covered_microphone_is_noticed_after_the_limit() {
        let mut watch = SilenceWatch::new(3);
        watch.measure(SILENCE_DBFS);
        watch.measure(SILENCE_DBFS);
        assert!(!watch.is_silent());
        watch.measure(SILENCE_DBFS);
        assert!(watch.is_silent());
    }

    #[test]
    fn speaking_ends_the_silence() {
        let mut watch = SilenceWatch::new(1);
        watch.measure(SILENCE_DBFS);
        watch.measure(-20.0);
        assert!(!watch.is_silent());
    }
}
