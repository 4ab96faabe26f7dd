//! The ratio estimator of a demand: all busy seconds over all transactions, with its interval from the windows
//! (Cochran 1977, ch. 6; Iglehart 1975).
//!
//! Windows should be longer than the transactions in them, so that what a window counts as busy belongs to what it counts
//! as answered, and than the time over which the load remembers itself.

use crate::Estimate;
use crate::statistics::special::students_t_quantile;

/// Demand per transaction, s: `D = sum C / sum n` with half-width `t s / (nbar sqrt k)`,
/// `s^2 = sum (C - D n)^2 / (k - 1)`, over `k` windows of `busy_s` seconds of service and `completions` transactions.
///
/// `None` for fewer than two windows, lists of different length, figures that make no sense, or no transaction at all.
#[must_use]
pub fn estimate(busy_s: &[f64], completions: &[f64], confidence: f64) -> Option<Estimate> {
    let (windows, demand, mean) = totals(busy_s, completions)?;
    let squares: f64 = busy_s
        .iter()
        .zip(completions)
        .map(|(busy, count)| (busy - demand * count).powi(2))
        .sum();
    let deviation = (squares / (windows - 1.0)).sqrt();
    let half_width =
        students_t_quantile(0.5 + confidence / 2.0, windows - 1.0)? * deviation / (mean * windows.sqrt());
    interval(demand, half_width, mean * windows)
}

/// The same by the jackknife (Quenouille 1956, Tukey 1958), which removes most of the ratio's bias with few windows.
///
/// `None` as [`estimate`], or where one window holds all transactions.
#[must_use]
pub fn jackknife(busy_s: &[f64], completions: &[f64], confidence: f64) -> Option<Estimate> {
    let (windows, demand, mean) = totals(busy_s, completions)?;
    let (all_busy, all_count) = (demand * mean * windows, mean * windows);
    let pseudo: Vec<f64> = busy_s
        .iter()
        .zip(completions)
        .map(|(busy, count)| windows * demand - (windows - 1.0) * (all_busy - busy) / (all_count - count))
        .collect();
    let value = pseudo.iter().sum::<f64>() / windows;
    let variance = pseudo.iter().map(|one| (one - value).powi(2)).sum::<f64>() / (windows - 1.0);
    let half_width =
        students_t_quantile(0.5 + confidence / 2.0, windows - 1.0)? * (variance / windows).sqrt();
    interval(value, half_width, all_count)
}

/// Number of windows, ratio, mean number of transactions in a window.
fn totals(busy_s: &[f64], completions: &[f64]) -> Option<(f64, f64, f64)> {
    let is_amount = |value: &f64| value.is_finite() && *value >= 0.0;
    let sane = busy_s.iter().chain(completions).all(is_amount);
    let (busy, count): (f64, f64) = (busy_s.iter().sum(), completions.iter().sum());
    if busy_s.len() != completions.len() || busy_s.len() < 2 || !sane || count <= 0.0 {
        return None;
    }
    let windows = busy_s.len() as f64;
    Some((windows, busy / count, count / windows))
}

/// A demand is never negative, neither is the low end of its interval.
fn interval(demand_s: f64, half_width_s: f64, transactions: f64) -> Option<Estimate> {
    let demand_s = demand_s.max(0.0);
    let low = (demand_s - half_width_s).max(0.0);
    Estimate::new(
        demand_s,
        low,
        demand_s + half_width_s,
        transactions.round() as u64,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_that_tell_nothing_give_none() {
        assert_eq!(estimate(&[1.0], &[10.0], 0.95), None);
        assert_eq!(estimate(&[1.0, 1.0], &[10.0], 0.95), None);
        assert_eq!(estimate(&[1.0, 1.0], &[0.0, 0.0], 0.95), None);
        assert_eq!(estimate(&[1.0, f64::NAN], &[1.0, 1.0], 0.95), None);
        assert_eq!(jackknife(&[1.0, 0.0], &[10.0, 0.0], 0.95), None);
    }

    #[test]
    fn an_idle_resource_has_demand_zero() {
        let none = estimate(&[0.0; 4], &[10.0, 12.0, 9.0, 11.0], 0.95).unwrap();
        assert_eq!(
            (none.value, none.low, none.high, none.samples),
            (0.0, 0.0, 0.0, 42)
        );
    }
}
