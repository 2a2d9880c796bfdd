//! What photographs in a document tell beside the picture: place, device, hour, small previews.

/// Takes out of a JPEG (ITU-T T.81 annex B) what does not draw, and all that follows its end. Kept are the density, the colour profile
/// and Adobe's note of how the colours are meant. None if it cannot be read.
pub fn jpeg(bytes: &[u8]) -> Option<Vec<u8>> {
    let start = bytes.windows(2).position(|window| window == b"\xff\xd8")?;
    let mut rest = bytes.get(start + 2..)?;
    let mut kept = b"\xff\xd8".to_vec();
    loop {
        let [0xff, marker, tail @ ..] = rest else { return None };
        match marker {
            // Fill bytes before a marker.
            0xff => {
                rest = rest.get(1..)?;
                continue;
            }
            0xd9 => {
                kept.extend(b"\xff\xd9");
                return Some(kept);
            }
            // Markers that stand alone.
            0x00 | 0x01 | 0xd0..=0xd8 => {
                rest = tail;
                continue;
            }
            _ => {}
        }
        let (length, _) = tail.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        let segment = tail.get(2..length)?;
        if is_kept(*marker, segment) {
            kept.extend(rest.get(..2 + length)?);
        }
        rest = tail.get(length..)?;
        if *marker == 0xda {
            let end = end_of_scan(rest);
            kept.extend(rest.get(..end)?);
            rest = rest.get(end..)?;
            // Some writers forget the end.
            if rest.len() < 2 {
                kept.extend(b"\xff\xd9");
                return Some(kept);
            }
        }
    }
}

fn is_kept(marker: u8, segment: &[u8]) -> bool {
    match marker {
        // Density; with a preview it is longer.
        0xe0 => segment.starts_with(b"JFIF\0") && segment.len() == 14,
        0xe2 => segment.starts_with(b"ICC_PROFILE\0"),
        0xee => segment.starts_with(b"Adobe"),
        0xe1 | 0xe3..=0xed | 0xef | 0xf0..=0xfe => false,
        _ => true,
    }
}

/// Where the entropy-coded bytes end: at a marker that is neither a stuffed zero nor a restart.
fn end_of_scan(bytes: &[u8]) -> usize {
    let is_end = |pair: &[u8]| pair.first() == Some(&0xff) && !matches!(pair.get(1), Some(0x00 | 0xd0..=0xd7 | 0xff));
    bytes.windows(2).position(is_end).unwrap_or(bytes.len())
}

/// Takes out of a JPEG 2000 file (ISO 15444-1 annex I) every box that does not draw, and remarks. None if it cannot be read.
pub fn jpeg_2000(bytes: &[u8]) -> Option<Vec<u8>> {
    // The picture by itself, without a file around it.
    if bytes.starts_with(START_OF_CODESTREAM) {
        return codestream(bytes);
    }
    let kept = boxes(bytes, &|kind, content| match kind {
        b"jP  " | b"ftyp" | b"rreq" => Some(content.to_vec()),
        b"jp2h" | b"jpch" | b"jplh" => boxes(content, &|kind, content| {
            [b"ihdr", b"bpcc", b"colr", b"pclr", b"cmap", b"cdef", b"res "].contains(&kind).then(|| content.to_vec())
        }),
        b"jp2c" => codestream(content),
        _ => None,
    })?;
    (!kept.is_empty()).then_some(kept)
}

const START_OF_CODESTREAM: &[u8] = b"\xff\x4f\xff\x51";

/// What stays of a box, by its kind and content.
type Keep<'a> = &'a dyn Fn(&[u8; 4], &[u8]) -> Option<Vec<u8>>;

/// Goes through boxes; `keep` gives what stays of the content of one.
fn boxes(bytes: &[u8], keep: Keep<'_>) -> Option<Vec<u8>> {
    let mut rest = bytes;
    let mut kept = Vec::new();
    while !rest.is_empty() {
        let (length, tail) = rest.split_first_chunk::<4>()?;
        let (kind, _) = tail.split_first_chunk::<4>()?;
        let (head, length) = match u32::from_be_bytes(*length) {
            // Up to the end of the file.
            0 => (8, rest.len()),
            // Eight bytes of length follow.
            1 => (16, usize::try_from(u64::from_be_bytes(*tail.get(4..)?.first_chunk::<8>()?)).ok()?),
            length => (8, usize::try_from(length).ok()?),
        };
        if let Some(content) = keep(kind, rest.get(head..length)?) {
            kept.extend(u32::try_from(content.len() + 8).ok()?.to_be_bytes());
            kept.extend(kind);
            kept.extend(content);
        }
        rest = rest.get(length..)?;
    }
    Some(kept)
}

/// Takes the remarks out of a picture's first header (annex A).
fn codestream(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = bytes.strip_prefix(b"\xff\x4f")?;
    let mut kept = b"\xff\x4f".to_vec();
    loop {
        let [0xff, marker, tail @ ..] = rest else { return None };
        // The first part of a picture: its length is said, and no header follows that is read here.
        if *marker == 0x90 {
            kept.extend(rest);
            return Some(kept);
        }
        let (length, _) = tail.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length)).max(2);
        if *marker != 0x64 {
            kept.extend(rest.get(..2 + length)?);
        }
        rest = tail.get(length..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len() + 2).unwrap_or(u16::MAX).to_be_bytes();
        [&[0xff, marker], &length[..], content].concat()
    }

    fn photograph() -> Vec<u8> {
        [
            b"\xff\xd8".to_vec(),
            segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
            segment(0xe1, b"Exif\0\0place"),
            segment(0xe2, b"MPF\0preview"),
            segment(0xe2, b"ICC_PROFILE\0\x01\x01"),
            segment(0xfe, b"by somebody"),
            segment(0xee, b"Adobe\0d\0\0\0\0\x01"),
            segment(0xdb, b"table"),
            segment(0xda, b"scan"),
            b"\x12\xff\x00\x34\xff\xd0\x56".to_vec(),
            segment(0xed, b"Photoshop"),
            segment(0xda, b"again"),
            b"\x78\xff\xd9".to_vec(),
            b"another photograph".to_vec(),
        ]
        .concat()
    }

    #[test]
    fn a_photograph_keeps_its_picture_only() {
        let kept = jpeg(&photograph()).unwrap();
        let expected = [
            b"\xff\xd8".to_vec(),
            segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
            segment(0xe2, b"ICC_PROFILE\0\x01\x01"),
            segment(0xee, b"Adobe\0d\0\0\0\0\x01"),
            segment(0xdb, b"table"),
            segment(0xda, b"scan"),
            b"\x12\xff\x00\x34\xff\xd0\x56".to_vec(),
            segment(0xda, b"again"),
            b"\x78\xff\xd9".to_vec(),
        ]
        .concat();
        assert_eq!(kept, expected);
        assert_eq!(jpeg(&kept), Some(kept.clone()));
    }

    #[test]
    fn a_photograph_without_an_end_gets_one() {
        let whole = [b"\xff\xd8".to_vec(), segment(0xda, b"scan"), b"\x12\x34".to_vec()].concat();
        assert!(jpeg(&whole).unwrap().ends_with(b"\x12\x34\xff\xd9"));
    }

    #[test]
    fn boxes_and_remarks_that_do_not_draw_are_left_out() {
        let part = |kind: &[u8], content: &[u8]| {
            let length = u32::try_from(content.len() + 8).unwrap_or(u32::MAX).to_be_bytes();
            [&length[..], kind, content].concat()
        };
        let picture = |remark: &[u8]| [b"\xff\x4f\xff\x51\0\x04ab", remark, b"\xff\x90rest"].concat();
        let (with, without) = (picture(b"\xff\x64\0\x06name"), picture(b""));
        let header = |more: &[u8]| part(b"jp2h", &[&part(b"ihdr", b"size"), more].concat());
        let first = part(b"jP  ", b"\r\n\x87\n");
        let file = [
            &first[..],
            &part(b"uuid", b"place"),
            &part(b"xml ", b"who"),
            &header(&part(b"uuid", b"place")),
            &part(b"jp2c", &with),
        ];
        assert_eq!(jpeg_2000(&file.concat()), Some([first, header(b""), part(b"jp2c", &without)].concat()));
        assert_eq!(jpeg_2000(&with), Some(without));
        assert_eq!(jpeg_2000(b"\0\0\0\x09jp2c"), None);
    }
}
