#![no_main]
//! Messages, live text, files and answers of members who send whatever they like, in any order and number.

use std::time::Duration;

use colloque_ids::{ParticipantId, Timestamp};
use colloque_talk::{Channel, FileState, MAX_ENTRIES, MAX_FILE_BYTES, MAX_TEXT_CHARS, Member, Standing, Talk, What};
use libfuzzer_sys::fuzz_target;

const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// Longest message that the engine seals, in bytes.
const MAX_SEALED_BYTES: usize = 32 * 1024;

fn person(number: u8) -> ParticipantId {
    ParticipantId::from_parts(START, [number; 10])
}

fn member(number: u8, standing: Standing) -> Member {
    Member { id: person(number), standing, name: "Jeanne".to_owned() }
}

fuzz_target!(|bytes: &[u8]| {
    let mut now = START;
    let mut talk = Talk::new(Standing::Practitioner, 1);
    let others = [member(1, Standing::Patient), member(2, Standing::Guest)];
    talk.meet(others.to_vec(), true);
    let mut rest = bytes;
    while let [kind, length, tail @ ..] = rest {
        let (content, tail) = tail.split_at(usize::from(*length).min(tail.len()));
        rest = tail;
        match kind % 10 {
            0..=5 => {
                talk.hear(person(1 + kind / 10 % 2), Channel::ALL[usize::from(kind % 4)], content, now);
            }
            6 => {
                let _ = talk.write(&String::from_utf8_lossy(content), now);
            }
            7 => {
                talk.show_typing(kind & 16 == 0);
                talk.type_line(&String::from_utf8_lossy(content));
            }
            8 => {
                now = now.after(Duration::from_millis(u64::from(*length) * 250));
                talk.tick(now);
            }
            _ => {
                talk.give_up(u64::from(*length));
                talk.meet(others[..usize::from(length % 3)].to_vec(), length & 4 == 0);
            }
        }
        while let Some((_, sent)) = talk.next_send(now) {
            assert!(talk.is_heard() && sent.len() <= MAX_SEALED_BYTES);
        }
    }
    assert!(talk.entries().len() <= MAX_ENTRIES);
    for entry in talk.entries() {
        match &entry.what {
            What::Text { text, .. } => assert!(!text.is_empty() && text.chars().count() <= MAX_TEXT_CHARS),
            What::File(view) => {
                assert!(view.done <= view.length || view.state == FileState::Refused);
                let file = talk.file(entry.key);
                assert_eq!(file.is_some(), view.state == FileState::Done);
                assert!(file.is_none_or(|file| view.kind.fits(file) && file.len() <= MAX_FILE_BYTES));
            }
            What::Answers { .. } => assert!(entry.from.is_none_or(|from| from == person(1)), "only a patient answers"),
            What::NotBelieved => unreachable!("nobody wanted in"),
        }
    }
    assert!(talk.lines().all(|line| line.line.chars().count() <= MAX_TEXT_CHARS + 1));
});
