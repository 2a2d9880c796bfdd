//! `colloque-sim`: whole consultations in memory, many seeds long.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use colloque_sim::batch::{Batch, Failure};
use colloque_sim::links::Links;
use colloque_sim::meter::Counting;
use colloque_sim::rekey::{Changes, Removals};
use colloque_sim::{Hall, good_network, world};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[derive(Parser)]
#[command(name = "colloque-sim", version, about = "Whole consultations in memory, from seeds")]
struct Arguments {
    /// Seeds to run; 10 000, or 20 with `--links` and `--rekey`.
    #[arg(long)]
    seeds: Option<u64>,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Worlds side by side.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Lines of the trace printed for a seed that fails.
    #[arg(long, default_value_t = 12)]
    lines: usize,
    /// Runs this seed alone and prints all that happens in it.
    #[arg(long)]
    trace: Option<u64>,
    /// Measures instead how fast the media of rooms of two and of five pass, and prints it.
    #[arg(long)]
    pace: bool,
    /// Measures instead what bad links leave of the media of a room of two, and prints a table.
    #[arg(long, conflicts_with = "pace")]
    links: bool,
    /// Measures instead what changes of the end-to-end keys cost rooms of eight, and prints tables.
    #[arg(long, conflicts_with_all = ["pace", "links"])]
    rekey: bool,
    /// Removals that are measured with `--rekey`.
    #[arg(long, default_value_t = 2_000)]
    removals: usize,
}

/// Seconds of a room that are measured.
const PACED_SECONDS: f64 = 60.0;
/// Seeds where nothing else is said: of worlds, and of rooms over bad links.
const SEEDS: u64 = 10_000;
const LINK_SEEDS: u64 = 20;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(seed) = arguments.trace {
        let outcome = world::run_aloud(seed);
        println!("{:.1} s, {} packets heard, digest {}", outcome.seconds, outcome.heard, outcome.digest);
        return if outcome.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    if arguments.pace {
        for (parties, sends_little) in [(2, true), (5, true), (2, false), (5, false)] {
            print_pace(parties, sends_little);
        }
        return ExitCode::SUCCESS;
    }
    let seeds = arguments.seeds.unwrap_or(if arguments.links || arguments.rekey { LINK_SEEDS } else { SEEDS });
    let seeds = arguments.from..arguments.from.saturating_add(seeds);
    if arguments.links {
        print!("{}", Links::measure(seeds));
        return ExitCode::SUCCESS;
    }
    if arguments.rekey {
        for message_loss in [0.0, 0.05] {
            println!("datagrams of messages lost, and sent again: {:.0} %\n", message_loss * 100.0);
            println!("{}", Changes::measure(seeds.clone(), message_loss));
            println!("{}", Removals::measure(arguments.removals, message_loss));
        }
        return ExitCode::SUCCESS;
    }
    let batch = Batch::run(seeds, arguments.threads, |failure| print(failure, arguments.lines));
    print_summary(&batch);
    if batch.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print(failure: &Failure, lines: usize) {
    println!("seed {} fails", failure.seed);
    for fault in &failure.faults {
        println!("  {:.3} s: {}: {}", fault.at_ms as f64 / 1_000.0, fault.rule, fault.detail);
    }
    let skipped = failure.trace.len().saturating_sub(lines);
    for line in failure.trace.iter().skip(skipped) {
        println!("    {line}");
    }
}

/// Lets a room of media pass, without signaling, and prints how much faster than real time that went.
fn print_pace(parties: usize, sends_little: bool) {
    let mut hall = Hall::new(1);
    for _ in 0..parties {
        hall.join_at_once(1, good_network());
    }
    if sends_little {
        hall.send_little();
    }
    hall.run(2.0);
    let begun_at = Instant::now();
    hall.run(PACED_SECONDS);
    let factor = PACED_SECONDS / begun_at.elapsed().as_secs_f64();
    let picture = if sends_little { "small pictures" } else { "full pictures" };
    println!("{parties} people, {picture}: {factor:.0} times real time");
}

fn print_summary(batch: &Batch) {
    let factor = batch.simulated_seconds / batch.busy_seconds.max(1e-9);
    println!("{} seeds, {} failed", batch.seeds, batch.failed.len());
    println!(
        "{:.0} simulated seconds in {:.1} s: {factor:.0} times real time, each thread",
        batch.simulated_seconds, batch.real_seconds
    );
    println!("{} entries, {} packets of media heard", batch.entries, batch.heard);
    println!("{} of them before a card that was on its way", batch.unseen);
    let [median, most, all] = [0.5, 0.99, 1.0].map(|share| batch.healed_within_ms(share) as f64 / 1_000.0);
    println!(
        "both heard within {median:.2} s (median), {most:.2} s (99 of 100), {all:.2} s (all {})",
        batch.healed_ms.len()
    );
    let [median, most, all] = [0.5, 0.99, 1.0].map(|share| batch.sealed_within_ms(share) as f64 / 1_000.0);
    println!(
        "sealed {median:.2} s later (median), {most:.2} s (99 of 100), {all:.2} s (all {})",
        batch.sealed_ms.len()
    );
    for (name, peak) in &batch.peaks {
        println!("at most {peak} {name}");
    }
    let seeds: Vec<String> = batch.failed.iter().map(|failure| failure.seed.to_string()).collect();
    if !seeds.is_empty() {
        println!("failed: {}", seeds.join(" "));
    }
}
