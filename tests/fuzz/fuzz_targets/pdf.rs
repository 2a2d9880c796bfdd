#![no_main]
//! Documents of people who send whatever they like: what is written of one is written the same again, and holds nothing that acts.

use colloque_pdf::{clean, is_pdf};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(written) = clean(bytes.to_vec()) else { return };
    assert!(is_pdf(bytes) && is_pdf(&written));
    assert_eq!(clean(written.clone()).as_ref(), Ok(&written), "written once, it is written the same again");
});
