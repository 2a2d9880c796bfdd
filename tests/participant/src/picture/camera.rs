use bytes::Bytes;

use super::{KEYFRAME_HEAD, TAG_BYTES, content};

/// Makes pictures of which each depends on the one before, and a keyframe when one is asked for.
#[derive(Debug)]
pub struct Camera {
    /// Pictures made.
    number: u64,
    wants_keyframe: bool,
}

/// What goes into one packet of a picture.
#[derive(Debug, Clone)]
pub struct Piece {
    /// VP8 payload descriptor and a part of the frame.
    pub payload: Bytes,
    /// Whether it is the picture's last.
    pub is_last: bool,
}

impl Camera {
    /// Makes one whose first picture is a keyframe.
    #[must_use]
    pub const fn new() -> Self {
        Self { number: 0, wants_keyframe: true }
    }

    /// Makes the next picture a keyframe.
    pub const fn show_keyframe(&mut self) {
        self.wants_keyframe = true;
    }

    /// Makes the next picture, at `rate_bps` of which `per_second` are shown; gives its number and its frame.
    pub fn picture(&mut self, rate_bps: u64, per_second: u64) -> (u16, Vec<u8>) {
        let is_keyframe = std::mem::take(&mut self.wants_keyframe);
        let mean = (rate_bps / per_second / 8) as usize;
        let length = if is_keyframe { mean * KEYFRAME_WEIGHT } else { mean };
        let mut frame = tag(is_keyframe, length);
        if is_keyframe {
            frame.extend_from_slice(&KEYFRAME_HEAD);
        }
        frame.extend_from_slice(&content(self.number, length.clamp(MIN_CONTENT, MAX_CONTENT)));
        let picture_id = self.number as u16 & 0x7fff;
        self.number += 1;
        (picture_id, frame)
    }
}

impl Default for Camera {
    fn default() -> Self {
        Self::new()
    }
}

/// The frame's first bytes: the inverse of "keyframe", shown, and the size of the first part.
fn tag(is_keyframe: bool, length: usize) -> Vec<u8> {
    let first_part = (length as u32).min((1 << 19) - 1);
    let tag = u32::from(!is_keyframe) | 1 << 4 | first_part << 5;
    tag.to_le_bytes()[..TAG_BYTES].to_vec()
}

/// Cuts a frame into pieces as equal as possible, the last ones a byte longer.
///
/// # Source
///
/// RFC 7741 section 4.2; the equal pieces are those of libwebrtc.
#[must_use]
pub fn split(frame: &[u8], picture_id: u16) -> Vec<Piece> {
    let count = frame.len().div_ceil(MAX_PIECE_BYTES);
    let (size, longer) = (frame.len() / count, frame.len() % count);
    let mut at = 0;
    let pieces = (0..count).map(|number| {
        let length = size + usize::from(number >= count - longer);
        let begins = if number == 0 { 0x10 } else { 0 };
        let [high, low] = picture_id.to_be_bytes();
        let mut payload = vec![0x80 | begins, 0x80, 0x80 | high, low];
        payload.extend_from_slice(&frame[at..at + length]);
        at += length;
        Piece { payload: payload.into(), is_last: number + 1 == count }
    });
    pieces.collect()
}

/// Bytes of a frame in one packet.
const MAX_PIECE_BYTES: usize = 1_100;
/// How many pictures' bytes a keyframe takes.
const KEYFRAME_WEIGHT: usize = 6;
const MIN_CONTENT: usize = 60;
const MAX_CONTENT: usize = 120_000;
