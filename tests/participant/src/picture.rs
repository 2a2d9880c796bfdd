//! Pictures on their way: VP8 as far as a server and a receiver look at it, with a content that can be checked.

mod camera;
mod eye;

pub use camera::{Camera, Piece, split};
pub use eye::{Eye, PictureStatistics, Whole};

use colloque_network::Dice;

/// Makes the bytes of picture `number`: nobody's face, and nothing that could be taken for another picture.
fn content(number: u64, length: usize) -> Vec<u8> {
    let mut dice = Dice::new(number);
    let mut content = number.to_be_bytes().to_vec();
    while content.len() < length {
        content.extend_from_slice(&dice.bits().to_be_bytes());
    }
    content.truncate(length.max(8));
    content
}

/// Bytes of a keyframe before its content: the frame's tag, the start code, width and height.
///
/// # Source
///
/// RFC 6386 section 9.1.
const KEYFRAME_HEAD: [u8; 7] = [0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01];
const TAG_BYTES: usize = 3;
