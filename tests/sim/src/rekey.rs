//! What changes of the end-to-end keys cost a room of eight on a bad network: real engines, real sealed frames, virtual links of
//! 150 ms each way to the server, on which 5 % of the media are lost, and messages of a share that is asked for come late.

mod member;
mod room;
mod tally;
mod wire;

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use self::room::Room;
pub use self::tally::{ByCause, Cause, Tallies, Tally};

/// Members of a full room.
const MEMBERS: usize = 8;
/// Removals after which a room is made anew.
const REMOVALS_OF_A_ROOM: usize = 50;
const SECOND_US: u64 = 1_000_000;

/// What joins and renewals cost.
#[derive(Debug, Default)]
pub struct Changes {
    /// Rooms that were filled.
    pub rooms: u64,
    /// What became of frames.
    pub tallies: Tallies,
}

/// What somebody who is put out can still read.
#[derive(Debug, Default)]
pub struct Removals {
    /// From the order until every sender seals with other keys, without the network: what the engines take on this machine, the slowest
    /// one of each removal. Ascending.
    pub worked: Vec<Duration>,
    /// The same with the network: the instants of the virtual clock, and that work. Ascending.
    pub switched: Vec<Duration>,
    /// From the order until the last frame was sealed that who was put out could read. Ascending.
    pub read: Vec<Duration>,
    /// Frames that they could read although their sender knew of the removal already.
    pub read_too_late: u64,
    /// What became of the frames of those who stayed.
    pub tallies: Tallies,
}

impl Changes {
    /// Fills a room for each seed, one every four seconds while all send, and lets everybody's keys be renewed.
    #[must_use]
    pub fn measure(seeds: Range<u64>, message_loss: f64) -> Self {
        let mut changes = Self::default();
        for seed in seeds {
            let mut room = Room::new(seed, message_loss);
            let mut at_us = SECOND_US;
            room.film_until((MEMBERS as u64 + 1) * 4 * SECOND_US);
            for _ in 1..MEMBERS {
                room.run_until(at_us);
                room.enter();
                at_us += 4 * SECOND_US;
            }
            room.run_until(598 * SECOND_US);
            room.film_until(640 * SECOND_US);
            room.run_until(645 * SECOND_US);
            room.conclude();
            changes.rooms += 1;
            changes.tallies.add(&room.tallies);
        }
        changes
    }
}

impl Removals {
    /// Puts somebody out of a full room again and again, while all send; another one comes each time.
    #[must_use]
    pub fn measure(count: usize, message_loss: f64) -> Self {
        let mut removals = Self::default();
        let mut room = Self::full_room(0, message_loss);
        for number in 0..count {
            if number > 0 && number.is_multiple_of(REMOVALS_OF_A_ROOM) {
                removals.tallies.add(&room.tallies);
                room = Self::full_room(number as u64, message_loss);
            }
            removals.put_out(&mut room);
        }
        removals.tallies.add(&room.tallies);
        removals.worked.sort_unstable();
        removals.switched.sort_unstable();
        removals.read.sort_unstable();
        removals
    }

    fn full_room(seed: u64, message_loss: f64) -> Room {
        let mut room = Room::new(seed, message_loss);
        for _ in 1..MEMBERS {
            room.enter();
            room.run_until(room.now_us + 5 * SECOND_US);
        }
        // What the joins cost is measured elsewhere.
        room.tallies = Tallies::default();
        room
    }

    fn put_out(&mut self, room: &mut Room) {
        let begins_us = room.now_us;
        room.film_until(begins_us + 3 * SECOND_US);
        let ordered_us = begins_us + SECOND_US / 2 + room.dice.below(SECOND_US / 4);
        room.run_until(ordered_us);
        let who = 1 + room.dice.below(room.members.len() as u64 - 1) as usize;
        room.put_out(who);
        room.run_until(begins_us + 5 * SECOND_US);
        room.conclude();
        let Some(thief) = room.thief.take() else { return };
        let since = |at_us: u64| Duration::from_micros(at_us.saturating_sub(ordered_us));
        let worked = room.members.iter().map(|member| member.switching).max().unwrap_or_default();
        let switched_us = room.members.iter().filter_map(|member| member.switched).map(|(_, at_us)| at_us).max();
        self.worked.push(worked);
        self.switched.push(since(switched_us.unwrap_or(u64::MAX)) + worked);
        self.read.push(thief.read_us.map_or(Duration::ZERO, since));
        self.read_too_late += thief.read_too_late;
        room.enter();
        room.run_until(room.now_us + 5 * SECOND_US);
    }
}

/// The value below which a share of ascending values lies.
#[must_use]
pub fn quantile(values: &[Duration], share: f64) -> Duration {
    let at = (values.len() as f64 * share) as usize;
    values.get(at.min(values.len().saturating_sub(1))).copied().unwrap_or_default()
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tallies { two_phase, at_once, at_once_dropping, changes, .. } = &self.tallies;
        writeln!(f, "{} rooms of {MEMBERS}: {} joins, {} renewals", self.rooms, changes[0], changes[1])?;
        writeln!(f, "{} frames refused, {} messages not taken\n", self.tallies.refused, self.tallies.not_taken)?;
        writeln!(
            f,
            "| change | switching | frames arrived | lost by the change | waited for their key | longest wait |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|")?;
        let ways = [("two-phase", two_phase), ("at once, held", at_once), ("at once, dropped", at_once_dropping)];
        for (change, cause, is_new) in [
            ("join, between those who were there", Cause::Join, false),
            ("join, to and from who comes", Cause::Join, true),
            ("renewal", Cause::Renewal, false),
        ] {
            for (way, by_cause) in ways {
                let tally = if is_new { by_cause.newcomer(cause) } else { by_cause.present(cause) };
                write_row(f, change, way, &tally)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Removals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} removals from rooms of {MEMBERS}\n", self.worked.len())?;
        writeln!(f, "| from the order | p50 | p99 | max |\n|---|---|---|---|")?;
        for (name, values) in [
            ("until every sender seals with other keys, without the network", &self.worked),
            ("until every sender seals with other keys, with it", &self.switched),
            ("until the last frame sealed that who was put out could read", &self.read),
        ] {
            let [p50, p99, max] = [0.5, 0.99, 1.0].map(|share| quantile(values, share).as_secs_f64() * 1e3);
            writeln!(f, "| {name} | {p50:.1} ms | {p99:.1} ms | {max:.1} ms |")?;
        }
        writeln!(f, "\nread although the sender knew of the removal: {} frames\n", self.read_too_late)?;
        writeln!(
            f,
            "| change | switching | frames arrived | lost by the change | waited for their key | longest wait |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|")?;
        write_row(
            f,
            "removal, between those who stay",
            "at once, held",
            &self.tallies.two_phase.present(Cause::Removal),
        )
    }
}

fn write_row(f: &mut fmt::Formatter<'_>, change: &str, way: &str, tally: &Tally) -> fmt::Result {
    let Tally { arrived, lost, waited, longest_wait_us } = tally;
    let longest_ms = *longest_wait_us as f64 / 1e3;
    writeln!(f, "| {change} | {way} | {arrived} | {lost} | {waited} | {longest_ms:.0} ms |")
}
