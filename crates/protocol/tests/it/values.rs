//! Any value of the types that messages and tickets are made of, and any JSON at all.

use colloque_ids::{Id, Kind, Timestamp};
use colloque_protocol::key::BrowserKey;
use colloque_protocol::{AuthenticationMethod, IdentityCard, Role};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::Value;

pub fn id<K: Kind>() -> impl Strategy<Value = Id<K>> {
    any::<(i64, [u8; 10])>().prop_map(|(millis, random)| Id::from_parts(Timestamp::from_millis(millis), random))
}

pub fn instant() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp::from_millis)
}

pub fn key() -> impl Strategy<Value = BrowserKey> {
    vec(any::<u8>(), 64).prop_map(|point| BrowserKey::from_raw(&[&[4], &point[..]].concat()).unwrap())
}

pub fn role() -> impl Strategy<Value = Role> {
    prop_oneof![
        Just(Role::Practitioner),
        Just(Role::Secretary),
        Just(Role::Administrator),
        Just(Role::Patient),
        proptest::sample::select(Role::GUESTS.to_vec()),
    ]
}

pub fn card() -> impl Strategy<Value = IdentityCard> {
    let method = prop_oneof![
        Just(AuthenticationMethod::Password),
        Just(AuthenticationMethod::Totp),
        Just(AuthenticationMethod::Passkey),
        Just(AuthenticationMethod::InvitationLink),
        Just(AuthenticationMethod::EmailCode),
        Just(AuthenticationMethod::SmsCode),
    ];
    let text = || option::of(".{0,40}");
    (".{0,40}", role(), text(), text(), vec(method, 0..4)).prop_map(
        |(display_name, role, profession, rpps, verified_by)| IdentityCard {
            display_name,
            role,
            profession,
            rpps,
            verified_by,
        },
    )
}

/// Any JSON, with keys and names that the protocol uses among others.
pub fn json() -> impl Strategy<Value = Value> {
    let name = || {
        prop_oneof![
            any::<String>(),
            "join|ping|offer|media_state|announce_delay|device_check|admit|joined|room|refused|ended|answer",
            "version|ticket|key|proof|take_over|sequence|generation|sdp|minutes|state|stage|other|card|code|reason",
        ]
    };
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        name().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((name(), inner), 0..6).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Puts another value somewhere into a message, or takes something out of it.
pub fn alter(message: &mut Value, path: &[usize], other: Value) {
    let Some((at, deeper)) = path.split_first() else {
        *message = other;
        return;
    };
    match message {
        Value::Object(members) if !members.is_empty() => {
            let key = members.keys().nth(at % members.len()).unwrap().clone();
            if deeper.is_empty() && other.is_null() {
                members.remove(&key);
            } else {
                alter(members.get_mut(&key).unwrap(), deeper, other);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            let at = at % items.len();
            alter(&mut items[at], deeper, other);
        }
        _ => *message = other,
    }
}
