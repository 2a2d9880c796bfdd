//! Bodies: quickly sent, and of strangers small, and few at a time from one source. When there are too many, the one that has taken
//! longest goes: what a page of ours sends comes with its request, so it is not that one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use colloque_protocol::http::error::ErrorCode;
use tokio::sync::oneshot;

use super::{Refusal, Source};

/// Most bytes of a stranger's body. The largest one that a page of ours sends is a passkey's answer, of about two kilobytes.
const MOST_BYTES: usize = 8 * 1024;

/// How long anybody may take to send one: what was right when the request began, such as its session, is right when it is whole.
const LIMIT: Duration = Duration::from_secs(10);

/// Bodies of strangers read at one time: eight megabytes.
const AT_ONCE: usize = 1_024;

/// Of these, from one network.
const FROM_ONE_NETWORK: usize = 64;

/// Of these, from one source: a whole practice stands behind one address.
const FROM_ONE_SOURCE: usize = 16;

/// Reads a body of at most so many bytes, while its sender does not take too long.
pub(super) async fn read_in_time(body: Body, most_bytes: usize) -> Result<Bytes, Refusal> {
    match tokio::time::timeout(LIMIT, to_bytes(body, most_bytes)).await {
        Ok(bytes) => bytes.map_err(|_| Refusal::new(ErrorCode::TooLarge)),
        Err(_) => Err(Refusal::new(ErrorCode::Malformed)),
    }
}

/// Bodies being read, by when they began.
#[derive(Debug, Default)]
pub(crate) struct Readers(Mutex<Reading>);

#[derive(Debug, Default)]
struct Reading {
    begun: u64,
    bodies: BTreeMap<u64, Sending>,
}

/// A body on its way. Dropping it ends the reading.
#[derive(Debug)]
struct Sending {
    source: Source,
    _goes_on: oneshot::Sender<()>,
}

/// Marks a request whose body a stranger sends.
#[derive(Debug, Clone)]
pub(super) struct FromStranger {
    pub(super) readers: Arc<Readers>,
    pub(super) source: Source,
}

/// One body's place, given back when dropped.
#[derive(Debug)]
struct Place {
    readers: Arc<Readers>,
    number: u64,
    /// Fails when another body took the place.
    goes_on: oneshot::Receiver<()>,
}

impl FromStranger {
    /// Reads the body.
    pub(super) async fn read(self, body: Body) -> Result<Bytes, Refusal> {
        let mut place = self.enter();
        tokio::select! {
            biased;
            read = read_in_time(body, MOST_BYTES) => read,
            _ = &mut place.goes_on => Err(Refusal::busy()),
        }
    }

    fn enter(self) -> Place {
        let Self { readers, source } = self;
        let (sender, goes_on) = oneshot::channel();
        let number = {
            let mut reading = readers.lock();
            if let Some(longest) = reading.in_the_way_of(source) {
                reading.bodies.remove(&longest);
            }
            reading.begun += 1;
            let number = reading.begun;
            reading.bodies.insert(number, Sending { source, _goes_on: sender });
            number
        };
        Place { readers, number, goes_on }
    }
}

impl Reading {
    /// The body that goes before one more of `source` is read; none while there is room.
    fn in_the_way_of(&self, source: Source) -> Option<u64> {
        let full = |most: usize, counts: &dyn Fn(Source) -> bool| {
            let mut counted = self.bodies.iter().filter(|(_, body)| counts(body.source)).map(|(number, _)| *number);
            let longest = counted.next()?;
            (counted.count() + 1 >= most).then_some(longest)
        };
        let network = source.network();
        full(FROM_ONE_SOURCE, &|other| other == source)
            .or_else(|| network.and_then(|_| full(FROM_ONE_NETWORK, &|other| other.network() == network)))
            .or_else(|| full(AT_ONCE, &|_| true))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.readers.lock().bodies.remove(&self.number);
    }
}

impl Readers {
    fn lock(&self) -> MutexGuard<'_, Reading> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(readers: &Arc<Readers>, address: [u8; 4]) -> Place {
        FromStranger { readers: Arc::clone(readers), source: Source::host(Some(address.into())) }.enter()
    }

    fn endless() -> Body {
        Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>())
    }

    fn going_on(places: &mut [Place]) -> usize {
        places.iter_mut().filter_map(|place| place.goes_on.try_recv().err()).filter(is_open).count()
    }

    fn is_open(error: &oneshot::error::TryRecvError) -> bool {
        *error == oneshot::error::TryRecvError::Empty
    }

    #[test]
    fn a_host_a_network_and_all_together_read_so_many_and_the_newest_is_always_read() {
        let readers = Arc::new(Readers::default());
        let mut of_one: Vec<_> = (0..200).map(|_| enter(&readers, [10, 1, 1, 1])).collect();
        assert_eq!(going_on(&mut of_one), FROM_ONE_SOURCE);
        assert_eq!(going_on(&mut of_one[200 - FROM_ONE_SOURCE..]), FROM_ONE_SOURCE);
        let mut of_network: Vec<_> = (2..100).map(|host| enter(&readers, [10, 1, 1, host])).collect();
        assert_eq!(going_on(&mut of_one) + going_on(&mut of_network), FROM_ONE_NETWORK);
        let networks = (2..200).flat_map(|network| (0..64).map(move |host| [10, 1, network, host]));
        let mut of_all: Vec<_> = networks.map(|address| enter(&readers, address)).collect();
        assert_eq!(going_on(&mut of_one) + going_on(&mut of_network) + going_on(&mut of_all), AT_ONCE);
        let mut browser = FromStranger { readers: Arc::clone(&readers), source: Source::Browser([7; 16]) }.enter();
        let networks = (0..15).flat_map(|network| (0..64).map(move |host| [10, 2, network, host]));
        let flood: Vec<_> = networks.map(|address| enter(&readers, address)).collect();
        assert_eq!(going_on(std::slice::from_mut(&mut browser)), 1, "what came a moment ago is not the oldest");
        drop((of_one, of_network, of_all, browser, flood));
        assert!(readers.lock().bodies.is_empty());
    }

    #[tokio::test]
    async fn a_body_that_never_ends_is_given_up_whoever_sends_it() {
        let reading = tokio::time::timeout(2 * LIMIT, read_in_time(endless(), MOST_BYTES));
        assert_eq!(reading.await.expect("in time").unwrap_err().code(), ErrorCode::Malformed);
        assert_eq!(read_in_time(Body::from("{}"), MOST_BYTES).await.unwrap(), "{}");
    }

    #[tokio::test]
    async fn a_body_that_never_ends_gives_way_and_one_that_is_there_is_read() {
        let readers = Arc::new(Readers::default());
        let from = |address: [u8; 4]| FromStranger {
            readers: Arc::clone(&readers),
            source: Source::host(Some(address.into())),
        };
        let slow: Vec<_> = (0..FROM_ONE_SOURCE).map(|_| tokio::spawn(from([10, 1, 1, 1]).read(endless()))).collect();
        tokio::task::yield_now().await;
        for _ in 0..100 {
            assert_eq!(from([10, 1, 1, 1]).read(Body::from("{}")).await.unwrap(), "{}");
        }
        tokio::task::yield_now().await;
        let (gone, others): (Vec<_>, Vec<_>) = slow.into_iter().partition(tokio::task::JoinHandle::is_finished);
        assert_eq!((gone.len(), others.len()), (1, FROM_ONE_SOURCE - 1));
        for body in gone {
            assert_eq!(body.await.unwrap().unwrap_err().code(), ErrorCode::Unavailable);
        }
        others.iter().for_each(tokio::task::JoinHandle::abort);
        assert!(from([10, 1, 1, 1]).read(Body::from(vec![b' '; MOST_BYTES + 1])).await.is_err());
    }
}
