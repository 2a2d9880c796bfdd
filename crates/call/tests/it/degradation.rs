//! A weak link: what is sent, what is told, who decides.

use std::time::Duration;

use colloque_call::{Action, Adaptation, CameraRate, Input, LinkSample, MediaWay, Output, PausedBy, Phase};
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
    /// What the browser says of the other's picture.
    shown_side_px: Option<u32>,
    frames: Option<u32>,
    frames_a_second: u32,
}

impl Talk {
    fn of(role: Role) -> Self {
        let mut page = Page::in_call(role);
        page.hears(ServerMessage::Room { state: with_other(Pictures::Shown) });
        page.asked();
        Self {
            page,
            adapted: Adaptation::default(),
            told: Vec::new(),
            shown_side_px: None,
            frames: None,
            frames_a_second: 30,
        }
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
                self.frames = self.frames.map(|frames| frames + self.frames_a_second);
                let (shown_side_px, frames) = (self.shown_side_px, self.frames);
                let sample = LinkSample { round_trip_ms: 40, uplink_kbps: Some(2_000), shown_side_px, frames };
                self.page.input(Input::LinkSampled(sample));
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
                Output::PauseSending => {
                    assert!(matches!(self.page.phase(), Phase::Ended { .. }), "a link pauses no voice")
                }
                _ => {}
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

const VOICE_ALONE: Adaptation = Adaptation { camera: CameraRate::Nothing, side_px: None, voice_is_slim: false };

#[test]
fn video_goes_small_then_pauses_then_is_tried_then_comes_back() {
    let mut talk = Talk::of(Role::Patient);
    talk.run(10, 0);
    assert_eq!((talk.adapted, talk.paused()), (Adaptation::default(), None));
    talk.run(3, 40);
    assert_eq!(talk.adapted, Adaptation { camera: CameraRate::Low, ..Adaptation::default() });
    assert_eq!(talk.paused(), None, "a small picture is still a picture");
    talk.run(6, 40);
    assert_eq!((talk.adapted, talk.paused()), (VOICE_ALONE, Some(PausedBy::Link { returns: true })));
    let last = *talk.told.last().unwrap();
    assert_eq!((last.pictures, last.camera), (Pictures::PausedByLink, true), "the camera itself is not switched off");

    talk.run(20, 0);
    assert_eq!(talk.adapted, VOICE_ALONE, "not before twenty seconds");
    talk.run(2, 0);
    assert_eq!(talk.told.last().unwrap().pictures, Pictures::Tried);
    assert_eq!(talk.adapted, Adaptation { camera: CameraRate::Low, ..Adaptation::default() });
    assert_eq!(talk.paused(), Some(PausedBy::Link { returns: true }), "a trial is not shown");
    talk.run(4, 0);
    assert_eq!((talk.adapted, talk.paused()), (Adaptation::default(), None));
    assert_eq!(talk.told.last().unwrap().pictures, Pictures::Shown);
}

#[test]
fn a_voice_is_slim_where_the_link_is_narrow_and_not_where_it_only_loses() {
    for (down_kbps, leaves_kbps, lost_permille, is_slim) in
        [(2_500, 2_500, 300, false), (150, 2_500, 0, true), (150, 2_500, 300, true), (2_500, 150, 300, true)]
    {
        let mut talk = Talk::of(Role::Patient);
        talk.measured(down_kbps, leaves_kbps, lost_permille);
        talk.go_on(10);
        let Adaptation { camera, voice_is_slim, .. } = talk.adapted;
        assert_eq!(
            (camera, voice_is_slim),
            (CameraRate::Nothing, is_slim),
            "{down_kbps} {leaves_kbps} {lost_permille}"
        );
        talk.measured(2_500, 2_500, 0);
        talk.go_on(10);
        assert_eq!(talk.adapted.voice_is_slim, is_slim, "as long as pictures pause");
        talk.go_on(20);
        assert_eq!(talk.adapted, Adaptation::default());
    }
    // The other's link is narrow, by the other's word and the server's measure.
    let mut talk = Talk::of(Role::Practitioner);
    talk.measured(2_500, 150, 0);
    talk.page.hears(ServerMessage::Room { state: with_other(Pictures::PausedByLink) });
    talk.go_on(3);
    assert!(talk.adapted.voice_is_slim);
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
fn what_the_server_measures_of_a_link_that_carries_nothing_pauses_no_picture() {
    for way in [MediaWay::Direct, MediaWay::None] {
        let mut talk = Talk::of(Role::Patient);
        talk.page.input(Input::Way(way));
        talk.measured(50, 50, 900);
        talk.go_on(60);
        assert_eq!((talk.adapted, talk.paused()), (Adaptation::default(), None), "{way:?}");
        // By the server again, it counts again.
        talk.page.input(Input::Way(MediaWay::Server));
        talk.measured(50, 50, 900);
        talk.go_on(60);
        assert_eq!(talk.adapted.camera, CameraRate::Nothing, "{way:?}");
    }
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

fn who_shows(shown_side_px: Option<u16>, pictures: Pictures) -> ServerMessage {
    let mut state = with_other(pictures);
    if let Some(other) = &mut state.other {
        other.media.shown_side_px = shown_side_px;
    }
    ServerMessage::Room { state }
}

#[test]
fn how_large_the_others_picture_is_shown_is_told_in_steps() {
    let mut talk = Talk::of(Role::Practitioner);
    (talk.shown_side_px, talk.frames) = (Some(350), Some(0));
    talk.go_on(10);
    assert_eq!(talk.told.iter().map(|media| media.shown_side_px).collect::<Vec<_>>(), [Some(360)]);
    talk.shown_side_px = Some(310);
    talk.go_on(60);
    assert_eq!(talk.told.len(), 1, "a step is told once: {:?}", talk.told);
    talk.shown_side_px = Some(900);
    talk.go_on(2);
    assert_eq!(talk.told.last().unwrap().shown_side_px, None);
}

#[test]
fn a_camera_is_sent_as_large_as_the_other_side_shows_it_whatever_number_it_says() {
    let mut talk = Talk::of(Role::Patient);
    for (shown, side_px) in [(200, Some(270)), (280, Some(360)), (0, Some(270)), (361, Some(540)), (u16::MAX, None)] {
        talk.page.hears(who_shows(Some(shown), Pictures::Shown));
        talk.go_on(3);
        assert_eq!(talk.adapted, Adaptation { side_px, ..Adaptation::default() }, "{shown}");
    }
    talk.page.hears(who_shows(Some(100), Pictures::Shown));
    talk.page.hears(who_shows(None, Pictures::Shown));
    talk.go_on(3);
    assert_eq!(talk.adapted, Adaptation::default(), "an older page says nothing");
}

#[test]
fn sizes_that_change_all_the_time_change_the_camera_seldom_and_keep_a_weak_link_from_nothing() {
    let mut talk = Talk::of(Role::Practitioner);
    let mut changes = 0;
    for turn in 0..100 {
        let shown_side_px = [Some(540), Some(360), Some(270), None][turn % 4];
        talk.page.hears(who_shows(shown_side_px, Pictures::Shown));
        changes += talk.look().iter().filter(|output| matches!(output, Output::Adapt(_))).count();
        talk.page.pass(Duration::from_millis(100));
    }
    assert!((2..=6).contains(&changes), "ten seconds, {changes} changes");
    talk.go_on(3);
    talk.page.hears(who_shows(Some(100), Pictures::Shown));
    talk.look();
    assert_eq!(talk.adapted, Adaptation { side_px: Some(270), ..Adaptation::default() });
    // A size that has just changed does not make the less wait.
    talk.page.hears(who_shows(None, Pictures::Tried));
    talk.look();
    let less = Adaptation { camera: CameraRate::Low, side_px: Some(270), voice_is_slim: false };
    assert_eq!(talk.adapted, less);
    talk.go_on(3);
    assert_eq!(talk.adapted, Adaptation { side_px: None, ..less });
}

#[test]
fn a_picture_that_stands_still_is_told_until_it_moves() {
    let mut talk = Talk::of(Role::Patient);
    (talk.shown_side_px, talk.frames) = (Some(900), Some(0));
    talk.go_on(10);
    assert!(talk.told.is_empty(), "{:?}", talk.told);
    talk.frames_a_second = 0;
    talk.go_on(30);
    talk.frames_a_second = 30;
    talk.go_on(10);
    assert_eq!(talk.told.iter().map(|media| media.frozen).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn no_freeze_is_told_of_a_picture_that_is_not_to_be_shown() {
    let mut off = with_other(Pictures::Shown);
    off.other.as_mut().unwrap().media.camera = false;
    let mut gone = with_other(Pictures::Shown);
    let other = gone.other.as_mut().unwrap();
    other.presence = colloque_protocol::signaling::Presence::Lost { since: colloque_ids::Timestamp::from_millis(0) };
    let paused = [Pictures::PausedByLink, Pictures::Tried, Pictures::PausedByPerson].map(with_other);
    for state in paused.into_iter().chain([off, gone]) {
        let mut talk = Talk::of(Role::Practitioner);
        (talk.shown_side_px, talk.frames) = (Some(900), Some(0));
        talk.go_on(10);
        talk.frames_a_second = 0;
        talk.page.hears(ServerMessage::Room { state: state.clone() });
        talk.go_on(30);
        assert!(talk.told.is_empty(), "{state:?} {:?}", talk.told);
    }
    let mut talk = Talk::of(Role::Practitioner);
    talk.frames = Some(0);
    talk.go_on(10);
    talk.act(Action::Pictures(false));
    talk.frames_a_second = 0;
    talk.go_on(30);
    assert!(talk.told.iter().all(|media| !media.frozen), "this side paused");
}

#[test]
fn a_freeze_is_over_when_media_are_lost() {
    let mut talk = Talk::of(Role::Practitioner);
    talk.frames = Some(0);
    talk.go_on(10);
    talk.frames_a_second = 0;
    talk.go_on(5);
    assert!(talk.told.last().unwrap().frozen);
    talk.page.hears(ServerMessage::MediaPath { up: false });
    talk.go_on(3);
    assert!(!talk.told.last().unwrap().frozen, "a cut is told by the server");
}
