//! Storage that fails, hangs and comes back; a server that stops.

use colloque_protocol::Role;
use colloque_protocol::connection::{ConnectionFact, DisconnectCause};
use colloque_protocol::signaling::{ActionRefusal, ClientMessage, EndReason, JoinRefusal, ServerMessage, Stage};
use tokio_tungstenite::tungstenite;

use crate::client::{Client, connect};
use crate::server::{Booking, Mode, ORIGIN, Server, Written};

#[tokio::test]
async fn nobody_enters_while_storage_fails() {
    let server = Server::start().await;
    let booking = Booking::new();
    server.memory.mode.send_replace(Mode::Fails);
    let mut patient = Client::join(&server, &booking, Role::Patient).await;
    assert_eq!(patient.last().await, Some(ServerMessage::Refused { code: JoinRefusal::ServerFailed }));
    server.memory.mode.send_replace(Mode::Works);
    Client::joined(&server, &booking, Role::Patient).await;
}

#[tokio::test]
async fn nobody_is_admitted_while_storage_fails() {
    let server = Server::start().await;
    let booking = Booking::new();
    let (mut patient, _) = Client::joined(&server, &booking, Role::Patient).await;
    let (mut practitioner, _) = Client::joined(&server, &booking, Role::Practitioner).await;
    server.memory.mode.send_replace(Mode::Fails);
    practitioner.say(&ClientMessage::Admit).await;
    let not_recorded = ServerMessage::NotDone { code: ActionRefusal::NotRecorded };
    practitioner.wait_for(|message| *message == not_recorded).await;
    patient.say(&ClientMessage::Offer { generation: 1, ice_restart: false, sdp: "offer".to_owned() }).await;
    patient.wait_for(|message| matches!(message, ServerMessage::Answer { .. })).await;
    assert!(server.media.gates.lock().unwrap().is_empty(), "connected, and nothing passes");
    server.memory.mode.send_replace(Mode::Works);
    practitioner.say(&ClientMessage::Admit).await;
    patient.wait_for(|message| matches!(message, ServerMessage::Room { state } if state.stage == Stage::Open)).await;
    assert_eq!(*server.media.gates.lock().unwrap(), [true]);
}

#[tokio::test]
async fn a_departure_during_an_outage_is_written_after_it() {
    let server = Server::start().await;
    let booking = Booking::new();
    let (patient, _) = Client::joined(&server, &booking, Role::Patient).await;
    let (mut practitioner, _) = Client::joined(&server, &booking, Role::Practitioner).await;
    server.memory.mode.send_replace(Mode::Fails);
    drop(patient);
    practitioner.wait_for(|message| matches!(message, ServerMessage::Room { .. })).await;
    server.memory.mode.send_replace(Mode::Works);
    let departed = ConnectionFact::Disconnected { cause: DisconnectCause::SocketClosed };
    server.memory.wait_for(|written| matches!(written, Written::Event(event) if event.fact == departed)).await;
}

#[tokio::test]
async fn a_room_whose_storage_hangs_does_not_hold_another_room_up() {
    let server = Server::start().await;
    let (stuck, other) = (Booking::new(), Booking::new());
    server.memory.hanging.send_replace(Some(stuck.scope.room));
    let mut waiting = Client::join(&server, &stuck, Role::Patient).await;
    let (mut patient, _) = Client::joined(&server, &other, Role::Patient).await;
    let (mut practitioner, _) = Client::joined(&server, &other, Role::Practitioner).await;
    practitioner.say(&ClientMessage::Admit).await;
    patient.wait_for(|message| matches!(message, ServerMessage::Room { state } if state.stage == Stage::Open)).await;
    server.memory.hanging.send_replace(None);
    assert!(matches!(waiting.next().await, Some(ServerMessage::Joined { .. })));
}

#[tokio::test]
async fn storage_that_hangs_too_long_lets_nobody_in() {
    let server = Server::start().await;
    let booking = Booking::new();
    server.memory.hanging.send_replace(Some(booking.scope.room));
    let mut patient = Client::join(&server, &booking, Role::Patient).await;
    assert_eq!(patient.last().await, Some(ServerMessage::Refused { code: JoinRefusal::ServerFailed }));
}

#[tokio::test]
async fn a_stopping_server_tells_everybody_writes_everything_and_takes_nobody() {
    let server = Server::start().await;
    let booking = Booking::new();
    let (mut patient, _) = Client::joined(&server, &booking, Role::Patient).await;
    let (mut practitioner, _) = Client::joined(&server, &booking, Role::Practitioner).await;
    let reading = tokio::spawn(async move { [patient.last().await, practitioner.last().await] });
    server.signaling.stop().await;
    let stopped = ConnectionFact::Disconnected { cause: DisconnectCause::ServerStopped };
    let written = server.memory.written.borrow().clone();
    let departures =
        written.iter().filter(|written| matches!(written, Written::Event(event) if event.fact == stopped)).count();
    assert_eq!(departures, 2, "written before the stop is done");
    let stopping = ServerMessage::Ended { reason: EndReason::ServerStopping };
    assert_eq!(reading.await.unwrap(), [Some(stopping.clone()), Some(stopping)]);
    match connect(&server, Some(ORIGIN)).await {
        Err(tungstenite::Error::Http(response)) => assert_eq!(response.status(), 503),
        other => panic!("{other:?}"),
    }
}
