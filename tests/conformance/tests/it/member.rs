//! A member of a group, by whatever implementation: everything that passes between two is bytes.

/// What a member changes. Nothing asked for is new keys for itself.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Key packages of those who are let in.
    pub add: Vec<Vec<u8>>,
    /// Leaves of those who are put out.
    pub remove: Vec<u32>,
    /// Names of keys from outside that the next epoch depends on.
    pub external_keys: Vec<Vec<u8>>,
    /// Whether the member does without new keys of its own, where the change allows it.
    pub keeps_keys: bool,
}

/// What is sent for a change.
#[derive(Debug)]
pub struct Committed {
    pub commit: Vec<u8>,
    pub welcome: Option<Vec<u8>>,
}

/// What two members of one group in one epoch must have alike.
#[derive(Debug, PartialEq, Eq)]
pub struct Shared {
    pub group_id: Vec<u8>,
    pub epoch: u64,
    pub authenticator: Vec<u8>,
    /// The secret that frame keys come from (RFC 9605 section 5.2).
    pub base_key: Vec<u8>,
    /// Names and leaves of everybody.
    pub roster: Vec<(u32, Vec<u8>)>,
}

/// Why a member did not take what it was given, in its library's words.
pub type Refused = String;

pub trait Member {
    /// Makes a group of this member alone.
    fn create(&mut self);

    /// Makes a key package; its secrets stay here.
    fn offer(&mut self) -> Vec<u8>;

    /// Takes an invitation.
    fn join(&mut self, welcome: &[u8]) -> Result<(), Refused>;

    /// Keeps a key that was agreed outside of the group.
    fn keep_external_key(&mut self, name: &[u8], key: &[u8]);

    /// Prepares a change.
    fn commit(&mut self, change: &Change) -> Committed;

    /// Makes the prepared change hold.
    fn apply(&mut self);

    /// Takes another member's change, and says whether this member is still in the group.
    fn follow(&mut self, commit: &[u8]) -> Result<bool, Refused>;

    fn seal(&mut self, content: &[u8]) -> Vec<u8>;

    fn open(&mut self, message: &[u8]) -> Result<Vec<u8>, Refused>;

    fn shared(&self) -> Shared;
}

pub const BASE_KEY_LABEL: &str = "SFrame 1.0 Base Key";
pub const BASE_KEY_BYTES: usize = 32;

pub fn refused(error: impl std::fmt::Debug) -> Refused {
    format!("{error:?}")
}
