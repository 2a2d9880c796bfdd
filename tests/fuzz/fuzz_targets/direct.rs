#![no_main]
//! What the other member says about a direct way, in any order and number, and descriptions that say whatever they like.

use std::time::Duration;

use colloque_direct::{Direct, Message, OFFER_EVERY, Output, Side, guarded};
use colloque_ids::Timestamp;
use libfuzzer_sys::fuzz_target;

const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fuzz_target!(|bytes: &[u8]| {
    if let Ok(message) = Message::read(bytes) {
        assert_eq!(message.write(), bytes);
    }
    if let Ok(description) = str::from_utf8(bytes) {
        let told = guarded(description);
        for line in told.lines() {
            assert!(!line.starts_with("a=candidate:") || line.ends_with(" typ relay raddr 0.0.0.0 rport 0"), "{line}");
            assert!(!(line.starts_with("a=extmap:") && line.contains("audio-level")), "{line}");
        }
    }
    for side in [Side::Practitioner, Side::Patient] {
        talk_to(side, bytes);
    }
});

fn talk_to(side: Side, bytes: &[u8]) {
    let mut now = START;
    let mut direct = Direct::new(side);
    direct.met(true, now);
    let mut offered_at = None::<Timestamp>;
    let mut rest = bytes;
    while let [kind, length, tail @ ..] = rest {
        let (said, tail) = tail.split_at(usize::from(*length).min(tail.len()));
        rest = tail;
        match kind % 8 {
            0 => now = now.after(Duration::from_millis(u64::from(*length) * 100)),
            1 => {
                // Whoever is met anew may ask at once.
                offered_at = None;
                direct.met(length % 2 == 0, now);
            }
            2 => direct.connected(u32::from(*length)),
            3 => direct.failed(u32::from(*length), now),
            // What has no meaning changes nothing.
            _ => _ = direct.hear(said, now),
        }
        direct.tick(now);
        while let Some(output) = direct.next_output() {
            match output {
                Output::Say(said) => assert!(Message::read(&said).is_ok()),
                Output::Offer { attempt } => {
                    assert_eq!(side, Side::Practitioner);
                    assert!(offered_at.is_none_or(|at| now >= at.after(OFFER_EVERY)));
                    offered_at = Some(now);
                    direct.described(attempt, (length % 3 > 0).then(|| "v=0".to_owned()), now);
                }
                Output::Answer { attempt, offer } => {
                    assert!(side == Side::Patient && !offer.is_empty());
                    direct.described(attempt, (length % 3 > 0).then_some(offer), now);
                }
                Output::Take { answer } => assert!(side == Side::Practitioner && !answer.is_empty()),
                Output::Close => {}
                Output::GiveUp => assert_eq!(side, Side::Patient),
            }
        }
    }
}
