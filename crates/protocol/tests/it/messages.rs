//! The messages of the signaling WebSocket.

use colloque_protocol::signaling::{
    ActionRefusal, ClientMessage, DeviceCheck, EndReason, JoinRefusal, LinkCause, LinkLevel, LinkQuality, MediaState,
    OfferRefusal, OtherParty, Pictures, Presence, QueueEntry, RoomState, ServerMessage, Stage,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::values::{alter, card, id, instant, json, key};

fn media() -> impl Strategy<Value = MediaState> {
    (any::<[bool; 5]>(), pictures(), option::of(link()), any::<Option<u16>>()).prop_map(
        |([microphone, camera, rear_camera, screen, frozen], pictures, link, shown_side_px)| MediaState {
            microphone,
            camera,
            rear_camera,
            screen,
            pictures,
            link,
            shown_side_px,
            frozen,
        },
    )
}

fn pictures() -> impl Strategy<Value = Pictures> {
    use Pictures::*;
    proptest::sample::select(vec![Shown, Tried, PausedByLink, PausedByPerson])
}

fn link() -> impl Strategy<Value = LinkQuality> {
    let level = proptest::sample::select(vec![LinkLevel::Weak, LinkLevel::Fair, LinkLevel::Good]);
    let cause = proptest::sample::select(vec![LinkCause::Loss, LinkCause::Rate, LinkCause::Delay]);
    (level, cause, any::<u32>()).prop_map(|(level, cause, figure)| LinkQuality { level, cause, figure })
}

fn device_check() -> impl Strategy<Value = DeviceCheck> {
    any::<(bool, bool, u32, bool)>().prop_map(|(camera, microphone, round_trip_ms, media_blocked)| DeviceCheck {
        camera,
        microphone,
        round_trip_ms,
        media_blocked,
    })
}

fn presence() -> impl Strategy<Value = Presence> {
    (any::<bool>(), instant()).prop_map(|(is_here, since)| match is_here {
        true => Presence::Here { since },
        false => Presence::Lost { since },
    })
}

fn stage() -> impl Strategy<Value = Stage> {
    prop_oneof![Just(Stage::Waiting), Just(Stage::Open)]
}

fn other() -> impl Strategy<Value = OtherParty> {
    let entry = (option::of(any::<bool>()), any::<bool>());
    (id(), card(), presence(), media(), option::of(device_check()), entry).prop_map(
        |(participant, card, presence, media, device_check, (agreed, takes_part))| OtherParty {
            participant,
            card,
            presence,
            media,
            device_check,
            agreed,
            takes_part,
        },
    )
}

fn state() -> impl Strategy<Value = RoomState> {
    let others = (option::of(other()).boxed(), option::of(other()).boxed());
    (stage(), others, option::of(instant()), any::<u16>(), option::of(".*")).prop_map(
        |(stage, (other, third), admitted_at, delay_minutes, ice_servers)| RoomState {
            stage,
            other,
            third,
            admitted_at,
            delay_minutes,
            ice_servers,
        },
    )
}

fn entry() -> impl Strategy<Value = QueueEntry> {
    (id(), id(), stage(), instant(), presence(), option::of(device_check()), any::<u16>()).prop_map(
        |(appointment, consultation, stage, arrived_at, presence, device_check, delay_minutes)| QueueEntry {
            appointment,
            consultation,
            stage,
            arrived_at,
            presence,
            device_check,
            delay_minutes,
        },
    )
}

fn client_message() -> impl Strategy<Value = ClientMessage> {
    let text = any::<String>;
    prop_oneof![
        (any::<u32>(), text(), key(), text(), any::<bool>()).prop_map(|(version, ticket, key, proof, take_over)| {
            ClientMessage::Join { version, ticket, key, proof, take_over }
        }),
        any::<u32>().prop_map(|sequence| ClientMessage::Ping { sequence }),
        device_check().prop_map(ClientMessage::DeviceCheck),
        Just(ClientMessage::NotifyAgain),
        Just(ClientMessage::Admit),
        Just(ClientMessage::Refuse),
        (option::of(id()), any::<u16>())
            .prop_map(|(appointment, minutes)| ClientMessage::AnnounceDelay { appointment, minutes }),
        (any::<u32>(), any::<bool>(), text()).prop_map(|(generation, ice_restart, sdp)| ClientMessage::Offer {
            generation,
            ice_restart,
            sdp
        }),
        media().prop_map(ClientMessage::MediaState),
        any::<String>().prop_map(|message| ClientMessage::EndToEnd { message }),
        (id(), any::<bool>()).prop_map(|(participant, agrees)| ClientMessage::AgreeToGuest { participant, agrees }),
        id().prop_map(|participant| ClientMessage::AdmitGuest { participant }),
        id().prop_map(|participant| ClientMessage::RemoveGuest { participant }),
        Just(ClientMessage::Leave),
        Just(ClientMessage::End),
    ]
}

fn server_message() -> impl Strategy<Value = ServerMessage> {
    let text = any::<String>;
    let about_people = prop_oneof![
        text().prop_map(|nonce| ServerMessage::Challenge { nonce }),
        (id(), id(), card(), state()).prop_map(|(participant, room, you, state)| ServerMessage::Joined {
            participant,
            room,
            you,
            state
        }),
        vec(entry(), 0..4).prop_map(|queue| ServerMessage::DeskJoined { queue }),
        join_refusal().prop_map(|code| ServerMessage::Refused { code }),
        state().prop_map(|state| ServerMessage::Room { state }),
        entry().prop_map(|entry| ServerMessage::QueueChanged { entry }),
        id().prop_map(|appointment| ServerMessage::QueueLeft { appointment }),
        id().prop_map(|appointment| ServerMessage::PatientCallsAgain { appointment }),
    ];
    let about_media = prop_oneof![
        (any::<u32>(), text()).prop_map(|(generation, sdp)| ServerMessage::Answer { generation, sdp }),
        (any::<u32>(), offer_refusal()).prop_map(|(generation, code)| ServerMessage::OfferRefused { generation, code }),
        any::<bool>().prop_map(|up| ServerMessage::MediaPath { up }),
        any::<[u32; 3]>().prop_map(|[down_kbps, leaves_kbps, lost_permille]| ServerMessage::Link {
            down_kbps,
            leaves_kbps,
            lost_permille
        }),
    ];
    let others = prop_oneof![
        any::<u16>().prop_map(|minutes| ServerMessage::DelayAnnounced { minutes }),
        id().prop_map(|document| ServerMessage::DocumentReady { document }),
        action_refusal().prop_map(|code| ServerMessage::NotDone { code }),
        end_reason().prop_map(|reason| ServerMessage::Ended { reason }),
        any::<String>().prop_map(|message| ServerMessage::EndToEnd { message }),
        any::<u32>().prop_map(|sequence| ServerMessage::Pong { sequence }),
    ];
    prop_oneof![about_people, about_media, others]
}

fn join_refusal() -> impl Strategy<Value = JoinRefusal> {
    use JoinRefusal::*;
    proptest::sample::select(vec![
        TicketInvalid,
        TicketExpired,
        TicketReplayed,
        WrongPerson,
        ConsentMissing,
        TooEarly,
        TooLate,
        AlreadyElsewhere,
        ConsultationOver,
        WrongVersion,
        ServerFull,
        ServerFailed,
    ])
}

fn offer_refusal() -> impl Strategy<Value = OfferRefusal> {
    proptest::sample::select(vec![OfferRefusal::NoConsent, OfferRefusal::Unacceptable, OfferRefusal::Unavailable])
}

fn action_refusal() -> impl Strategy<Value = ActionRefusal> {
    use ActionRefusal::*;
    proptest::sample::select(vec![NotYours, NobodyThere, AlreadyDone, NotRecorded, TooMany])
}

fn end_reason() -> impl Strategy<Value = EndReason> {
    use EndReason::*;
    proptest::sample::select(vec![
        EndedByPractitioner,
        RefusedByPractitioner,
        YouLeft,
        ContinuedElsewhere,
        AppointmentChanged,
        ServerStopping,
        ConnectionGivenUp,
        SignedOut,
        ConsentWithdrawn,
    ])
}

/// The name that stands on the wire; a new message has to be given one here.
fn client_name(message: &ClientMessage) -> &'static str {
    match message {
        ClientMessage::Join { .. } => "join",
        ClientMessage::Ping { .. } => "ping",
        ClientMessage::DeviceCheck(_) => "device_check",
        ClientMessage::NotifyAgain => "notify_again",
        ClientMessage::Admit => "admit",
        ClientMessage::Refuse => "refuse",
        ClientMessage::AnnounceDelay { .. } => "announce_delay",
        ClientMessage::Offer { .. } => "offer",
        ClientMessage::MediaState(_) => "media_state",
        ClientMessage::EndToEnd { .. } => "end_to_end",
        ClientMessage::AgreeToGuest { .. } => "agree_to_guest",
        ClientMessage::AdmitGuest { .. } => "admit_guest",
        ClientMessage::RemoveGuest { .. } => "remove_guest",
        ClientMessage::Leave => "leave",
        ClientMessage::End => "end",
    }
}

fn server_name(message: &ServerMessage) -> &'static str {
    match message {
        ServerMessage::Challenge { .. } => "challenge",
        ServerMessage::Joined { .. } => "joined",
        ServerMessage::DeskJoined { .. } => "desk_joined",
        ServerMessage::Refused { .. } => "refused",
        ServerMessage::Room { .. } => "room",
        ServerMessage::QueueChanged { .. } => "queue_changed",
        ServerMessage::QueueLeft { .. } => "queue_left",
        ServerMessage::PatientCallsAgain { .. } => "patient_calls_again",
        ServerMessage::Answer { .. } => "answer",
        ServerMessage::OfferRefused { .. } => "offer_refused",
        ServerMessage::MediaPath { .. } => "media_path",
        ServerMessage::Link { .. } => "link",
        ServerMessage::DelayAnnounced { .. } => "delay_announced",
        ServerMessage::DocumentReady { .. } => "document_ready",
        ServerMessage::NotDone { .. } => "not_done",
        ServerMessage::Ended { .. } => "ended",
        ServerMessage::EndToEnd { .. } => "end_to_end",
        ServerMessage::Pong { .. } => "pong",
    }
}

/// A message is its name, or an object whose one key is its name.
fn name_on_the_wire(message: &impl Serialize) -> String {
    match serde_json::to_value(message).unwrap() {
        Value::String(name) => name,
        Value::Object(members) if members.len() == 1 => members.keys().next().unwrap().clone(),
        other => panic!("{other} is neither"),
    }
}

/// What is read at all is written and read again as the same.
fn is_stable<T: Serialize + DeserializeOwned + PartialEq>(read: Result<T, serde_json::Error>) -> bool {
    read.ok().is_none_or(|message| {
        let text = serde_json::to_string(&message).unwrap();
        serde_json::from_str::<T>(&text).is_ok_and(|again| again == message)
    })
}

proptest! {
    #[test]
    fn what_a_client_says_is_read_back(message in client_message()) {
        let text = serde_json::to_string(&message).unwrap();
        prop_assert_eq!(name_on_the_wire(&message), client_name(&message));
        prop_assert_eq!(serde_json::from_str::<ClientMessage>(&text).unwrap(), message);
    }

    #[test]
    fn what_the_server_says_is_read_back(message in server_message()) {
        let text = serde_json::to_string(&message).unwrap();
        prop_assert_eq!(name_on_the_wire(&message), server_name(&message));
        prop_assert_eq!(serde_json::from_str::<ServerMessage>(&text).unwrap(), message);
    }

    #[test]
    fn a_message_altered_anywhere_is_read_or_refused(
        message in client_message(),
        answer in server_message(),
        path in vec(any::<usize>(), 1..5),
        other in json(),
    ) {
        let (mut message, mut answer) = (serde_json::to_value(message).unwrap(), serde_json::to_value(answer).unwrap());
        alter(&mut message, &path, other.clone());
        alter(&mut answer, &path, other);
        prop_assert!(is_stable(serde_json::from_str::<ClientMessage>(&message.to_string())), "{message}");
        prop_assert!(is_stable(serde_json::from_str::<ServerMessage>(&answer.to_string())), "{answer}");
    }

    #[test]
    fn any_json_is_a_message_or_refused(value in json()) {
        prop_assert!(is_stable(serde_json::from_value::<ClientMessage>(value.clone())));
        prop_assert!(is_stable(serde_json::from_value::<ServerMessage>(value)));
    }

    #[test]
    fn any_bytes_are_a_message_or_refused(bytes in vec(any::<u8>(), 0..400), message in client_message(), cut in any::<usize>()) {
        prop_assert!(is_stable(serde_json::from_slice::<ClientMessage>(&bytes)));
        let text = serde_json::to_vec(&message).unwrap();
        let cut = cut % text.len();
        prop_assert!(serde_json::from_slice::<ClientMessage>(&text[..cut]).is_err(), "half a message is none");
    }
}

#[test]
fn a_message_with_a_second_name_is_refused() {
    for text in
        [r#"{"ping":{"sequence":1},"admit":null}"#, r#"{}"#, r#"["admit"]"#, r#"{"admit":{}}"#, "\"join\"", "null"]
    {
        assert!(serde_json::from_str::<ClientMessage>(text).is_err(), "{text}");
    }
}
