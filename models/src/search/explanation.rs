//! What may explain a site's levels: the profiled resources alone, with a delay beside them, with a hidden pool or queue.

use super::fit::Observation;
use super::network::{self, Station};
use super::options::ThinkTime;
use super::outcome::ResourceDemand;
use super::site::NORMAL_95;

/// What the fit starts from.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    pub(crate) levels: Vec<Observation>,
    pub(crate) demands: Vec<ResourceDemand>,
    pub(crate) think: ThinkTime,
    /// Relative standard error of the mean think time.
    pub(crate) think_error: f64,
    /// Largest number of users that predictions are wanted for.
    pub(crate) reach: u32,
}

/// Relative standard error of the largest demand.
pub(crate) fn demand_error(demands: &[ResourceDemand]) -> f64 {
    let tightest = demands
        .iter()
        .max_by(|a, b| (a.demand_s.value / a.servers).total_cmp(&(b.demand_s.value / b.servers)));
    tightest.map_or(0.0, |d| (d.demand_s.relative_half_width() / NORMAL_95).min(0.5))
}

/// A site's rates before the correction, as one explanation has them.
pub(crate) struct Explanation {
    pub(crate) log_rates: Vec<f64>,
    /// Standard deviation of the response time without queueing, relative.
    pub(crate) offset: f64,
    /// As in [`Prior`].
    pub(crate) approach: f64,
    /// As in [`Prior`].
    pub(crate) knee_jobs: f64,
    pub(crate) weight: f64,
}

/// The stations that the levels speak of, and what each explanation makes of them.
struct Candidates<'a> {
    evidence: &'a Evidence,
    stations: Vec<Station>,
    response_s: f64,
    known_cap: f64,
    jobs: usize,
}

/// What may explain the levels, with prior weights.
pub(crate) fn explanations(evidence: &Evidence, jobs: usize) -> Vec<Explanation> {
    let stations: Vec<Station> = network::stations(&evidence.demands)
        .into_iter()
        .map(|(_, station)| station)
        .collect();
    let mut candidates = Candidates {
        evidence,
        response_s: evidence.unqueued_response_s(),
        known_cap: stations
            .iter()
            .map(Station::limit_per_s)
            .fold(f64::INFINITY, f64::min),
        stations,
        jobs,
    };
    let mut found = Vec::new();
    found.extend(candidates.profiled_alone());
    found.push(candidates.profiled_and_delay());
    found.extend(candidates.hidden_limits());
    found
}

impl Candidates<'_> {
    fn busy_s(&self) -> f64 {
        self.stations.iter().map(|s| s.demand_s).sum()
    }

    /// Transactions inside at which a limit is reached. Where none is known, every number of them may be it.
    fn knee(&self, cap: f64) -> f64 {
        if cap.is_finite() {
            (cap * self.response_s).max(1.0)
        } else {
            1.0
        }
    }

    /// The profiled resources are all there is.
    fn profiled_alone(&self) -> Option<Explanation> {
        let busy_s = self.busy_s();
        (busy_s > 0.0 && busy_s > 0.7 * self.response_s).then(|| Explanation {
            log_rates: network::log_rates(&self.stations, self.jobs),
            offset: 0.08,
            approach: 0.15,
            knee_jobs: self.knee(self.known_cap),
            weight: 0.4,
        })
    }

    /// What the profiled resources do not explain of R(1) is a delay. Adds that delay to the stations.
    fn profiled_and_delay(&mut self) -> Explanation {
        let rest_s = (self.response_s - self.busy_s()).max(0.0);
        if rest_s > 0.02 * self.response_s {
            self.stations.push(Station {
                demand_s: rest_s,
                servers: f64::INFINITY,
            });
        }
        Explanation {
            log_rates: network::log_rates(&self.stations, self.jobs),
            offset: 0.3,
            approach: if self.known_cap.is_finite() { 0.15 } else { 0.0 },
            knee_jobs: self.knee(self.known_cap),
            weight: 0.4,
        }
    }

    /// Where a plateau lies clearly below what the profiled resources allow: a pool around the site, or a queue beside them.
    fn hidden_limits(&mut self) -> Vec<Explanation> {
        let Some(seen) = self
            .evidence
            .seen_plateau()
            .filter(|&seen| seen < 0.93 * self.known_cap)
        else {
            return Vec::new();
        };
        let hidden = |log_rates, approach, knee_jobs| Explanation {
            log_rates,
            offset: 0.3,
            approach,
            knee_jobs,
            weight: 0.15,
        };
        let profiled = network::log_rates(&self.stations, self.jobs);
        let pool = profiled.iter().map(|rate| rate.min(seen.ln())).collect();
        if let Some(rest) = self.stations.iter_mut().find(|s| s.servers.is_infinite()) {
            rest.demand_s = (rest.demand_s - 1.0 / seen).max(0.0);
        }
        self.stations.push(Station {
            demand_s: 1.0 / seen,
            servers: 1.0,
        });
        let queue = network::log_rates(&self.stations, self.jobs);
        vec![
            hidden(pool, 0.0, self.knee(seen)),
            hidden(queue, 0.03, self.knee(seen)),
        ]
    }
}

impl Evidence {
    /// Response time without queueing: the precision-weighted mean over the levels of low load, s.
    pub(crate) fn unqueued_response_s(&self) -> f64 {
        let fastest = self
            .levels
            .iter()
            .map(|l| l.response_s)
            .fold(f64::INFINITY, f64::min);
        let fewest = self.levels.iter().map(|l| l.users).min().unwrap_or(1);
        let limit = network::tightest(&self.demands).map_or(f64::INFINITY, |(_, limit)| limit);
        let seen = self.seen_plateau_beyond(fastest).unwrap_or(f64::INFINITY);
        let light = 0.12 * limit.min(seen) * (fastest + self.think.mean_s);
        let light = if light.is_finite() {
            light
        } else {
            f64::from(fewest)
        };
        let levels = self
            .levels
            .iter()
            .filter(|l| l.users == fewest || f64::from(l.users) <= light);
        let (sum, weight) = levels.fold((0.0, 0.0), |(sum, weight), level| {
            let own = (level.response_error * level.response_s).powi(-2);
            (sum + own * level.response_s, weight + own)
        });
        sum / weight
    }

    /// The throughput that the levels do not pass, where they fall clearly behind the line of no queueing.
    pub(crate) fn seen_plateau(&self) -> Option<f64> {
        self.seen_plateau_beyond(self.unqueued_response_s())
    }

    fn seen_plateau_beyond(&self, response_s: f64) -> Option<f64> {
        let cycle_s = response_s + self.think.mean_s;
        let behind = |l: &&Observation| l.throughput_per_s * cycle_s < 0.78 * f64::from(l.users);
        let levels = self.levels.iter().filter(behind);
        levels.map(|l| l.throughput_per_s).max_by(f64::total_cmp)
    }
}
