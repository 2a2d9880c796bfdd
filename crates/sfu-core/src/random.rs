use aws_lc_rs::hmac;

/// Deterministic generator of what an attacker must not guess: credentials, SSRCs, first sequence numbers.
///
/// Same seed, same output. The seed comes from the shell and has 256 bits.
pub(crate) struct Random {
    key: hmac::Key,
    counter: u64,
    block: [u8; 32],
    used: usize,
}

/// The characters of ICE credentials.
///
/// # Source
///
/// RFC 8445 section 15.1: `ice-char`.
pub(crate) const ICE_CHARACTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

impl Random {
    pub(crate) fn from_seed(seed: [u8; 32]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, &seed), counter: 0, block: [0; 32], used: 32 }
    }

    pub(crate) fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            if self.used == self.block.len() {
                let tag = hmac::sign(&self.key, &self.counter.to_be_bytes());
                self.block.copy_from_slice(tag.as_ref());
                self.counter += 1;
                self.used = 0;
            }
            *byte = self.block[self.used];
            self.block[self.used] = 0;
            self.used += 1;
        }
    }

    pub(crate) fn u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        u32::from_be_bytes(bytes)
    }

    /// An SSRC that is neither zero, which some stacks read as "unknown", nor one, which libwebrtc uses for itself.
    pub(crate) fn ssrc(&mut self) -> u32 {
        self.u32().max(2)
    }

    /// A text of `N` characters out of 64, six bits of chance each, fit for ICE credentials.
    pub(crate) fn ice_text<const N: usize>(&mut self) -> [u8; N] {
        let mut text = [0; N];
        self.fill(&mut text);
        for byte in &mut text {
            *byte = ICE_CHARACTERS[usize::from(*byte & 63)];
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn same_seed_gives_the_same_bytes_and_another_seed_others() {
        let draw = |seed: u8| {
            let mut bytes = [0; 100];
            Random::from_seed([seed; 32]).fill(&mut bytes);
            bytes
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn a_draw_does_not_repeat() {
        let mut random = Random::from_seed([3; 32]);
        let drawn: std::collections::HashSet<u32> = (0..1_000).map(|_| random.u32()).collect();
        assert!(drawn.len() > 990);
    }
}
