use colloque_ids::{Id, Timestamp};

/// Makes identifiers unique, from a seed; nothing secret comes from here.
///
/// # Source
///
/// SplitMix64: Steele, Lea and Flood, Fast splittable pseudorandom number generators, 2014.
#[derive(Debug)]
pub(crate) struct Ids(u64);

impl Ids {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next<K>(&mut self, now: Timestamp) -> Id<K> {
        let mut random = [0; 10];
        random[..8].copy_from_slice(&self.word().to_be_bytes());
        random[8..].copy_from_slice(&self.word().to_be_bytes()[..2]);
        Id::from_parts(now, random)
    }

    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
