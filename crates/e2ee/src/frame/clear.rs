//! What a media server has to read of a frame.

/// How a track is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// Opus: nothing of it is readable, ever.
    Opus,
    /// VP8: the frame tag, whose first bit tells a keyframe from the others, and a keyframe's start code and size.
    Vp8,
    /// VP9: nothing; its payload descriptor is outside the frame.
    Vp9,
}

/// How many bytes of a frame stay readable: 0, 1 or 10.
///
/// # Source
///
/// RFC 6386 section 9.1: three bytes of frame tag, of which the first carries the keyframe's bit, and seven more in a keyframe.
#[must_use]
pub fn clear_prefix_bytes(codec: Codec, frame: &[u8]) -> usize {
    match codec {
        Codec::Opus | Codec::Vp9 => 0,
        Codec::Vp8 => match frame.first() {
            None => 0,
            Some(first) if first & 1 == 0 => super::MAX_CLEAR_PREFIX_BYTES.min(frame.len()),
            Some(_) => 1,
        },
    }
}
