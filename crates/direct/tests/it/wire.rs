//! What is said, and what has no meaning.

use colloque_direct::{MAX_DESCRIPTION_BYTES, Message, NoMeaning};
use proptest::prelude::*;

fn messages() -> impl Strategy<Value = Message> {
    let description = "[ -~]{1,200}";
    prop_oneof![
        any::<u32>().prop_map(|attempt| Message::Ask { attempt }),
        (any::<u32>(), description).prop_map(|(attempt, description)| Message::Offer { attempt, description }),
        (any::<u32>(), description).prop_map(|(attempt, description)| Message::Answer { attempt, description }),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read(message in messages()) {
        prop_assert_eq!(Message::read(&message.write()), Ok(message));
    }

    #[test]
    fn what_is_read_is_written_the_same(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(message) = Message::read(&bytes) {
            prop_assert_eq!(message.write(), bytes);
        }
    }
}

#[test]
fn what_is_too_short_too_long_or_no_text_has_no_meaning() {
    let long = [&[2, 0, 0, 0, 1][..], &vec![b'v'; MAX_DESCRIPTION_BYTES + 1]].concat();
    let cases: [&[u8]; 8] = [
        b"",
        &[1],
        &[1, 0, 0, 0],
        // A question that carries something, an offer that carries nothing, another kind, no UTF-8.
        &[1, 0, 0, 0, 1, b'v'],
        &[2, 0, 0, 0, 1],
        &[4, 0, 0, 0, 1, b'v'],
        &[3, 0, 0, 0, 1, 0xff],
        &long,
    ];
    for bytes in cases {
        assert_eq!(Message::read(bytes), Err(NoMeaning), "{bytes:?}");
    }
    assert!(Message::read(&long[..long.len() - 1]).is_ok());
}
