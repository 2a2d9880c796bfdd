//! Bodies of strangers: small, quickly sent, and few at a time from one network.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use colloque_journal::NetworkPrefix;

use super::Refusal;

/// Most bytes of a stranger's body. The largest one that a page of ours sends is a passkey's answer, of about two kilobytes.
pub(super) const MOST_BYTES: usize = 8 * 1024;

/// How long a stranger may take to send one.
pub(super) const LIMIT: Duration = Duration::from_secs(10);

/// Bodies of strangers read at one time: eight megabytes.
const AT_ONCE: usize = 1_024;

/// Of these, from one network: a whole practice stands behind one address.
const FROM_ONE_NETWORK: usize = 64;

/// Bodies being read, by the network that sends them.
#[derive(Debug, Default)]
pub(crate) struct Readers(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    by_network: HashMap<Option<NetworkPrefix>, usize>,
}

/// Marks a request whose body a stranger sends.
#[derive(Debug, Clone)]
pub(super) struct FromStranger {
    pub(super) readers: Arc<Readers>,
    pub(super) network: Option<NetworkPrefix>,
}

/// One body's place, given back when dropped.
#[derive(Debug)]
pub(super) struct Place(FromStranger);

impl FromStranger {
    /// Takes a place.
    pub(super) fn enter(self) -> Result<Place, Refusal> {
        {
            let mut counts = self.readers.lock();
            let here = counts.by_network.get(&self.network).copied().unwrap_or(0);
            if counts.all >= AT_ONCE || here >= FROM_ONE_NETWORK {
                return Err(Refusal::busy());
            }
            counts.all += 1;
            counts.by_network.insert(self.network, here + 1);
        }
        Ok(Place(self))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.0.readers.lock();
        counts.all -= 1;
        let here = counts.by_network.get(&self.0.network).copied().unwrap_or(0);
        if here > 1 {
            counts.by_network.insert(self.0.network, here - 1);
        } else {
            counts.by_network.remove(&self.0.network);
        }
    }
}

impl Readers {
    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(readers: &Arc<Readers>, network: u16) -> Result<Place, Refusal> {
        let [high, low] = network.to_be_bytes();
        FromStranger { readers: Arc::clone(readers), network: Some(NetworkPrefix::V4([10, high, low])) }.enter()
    }

    #[test]
    fn one_network_takes_some_of_the_places_all_networks_a_number_of_them_and_all_give_them_back() {
        let readers = Arc::new(Readers::default());
        let of_one: Vec<_> = (0..200).filter_map(|_| enter(&readers, 1).ok()).collect();
        assert_eq!(of_one.len(), FROM_ONE_NETWORK);
        let of_many: Vec<_> = (2..200).flat_map(|network| (0..64).map(move |_| network)).collect();
        let of_many: Vec<_> = of_many.into_iter().filter_map(|network| enter(&readers, network).ok()).collect();
        assert_eq!(of_one.len() + of_many.len(), AT_ONCE);
        drop((of_one, of_many));
        assert!(enter(&readers, 1).is_ok());
        let counts = readers.lock();
        assert!(counts.all == 0 && counts.by_network.is_empty());
    }
}
