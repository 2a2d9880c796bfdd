//! Words read aloud, by a voice of the device only: others would send what is read to somebody.

use colloque_web::dom::window;
use js_sys::Array;
use wasm_bindgen::JsCast;
use web_sys::{SpeechSynthesisUtterance, SpeechSynthesisVoice};

/// A French voice of this device.
fn voice() -> Option<SpeechSynthesisVoice> {
    let voices: Array = window().speech_synthesis().ok()?.get_voices();
    let voices = voices.iter().filter_map(|voice| voice.dyn_into::<SpeechSynthesisVoice>().ok());
    voices.into_iter().find(|voice| voice.local_service() && voice.lang().starts_with("fr"))
}

/// Whether this device can read French words aloud by itself.
pub fn is_there() -> bool {
    voice().is_some()
}

/// Reads words aloud, slowly.
pub fn read(words: &str) {
    let (Ok(speech), Some(voice)) = (window().speech_synthesis(), voice()) else { return };
    let Ok(utterance) = SpeechSynthesisUtterance::new_with_text(words) else { return };
    utterance.set_voice(Some(&voice));
    utterance.set_lang("fr-FR");
    utterance.set_rate(0.7);
    speech.cancel();
    speech.speak(&utterance);
}
