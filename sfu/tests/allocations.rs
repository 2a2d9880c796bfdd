//! No heap allocation for a forwarded packet, and bounded memory for a participant: counted, and the build fails when it is not so.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use colloque_congestion::ArrivalLog;
use colloque_load::client::{NUMBER_EXTENSION, OPUS, RTX, VP8};
use colloque_load::memory::{DELTA, KEYFRAME, World};
use colloque_sfu_core::rtp::{RtpHeader, is_rtcp};
use colloque_sfu_core::{AUDIO_RING_PACKETS, MAX_DATAGRAM_BYTES, TICK, VIDEO_RING_PACKETS};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<i64> = const { Cell::new(0) };
}

fn count(allocations: u64, bytes: i64) {
    ALLOCATIONS.with(|count| count.set(count.get() + allocations));
    BYTES.with(|count| count.set(count.get() + bytes));
}

struct Counting;

// SAFETY: every call is passed on unchanged to the system allocator; counting touches thread-local integers only.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size() as i64);
        // SAFETY: the caller's promises are the callee's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, -(layout.size() as i64));
        // SAFETY: the caller's promises are the callee's.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(1, new_size as i64 - layout.size() as i64);
        // SAFETY: the caller's promises are the callee's.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations() -> u64 {
    ALLOCATIONS.with(Cell::get)
}

#[test]
fn forwarding_allocates_nothing() {
    let mut world = World::default();
    for number in 1..=3 {
        world.join(1, number);
    }
    // One second of warming: rings, tables and lists take their size.
    for index in 0..200 {
        world.publish(2, 0, index, index as u32 * 960, &[1; 80]);
        world.publish(2, 1, index, index as u32 * 3_000, if index == 0 { KEYFRAME } else { DELTA });
    }
    world.advance(std::time::Duration::from_secs(2));

    // The latest to arrive is whom the others see.
    let from = world.seats[2].path;
    let client = &world.seats[2].client;
    let mut packets: Vec<Vec<u8>> = (200..2_200u64)
        .flat_map(|index| {
            let voice = client.sealed(client.ssrcs[0], 111, false, index, index as u32 * 960, &[1; 80]);
            let mut frame = vec![0; 1_150];
            frame[..DELTA.len()].copy_from_slice(DELTA);
            let picture = client.sealed(client.ssrcs[1], 96, true, index, index as u32 * 3_000, &frame);
            [voice, picture]
        })
        .collect();
    let mut now = world.now;
    let mut forwarded = 0;
    let before = allocations();
    for packet in &mut packets {
        // Within what a publisher may send.
        now += std::time::Duration::from_millis(2);
        world.core.handle_datagram(now, from, packet, &mut world.arena);
        forwarded += world.arena.transmits().len();
        world.arena.clear();
    }
    assert_eq!(allocations() - before, 0);
    assert_eq!(forwarded, 2 * packets.len(), "each packet goes to two subscribers");
}

#[test]
fn requests_and_retransmissions_allocate_nothing_once_they_run() {
    let mut world = World::default();
    world.join(1, 1);
    world.join(1, 2);
    world.publish(0, 1, 0, 0, KEYFRAME);
    // Losses both ways, so that the lists of missing and of repeated packets take their size.
    for index in (1..200).filter(|index| index % 7 != 0) {
        world.publish(0, 1, index, 0, DELTA);
    }
    let (header, _) = world.seats[1].media[1];
    let nack = |sequence: u16| {
        let mut nack = vec![0x81, 205, 0, 3, 0, 0, 0, 1];
        nack.extend_from_slice(&header.ssrc.to_be_bytes());
        nack.extend_from_slice(&sequence.to_be_bytes());
        nack.extend_from_slice(&[0xff, 0xff]);
        nack
    };
    world.report(1, &nack(header.sequence));
    world.advance(std::time::Duration::from_secs(1));

    let (publisher, subscriber) = (world.seats[0].path, world.seats[1].path);
    let mut packets: Vec<Vec<u8>> = (200..400u64)
        .filter(|index| index % 7 != 0)
        .map(|index| {
            let client = &world.seats[0].client;
            client.sealed(client.ssrcs[1], 96, true, index, 0, DELTA)
        })
        .collect();
    let plain = nack(header.sequence.wrapping_add(250));
    let mut loss_report = world.seats[1].client.sealed_rtcp(&plain);
    let now = world.now;
    let before = allocations();
    for packet in &mut packets {
        world.core.handle_datagram(now, publisher, packet, &mut world.arena);
        world.arena.clear();
    }
    world.core.handle_datagram(now, subscriber, &mut loss_report, &mut world.arena);
    let repeated = world.arena.transmits().len();
    world.arena.clear();
    world.core.handle_timeout(now + std::time::Duration::from_millis(40), &mut world.arena);
    assert_eq!(allocations() - before, 0);
    assert!(repeated > 5, "{repeated}");
}

/// Rooms of two in which everybody speaks and is seen, numbers packets, and reports on those that arrive.
struct Calls {
    world: World,
    logs: Vec<ArrivalLog>,
    sent: Vec<[u64; 2]>,
    numbers: Vec<u16>,
    /// Stream and sequence number of the newest picture that reached each.
    pictures: Vec<Option<(u32, u16)>>,
    resent: usize,
    /// Allocations of the media plane alone.
    allocations: u64,
    forwarded: usize,
}

impl Calls {
    fn new(rooms: u128) -> Self {
        let mut world = World::default();
        for number in 0..2 * rooms {
            world.join_as(number / 2, number, |client| client.with_numbers().with_redundancy());
        }
        let seats = world.seats.len();
        let logs = (0..seats).map(|_| ArrivalLog::new(world.now)).collect();
        Self {
            world,
            logs,
            sent: vec![[0; 2]; seats],
            numbers: vec![0; seats],
            pictures: vec![None; seats],
            resent: 0,
            allocations: 0,
            forwarded: 0,
        }
    }

    fn give(&mut self, from: usize, mut datagram: Vec<u8>) {
        let (before, path) = (allocations(), self.world.seats[from].path);
        self.world.core.handle_datagram(self.world.now, path, &mut datagram, &mut self.world.arena);
        self.allocations += allocations() - before;
        self.deliver();
    }

    fn deliver(&mut self) {
        for transmit in self.world.arena.transmits() {
            let bytes = self.world.arena.bytes(transmit);
            let Some(to) = self.world.seats.iter().position(|seat| seat.path == transmit.to) else { continue };
            let header = Some(bytes).filter(|bytes| !is_rtcp(bytes)).and_then(RtpHeader::parse);
            let Some(header) = header else { continue };
            let Some(number) = header.transport_number(bytes, NUMBER_EXTENSION) else { continue };
            self.logs[to].note_arrival(number, self.world.now);
            match header.payload_type {
                VP8 => self.pictures[to] = Some((header.ssrc, header.sequence)),
                RTX => self.resent += 1,
                _ => {}
            }
            self.forwarded += 1;
        }
        self.world.deliver();
        self.world.seats.iter_mut().for_each(|seat| seat.media.clear());
    }

    /// A voice's packet each tick, a picture of five packets every second one, reports five times a second, and losses.
    fn run(&mut self, ticks: u32) {
        for tick in 0..ticks {
            self.world.now += TICK;
            let before = allocations();
            self.world.core.handle_timeout(self.world.now, &mut self.world.arena);
            self.allocations += allocations() - before;
            self.deliver();
            for from in 0..self.world.seats.len() {
                // Answers to the server's questions whether the path is still wanted.
                while let Some(answer) = self.world.seats[from].client.poll_transmit() {
                    self.give(from, answer);
                }
                self.publish(from, 0, &[1; 80]);
                for part in 0..if tick % 2 == 0 { 5 } else { 0 } {
                    let mut frame = vec![0; 1_000];
                    let is_key = tick % 100 == 0 && part == 0;
                    frame[..KEYFRAME.len()].copy_from_slice(if is_key { KEYFRAME } else { DELTA });
                    self.publish(from, 1, &frame);
                }
                if tick % 10 == 0 {
                    let (seat, now) = (&mut self.world.seats[from], self.world.now);
                    let report = seat.client.sealed_arrivals(&mut self.logs[from], now);
                    self.give(from, report);
                    self.ask_again(from);
                }
            }
        }
    }

    /// The newest picture's packets did not arrive, as a client says it.
    fn ask_again(&mut self, from: usize) {
        let Some((ssrc, newest)) = self.pictures[from] else { return };
        let mut nack = vec![0x81, 205, 0, 3, 0, 0, 0, 1];
        nack.extend_from_slice(&ssrc.to_be_bytes());
        nack.extend_from_slice(&newest.wrapping_sub(16).to_be_bytes());
        nack.extend_from_slice(&[0xff, 0xff]);
        let report = self.world.seats[from].client.sealed_rtcp(&nack);
        self.give(from, report);
    }

    fn publish(&mut self, from: usize, line: usize, payload: &[u8]) {
        let index = self.sent[from][line];
        self.sent[from][line] += 1;
        self.numbers[from] = self.numbers[from].wrapping_add(1);
        let (client, payload_type) = (&self.world.seats[from].client, if line == 0 { OPUS } else { VP8 });
        let (timestamp, number) = (index as u32 * 960, Some(self.numbers[from]));
        let packet =
            client.sealed_with_number(client.ssrcs[line], payload_type, true, index, timestamp, number, payload);
        if index % 23 != 22 {
            self.give(from, packet);
        }
    }
}

#[test]
fn a_call_whose_links_are_estimated_and_repaired_allocates_nothing() {
    let mut calls = Calls::new(1);
    calls.run(1_000);
    (calls.allocations, calls.forwarded, calls.resent) = (0, 0, 0);
    calls.run(1_000);
    assert_eq!(calls.allocations, 0);
    assert!(calls.forwarded > 5_000, "{}", calls.forwarded);
    assert!(calls.resent > 1_000, "{}", calls.resent);
}

/// Most that a participant takes beside the rings of what they publish, in bytes.
const MOST_BYTES: i64 = 64 * 1024;

#[test]
fn a_participant_takes_little_beside_the_rings_of_their_publishing() {
    // Lists double: so many fill theirs.
    let rooms = 32;
    let mut calls = Calls::new(rooms);
    calls.run(250);
    let ring = (AUDIO_RING_PACKETS + VIDEO_RING_PACKETS) as i64 * MAX_DATAGRAM_BYTES as i64;
    let before = BYTES.with(Cell::get);
    drop(calls.world.core);
    let each = (before - BYTES.with(Cell::get)) / (2 * rooms as i64);
    println!("{} bytes for each participant, and {ring} for their packets", each - ring);
    assert!(each > ring * 9 / 10, "what is measured holds the rings: {each}");
    assert!(each - ring <= MOST_BYTES, "{each} bytes, {ring} of them rings");
}
