//! Everybody's way to the server and back.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use super::access::{Access, Item, Pipe, Stream};
use super::event::Event;
use super::scene::Scene;

/// Datagrams that an eavesdropper remembers.
const OVERHEARD: usize = 64;

/// The accesses of all devices, by number, and the streams that go through them.
#[derive(Default)]
pub(super) struct Net {
    pub(super) accesses: Vec<Access>,
    pub(super) streams: BTreeMap<u64, Stream>,
    by_address: BTreeMap<SocketAddr, usize>,
    last_stream: u64,
    next_address: u32,
    /// What an eavesdropper saw last: the client's address, and the bytes.
    pub(super) overheard: Vec<(SocketAddr, Vec<u8>)>,
    overheard_at: usize,
    /// Datagrams that the server sent to somebody who is nowhere.
    pub(super) astray: u64,
}

impl Net {
    /// Adds a device's access; gives its number.
    pub(super) fn add(&mut self, scene: &mut Scene, conditions: colloque_network::Conditions) -> usize {
        let number = self.accesses.len();
        let address = self.draw_address();
        self.by_address.insert(address, number);
        self.accesses.push(Access::new(address, conditions, scene.dice.bits()));
        number
    }

    fn draw_address(&mut self) -> SocketAddr {
        self.next_address += 1;
        let [_, _, high, low] = self.next_address.to_be_bytes();
        SocketAddr::from(([198, 51, high, low], 20_000 + (self.next_address % 10_000) as u16))
    }

    /// Moves a device to another network: its datagrams come from elsewhere, and its streams hang.
    pub(super) fn move_device(&mut self, device: usize) {
        let address = self.draw_address();
        let access = &mut self.accesses[device];
        self.by_address.remove(&access.address);
        access.address = address;
        self.by_address.insert(address, device);
        for stream in self.streams.values_mut().filter(|stream| stream.device == device) {
            stream.is_dead = true;
        }
    }

    /// Gives a datagram of the server's to the network.
    pub(super) fn deliver(&mut self, now: Instant, to: SocketAddr, bytes: &[u8]) {
        match self.by_address.get(&to) {
            Some(device) => self.accesses[*device].take(now, to, bytes.to_vec()),
            None => self.astray += 1,
        }
    }

    /// Remembers what somebody on the way could have seen.
    pub(super) fn overhear(&mut self, client: SocketAddr, bytes: &[u8]) {
        let seen = (client, bytes.to_vec());
        if self.overheard.len() < OVERHEARD {
            self.overheard.push(seen);
        } else {
            self.overheard[self.overheard_at % OVERHEARD] = seen;
        }
        self.overheard_at += 1;
    }

    /// Opens a stream for a device; gives its number.
    pub(super) fn open_stream(&mut self, scene: &mut Scene, device: usize) -> u64 {
        self.last_stream += 1;
        let from: IpAddr = self.accesses[device].address.ip();
        let stream =
            Stream { device, from, up: Pipe::default(), down: Pipe::default(), is_open_here: true, is_dead: false };
        self.streams.insert(self.last_stream, stream);
        self.push_up(scene, self.last_stream, Item::Open);
        self.last_stream
    }

    pub(super) fn push_up(&mut self, scene: &mut Scene, number: u64, item: Item) {
        let Some(stream) = self.streams.get_mut(&number).filter(|stream| !stream.is_dead) else { return };
        if let Item::Text(text) = &item {
            scene.wire(3, text.as_bytes());
        }
        let due_ms = stream.up.push(scene.now_ms, &self.accesses[stream.device], &mut scene.dice, item);
        scene.after(due_ms - scene.now_ms, Event::StreamUp(number));
    }

    pub(super) fn push_down(&mut self, scene: &mut Scene, number: u64, item: Item) {
        let Some(stream) = self.streams.get_mut(&number).filter(|stream| !stream.is_dead) else { return };
        if let Item::Text(text) = &item {
            scene.wire(4, text.as_bytes());
        }
        let due_ms = stream.down.push(scene.now_ms, &self.accesses[stream.device], &mut scene.dice, item);
        scene.after(due_ms - scene.now_ms, Event::StreamDown(number));
    }

    /// Messages on their way to a device.
    pub(super) fn waiting_down(&self, number: u64) -> usize {
        self.streams.get(&number).map_or(0, |stream| stream.down.length())
    }

    /// Takes what a stream brought, at the server or at the device; a network that is gone lets it wait.
    pub(super) fn pop(&mut self, scene: &mut Scene, number: u64, is_up: bool) -> Option<Item> {
        let stream = self.streams.get_mut(&number).filter(|stream| !stream.is_dead)?;
        let is_down = self.accesses[stream.device].conditions.is_down;
        let pipe = if is_up { &mut stream.up } else { &mut stream.down };
        if is_down && pipe.length() > 0 {
            let retry_ms = pipe.stall(scene.now_ms);
            let event = if is_up { Event::StreamUp(number) } else { Event::StreamDown(number) };
            scene.after(retry_ms - scene.now_ms, event);
            return None;
        }
        pipe.pop(scene.now_ms)
    }

    /// Ends a stream by force: its device is told, or is left with half a connection.
    pub(super) fn break_stream(&mut self, scene: &mut Scene, number: u64, is_told: bool) {
        let Some(stream) = self.streams.get_mut(&number) else { return };
        stream.up.clear();
        stream.down.clear();
        if is_told && !stream.is_dead {
            self.push_down(scene, number, Item::Close);
        } else {
            stream.is_dead = true;
        }
    }
}
