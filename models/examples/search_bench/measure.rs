//! A level on a simulated site, as the load engine and the profiler would deliver it.

#![expect(
    clippy::expect_used,
    reason = "a site of the bench that cannot be simulated is a mistake in the bench"
)]

use super::sites::Case;
use autoperf_models::Estimate;
use autoperf_models::level::{Bin, LevelMeasurement, LevelMonitor, LevelState, Precision};
use autoperf_models::search::{LevelOutcome, ResourceDemand};
use autoperf_models::simulation::{BinAggregator, Simulator};
use autoperf_models::statistics::special::students_t_quantile;

/// How long a level lasts.
#[derive(Clone, Copy)]
pub(crate) enum Timing {
    /// As long as the precision asks.
    Adaptive,
    /// So many seconds of warm-up, then so many that count.
    Fixed(f64, f64),
}

/// A running site under test.
pub(crate) struct Bench<'a> {
    case: &'a Case,
    simulator: Simulator,
}

/// Busy seconds at the end of each window.
type Busy = Vec<Vec<f64>>;

/// All that was seen of a level.
struct Seen {
    monitor: LevelMonitor,
    bins: Vec<Bin>,
    busy: Busy,
    /// Users who think at the end of each window.
    thinking: Vec<f64>,
    /// (end since the level's begin, response time), s.
    responses: Vec<(f64, f64)>,
}

impl<'a> Bench<'a> {
    pub(crate) fn new(case: &'a Case, seed: u64) -> Self {
        let simulator = Simulator::new(&case.site, seed).expect("a site drawn here can be simulated");
        Self { case, simulator }
    }

    /// Runs `users` and says what was seen.
    pub(crate) fn run(&mut self, users: u32, precision: &Precision, timing: Timing) -> LevelOutcome {
        let precision = match timing {
            Timing::Adaptive => *precision,
            Timing::Fixed(warm_s, counted_s) => Precision {
                warm_up: false,
                max_level_s: warm_s + counted_s,
                min_measured_s: 1e9,
                ..*precision
            },
        };
        let seen = self.watch(users, precision);
        let measurement = match timing {
            Timing::Adaptive => seen.monitor.finish(),
            Timing::Fixed(warm_s, _) => {
                let mut counted = LevelMonitor::new(precision);
                seen.bins
                    .iter()
                    .filter(|b| b.start_s >= warm_s - 1e-9)
                    .for_each(|b| counted.observe(b));
                counted.finish()
            }
        };
        let since_s = match timing {
            Timing::Adaptive => measurement.since_s,
            Timing::Fixed(warm_s, _) => warm_s,
        };
        self.outcome(users, &seen, &measurement, since_s)
    }

    /// Lets the level run as long as the monitor wants it.
    fn watch(&mut self, users: u32, precision: Precision) -> Seen {
        let begin_s = self.simulator.now_s();
        let mut seen = Seen {
            monitor: LevelMonitor::new(precision),
            bins: Vec::new(),
            busy: vec![self.busy()],
            thinking: Vec::new(),
            responses: Vec::new(),
        };
        let mut windows = BinAggregator::new(begin_s, 0.1);
        self.simulator.set_users(users);
        while !matches!(seen.monitor.state(), LevelState::Done(_)) {
            let until_s = begin_s + 0.1 * (seen.bins.len() + 1) as f64;
            self.simulator.run_until(until_s, |record| {
                windows.push(record);
                let end_s = record.end_ns as f64 * 1e-9 - begin_s;
                seen.responses.push((end_s, record.response_time_s()));
            });
            windows.close(until_s + 1e-6, |bin| {
                seen.monitor.observe(&bin);
                seen.bins.push(bin);
            });
            seen.thinking
                .push(f64::from(users) - self.simulator.in_flight() as f64);
            seen.busy.push(self.busy());
        }
        seen
    }

    fn outcome(&self, users: u32, seen: &Seen, measurement: &LevelMeasurement, since_s: f64) -> LevelOutcome {
        let (throughput, response) = (measurement.throughput_per_s, measurement.response_time_s);
        // The mean of the think times that ended would miss the long ones of a short level.
        let first = seen
            .bins
            .iter()
            .position(|b| b.start_s >= since_s - 1e-9)
            .unwrap_or(0);
        let idle = seen.thinking[first..].iter().sum::<f64>() / (seen.thinking.len() - first).max(1) as f64;
        let think_time_s = throughput.map_or(0.0, |x| idle.max(0.0) / x.value.max(1e-9));
        let counted = seen.responses.iter().filter(|(end_s, _)| *end_s > since_s);
        let mut measured: Vec<f64> = counted.map(|r| r.1).collect();
        measured.sort_by(f64::total_cmp);
        let gap = match (throughput, response) {
            (Some(x), Some(r)) => {
                (f64::from(users) - x.value * (r.value + think_time_s)).abs() / f64::from(users)
            }
            _ => 1.0,
        };
        LevelOutcome {
            users,
            throughput_per_s: throughput,
            response_time_s: response,
            quantiles_s: quantile(&measured, 0.95).map(|e| (0.95, e)).into_iter().collect(),
            think_time_s,
            demands: self.demands(&seen.bins, &seen.busy, since_s),
            error_share: 0.0,
            timeout_share: 0.0,
            steadiness: measurement.steadiness.clone(),
            generator_saturated: false,
            little_gap: gap,
            load_s: 0.1 * seen.bins.len() as f64,
        }
    }

    fn busy(&self) -> Vec<f64> {
        (0..self.case.servers.len())
            .map(|k| self.simulator.busy_s(k))
            .collect()
    }

    /// CPU seconds per transaction by the ratio estimator over ten windows.
    fn demands(&self, bins: &[Bin], busy: &Busy, since_s: f64) -> Vec<ResourceDemand> {
        let first = bins.iter().position(|b| b.start_s >= since_s - 1e-9).unwrap_or(0);
        let windows = 10.min(bins.len() - first).max(1);
        let edge = |w: usize| first + (bins.len() - first) * w / windows;
        let profiled = self
            .case
            .servers
            .iter()
            .enumerate()
            .filter_map(|(k, m)| Some((k, (*m)?)));
        let readings = profiled.filter_map(|(k, servers)| {
            let pairs: Vec<(f64, f64)> = (0..windows)
                .map(|w| {
                    let (from, to) = (edge(w), edge(w + 1));
                    let served: u64 = bins[from..to].iter().map(|b| b.completions).sum();
                    (busy[to][k] - busy[from][k], served as f64)
                })
                .collect();
            let served: f64 = pairs.iter().map(|p| p.1).sum();
            if served == 0.0 {
                return None;
            }
            let value = pairs.iter().map(|p| p.0).sum::<f64>() / served;
            let squares: f64 = pairs.iter().map(|p| (p.0 - value * p.1).powi(2)).sum();
            let n = windows as f64;
            let error = (squares / (n - 1.0).max(1.0) * n).sqrt() / served;
            let t = students_t_quantile(0.975, (n - 1.0).max(1.0))?;
            Some(ResourceDemand {
                resource: format!("tier {}", k + 1),
                demand_s: Estimate::symmetric(value, t * error, served as u64)?,
                servers: f64::from(servers),
                shares: None,
                whole_host: false,
            })
        });
        readings.collect()
    }
}

/// A quantile with its interval by ranks.
fn quantile(sorted: &[f64], q: f64) -> Option<Estimate> {
    let n = sorted.len() as f64;
    let spread = 1.96 * (n * q * (1.0 - q)).sqrt();
    let at = |rank: f64| {
        sorted
            .get((rank.max(0.0) as usize).min(sorted.len().saturating_sub(1)))
            .copied()
    };
    Estimate::new(
        at(n * q)?,
        at(n * q - spread)?,
        at(n * q + spread)?,
        sorted.len() as u64,
    )
}
