//! What goes into a [`crate::Call`] and what comes out of it.

use colloque_protocol::Role;
use colloque_protocol::signaling::MediaState;

use crate::degradation::{Adaptation, MediaWay};
use crate::guests::GuestOrder;
use crate::link::{LinkInput, LinkOutput};
use crate::media::{MediaInput, MediaOutput};
use crate::quality::LinkSample;

/// What a call starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallOptions {
    /// The person's role in the consultation: practitioner, patient or a guest's.
    pub role: Role,
    /// What is switched on.
    pub local: MediaState,
    /// Whether the page is visible.
    pub visible: bool,
    /// Random, to spread attempts over time.
    pub seed: u64,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The person wants in, or back in.
    Join,
    /// Something happened to the connection.
    Link(LinkInput),
    /// Something happened to the peer connection.
    Media(MediaInput),
    /// Capture changed, by [`Output::SwitchMedia`] or by itself (device unplugged, screen share stopped).
    LocalMediaChanged(MediaState),
    /// Patient: the checks before waiting found this.
    DevicesChecked {
        /// A camera gives pictures.
        camera: bool,
        /// A microphone gives sound.
        microphone: bool,
    },
    /// Something for the other clients of the room, past the server.
    EndToEnd {
        /// A text of [`colloque_protocol::end_to_end::ToOthers`].
        message: String,
    },
    /// Answers [`Output::SampleLink`].
    LinkSampled(LinkSample),
    /// Which way sound and picture take; by the server until something else is said.
    Way(MediaWay),
    /// The page became visible or hidden.
    PageVisible(bool),
    /// The person did something.
    Act(Action),
    /// The deadline came.
    Tick,
}

/// What a person does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Patient: answers the practitioner's call.
    Answer,
    /// Patient: asks the practitioner's desk to ring again.
    NotifyAgain,
    /// Practitioner: admits the waiting patient.
    Admit,
    /// Practitioner: does not receive the patient now.
    Refuse,
    /// Practitioner: announces a delay, in minutes; 0 withdraws it.
    AnnounceDelay {
        /// Minutes, 0 to 240.
        minutes: u16,
    },
    /// Patient: says whether the guest who asks may take part.
    AgreeToGuest(bool),
    /// Practitioner: lets the guest in to whom the patient agreed.
    AdmitGuest,
    /// Practitioner: puts the guest out, or does not let them in.
    RemoveGuest,
    /// Leaves; the room stays open.
    Leave,
    /// Practitioner: ends the consultation for everybody.
    End,
    /// Tries to connect now.
    Retry,
    /// Continues here instead of on the other device.
    TakeOver,
    /// Switches the microphone.
    Microphone(bool),
    /// Switches the camera.
    Camera(bool),
    /// Chooses the rear or the front camera.
    RearCamera(bool),
    /// Shares the screen, or stops.
    Screen(bool),
    /// Brings pictures back, or pauses them, both ways.
    Pictures(bool),
}

/// What the shell does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// For the connection.
    Link(LinkOutput),
    /// For the peer connection.
    Media(MediaOutput),
    /// Hand this to whoever holds this person's end-to-end keys.
    EndToEnd {
        /// A text of [`colloque_protocol::end_to_end::FromOthers`].
        message: String,
    },
    /// Tell the same about a third person.
    Guest(GuestOrder),
    /// Make capture so; report by [`Input::LocalMediaChanged`] what came of it.
    SwitchMedia(MediaState),
    /// Send nothing of what is captured, on this peer connection and on later ones, until [`Output::ResumeSending`].
    PauseSending,
    /// Send again what is switched on.
    ResumeSending,
    /// Send so, on this peer connection and on later ones.
    Adapt(Adaptation),
    /// Read what the browser counts of the peer connection; answer by [`Input::LinkSampled`] where it can be read.
    SampleLink,
}
