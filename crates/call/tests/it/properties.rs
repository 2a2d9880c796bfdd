//! Any sequence of inputs, honest or not.

use std::collections::BTreeSet;
use std::time::Duration;

use colloque_call::policy::RETRY_PAUSE;
use colloque_call::{
    Action, Call, CallOptions, Input, LinkInput, LinkOutput, LinkSample, MediaInput, MediaOutput, MediaPath, Output,
    PeerState, Phase, TicketFailure,
};
use colloque_ids::Timestamp;
use colloque_protocol::Role;
use colloque_protocol::signaling::{
    ActionRefusal, ClientMessage, EndReason, JoinRefusal, MediaState, OfferRefusal, ServerMessage, Stage,
};
use proptest::prelude::*;

use crate::world::{Page, START, joined, key, state};

#[derive(Debug, Clone)]
enum Step {
    Input(Input),
    /// The browser prepared the last offer asked.
    OfferReady,
    /// The server answers the last offer asked.
    Answer,
    Peer(PeerState),
    Later(u32),
    Deadline,
}

fn refusal() -> impl Strategy<Value = JoinRefusal> {
    prop_oneof![
        Just(JoinRefusal::TicketExpired),
        Just(JoinRefusal::TicketReplayed),
        Just(JoinRefusal::ServerFull),
        Just(JoinRefusal::TooEarly),
        Just(JoinRefusal::AlreadyElsewhere),
        Just(JoinRefusal::ConsentMissing),
    ]
}

fn message() -> impl Strategy<Value = ServerMessage> {
    prop_oneof![
        6 => Just(ServerMessage::Challenge { nonce: "nonce".to_owned() }),
        6 => Just(joined(Stage::Waiting)),
        3 => Just(joined(Stage::Open)),
        3 => Just(ServerMessage::Room { state: state(Stage::Open) }),
        1 => Just(ServerMessage::Room { state: state(Stage::Waiting) }),
        1 => refusal().prop_map(|code| ServerMessage::Refused { code }),
        1 => (0_u32..6).prop_map(|generation| ServerMessage::Answer { generation, sdp: String::new() }),
        1 => (0_u32..6).prop_map(|generation| ServerMessage::OfferRefused {
            generation,
            code: OfferRefusal::Unavailable
        }),
        1 => any::<bool>().prop_map(|up| ServerMessage::MediaPath { up }),
        2 => (0_u32..1_000, 0_u32..3_000, 0_u32..200).prop_map(|(down_kbps, leaves_kbps, lost_permille)| {
            ServerMessage::Link { down_kbps, leaves_kbps, lost_permille }
        }),
        1 => Just(ServerMessage::NotDone { code: ActionRefusal::TooMany }),
        2 => (0_u32..6).prop_map(|sequence| ServerMessage::Pong { sequence }),
        1 => prop_oneof![
            Just(EndReason::ServerStopping),
            Just(EndReason::ConnectionGivenUp),
            Just(EndReason::EndedByPractitioner),
            Just(EndReason::ContinuedElsewhere),
            Just(EndReason::SignedOut),
            Just(EndReason::ConsentWithdrawn),
        ]
        .prop_map(|reason| ServerMessage::Ended { reason }),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        Just(Action::Answer),
        Just(Action::Admit),
        Just(Action::Refuse),
        Just(Action::End),
        Just(Action::Leave),
        Just(Action::Retry),
        Just(Action::TakeOver),
        Just(Action::NotifyAgain),
        any::<bool>().prop_map(Action::Microphone),
        any::<bool>().prop_map(Action::Screen),
        any::<bool>().prop_map(Action::Pictures),
    ]
}

fn input() -> impl Strategy<Value = Input> {
    prop_oneof![
        4 => Just(Input::Join),
        10 => message().prop_map(|message| Input::Link(LinkInput::SocketMessage(message))),
        6 => Just(Input::Link(LinkInput::TicketFetched { ticket: "ticket".to_owned() })),
        6 => Just(Input::Link(LinkInput::JoinSigned {
            nonce: "nonce".to_owned(),
            key: key(),
            proof: "proof".to_owned()
        })),
        1 => prop_oneof![
            Just(TicketFailure::Unreachable),
            Just(TicketFailure::SignedOut),
            Just(TicketFailure::Refused(JoinRefusal::TooEarly)),
        ]
        .prop_map(|failure| Input::Link(LinkInput::TicketFailed(failure))),
        2 => Just(Input::Link(LinkInput::SocketClosed)),
        1 => Just(Input::Link(LinkInput::SignFailed)),
        1 => Just(Input::Link(LinkInput::NetworkOnline)),
        1 => Just(Input::Link(LinkInput::NetworkOffline)),
        2 => any::<bool>().prop_map(Input::PageVisible),
        3 => action().prop_map(Input::Act),
        1 => any::<bool>().prop_map(|microphone| {
            Input::LocalMediaChanged(MediaState { microphone, ..MediaState::default() })
        }),
        2 => (0_u32..1_500, proptest::option::of(0_u32..3_000), proptest::option::of(0_u32..9)).prop_map(
            |(round_trip_ms, uplink_kbps, frames)| {
                let shown_side_px = frames.map(|frames| frames * 100);
                Input::LinkSampled(LinkSample { round_trip_ms, uplink_kbps, shown_side_px, frames })
            }
        ),
        1 => any::<bool>().prop_map(|camera| Input::DevicesChecked { camera, microphone: true }),
        1 => (0_u32..6).prop_map(|generation| Input::Media(MediaInput::NegotiationFailed { generation })),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => input().prop_map(Step::Input),
        4 => Just(Step::OfferReady),
        4 => Just(Step::Answer),
        4 => prop_oneof![
            Just(PeerState::Connecting),
            Just(PeerState::Connected),
            Just(PeerState::Disconnected),
            Just(PeerState::Failed)
        ]
        .prop_map(Step::Peer),
        2 => (0_u32..20_000).prop_map(Step::Later),
        4 => Just(Step::Deadline),
    ]
}

/// What a model that only reads inputs and outputs knows.
struct Watcher {
    peer: Option<u32>,
    peers: BTreeSet<u32>,
    generation: u32,
    socket: bool,
    paused: bool,
    stage: Option<Stage>,
}

impl Watcher {
    fn look(&mut self, output: &Output) -> Result<(), TestCaseError> {
        match output {
            Output::Media(MediaOutput::CreatePeer { peer }) => {
                prop_assert_eq!(self.peer, None, "two live peers");
                prop_assert!(self.peers.insert(*peer), "a number serves once");
                self.peer = Some(*peer);
            }
            Output::Media(MediaOutput::ClosePeer { peer }) => {
                prop_assert_eq!(self.peer.take(), Some(*peer));
            }
            Output::Media(MediaOutput::CreateOffer { peer, generation, .. }) => {
                prop_assert_eq!(self.peer, Some(*peer));
                prop_assert!(*generation > self.generation);
                self.generation = *generation;
            }
            Output::Media(MediaOutput::ApplyAnswer { peer, generation, .. }) => {
                prop_assert_eq!((self.peer, self.generation), (Some(*peer), *generation));
            }
            Output::Link(LinkOutput::OpenSocket) => self.socket = true,
            Output::Link(LinkOutput::CloseSocket) => {
                prop_assert!(self.socket, "a close without a socket");
                self.socket = false;
            }
            Output::Link(LinkOutput::Send(message)) => {
                prop_assert!(self.socket, "{message:?} without a socket");
                if let ClientMessage::Offer { .. } = message {
                    prop_assert!(self.stage.is_some(), "an offer before the room");
                }
            }
            Output::PauseSending => {
                prop_assert!(!self.paused);
                self.paused = true;
            }
            Output::ResumeSending => {
                prop_assert!(self.paused);
                self.paused = false;
            }
            Output::Link(LinkOutput::FetchTicket | LinkOutput::SignJoin { .. })
            | Output::SwitchMedia(_)
            | Output::Adapt(_)
            | Output::SampleLink
            | Output::EndToEnd { .. }
            | Output::Guest(_) => {}
        }
        Ok(())
    }
}

fn is_over(phase: Phase) -> bool {
    match phase {
        Phase::Idle | Phase::Ended { .. } | Phase::SignedOut | Phase::CannotSign => true,
        Phase::Refused { retried, .. } => !retried,
        Phase::Connecting | Phase::Waiting | Phase::Called { .. } | Phase::InCall | Phase::Reconnecting { .. } => false,
    }
}

fn run(role: Role, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut now = Timestamp::from_millis(START);
    let options = CallOptions { role, local: MediaState::default(), visible: true, seed: 9 };
    let mut call = Call::new(options, now);
    let mut watcher =
        Watcher { peer: None, peers: BTreeSet::new(), generation: 0, socket: false, paused: true, stage: None };
    for step in steps {
        let input = match step {
            Step::Input(input) => input,
            Step::OfferReady => {
                let generation = watcher.generation;
                Input::Media(MediaInput::OfferReady { generation, sdp: "offer".to_owned() })
            }
            Step::Answer => Input::Link(LinkInput::SocketMessage(ServerMessage::Answer {
                generation: watcher.generation,
                sdp: "answer".to_owned(),
            })),
            Step::Peer(state) => Input::Media(MediaInput::StateChanged { peer: watcher.peer.unwrap_or(0), state }),
            Step::Later(millis) => {
                now = now.after(Duration::from_millis(millis.into()));
                Input::Tick
            }
            Step::Deadline => match call.deadline() {
                Some(deadline) => {
                    prop_assert!(deadline >= now, "a deadline in the past");
                    now = deadline;
                    Input::Tick
                }
                None => continue,
            },
        };
        if let Input::Link(LinkInput::SocketClosed) = input {
            watcher.socket = false;
        }
        // The stage that the server spoke of last; a message that the engine does not believe opens nothing either.
        if let Input::Link(LinkInput::SocketMessage(
            ServerMessage::Joined { state, .. } | ServerMessage::Room { state },
        )) = &input
        {
            watcher.stage = Some(state.stage);
        }
        call.handle(input, now);
        while let Some(output) = call.next_output() {
            watcher.look(&output)?;
        }
        if call.view().phase == Phase::Waiting {
            prop_assert!(watcher.paused, "something is sent before the admission");
            let media = call.view().media;
            prop_assert!(matches!(media, MediaPath::Idle | MediaPath::Blocked), "{media:?} in the waiting room");
        }
        let over = is_over(call.view().phase);
        prop_assert_eq!(over, call.deadline().is_none(), "{:?}", call.view().phase);
        prop_assert!(!(over && watcher.peer.is_some()), "a peer after the end");
        prop_assert!(!(over && watcher.socket), "a socket after the end");
        settles(&mut call, now, &mut watcher)?;
    }
    Ok(())
}

/// A tick at the deadline makes progress: no engine asks for the same instant for ever.
fn settles(call: &mut Call, now: Timestamp, watcher: &mut Watcher) -> Result<(), TestCaseError> {
    for _ in 0..6 {
        if call.deadline().is_none_or(|deadline| deadline > now) {
            return Ok(());
        }
        call.handle(Input::Tick, now);
        while let Some(output) = call.next_output() {
            watcher.look(&output)?;
        }
    }
    prop_assert!(false, "the deadline stays where it is");
    Ok(())
}

/// Attempts to connect media: ICE restarts and new peer connections.
fn attempts(outputs: &[Output]) -> usize {
    outputs.iter().filter(|output| matches!(output, Output::Media(MediaOutput::CreateOffer { .. }))).count()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_a_patient_s_engine_keeps_its_promises(steps in prop::collection::vec(step(), 1..150)) {
        run(Role::Patient, steps)?;
    }

    #[test]
    fn however_often_a_person_wants_another_attempt_it_is_made_at_once_or_has_just_begun(
        gaps in prop::collection::vec(0_u64..6_000, 1..40),
        before_the_loss in 0_u64..10_000,
    ) {
        let mut page = Page::in_call(Role::Patient);
        page.pass_alive(Duration::from_millis(before_the_loss));
        page.peer(PeerState::Disconnected);
        page.asked();
        let mut tried_at = None;
        for gap in gaps {
            page.pass_alive(Duration::from_millis(gap));
            let alone = attempts(&page.asked());
            let earlier = tried_at.filter(|_| alone == 0);
            // What the engine tried by itself meanwhile began at an instant of its own, which is not looked at here.
            page.act(Action::Retry);
            let wanted = attempts(&page.asked());
            prop_assert!(wanted <= 1, "{wanted} attempts for one tap");
            if let Some(earlier) = earlier {
                prop_assert_eq!(wanted == 1, page.now.since(earlier) >= RETRY_PAUSE, "{:?}", page.now.since(earlier));
            }
            if wanted == 1 {
                tried_at = Some(page.now);
            } else if alone > 0 {
                tried_at = None;
            }
        }
    }

    #[test]
    fn whatever_happens_a_practitioner_s_engine_keeps_its_promises(steps in prop::collection::vec(step(), 1..150)) {
        run(Role::Practitioner, steps)?;
    }
}
