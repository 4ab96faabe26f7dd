//! A site as one flow-equivalent server behind think time: its rates with n transactions inside decide everything else.

/// The response time of a closed site (throughput follows from the interactive law), with the derivatives that a fit needs.
#[derive(Debug, Clone)]
pub(crate) struct Flow {
    /// Mean response time, s.
    pub(crate) response_s: f64,
    /// Mean number of transactions inside.
    pub(crate) jobs: f64,
    /// -dR/dZ: 0 at light load, 1 in saturation.
    pub(crate) saturation: f64,
    /// d ln R / d ln mu(n) for n = 1..; rates beyond the table belong to its last entry.
    pub(crate) gradient: Vec<f64>,
}

/// Scale of the weights: they are kept as mantissa times this to an integer power.
const SCALE: f64 = 1e100;

/// Solves the birth-death chain of `users` with mean think time `think_s` before a server of rates `rates[n-1]` (the last
/// one holds beyond the table): p(n) ~ prod (N-i+1)/(Z mu(i)). Think times of any law give the same means
/// (Baskett, Chandy, Muntz & Palacios 1975). `None` without users or rates.
pub(crate) fn solve(rates: &[f64], users: u32, think_s: f64) -> Option<Flow> {
    let last = *rates.last()?;
    let users = users as usize;
    if users == 0 {
        return None;
    }
    let rate = |n: usize| rates.get(n - 1).copied().unwrap_or(last);
    let population = users as f64;
    if think_s <= 0.0 {
        let mut gradient = vec![0.0; rates.len()];
        gradient[users.min(rates.len()) - 1] = -1.0;
        return Some(Flow {
            response_s: population / rate(users),
            jobs: population,
            saturation: 1.0,
            gradient,
        });
    }
    let weights = weights(rates, users, think_s);
    let total: f64 = weights.iter().sum();
    let throughput_per_s = (1..weights.len()).map(|n| weights[n] * rate(n)).sum::<f64>() / total;
    let mean = |f: &dyn Fn(f64) -> f64| -> f64 {
        let terms = weights.iter().enumerate().map(|(n, w)| w * f(n as f64));
        terms.sum::<f64>() / total
    };
    let jobs = mean(&|n| n);
    let variance = mean(&|n| (n - jobs) * (n - jobs));
    let thinking = throughput_per_s * think_s;
    // d ln R / d jobs at a fixed number of users, from R = jobs Z / (N - jobs).
    let lever = population / (jobs * thinking);
    let mut gradient = vec![0.0; rates.len()];
    let mut tail = 0.0;
    for n in (1..weights.len()).rev() {
        tail += weights[n] / total * (n as f64 - jobs);
        gradient[n.min(rates.len()) - 1] -= lever * tail;
    }
    let response_s = jobs / throughput_per_s;
    Some(Flow {
        response_s,
        jobs,
        saturation: (-(response_s / think_s) * (1.0 - variance * lever)).clamp(0.0, 1.0),
        gradient,
    })
}

/// Weights of 0.. transactions inside, the largest near 1; cut where the rest is negligible.
fn weights(rates: &[f64], users: usize, think_s: f64) -> Vec<f64> {
    let last = rates[rates.len() - 1];
    let mut scaled: Vec<(f64, i32)> = Vec::with_capacity(users.min(4 * rates.len()) + 1);
    let (mut mantissa, mut power, mut highest) = (1.0_f64, 0_i32, 0_i32);
    scaled.push((mantissa, power));
    for n in 1..=users {
        let rate = rates.get(n - 1).copied().unwrap_or(last);
        mantissa *= (users - n + 1) as f64 / (think_s * rate);
        if mantissa > SCALE {
            mantissa /= SCALE;
            power += 1;
        } else if mantissa < 1.0 / SCALE {
            mantissa *= SCALE;
            power -= 1;
        }
        highest = highest.max(power);
        // Beyond the table the ratio of neighbours only falls, so the weights cannot rise again.
        if n > rates.len() && power < highest - 1 {
            break;
        }
        scaled.push((mantissa, power));
    }
    let relative = |&(mantissa, power): &(f64, i32)| match highest - power {
        0 => mantissa,
        1 => mantissa / SCALE,
        _ => 0.0,
    };
    let raw: Vec<f64> = scaled.iter().map(relative).collect();
    let largest = raw.iter().copied().fold(0.0, f64::max);
    raw.into_iter().map(|weight| weight / largest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::network::{Station, log_rates};

    fn rates_of(stations: &[(f64, f64)], jobs: usize) -> Vec<f64> {
        let stations: Vec<_> = stations
            .iter()
            .map(|&(demand_s, servers)| Station { demand_s, servers })
            .collect();
        log_rates(&stations, jobs).into_iter().map(f64::exp).collect()
    }

    #[test]
    fn lazowska_net_with_think_time() {
        let rates = rates_of(&[(0.605, 1.0), (2.1, 1.0), (1.35, 1.0)], 40);
        for (users, throughput, response_s) in [
            (3, 0.151516, 4.799825),
            (9, 0.376516, 8.903339),
            (20, 0.474516, 27.148181),
        ] {
            let flow = solve(&rates, users, 15.0).unwrap();
            assert!((f64::from(users) / (flow.response_s + 15.0) - throughput).abs() < 1e-6);
            assert!((flow.response_s - response_s).abs() < 1e-5);
        }
    }

    #[test]
    fn multiserver_vectors_and_large_populations_stay_positive() {
        let rates = rates_of(&[(0.04, 4.0), (0.008, 1.0)], 200);
        for (users, throughput, response_s) in [
            (20, 19.058436144, 0.049404046),
            (100, 89.700166376, 0.114825134),
            (150, 99.993764047, 0.500093545),
        ] {
            let flow = solve(&rates, users, 1.0).unwrap();
            assert!((f64::from(users) / (flow.response_s + 1.0) / throughput - 1.0).abs() < 1e-9);
            assert!((flow.response_s / response_s - 1.0).abs() < 1e-7);
        }
        let many = solve(&rates, 100_000, 1.0).unwrap();
        assert!((many.response_s - 999.0).abs() < 1e-5, "{}", many.response_s);
        assert!((many.saturation - 1.0).abs() < 1e-3);
    }

    #[test]
    fn derivatives_agree_with_differences() {
        let rates = rates_of(&[(0.03, 2.0), (0.01, 1.0)], 60);
        for users in [5, 60, 75, 120] {
            let flow = solve(&rates, users, 1.0).unwrap();
            let step = 1e-5;
            let think = (solve(&rates, users, 1.0 + step).unwrap().response_s
                - solve(&rates, users, 1.0 - step).unwrap().response_s)
                / (2.0 * step);
            assert!((flow.saturation + think).abs() < 1e-5, "users {users}");
            for index in [0, 1, 5, 30, 59] {
                let mut moved = rates.clone();
                moved[index] *= step.exp();
                let up = solve(&moved, users, 1.0).unwrap().response_s.ln();
                let numeric = (up - flow.response_s.ln()) / step;
                assert!(
                    (flow.gradient[index] - numeric).abs() < 1e-3 * numeric.abs().max(0.01),
                    "users {users} index {index}"
                );
            }
        }
    }
}
