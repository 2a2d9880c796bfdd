//! Signaling's writes to storage: in order for each room, as the shell does them, on a storage that may be slow or fail.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use colloque_ids::{ConnectionId, RoomId};
use colloque_protocol::connection::ConnectionEvent;
use colloque_signaling_core::{CommitFailure, Entry, Input, Record};

use super::Around;
use super::event::Event;
use super::scene::Scene;

/// Longest time for one write, in milliseconds, as in the shell.
const WRITE_LIMIT_MS: u64 = 5_000;
/// Pauses before what is kept is tried again, in milliseconds, as in the shell.
const RETRY_PAUSES_MS: [u64; 5] = [250, 500, 1_000, 3_000, 10_000];

/// What a write belongs to; writes of one lane keep their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lane {
    Room(RoomId),
    Connection(ConnectionId),
    Kept,
}

/// One write.
#[derive(Debug, Clone)]
pub(super) enum Job {
    Commit { commit: u64, record: Record },
    Journal(ConnectionEvent),
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commit {
                record: Record::Entry(Entry { event, .. }) | Record::Attestation(event) | Record::Guest(event),
                ..
            }
            | Self::Journal(event) => {
                write!(f, "{:?} {:?}", event.fact, event.connection)
            }
            Self::Commit { record: Record::Admission(_), .. } => f.write_str("admission"),
            Self::Commit { record: Record::Refusal(_), .. } => f.write_str("refusal"),
            Self::Commit { record: Record::End(_), .. } => f.write_str("end"),
        }
    }
}

/// How storage does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Storage {
    Fine,
    /// Answers late, sometimes too late.
    Slow,
    /// Says no; sometimes after it wrote.
    Failing,
    /// Does not answer; sometimes writes.
    Silent,
}

/// The writes under way and those that wait.
#[derive(Default)]
pub(super) struct Recorder {
    lanes: BTreeMap<Lane, VecDeque<Job>>,
    kept: VecDeque<ConnectionEvent>,
    failures: usize,
}

impl Recorder {
    pub(super) fn is_idle(&self) -> bool {
        self.lanes.is_empty() && self.kept.is_empty()
    }

    /// Writes that storage does not hold yet.
    pub(super) fn unwritten(&self) -> usize {
        self.kept.len() + self.lanes.values().map(|waiting| waiting.len() + 1).sum::<usize>()
    }

    pub(super) fn put(&mut self, scene: &mut Scene, storage: Storage, life: u64, job: Job) {
        let lane = lane_of(&job);
        self.queue(scene, storage, life, lane, job);
    }

    fn queue(&mut self, scene: &mut Scene, storage: Storage, life: u64, lane: Lane, job: Job) {
        match self.lanes.get_mut(&lane) {
            Some(waiting) => waiting.push_back(job),
            None => {
                self.lanes.insert(lane, VecDeque::new());
                self.begin(scene, storage, life, lane, job);
            }
        }
    }

    fn begin(&self, scene: &mut Scene, storage: Storage, life: u64, lane: Lane, job: Job) {
        match (lane, self.failures) {
            (Lane::Kept, failures @ 1..) => {
                let pause_ms = RETRY_PAUSES_MS.get(failures - 1).copied().unwrap_or(10_000);
                scene.after(pause_ms, Event::WriteAgain { life, job });
            }
            _ => write(scene, storage, life, lane, job),
        }
    }

    /// Takes the end of a write and begins the next ones.
    fn advance(&mut self, scene: &mut Scene, storage: Storage, life: u64, lane: Lane) {
        if let Some(waiting) = self.lanes.get_mut(&lane) {
            match waiting.pop_front() {
                Some(job) => self.begin(scene, storage, life, lane, job),
                None => drop(self.lanes.remove(&lane)),
            }
        }
        if !self.lanes.contains_key(&Lane::Kept)
            && let Some(event) = self.kept.pop_front()
        {
            self.queue(scene, storage, life, Lane::Kept, Job::Journal(event));
        }
    }

    /// Takes the end of a write that signaling waits for; gives what signaling learns.
    pub(super) fn ended(
        &mut self,
        around: &mut Around,
        life: u64,
        lane: Lane,
        job: Job,
        stored: Result<colloque_ids::Timestamp, CommitFailure>,
    ) -> Option<Input> {
        let learnt = match job {
            Job::Commit { commit, .. } => Some(match stored {
                Ok(at) => Input::Committed { commit, at },
                Err(failure) => Input::CommitFailed { commit, failure },
            }),
            Job::Journal(_) if stored.is_ok() => {
                self.failures = 0;
                None
            }
            Job::Journal(event) => {
                self.failures += 1;
                match lane {
                    Lane::Kept => self.kept.push_front(event),
                    Lane::Room(_) | Lane::Connection(_) => self.kept.push_back(event),
                }
                None
            }
        };
        self.advance(&mut around.scene, around.storage, life, lane);
        learnt
    }
}

/// Begins a write: puts what becomes of it on the agenda.
pub(super) fn write(scene: &mut Scene, storage: Storage, life: u64, lane: Lane, job: Job) {
    let (took_ms, is_stored) = match storage {
        Storage::Fine => (1 + scene.dice.below(12), true),
        Storage::Slow => (200 + scene.dice.below(6_500), true),
        Storage::Failing => (1 + scene.dice.below(40), scene.dice.is(0.15)),
        Storage::Silent => (WRITE_LIMIT_MS + scene.dice.below(3_000), scene.dice.is(0.3)),
    };
    // A failing storage that wrote says no all the same.
    let says_no = storage == Storage::Failing;
    if took_ms > WRITE_LIMIT_MS || says_no {
        let overdue = Event::WriteOverdue { life, lane, job: job.clone() };
        let written = Event::Written { life, lane, job, is_stored, is_told: false };
        if says_no {
            scene.after(took_ms, written);
            scene.after(took_ms, overdue);
        } else {
            scene.after(WRITE_LIMIT_MS, overdue);
            scene.after(took_ms, written);
        }
    } else {
        scene.after(took_ms, Event::Written { life, lane, job, is_stored, is_told: true });
    }
}

fn lane_of(job: &Job) -> Lane {
    let event = match job {
        Job::Commit {
            record: Record::Entry(Entry { event, .. }) | Record::Attestation(event) | Record::Guest(event),
            ..
        }
        | Job::Journal(event) => event,
        Job::Commit {
            record: Record::Admission(decision) | Record::Refusal(decision) | Record::End(decision), ..
        } => return Lane::Room(decision.scope.room),
    };
    match (&event.room, event.connection) {
        (Some(scope), _) => Lane::Room(scope.room),
        (None, Some(connection)) => Lane::Connection(connection),
        (None, None) => Lane::Kept,
    }
}
