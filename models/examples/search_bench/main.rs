//! How well, and at what price, the strategies find the curve of two hundred simulated sites.
//!
//! `cargo run --release -p autoperf-models --example search_bench -- [--sites N] [--first I] [--only STRATEGY] [--family F]
//! [--verbose]`; sites are numbered from 0, `--first 200` takes another two hundred.

mod measure;
mod rivals;
mod score;
mod sites;
mod truth;

use autoperf_models::search::{
    AutoPerf, AutoPerfParameters, Finding, Ladder, LevelOutcome, ModelGuided, Next, Options, Strategy,
    ThinkTime,
};
use measure::{Bench, Timing};
use rivals::{Controller, Doubling, Rival};
use score::{Score, Trial};
use sites::{Case, FAMILIES};

const STRATEGIES: [&str; 5] = ["model-guided", "ladder", "autoperf", "doubling", "controller"];

struct Arguments {
    sites: usize,
    first: usize,
    only: Option<String>,
    family: Option<usize>,
    verbose: bool,
}

fn arguments() -> Arguments {
    let mut found = Arguments {
        sites: 200,
        first: 0,
        only: None,
        family: None,
        verbose: false,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--sites" => found.sites = words.next().and_then(|w| w.parse().ok()).unwrap_or(200),
            "--first" => found.first = words.next().and_then(|w| w.parse().ok()).unwrap_or(0),
            "--only" => found.only = words.next(),
            "--family" => found.family = words.next().and_then(|w| w.parse().ok()),
            "--verbose" => found.verbose = true,
            other => eprintln!("unknown argument {other}"),
        }
    }
    found
}

fn main() {
    let arguments = arguments();
    let indices = (arguments.first..arguments.first + 200)
        .filter(|i| arguments.family.is_none_or(|f| i % FAMILIES.len() == f))
        .take(arguments.sites);
    let mut metastable = 0;
    let mut scores: Vec<Score> = STRATEGIES.iter().map(|name| Score::new(name)).collect();
    for index in indices {
        let case = sites::case(index);
        metastable += usize::from(case.metastable);
        for score in &mut scores {
            if arguments.only.as_deref().is_none_or(|only| only == score.name) {
                let trial = trial(score.name, &case, index as u64, arguments.verbose);
                if arguments.verbose {
                    println!(
                        "{index:3} {:16} {:13} N*={:<7.1} X={:<7.2} Z={:<6.2} {}",
                        FAMILIES[case.family],
                        score.name,
                        case.saturation_users,
                        case.capacity,
                        case.think_s,
                        trial.line()
                    );
                }
                score.add(trial);
            }
        }
    }
    score::print(&scores);
    println!("\nSites with two lasting states: {metastable}.");
}

fn trial(name: &str, case: &Case, seed: u64, verbose: bool) -> Trial {
    let mut bench = Bench::new(case, seed);
    let think_time = Some(ThinkTime {
        mean_s: case.think_s,
        cv: if case.think_s > 0.0 { 1.0 } else { 0.0 },
    });
    let options = Options {
        think_time,
        ..Options::default()
    };
    match name {
        "model-guided" => follow(
            &mut ModelGuided::new(options),
            &mut bench,
            Timing::Adaptive,
            case,
            verbose,
        ),
        "ladder" => {
            let top = (1.5 * case.saturation_users).ceil() as u32;
            let options = Options {
                max_users: Some(top.max(2)),
                ..options
            };
            follow(
                &mut Ladder::new(options),
                &mut bench,
                Timing::Fixed(20.0, 60.0),
                case,
                false,
            )
        }
        "autoperf" => {
            let mut options = options;
            options.precision.response_time = 0.1;
            follow(
                &mut AutoPerf::new(options, AutoPerfParameters::default()),
                &mut bench,
                Timing::Adaptive,
                case,
                false,
            )
        }
        "doubling" => rival(&mut Doubling::default(), &mut bench, case),
        _ => rival(&mut Controller::default(), &mut bench, case),
    }
}

fn follow(
    strategy: &mut dyn Strategy,
    bench: &mut Bench,
    timing: Timing,
    case: &Case,
    verbose: bool,
) -> Trial {
    let (mut load_s, mut levels) = (0.0, 0);
    let mut next = strategy.next(None);
    loop {
        match next {
            Next::Run(plan) => {
                let outcome = bench.run(plan.users, &plan.precision, timing);
                load_s += outcome.load_s;
                levels += 1;
                if verbose {
                    show(&outcome, &plan.why);
                }
                next = strategy.next(Some(&outcome));
            }
            Next::Done(finding) => {
                if verbose {
                    println!("    {:?} {:?}", finding.verdict, finding.reasons);
                    println!(
                        "    X {:?} N* {:?}",
                        finding.max_throughput_per_s.map(|e| (e.low, e.value, e.high)),
                        finding.saturation_users.map(|e| (e.low, e.value, e.high))
                    );
                }
                return Trial::of(&finding, load_s, levels, case);
            }
        }
    }
}

fn show(outcome: &LevelOutcome, why: &str) {
    let x = outcome
        .throughput_per_s
        .map_or((0.0, 0.0), |e| (e.value, 100.0 * e.relative_half_width()));
    let r = outcome
        .response_time_s
        .map_or((0.0, 0.0), |e| (e.value, 100.0 * e.relative_half_width()));
    let d = outcome
        .demands
        .iter()
        .map(|d| d.demand_s.value / d.servers)
        .fold(0.0, f64::max);
    println!(
        "    {:6} X {:8.3} ±{:4.1}% R {:8.4} ±{:5.1}% Z {:.3} 1/D {:8.3} {:5.1} s {:?} | {why}",
        outcome.users,
        x.0,
        x.1,
        r.0,
        r.1,
        outcome.think_time_s,
        1.0 / d,
        outcome.load_s,
        outcome.steadiness
    );
}

fn rival(rival: &mut dyn Rival, bench: &mut Bench, case: &Case) -> Trial {
    let mut outcomes: Vec<LevelOutcome> = Vec::new();
    let mut last = None;
    while let Some(users) = rival.next(last.as_ref()) {
        let outcome = bench.run(users, &rivals::precision(), Timing::Adaptive);
        outcomes.push(outcome.clone());
        last = Some(outcome);
    }
    let load_s = outcomes.iter().map(|o| o.load_s).sum();
    let finding: Finding = autoperf_models::search::joined(&outcomes, &Options::default());
    Trial::of(&finding, load_s, outcomes.len(), case)
}
