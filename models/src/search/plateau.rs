//! The largest throughput of a site: the plateau where throughput stays, the peak where it falls again, and between the two
//! the expected larger one of both.

use super::fit::{Place, Posterior};
use super::site::{Mixed, SiteModel};
use crate::statistics::special::normal_cdf;

/// The logarithm of a throughput with its doubt, and what moves it.
#[derive(Debug, Clone)]
struct Reading {
    log_rate: f64,
    sd: f64,
    /// Derivatives by the correction at the knots.
    lever: Vec<f64>,
}

/// Where one explanation sees throughput largest.
struct Peak {
    users: u32,
    reading: Reading,
    /// How far (in the logarithm) throughput has fallen at the largest number of users, and the doubt on it.
    fall: f64,
    fall_sd: f64,
}

/// Levels up to this ratio apart are close together.
const CLOSE: f64 = 1.75;

/// A level has few transactions where another has so many times as many.
const FEW: u64 = 10;

/// Share of an extrapolated rise that is in doubt.
const RISE_DOUBT: f64 = 0.5;

impl SiteModel {
    /// `X_max` with the doubt on its logarithm.
    pub(crate) fn plateau(&self) -> Option<(f64, f64)> {
        let saturated = self.saturated_jobs();
        let mut mixed = Mixed::default();
        for (weight, part) in &self.parts {
            let reading = self.largest(part, &saturated);
            mixed.add(*weight, reading.log_rate, reading.sd);
        }
        Some((mixed.mean.exp(), mixed.sd()))
    }

    /// Number of users with the largest throughput, where the explanations that see it fall beyond have the majority and the
    /// levels themselves show a fall.
    pub(crate) fn peak_users(&self) -> Option<u32> {
        let falling = self.parts.iter().filter_map(|(weight, part)| {
            let peak = self.peak_of(part)?;
            (peak.fall > 0.03 && peak.fall > 2.0 * peak.fall_sd).then_some((*weight, peak.users))
        });
        let falling: Vec<(f64, u32)> = falling.collect();
        let weight: f64 = falling.iter().map(|(weight, _)| weight).sum();
        let most = falling.iter().max_by(|a, b| a.0.total_cmp(&b.0));
        most.filter(|_| weight > 0.5 && self.falls_between_levels())
            .map(|&(_, users)| users)
    }

    /// By how much one more level at `users` with `log_variance` of its ln R would shrink the variance of ln `X_max`.
    pub(crate) fn capacity_gain(&self, users: u32, log_variance: f64) -> f64 {
        let saturated = self.saturated_jobs();
        let gains = self.parts.iter().filter_map(|(weight, part)| {
            let candidate = part.predict(&self.grid, users, self.think_s())?;
            let shared = part.covariance_of(&candidate.lever, &self.largest(part, &saturated).lever);
            Some(weight * shared * shared / (candidate.log_sd.powi(2) + log_variance))
        });
        gains.sum()
    }

    /// The plateau or the peak, whichever is larger, by one explanation.
    fn largest(&self, part: &Posterior, saturated: &[Place]) -> Reading {
        let place = self.best_known(part, saturated);
        let ((log_rate, sd), rise) = (part.plateau(&self.grid, place), part.rise(place));
        let plateau = Reading {
            log_rate: log_rate + rise,
            sd: sd.hypot(RISE_DOUBT * rise),
            lever: part.plateau_lever(&self.grid, place.jobs),
        };
        match self.peak_of(part) {
            Some(peak) => {
                let together = part.covariance_of(&plateau.lever, &peak.reading.lever);
                larger(&plateau, &peak.reading, together)
            }
            None => plateau,
        }
    }

    /// The largest throughput that an explanation sees up to the largest number of users tried.
    fn peak_of(&self, part: &Posterior) -> Option<Peak> {
        let think_s = self.think_s();
        let highest = self.evidence.levels.iter().map(|l| l.users).max()?;
        let rates = self.peak_places(highest).into_iter().filter_map(|users| {
            let prediction = part.predict(&self.grid, users, think_s)?;
            let response_s = prediction.flow.response_s;
            let share = response_s / (response_s + think_s);
            let lever: Vec<f64> = prediction.lever.iter().map(|d| -share * d).collect();
            let log_rate = (f64::from(users) / (response_s + think_s)).ln();
            Some((users, log_rate, lever))
        });
        let cap = self.profiled_cap();
        let levels = self.levels();
        // What the profiled resources cannot serve is no peak, whatever the levels beside it suggest.
        let believed = rates.filter(|(users, log_rate, _)| *log_rate <= cap || levels.contains(users));
        let rates: Vec<_> = believed.collect();
        let (_, last, last_lever) = rates.last()?;
        let (users, log_rate, lever) = rates.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
        let difference: Vec<f64> = lever.iter().zip(last_lever).map(|(a, b)| a - b).collect();
        let sd_of = |lever: &[f64]| part.covariance_of(lever, lever).max(0.0).sqrt();
        Some(Peak {
            users: *users,
            fall: log_rate - last,
            fall_sd: sd_of(&difference),
            reading: Reading {
                log_rate: *log_rate,
                sd: sd_of(lever).hypot(RISE_DOUBT * self.beyond_levels(*log_rate)),
                lever: lever.clone(),
            },
        })
    }

    /// The logarithm of the throughput that the busiest profiled resource allows, by the level where it allows most. A level of
    /// few transactions does not know what one of them demands.
    pub(super) fn profiled_cap(&self) -> f64 {
        let levels = || self.evidence.levels.iter();
        let most = levels().map(|level| level.samples).max().unwrap_or(0);
        let known = levels().filter(|level| level.samples >= most / FEW);
        let limits: Option<Vec<f64>> = known.map(|level| level.limit_per_s).collect();
        let most = limits.and_then(|limits| limits.into_iter().max_by(f64::total_cmp));
        most.map_or(f64::INFINITY, f64::ln)
    }

    /// How far a throughput (in the logarithm) lies above all that were measured.
    fn beyond_levels(&self, log_rate: f64) -> f64 {
        let levels = self.evidence.levels.iter();
        let most = levels.map(|level| level.throughput_per_s).max_by(f64::total_cmp);
        most.map_or(0.0, |most| (log_rate - most.ln()).max(0.0))
    }

    /// Whether a level has measured clearly more than the one with most users.
    fn falls_between_levels(&self) -> bool {
        let levels = &self.evidence.levels;
        let Some(last) = levels.iter().max_by_key(|level| level.users) else {
            return false;
        };
        levels.iter().any(|level| {
            let fall = (level.throughput_per_s / last.throughput_per_s).ln();
            fall > 0.02 && fall > 2.0 * level.throughput_error.hypot(last.throughput_error)
        })
    }

    /// Numbers of users at which a peak is looked for: the levels, and places between levels that are close together. What
    /// lies in a wide gap nobody has seen.
    fn peak_places(&self, highest: u32) -> Vec<u32> {
        let levels = self.levels();
        let close = |users: &u32| {
            let gap = levels.windows(2).find(|pair| (pair[0]..pair[1]).contains(users));
            gap.is_some_and(|pair| f64::from(pair[1]) <= CLOSE * f64::from(pair[0]))
        };
        let between = (1..16_u32).map(|k| (u64::from(highest) * u64::from(k) / 16).max(1) as u32);
        let mut places: Vec<u32> = between.filter(close).chain(levels.iter().copied()).collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    /// Transactions inside at the saturated ones among the highest levels: where a plateau may be read.
    fn saturated_jobs(&self) -> Vec<Place> {
        let levels = &self.evidence.levels;
        let highest = levels.iter().map(|l| l.users).max().unwrap_or(1);
        let high = levels
            .iter()
            .filter(|l| f64::from(l.users) > 0.78 * f64::from(highest));
        let places = high.filter_map(|level| {
            let forecast = self.forecast(level.users)?;
            // Where a profiled resource is busy to so many per cent, throughput can rise by no more than the rest.
            let room = level.limit_per_s.map_or(f64::INFINITY, |limit| {
                (limit / level.throughput_per_s).ln().max(0.0)
            });
            let jobs = (forecast.jobs.round() as usize).max(1);
            (forecast.saturation > 0.5).then_some(Place { jobs, room })
        });
        places.collect()
    }

    /// The one of these places at which an explanation knows the rate best; the far end where there is none.
    fn best_known(&self, part: &Posterior, saturated: &[Place]) -> Place {
        let known = saturated
            .iter()
            .map(|&place| (place, part.plateau(&self.grid, place).1));
        let best = known.min_by(|a, b| a.1.total_cmp(&b.1));
        let far = Place {
            jobs: self.grid.jobs(),
            room: f64::INFINITY,
        };
        best.map_or(far, |(place, _)| place)
    }
}

/// The larger one of two uncertain values with covariance `together` (Clark 1961, eqs. 2-4).
fn larger(one: &Reading, other: &Reading, together: f64) -> Reading {
    let (one_var, other_var) = (one.sd * one.sd, other.sd * other.sd);
    let apart = (one_var + other_var - 2.0 * together).max(0.0).sqrt();
    if apart < 1e-6 {
        let first = one.log_rate >= other.log_rate;
        return if first { one.clone() } else { other.clone() };
    }
    let distance = (one.log_rate - other.log_rate) / apart;
    let share = normal_cdf(distance);
    let density = (-distance * distance / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let mix = |a: f64, b: f64| share * a + (1.0 - share) * b;
    let log_rate = mix(one.log_rate, other.log_rate) + apart * density;
    let square = |r: &Reading, var: f64| r.log_rate * r.log_rate + var;
    let second = mix(square(one, one_var), square(other, other_var))
        + (one.log_rate + other.log_rate) * apart * density;
    let lever = one.lever.iter().zip(&other.lever).map(|(a, b)| mix(*a, *b));
    Reading {
        log_rate,
        sd: (second - log_rate * log_rate).max(0.0).sqrt(),
        lever: lever.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(log_rate: f64, sd: f64) -> Reading {
        Reading {
            log_rate,
            sd,
            lever: vec![log_rate],
        }
    }

    #[test]
    fn vector_clark_1961() {
        // The larger of two independent standard normal values: mean 1/sqrt(pi), variance 1 - 1/pi.
        let larger_one = larger(&reading(0.0, 1.0), &reading(0.0, 1.0), 0.0);
        let pi = std::f64::consts::PI;
        assert!((larger_one.log_rate - pi.sqrt().recip()).abs() < 1e-12);
        assert!((larger_one.sd - (1.0 - pi.recip()).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn values_that_move_together_have_one_larger() {
        let larger_one = larger(&reading(3.0, 0.1), &reading(3.2, 0.1), 0.01);
        assert_eq!((larger_one.log_rate, larger_one.sd), (3.2, 0.1));
        assert_eq!(larger_one.lever, [3.2]);
    }

    #[test]
    fn a_clear_winner_stays_as_it_is() {
        let larger_one = larger(&reading(5.0, 0.02), &reading(4.0, 0.02), 0.0);
        assert!((larger_one.log_rate - 5.0).abs() < 1e-12 && (larger_one.sd - 0.02).abs() < 1e-6);
    }
}
