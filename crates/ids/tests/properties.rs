//! Whatever is written is read back, whatever is read is an identifier, and arithmetic never wraps.

use std::time::Duration;

use colloque_ids::{AppointmentId, Timestamp};
use proptest::prelude::*;

proptest! {
    #[test]
    fn an_identifier_survives_text_storage_and_wire(millis in any::<i64>(), random in any::<[u8; 10]>()) {
        let id = AppointmentId::from_parts(Timestamp::from_millis(millis), random);
        prop_assert_eq!(id.full().parse::<AppointmentId>(), Ok(id));
        prop_assert_eq!(id.full().to_uppercase().parse::<AppointmentId>(), Ok(id));
        prop_assert_eq!(AppointmentId::from_uuid(id.uuid()), id);
        let wire = serde_json::to_string(&id).unwrap();
        prop_assert_eq!(serde_json::from_str::<AppointmentId>(&wire).unwrap(), id);
        prop_assert_eq!(id.uuid().get_version_num(), 7);
    }

    #[test]
    fn the_short_form_is_the_end_of_the_full_one(millis in any::<i64>(), random in any::<[u8; 10]>()) {
        let id = AppointmentId::from_parts(Timestamp::from_millis(millis), random);
        let shown = id.to_string();
        let end = shown.strip_prefix("appointment-").unwrap();
        prop_assert_eq!(end.len(), 8);
        prop_assert!(id.full().ends_with(end));
    }

    #[test]
    fn any_text_is_an_identifier_or_refused(text in prop_oneof![
        any::<String>(),
        "[0-9a-fA-F]{32}",
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "(urn:uuid:|\\{)?[0-9a-fg-]{30,40}\\}?",
    ]) {
        if let Ok(id) = text.parse::<AppointmentId>() {
            prop_assert_eq!(id.full().parse::<AppointmentId>(), Ok(id));
            let digits = |text: &str| text.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_lowercase();
            prop_assert!(digits(&text).ends_with(&digits(&id.full())), "{text:?} was read as {}", id.full());
        }
    }

    #[test]
    fn a_text_altered_in_one_place_is_refused_or_another_identifier(
        random in any::<[u8; 10]>(),
        at in 0_usize..36,
        other in any::<char>(),
    ) {
        let id = AppointmentId::from_parts(Timestamp::from_millis(1_795_424_400_000), random);
        let own = id.full();
        let altered = format!("{}{other}{}", &own[..at], &own[at + 1..]);
        let is_same = altered.eq_ignore_ascii_case(&own);
        prop_assert_eq!(altered.parse::<AppointmentId>() == Ok(id), is_same);
    }

    #[test]
    fn later_identifiers_sort_after_earlier_ones(
        earlier in 0_i64..1 << 47,
        by in 1_i64..1 << 40,
        random in any::<[[u8; 10]; 2]>(),
    ) {
        let older = AppointmentId::from_parts(Timestamp::from_millis(earlier), random[0]);
        let newer = AppointmentId::from_parts(Timestamp::from_millis(earlier + by), random[1]);
        prop_assert!(older < newer);
    }

    #[test]
    fn instants_go_forth_and_back_without_wrapping(
        millis in any::<i64>(),
        secs in any::<u64>(),
        nanos in 0_u32..1_000_000_000,
    ) {
        let (now, duration) = (Timestamp::from_millis(millis), Duration::new(secs, nanos));
        prop_assert!(now.after(duration) >= now);
        prop_assert!(now.before(duration) <= now);
        prop_assert_eq!(now.since(now.after(duration)), Duration::ZERO);
    }

    #[test]
    fn what_was_added_has_passed(millis in -1_i64 << 50..1 << 50, elapsed in 0_u64..1 << 50) {
        let (now, duration) = (Timestamp::from_millis(millis), Duration::from_millis(elapsed));
        prop_assert_eq!(now.after(duration).since(now), duration);
        prop_assert_eq!(now.after(duration).before(duration), now);
    }

    #[test]
    fn an_instant_is_its_number_on_the_wire(millis in any::<i64>()) {
        let instant = Timestamp::from_millis(millis);
        prop_assert_eq!(serde_json::to_string(&instant).unwrap(), millis.to_string());
        prop_assert_eq!(serde_json::from_str::<Timestamp>(&millis.to_string()).unwrap(), instant);
    }
}
