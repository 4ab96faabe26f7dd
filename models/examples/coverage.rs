//! How often the level monitor's 95 % intervals contain the truth, on simulated sites of which the truth is known.
//!
//! `cargo run --release -p autoperf-models --example coverage [seeds]` prints docs/coverage.md: about ten minutes with 1000 seeds.

use autoperf_models::Estimate;
use autoperf_models::distribution::Distribution;
use autoperf_models::level::{Bin, LevelMonitor, LevelState, Precision, Steadiness};
use autoperf_models::simulation::{
    Class, LevelRun, Pool, Simulator, Site, SiteError, Station, Step, reference_curve,
};
use std::ops::ControlFlow;

/// Virtual seconds of the long simulations that stand for the truth where no exact answer exists.
const TRUTH_S: f64 = 100_000.0;
/// Virtual seconds at half of the users before the level begins.
const BEFORE_S: f64 = 20.0;

struct System {
    name: &'static str,
    site: Site,
    users: u32,
}

struct Truth {
    throughput_per_s: f64,
    response_time_s: f64,
    exact: bool,
}

/// What one level gave.
struct Run {
    covered: [bool; 2],
    naive: [bool; 2],
    width: [f64; 2],
    responses: u64,
    length_s: f64,
    steady: bool,
}

fn exponential(mean: f64) -> Distribution {
    Distribution::Exponential { mean }
}

fn erlang4(mean: f64) -> Distribution {
    Distribution::Erlang { stages: 4, mean }
}

fn cv3(mean: f64) -> Distribution {
    Distribution::Hyperexponential { mean, cv: 3.0 }
}

fn one(name: &'static str, station: Station, demand: Distribution, think_s: f64, users: u32) -> System {
    let class = Class::new("page", vec![Step::visit(0, demand)], exponential(think_s));
    let site = Site::of_one_class(vec![station], class);
    System { name, site, users }
}

fn fcfs() -> Station {
    Station::fcfs("cpu", 1)
}

fn sharing() -> Station {
    Station::sharing("cpu", 1)
}

/// Web, application and database, each visited once.
fn tiers() -> System {
    let stations = vec![
        Station::sharing("web", 2),
        Station::sharing("app", 4),
        Station::fcfs("db", 1),
    ];
    let route = vec![
        Step::visit(0, cv3(0.010)),
        Step::visit(1, erlang4(0.020)),
        Step::visit(2, exponential(0.006)),
    ];
    System {
        name: "saturated, 3 tiers PS/PS/FCFS",
        site: Site::of_one_class(stations, Class::new("page", route, exponential(1.0))),
        users: 220,
    }
}

/// A pool of eight connections is the limit, not a processor.
fn pooled() -> System {
    let stations = vec![Station::sharing("app", 2), Station::sharing("db", 4)];
    let route = vec![
        Step::Take(0),
        Step::visit(0, exponential(0.010)),
        Step::visit(1, exponential(0.040)),
        Step::Return(0),
    ];
    let mut site = Site::of_one_class(stations, Class::new("page", route, exponential(1.0)));
    site.pools.push(Pool::new("connections", 8));
    System {
        name: "pool of 8, at its limit",
        site,
        users: 115,
    }
}

fn systems() -> Vec<System> {
    vec![
        one("light load, FCFS, cv 1", fcfs(), exponential(0.01), 1.0, 30),
        one("light load, FCFS, cv 0.5", fcfs(), erlang4(0.01), 0.2, 8),
        one("light load, PS, cv 3", sharing(), cv3(0.01), 1.0, 30),
        one("knee, FCFS, cv 1, Z/D 10", fcfs(), exponential(0.01), 0.1, 11),
        one("knee, FCFS, cv 3, Z/D 10", fcfs(), cv3(0.01), 0.1, 11),
        one("knee, FCFS, cv 1, Z/D 100", fcfs(), exponential(0.01), 1.0, 101),
        one("knee, FCFS, cv 0.5, Z/D 100", fcfs(), erlang4(0.01), 1.0, 101),
        one("knee, PS, cv 3, Z/D 100", sharing(), cv3(0.01), 1.0, 101),
        one("saturated, FCFS, cv 1", fcfs(), exponential(0.01), 1.0, 150),
        one(
            "saturated, FCFS, 4 servers, cv 3",
            Station::fcfs("cpu", 4),
            cv3(0.04),
            1.0,
            150,
        ),
        tiers(),
        pooled(),
    ]
}

fn truth(system: &System) -> Result<Truth, SiteError> {
    let points = reference_curve(&system.site, &[system.users], TRUTH_S, 77)?;
    let point = points[0];
    Ok(Truth {
        throughput_per_s: point.throughput_per_s.value,
        response_time_s: point.response_time_s.map_or(f64::NAN, |r| r.value),
        exact: point.exact,
    })
}

fn level(system: &System, truth: &Truth, precision: Precision, seed: u64) -> Result<Run, SiteError> {
    let mut simulator = Simulator::new(&system.site, seed)?;
    simulator.run_level(
        LevelRun::new(system.users / 2, BEFORE_S),
        |_| {},
        |_, _| ControlFlow::Continue(()),
    );
    let mut monitor = LevelMonitor::new(precision);
    let mut bins: Vec<Bin> = Vec::new();
    let run = LevelRun::new(system.users, precision.max_level_s);
    let length_s = simulator.run_level(
        run,
        |_| {},
        |bin, _| {
            bins.push(*bin);
            monitor.observe(bin);
            match monitor.state() {
                LevelState::Done(_) => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        },
    );
    let measured = monitor.finish();
    let truths = [truth.throughput_per_s, truth.response_time_s];
    let estimates = [measured.throughput_per_s, measured.response_time_s];
    let contains = |e: [Option<Estimate>; 2]| [0, 1].map(|i| e[i].is_some_and(|e| e.contains(truths[i])));
    let since = bins.iter().filter(|b| b.start_s >= measured.since_s - 1e-9);
    Ok(Run {
        covered: contains(estimates),
        naive: contains(independent(since)),
        width: estimates.map(|e| e.map_or(f64::INFINITY, |e| e.relative_half_width())),
        responses: measured.completions,
        length_s,
        steady: matches!(measured.steadiness, Steadiness::Steady { .. }),
    })
}

/// Mean +- 1.96 standard errors as if responses came independently: what most tools print.
fn independent<'a>(bins: impl Iterator<Item = &'a Bin>) -> [Option<Estimate>; 2] {
    let (mut n, mut length_s, mut sum, mut squares) = (0.0, 0.0, 0.0, 0.0);
    for bin in bins {
        n += bin.completions as f64;
        length_s += bin.length_s;
        sum += bin.response_sum_s;
        squares += bin.response_sum_sq_s2;
    }
    let mean = sum / n;
    let error = ((squares / n - mean * mean).max(0.0) / n).sqrt();
    [
        Estimate::symmetric(n / length_s, 1.96 * n.sqrt() / length_s, n as u64),
        Estimate::symmetric(mean, 1.96 * error, n as u64),
    ]
}

fn percent(count: usize, of: usize) -> f64 {
    100.0 * count as f64 / of as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn print_row(system: &System, truth: &Truth, runs: &[Run]) {
    let share = |of: &dyn Fn(&Run) -> bool| percent(runs.iter().filter(|r| of(r)).count(), runs.len());
    let width = |i: usize| 100.0 * median(runs.iter().map(|r| r.width[i]).collect());
    println!(
        "| {} | {} | {:.2}{mark} | {:.4}{mark} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} k | {:.0} | {:.1} |",
        system.name,
        system.users,
        truth.throughput_per_s,
        truth.response_time_s,
        share(&|r| r.covered[0]),
        share(&|r| r.covered[1]),
        share(&|r| r.naive[0]),
        share(&|r| r.naive[1]),
        width(0),
        width(1),
        median(runs.iter().map(|r| r.responses as f64).collect()) / 1000.0,
        median(runs.iter().map(|r| r.length_s).collect()),
        share(&|r| !r.steady),
        mark = if truth.exact { "" } else { "~" },
    );
}

fn print_table(
    title: &str,
    precision: Precision,
    seeds: u64,
    truths: &[(System, Truth)],
) -> Result<(), SiteError> {
    println!("\n## {title}\n");
    println!(
        "| system | users | X, 1/s | R, s | X covered, % | R covered, % | naive X, % | naive R, % | +- X, % | +- R, % \
         | responses | level, s | not steady, % |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    for (system, truth) in truths {
        let runs: Result<Vec<Run>, SiteError> =
            (1..=seeds).map(|s| level(system, truth, precision, s)).collect();
        print_row(system, truth, &runs?);
    }
    Ok(())
}

const HEAD: &str = "\
# Coverage of a level's intervals

Generated by `cargo run --release -p autoperf-models --example coverage > docs/coverage.md`; the seeds are fixed.

How often the 95 % intervals of throughput X and mean response time R, as the level monitor gives them when its stop rule
ends the level, contain the true value. Each run simulates 20 s at half of the users and then the level, warm-up and all;
every run counts, whatever its verdict. *naive* is the interval most tools print: Poisson counts and mean +- 1.96 s/sqrt(n)
over the same responses as if they were independent. The truth is exact (product form), or, marked ~, from 100 000 s of
simulation. Widths, sizes and lengths are medians. With 1000 runs a coverage of 95 % shows as 93.6..96.4 %.";

fn main() -> Result<(), SiteError> {
    let seeds = std::env::args()
        .nth(1)
        .and_then(|a| a.parse().ok())
        .unwrap_or(1000);
    println!("{HEAD}");
    let mut truths = Vec::new();
    for system in systems() {
        let truth = truth(&system)?;
        truths.push((system, truth));
    }
    let patient = Precision {
        max_level_s: 3600.0,
        ..Precision::default()
    };
    print_table(
        "Ended by the stop rule (X +-3 %, R +-10 %)",
        patient,
        seeds,
        &truths,
    )?;
    print_table(
        "Cut off by the default time limit of 60 s",
        Precision::default(),
        seeds,
        &truths,
    )
}
