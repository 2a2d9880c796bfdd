//! What the worker knows: one person's keys in one room.

use std::cell::RefCell;

use colloque_ids::{ParticipantId, Timestamp};
use colloque_sealing::e2ee::frame::{HoldBuffer, LeafIndex, TrackKind};
use colloque_sealing::e2ee::{Channel, Comparison};
use colloque_sealing::{Outgoing, Places, Sealing, Watchdog};
use js_sys::Date;

use crate::frames::Held;
use crate::{direct, outbox, talk};

/// See the module.
pub struct Worker {
    pub sealing: Sealing,
    pub held: HoldBuffer<Held>,
    pub places: Places,
    pub watchdog: Watchdog,
    /// Frames left that were not sealed: nothing is handed on any more.
    pub leaks: bool,
}

thread_local! {
    static WORKER: RefCell<Option<Worker>> = const { RefCell::new(None) };
}

/// The browser's clock.
#[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit for 285,000 years")]
pub fn now() -> Timestamp {
    Timestamp::from_millis(Date::now() as i64)
}

/// Starts with a person's keys; the ones before are erased.
pub fn set(sealing: Sealing) {
    WORKER.with(|worker| {
        *worker.borrow_mut() = Some(Worker {
            sealing,
            held: HoldBuffer::default(),
            places: Places::default(),
            watchdog: Watchdog::default(),
            leaks: false,
        });
    });
}

/// Does something with the keys, if there are any, and then what they ask for.
pub fn with<R>(act: impl FnOnce(&mut Worker) -> R) -> Option<R> {
    WORKER.with(|cell| {
        let mut worker = cell.borrow_mut();
        let worker = worker.as_mut()?;
        let result = act(worker);
        worker.carry_out();
        Some(result)
    })
}

/// The person compared the words.
pub fn compare(is_same: bool) {
    let comparison = if is_same { Comparison::Same } else { Comparison::Different };
    // Without words there is nothing that was compared.
    with(|worker| worker.sealing.compare(comparison).ok());
}

impl Worker {
    /// Takes how many frames of each track the browser has sent.
    pub fn sent(&mut self, counts: &str) {
        let leaks = TrackKind::ALL.into_iter().zip(counts.split(',')).any(|(track, sent)| {
            // Of a track that never sent, a browser counts nothing.
            sent.parse().is_ok_and(|sent| self.watchdog.sent(track, sent).is_err())
        });
        if leaks {
            self.leaks = true;
            outbox::failed();
        }
    }

    /// Everybody in the group but this person.
    pub fn others(&self) -> Vec<(ParticipantId, LeafIndex)> {
        let view = self.sealing.view(now());
        let others = view.members.iter().filter(|member| !member.is_own);
        others.map(|member| (member.statement.participant, member.leaf)).collect()
    }

    fn carry_out(&mut self) {
        let mut is_changed = false;
        while let Some(outgoing) = self.sealing.next_outgoing() {
            match outgoing {
                Outgoing::Send(text) => outbox::send(&text),
                Outgoing::Changed => is_changed = true,
                Outgoing::KeysInstalled => self.try_again(),
                Outgoing::Said { channel: Channel::Direct, bytes, .. } => direct::heard(&bytes),
                Outgoing::Said { from, channel, bytes } => talk::heard(from, channel, &bytes),
                Outgoing::NotBelieved { .. } => talk::not_believed(),
            }
        }
        if is_changed {
            let view = self.sealing.view(now());
            outbox::show(&view);
            talk::meet(&view);
            direct::meet(&view);
        }
    }
}
