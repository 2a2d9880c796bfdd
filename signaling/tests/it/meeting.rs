use colloque_protocol::Role;
use colloque_protocol::connection::{ConnectionFact, DisconnectCause};
use colloque_protocol::signaling::{
    ClientMessage, EndReason, JoinRefusal, MediaState, OfferRefusal, ServerMessage, Stage,
};
use colloque_protocol::ticket::{Person, Scope};
use colloque_signaling::MediaEvent;

use crate::client::Client;
use crate::server::{Booking, Browser, Server, Written, fresh, now};

fn opened(message: &ServerMessage) -> bool {
    matches!(message, ServerMessage::Room { state } if state.stage == Stage::Open)
}

#[tokio::test]
async fn a_ticket_serves_once_though_the_server_starts_anew() {
    let mut server = Server::start().await;
    let booking = Booking::new();
    let ticket = server.sign(&booking.claims(&server, Role::Patient));
    let mut first = Client::open(&server).await;
    first.present(&ticket, booking.browser(Role::Patient), false).await;
    assert!(matches!(first.next().await, Some(ServerMessage::Joined { .. })));
    server.restart().await;
    let mut second = Client::open(&server).await;
    second.present(&ticket, booking.browser(Role::Patient), false).await;
    assert_eq!(second.last().await, Some(ServerMessage::Refused { code: JoinRefusal::TicketReplayed }));
    Client::joined(&server, &booking, Role::Patient).await;
}

#[tokio::test]
async fn two_people_meet_are_verified_admitted_and_negotiate() {
    let server = Server::start().await;
    let booking = Booking::new();
    let (mut patient, state) = Client::joined(&server, &booking, Role::Patient).await;
    assert_eq!((state.stage, state.other), (Stage::Waiting, None));
    let (mut practitioner, state) = Client::joined(&server, &booking, Role::Practitioner).await;
    assert_eq!(state.other.unwrap().card.display_name, "patient");

    practitioner.say(&ClientMessage::Admit).await;
    practitioner.wait_for(opened).await;
    patient.wait_for(opened).await;
    for (client, sdp) in [(&mut patient, "of patient"), (&mut practitioner, "of practitioner")] {
        client.say(&ClientMessage::Offer { generation: 3, ice_restart: false, sdp: sdp.to_owned() }).await;
        let answer = client.wait_for(|message| matches!(message, ServerMessage::Answer { .. })).await;
        assert_eq!(answer, ServerMessage::Answer { generation: 3, sdp: format!("answer to {sdp}") });
    }
    let peer = server.media.connected.lock().unwrap()[0];
    server.signaling.media_event(MediaEvent::Connected { peer });
    patient.wait_for(|message| *message == ServerMessage::MediaPath { up: true }).await;

    let media = MediaState { microphone: true, ..MediaState::default() };
    practitioner.say(&ClientMessage::MediaState(media)).await;
    patient
        .wait_for(|message| {
            matches!(message, ServerMessage::Room { state } if state.other.as_ref().is_some_and(|other| other.media == media))
        })
        .await;

    practitioner.say(&ClientMessage::End).await;
    for client in [&mut patient, &mut practitioner] {
        assert_eq!(client.last().await, Some(ServerMessage::Ended { reason: EndReason::EndedByPractitioner }));
    }
    server.memory.wait_for(|written| *written == Written::End(booking.scope.room)).await;
}

#[tokio::test]
async fn the_journal_holds_every_entry_and_departure_in_order() {
    let server = Server::start().await;
    let booking = Booking::new();
    let (mut patient, _) = Client::joined(&server, &booking, Role::Patient).await;
    patient.say(&ClientMessage::Leave).await;
    assert_eq!(patient.last().await, Some(ServerMessage::Ended { reason: EndReason::YouLeft }));
    let left = ConnectionFact::Disconnected { cause: DisconnectCause::Left };
    server.memory.wait_for(|written| matches!(written, Written::Event(event) if event.fact == left)).await;
    let written = server.memory.written.borrow().clone();
    let facts: Vec<_> = written
        .iter()
        .map(|written| match written {
            Written::Event(event) => {
                assert_eq!(event.who.as_ref().unwrap().person, Person::Patient(booking.scope.patient));
                assert!(event.from.unwrap().is_loopback());
                event.fact.clone()
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(facts, [ConnectionFact::Joined, left]);
}

#[tokio::test]
async fn an_arrival_is_seen_at_the_desk() {
    let server = Server::start().await;
    let booking = Booking::new();
    let mut claims = booking.claims(&server, Role::Practitioner);
    claims.scope = Scope::Desk { practitioners: vec![booking.scope.practitioner] };
    let mut desk = Client::open(&server).await;
    desk.present(&server.sign(&claims), &booking.practitioner, false).await;
    assert_eq!(desk.next().await, Some(ServerMessage::DeskJoined { queue: vec![] }));
    let (_patient, _) = Client::joined(&server, &booking, Role::Patient).await;
    assert!(matches!(
        desk.next().await,
        Some(ServerMessage::QueueChanged { entry }) if entry.appointment == booking.scope.appointment
    ));
}

#[tokio::test]
async fn tickets_that_are_not_genuine_are_refused() {
    let server = Server::start().await;
    let other_server = Server::start().await;
    let booking = Booking::new();
    let claims = booking.claims(&server, Role::Patient);
    let good = server.sign(&claims);
    let (head, signature) = good.split_once('.').unwrap();
    let mut stranger_claims = claims.clone();
    stranger_claims.ticket = fresh();
    stranger_claims.key_thumbprint = Browser::new().thumbprint();
    let mut forged_claims = claims.clone();
    forged_claims.role = Role::Practitioner;
    let forged = server.sign(&forged_claims);
    let forged_head = forged.split_once('.').unwrap().0;
    for (what, ticket) in [
        ("nothing", String::new()),
        ("no ticket", "a.b".to_owned()),
        ("endless", "a".repeat(10_000)),
        ("signature of another", format!("{forged_head}.{signature}")),
        ("no signature", format!("{head}.")),
        ("another server's", other_server.sign(&claims)),
        ("for another key", server.sign(&stranger_claims)),
    ] {
        let mut client = Client::open(&server).await;
        client.present(&ticket, &booking.patient, false).await;
        assert_eq!(client.last().await, Some(ServerMessage::Refused { code: JoinRefusal::TicketInvalid }), "{what}");
    }
    // None of these used the good ticket up.
    let mut client = Client::open(&server).await;
    client.present(&good, &booking.patient, false).await;
    assert!(matches!(client.next().await, Some(ServerMessage::Joined { .. })));
}

#[tokio::test]
async fn a_stolen_ticket_serves_nobody_without_its_key() {
    let server = Server::start().await;
    let booking = Booking::new();
    let ticket = server.sign(&booking.claims(&server, Role::Patient));
    let thief = Browser::new();
    let mut client = Client::open(&server).await;
    let nonce = client.nonce.clone();
    for proof in [thief.prove(&nonce, &ticket), booking.patient.prove("another nonce", &ticket), "A".repeat(86)] {
        let mut client = Client::open(&server).await;
        let join = ClientMessage::Join {
            version: 1,
            ticket: ticket.clone(),
            key: booking.patient.key.clone(),
            proof,
            take_over: false,
        };
        client.say(&join).await;
        assert_eq!(client.last().await, Some(ServerMessage::Refused { code: JoinRefusal::TicketInvalid }));
    }
    client.present(&ticket, &booking.patient, false).await;
    assert!(matches!(client.next().await, Some(ServerMessage::Joined { .. })));
}

#[tokio::test]
async fn a_ticket_serves_once_and_for_a_minute() {
    let server = Server::start().await;
    let booking = Booking::new();
    let ticket = server.sign(&booking.claims(&server, Role::Patient));
    let mut first = Client::open(&server).await;
    first.present(&ticket, &booking.patient, false).await;
    assert!(matches!(first.next().await, Some(ServerMessage::Joined { .. })));
    let mut second = Client::open(&server).await;
    second.present(&ticket, &booking.patient, false).await;
    assert_eq!(second.last().await, Some(ServerMessage::Refused { code: JoinRefusal::TicketReplayed }));
    assert!(first.is_served().await);

    let mut claims = booking.claims(&server, Role::Patient);
    claims.expires_at = now();
    let mut late = Client::open(&server).await;
    late.present(&server.sign(&claims), &booking.patient, false).await;
    assert_eq!(late.last().await, Some(ServerMessage::Refused { code: JoinRefusal::TicketExpired }));
}

#[tokio::test]
async fn another_version_is_told_to_reload() {
    let server = Server::start().await;
    let booking = Booking::new();
    let ticket = server.sign(&booking.claims(&server, Role::Patient));
    let mut client = Client::open(&server).await;
    let proof = booking.patient.prove(&client.nonce, &ticket);
    let key = booking.patient.key.clone();
    client.say(&ClientMessage::Join { version: 999, ticket, key, proof, take_over: false }).await;
    assert_eq!(client.last().await, Some(ServerMessage::Refused { code: JoinRefusal::WrongVersion }));
}

#[tokio::test]
async fn an_offer_that_cannot_be_served_is_refused_and_the_call_goes_on() {
    let server = Server::start().await;
    let booking = Booking::new();
    let (mut patient, _) = Client::joined(&server, &booking, Role::Patient).await;
    let (mut practitioner, _) = Client::joined(&server, &booking, Role::Practitioner).await;
    practitioner.say(&ClientMessage::Admit).await;
    patient.wait_for(opened).await;
    let offer = ClientMessage::Offer { generation: 1, ice_restart: false, sdp: "unacceptable".to_owned() };
    patient.say(&offer).await;
    let refused = ServerMessage::OfferRefused { generation: 1, code: OfferRefusal::Unacceptable };
    patient.wait_for(|message| *message == refused).await;
    assert!(patient.is_served().await);
}

#[tokio::test]
async fn whoever_is_signed_out_elsewhere_is_told_and_their_socket_is_closed() {
    let server = Server::start().await;
    let booking = Booking::new();
    let (mut patient, _) = Client::joined(&server, &booking, Role::Patient).await;
    let (mut practitioner, _) = Client::joined(&server, &booking, Role::Practitioner).await;
    let ticket = server.sign(&booking.claims(&server, Role::Practitioner));
    let told = Some(ServerMessage::Ended { reason: EndReason::SignedOut });
    server.signaling.staff_signed_out(booking.scope.practitioner);
    assert_eq!(practitioner.last().await, told);
    assert!(patient.is_served().await);
    let mut again = Client::open(&server).await;
    again.present(&ticket, &booking.practitioner, true).await;
    assert_eq!(again.last().await, Some(ServerMessage::Refused { code: JoinRefusal::TicketExpired }));

    server.signaling.patient_signed_out(booking.scope.consultation);
    assert_eq!(patient.last().await, told);
    let signed_out = ConnectionFact::Disconnected { cause: DisconnectCause::SignedOut };
    server.memory.wait_for(|written| matches!(written, Written::Event(event) if event.fact == signed_out)).await;
}

#[tokio::test]
async fn a_patient_who_withdraws_consent_is_told_and_may_give_it_again() {
    let server = Server::start().await;
    let booking = Booking::new();
    let (mut patient, _) = Client::joined(&server, &booking, Role::Patient).await;
    server.signaling.consent_withdrawn(booking.scope.consultation);
    let withdrawn = Some(ServerMessage::Ended { reason: EndReason::ConsentWithdrawn });
    assert_eq!(patient.last().await, withdrawn);
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    Client::joined(&server, &booking, Role::Patient).await;
}
