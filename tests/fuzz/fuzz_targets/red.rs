#![no_main]

use colloque_sfu_core::red::Redundant;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((codec, payload)) = bytes.split_first() else { return };
    let codec = codec & 0x7f;
    let Some(redundant) = Redundant::parse(payload, codec) else { return };
    let mut out = vec![0; redundant.bytes()];
    redundant.write(codec, &mut out);
    assert!(out.len() <= payload.len());
    // A place without a repetition is not written: those behind it move up, and keep their distance in time.
    let again = Redundant::parse(&out, codec).expect("what is written is read");
    assert_eq!(again.primary, redundant.primary);
    assert!(again.repeated.iter().flatten().eq(redundant.repeated.iter().flatten()));
});
