//! What may happen to people, networks and servers, and the plan that a seed draws of it.

use std::ops::Range;

use colloque_network::{Conditions, Dice};

use super::access::{draw_conditions, draw_good_conditions};
use super::device::Honesty;
use super::recorder::Storage;

/// Something that happens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Act {
    Arrive(usize),
    Leave(usize),
    ClosePage {
        device: usize,
        is_told: bool,
    },
    Reload {
        device: usize,
        is_told: bool,
    },
    TakeOver(usize),
    Retry(usize),
    Answer(usize),
    NotifyAgain(usize),
    Admit(usize),
    Refuse(usize),
    End(usize),
    AnnounceDelay(usize),
    Microphone(usize),
    Camera(usize),
    Visible(usize),
    Networks {
        device: usize,
        conditions: Conditions,
    },
    GoDark(usize),
    GoBright(usize),
    Move(usize),
    BreakStream {
        device: usize,
        is_told: bool,
    },
    Be {
        device: usize,
        honesty: Honesty,
    },
    WithdrawConsent(usize),
    GiveConsent(usize),
    SignOut(usize),
    MoveAppointment(usize),
    EndElsewhere(usize),
    IssueDocument(usize),
    Storage(Storage),
    Crash {
        is_reset: bool,
        down_ms: u64,
    },
    Stop {
        down_ms: u64,
    },
    Stall {
        for_ms: u64,
    },
    /// Everything becomes good, and stays so.
    Calm,
    /// Everybody goes.
    Farewell,
}

/// Who and what there is to a plan.
pub(super) struct Cast {
    /// Numbers of the devices for consultations, the first of each person first.
    pub(super) devices: Vec<usize>,
    pub(super) desks: Vec<usize>,
    pub(super) consultations: usize,
    pub(super) people: usize,
}

/// The span in which everybody comes, in milliseconds.
const ARRIVALS_MS: Range<u64> = 0..8_000;

/// Draws a plan: what happens, and when, in milliseconds, up to the calm.
pub(super) fn draw(dice: &mut Dice, cast: &Cast) -> Vec<(u64, Act)> {
    let mut plan = Vec::new();
    for device in &cast.devices {
        // Second devices come later, or never.
        let at_ms = ARRIVALS_MS.start + dice.below(ARRIVALS_MS.end);
        plan.push((at_ms, Act::Arrive(*device)));
    }
    for desk in &cast.desks {
        plan.push((dice.below(5_000), Act::Arrive(*desk)));
    }
    let length_ms = 12_000 + dice.below(70_000);
    // Some seeds are quiet, some are wild.
    let acts = [2, 6, 12, 25, 50][dice.below(5) as usize];
    for _ in 0..acts {
        draw_act(dice, cast, 4_000 + dice.clone().below(length_ms), &mut plan);
        dice.bits();
    }
    plan.push((length_ms + 6_000, Act::Calm));
    plan.sort_by_key(|(at_ms, _)| *at_ms);
    plan
}

fn pick(dice: &mut Dice, from: &[usize]) -> usize {
    from.get(dice.below(from.len() as u64) as usize).copied().unwrap_or(0)
}

fn draw_act(dice: &mut Dice, cast: &Cast, at_ms: u64, plan: &mut Vec<(u64, Act)>) {
    let device = pick(dice, &cast.devices);
    let consultation = dice.below(cast.consultations as u64) as usize;
    let is_told = dice.is(0.5);
    let mut then = |after_ms: u64, act: Act| plan.push((at_ms + after_ms, act));
    match dice.below(46) {
        0 | 1 => {
            then(0, Act::Leave(device));
            then(dice.below(10_000), Act::Arrive(device));
        }
        2 => then(0, Act::ClosePage { device, is_told }),
        3..=6 => then(0, Act::Reload { device, is_told }),
        7 => then(0, Act::TakeOver(device)),
        8 => then(0, Act::Retry(device)),
        9 => then(0, Act::Answer(device)),
        10 => then(0, Act::NotifyAgain(device)),
        11..=13 => then(0, Act::Admit(device)),
        14 => then(0, Act::Refuse(device)),
        15 => then(0, Act::End(device)),
        16 => then(0, Act::AnnounceDelay(device)),
        17 => {
            then(0, Act::Microphone(device));
            then(dice.below(5_000), Act::Microphone(device));
        }
        18 => then(0, Act::Camera(device)),
        19 => {
            then(0, Act::Visible(device));
            then(dice.below(8_000), Act::Visible(device));
        }
        20..=22 => {
            then(0, Act::Networks { device, conditions: draw_conditions(dice) });
            then(dice.below(20_000), Act::Networks { device, conditions: draw_good_conditions(dice) });
        }
        23..=26 => {
            then(0, Act::GoDark(device));
            then([500, 3_000, 8_000, 20_000, 45_000][dice.below(5) as usize], Act::GoBright(device));
        }
        27..=29 => then(0, Act::Move(device)),
        30 | 31 => then(0, Act::BreakStream { device, is_told }),
        32 | 33 => {
            let honesty = [Honesty::Late, Honesty::Reuses, Honesty::Steals, Honesty::Forges, Honesty::WrongKey];
            let honesty = honesty[dice.below(5) as usize];
            then(0, Act::Be { device, honesty });
            then(dice.below(1_000), Act::Reload { device, is_told });
            then(5_000 + dice.below(15_000), Act::Be { device, honesty: Honesty::Honest });
        }
        34 | 35 => {
            then(0, Act::WithdrawConsent(consultation));
            then(dice.below(15_000), Act::GiveConsent(consultation));
        }
        36 => then(0, Act::SignOut(dice.below(cast.people as u64) as usize)),
        37 => then(0, Act::MoveAppointment(consultation)),
        38 => then(0, Act::EndElsewhere(consultation)),
        39 => then(0, Act::IssueDocument(consultation)),
        40 | 41 => {
            let storage = [Storage::Slow, Storage::Failing, Storage::Silent][dice.below(3) as usize];
            then(0, Act::Storage(storage));
            then(500 + dice.below(15_000), Act::Storage(Storage::Fine));
        }
        42 | 43 => {
            let down_ms = [150, 1_000, 4_000, 12_000][dice.below(4) as usize];
            then(0, Act::Crash { is_reset: is_told, down_ms });
        }
        44 => then(0, Act::Stop { down_ms: 200 + dice.below(5_000) }),
        _ => then(0, Act::Stall { for_ms: [30, 300, 2_000, 6_000][dice.below(4) as usize] }),
    }
}
