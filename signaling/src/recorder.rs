//! Writes to storage: in order for each room, without one room waiting for another.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use colloque_ids::{ConnectionId, RoomId, Timestamp};
use colloque_protocol::connection::ConnectionEvent;
use colloque_signaling_core::{CommitFailure, Record};
use tokio::time::{Instant, timeout};
use tracing::{error, warn};

use crate::meter::{Meter, WriteKind};
use crate::ports::{Entered, NotRecorded, Records};

/// Longest time for one write.
///
/// Longer: a person waits for a storage that hangs. Shorter: a busy storage refuses people.
const WRITE_LIMIT: Duration = Duration::from_secs(5);

/// Journal entries kept for a storage that fails; past that, new ones are lost and said to be.
///
/// More: more memory during an outage. Fewer: fewer departures survive one.
const MAX_KEPT: usize = 20_000;

/// Pauses between two attempts to write what is kept.
const RETRY_PAUSES: [Duration; 5] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(10),
];

/// What a write belongs to; writes of one lane keep their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    Room(RoomId),
    Connection(ConnectionId),
    /// What could not be written before.
    Kept,
}

/// What was written, or not.
#[derive(Debug)]
pub(crate) enum Written {
    Commit { commit: u64, outcome: Result<Timestamp, CommitFailure> },
    Journal { kept: Option<ConnectionEvent> },
}

#[derive(Debug)]
enum Job {
    Commit { commit: u64, record: Record },
    Journal(ConnectionEvent),
}

/// The writes under way and those that wait.
pub(crate) struct Recorder {
    records: Arc<dyn Records>,
    meter: Arc<Meter>,
    lanes: HashMap<Lane, VecDeque<Job>>,
    kept: VecDeque<ConnectionEvent>,
    failures: usize,
    lost: u64,
}

impl Recorder {
    pub(crate) fn new(records: Arc<dyn Records>, meter: Arc<Meter>) -> Self {
        Self { records, meter, lanes: HashMap::new(), kept: VecDeque::new(), failures: 0, lost: 0 }
    }

    /// Tells whether everything was written.
    pub(crate) fn is_idle(&self) -> bool {
        self.lanes.is_empty() && self.kept.is_empty()
    }

    /// Counts the entries that storage does not hold.
    pub(crate) fn unwritten(&self) -> usize {
        self.kept.len() + self.lanes.values().map(VecDeque::len).sum::<usize>()
    }

    pub(crate) fn commit(&mut self, commit: u64, record: Record) -> Option<(Lane, Work)> {
        let lane = match &record {
            Record::Entry(entry) => lane_of(&entry.event),
            Record::Attestation(event) | Record::Guest(event) => lane_of(event),
            Record::Admission(decision) | Record::Refusal(decision) | Record::End(decision) => {
                Lane::Room(decision.scope.room)
            }
        };
        self.queue(lane, Job::Commit { commit, record })
    }

    pub(crate) fn journal(&mut self, event: ConnectionEvent) -> Option<(Lane, Work)> {
        self.queue(lane_of(&event), Job::Journal(event))
    }

    /// Takes the end of a write; gives what is to be written next, in the same lane and of what is kept.
    pub(crate) fn written(&mut self, lane: Lane, written: &mut Written) -> Vec<(Lane, Work)> {
        match written {
            Written::Commit { .. } => {}
            Written::Journal { kept: None } => self.failures = 0,
            Written::Journal { kept } => {
                if let Some(event) = kept.take() {
                    self.keep(lane, event);
                }
            }
        }
        let mut next = Vec::new();
        next.extend(self.advance(lane));
        if !self.lanes.contains_key(&Lane::Kept)
            && let Some(event) = self.kept.pop_front()
        {
            next.extend(self.queue(Lane::Kept, Job::Journal(event)));
        }
        next
    }

    fn keep(&mut self, lane: Lane, event: ConnectionEvent) {
        self.failures = self.failures.saturating_add(1);
        if lane == Lane::Kept {
            self.kept.push_front(event);
        } else if self.kept.len() < MAX_KEPT {
            self.kept.push_back(event);
        } else {
            self.lost += 1;
            error!(lost = self.lost, "lost {} journal entries: storage has failed for too long", self.lost);
        }
    }

    fn queue(&mut self, lane: Lane, job: Job) -> Option<(Lane, Work)> {
        match self.lanes.get_mut(&lane) {
            Some(waiting) => {
                waiting.push_back(job);
                None
            }
            None => {
                self.lanes.insert(lane, VecDeque::new());
                Some((lane, self.work(lane, job)))
            }
        }
    }

    fn advance(&mut self, lane: Lane) -> Option<(Lane, Work)> {
        match self.lanes.get_mut(&lane)?.pop_front() {
            Some(job) => Some((lane, self.work(lane, job))),
            None => {
                self.lanes.remove(&lane);
                None
            }
        }
    }

    fn work(&self, lane: Lane, job: Job) -> Work {
        let pause = match (lane, self.failures) {
            (Lane::Kept, failures @ 1..) => RETRY_PAUSES.get(failures - 1).copied().unwrap_or(Duration::from_secs(10)),
            (Lane::Kept | Lane::Room(_) | Lane::Connection(_), _) => Duration::ZERO,
        };
        Work { records: Arc::clone(&self.records), meter: Arc::clone(&self.meter), job, pause }
    }
}

/// One write to carry out.
pub(crate) struct Work {
    records: Arc<dyn Records>,
    meter: Arc<Meter>,
    job: Job,
    pause: Duration,
}

impl Work {
    pub(crate) async fn carry_out(self) -> Written {
        let Self { records, meter, job, pause } = self;
        match job {
            Job::Commit { commit, record } => {
                let (kind, began_at) = (WriteKind::of(&record), Instant::now());
                let outcome = within_limit(async move { write(&*records, record).await }).await;
                meter.note_written(kind, outcome.is_ok(), began_at.elapsed());
                let outcome = outcome.unwrap_or_else(|reason| {
                    warn!(commit, error = %reason, "commit {commit} of signaling failed: {reason}");
                    Err(CommitFailure::Unknown)
                });
                Written::Commit { commit, outcome }
            }
            Job::Journal(event) => {
                tokio::time::sleep(pause).await;
                let (copy, began_at) = (event.clone(), Instant::now());
                let outcome = within_limit(async move { records.record(copy).await }).await;
                meter.note_written(WriteKind::Fact, outcome.is_ok(), began_at.elapsed());
                match outcome {
                    Ok(()) => Written::Journal { kept: None },
                    Err(reason) => {
                        warn!(error = %reason, "a journal entry of signaling is kept and written later: {reason}");
                        Written::Journal { kept: Some(event) }
                    }
                }
            }
        }
    }
}

/// Writes, and gives the instant that storage keeps, or why it wrote nothing.
async fn write(records: &dyn Records, record: Record) -> Result<Result<Timestamp, CommitFailure>, NotRecorded> {
    Ok(Ok(match record {
        Record::Entry(entry) => {
            let at = entry.event.occurred_at;
            match records.enter(entry).await? {
                Entered::Written => at,
                Entered::TicketUsed => return Ok(Err(CommitFailure::TicketUsed)),
                Entered::Revoked => return Ok(Err(CommitFailure::Revoked)),
            }
        }
        Record::Attestation(event) | Record::Guest(event) => {
            let at = event.occurred_at;
            records.record(event).await?;
            at
        }
        Record::Admission(decision) => records.admit(&decision.scope, decision.by, decision.at).await?,
        Record::Refusal(decision) => {
            records.refuse_patient(&decision.scope, decision.by, decision.at).await?;
            decision.at
        }
        Record::End(decision) => {
            records.end(&decision.scope, decision.by, decision.at).await?;
            decision.at
        }
    }))
}

/// Waits for a write, not for ever. It runs as a task of its own: a transaction dropped half-way poisons its connection.
async fn within_limit<T: Send + 'static>(
    write: impl Future<Output = Result<T, NotRecorded>> + Send + 'static,
) -> Result<T, String> {
    match timeout(WRITE_LIMIT, tokio::spawn(write)).await {
        Ok(Ok(Ok(value))) => Ok(value),
        Ok(Ok(Err(error))) => Err(with_sources(&error)),
        Ok(Err(_)) => Err("storage panicked".to_owned()),
        Err(_) => Err("storage does not answer".to_owned()),
    }
}

fn with_sources(error: &NotRecorded) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

fn lane_of(event: &ConnectionEvent) -> Lane {
    match (&event.room, event.connection) {
        (Some(scope), _) => Lane::Room(scope.room),
        (None, Some(connection)) => Lane::Connection(connection),
        (None, None) => Lane::Kept,
    }
}
