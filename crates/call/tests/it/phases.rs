use std::time::Duration;

use colloque_call::policy::{
    ANSWERS_ITSELF_AFTER, LONG_LOSS_AFTER, RECONNECTING_AFTER, RETRY_OFFERED_AFTER, SENDING_PAUSED_AFTER,
};
use colloque_call::{Action, Decision, Input, LinkInput, MediaPath, Output, PeerState, Phase, Sending};
use colloque_protocol::Role;
use colloque_protocol::signaling::{
    ActionRefusal, ClientMessage, DeviceCheck, EndReason, MediaState, RESUME_WINDOW, RoomState, ServerMessage, Stage,
};

use crate::world::{Page, joined, state};

fn opens(page: &mut Page) {
    page.hears(ServerMessage::Room { state: state(Stage::Open) });
}

#[test]
fn a_called_patient_who_looks_answers_by_themselves() {
    let mut page = Page::waiting(Role::Patient);
    opens(&mut page);
    assert_eq!(page.phase(), Phase::Called { answers_at: Some(page.now.after(ANSWERS_ITSELF_AFTER)) });
    assert_eq!(page.call.view().sending, Sending::AsSwitchedOn);
    page.pass(ANSWERS_ITSELF_AFTER);
    assert_eq!(page.phase(), Phase::InCall);
}

#[test]
fn a_called_patient_who_looks_elsewhere_is_not_seen_before_they_answer() {
    let mut page = Page::waiting(Role::Patient);
    assert_eq!(page.call.view().sending, Sending::HeldUntilAdmitted);
    page.input(Input::PageVisible(false));
    opens(&mut page);
    assert_eq!(page.phase(), Phase::Called { answers_at: None });
    assert_eq!(page.call.view().sending, Sending::HeldUntilAnswered);
    assert!(!page.asked().contains(&Output::ResumeSending));
    page.pass_alive(Duration::from_secs(20));
    assert_eq!(page.phase(), Phase::Called { answers_at: None }, "however long it takes");
    page.input(Input::PageVisible(true));
    assert_eq!(page.phase(), Phase::Called { answers_at: Some(page.now.after(ANSWERS_ITSELF_AFTER)) });
    page.asked();
    page.act(Action::Answer);
    assert_eq!(page.phase(), Phase::InCall);
    assert!(page.asked().contains(&Output::ResumeSending));
}

#[test]
fn a_page_that_is_loaded_again_in_a_call_goes_on_without_asking() {
    let mut page = Page::new(Role::Patient);
    page.input(Input::Join);
    page.knocks();
    page.hears(joined(Stage::Open));
    assert_eq!(page.phase(), Phase::InCall);
}

#[test]
fn a_practitioner_is_never_called() {
    let mut page = Page::waiting(Role::Practitioner);
    page.act(Action::Admit);
    assert_eq!(page.call.view().deciding, Some(Decision::Admit));
    opens(&mut page);
    assert_eq!((page.phase(), page.call.view().deciding), (Phase::InCall, None));
}

#[test]
fn a_decision_that_was_not_done_is_said_until_the_next_action() {
    let mut page = Page::waiting(Role::Practitioner);
    page.act(Action::Admit);
    page.hears(ServerMessage::NotDone { code: ActionRefusal::NotRecorded });
    let view = page.call.view();
    assert_eq!((view.deciding, view.not_done), (None, Some(ActionRefusal::NotRecorded)));
    page.act(Action::Admit);
    assert_eq!(page.call.view().not_done, None);
}

#[test]
fn a_patient_who_was_sent_away_can_be_admitted_when_they_are_back() {
    let mut page = Page::waiting(Role::Practitioner);
    page.act(Action::Refuse);
    page.hears(ServerMessage::Room { state: RoomState { other: None, ..state(Stage::Waiting) } });
    assert_eq!(page.call.view().deciding, None);
    page.hears(ServerMessage::Room { state: state(Stage::Waiting) });
    page.link(LinkInput::SocketClosed);
    page.pass(Duration::from_secs(1));
    page.knocks();
    page.said();
    page.hears(joined(Stage::Waiting));
    assert!(!page.said().contains(&ClientMessage::Refuse), "nobody is sent away twice by one decision");
}

#[test]
fn a_decision_taken_while_cut_off_is_sent_on_return() {
    let mut page = Page::in_call(Role::Practitioner);
    page.link(LinkInput::SocketClosed);
    page.act(Action::End);
    page.pass(Duration::from_secs(1));
    page.knocks();
    page.asked();
    page.hears(joined(Stage::Open));
    assert!(page.said().contains(&ClientMessage::End));
}

#[test]
fn a_patient_cannot_decide() {
    let mut page = Page::waiting(Role::Patient);
    page.asked();
    for action in [Action::Admit, Action::Refuse, Action::End, Action::AnnounceDelay { minutes: 5 }] {
        page.act(action);
    }
    assert_eq!(page.said(), []);
}

#[test]
fn a_short_cut_in_the_waiting_room_is_not_shown_and_a_long_one_is() {
    let mut page = Page::waiting(Role::Patient);
    page.link(LinkInput::SocketClosed);
    let since = page.now;
    assert_eq!(page.phase(), Phase::Waiting);
    page.pass(RECONNECTING_AFTER);
    assert_eq!(page.phase(), Phase::Reconnecting { since, can_retry: false, is_long: false });
    page.pass(RETRY_OFFERED_AFTER);
    assert_eq!(page.phase(), Phase::Reconnecting { since, can_retry: true, is_long: false });
    page.pass(LONG_LOSS_AFTER);
    assert_eq!(page.phase(), Phase::Reconnecting { since, can_retry: true, is_long: true });
    page.pass(RESUME_WINDOW * 2);
    assert!(matches!(page.phase(), Phase::Reconnecting { .. }), "waiting never ends by itself");
}

#[test]
fn media_that_lives_keeps_the_call_on_the_screen_but_pauses_for_safety() {
    let mut page = Page::in_call(Role::Patient);
    page.link(LinkInput::SocketClosed);
    page.pass(SENDING_PAUSED_AFTER - Duration::from_millis(1));
    assert_eq!((page.phase(), page.call.view().sending), (Phase::InCall, Sending::AsSwitchedOn));
    page.asked();
    page.pass(Duration::from_millis(1));
    assert_eq!((page.phase(), page.call.view().sending), (Phase::InCall, Sending::PausedForSafety));
    assert!(page.asked().contains(&Output::PauseSending));
    page.pass(CONNECT);
    page.input(Input::PageVisible(true));
    page.knocks();
    page.hears(joined(Stage::Open));
    assert_eq!((page.phase(), page.call.view().sending), (Phase::InCall, Sending::AsSwitchedOn));
    assert!(page.asked().contains(&Output::ResumeSending));
}

/// Time for a pending attempt to run out, so that the next input finds a pause.
const CONNECT: Duration = Duration::from_secs(11);

#[test]
fn a_call_cut_off_altogether_says_so_then_offers_to_act_then_says_that_it_lasts_then_gives_up_and_recovers() {
    let mut page = Page::in_call(Role::Patient);
    page.link(LinkInput::SocketClosed);
    page.peer(PeerState::Disconnected);
    let since = page.now;
    page.pass(RECONNECTING_AFTER);
    assert_eq!(page.phase(), Phase::Reconnecting { since, can_retry: false, is_long: false });
    page.pass(RETRY_OFFERED_AFTER);
    assert_eq!(page.phase(), Phase::Reconnecting { since, can_retry: true, is_long: false });
    page.pass(LONG_LOSS_AFTER);
    assert_eq!(page.phase(), Phase::Reconnecting { since, can_retry: true, is_long: true });
    page.pass(RESUME_WINDOW);
    assert_eq!(page.phase(), Phase::Ended { reason: EndReason::ConnectionGivenUp });
    page.link(LinkInput::NetworkOnline);
    assert_eq!(page.phase(), Phase::Connecting);
    page.knocks();
    page.hears(joined(Stage::Open));
    assert_eq!(page.phase(), Phase::InCall);
}

#[test]
fn a_call_cut_off_altogether_stays_cut_off_while_sending_pauses() {
    let mut page = Page::in_call(Role::Patient);
    page.link(LinkInput::SocketClosed);
    page.peer(PeerState::Disconnected);
    for second in 3..600 {
        page.pass(Duration::from_secs(1));
        let lasted = Duration::from_secs(second - 2);
        let Phase::Reconnecting { can_retry, is_long, .. } = page.phase() else {
            assert!(lasted < RECONNECTING_AFTER, "{:?} after {lasted:?}", page.phase());
            continue;
        };
        assert_eq!((can_retry, is_long), (lasted >= RETRY_OFFERED_AFTER, lasted >= LONG_LOSS_AFTER), "{lasted:?}");
        let paused = page.call.view().sending == Sending::PausedForSafety;
        assert_eq!(paused, lasted >= SENDING_PAUSED_AFTER, "{lasted:?}");
    }
}

#[test]
fn leaving_says_so_and_closes_everything_at_once() {
    let mut page = Page::in_call(Role::Patient);
    page.act(Action::Leave);
    let asked = page.asked();
    let position = |wanted: fn(&Output) -> bool| asked.iter().position(wanted).unwrap();
    let said = position(|output| *output == Output::Link(colloque_call::LinkOutput::Send(ClientMessage::Leave)));
    let closed = position(|output| *output == Output::Link(colloque_call::LinkOutput::CloseSocket));
    assert!(said < closed, "said before the socket closes");
    position(|output| matches!(output, Output::Media(colloque_call::MediaOutput::ClosePeer { .. })));
    assert_eq!(page.phase(), Phase::Ended { reason: EndReason::YouLeft });
    page.input(Input::Join);
    page.knocks();
    page.hears(joined(Stage::Open));
    assert_eq!(page.phase(), Phase::InCall);
}

#[test]
fn switches_are_asked_of_the_browser_and_told_once_they_are_true() {
    let mut page = Page::in_call(Role::Patient);
    let muted = MediaState { camera: true, ..MediaState::default() };
    page.act(Action::Microphone(false));
    assert_eq!(page.asked(), [Output::SwitchMedia(muted)]);
    page.input(Input::LocalMediaChanged(muted));
    assert_eq!(page.said(), [ClientMessage::MediaState(muted)]);
    page.input(Input::LocalMediaChanged(muted));
    assert_eq!(page.said(), [], "nothing changed");
}

#[test]
fn a_return_tells_the_room_again_what_is_on_and_what_was_checked() {
    let mut page = Page::waiting(Role::Patient);
    page.input(Input::DevicesChecked { camera: true, microphone: false });
    page.pass(Duration::from_millis(40));
    page.hears(ServerMessage::Pong { sequence: 1 });
    let check = ClientMessage::DeviceCheck(DeviceCheck {
        camera: true,
        microphone: false,
        media_blocked: false,
        round_trip_ms: 40,
    });
    assert!(page.said().contains(&check));
    page.link(LinkInput::SocketClosed);
    page.pass(Duration::from_secs(1));
    page.knocks();
    page.asked();
    page.hears(joined(Stage::Waiting));
    let said = page.said();
    assert!(said.contains(&check) && said.iter().any(|message| matches!(message, ClientMessage::MediaState(_))));
}

#[test]
fn a_network_that_blocks_media_is_told_with_the_checks_and_so_is_its_end() {
    let mut page = Page::waiting(Role::Patient);
    page.input(Input::DevicesChecked { camera: true, microphone: true });
    page.hears(ServerMessage::Pong { sequence: 1 });
    let told = |page: &mut Page| -> Vec<bool> {
        let said = page.said().into_iter();
        said.filter_map(|message| match message {
            ClientMessage::DeviceCheck(check) => Some(check.media_blocked),
            _ => None,
        })
        .collect()
    };
    assert_eq!(told(&mut page), [false]);
    let attempt = |page: &mut Page| {
        page.offer_ready();
        let generation = page.generation();
        page.hears(ServerMessage::Answer { generation, sdp: "answer".to_owned() });
        page.pass_alive(Duration::from_secs(1));
    };
    while page.call.view().media != MediaPath::Blocked {
        attempt(&mut page);
    }
    assert_eq!(told(&mut page), [true]);
    attempt(&mut page);
    assert!(told(&mut page).is_empty(), "told once");
    page.offer_ready();
    page.media_connects();
    assert_eq!(told(&mut page), [false]);
}

#[test]
fn a_patient_who_waits_for_long_asks_the_desk_to_ring_again() {
    let mut page = Page::waiting(Role::Patient);
    page.asked();
    page.act(Action::NotifyAgain);
    assert_eq!(page.said(), [ClientMessage::NotifyAgain]);
    assert_eq!(page.call.view().not_done, None);
    page.hears(ServerMessage::NotDone { code: ActionRefusal::TooMany });
    assert_eq!(page.call.view().not_done, Some(ActionRefusal::TooMany));
}

#[test]
fn an_action_that_cannot_be_sent_is_said_not_to_be_done() {
    let mut page = Page::waiting(Role::Patient);
    page.link(LinkInput::SocketClosed);
    page.act(Action::NotifyAgain);
    assert_eq!(page.call.view().not_done, Some(ActionRefusal::NotRecorded));
}

#[test]
fn a_clock_that_goes_back_changes_nothing() {
    let mut page = Page::in_call(Role::Patient);
    let now = page.now;
    page.now = now.before(Duration::from_secs(3_600));
    page.input(Input::Tick);
    assert_eq!(page.phase(), Phase::InCall);
    assert!(page.call.deadline().unwrap() >= now);
}

#[test]
fn nothing_is_sent_by_who_is_not_in_the_room_yet_or_not_any_more() {
    let page = Page::new(Role::Patient);
    assert_eq!(page.call.view().sending, Sending::HeldUntilAdmitted);
    let mut page = Page::in_call(Role::Practitioner);
    page.link(LinkInput::SocketClosed);
    page.pass(SENDING_PAUSED_AFTER);
    page.asked();
    page.hears(ServerMessage::Ended { reason: colloque_protocol::signaling::EndReason::EndedByPractitioner });
    for _ in 0..60 {
        page.pass(Duration::from_secs(1));
        assert!(!page.asked().contains(&Output::ResumeSending));
    }
    let mut page = Page::in_call(Role::Patient);
    page.asked();
    page.hears(ServerMessage::Ended { reason: colloque_protocol::signaling::EndReason::EndedByPractitioner });
    assert!(page.asked().contains(&Output::PauseSending));
    page.input(Input::Join);
    assert!(!page.asked().contains(&Output::ResumeSending), "who comes back is not in the room yet");
}
