#![no_main]

use colloque_protocol::ticket::{MAX_TICKET_BYTES, UnverifiedTicket};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let Ok(ticket) = UnverifiedTicket::parse(&text) else { return };
    assert!(text.len() <= MAX_TICKET_BYTES);
    assert!(ticket.clone().verify(|_, _| false).is_err());
    let mut signature = [0; 64];
    let claims = ticket.verify(|_, found| {
        signature = *found;
        true
    });
    let claims = claims.expect("the check said that the signature is good");
    let again = UnverifiedTicket::parse(&claims.seal(|_| signature)).expect("what was sealed is a ticket");
    assert_eq!(again.verify(|_, _| true), Ok(claims));
});
