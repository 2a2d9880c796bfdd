//! The numbers that name a frame's key.

/// Most members of a group: three bits of a key's number name the sender.
pub const MAX_LEAVES: u32 = 8;

const EPOCH_BITS: u32 = 4;
const LEAF_BITS: u32 = 3;
const EPOCH_MASK: u64 = (1 << EPOCH_BITS) - 1;
const LEAF_MASK: u64 = (1 << LEAF_BITS) - 1;

/// A version of the MLS group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

impl Epoch {
    /// Whether both have the same last four bits, so that keys of one would be taken for keys of the other.
    #[must_use]
    pub const fn ends_like(self, other: Self) -> bool {
        self.0 & EPOCH_MASK == other.0 & EPOCH_MASK
    }
}

/// The place of a member in the MLS tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeafIndex(u32);

impl LeafIndex {
    /// Who made the group.
    pub const FIRST: Self = Self(0);

    /// Takes an index below [`MAX_LEAVES`].
    #[must_use]
    pub const fn new(index: u32) -> Option<Self> {
        if index < MAX_LEAVES { Some(Self(index)) } else { None }
    }

    /// Gives the index.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// What a track carries. Each member has one of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum TrackKind {
    /// The microphone.
    Voice = 0,
    /// The camera, all its layers.
    Camera = 1,
    /// The shared screen.
    Screen = 2,
}

impl TrackKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Voice, Self::Camera, Self::Screen];

    /// Reads the number back.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }
}

/// The number of a key (KID): a track of a member, in an epoch of which it has the last four bits.
///
/// `track << 7 | leaf << 4 | epoch mod 16`
///
/// # Source
///
/// RFC 9605 section 5.2, with E = 4 and S = 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(u64);

impl KeyId {
    /// Names the key of a member's track in an epoch.
    #[must_use]
    pub const fn new(track: TrackKind, leaf: LeafIndex, epoch: Epoch) -> Self {
        Self((track as u64) << (LEAF_BITS + EPOCH_BITS) | (leaf.0 as u64) << EPOCH_BITS | epoch.0 & EPOCH_MASK)
    }

    /// Takes a number from the wire; `None` when no track has it.
    #[must_use]
    pub fn from_number(number: u64) -> Option<Self> {
        let track = u8::try_from(number >> (LEAF_BITS + EPOCH_BITS)).ok()?;
        TrackKind::from_number(track).map(|_| Self(number))
    }

    /// Gives the number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Gives the track.
    #[must_use]
    pub fn track(self) -> TrackKind {
        let number = self.0 >> (LEAF_BITS + EPOCH_BITS);
        TrackKind::ALL.into_iter().find(|kind| *kind as u64 == number).unwrap_or(TrackKind::Voice)
    }

    /// Gives the member.
    #[must_use]
    pub const fn leaf(self) -> LeafIndex {
        LeafIndex((self.0 >> EPOCH_BITS & LEAF_MASK) as u32)
    }

    /// Whether the key may be of this epoch: whether their last four bits are alike.
    #[must_use]
    pub const fn is_of(self, epoch: Epoch) -> bool {
        self.0 & EPOCH_MASK == epoch.0 & EPOCH_MASK
    }
}
