/// Whether a VP8 payload begins a keyframe, read from the payload descriptor and the first clear byte of the frame.
///
/// End-to-end encryption leaves the first ten bytes of a VP8 keyframe in clear, so the frame's own bit is readable
/// without opening the frame.
///
/// # Source
///
/// RFC 7741 sections 4.2 and 4.3.
pub(crate) fn begins_keyframe(payload: &[u8]) -> bool {
    let Some(&first) = payload.first() else { return false };
    let begins_first_partition = first & 0x10 != 0 && first & 0x07 == 0;
    let frame_byte = || payload.get(Descriptor::parse(payload)?.bytes).copied();
    begins_first_partition && frame_byte().is_some_and(|byte| byte & 1 == 0)
}

/// Where a payload descriptor has the numbers that a decoder follows from picture to picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Descriptor {
    /// Length of the descriptor.
    bytes: usize,
    picture_at: Option<usize>,
    is_wide: bool,
    base_at: Option<usize>,
}

impl Descriptor {
    fn parse(payload: &[u8]) -> Option<Self> {
        let first = *payload.first()?;
        let mut descriptor = Self { bytes: 1, picture_at: None, is_wide: false, base_at: None };
        if first & 0x80 == 0 {
            return Some(descriptor);
        }
        let extended = *payload.get(1)?;
        let mut at = 2;
        if extended & 0x80 != 0 {
            descriptor.is_wide = *payload.get(at)? & 0x80 != 0;
            descriptor.picture_at = Some(at);
            at += if descriptor.is_wide { 2 } else { 1 };
        }
        if extended & 0x40 != 0 {
            descriptor.base_at = Some(at);
            at += 1;
        }
        if extended & 0x30 != 0 {
            at += 1;
        }
        descriptor.bytes = at;
        (payload.len() >= at).then_some(descriptor)
    }
}

/// Names of one picture: its number, and that of the picture of the lowest temporal layer that it builds on; zero where the
/// descriptor has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct PictureNames {
    pub picture: u16,
    pub base: u8,
}

impl PictureNames {
    /// Reads the names in a payload.
    pub(crate) fn read(payload: &[u8]) -> Self {
        let Some(descriptor) = Descriptor::parse(payload) else { return Self::default() };
        let byte = |at: usize| payload.get(at).copied().unwrap_or(0);
        let picture = descriptor.picture_at.map_or(0, |at| match descriptor.is_wide {
            true => u16::from_be_bytes([byte(at), byte(at + 1)]) & WIDE,
            false => u16::from(byte(at)) & NARROW,
        });
        Self { picture, base: descriptor.base_at.map_or(0, byte) }
    }

    /// What must be added to the names of a stream that begins with `first`, so that it goes on after `self`.
    pub(crate) fn shift_to_follow(self, first: Self) -> Self {
        Self {
            picture: self.picture.wrapping_add(1).wrapping_sub(first.picture) & WIDE,
            base: self.base.wrapping_add(1).wrapping_sub(first.base),
        }
    }

    /// The names after a shift.
    pub(crate) fn shifted(self, shift: Self) -> Self {
        Self { picture: self.picture.wrapping_add(shift.picture) & WIDE, base: self.base.wrapping_add(shift.base) }
    }

    /// Adds `self` to the names in a payload, in place: each keeps its width.
    pub(crate) fn shift(self, payload: &mut [u8]) {
        if self == Self::default() {
            return;
        }
        let Some(descriptor) = Descriptor::parse(payload) else { return };
        let names = Self::read(payload).shifted(self);
        if let Some(at) = descriptor.picture_at {
            if descriptor.is_wide {
                payload[at..at + 2].copy_from_slice(&(names.picture | !WIDE).to_be_bytes());
            } else {
                payload[at] = (names.picture & NARROW) as u8;
            }
        }
        if let Some(at) = descriptor.base_at {
            payload[at] = names.base;
        }
    }
}

/// Numbers of pictures have fifteen bits, or seven.
const WIDE: u16 = 0x7fff;
const NARROW: u16 = 0x7f;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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

    #[test]
    fn names_go_on_after_those_of_another_stream() {
        let last = PictureNames { picture: 0x7ffe, base: 255 };
        let first = [0x90, 0xe0, 0x81, 0x05, 7, 0x40, 0x50];
        let shift = last.shift_to_follow(PictureNames::read(&first));
        let mut shifted = first;
        shift.shift(&mut shifted);
        assert_eq!(shifted, [0x90, 0xe0, 0xff, 0xff, 0, 0x40, 0x50]);
        let mut next = [0x90, 0xe0, 0x81, 0x06, 8, 0x40, 0x51];
        shift.shift(&mut next);
        assert_eq!(next, [0x90, 0xe0, 0x80, 0x00, 1, 0x40, 0x51]);
    }

    #[test]
    fn a_narrow_number_stays_narrow_and_a_payload_without_names_stays_as_it_is() {
        let shift = PictureNames { picture: 3, base: 2 };
        let mut narrow = [0x90, 0x80, 0x7e, 0x50];
        shift.shift(&mut narrow);
        assert_eq!(narrow, [0x90, 0x80, 0x01, 0x50]);
        for unnamed in [&[0x10, 0x50][..], &[0x90, 0x20, 0x40, 0x50], &[0x90], &[]] {
            let mut shifted = unnamed.to_vec();
            shift.shift(&mut shifted);
            assert_eq!(shifted, unnamed);
        }
    }

    proptest! {
        #[test]
        fn a_shift_changes_names_only_and_its_opposite_undoes_it(
            bytes in proptest::collection::vec(any::<u8>(), 0..16), picture in 0u16..0x8000, base: u8,
        ) {
            let shift = PictureNames { picture, base };
            let mut shifted = bytes.clone();
            shift.shift(&mut shifted);
            prop_assert_eq!(begins_keyframe(&shifted), begins_keyframe(&bytes));
            let back = PictureNames { picture: picture.wrapping_neg() & WIDE, base: base.wrapping_neg() };
            back.shift(&mut shifted);
            prop_assert_eq!(shifted, bytes);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..16)) {
            let _ = begins_keyframe(&bytes);
        }
    }
}
