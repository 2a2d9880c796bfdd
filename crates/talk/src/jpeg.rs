//! How large a JPEG says that it is, before a browser makes room for it (ITU-T T.81 annex B).

/// Longest side of a picture that is shown, in pixels: pages send half of it. A file of a few kilobytes may ask for gigabytes.
pub const MAX_SIDE_PX: u16 = 4_096;

/// Whether it is a JPEG whose sides are within [`MAX_SIDE_PX`].
pub fn is_shown(bytes: &[u8]) -> bool {
    sides(bytes).is_some_and(|sides| sides.into_iter().all(|side| (1..=MAX_SIDE_PX).contains(&side)))
}

/// Reads height and width from the only frame; none where there is no frame, or more than one before the scan.
fn sides(bytes: &[u8]) -> Option<[u16; 2]> {
    let mut rest = bytes.strip_prefix(b"\xff\xd8")?;
    let mut found = None;
    loop {
        let [0xff, marker, tail @ ..] = rest else { return None };
        match marker {
            // Fill bytes before a marker.
            0xff => {
                rest = rest.get(1..)?;
                continue;
            }
            // Start of scan: what follows is the picture.
            0xda => return found,
            // Markers that stand alone.
            0x01 | 0xd0..=0xd9 => return None,
            _ => {}
        }
        let (length, _) = tail.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        let segment = tail.get(2..length)?;
        let is_frame = matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc);
        if is_frame {
            let [_, height @ .., _] = segment.get(..6)? else { return None };
            let sides = [u16::from_be_bytes([height[0], height[1]]), u16::from_be_bytes([height[2], height[3]])];
            if found.replace(sides).is_some() {
                return None;
            }
        }
        rest = tail.get(length..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jpeg(frames: &[(u16, u16)]) -> Vec<u8> {
        let mut bytes = b"\xff\xd8\xff\xe0\x00\x04ab".to_vec();
        for (height, width) in frames {
            bytes.extend(b"\xff\xff\xc2\x00\x0b\x08");
            bytes.extend(height.to_be_bytes());
            bytes.extend(width.to_be_bytes());
            bytes.extend(b"\x01\x01\x11\x00");
        }
        bytes.extend(b"\xff\xda\x00\x02...");
        bytes
    }

    #[test]
    fn sides_are_read_and_bounded() {
        assert_eq!(sides(&jpeg(&[(480, 640)])), Some([480, 640]));
        assert!(is_shown(&jpeg(&[(4_096, 1)])));
        for frames in [&[(4_097, 1)][..], &[(1, 20_000)], &[(0, 5)], &[], &[(5, 5), (20_000, 20_000)]] {
            assert!(!is_shown(&jpeg(frames)), "{frames:?}");
        }
    }

    #[test]
    fn what_ends_early_is_none() {
        let whole = jpeg(&[(480, 640)]);
        for length in 0..whole.len() - 7 {
            assert_eq!(sides(&whole[..length]), None, "{length}");
        }
    }
}
