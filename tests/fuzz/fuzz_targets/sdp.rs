#![no_main]

use colloque_sfu_core::sdp::{MAX_LINES, Offer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(offer) = Offer::parse(&text) {
        assert!(offer.lines.len() <= MAX_LINES);
        assert!(offer.ufrag.len() <= 256 && offer.ufrag.is_ascii());
    }
});
