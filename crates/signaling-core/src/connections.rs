use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};

use colloque_ids::{ConnectionId, StaffId};
use colloque_protocol::ticket::Person;

use crate::connection::{Connection, Place};
use crate::limits::Limits;

/// All connections, with what is asked of them at each join and each change of a queue.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    all: BTreeMap<ConnectionId, Connection>,
    addresses: BTreeMap<IpAddr, Occupancy>,
    people: BTreeMap<Person, usize>,
    watchers: BTreeMap<StaffId, BTreeSet<ConnectionId>>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Occupancy {
    all: usize,
    unjoined: usize,
}

impl Connections {
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn get(&self, connection: ConnectionId) -> Option<&Connection> {
        self.all.get(&connection)
    }

    /// Gives a connection to note what it did; its place is changed by [`Connections::place`] only.
    pub(crate) fn get_mut(&mut self, connection: ConnectionId) -> Option<&mut Connection> {
        self.all.get_mut(&connection)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (ConnectionId, &Connection)> {
        self.all.iter().map(|(id, connection)| (*id, connection))
    }

    /// Tells whether another connection from this address fits.
    pub(crate) fn has_place(&self, from: IpAddr, limits: &Limits) -> bool {
        let there = self.addresses.get(&subscriber(from)).copied().unwrap_or_default();
        self.all.len() < limits.connections
            && there.all < limits.connections_per_address
            && there.unjoined < limits.unjoined_per_address
    }

    /// Counts a person's joined connections.
    pub(crate) fn of_person(&self, person: Person) -> usize {
        self.people.get(&person).copied().unwrap_or(0)
    }

    /// Gives the desks that watch a practitioner's queue.
    pub(crate) fn watching(&self, practitioner: StaffId) -> impl Iterator<Item = (ConnectionId, &Connection)> {
        let watchers = self.watchers.get(&practitioner).into_iter().flatten();
        watchers.filter_map(|id| Some((*id, self.all.get(id)?)))
    }

    pub(crate) fn insert(&mut self, id: ConnectionId, connection: Connection) {
        self.remove(id);
        self.count(id, &connection, true);
        self.all.insert(id, connection);
    }

    pub(crate) fn place(&mut self, id: ConnectionId, place: Place) {
        if let Some(mut connection) = self.remove(id) {
            connection.place = place;
            self.insert(id, connection);
        }
    }

    pub(crate) fn remove(&mut self, id: ConnectionId) -> Option<Connection> {
        let connection = self.all.remove(&id)?;
        self.count(id, &connection, false);
        Some(connection)
    }

    fn count(&mut self, id: ConnectionId, connection: &Connection, comes: bool) {
        let address = subscriber(connection.from);
        let there = self.addresses.entry(address).or_default();
        step(&mut there.all, comes);
        if let Place::Unjoined = connection.place {
            step(&mut there.unjoined, comes);
        }
        if there.all == 0 {
            self.addresses.remove(&address);
        }
        match &connection.place {
            Place::Unjoined | Place::Entering { .. } => {}
            Place::Room { who, .. } => self.count_person(who.person, comes),
            Place::Desk { who, practitioners } => {
                self.count_person(who.person, comes);
                for practitioner in practitioners {
                    let watchers = self.watchers.entry(*practitioner).or_default();
                    if comes {
                        watchers.insert(id);
                    } else {
                        watchers.remove(&id);
                    }
                    if watchers.is_empty() {
                        self.watchers.remove(practitioner);
                    }
                }
            }
        }
    }

    fn count_person(&mut self, person: Person, comes: bool) {
        let count = self.people.entry(person).or_default();
        step(count, comes);
        if *count == 0 {
            self.people.remove(&person);
        }
    }
}

const fn step(count: &mut usize, comes: bool) {
    *count = if comes { count.saturating_add(1) } else { count.saturating_sub(1) };
}

/// Takes the part of an address that belongs to one subscriber: an IPv6 site has 2⁶⁴ addresses of its own.
pub(crate) fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_one_subscriber_however_many_addresses_it_has() {
        let one: IpAddr = "2001:db8:1:2::1".parse().unwrap();
        let two: IpAddr = "2001:db8:1:2:ffff::9".parse().unwrap();
        let other: IpAddr = "2001:db8:1:3::1".parse().unwrap();
        assert_eq!(subscriber(one), subscriber(two));
        assert_ne!(subscriber(one), subscriber(other));
        assert_eq!(subscriber("::ffff:192.0.2.1".parse().unwrap()), subscriber("192.0.2.1".parse().unwrap()));
    }
}
