use std::time::Duration;

use colloque_call::policy::{FAILED_PEER_PAUSE, ICE_RESTART_AFTER, NEW_PEER_AFTER, RETRY_PAUSE};
use colloque_call::{
    Action, Input, LinkInput, LinkOutput, MediaInput, MediaOutput, MediaPath, Output, PeerState, Phase, Sending,
};
use colloque_protocol::Role;
use colloque_protocol::signaling::{ClientMessage, OfferRefusal, RoomState, ServerMessage, Stage};

use crate::world::{Page, joined, state};

fn offers(outputs: &[Output]) -> Vec<(u32, bool)> {
    outputs
        .iter()
        .filter_map(|output| match output {
            Output::Link(LinkOutput::Send(ClientMessage::Offer { generation, ice_restart, .. })) => {
                Some((*generation, *ice_restart))
            }
            _ => None,
        })
        .collect()
}

fn new_peers(outputs: &[Output]) -> usize {
    outputs.iter().filter(|output| matches!(output, Output::Media(MediaOutput::CreatePeer { .. }))).count()
}

fn restarts(outputs: &[Output]) -> usize {
    outputs
        .iter()
        .filter(|output| matches!(output, Output::Media(MediaOutput::CreateOffer { ice_restart: true, .. })))
        .count()
}

#[test]
fn the_transport_is_there_while_waiting_and_nothing_is_sent_on_it_before_the_admission() {
    for role in [Role::Patient, Role::Practitioner] {
        let mut page = Page::waiting(role);
        let prepared = page.asked();
        assert_eq!((new_peers(&prepared), offers(&prepared)), (1, vec![(1, false)]));
        assert!(!prepared.contains(&Output::ResumeSending));
        page.media_connects();
        assert_eq!((page.call.view().media, page.call.view().sending), (MediaPath::Idle, Sending::HeldUntilAdmitted));
        page.asked();
        page.pass_alive(Duration::from_secs(1_800));
        assert_eq!((new_peers(&page.asked()), page.phase()), (0, Phase::Waiting), "however long the wait");
        page.hears(ServerMessage::Room { state: state(Stage::Open) });
        let asked = page.asked();
        assert!(asked.contains(&Output::ResumeSending) && offers(&asked).is_empty());
        assert_eq!(page.call.view().media, MediaPath::Up);
    }
}

#[test]
fn a_transport_that_is_lost_while_waiting_is_made_anew_without_a_word() {
    let mut page = Page::waiting(Role::Patient);
    page.media_connects();
    page.peer(PeerState::Failed);
    page.asked();
    page.pass_alive(Duration::from_secs(60));
    let asked = page.asked();
    assert!(restarts(&asked) + new_peers(&asked) > 0);
    assert_eq!(page.phase(), Phase::Waiting);
}

#[test]
fn an_offer_that_gets_ready_after_the_room_leaves_at_once() {
    let mut page = Page::new(Role::Patient);
    page.input(Input::Join);
    page.knocks();
    page.hears(joined(Stage::Waiting));
    assert_eq!(offers(&page.asked()), []);
    page.offer_ready();
    assert_eq!(offers(&page.asked()), [(1, false)]);
}

#[test]
fn only_the_answer_to_the_last_offer_is_applied() {
    let mut page = Page::waiting(Role::Patient);
    page.hears(ServerMessage::Room { state: state(Stage::Open) });
    page.asked();
    page.hears(ServerMessage::Answer { generation: 7, sdp: "other".to_owned() });
    assert_eq!(page.asked(), []);
    page.hears(ServerMessage::Answer { generation: 1, sdp: "answer".to_owned() });
    let applied = MediaOutput::ApplyAnswer { peer: 1, generation: 1, sdp: "answer".to_owned() };
    assert_eq!(page.asked(), [Output::Media(applied)]);
    page.hears(ServerMessage::Answer { generation: 1, sdp: "again".to_owned() });
    assert_eq!(page.asked(), []);
}

#[test]
fn a_lost_path_restarts_ice_then_gets_a_new_peer() {
    let mut page = Page::in_call(Role::Patient);
    page.peer(PeerState::Disconnected);
    let since = page.now;
    assert_eq!(page.call.view().media, MediaPath::Lost { since });
    page.pass_alive(ICE_RESTART_AFTER - Duration::from_millis(1));
    assert_eq!(restarts(&page.asked()), 0);
    page.pass_alive(Duration::from_millis(1));
    let asked = page.asked();
    assert_eq!((restarts(&asked), new_peers(&asked)), (1, 0));
    page.offer_ready();
    assert_eq!(offers(&page.asked()), [(2, true)]);
    page.pass_alive(NEW_PEER_AFTER - ICE_RESTART_AFTER);
    let asked = page.asked();
    assert_eq!((restarts(&asked), new_peers(&asked)), (0, 1));
    page.offer_ready();
    page.media_connects();
    assert_eq!(page.call.view().media, MediaPath::Up);
}

#[test]
fn a_path_that_heals_by_itself_costs_nothing() {
    let mut page = Page::in_call(Role::Patient);
    page.peer(PeerState::Disconnected);
    page.pass_alive(Duration::from_secs(1));
    page.peer(PeerState::Connected);
    page.pass_alive(Duration::from_secs(20));
    let asked = page.asked();
    assert_eq!((restarts(&asked), new_peers(&asked)), (0, 0));
}

#[test]
fn a_path_that_the_server_says_is_silent_is_lost_too() {
    let mut page = Page::in_call(Role::Patient);
    page.hears(ServerMessage::MediaPath { up: false });
    assert!(matches!(page.call.view().media, MediaPath::Lost { .. }));
    page.pass_alive(Duration::from_millis(1));
    assert_eq!(restarts(&page.asked()), 1, "at once: the server has waited");
    page.hears(ServerMessage::MediaPath { up: true });
    assert_eq!(page.call.view().media, MediaPath::Up);
}

/// Loses media and signaling, comes back after `away`; gives the restarts and the new peers asked on return.
fn after_being_away(away: Duration) -> (usize, usize) {
    let mut page = Page::in_call(Role::Patient);
    page.peer(PeerState::Disconnected);
    page.link(LinkInput::SocketClosed);
    page.pass(away);
    let asked = page.asked();
    assert_eq!((restarts(&asked), new_peers(&asked)), (0, 0), "without signaling nothing is negotiated");
    page.knocks();
    page.hears(joined(Stage::Open));
    page.pass_alive(Duration::from_millis(1));
    let asked = page.asked();
    (restarts(&asked), new_peers(&asked))
}

#[test]
fn a_return_restarts_ice_after_a_short_loss_and_makes_a_new_peer_after_a_long_one() {
    assert_eq!(after_being_away(Duration::from_secs(4)), (1, 0));
    assert_eq!(after_being_away(Duration::from_secs(9)), (0, 1));
}

#[test]
fn an_offer_whose_answer_was_lost_with_the_connection_is_made_anew() {
    let mut page = Page::waiting(Role::Patient);
    page.hears(ServerMessage::Room { state: state(Stage::Open) });
    page.link(LinkInput::SocketClosed);
    page.pass(Duration::from_secs(1));
    page.knocks();
    page.asked();
    page.hears(joined(Stage::Open));
    assert_eq!(new_peers(&page.asked()), 1);
}

#[test]
fn media_that_lives_through_a_loss_of_signaling_is_left_alone() {
    let mut page = Page::in_call(Role::Patient);
    page.link(LinkInput::SocketClosed);
    page.pass(Duration::from_secs(1));
    page.knocks();
    page.hears(joined(Stage::Open));
    page.pass_alive(Duration::from_secs(20));
    let asked = page.asked();
    assert_eq!((restarts(&asked), new_peers(&asked), offers(&asked)), (0, 0, vec![]));
}

#[test]
fn a_server_that_forgot_the_peer_gets_a_new_one_at_once() {
    let mut page = Page::in_call(Role::Patient);
    page.peer(PeerState::Failed);
    page.pass_alive(Duration::from_millis(1));
    page.offer_ready();
    let generation = page.generation();
    page.asked();
    page.hears(ServerMessage::OfferRefused { generation, code: OfferRefusal::Unavailable });
    assert_eq!(new_peers(&page.asked()), 1);
}

#[test]
fn a_network_that_blocks_media_is_named_and_still_tried() {
    let mut page = Page::waiting(Role::Patient);
    page.hears(ServerMessage::Room { state: state(Stage::Open) });
    let mut blocked_after = None;
    for second in 0..120 {
        page.pass_alive(Duration::from_secs(1));
        page.offer_ready();
        let generation = page.generation();
        page.hears(ServerMessage::Answer { generation, sdp: "answer".to_owned() });
        if page.call.view().media == MediaPath::Blocked {
            blocked_after = blocked_after.or(Some(second));
        }
    }
    assert!(matches!(blocked_after, Some(15..30)), "{blocked_after:?}");
    let tried = new_peers(&page.asked());
    assert!((4..8).contains(&tried), "{tried} peers in two minutes");
    page.peer(PeerState::Connected);
    assert_eq!(page.call.view().media, MediaPath::Up);
}

#[test]
fn a_browser_that_cannot_negotiate_is_not_asked_in_a_loop() {
    let mut page = Page::waiting(Role::Patient);
    page.hears(ServerMessage::Room { state: state(Stage::Open) });
    page.asked();
    for _ in 0..60 {
        let generation = page.generation();
        page.input(Input::Media(MediaInput::NegotiationFailed { generation }));
        page.pass_alive(Duration::from_secs(1));
    }
    let tried = new_peers(&page.asked());
    assert!(tried <= 60 / usize::try_from(FAILED_PEER_PAUSE.as_secs()).unwrap(), "{tried}");
    assert!(tried >= 5, "{tried}");
}

#[test]
fn what_an_older_peer_says_is_not_believed() {
    let mut page = Page::in_call(Role::Patient);
    page.input(Input::Media(MediaInput::StateChanged { peer: 99, state: PeerState::Failed }));
    assert_eq!(page.call.view().media, MediaPath::Up);
}

#[test]
fn a_person_who_wants_another_attempt_gets_an_ice_restart_then_a_new_peer_at_once() {
    let mut page = Page::in_call(Role::Patient);
    page.pass_alive(RETRY_PAUSE);
    page.peer(PeerState::Disconnected);
    page.asked();
    page.act(Action::Retry);
    let asked = page.asked();
    assert_eq!((restarts(&asked), new_peers(&asked)), (1, 0));
    page.act(Action::Retry);
    let asked = page.asked();
    assert_eq!((restarts(&asked), new_peers(&asked)), (0, 0), "an attempt has just begun");
    page.pass_alive(RETRY_PAUSE);
    page.asked();
    page.act(Action::Retry);
    let asked = page.asked();
    assert_eq!((restarts(&asked), new_peers(&asked)), (0, 1));
}

#[test]
fn a_person_on_a_network_that_blocked_media_gets_a_fresh_attempt_before_it_is_called_blocking_again() {
    let mut page = Page::waiting(Role::Patient);
    page.hears(ServerMessage::Room { state: state(Stage::Open) });
    let attempt = |page: &mut Page| {
        page.offer_ready();
        let generation = page.generation();
        page.hears(ServerMessage::Answer { generation, sdp: "answer".to_owned() });
        page.pass_alive(Duration::from_secs(1));
    };
    while page.call.view().media != MediaPath::Blocked {
        attempt(&mut page);
    }
    page.pass_alive(RETRY_PAUSE);
    page.asked();
    page.act(Action::Retry);
    assert_eq!(new_peers(&page.asked()), 1);
    assert_ne!(page.call.view().media, MediaPath::Blocked, "the person sees that something happens");
    let mut seconds = 0;
    while page.call.view().media != MediaPath::Blocked {
        attempt(&mut page);
        seconds += 1;
    }
    assert!((10..30).contains(&seconds), "{seconds}");
}

#[test]
fn an_attempt_that_was_wanted_without_signaling_is_made_when_signaling_is_back() {
    let mut page = Page::waiting(Role::Patient);
    page.hears(ServerMessage::Room { state: state(Stage::Open) });
    // Every attempt of these was in vain, so that the next one by itself is half a minute away.
    for _ in 0..60 {
        page.pass_alive(Duration::from_secs(1));
        page.offer_ready();
        let generation = page.generation();
        page.hears(ServerMessage::Answer { generation, sdp: "answer".to_owned() });
    }
    page.link(LinkInput::SocketClosed);
    page.pass(RETRY_PAUSE);
    page.asked();
    page.act(Action::Retry);
    let asked = page.asked();
    assert_eq!((new_peers(&asked), restarts(&asked)), (0, 0), "nothing can be negotiated");
    page.knocks();
    page.hears(joined(Stage::Open));
    assert_eq!(new_peers(&page.asked()), 1);
}

#[test]
fn media_that_lives_is_left_alone_by_a_retry() {
    let mut waiting = Page::waiting(Role::Patient);
    waiting.media_connects();
    for mut page in [waiting, Page::in_call(Role::Patient)] {
        page.pass_alive(RETRY_PAUSE);
        page.asked();
        page.act(Action::Retry);
        let asked = page.asked();
        assert_eq!((restarts(&asked), new_peers(&asked)), (0, 0));
    }
}

/// What each offer was told to use.
fn used(outputs: &[Output]) -> Vec<Option<String>> {
    let used = outputs.iter().filter_map(|output| match output {
        Output::Media(MediaOutput::CreateOffer { ice_servers, .. }) => Some(ice_servers.clone()),
        _ => None,
    });
    used.collect()
}

#[test]
fn each_offer_uses_what_the_server_said_last_of_its_turn_server() {
    let mut page = Page::in_call(Role::Patient);
    let said = |servers: &str| RoomState { ice_servers: Some(servers.to_owned()), ..state(Stage::Open) };
    page.hears(ServerMessage::Room { state: said("first") });
    page.hears(ServerMessage::Room { state: said("renewed") });
    page.hears(ServerMessage::Room { state: state(Stage::Open) });
    page.asked();
    page.peer(PeerState::Disconnected);
    page.pass_alive(ICE_RESTART_AFTER + Duration::from_millis(1));
    let asked = page.asked();
    assert_eq!((restarts(&asked), used(&asked)), (1, vec![Some("renewed".to_owned())]));
    let mut page = Page::new(Role::Patient);
    page.input(Input::Join);
    page.knocks();
    let mut message = joined(Stage::Waiting);
    if let ServerMessage::Joined { state, .. } = &mut message {
        *state = RoomState { stage: Stage::Waiting, ..said("at once") };
    }
    page.hears(message);
    assert_eq!(used(&page.asked()), [Some("at once".to_owned())], "the first offer too");
}
