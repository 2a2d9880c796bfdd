//! What is said to people who listen to the page: one sentence for each change that matters.

use colloque_call::CallView;
use colloque_web::announcer::Said;
use colloque_web::text::Text;

use crate::journey::{Overlay, Screen, is_other_lost};
use crate::view::paused_words;
use crate::words::Msg;

/// What can be heard of the page's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    screen: Screen,
    cut: Cut,
    delay_minutes: u16,
    microphone: bool,
    camera: bool,
    rear: bool,
    other_name: String,
    /// Camera and microphone of the other party, while its connection is good.
    other_gives: Option<(bool, bool)>,
    sharing: bool,
    /// Why pictures pause.
    paused: Option<Msg>,
    documents: usize,
}

/// What the patient is cut off from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    Nothing,
    Everything,
    /// For so long that it should be told again.
    EverythingForLong,
    /// Nobody could end the call: nothing is sent.
    Control,
    /// The call is not protected: nothing is sent.
    Sealed,
    /// No media pass.
    Media,
}

/// One thing to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    text: Msg,
    value: Option<String>,
    urgent: bool,
}

impl Heard {
    /// Takes what can be heard of the state.
    #[must_use]
    pub fn of(screen: Screen, overlay: Overlay, call: &CallView) -> Self {
        let other = call.other.as_ref();
        Self {
            screen,
            cut: match overlay {
                Overlay::Reconnecting { .. } => Cut::Everything,
                Overlay::Lost => Cut::EverythingForLong,
                Overlay::PausedForSafety => Cut::Control,
                Overlay::Blocked => Cut::Media,
                Overlay::WordsDiffer => Cut::Sealed,
                Overlay::None | Overlay::Interrupted | Overlay::NotGiven(_) | Overlay::NeedsTap => Cut::Nothing,
            },
            delay_minutes: call.delay_minutes,
            microphone: call.local.microphone,
            camera: call.local.camera,
            rear: call.local.rear_camera,
            other_name: other.map(|other| other.card.display_name.clone()).unwrap_or_default(),
            other_gives: other
                .filter(|_| !is_other_lost(call))
                .map(|other| (other.media.camera, other.media.microphone)),
            sharing: other.is_some_and(|other| other.media.screen),
            paused: call.paused.map(paused_words),
            documents: call.documents.len(),
        }
    }

    /// What is to be said after `before`, in order.
    #[must_use]
    pub fn since(&self, before: &Self) -> Vec<Sentence> {
        let mut said = Vec::new();
        let mut polite = |text| said.push(Sentence { text, value: None, urgent: false });
        let in_call = self.screen == Screen::Call;
        let stays = self.screen == before.screen;
        if in_call && stays {
            if self.microphone != before.microphone {
                polite(if self.microphone { Msg::Unmuted } else { Msg::MutedShort });
            }
            if (self.camera, self.rear) != (before.camera, before.rear) {
                polite(match (self.camera, self.rear) {
                    (false, _) => Msg::CameraOffShort,
                    (true, false) => Msg::CameraFront,
                    (true, true) => Msg::CameraRear,
                });
            }
            // A doctor who comes back gives nothing for an instant, which nobody switched off.
            if let (Some((saw, heard)), Some((camera, microphone))) = (before.other_gives, self.other_gives)
                && (saw && !camera || heard && !microphone)
            {
                polite(match (camera, microphone) {
                    (false, false) => Msg::RemoteBothOff,
                    (false, true) => Msg::RemoteCameraOff,
                    (true, _) => Msg::RemoteMuted,
                });
            }
            if self.sharing != before.sharing {
                polite(if self.sharing { Msg::ScreenShared } else { Msg::ScreenOver });
            }
            if self.paused != before.paused {
                polite(self.paused.unwrap_or(Msg::PicturesBack));
            }
        }
        if self.documents > before.documents {
            polite(Msg::DocumentReady);
        }
        if !stays {
            match self.screen {
                Screen::Waiting => {
                    polite(Msg::WaitingTitle);
                    polite(Msg::WaitingBody);
                }
                Screen::Call => {
                    said.push(Sentence { text: Msg::CallAnnounce, value: Some(self.other_name.clone()), urgent: false })
                }
                Screen::Called => said.push(Sentence { text: Msg::CalledTitle, value: None, urgent: true }),
                Screen::Ended { .. } => said.push(Sentence { text: Msg::EndedTitle, value: None, urgent: true }),
                // These move the focus to their own title, or are alerts themselves.
                Screen::Opening
                | Screen::Question
                | Screen::Code
                | Screen::Check
                | Screen::Rehearsed
                | Screen::Fault(_) => {}
            }
        }
        let cut = match self.cut {
            Cut::Nothing => None,
            Cut::Everything => Some(Msg::CutTitle),
            Cut::EverythingForLong => Some(Msg::StillCut),
            Cut::Control => Some(Msg::PausedShort),
            Cut::Media => Some(Msg::Blocked),
            Cut::Sealed => Some(Msg::WordsDiffer),
        };
        // In the place of what was said of the cut, which would stay to be read.
        let is_back = in_call && stays && self.cut == Cut::Nothing;
        if let Some(text) = cut.or(is_back.then_some(Msg::Reconnected)).filter(|_| self.cut != before.cut) {
            said.push(Sentence { text, value: None, urgent: true });
        }
        if self.screen == Screen::Waiting && self.delay_minutes != before.delay_minutes {
            let (text, value) = match self.delay_minutes {
                0 => (Msg::WaitingDelayOver, None),
                minutes => (Msg::WaitingDelay, Some(minutes.to_string())),
            };
            said.push(Sentence { text, value, urgent: false });
        }
        said
    }
}

impl Sentence {
    /// Writes it in the page's language.
    #[must_use]
    pub fn write(self) -> Said {
        let words = match &self.value {
            Some(value) => self.text.with(&[value]),
            None => self.text.t().to_owned(),
        };
        Said { words, urgent: self.urgent }
    }
}

#[cfg(test)]
mod tests {
    use colloque_ids::{ParticipantId, Timestamp};
    use colloque_protocol::signaling::{MediaState, OtherParty, Presence};
    use colloque_protocol::{IdentityCard, Role};

    use super::*;

    fn on_air(microphone: bool) -> CallView {
        CallView { local: MediaState { microphone, camera: true, ..MediaState::default() }, ..CallView::default() }
    }

    fn texts(said: Vec<Sentence>) -> Vec<Msg> {
        said.into_iter().map(|sentence| sentence.text).collect()
    }

    #[test]
    fn muting_is_said_once_and_only_in_the_consultation() {
        let before = Heard::of(Screen::Call, Overlay::None, &on_air(true));
        let after = Heard::of(Screen::Call, Overlay::None, &on_air(false));
        assert_eq!(texts(after.since(&before)), [Msg::MutedShort]);
        assert_eq!(texts(after.since(&after)), []);
        let waiting = Heard::of(Screen::Waiting, Overlay::None, &on_air(false));
        assert_eq!(texts(waiting.since(&Heard::of(Screen::Waiting, Overlay::None, &on_air(true)))), []);
    }

    #[test]
    fn what_the_doctor_switches_off_is_said_once_and_a_lost_doctor_switches_nothing_off() {
        let doctor = |camera, microphone, presence| {
            let card = IdentityCard {
                display_name: "Dre Claire Martin".to_owned(),
                role: Role::Practitioner,
                profession: None,
                rpps: None,
                verified_by: vec![],
            };
            let media = MediaState { camera, microphone, ..MediaState::default() };
            let other = Some(OtherParty {
                participant: ParticipantId::from_parts(Timestamp::from_millis(1), [1; 10]),
                card,
                presence,
                media,
                device_check: None,
                agreed: None,
                takes_part: true,
            });
            Heard::of(Screen::Call, Overlay::None, &CallView { other, ..CallView::default() })
        };
        let since = Timestamp::from_millis(0);
        let (here, lost) = (Presence::Here { since }, Presence::Lost { since });
        let (both, muted, none) = (doctor(true, true, here), doctor(true, false, here), doctor(false, false, here));
        assert_eq!(texts(muted.since(&both)), [Msg::RemoteMuted]);
        assert_eq!(texts(none.since(&muted)), [Msg::RemoteBothOff]);
        assert_eq!(texts(doctor(false, true, here).since(&both)), [Msg::RemoteCameraOff]);
        assert_eq!(texts(none.since(&none)), []);
        assert_eq!(texts(none.since(&doctor(true, true, lost))), []);
    }

    #[test]
    fn a_cut_is_urgent_and_its_end_is_told() {
        let good = Heard::of(Screen::Call, Overlay::None, &on_air(true));
        let cut = Heard::of(Screen::Call, Overlay::Reconnecting { can_retry: false }, &on_air(true));
        let said = cut.since(&good);
        assert!(said.iter().all(|sentence| sentence.urgent));
        assert_eq!(texts(said), [Msg::CutTitle]);
        let back = good.since(&cut);
        assert!(back.iter().all(|sentence| sentence.urgent), "it takes the place of what was said of the cut");
        assert_eq!(texts(back), [Msg::Reconnected]);
    }

    #[test]
    fn a_cut_that_lasts_and_a_pause_for_safety_have_their_own_words() {
        let at = |overlay| Heard::of(Screen::Call, overlay, &on_air(true));
        let (good, cut) = (at(Overlay::None), at(Overlay::Reconnecting { can_retry: true }));
        let (lost, paused) = (at(Overlay::Lost), at(Overlay::PausedForSafety));
        assert_eq!(texts(cut.since(&at(Overlay::Reconnecting { can_retry: false }))), []);
        assert_eq!(texts(lost.since(&cut)), [Msg::StillCut]);
        assert_eq!(texts(paused.since(&good)), [Msg::PausedShort]);
        assert_eq!(texts(good.since(&lost)), [Msg::Reconnected]);
        assert_eq!(texts(good.since(&paused)), [Msg::Reconnected]);
    }

    #[test]
    fn a_pause_of_pictures_is_told_politely_once_and_so_is_their_return() {
        use colloque_call::PausedBy::{Link, OtherLink};
        let at = |paused| Heard::of(Screen::Call, Overlay::None, &CallView { paused, ..on_air(true) });
        let (shown, paused) = (at(None), at(Some(Link { returns: true })));
        let said = paused.since(&shown);
        assert!(said.iter().all(|sentence| !sentence.urgent));
        assert_eq!(texts(said), [Msg::PausedByLink]);
        assert_eq!(texts(at(Some(Link { returns: false })).since(&paused)), []);
        assert_eq!(texts(at(Some(OtherLink)).since(&shown)), [Msg::PausedByOtherLink]);
        assert_eq!(texts(shown.since(&paused)), [Msg::PicturesBack]);
    }

    #[test]
    fn a_network_that_blocks_media_is_told_in_the_waiting_room() {
        let at = |overlay| Heard::of(Screen::Waiting, overlay, &CallView::default());
        let said = at(Overlay::Blocked).since(&at(Overlay::None));
        assert_eq!(texts(said), [Msg::Blocked]);
        assert_eq!(texts(at(Overlay::Blocked).since(&at(Overlay::Blocked))), []);
    }

    #[test]
    fn a_delay_and_its_end_are_both_told() {
        let none = Heard::of(Screen::Waiting, Overlay::None, &CallView::default());
        let ten = Heard::of(Screen::Waiting, Overlay::None, &CallView { delay_minutes: 10, ..CallView::default() });
        assert_eq!(texts(ten.since(&none)), [Msg::WaitingDelay]);
        assert_eq!(texts(none.since(&ten)), [Msg::WaitingDelayOver]);
    }

    #[test]
    fn entering_the_waiting_room_tells_that_the_doctor_knows() {
        let before = Heard::of(Screen::Check, Overlay::None, &CallView::default());
        let after = Heard::of(Screen::Waiting, Overlay::None, &CallView::default());
        assert_eq!(texts(after.since(&before)), [Msg::WaitingTitle, Msg::WaitingBody]);
    }
}
