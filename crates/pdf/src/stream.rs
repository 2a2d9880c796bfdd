//! Streams: drawings, fonts, pictures.

use std::borrow::Cow;

use hayro_syntax::Filter;
use hayro_syntax::object::{Dict, FromBytes, Stream};

use crate::{CleanPdfError, picture};

/// What a stream holds, as it is written.
pub struct Content<'a> {
    pub bytes: Cow<'a, [u8]>,
    /// Its only filter, where those before it were undone to look into a photograph; none: filters stay as they were.
    pub filter: Option<&'static [u8]>,
}

/// Reads a stream. Photographs lose what does not draw.
pub fn content<'a>(stream: &Stream<'a>) -> Result<Content<'a>, CleanPdfError> {
    // Content from elsewhere (ISO 32000-1 table 5), and names that readers understand differently.
    if ["F", "DP"].iter().any(|key| stream.dict().contains_key(key)) {
        return Err(CleanPdfError::Unreadable);
    }
    let filters = stream.filters();
    let is_photograph = |filter: &Filter| matches!(filter, Filter::DctDecode | Filter::JpxDecode);
    // What was encrypted in a way of its own is decrypted differently by every reader.
    if filters.contains(&Filter::Crypt) {
        return Err(CleanPdfError::Password);
    }
    let raw = stream.raw_data();
    let Some(at) = filters.iter().position(is_photograph) else { return Ok(Content { bytes: raw, filter: None }) };
    let before = undo(&raw, filters.get(..at).unwrap_or_default())?;
    let (bytes, filter) = match filters.get(at..) {
        Some([Filter::DctDecode]) => (picture::jpeg(&before), b"DCTDecode".as_slice()),
        Some([Filter::JpxDecode]) => (picture::jpeg_2000(&before), b"JPXDecode".as_slice()),
        // A photograph is the last thing that a stream can be.
        _ => (None, b"".as_slice()),
    };
    Ok(Content { bytes: Cow::Owned(bytes.ok_or(CleanPdfError::Unreadable)?), filter: Some(filter) })
}

/// Undoes what a photograph was wrapped in.
fn undo(bytes: &[u8], filters: &[Filter]) -> Result<Vec<u8>, CleanPdfError> {
    if filters.is_empty() {
        return Ok(bytes.to_vec());
    }
    let names: Vec<_> =
        filters.iter().map(|filter| name(*filter)).collect::<Option<_>>().ok_or(CleanPdfError::Unreadable)?;
    let head = format!("<< /Length {} /Filter [{}] >> stream\n", bytes.len(), names.concat());
    let file = [head.as_bytes(), bytes, b"\nendstream"].concat();
    let stream = Stream::from_bytes(&file).ok_or(CleanPdfError::Unreadable)?;
    let undone = stream.decoded_data().map_err(|_| CleanPdfError::Unreadable)?;
    Ok(undone.into_owned())
}

const fn name(filter: Filter) -> Option<&'static str> {
    match filter {
        Filter::AsciiHexDecode => Some("/ASCIIHexDecode"),
        Filter::Ascii85Decode => Some("/ASCII85Decode"),
        Filter::FlateDecode => Some("/FlateDecode"),
        Filter::LzwDecode => Some("/LZWDecode"),
        Filter::RunLengthDecode => Some("/RunLengthDecode"),
        Filter::CcittFaxDecode | Filter::Jbig2Decode | Filter::DctDecode | Filter::JpxDecode | Filter::Crypt => None,
    }
}

/// Entries of a stream that are written by whoever writes the stream.
pub fn is_own_entry(key: &[u8], content: &Content<'_>) -> bool {
    matches!(key, b"Filter" | b"DecodeParms") && content.filter.is_some()
}

/// Whether a photograph's colours are stated beside it: the only parameter of its filter.
pub fn color_transform(dict: &Dict<'_>) -> Option<i32> {
    use hayro_syntax::object::{Array, Object};
    let of = |object: Object<'_>| object.into_dict().and_then(|dict| dict.get::<i32>("ColorTransform"));
    match dict.get::<Object<'_>>("DecodeParms")? {
        Object::Array(array) => Array::iter::<Object<'_>>(&array).last().and_then(of),
        object => of(object),
    }
}
