//! What bad links leave of a call of two, over many seeds: losses by chance, a drop and a rise of what a link carries.

use std::fmt;
use std::ops::Range;

use colloque_network::{Conditions, Dice};

use crate::hall::{Hall, good_network};

/// A way between a participant and the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the participant to the server.
    Up,
    /// From the server to the participant.
    Down,
}

/// What a drop and a rise of what a link carries do to who is behind it.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Share of the voice concealed in the 20 s after the drop, between 0 and 1.
    pub concealed: f64,
    /// The same without the first 1.8 s of them.
    pub concealed_later: f64,
    /// Longest piece of the voice concealed in the 20 s after the drop, in seconds.
    pub longest_concealed: f64,
    /// Longest time in which nothing new of the voice arrived in the 20 s after the drop, in seconds.
    pub longest_wait: f64,
    /// From the rise until nine tenths of what the link carries arrived over half a second, in seconds; infinite when that takes
    /// longer than half a minute.
    pub back: f64,
}

/// What is used of a link that loses by chance, each as a share of what its losses leave of it, between 0 and 1.
#[derive(Debug, Clone, Copy)]
pub struct Use {
    /// All media that arrive, with their headers, repairs and probes; above 1 where more is sent than the link carries, because
    /// what is lost takes no room on it.
    pub arrived: f64,
    /// The pictures that are shown, without headers.
    pub shown: f64,
}

/// A figure, once for each seed.
#[derive(Debug)]
pub struct Figure {
    /// What it says.
    pub name: String,
    /// What is wanted of it; empty when nothing is.
    pub target: &'static str,
    /// Its values, ascending.
    pub values: Vec<f64>,
    unit: &'static str,
    decimals: usize,
}

/// The figures of a call of two over bad links; written as a table.
#[derive(Debug)]
pub struct Links {
    /// The figures, in the order of the table.
    pub figures: Vec<Figure>,
}

impl Links {
    /// Measures every figure once for each seed.
    #[must_use]
    pub fn measure(seeds: Range<u64>) -> Self {
        let mut figures = Vec::new();
        for (way, has_pictures, name) in [
            (Way::Down, true, "on the way from the server"),
            (Way::Down, false, "on the way from the server, cameras paused"),
            (Way::Up, true, "on the way to the server"),
        ] {
            for (loss, target) in VOICE_TARGETS {
                let name = format!("voice concealed, {:.0} % lost {name}", loss * 100.0);
                let values = seeds.clone().map(|seed| voice_concealed(seed, way, loss, has_pictures) * 100.0);
                figures.push(Figure::new(name, target, values, "%", 2));
            }
        }
        let steps: Vec<Step> = seeds.clone().map(step).collect();
        let mut of_steps = |name: &str, target, unit, decimals, value: fn(&Step) -> f64| {
            let name = format!("2.5 Mbit/s → 200 kbit/s → 2.5 Mbit/s: {name}");
            figures.push(Figure::new(name, target, steps.iter().map(value), unit, decimals));
        };
        of_steps("longest time without new voice after the drop", "", "s", 2, |step| step.longest_wait);
        of_steps("longest piece of voice concealed", "0 s", "s", 2, |step| step.longest_concealed);
        of_steps("voice concealed in the 20 s after the drop", "", "%", 2, |step| step.concealed * 100.0);
        of_steps("the same from 1.8 s after it", "", "%", 2, |step| step.concealed_later * 100.0);
        of_steps("90 % used again after", "≤ 5 s", "s", 1, |step| step.back);
        let uses: Vec<Use> = seeds.map(use_under_loss).collect();
        let mut of_uses = |name: &str, target, value: fn(&Use) -> f64| {
            let name = format!("20 % lost on 3 Mbit/s: {name}");
            figures.push(Figure::new(name, target, uses.iter().map(value), "%", 0));
        };
        of_uses("used of 2.4 Mbit/s", "≥ 70 %", |shares| shares.arrived * 100.0);
        of_uses("used of 3 Mbit/s", "", |shares| shares.arrived * (1.0 - LOSSY_LOSS) * 100.0);
        of_uses("pictures shown, without repairs and headers, of 2.4 Mbit/s", "", |shares| shares.shown * 100.0);
        Self { figures }
    }
}

impl Figure {
    fn new(
        name: String,
        target: &'static str,
        values: impl Iterator<Item = f64>,
        unit: &'static str,
        decimals: usize,
    ) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_unstable_by(f64::total_cmp);
        Self { name, target, values, unit, decimals }
    }

    /// The value in the middle; of an even number of them, the mean of the two there.
    #[must_use]
    pub fn median(&self) -> Option<f64> {
        let middle = self.values.get((self.values.len().checked_sub(1)?) / 2)?;
        let next = self.values.get(self.values.len() / 2)?;
        Some(f64::midpoint(*middle, *next))
    }
}

impl fmt::Display for Links {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seeds = self.figures.first().map_or(0, |figure| figure.values.len());
        writeln!(out, "| call of two, {seeds} seeds | target | median (min–max) |")?;
        writeln!(out, "|---|---|---|")?;
        self.figures.iter().try_for_each(|figure| writeln!(out, "{figure}"))
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, target, values, unit, decimals } = self;
        write!(out, "| {name} | {target} | ")?;
        let (Some(least), Some(median), Some(most)) = (values.first(), self.median(), values.last()) else {
            return write!(out, "|");
        };
        write!(out, "{median:.decimals$} ({least:.decimals$}–{most:.decimals$}) {unit} |")
    }
}

/// Share of a minute of voice that is concealed where one way of the link of one of two loses by chance, between 0 and 1; cameras are
/// sent as well, or pause from the tenth second on.
#[must_use]
pub fn voice_concealed(seed: u64, way: Way, loss: f64, has_pictures: bool) -> f64 {
    let mut hall = Hall::of_two(seed, good_network());
    let lossy = |conditions: &mut Conditions| conditions.loss = loss;
    match way {
        Way::Up => hall.set_up(1, lossy),
        Way::Down => hall.set_down(1, lossy),
    }
    hall.run(10.0);
    if !has_pictures {
        hall.pause_pictures();
    }
    hall.run(60.0);
    let hears = match way {
        Way::Up => 0,
        Way::Down => 1,
    };
    hall.seats[hears].participant.voices.concealed(hall.ago(60.0), hall.ago(0.5))
}

/// From 2.5 Mbit/s to 200 kbit/s for 20 s and back, on the way from the server; within a second, the seed says when.
#[must_use]
pub fn step(seed: u64) -> Step {
    let mut dice = Dice::new(seed);
    let mut hall = Hall::of_two(seed, Conditions { rate_bps: Some(STEP_BPS), ..good_network() });
    hall.run(10.0 + dice.fraction());
    hall.set_down(1, |conditions| conditions.rate_bps = Some(DROPPED_BPS));
    hall.run(20.0);
    let (since, until) = (hall.ago(20.0), hall.ago(0.5));
    let voices = &hall.seats[1].participant.voices;
    let concealed = voices.concealed(since, until);
    let concealed_later = voices.concealed(hall.ago(18.2), until);
    let longest_concealed = voices.longest_concealed(since, until).as_secs_f64();
    let longest_wait = voices.longest_wait(since, until).as_secs_f64();
    hall.run(dice.fraction());
    hall.set_down(1, |conditions| conditions.rate_bps = Some(STEP_BPS));
    let looks = (1..=300).find(|_| {
        hall.run(0.1);
        let arrived = hall.seats[1].participant.arrived_bps(hall.ago(0.5), hall.now());
        arrived >= STEP_BPS * 9 / 10
    });
    let back = looks.map_or(f64::INFINITY, |looks| f64::from(looks) / 10.0);
    Step { concealed, concealed_later, longest_concealed, longest_wait, back }
}

/// What is used, from the tenth second on, of 3 Mbit/s with 20 % lost by chance each way.
#[must_use]
pub fn use_under_loss(seed: u64) -> Use {
    let conditions = Conditions { rate_bps: Some(LOSSY_BPS), loss: LOSSY_LOSS, ..good_network() };
    let mut hall = Hall::of_two(seed, conditions);
    hall.run(30.0);
    let (since, until) = (hall.ago(20.0), hall.now());
    let left = LOSSY_BPS as f64 * (1.0 - LOSSY_LOSS);
    let participant = &hall.seats[1].participant;
    let [arrived, shown] = [participant.arrived_bps(since, until), participant.pictures.shown_bps(since, until)];
    Use { arrived: arrived as f64 / left, shown: shown as f64 / left }
}

/// Speed of the link before the drop and after the rise, and between them, in bits per second.
const STEP_BPS: u64 = 2_500_000;
const DROPPED_BPS: u64 = 200_000;
/// Speed of the link that loses by chance, in bits per second, and the share that it loses.
const LOSSY_BPS: u64 = 3_000_000;
const LOSSY_LOSS: f64 = 0.2;
/// Shares lost by chance, with what may then be missing of a voice.
const VOICE_TARGETS: [(f64, &str); 4] = [(0.05, "≤ 0.1 %"), (0.1, "≤ 0.3 %"), (0.2, "≤ 1 %"), (0.3, "≤ 3 %")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_every_figure_within_what_can_be() {
        let links = Links::measure(3..4);
        let most = |name: &str| match name {
            name if name.starts_with("voice concealed") => 15.0,
            name if name.contains("concealed in the 20 s") => 10.0,
            name if name.contains(": the same") || name.contains(": longest") => 2.0,
            name if name.contains("used again") => 5.0,
            _ => 130.0,
        };
        for figure in &links.figures {
            let median = figure.median().expect("one seed is one value");
            assert!((0.0..=most(&figure.name)).contains(&median), "{figure}");
        }
        assert_eq!(links.figures.len(), 20);
        assert_eq!(links.to_string().lines().count(), 22);
    }

    #[test]
    fn a_figure_is_written_with_its_middle_and_its_ends() {
        let figure = Figure::new("voice".into(), "≤ 3 %", [4.0, 1.0, 2.0, 9.0].into_iter(), "%", 1);
        assert_eq!(figure.to_string(), "| voice | ≤ 3 % | 3.0 (1.0–9.0) % |");
        let empty = Figure::new("voice".into(), "", std::iter::empty(), "%", 1);
        assert_eq!(empty.to_string(), "| voice |  | |");
    }
}
