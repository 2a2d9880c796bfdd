//! People in a room whose messages arrive one step later, or are lost.

use std::time::Duration;

use colloque_ids::{ParticipantId, Timestamp};
use colloque_talk::{Delivery, FileState, Member, Standing, Talk, What};

pub const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);
pub const STEP: Duration = Duration::from_millis(50);

/// People in a room whose messages arrive one step later, or are lost.
pub struct Room {
    pub people: Vec<(Member, Talk)>,
    pub now: Timestamp,
    pub lose_one_in: u64,
    pub count: u64,
    pub said: u64,
}

pub fn person(number: u8) -> ParticipantId {
    ParticipantId::from_parts(START, [number; 10])
}

impl Room {
    pub fn of(standings: &[Standing]) -> Self {
        let people = standings.iter().zip(1..).map(|(standing, number)| {
            let member = Member { id: person(number), standing: *standing, name: format!("Personne {number}") };
            (member, Talk::new(*standing, u64::from(number) << 40))
        });
        let mut room = Self { people: people.collect(), now: START, lose_one_in: u64::MAX, count: 0, said: 0 };
        room.meet(standings.len());
        room
    }

    pub fn two() -> Self {
        Self::of(&[Standing::Practitioner, Standing::Patient])
    }

    /// The first `count` are there.
    pub fn meet(&mut self, count: usize) {
        let members: Vec<_> = self.people.iter().map(|(member, _)| member.clone()).collect();
        for (at, (_, talk)) in self.people.iter_mut().enumerate() {
            let others = members.iter().take(count).enumerate().filter(|(other, _)| *other != at);
            let others = if at < count { others.map(|(_, member)| member.clone()).collect() } else { Vec::new() };
            talk.meet(others, true);
        }
    }

    pub fn pass(&mut self, time: Duration) {
        let end = self.now.after(time);
        while self.now < end {
            self.now = self.now.after(STEP);
            let mut said = Vec::new();
            for (member, talk) in &mut self.people {
                talk.tick(self.now);
                while let Some((channel, bytes)) = talk.next_send(self.now) {
                    said.push((member.id, channel, bytes));
                }
            }
            self.said += said.len() as u64;
            for (from, channel, bytes) in said {
                self.count += 1;
                // Spread by a multiplicative hash, so that it is not always the same kind of message.
                let spread = self.count.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
                if spread.is_multiple_of(self.lose_one_in) {
                    continue;
                }
                for (_, talk) in self.people.iter_mut().filter(|(member, _)| member.id != from) {
                    talk.hear(from, channel, &bytes, self.now);
                }
            }
        }
    }

    pub fn talk(&mut self, at: usize) -> &mut Talk {
        &mut self.people[at].1
    }

    pub fn texts(&self, at: usize) -> Vec<(String, Delivery)> {
        let texts = self.people[at].1.entries().filter_map(|entry| match &entry.what {
            What::Text { text, delivery } => Some((text.clone(), *delivery)),
            What::File(_) | What::Answers { .. } | What::NotBelieved => None,
        });
        texts.collect()
    }

    pub fn files(&self, at: usize) -> Vec<(u64, FileState)> {
        let files = self.people[at].1.entries().filter_map(|entry| match &entry.what {
            What::File(view) => Some((entry.key, view.state)),
            What::Text { .. } | What::Answers { .. } | What::NotBelieved => None,
        });
        files.collect()
    }
}

/// The head of a JPEG of 640 times 480 pixels, and anything after it.
pub fn photo(length: usize) -> Vec<u8> {
    let mut bytes = b"\xff\xd8\xff\xc0\x00\x0b\x08\x01\xe0\x02\x80\x01\x01\x11\x00\xff\xda\x00\x02".to_vec();
    bytes.extend((bytes.len()..length).map(|at| (at % 251) as u8));
    bytes
}
