//! A weak link: what is sent, what is told, who decides.

use std::time::Duration;

use colloque_call::{Action, Adaptation, CameraRate, Input, LinkSample, Output, PausedBy, Phase};
use colloque_protocol::Role;
use colloque_protocol::signaling::{
    ClientMessage, LinkCause, LinkLevel, LinkQuality, MediaState, Pictures, ServerMessage, Stage,
};

use crate::world::{Page, state};

/// A page whose browser looks at its link, and that the server tells of it.
struct Talk {
    page: Page,
    adapted: Adaptation,
    told: Vec<MediaState>,
}

impl Talk {
    fn of(role: Role) -> Self {
        let mut page = Page::in_call(role);
        page.hears(ServerMessage::Room { state: with_other(Pictures::Shown) });
        page.asked();
        Self { page, adapted: Adaptation::default(), told: Vec::new() }
    }

    /// Seconds of a link that loses `lost` of each hundred packets.
    fn run(&mut self, seconds: u32, lost: u32) {
        self.measured(2_500, 2_500, lost * 10);
        self.go_on(seconds);
    }

    fn measured(&mut self, down_kbps: u32, leaves_kbps: u32, lost_permille: u32) {
        self.page.hears(ServerMessage::Link { down_kbps, leaves_kbps, lost_permille });
        self.look();
    }

    fn go_on(&mut self, seconds: u32) {
        for _ in 0..seconds {
            self.page.pass(Duration::from_secs(1));
            self.page.hears(ServerMessage::Pong { sequence: 0 });
            let asked = self.look();
            if asked.contains(&Output::SampleLink) {
                self.page.input(Input::LinkSampled(LinkSample { round_trip_ms: 40, uplink_kbps: Some(2_000) }));
                self.look();
            }
        }
    }

    fn look(&mut self) -> Vec<Output> {
        let asked = self.page.asked();
        for output in &asked {
            match output {
                Output::Adapt(adaptation) => self.adapted = *adaptation,
                Output::Link(colloque_call::LinkOutput::Send(ClientMessage::MediaState(media))) => {
                    self.told.push(*media);
                }
                output => assert_ne!(*output, Output::PauseSending, "a link pauses no voice"),
            }
        }
        asked
    }

    fn act(&mut self, action: Action) {
        self.page.act(action);
        self.look();
    }

    fn paused(&self) -> Option<PausedBy> {
        self.page.call.view().paused
    }
}

fn with_other(pictures: Pictures) -> colloque_protocol::signaling::RoomState {
    let mut state = state(Stage::Open);
    if let Some(other) = &mut state.other {
        other.media = MediaState { microphone: true, camera: true, pictures, ..MediaState::default() };
    }
    state
}

const VOICE_ALONE: Adaptation = Adaptation { camera: CameraRate::Nothing, voice_is_slim: true };

#[test]
fn video_goes_small_then_pauses_then_is_tried_then_comes_back() {
    let mut talk = Talk::of(Role::Patient);
    talk.run(10, 0);
    assert_eq!((talk.adapted, talk.paused()), (Adaptation::default(), None));
    talk.run(3, 40);
    assert_eq!(talk.adapted, Adaptation { camera: CameraRate::Low, voice_is_slim: false });
    assert_eq!(talk.paused(), None, "a small picture is still a picture");
    talk.run(6, 40);
    assert_eq!((talk.adapted, talk.paused()), (VOICE_ALONE, Some(PausedBy::Link { returns: true })));
    let last = *talk.told.last().unwrap();
    assert_eq!((last.pictures, last.camera), (Pictures::PausedByLink, true), "the camera itself is not switched off");

    talk.run(20, 0);
    assert_eq!(talk.adapted, VOICE_ALONE, "not before twenty seconds");
    talk.run(2, 0);
    assert_eq!(talk.told.last().unwrap().pictures, Pictures::Tried);
    assert_eq!(talk.adapted, Adaptation { camera: CameraRate::Low, voice_is_slim: true });
    assert_eq!(talk.paused(), Some(PausedBy::Link { returns: true }), "a trial is not shown");
    talk.run(4, 0);
    assert_eq!((talk.adapted, talk.paused()), (Adaptation::default(), None));
    assert_eq!(talk.told.last().unwrap().pictures, Pictures::Shown);
}

#[test]
fn the_person_undoes_the_pause_and_may_pause_alone() {
    let mut talk = Talk::of(Role::Practitioner);
    talk.run(15, 40);
    assert_eq!(talk.paused(), Some(PausedBy::Link { returns: true }));
    talk.act(Action::Pictures(true));
    assert_eq!((talk.paused(), talk.adapted.camera), (None, CameraRate::Full));
    talk.run(120, 40);
    assert_eq!(talk.paused(), None, "the person's choice holds");
    talk.act(Action::Pictures(false));
    assert_eq!((talk.paused(), talk.adapted.camera), (Some(PausedBy::You), CameraRate::Nothing));
    talk.run(120, 0);
    assert_eq!(talk.paused(), Some(PausedBy::You));
}

#[test]
fn the_other_sides_pause_stops_the_camera_here_and_is_told_apart_from_a_camera_switched_off() {
    let mut talk = Talk::of(Role::Practitioner);
    for (pictures, paused, camera) in [
        (Pictures::PausedByLink, Some(PausedBy::OtherLink), CameraRate::Nothing),
        (Pictures::Tried, Some(PausedBy::OtherLink), CameraRate::Low),
        (Pictures::Shown, None, CameraRate::Full),
        (Pictures::PausedByPerson, Some(PausedBy::Other), CameraRate::Nothing),
    ] {
        talk.go_on(3);
        talk.page.hears(ServerMessage::Room { state: with_other(pictures) });
        talk.look();
        assert_eq!((talk.paused(), talk.adapted.camera), (paused, camera), "{pictures:?}");
    }
    talk.go_on(3);
    talk.page.hears(ServerMessage::Room { state: state(Stage::Open) });
    talk.look();
    assert_eq!((talk.paused(), talk.adapted.camera), (None, CameraRate::Full));
}

#[test]
fn a_client_that_alternates_does_not_have_the_other_change_its_sending_as_often() {
    let mut talk = Talk::of(Role::Practitioner);
    let mut changes = 0;
    for turn in 0..100 {
        let pictures = if turn % 2 == 0 { Pictures::PausedByLink } else { Pictures::Shown };
        talk.page.hears(ServerMessage::Room { state: with_other(pictures) });
        changes += talk.look().iter().filter(|output| matches!(output, Output::Adapt(_))).count();
        talk.page.pass(Duration::from_millis(100));
        talk.page.hears(ServerMessage::Pong { sequence: 0 });
        changes += talk.look().iter().filter(|output| matches!(output, Output::Adapt(_))).count();
    }
    assert!((2..=12).contains(&changes), "ten seconds, {changes} changes");
}

#[test]
fn what_the_server_measures_of_the_downlink_pauses_too_and_is_told_to_the_other_side() {
    let mut talk = Talk::of(Role::Patient);
    talk.measured(60, 2_500, 0);
    talk.go_on(14);
    assert_eq!(talk.paused(), Some(PausedBy::Link { returns: true }));
    let weak = LinkQuality { level: LinkLevel::Weak, cause: LinkCause::Rate, figure: 60 };
    assert_eq!(talk.told.last().unwrap().link, Some(weak));
    talk.run(26, 0);
    assert_eq!(talk.paused(), None);
    assert_eq!(talk.told.last().unwrap().link.map(|link| link.level), Some(LinkLevel::Good));
}

#[test]
fn before_the_server_has_measured_anything_nothing_is_said_or_paused() {
    let mut talk = Talk::of(Role::Patient);
    talk.go_on(60);
    assert!(talk.told.is_empty());
    assert_eq!((talk.paused(), talk.adapted), (None, Adaptation::default()));
}

#[test]
fn a_good_link_is_told_once() {
    let mut talk = Talk::of(Role::Patient);
    talk.run(300, 0);
    assert_eq!(talk.told.len(), 1, "{:?}", talk.told);
}

#[test]
fn nothing_is_counted_outside_the_consultation() {
    let mut page = Page::waiting(Role::Patient);
    page.media_connects();
    page.pass_alive(Duration::from_secs(10));
    assert!(!page.asked().contains(&Output::SampleLink));

    let mut talk = Talk::of(Role::Patient);
    talk.run(15, 40);
    talk.page.hears(ServerMessage::Ended { reason: colloque_protocol::signaling::EndReason::EndedByPractitioner });
    talk.look();
    assert!(matches!(talk.page.phase(), Phase::Ended { .. }));
    assert_eq!((talk.adapted, talk.paused()), (Adaptation::default(), None), "the next consultation begins whole");
}
