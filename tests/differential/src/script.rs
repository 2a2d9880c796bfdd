//! What happens in one call, all of it from its seed: who joins when, where numbers begin, which packets the network takes.

use std::time::Duration;

/// How long the participants publish.
pub const TALK: Duration = Duration::from_millis(2_500);
/// How long the network goes on afterwards, so that repairs arrive.
pub const AFTERWARDS: Duration = Duration::from_millis(1_500);

/// One call of two: the first participant begins, the second comes later.
#[derive(Debug, Clone)]
pub struct Script {
    seed: u64,
    /// When the second participant joins.
    pub joins_at: Duration,
    /// Share of packets lost on the way to the server.
    pub lost_up: f64,
    /// Share of packets lost on the way from it.
    pub lost_down: f64,
    /// Share of packets that packets sent later overtake, on the way to the server.
    pub overtaken: f64,
    /// Share of packets that arrive twice at the server.
    pub doubled: f64,
    /// Whether clients number their packets and report on numbers.
    pub has_numbers: bool,
    /// When each participant asks for a keyframe although nothing is missing.
    pub asks_at: [Duration; 2],
    /// First index and first timestamp of each participant's lines.
    pub begins: [[(u64, u32); 2]; 2],
}

/// What the network does with one packet on the way to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It takes the packet.
    Lost,
    /// It carries it, later by this much than others.
    Late(Duration),
    /// It carries it twice.
    Doubled,
}

/// A packet's name: what the network decides by, so that it decides alike for both servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// Who published it.
    pub publisher: usize,
    /// On which line.
    pub line: usize,
    /// Its index in the publisher's stream.
    pub index: u64,
}

impl Script {
    /// The call that a seed describes.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let chance = |what: u64| share(&[seed, what]);
        let between = |what: u64, low: u64, high: u64| low + (chance(what) * (high - low) as f64) as u64;
        // Half of all calls are on a good way, one way or the other.
        let rate = |what: u64, most: f64| if chance(what) < 0.5 { 0.0 } else { chance(what + 1) * most };
        let begin = |what: u64| {
            // Half of all streams pass the end of the sequence numbers, or of the timestamps; none at once, because a server that
            // misses the packets before the end cannot know that it passed, RFC 3711 section 3.3.1.
            let index =
                if chance(what) < 0.5 { between(what + 1, 65_400, 65_500) } else { between(what + 1, 1, 30_000) };
            let timestamp = if chance(what + 2) < 0.5 { u32::MAX - 20_000 } else { (seed as u32).wrapping_mul(77_003) };
            (index, timestamp)
        };
        Self {
            seed,
            joins_at: Duration::from_millis(between(1, 60, 1_300)),
            lost_up: rate(2, 0.15),
            lost_down: rate(4, 0.15),
            overtaken: rate(6, 0.1),
            doubled: rate(8, 0.1),
            has_numbers: chance(10) < 0.5,
            asks_at: [between(11, 900, 2_200), between(12, 1_500, 2_200)].map(Duration::from_millis),
            begins: [[begin(20), begin(24)], [begin(28), begin(32)]],
        }
    }

    /// What the network does with the `attempt`th copy of a packet that its publisher sends.
    #[must_use]
    pub fn fate_up(&self, name: Name, attempt: u64) -> Fate {
        let chance = share(&[self.seed, 101, name.publisher as u64, name.line as u64, name.index, attempt]);
        let (lost, overtaken) = (self.lost_up, self.overtaken);
        match chance {
            chance if chance < lost => Fate::Lost,
            chance if chance < lost + overtaken => Fate::Late(Duration::from_millis(10 + (chance * 1e6) as u64 % 40)),
            chance if chance < lost + overtaken + self.doubled => Fate::Doubled,
            _ => Fate::Late(Duration::ZERO),
        }
    }

    /// Whether the network takes the `attempt`th copy of a packet that a server sends.
    #[must_use]
    pub fn is_lost_down(&self, name: Name, attempt: u64) -> bool {
        share(&[self.seed, 102, name.publisher as u64, name.line as u64, name.index, attempt]) < self.lost_down
    }

    /// Packets of a picture.
    #[must_use]
    pub fn packets_of_picture(&self, publisher: usize, number: u64) -> u64 {
        1 + (share(&[self.seed, 103, publisher as u64, number]) * 4.0) as u64
    }
}

/// A number from zero to one that follows from words.
fn share(words: &[u64]) -> f64 {
    let mut state = 0x243f_6a88_85a3_08d3u64;
    for word in words {
        state = (state ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^= state >> 31;
    }
    (state >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_call_and_seeds_give_all_kinds() {
        let scripts: Vec<Script> = (0..200).map(Script::new).collect();
        assert_eq!(format!("{:?}", scripts[3]), format!("{:?}", Script::new(3)));
        let has = |kind: fn(&Script) -> bool| scripts.iter().filter(|script| kind(script)).count() > 30;
        assert!(has(|script| script.lost_up > 0.0 && script.lost_down > 0.0));
        assert!(has(|script| script.overtaken > 0.0 && script.doubled > 0.0));
        assert!(has(|script| script.lost_up == 0.0 && script.lost_down == 0.0));
        assert!(has(|script| script.has_numbers));
        assert!(has(|script| script.begins[0][1].0 > 65_300));
    }

    #[test]
    fn the_network_takes_as_many_as_it_should() {
        let script = Script { lost_up: 0.1, lost_down: 0.2, ..Script::new(5) };
        let names = (0..5_000).map(|index| Name { publisher: 0, line: 1, index });
        let up = names.clone().filter(|name| script.fate_up(*name, 0) == Fate::Lost).count();
        let down = names.filter(|name| script.is_lost_down(*name, 0)).count();
        assert!((400..600).contains(&up), "{up}");
        assert!((850..1_150).contains(&down), "{down}");
    }
}
