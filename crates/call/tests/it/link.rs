use std::time::Duration;

use colloque_call::policy::{
    CONNECT_LIMIT, PROBE_LIMIT, QUICK_REFETCHES, RECONNECT_PAUSE_LIMIT, SERVER_STOPPING_SPREAD,
};
use colloque_call::{Action, Input, LinkInput, LinkOutput, Output, Phase, TicketFailure};
use colloque_protocol::Role;
use colloque_protocol::signaling::{
    ClientMessage, EndReason, HEARTBEAT_INTERVAL, HEARTBEAT_LIMIT, JoinRefusal, SIGNALING_VERSION, ServerMessage, Stage,
};

use crate::world::{Page, joined, key};

fn fetches(outputs: &[Output]) -> usize {
    outputs.iter().filter(|output| **output == Output::Link(LinkOutput::FetchTicket)).count()
}

#[test]
fn a_join_fetches_and_opens_at_once_then_signs_and_presents() {
    let mut page = Page::new(Role::Patient);
    page.input(Input::Join);
    assert_eq!(page.asked(), [Output::Link(LinkOutput::FetchTicket), Output::Link(LinkOutput::OpenSocket)]);
    assert_eq!(page.phase(), Phase::Connecting);
    page.knocks();
    let (nonce, ticket) = ("nonce".to_owned(), "ticket".to_owned());
    let join = ClientMessage::Join {
        version: SIGNALING_VERSION,
        ticket: ticket.clone(),
        key: key(),
        proof: "proof".to_owned(),
        take_over: false,
    };
    assert_eq!(
        page.asked(),
        [Output::Link(LinkOutput::SignJoin { nonce, ticket }), Output::Link(LinkOutput::Send(join))]
    );
    page.hears(joined(Stage::Waiting));
    assert_eq!(page.phase(), Phase::Waiting);
}

#[test]
fn a_signature_of_an_older_challenge_is_not_presented() {
    let mut page = Page::new(Role::Patient);
    page.input(Input::Join);
    page.link(LinkInput::TicketFetched { ticket: "ticket".to_owned() });
    page.hears(ServerMessage::Challenge { nonce: "new".to_owned() });
    page.link(LinkInput::JoinSigned { nonce: "old".to_owned(), key: key(), proof: "proof".to_owned() });
    assert_eq!(page.said(), []);
}

#[test]
fn messages_before_the_join_is_answered_are_not_believed() {
    let mut page = Page::new(Role::Patient);
    page.input(Input::Join);
    page.hears(joined(Stage::Open));
    page.knocks();
    page.hears(ServerMessage::Room { state: crate::world::state(Stage::Open) });
    assert_eq!(page.phase(), Phase::Connecting);
}

#[test]
fn an_expired_or_replayed_ticket_is_fetched_again_without_a_word_but_not_for_ever() {
    let mut page = Page::new(Role::Patient);
    page.input(Input::Join);
    for _ in 0..QUICK_REFETCHES {
        page.knocks();
        page.asked();
        page.refused(JoinRefusal::TicketExpired);
        page.pass(Duration::ZERO);
        assert_eq!(fetches(&page.asked()), 1, "at once");
        assert_eq!(page.phase(), Phase::Connecting);
    }
    page.knocks();
    page.asked();
    page.refused(JoinRefusal::TicketReplayed);
    page.pass(Duration::ZERO);
    assert_eq!(fetches(&page.asked()), 0, "after a pause");
    page.pass(RECONNECT_PAUSE_LIMIT);
    assert_eq!(fetches(&page.asked()), 1);
}

#[test]
fn refusals_that_pass_by_themselves_are_retried_and_the_others_are_not() {
    for (refusal, retried) in [
        (JoinRefusal::ServerFull, true),
        (JoinRefusal::ServerFailed, true),
        (JoinRefusal::TooEarly, true),
        (JoinRefusal::TicketInvalid, false),
        (JoinRefusal::WrongPerson, false),
        (JoinRefusal::ConsentMissing, false),
        (JoinRefusal::TooLate, false),
        (JoinRefusal::AlreadyElsewhere, false),
        (JoinRefusal::ConsultationOver, false),
        (JoinRefusal::WrongVersion, false),
    ] {
        let mut page = Page::new(Role::Patient);
        page.input(Input::Join);
        page.knocks();
        page.asked();
        page.refused(refusal);
        assert_eq!(page.phase(), Phase::Refused { refusal, retried });
        page.pass(Duration::from_secs(30));
        assert_eq!(fetches(&page.asked()) > 0, retried, "{refusal:?}");
    }
}

#[test]
fn a_full_server_lets_in_without_anybody_touching_anything() {
    let mut page = Page::new(Role::Patient);
    page.input(Input::Join);
    page.knocks();
    page.refused(JoinRefusal::ServerFull);
    page.pass(Duration::from_secs(5));
    page.knocks();
    page.hears(joined(Stage::Waiting));
    assert_eq!(page.phase(), Phase::Waiting);
}

#[test]
fn taking_over_is_asked_once() {
    let mut page = Page::new(Role::Patient);
    page.input(Input::Join);
    page.knocks();
    page.refused(JoinRefusal::AlreadyElsewhere);
    page.asked();
    page.act(Action::TakeOver);
    page.knocks();
    assert!(matches!(page.said()[..], [ClientMessage::Join { take_over: true, .. }]));
    page.hears(joined(Stage::Waiting));
    page.link(LinkInput::SocketClosed);
    page.pass(Duration::from_secs(1));
    page.asked();
    page.knocks();
    assert!(matches!(page.said()[..], [ClientMessage::Join { take_over: false, .. }]), "a return is no take-over");
}

#[test]
fn an_ended_session_asks_the_person_to_prove_who_they_are() {
    let mut page = Page::new(Role::Practitioner);
    page.input(Input::Join);
    page.link(LinkInput::TicketFailed(TicketFailure::SignedOut));
    assert_eq!(page.phase(), Phase::SignedOut);
    assert_eq!(page.call.deadline(), None);
    page.asked();
    page.input(Input::Join);
    assert_eq!(fetches(&page.asked()), 1);
}

#[test]
fn a_service_that_does_not_answer_is_asked_again_with_growing_pauses() {
    let mut page = Page::new(Role::Patient);
    page.input(Input::Join);
    let mut pauses = Vec::new();
    for _ in 0..8 {
        page.link(LinkInput::TicketFailed(TicketFailure::Unreachable));
        let deadline = page.call.deadline().unwrap();
        pauses.push(deadline.since(page.now));
        page.pass(deadline.since(page.now));
    }
    assert!(pauses[0] <= Duration::from_millis(500), "{pauses:?}");
    assert!(pauses[7] >= RECONNECT_PAUSE_LIMIT / 2 && pauses[7] <= RECONNECT_PAUSE_LIMIT, "{pauses:?}");
}

#[test]
fn a_server_that_accepts_and_says_nothing_is_left() {
    let mut page = Page::new(Role::Patient);
    page.input(Input::Join);
    page.link(LinkInput::SocketOpened);
    page.asked();
    page.pass(CONNECT_LIMIT + Duration::from_secs(1));
    let asked = page.asked();
    assert_eq!(asked.first(), Some(&Output::Link(LinkOutput::CloseSocket)));
    assert_eq!(fetches(&asked), 1);
}

#[test]
fn a_heart_beats_and_measures_the_round_trip() {
    let mut page = Page::waiting(Role::Patient);
    let pings = |messages: Vec<ClientMessage>| {
        messages
            .into_iter()
            .filter_map(|message| match message {
                ClientMessage::Ping { sequence } => Some(sequence),
                _ => None,
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(pings(page.said()), [1], "the first one at once");
    page.pass(Duration::from_millis(80));
    page.hears(ServerMessage::Pong { sequence: 1 });
    assert_eq!(page.call.view().round_trip_ms, Some(80));
    page.pass(HEARTBEAT_INTERVAL);
    assert_eq!(pings(page.said()), [2]);
}

#[test]
fn a_silent_server_is_left_within_the_limit() {
    let mut page = Page::waiting(Role::Patient);
    page.asked();
    page.pass(HEARTBEAT_LIMIT);
    assert!(page.asked().contains(&Output::Link(LinkOutput::CloseSocket)));
    assert!(page.call.view().signaling_lost_since.is_some());
}

#[test]
fn a_changed_network_is_probed_and_a_dead_socket_left_soon() {
    let mut page = Page::waiting(Role::Patient);
    page.hears(ServerMessage::Pong { sequence: 1 });
    page.asked();
    page.link(LinkInput::NetworkOnline);
    assert!(matches!(page.said()[..], [ClientMessage::Ping { .. }]));
    page.pass(PROBE_LIMIT);
    assert!(page.call.view().signaling_lost_since.is_some());
}

#[test]
fn a_changed_network_whose_socket_lives_changes_nothing() {
    let mut page = Page::waiting(Role::Patient);
    page.link(LinkInput::NetworkOnline);
    page.hears(ServerMessage::Pong { sequence: 2 });
    page.pass(PROBE_LIMIT + Duration::from_millis(1));
    assert_eq!(page.call.view().signaling_lost_since, None);
}

#[test]
fn a_page_that_is_looked_at_again_does_not_wait_for_its_pause() {
    let mut page = Page::waiting(Role::Patient);
    page.link(LinkInput::SocketClosed);
    page.asked();
    page.input(Input::PageVisible(true));
    assert_eq!(fetches(&page.asked()), 1);
}

#[test]
fn a_stopping_server_is_left_and_sought_again_with_spread() {
    let mut page = Page::waiting(Role::Patient);
    page.hears(ServerMessage::Ended { reason: EndReason::ServerStopping });
    assert!(page.call.deadline().unwrap().since(page.now) <= SERVER_STOPPING_SPREAD);
    page.asked();
    page.pass(SERVER_STOPPING_SPREAD);
    assert_eq!(fetches(&page.asked()), 1);
}

#[test]
fn a_session_that_ended_elsewhere_is_proved_anew_and_not_sought_again() {
    let mut page = Page::in_call(Role::Practitioner);
    page.hears(ServerMessage::Ended { reason: EndReason::SignedOut });
    assert_eq!(page.phase(), Phase::SignedOut);
    assert_eq!(page.call.deadline(), None);
    page.asked();
    page.input(Input::Join);
    assert_eq!(fetches(&page.asked()), 1, "once they have proved who they are");
}

#[test]
fn what_ended_for_good_is_not_sought_again() {
    for reason in [
        EndReason::EndedByPractitioner,
        EndReason::RefusedByPractitioner,
        EndReason::ContinuedElsewhere,
        EndReason::AppointmentChanged,
        EndReason::ConsentWithdrawn,
    ] {
        let mut page = Page::in_call(Role::Patient);
        page.hears(ServerMessage::Ended { reason });
        assert_eq!(page.phase(), Phase::Ended { reason });
        assert_eq!(page.call.deadline(), None, "{reason:?}");
    }
}
