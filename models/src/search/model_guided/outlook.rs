//! What is known when a level is chosen.

use super::{ModelGuided, evidence};
use crate::search::network;
use crate::search::site::{Forecast, NORMAL_95, SiteModel};

/// Fractions of N* over which the response-time curve is to be known.
const TARGETS: [f64; 10] = [0.05, 0.3, 0.55, 0.75, 0.9, 1.0, 1.1, 1.2, 1.35, 1.5];

/// A level beyond this multiple of N* is clearly saturated.
const BEYOND: f64 = 1.12;

/// Where the queue of an overload is served within this time, overload can come early, s.
pub(super) const SHORT_DRAIN_S: f64 = 4.0;

/// A plateau is read from levels with so many times as many transactions inside...
const APART: f64 = 2.5;

/// ...between which throughput (in the logarithm) has grown by less than this.
const RISE: f64 = 0.028;

/// Standard error of a measured growth (in the logarithm) that is usual between two levels.
const RISE_DOUBT: f64 = 0.021;

/// Beyond this multiple of N* a rise is no longer waited for.
const FAR: f64 = 32.0;

/// The fitted model and what follows from it.
pub(super) struct Outlook {
    pub(super) model: SiteModel,
    /// N* by the model.
    pub(super) saturation_users: f64,
    /// Whether a limit is known at all: by a profiled demand or by a plateau that was seen.
    pub(super) limit_known: bool,
    /// Number of levels that count and lie clearly beyond N*.
    pub(super) beyond: usize,
    /// Largest number of users that counts.
    pub(super) highest: u32,
    /// Smallest number of users at which throughput has collapsed.
    pub(super) collapsed: Option<u32>,
}

impl Outlook {
    pub(super) fn of(search: &ModelGuided) -> Option<Self> {
        let (standing, collapsed) = search.standing();
        let highest = standing.iter().map(|o| o.users).max()?;
        let options = &search.history.options;
        let first = evidence::pooled(&standing, options, highest)?;
        let cycle_s = first.unqueued_response_s() + first.think.mean_s;
        let limit = network::tightest(&first.demands).map(|(_, limit)| limit);
        let known = [first.seen_plateau(), limit]
            .into_iter()
            .flatten()
            .min_by(f64::total_cmp);
        let guess = known.map_or(f64::from(highest), |rate| rate * cycle_s);
        let reach = (2.0 * guess)
            .max(1.3 * f64::from(highest))
            .min(1.3 * f64::from(search.history.ceiling()))
            .clamp(4.0, 2e6) as u32;
        let model = SiteModel::calibrate(evidence::pooled(&standing, options, reach)?)?;
        let saturation_users = model.saturation_users()?.value;
        let beyond = standing
            .iter()
            .filter(|o| f64::from(o.users) > BEYOND * saturation_users);
        Some(Self {
            beyond: beyond.count(),
            saturation_users,
            limit_known: known.is_some(),
            model,
            highest,
            collapsed,
        })
    }

    /// Whether two levels beyond N* show a plateau that the model agrees with, far enough apart to tell it from a slow rise.
    pub(super) fn confirmed(&self) -> bool {
        if self.beyond < 2 {
            return false;
        }
        let reached = self.model.forecast(self.highest);
        let top = self.model.plateau().map_or(f64::INFINITY, |(rate, _)| rate);
        let flat = |f: Forecast| f.throughput_per_s > 0.8 * top && f.saturation > 0.9;
        if self.model.peak_users().is_some() || f64::from(self.highest) > FAR * self.saturation_users {
            return true;
        }
        reached.is_some_and(flat)
            && (self.drain_s() >= SHORT_DRAIN_S || self.risen().is_some_and(|g| g < RISE))
    }

    /// By how much (in the logarithm) throughput has grown up to the highest level since there were [`APART`] times fewer
    /// transactions inside: by the model, which takes a small rise for noise, or by what the levels show, the more the better
    /// they are known.
    /// `None` where no level beyond N* had so few.
    pub(super) fn risen(&self) -> Option<f64> {
        let now = self.model.forecast(self.highest)?;
        let levels = self.model.levels().into_iter();
        let before = levels
            .filter(|&users| f64::from(users) > BEYOND * self.saturation_users)
            .filter_map(|users| Some((users, self.model.forecast(users)?)))
            .filter(|(_, f)| f.jobs * APART <= now.jobs)
            .max_by_key(|(users, _)| *users);
        let (users, before) = before?;
        let expected = (now.throughput_per_s / before.throughput_per_s).ln();
        let (high, low) = (self.seen(self.highest)?, self.seen(users)?);
        let doubt = high.1.hypot(low.1).min(RISE_DOUBT);
        Some(expected.max(high.0 - low.0 + doubt - RISE_DOUBT))
    }

    /// Logarithm of the throughput that the levels of about so many users show, and its standard error.
    fn seen(&self, users: u32) -> Option<(f64, f64)> {
        let levels = self.model.evidence().levels.iter();
        let near = levels.filter(|l| (f64::from(l.users) / f64::from(users)).ln().abs() < 0.1);
        let (sum, weight) = near.fold((0.0, 0.0), |(sum, weight), level| {
            let own = level.throughput_error.powi(-2);
            (sum + own * level.throughput_per_s.ln(), weight + own)
        });
        (weight > 0.0).then(|| (sum / weight, weight.powf(-0.5)))
    }

    /// Number of users with [`APART`] times as many transactions inside as `users` put there.
    pub(super) fn farther(&self, users: u32) -> u32 {
        let jobs = self.model.forecast(users).map_or(f64::from(users), |f| f.jobs);
        (f64::from(users) + (APART - 1.0) * jobs).ceil() as u32 + 1
    }

    /// Mean relative half-width of the response-time curve's band over 1..1.5 N*.
    pub(super) fn response_doubt(&self) -> f64 {
        let forecasts = self.targets().into_iter().filter_map(|n| self.model.forecast(n));
        let doubts: Vec<f64> = forecasts.map(|f| NORMAL_95 * f.log_sd).collect();
        doubts.iter().sum::<f64>() / doubts.len().max(1) as f64
    }

    /// Relative half-width of the interval of `X_max`.
    pub(super) fn capacity_doubt(&self) -> f64 {
        self.model
            .capacity()
            .map_or(f64::INFINITY, |e| e.relative_half_width())
    }

    /// Number of users of an overload: 1.8 N*, more where N* is so small that chance alone empties the queues.
    pub(super) fn overload_users(&self) -> u32 {
        let knee = self.saturation_users;
        (1.8 * knee).max(knee + 3.5 * knee.sqrt()).ceil() as u32
    }

    /// Number of users of an early overload: far enough beyond the first level past N* to tell a plateau from a slow rise.
    pub(super) fn telling_users(&self) -> u32 {
        self.overload_users().max(self.farther(self.highest))
    }

    /// Time in which the queue of an overload is served once the users are gone, s.
    pub(super) fn drain_s(&self) -> f64 {
        let queued = f64::from(self.overload_users()) - self.saturation_users;
        self.model
            .plateau()
            .map_or(f64::INFINITY, |(rate, _)| queued / rate)
    }

    /// Relative half-width of the interval of N*.
    pub(super) fn saturation_doubt(&self) -> f64 {
        self.model
            .saturation_users()
            .map_or(f64::INFINITY, |e| e.relative_half_width())
    }

    /// Numbers of users over which the curve is to be known.
    pub(super) fn targets(&self) -> Vec<u32> {
        let users = TARGETS
            .iter()
            .map(|f| ((f * self.saturation_users) as u32).max(1));
        let mut users: Vec<u32> = users.collect();
        users.dedup();
        users
    }
}
