#![no_main]

use colloque_protocol::end_to_end::{FromOthers, ToOthers};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(message) = ToOthers::read(bytes) {
        assert_eq!(ToOthers::read(&message.write()), Ok(message));
    }
    if let Ok(message) = FromOthers::read(bytes) {
        assert_eq!(FromOthers::read(&message.write()), Ok(message));
    }
});
