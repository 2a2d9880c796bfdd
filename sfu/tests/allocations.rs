//! No heap allocation for a forwarded packet: counted, and the build fails when it is not so.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use colloque_load::memory::{DELTA, KEYFRAME, World};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is passed on unchanged to the system allocator; counting touches a thread-local integer only.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are the callee's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are the callee's.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
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
