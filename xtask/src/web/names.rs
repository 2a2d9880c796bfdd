//! Names between WebAssembly and its glue: `wasm-bindgen` ends each with sixteen digits of a hash, which no packer makes smaller.

use std::collections::BTreeMap;

const DIGITS: usize = 16;

/// Puts counted numbers of the same length in the place of the hashes, in the glue and in the WebAssembly.
pub fn count_names(wasm: &mut [u8], glue: &mut String) {
    let numbers = numbers(glue);
    let (new_wasm, new_glue) = (counted(wasm, &numbers), counted(glue.as_bytes(), &numbers));
    wasm.copy_from_slice(&new_wasm);
    // Digits took the place of digits, so it is a text as before.
    *glue = String::from_utf8(new_glue).unwrap_or_default();
}

/// Each hash of the glue with its number, in the order of their first use.
fn numbers(glue: &str) -> BTreeMap<&[u8], String> {
    let mut numbers = BTreeMap::new();
    let mut rest = glue.as_bytes();
    while let Some(at) = find_hash(rest) {
        let hash = &rest[at..at + DIGITS];
        let next = numbers.len();
        numbers.entry(hash).or_insert_with(|| format!("{next:0DIGITS$x}"));
        rest = &rest[at + DIGITS..];
    }
    numbers
}

/// Finds sixteen hexadecimal digits that end a name.
fn find_hash(text: &[u8]) -> Option<usize> {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (1..text.len().saturating_sub(DIGITS)).find(|&at| {
        let is_name = text[at - 1] == b'_' || (text[at - 1] == b'h' && text.get(at.wrapping_sub(2)) == Some(&b'_'));
        is_name
            && text[at..at + DIGITS].iter().all(is_digit)
            && !text.get(at + DIGITS).is_some_and(u8::is_ascii_alphanumeric)
    })
}

fn counted(bytes: &[u8], numbers: &BTreeMap<&[u8], String>) -> Vec<u8> {
    let mut counted = bytes.to_vec();
    let mut at = 0;
    while let Some(window) = bytes.get(at..at + DIGITS) {
        match numbers.get(window) {
            Some(number) => {
                counted[at..at + DIGITS].copy_from_slice(number.as_bytes());
                at += DIGITS;
            }
            None => at += 1,
        }
    }
    counted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_become_numbers_on_both_sides_and_nothing_else_changes() {
        let mut wasm = b"\0asm __wbg_set_4f1baf9a00be3c74\x01h0123456789abcdef __wbg_get_00000000deadbeef".to_vec();
        let mut glue =
            "__wbg_get_00000000deadbeef: a, __wbg_set_4f1baf9a00be3c74: b, // __wbg_get_00000000deadbeef".to_owned();
        let length = wasm.len();
        count_names(&mut wasm, &mut glue);
        let get = "__wbg_get_0000000000000000";
        assert_eq!(glue, format!("{get}: a, __wbg_set_0000000000000001: b, // {get}"));
        assert_eq!(wasm, format!("\0asm __wbg_set_0000000000000001\x01h0123456789abcdef {get}").as_bytes());
        assert_eq!(wasm.len(), length);
    }

    #[test]
    fn adapters_of_closures_are_found_too_and_longer_digits_are_not() {
        let text = "invoke__h23cd0123456789ab(a) x_0123456789abcdef0 _0123456789abcde_";
        let numbers = numbers(text);
        assert_eq!(numbers.len(), 1);
        assert!(numbers.contains_key(b"23cd0123456789ab".as_slice()));
    }
}
