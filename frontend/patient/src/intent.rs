//! Everything a patient can do on the page.

use crate::fault::Remedy;
use crate::model::Half;

/// What a tap means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Cannot find the browser's question.
    QuestionUnseen,
    /// Sends the code.
    SendCode,
    /// Wants another code.
    ResendCode,
    /// Says that the link is somebody else's.
    NotMe,
    /// Turns to the other camera.
    Flip,
    /// Wants to hear the tune.
    PlayTune,
    /// Heard it, or not.
    HeardTune(bool),
    /// Agrees and enters the waiting room.
    Enter,
    /// Ends the rehearsal.
    FinishRehearsal,
    /// Rehearses once more.
    RehearseAgain,
    /// Asks the practitioner again.
    NotifyAgain,
    /// Answers the practitioner's call.
    Answer,
    /// Switches the microphone.
    Microphone,
    /// Switches the camera.
    Camera,
    /// Brings pictures back, or pauses them.
    Pictures(bool),
    /// Agrees that the guest takes part, or does not.
    Guest(bool),
    /// Opens the messages, or the questions while waiting, or closes them.
    Talk,
    /// Wants the two words large, aloud or as drawings.
    Enlarge,
    /// Compared the two words with the practitioner's.
    Words(bool),
    /// Asks for a half of capture that was not given.
    Ask(Half),
    /// Goes on without it.
    GoOnWithout,
    /// Has read what happened to a device.
    NoticeRead,
    /// Tries to connect now.
    Retry,
    /// Lets the page play sound.
    Unlock,
    /// Loads the page again.
    Reload,
    /// Asks to leave.
    AskLeave,
    /// Withdraws the consent given before the waiting room.
    WithdrawConsent,
    /// Stays.
    Stay,
    /// Leaves.
    Leave,
    /// Comes back after leaving.
    ComeBack,
    /// Wants a code application for the next time.
    Enrol,
    /// Follows a fault's advice.
    Remedy(Remedy),
}
