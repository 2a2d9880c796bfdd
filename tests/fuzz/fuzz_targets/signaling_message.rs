#![no_main]

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use colloque_ids::{
    AppointmentId, ConnectionId, ConsultationId, PatientId, PracticeId, RoomId, StaffId, TicketId, Timestamp,
};
use colloque_protocol::key::KeyThumbprint;
use colloque_protocol::signaling::{ClientMessage, ServerMessage};
use colloque_protocol::ticket::{Person, RoomScope, Scope, TICKET_LIFETIME, TicketClaims};
use colloque_protocol::{IdentityCard, Role};
use colloque_signaling_core::{Input, Limits, Output, Record, Signaling};
use libfuzzer_sys::fuzz_target;

/// Outputs that one message may cause: a word to both parties, to a desk, to storage, to the media plane, and a close.
const MAX_OUTPUTS: usize = 32;

// Each line is one text of a WebSocket; the first byte says whose it is and how much time passed.
fuzz_target!(|bytes: &[u8]| {
    let mut now = Timestamp::from_millis(1_800_000_000_000);
    let mut signaling = Signaling::new(Limits::default(), 1, now);
    let people = [enter(&mut signaling, Role::Practitioner, now), enter(&mut signaling, Role::Patient, now)];
    let mut admitted = false;
    for line in bytes.split(|byte| *byte == b'\n') {
        let Some((&first, text)) = line.split_first() else { continue };
        now = now.after(Duration::from_millis(u64::from(first >> 1) * 20));
        let Ok(message) = serde_json::from_slice::<ClientMessage>(text) else { continue };
        let connection = people[usize::from(first & 1)];
        signaling.handle(Input::Message { connection, message }, now);
        settle(&mut signaling, now, &mut admitted);
    }
    signaling.handle(Input::Tick, now);
    settle(&mut signaling, now, &mut admitted);
    assert!(signaling.peers() <= 2);
});

/// Answers every commit with success, and every offer.
fn settle(signaling: &mut Signaling, now: Timestamp, admitted: &mut bool) {
    let mut outputs = 0;
    while let Some(output) = signaling.next_output() {
        outputs += 1;
        assert!(outputs <= MAX_OUTPUTS, "one message causes endless work");
        match output {
            Output::Commit { commit, record } => {
                *admitted |= matches!(record, Record::Admission(_));
                signaling.handle(Input::Committed { commit, at: now }, now);
            }
            Output::ConnectMedia { room, peer, generation, .. } => {
                signaling.handle(Input::MediaAnswered { room, peer, generation, sdp: String::new() }, now);
            }
            Output::GateMedia { is_open, .. } => assert!(*admitted || !is_open, "media before the admission"),
            Output::Send { message, .. } => {
                let text = serde_json::to_string(&message).expect("every message has a JSON form");
                assert_eq!(serde_json::from_str::<ServerMessage>(&text).ok(), Some(message));
            }
            Output::Close { .. }
            | Output::Journal(_)
            | Output::SendAttestation { .. }
            | Output::DisconnectMedia { .. } => {}
        }
    }
}

fn enter(signaling: &mut Signaling, role: Role, now: Timestamp) -> ConnectionId {
    let number = [role as u8; 10];
    let connection = ConnectionId::from_parts(now, number);
    let practitioner = StaffId::from_parts(now, [1; 10]);
    let patient = PatientId::from_parts(now, [2; 10]);
    let scope = RoomScope {
        room: RoomId::from_parts(now, [3; 10]),
        consultation: ConsultationId::from_parts(now, [4; 10]),
        appointment: AppointmentId::from_parts(now, [5; 10]),
        practitioner,
        patient,
        consent_given_at: Some(now),
        admitted_at: None,
        opens_at: now,
        closes_at: now.after(Duration::from_secs(3_600)),
    };
    let claims = TicketClaims {
        ticket: TicketId::from_parts(now, number),
        practice: PracticeId::from_parts(now, [6; 10]),
        person: if role == Role::Patient { Person::Patient(patient) } else { Person::Staff(practitioner) },
        role,
        card: IdentityCard { display_name: String::new(), role, profession: None, rpps: None, verified_by: vec![] },
        key_thumbprint: KeyThumbprint::from_digest(&number),
        scope: Scope::Room(scope),
        issued_at: now,
        expires_at: now.after(TICKET_LIFETIME),
    };
    signaling.handle(Input::Opened { connection, from: IpAddr::V4(Ipv4Addr::LOCALHOST) }, now);
    signaling.handle(Input::JoinVerified { connection, claims: Box::new(claims), take_over: false }, now);
    settle(signaling, now, &mut false);
    connection
}
