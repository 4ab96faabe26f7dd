//! What is believed of a site after the levels so far: several explanations (the profiled resources alone, a hidden queue, a
//! hidden pool; more or less departure from them), each fitted, weighed by how well it foresaw the levels.

use super::explanation::{Evidence, demand_error, explanations};
use super::fit::{Grid, Posterior, Prior};
use crate::Estimate;

/// Standard deviations of the rates' departure from an explanation per e-fold of n, with their prior weights.
const SPREADS: [(f64, f64); 4] = [(0.02, 0.3), (0.06, 0.3), (0.16, 0.25), (0.45, 0.15)];

/// Two-sided 95 % quantile of the normal law.
pub(crate) const NORMAL_95: f64 = 1.959_964;

/// The weighted explanations.
#[derive(Debug, Clone)]
pub(crate) struct SiteModel {
    pub(super) grid: Grid,
    pub(super) parts: Vec<(f64, Posterior)>,
    pub(super) evidence: Evidence,
}

/// A prediction for one number of users.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Forecast {
    pub(crate) throughput_per_s: f64,
    pub(crate) response_s: f64,
    /// Standard deviation of ln R.
    pub(crate) log_sd: f64,
    /// 1 - d ln X / d ln N: 0 where throughput grows with the users, 1 where it has stopped growing.
    pub(crate) saturation: f64,
    /// Transactions inside the site.
    pub(crate) jobs: f64,
}

impl SiteModel {
    /// Weighs the explanations; `None` where there is no level yet or none can be fitted.
    pub(crate) fn calibrate(evidence: Evidence) -> Option<Self> {
        if evidence.levels.is_empty() {
            return None;
        }
        let grid = Grid::new(evidence.reach as usize);
        let mut parts = Vec::new();
        for explanation in explanations(&evidence, grid.jobs()) {
            let capacity = demand_error(&evidence.demands).hypot(0.02);
            for (spread, share) in SPREADS {
                let prior = Prior {
                    log_rates: explanation.log_rates.clone(),
                    offset: explanation.offset,
                    capacity,
                    spread,
                    knee_jobs: explanation.knee_jobs,
                    approach: explanation.approach,
                    log_weight: (explanation.weight * share).ln(),
                };
                parts.extend(Posterior::fit(&prior, &grid, &evidence.levels, evidence.think));
            }
        }
        let best = parts
            .iter()
            .map(|p| p.log_evidence)
            .fold(f64::NEG_INFINITY, f64::max);
        let weighted = parts.into_iter().map(|p| ((p.log_evidence - best).exp(), p));
        let mut parts: Vec<_> = weighted.filter(|(weight, _)| *weight > 0.02).collect();
        let total: f64 = parts.iter().map(|(weight, _)| weight).sum();
        parts.iter_mut().for_each(|(weight, _)| *weight /= total);
        (!parts.is_empty()).then_some(Self {
            grid,
            parts,
            evidence,
        })
    }

    /// What it was fitted to.
    pub(crate) const fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// Numbers of users of the levels, in their order, each once.
    pub(crate) fn levels(&self) -> Vec<u32> {
        let mut users: Vec<u32> = self.evidence.levels.iter().map(|l| l.users).collect();
        users.sort_unstable();
        users.dedup();
        users
    }

    /// Think time that the predictions hold for.
    pub(crate) fn think_s(&self) -> f64 {
        self.evidence.think.mean_s
    }

    /// Prediction with its doubt, that between the explanations included.
    pub(crate) fn forecast(&self, users: u32) -> Option<Forecast> {
        let think_s = self.think_s();
        let users = users.max(1);
        // A few users more: what they add to throughput tells how saturated the site is, also without think time.
        let more = users + (users / 30).max(1);
        let factor = f64::from(more) / f64::from(users);
        let mut mixed = Mixed::default();
        let (mut saturation, mut jobs) = (0.0, 0.0);
        for (weight, part) in &self.parts {
            let prediction = part.predict(&self.grid, users, think_s)?;
            let response_s = prediction.flow.response_s;
            let then_s = part.response_s(more, think_s)?;
            let slower = (then_s + think_s) / (response_s + think_s);
            mixed.add(*weight, response_s.ln(), prediction.log_sd);
            saturation += weight * (slower.ln() / factor.ln()).clamp(0.0, 1.0);
            jobs += weight * prediction.flow.jobs;
        }
        let response_s = mixed.mean.exp();
        Some(Forecast {
            throughput_per_s: f64::from(users) / (response_s + think_s),
            response_s,
            log_sd: mixed.sd(),
            saturation,
            jobs,
        })
    }

    /// 95 % intervals of throughput and response time with `users`.
    pub(crate) fn estimates(&self, users: u32) -> Option<(Estimate, Estimate)> {
        let forecast = self.forecast(users)?;
        // Between levels the model may see more than the profiled resources can serve; nobody else does.
        let fastest_s = f64::from(users) / self.profiled_cap().exp() - self.think_s();
        let response_s = forecast.response_s.max(fastest_s);
        let samples = self.evidence.levels.iter().map(|l| l.samples).sum();
        // No network describes a site better than to a per cent.
        let factor = (NORMAL_95 * forecast.log_sd.hypot(0.01)).exp();
        let (low, high) = (response_s / factor, response_s * factor);
        let response = Estimate::new(response_s, low, high, samples)?;
        // The doubt on the think time moves throughput at light load only; there it is all the doubt there is.
        let per_user = |r: f64| r + self.think_s();
        let drawn = NORMAL_95 * self.evidence.think_error * self.think_s() * (1.0 - forecast.saturation);
        let slower = f64::from(users) / (per_user(high) + drawn);
        let faster = f64::from(users) / (per_user(low) - drawn).max(1e-12);
        let rate = f64::from(users) / per_user(response_s);
        let throughput = Estimate::new(rate, slower, faster, samples)?;
        Some((throughput, response))
    }

    /// `X_max` with its 95 % interval.
    pub(crate) fn capacity(&self) -> Option<Estimate> {
        let (rate, sd) = self.plateau()?;
        let factor = (NORMAL_95 * sd).exp();
        let samples = self.evidence.levels.iter().map(|l| l.samples).sum();
        Estimate::new(rate, rate / factor, rate * factor, samples)
    }

    /// N* = `X_max` (R(1) + Z) with its 95 % interval by the delta method.
    pub(crate) fn saturation_users(&self) -> Option<Estimate> {
        let (rate, sd) = self.plateau()?;
        let single = self.forecast(1)?;
        let cycle_s = single.response_s + self.think_s();
        let of_response = single.log_sd * single.response_s / cycle_s;
        let of_think = self.evidence.think_error * self.think_s() / cycle_s;
        let relative = sd.hypot(of_response).hypot(of_think);
        let users = rate * cycle_s;
        let factor = (NORMAL_95 * relative).exp();
        let samples = self.evidence.levels.iter().map(|l| l.samples).sum();
        Estimate::new(users, users / factor, users * factor, samples)
    }

    /// By how much one more level at `users` with `log_variance` of its ln R would shrink the variance of ln R at
    /// `targets`, on average.
    pub(crate) fn gain(&self, users: u32, log_variance: f64, targets: &[u32]) -> f64 {
        let think_s = self.think_s();
        let mut gain = 0.0;
        for (weight, part) in &self.parts {
            let Some(candidate) = part.predict(&self.grid, users, think_s) else {
                continue;
            };
            let own = candidate.log_sd.powi(2) + log_variance;
            for &target in targets {
                let Some(other) = part.predict(&self.grid, target, think_s) else {
                    continue;
                };
                gain += weight * part.covariance_of(&candidate.lever, &other.lever).powi(2) / own;
            }
        }
        gain / targets.len().max(1) as f64
    }
}

/// Mean and variance of a mixture, one part after the other.
#[derive(Debug, Default)]
pub(super) struct Mixed {
    weight: f64,
    pub(super) mean: f64,
    within: f64,
    between: f64,
}

impl Mixed {
    pub(super) fn add(&mut self, weight: f64, mean: f64, sd: f64) {
        self.weight += weight;
        let shift = mean - self.mean;
        self.mean += shift * weight / self.weight;
        self.between += weight * shift * (mean - self.mean);
        self.within += weight * sd * sd;
    }

    pub(super) fn sd(&self) -> f64 {
        ((self.within + self.between) / self.weight).max(0.0).sqrt()
    }
}
