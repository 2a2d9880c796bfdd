//! The lengths of a voice's frames tell what is said; they are rounded up before they are sealed.

use thiserror::Error;

/// Lengths that a voice's frames are rounded up to, in bytes: silence, speech, loud or high speech, long frames of a weak link.
///
/// Fewer: less is told, more is sent. Chromium's voice is 69 bytes in the median, 138 at most: most frames become 96, 8 kbit/s more. The
/// long frames of a weak link are 120 in the median and become 128 or 160, 4 kbit/s more.
const LENGTHS: [usize; 9] = [24, 64, 96, 128, 160, 192, 256, 384, 512];

/// Longer ones, which speech never is, are rounded up to a multiple of this.
const STEP: usize = 256;

/// Ends the frame proper; zeros follow.
const MARK: u8 = 0x80;

/// What was sealed is no padded voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("voice is not padded")]
pub struct PadError;

/// Rounds a frame's length up.
///
/// # Source
///
/// ISO/IEC 7816-4: a mark and zeros. Why: Wright and others, *Spot me if you can*, 2008: phrases are found in the lengths of sealed
/// voices.
#[must_use]
pub fn pad_voice(frame: &[u8]) -> Vec<u8> {
    let needed = frame.len() + 1;
    let length = LENGTHS.into_iter().find(|&length| length >= needed).unwrap_or_else(|| needed.next_multiple_of(STEP));
    let mut padded = Vec::with_capacity(length);
    padded.extend_from_slice(frame);
    padded.push(MARK);
    padded.resize(length, 0);
    padded
}

/// Gives the frame back.
///
/// # Errors
///
/// [`PadError`] when no mark stands before the zeros.
pub fn unpad_voice(mut padded: Vec<u8>) -> Result<Vec<u8>, PadError> {
    let mark = padded.iter().rposition(|&byte| byte != 0).ok_or(PadError)?;
    if padded[mark] != MARK {
        return Err(PadError);
    }
    padded.truncate(mark);
    Ok(padded)
}
