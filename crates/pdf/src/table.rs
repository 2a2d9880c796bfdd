//! The table in which a file says where its objects are (ISO 32000-1, 7.5.4 and 7.5.8).
//!
//! A reader that repairs a damaged table has to guess, and the guess may be an earlier version of a page: a result that was corrected since.
//! So a file whose table does not hold is not read at all. And what the table gives as taken out is not taken over.

use std::collections::{BTreeMap, BTreeSet};

use hayro_syntax::object::{Array, Dict, FromBytes, Stream};

/// Updates that a file may have had.
const MAX_UPDATES: usize = 256;

/// Entries that are looked at.
const MAX_ENTRIES: usize = 1_000_000;

/// Bytes that may follow the last table.
const MAX_REST_BYTES: usize = 1_024;

/// Bytes of an entry of a plain table.
const ENTRY_BYTES: usize = 20;

/// Reads the table and checks that each object stands where it says; gives the numbers of those that were taken out. None if it does not
/// hold.
pub fn taken_out(bytes: &[u8]) -> Option<BTreeSet<u32>> {
    let mut table = Table { bytes, is_there: BTreeMap::new(), entries: 0 };
    let start = bytes.windows(9).rposition(|window| window == b"startxref")?;
    let (newest, rest) = number(trimmed(bytes.get(start + 9..)?)?)?;
    // A newer version may have begun, of which the end is missing.
    if rest.len() > MAX_REST_BYTES || rest.windows(3).any(|window| window == b"obj") {
        return None;
    }
    let mut next = Some(newest);
    let mut visited = BTreeSet::new();
    while let Some(at) = next {
        if !visited.insert(at) || visited.len() > MAX_UPDATES {
            return None;
        }
        next = table.part(at)?;
    }
    Some(table.is_there.into_iter().filter(|(_, is_there)| !is_there).map(|(number, _)| number).collect())
}

struct Table<'a> {
    bytes: &'a [u8],
    /// The newest word on each object.
    is_there: BTreeMap<u32, bool>,
    entries: usize,
}

impl Table<'_> {
    /// Reads one part and gives where the part of the version before begins.
    fn part(&mut self, at: usize) -> Option<Option<usize>> {
        let part = trimmed(self.bytes.get(at..)?)?;
        match part.strip_prefix(b"xref") {
            Some(sections) => self.sections(sections),
            None => self.stream(part),
        }
    }

    fn sections(&mut self, sections: &[u8]) -> Option<Option<usize>> {
        let mut rest = trimmed(sections)?;
        let mut entries = Vec::new();
        while !rest.starts_with(b"trailer") {
            let (first, after) = number(rest)?;
            let (count, after) = number(trimmed(after)?)?;
            rest = trimmed(after)?;
            for object in first..first.checked_add(count)? {
                let entry = rest.get(..ENTRY_BYTES)?;
                let (offset, _) = number(entry)?;
                entries.push((object, (entry.get(17) == Some(&b'n')).then_some(offset)));
                rest = rest.get(ENTRY_BYTES..)?;
                self.count()?;
            }
            rest = trimmed(rest)?;
        }
        let trailer = Dict::from_bytes(trimmed(rest.get(7..)?)?)?;
        // Objects that older readers are told are not there.
        if let Some(at) = trailer.get::<u32>("XRefStm") {
            self.part(at as usize)?;
        }
        for (object, offset) in entries {
            self.entry(object, offset)?;
        }
        before(&trailer)
    }

    fn stream(&mut self, part: &[u8]) -> Option<Option<usize>> {
        let (_, after) = number(part)?;
        let (_, after) = number(trimmed(after)?)?;
        let stream = Stream::from_bytes(trimmed(trimmed(after)?.strip_prefix(b"obj")?)?)?;
        let widths: Vec<_> = stream.dict().get::<Array<'_>>("W")?.iter::<u8>().map(usize::from).collect();
        let [kind, second, third] = widths.try_into().ok()?;
        let width = kind + second + third;
        let decoded = stream.decoded_data().ok()?;
        let mut rows = decoded.chunks_exact(width.max(1));
        let mut spans = vec![(0, stream.dict().get::<u32>("Size")?)];
        if let Some(index) = stream.dict().get::<Array<'_>>("Index") {
            spans = index.iter::<(u32, u32)>().collect();
        }
        for (first, count) in spans {
            for object in first..first.checked_add(count)? {
                self.count()?;
                let row = rows.next()?;
                let (row, _) = row.split_at_checked(kind + second)?;
                let (kind, second) = row.split_at_checked(kind)?;
                match (if kind.is_empty() { 1 } else { big_endian(kind)? }, big_endian(second)?) {
                    (0, _) => self.entry(object as usize, None)?,
                    (1, offset) => self.entry(object as usize, Some(offset))?,
                    // Within a stream of objects, which has an entry of its own.
                    _ => drop(self.is_there.entry(object).or_insert(true)),
                }
            }
        }
        before(stream.dict())
    }

    fn count(&mut self) -> Option<()> {
        self.entries += 1;
        (self.entries <= MAX_ENTRIES).then_some(())
    }

    /// Takes what is said of an object, if nothing newer was, and looks whether it stands there.
    fn entry(&mut self, object: usize, offset: Option<usize>) -> Option<()> {
        let object = u32::try_from(object).ok()?;
        if self.is_there.contains_key(&object) {
            return Some(());
        }
        if let Some(offset) = offset {
            let (found, after) = number(trimmed(self.bytes.get(offset..)?)?)?;
            let (_, after) = number(trimmed(after)?)?;
            if found != object as usize || !trimmed(after)?.starts_with(b"obj") {
                return None;
            }
        }
        self.is_there.insert(object, offset.is_some());
        Some(())
    }
}

/// Where the version before has its table.
fn before(trailer: &Dict<'_>) -> Option<Option<usize>> {
    match trailer.get::<u32>("Prev") {
        Some(at) => Some(Some(at as usize)),
        None if trailer.contains_key("Prev") => None,
        None => Some(None),
    }
}

fn trimmed(bytes: &[u8]) -> Option<&[u8]> {
    let start = bytes.iter().position(|byte| !matches!(byte, 0 | 9 | 10 | 12 | 13 | 32))?;
    bytes.get(start..)
}

/// Reads a number of decimal digits, and gives what follows.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let end = bytes.iter().position(|byte| !byte.is_ascii_digit())?;
    let (digits, rest) = bytes.split_at_checked(end)?;
    Some((std::str::from_utf8(digits).ok()?.parse().ok()?, rest))
}

fn big_endian(bytes: &[u8]) -> Option<usize> {
    bytes.iter().try_fold(0_usize, |sum, byte| sum.checked_mul(256)?.checked_add(usize::from(*byte)))
}
