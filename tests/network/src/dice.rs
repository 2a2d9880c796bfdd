/// A small deterministic source of chance; not for secrets.
///
/// # Source
///
/// SplitMix64: Steele, Lea and Flood, Fast splittable pseudorandom number generators, 2014.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Makes a source whose numbers all follow from `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Gives the next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Gives a number from zero to below one.
    pub fn fraction(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Gives true with the given probability.
    pub fn is(&mut self, probability: f64) -> bool {
        self.fraction() < probability
    }

    /// Gives a number below `limit`; zero when that is zero.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.bits().checked_rem(limit).unwrap_or(0)
    }
}
