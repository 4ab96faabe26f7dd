//! Operational laws and the audits built on them (Denning & Buzen, ACM Computing Surveys 1978; LZGS 1984, ch. 3).
//!
//! They hold for every system over every measured interval, whatever its distributions, so a measurement that breaks one
//! is a broken measurement. All functions return `None` where the result would be no finite number.

/// A Little gap above this, edge effects apart, makes a run invalid: timers that fire late, an overloaded generator, or
/// requests lost in the count.
pub const LITTLE_GAP_LIMIT: f64 = 0.02;

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

fn quotient(dividend: f64, divisor: f64) -> Option<f64> {
    if divisor == 0.0 {
        None
    } else {
        finite(dividend / divisor)
    }
}

/// Utilization law, `U = X S`: the busy servers' mean number, from a centre's throughput per second and its service time
/// per visit, s.
#[must_use]
pub fn utilization(throughput_per_s: f64, service_s: f64) -> Option<f64> {
    finite(throughput_per_s * service_s)
}

/// Forced flow law, `X_k = V_k X`: visits per second to a centre that each request visits `visits` times.
#[must_use]
pub fn centre_throughput(throughput_per_s: f64, visits: f64) -> Option<f64> {
    finite(throughput_per_s * visits)
}

/// Service demand law, `D = U / X`, s: `busy_servers` is the mean number of busy servers (CPU seconds per second), so a
/// quarter of 8 cores is 2.
#[must_use]
pub fn service_demand_s(busy_servers: f64, throughput_per_s: f64) -> Option<f64> {
    quotient(busy_servers, throughput_per_s)
}

/// Little's law, `Q = X R`: mean number present, from throughput per second and mean time present, s.
#[must_use]
pub fn mean_number(throughput_per_s: f64, time_s: f64) -> Option<f64> {
    finite(throughput_per_s * time_s)
}

/// Interactive response time law, `R = N/X - Z`, s.
#[must_use]
pub fn response_time_s(users: f64, throughput_per_s: f64, think_time_s: f64) -> Option<f64> {
    finite(quotient(users, throughput_per_s)? - think_time_s)
}

/// Interactive response time law solved for the think time, `Z = N/X - R`, s.
#[must_use]
pub fn think_time_s(users: f64, throughput_per_s: f64, response_time_s: f64) -> Option<f64> {
    finite(quotient(users, throughput_per_s)? - response_time_s)
}

/// Bottleneck law, `X <= min_k m_k / D_k`, per second, with the index of the station that sets it; stations without
/// demand set none.
#[must_use]
pub fn throughput_limit_per_s(demands_s: &[f64], servers: &[f64]) -> Option<(usize, f64)> {
    let limits = demands_s
        .iter()
        .zip(servers)
        .map(|(demand, count)| quotient(*count, *demand));
    let limits = limits
        .enumerate()
        .filter_map(|(index, limit)| Some((index, limit?)));
    limits.min_by(|a, b| a.1.total_cmp(&b.1))
}

/// How well a closed measurement fits Little's law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LittleAudit {
    /// `|N - X (R + Z)| / N` with the think time as measured.
    pub gap: f64,
    /// What cycles cut off at the ends of the measured interval may contribute to the gap at most: `N / (X T)`.
    pub edge_effect: f64,
}

impl LittleAudit {
    /// Whether the gap exceeds what edges and [`LITTLE_GAP_LIMIT`] allow, which makes the run invalid.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.gap > LITTLE_GAP_LIMIT + self.edge_effect
    }
}

/// Compares `users` emulated users with those that throughput, response and think times account for, over an interval
/// of `duration_s`.
#[must_use]
pub fn audit_little(
    users: f64,
    throughput_per_s: f64,
    cycle_s: CycleTimes,
    duration_s: f64,
) -> Option<LittleAudit> {
    let accounted = throughput_per_s * (cycle_s.response_s + cycle_s.think_s);
    Some(LittleAudit {
        gap: quotient((users - accounted).abs(), users)?,
        edge_effect: quotient(users, throughput_per_s * duration_s)?,
    })
}

/// What one turn of a user consists of, as measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CycleTimes {
    /// Mean response time, s.
    pub response_s: f64,
    /// Mean think time, s.
    pub think_s: f64,
}

/// Second audit, `|U - X D|` in busy servers: what the operating system counted against what throughput and demand
/// account for.
#[must_use]
pub fn utilization_gap(busy_servers: f64, throughput_per_s: f64, demand_s: f64) -> Option<f64> {
    finite((busy_servers - throughput_per_s * demand_s).abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_audit_tells_edges_from_losses() {
        let cycle = |response_s| CycleTimes {
            response_s,
            think_s: 1.0,
        };
        let good = audit_little(100.0, 80.0, cycle(0.25), 60.0).unwrap();
        assert!(good.gap < 1e-12 && !good.is_broken());
        let late = audit_little(100.0, 80.0, cycle(0.15), 60.0).unwrap();
        assert!((late.gap - 0.08).abs() < 1e-12 && late.is_broken());
        let short = audit_little(100.0, 80.0, cycle(0.15), 10.0).unwrap();
        assert!(!short.is_broken(), "ten seconds are too short to blame anybody");
        assert_eq!(audit_little(0.0, 80.0, cycle(0.25), 60.0), None);
        assert_eq!(audit_little(10.0, 0.0, cycle(0.25), 60.0), None);
    }

    #[test]
    fn nothing_that_is_not_a_number_leaves() {
        assert_eq!(response_time_s(5.0, 0.0, 1.0), None);
        assert_eq!(service_demand_s(0.5, 0.0), None);
        assert_eq!(utilization(f64::INFINITY, 0.1), None);
        assert_eq!(throughput_limit_per_s(&[0.0], &[1.0]), None);
        assert_eq!(throughput_limit_per_s(&[0.1, 0.3], &[1.0, 4.0]), Some((0, 10.0)));
    }
}
