#![no_main]

use colloque_sfu_core::rtp::{RtpHeader, is_rtcp};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = is_rtcp(bytes);
    let Some(header) = RtpHeader::parse(bytes) else { return };
    assert!(header.header_bytes <= bytes.len());
    for id in 0..=255 {
        if let Some(value) = header.extension(bytes, id) {
            assert!(value.len() < header.header_bytes);
        }
    }
    let payload = &bytes[header.header_bytes..];
    if let Some(rest) = header.without_padding(payload) {
        assert!(rest.len() <= payload.len());
    }
});
