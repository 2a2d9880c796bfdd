//! What a tap in the panel means.

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Closes the panel.
    Close,
    /// Shows what is typed while it is typed, or not any more.
    Live(bool),
    /// Chooses a picture.
    Choose,
    /// Sends a message again.
    Again(u64),
    /// Does not go on with a file.
    GiveUp(u64),
    /// Opens the questions of the waiting room.
    Ask,
    /// Leaves them as they were.
    DoNotAnswer,
    /// Copies the conversation.
    Copy,
    /// Reads the two words aloud.
    Read,
    /// Compared the words or the drawings.
    Compare(bool),
    /// Goes to the conversation.
    Talk,
}
