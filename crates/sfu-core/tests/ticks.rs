//! Looks at many peers: in parts, so that no packet waits for all of them, and nobody is left out.

use std::time::Duration;

use colloque_load::memory::World;
use colloque_sfu_core::TICK;

fn rooms_of_two(rooms: u128) -> World {
    let mut world = World::default();
    for room in 0..rooms {
        world.join(room, 2 * room);
        world.join(room, 2 * room + 1);
    }
    world.advance(TICK * 2);
    world
}

/// Pauses that the media plane asks for between two looks, over one tick.
fn pauses(world: &mut World) -> Vec<Duration> {
    let until = world.now + TICK;
    let mut pauses = Vec::new();
    while world.now < until {
        let next = world.core.next_timeout().expect("somebody is there");
        pauses.push(next - world.now);
        world.now = next;
        world.core.handle_timeout(world.now, &mut world.arena);
        world.deliver();
    }
    pauses
}

#[test]
fn many_peers_are_looked_at_in_parts_and_few_at_once() {
    let mut few = rooms_of_two(20);
    assert_eq!(pauses(&mut few), [TICK]);
    let mut many = rooms_of_two(300);
    let pauses = pauses(&mut many);
    // 600 peers, a fifth of them each tick, 32 at once.
    assert_eq!(pauses.len(), 4, "{pauses:?}");
    assert!(pauses[..3].iter().all(|pause| *pause == Duration::from_millis(1)), "{pauses:?}");
}

#[test]
fn everybody_gets_their_reports_even_when_the_worker_comes_late() {
    for late in [Duration::ZERO, Duration::from_millis(15)] {
        let mut world = rooms_of_two(100);
        world.seats.iter_mut().for_each(|seat| seat.reports.clear());
        let until = world.now + Duration::from_secs(2);
        while world.now < until {
            world.now = world.core.next_timeout().expect("somebody is there").max(world.now) + late;
            world.core.handle_timeout(world.now, &mut world.arena);
            world.deliver();
        }
        for (index, seat) in world.seats.iter().enumerate() {
            assert!(!seat.reports.is_empty(), "seat {index}, {late:?} late");
        }
    }
}
