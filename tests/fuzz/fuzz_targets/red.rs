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
    assert_eq!(Redundant::parse(&out, codec), Some(redundant));
});
