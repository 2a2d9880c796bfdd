#![no_main]

use colloque_sfu_core::stun::{BindingRequest, BindingSuccess, integrity_key};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(request) = BindingRequest::parse(bytes) {
        // Nobody who does not know this password can make it authentic.
        assert!(!request.is_authentic(&integrity_key(b"a password that no input knows")));
        assert!(request.to_ufrag.len() + request.from_ufrag.len() < bytes.len());
    }
    if let Some(success) = BindingSuccess::parse(bytes) {
        assert!(!success.is_authentic(&integrity_key(b"a password that no input knows")));
    }
});
