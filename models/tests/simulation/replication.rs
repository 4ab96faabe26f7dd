//! Independent replications and what is compared with an exact answer.

use autoperf_models::distribution::Distribution;
use autoperf_models::record::Record;
use autoperf_models::simulation::{Class, Simulator, Site, Station, Step};

/// How long a run measures after a quarter of that time to warm up, and how many runs there are.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) seconds: f64,
    pub(crate) runs: u64,
}

/// Figures of each run.
#[derive(Default)]
pub(crate) struct Runs {
    pub(crate) throughput: Vec<f64>,
    pub(crate) response_s: Vec<f64>,
}

/// Runs a closed population.
pub(crate) fn closed(site: &Site, users: u32, plan: Plan) -> Runs {
    measure(site, plan, |simulator| simulator.set_users(users))
}

/// Runs Poisson arrivals, or what `between` says.
pub(crate) fn open(site: &Site, between: &Distribution, plan: Plan) -> Runs {
    measure(site, plan, |simulator| {
        simulator.set_arrivals(Some(between)).unwrap()
    })
}

fn measure(site: &Site, plan: Plan, load: impl Fn(&mut Simulator)) -> Runs {
    let mut runs = Runs::default();
    for seed in 0..plan.runs {
        let mut simulator = Simulator::new(site, seed).unwrap();
        load(&mut simulator);
        simulator.run_until(plan.seconds / 4.0, |_| {});
        let (mut count, mut sum_s) = (0.0, 0.0);
        simulator.run_until(plan.seconds * 1.25, |record: &Record| {
            if record.outcome.is_ok() {
                count += 1.0;
                sum_s += record.response_time_s();
            }
        });
        runs.throughput.push(count / plan.seconds);
        runs.response_s.push(sum_s / count);
    }
    runs
}

/// Mean of the runs with its standard error.
pub(crate) fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

/// Asserts that `truth` is within four standard errors of the mean, and that the error is below `tightness` of the truth,
/// so that the assertion says something.
pub(crate) fn assert_holds(values: &[f64], truth: f64, tightness: f64, what: &str) {
    let (mean, error) = mean_and_error(values);
    let distance = (mean - truth) / error;
    let said = format!("{what}: {mean} +- {error}, truth {truth}, {distance:.2} standard errors");
    println!("{said}");
    assert!(error < tightness * truth, "too noisy: {said}");
    assert!(distance.abs() < 4.0, "{said}");
}

pub(crate) fn exponential(mean: f64) -> Distribution {
    Distribution::exponential(mean).unwrap()
}

pub(crate) fn visit(station: usize, mean: f64) -> Step {
    Step::visit(station, exponential(mean))
}

/// One class that visits the stations once each, with exponential demands and think time.
pub(crate) fn line_of(stations: Vec<Station>, demands_s: &[f64], think_s: f64) -> Site {
    let route = demands_s
        .iter()
        .enumerate()
        .map(|(station, mean)| visit(station, *mean))
        .collect();
    Site::of_one_class(stations, Class::new("page", route, exponential(think_s)))
}
