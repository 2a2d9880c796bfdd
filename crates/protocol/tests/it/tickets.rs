//! Join tickets.

use colloque_protocol::key::KeyThumbprint;
use colloque_protocol::ticket::{
    MAX_TICKET_BYTES, ParseTicketError, Person, RoomScope, Scope, TicketClaims, UnverifiedTicket,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::values::{card, id, instant, json, role};

/// Stands for a signature: other bytes give another one.
fn sign(bytes: &[u8]) -> [u8; 64] {
    let mut state = 0xcbf2_9ce4_8422_2325_u64;
    for byte in bytes {
        state = (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    std::array::from_fn(|at| state.to_be_bytes()[at % 8] ^ u8::try_from(at).unwrap())
}

fn is_signed(bytes: &[u8], signature: &[u8; 64]) -> bool {
    sign(bytes) == *signature
}

fn person() -> impl Strategy<Value = Person> {
    prop_oneof![id().prop_map(Person::Staff), id().prop_map(Person::Patient), id().prop_map(Person::Guest)]
}

fn scope() -> impl Strategy<Value = Scope> {
    let room = ((id(), id(), id(), id(), id()), (option::of(instant()), option::of(instant()), instant(), instant()))
        .prop_map(|((room, consultation, appointment, practitioner, patient), instants)| RoomScope {
            room,
            consultation,
            appointment,
            practitioner,
            patient,
            consent_given_at: instants.0,
            admitted_at: instants.1,
            opens_at: instants.2,
            closes_at: instants.3,
        });
    prop_oneof![room.prop_map(Scope::Room), vec(id(), 0..8).prop_map(|practitioners| Scope::Desk { practitioners })]
}

fn claims() -> impl Strategy<Value = TicketClaims> {
    (id(), id(), person(), role(), card(), any::<[u8; 32]>(), scope(), instant(), instant()).prop_map(
        |(ticket, practice, person, role, card, digest, scope, issued_at, expires_at)| TicketClaims {
            ticket,
            practice,
            person,
            role,
            card,
            key_thumbprint: KeyThumbprint::from_digest(&digest),
            scope,
            issued_at,
            expires_at,
        },
    )
}

proptest! {
    #[test]
    fn a_sealed_ticket_is_read_back(claims in claims()) {
        let text = claims.seal(sign);
        prop_assert!(text.len() <= MAX_TICKET_BYTES);
        let opened = UnverifiedTicket::parse(&text).unwrap().verify(is_signed);
        prop_assert_eq!(opened, Ok(claims));
    }

    #[test]
    fn a_ticket_altered_in_one_character_opens_nothing(claims in claims(), at in any::<usize>(), other in "[A-Za-z0-9_.-]") {
        let text = claims.seal(sign);
        let at = at % text.len();
        prop_assume!(text[at..=at] != other);
        let altered = format!("{}{other}{}", &text[..at], &text[at + 1..]);
        let opened = UnverifiedTicket::parse(&altered).map(|ticket| ticket.verify(is_signed).is_ok());
        prop_assert!(!opened.unwrap_or(false));
    }

    #[test]
    fn any_text_is_a_ticket_or_refused(text in prop_oneof![any::<String>(), "[A-Za-z0-9_-]{0,200}\\.[A-Za-z0-9_-]{80,90}"]) {
        if let Ok(ticket) = UnverifiedTicket::parse(&text) {
            prop_assert!(ticket.verify(|_, _| false).is_err());
        }
    }

    #[test]
    fn claims_of_any_json_are_read_or_refused(claims in json()) {
        use base64::Engine;
        let encode = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
        let text = format!("{}.{}", encode(claims.to_string().as_bytes()), encode(&[0; 64]));
        prop_assert_eq!(UnverifiedTicket::parse(&text).err(), Some(match text.len() {
            0..=MAX_TICKET_BYTES => ParseTicketError::Malformed,
            _ => ParseTicketError::TooLong,
        }));
    }
}
