use std::sync::atomic::Ordering;

use colloque_protocol::Role;
use colloque_protocol::signaling::{
    ClientMessage, EndReason, MAX_CLIENT_MESSAGE_BYTES, Presence, ServerMessage, Stage,
};
use colloque_signaling_core::limits::OFFER_BURST;
use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::{self, Message};

use crate::client::{Client, connect};
use crate::server::{Booking, ORIGIN, Server, fresh};

#[tokio::test]
async fn a_page_of_another_origin_gets_no_socket() {
    let server = Server::start().await;
    let lookalike = format!("{ORIGIN}.evil.test");
    for origin in
        [None, Some("https://evil.test"), Some("null"), Some(lookalike.as_str()), Some("https://Colloque.test")]
    {
        match connect(&server, origin).await {
            Err(tungstenite::Error::Http(response)) => assert_eq!(response.status(), 403, "{origin:?}"),
            other => panic!("{origin:?} got {other:?}"),
        }
    }
    assert!(connect(&server, Some(ORIGIN)).await.is_ok());
}

#[tokio::test]
async fn garbage_closes_its_connection_and_no_other() {
    let server = Server::start().await;
    let booking = Booking::new();
    let (mut patient, _) = Client::joined(&server, &booking, Role::Patient).await;
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    let garbage = [
        Message::text(""),
        Message::text("null"),
        Message::text("{"),
        Message::text(deep),
        Message::text(r#"{"type":"admit","type":"admit"}"#),
        Message::text(r#"{"type":"unknown"}"#),
        Message::text("\u{0}\u{ffff}"),
        Message::binary(vec![0; 100]),
        Message::binary(vec![]),
    ];
    for (index, message) in garbage.into_iter().enumerate() {
        // Before the join, and after.
        let mut stranger = Client::open(&server).await;
        stranger.socket.send(message.clone()).await.unwrap();
        let given_up = ServerMessage::Ended { reason: EndReason::ConnectionGivenUp };
        assert_eq!(stranger.last().await, Some(given_up.clone()), "{index} before the join");

        let other = Booking::new();
        let (mut joined, _) = Client::joined(&server, &other, Role::Patient).await;
        joined.socket.send(message).await.unwrap();
        assert_eq!(joined.last().await, Some(given_up), "{index} after the join");
    }
    assert!(patient.is_served().await);
}

#[tokio::test]
async fn an_oversized_message_closes_its_connection_and_no_other() {
    let server = Server::start().await;
    let booking = Booking::new();
    let (mut patient, _) = Client::joined(&server, &booking, Role::Patient).await;
    let mut stranger = Client::open(&server).await;
    let _ = stranger.socket.send(Message::text("x".repeat(MAX_CLIENT_MESSAGE_BYTES + 1))).await;
    // The rest of an oversized message is never read, so the farewell may be lost with it.
    let farewell = stranger.last().await;
    assert!(matches!(farewell, None | Some(ServerMessage::Ended { reason: EndReason::ConnectionGivenUp })));
    assert!(patient.is_served().await);
}

#[tokio::test]
async fn a_message_before_the_join_closes_the_connection() {
    let server = Server::start().await;
    let mut stranger = Client::open(&server).await;
    stranger.say(&ClientMessage::Admit).await;
    assert_eq!(stranger.last().await, Some(ServerMessage::Ended { reason: EndReason::ConnectionGivenUp }));
}

#[tokio::test]
async fn a_connection_that_never_joins_is_closed() {
    let server = Server::start().await;
    let mut silent = Client::open(&server).await;
    assert_eq!(silent.last().await, Some(ServerMessage::Ended { reason: EndReason::ConnectionGivenUp }));
}

#[tokio::test]
async fn a_flood_is_cut_and_the_other_party_is_served() {
    let server = Server::start().await;
    let booking = Booking::new();
    let (mut patient, _) = Client::joined(&server, &booking, Role::Patient).await;
    let (mut practitioner, _) = Client::joined(&server, &booking, Role::Practitioner).await;
    for _ in 0..2_000 {
        patient.say(&ClientMessage::NotifyAgain).await;
    }
    let lost = practitioner
        .wait_for(|message| {
            matches!(message, ServerMessage::Room { state }
                if state.other.as_ref().is_some_and(|other| matches!(other.presence, Presence::Lost { .. })))
        })
        .await;
    assert!(matches!(lost, ServerMessage::Room { .. }));
    assert!(practitioner.is_served().await);
}

#[tokio::test]
async fn a_storm_of_websocket_pings_closes_its_connection() {
    let server = Server::start().await;
    let booking = Booking::new();
    let (mut patient, _) = Client::joined(&server, &booking, Role::Patient).await;
    for _ in 0..100 {
        if patient.socket.send(Message::Ping(vec![1].into())).await.is_err() {
            break;
        }
    }
    assert_eq!(patient.last().await, Some(ServerMessage::Ended { reason: EndReason::ConnectionGivenUp }));
}

#[tokio::test]
async fn a_reader_that_stops_reading_is_closed_and_the_other_party_is_served() {
    let server = Server::start().await;
    let booking = Booking::new();
    let (mut patient, _) = Client::joined(&server, &booking, Role::Patient).await;
    let (mut practitioner, _) = Client::joined(&server, &booking, Role::Practitioner).await;
    practitioner.say(&ClientMessage::Admit).await;
    patient.wait_for(|message| matches!(message, ServerMessage::Room { state } if state.stage == Stage::Open)).await;
    // Answers fill the kernel's buffers, because from now on nothing is read.
    server.media.answer_length.store(3_000_000, Ordering::Relaxed);
    for generation in 0..OFFER_BURST {
        patient.say(&ClientMessage::Offer { generation, ice_restart: false, sdp: String::new() }).await;
    }
    while server.media.connected.lock().unwrap().len() < OFFER_BURST as usize {
        tokio::task::yield_now().await;
    }
    for _ in 0..200 {
        server.signaling.document_ready(booking.scope.consultation, fresh());
    }
    practitioner
        .wait_for(|message| {
            matches!(message, ServerMessage::Room { state }
                if state.other.as_ref().is_some_and(|other| matches!(other.presence, Presence::Lost { .. })))
        })
        .await;
    assert!(practitioner.is_served().await);
    drop(patient);
}
