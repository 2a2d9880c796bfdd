/// Whether a VP8 payload begins a keyframe, read from the payload descriptor and the first clear byte of the frame.
///
/// End-to-end encryption leaves the first ten bytes of a VP8 keyframe in clear, so the frame's own bit is readable
/// without opening the frame.
///
/// # Source
///
/// RFC 7741 sections 4.2 and 4.3.
pub(crate) fn begins_keyframe(payload: &[u8]) -> bool {
    frame_byte(payload).is_some_and(|byte| byte & 1 == 0)
}

/// The first byte of the frame, when this payload begins a frame.
fn frame_byte(payload: &[u8]) -> Option<u8> {
    let first = *payload.first()?;
    let begins_first_partition = first & 0x10 != 0 && first & 0x07 == 0;
    if !begins_first_partition {
        return None;
    }
    let mut at = 1;
    if first & 0x80 != 0 {
        let extended = *payload.get(at)?;
        at += 1;
        if extended & 0x80 != 0 {
            at += if *payload.get(at)? & 0x80 != 0 { 2 } else { 1 };
        }
        if extended & 0x40 != 0 {
            at += 1;
        }
        if extended & 0x30 != 0 {
            at += 1;
        }
    }
    payload.get(at).copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::begins_keyframe;

    #[test]
    fn a_keyframe_is_seen_behind_every_length_of_descriptor() {
        for descriptor in [
            &[0x10][..],
            &[0x90, 0x00],
            &[0x90, 0x80, 0x05],
            &[0x90, 0x80, 0x85, 0x01],
            &[0x90, 0xe0, 0x85, 0x01, 3, 0x40],
        ] {
            assert!(begins_keyframe(&[descriptor, &[0x50, 0x9d]].concat()), "{descriptor:?}");
            assert!(!begins_keyframe(&[descriptor, &[0x51, 0x9d]].concat()), "{descriptor:?}");
            assert!(!begins_keyframe(descriptor), "{descriptor:?}");
        }
    }

    #[test]
    fn the_middle_of_a_keyframe_does_not_begin_one() {
        assert!(!begins_keyframe(&[0x00, 0x50]));
        assert!(!begins_keyframe(&[0x11, 0x50]));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..16)) {
            let _ = begins_keyframe(&bytes);
        }
    }
}
