#![no_main]

use colloque_sfu_core::rtcp::{Feedback, read_compound};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut parts = 0;
    read_compound(bytes, |feedback| {
        parts += 1;
        if let Feedback::Transport(report) = &feedback {
            assert!(report.packets().count() <= 1_024);
        }
        if let Feedback::Nack { missing, .. } = feedback {
            assert!(missing.sequences().count() <= 17 * bytes.len() / 4);
        }
    });
    assert!(parts <= bytes.len() / 4);
});
