//! Limits of a closed network that need no iteration, and the saturation point N*.

use crate::Estimate;

/// The saturation point `N* = (S + Z) / max_k(D_k / m_k)` with its interval: the number of users at which the two
/// asymptotes of throughput meet (Kleinrock 1976; Muntz & Wong 1974; LZGS 1984, ch. 5). `S` is the sum of the demands.
///
/// `servers[k]` is the number of servers behind `demands[k]`; below 1 (half a core) the demand counts as
/// `demand / servers` on one server, in `S` as well (see [`super::Station::with_capacity`]).
///
/// The interval is by the delta method for independent demands: `dN* = sum_other dD_k / D_max + dD_max (D_max - S - Z) /
/// D_max^2`, half-widths combined as the root of the sum of squares, so it keeps the confidence of the demands'
/// intervals. It does not know that the bottleneck might be another station; where two demands are nearly equal it is
/// somewhat too narrow. `None` where the lists differ in length, no demand is above zero, or a figure makes no sense.
#[must_use]
pub fn saturation_users(demands: &[Estimate], servers: &[f64], think_time_s: f64) -> Option<Estimate> {
    let sane = servers.iter().all(|count| *count > 0.0 && count.is_finite());
    if demands.len() != servers.len() || !sane || !think_time_s.is_finite() || think_time_s < 0.0 {
        return None;
    }
    let stretch = |count: f64| count.min(1.0).recip();
    let demands: Vec<Estimate> = demands
        .iter()
        .zip(servers)
        .map(|(demand, count)| demand.scaled(stretch(*count)))
        .collect();
    let per_server = |index: usize| demands[index].value / servers[index].max(1.0);
    let bottleneck = (0..demands.len()).max_by(|a, b| per_server(*a).total_cmp(&per_server(*b)))?;
    let (slowest, count) = (per_server(bottleneck), servers[bottleneck].max(1.0));
    if demands.iter().any(|demand| demand.value < 0.0) || slowest <= 0.0 {
        return None;
    }
    let cycle_s = demands.iter().map(|demand| demand.value).sum::<f64>() + think_time_s;
    let users = cycle_s / slowest;
    let variance: f64 = demands
        .iter()
        .enumerate()
        .map(|(index, demand)| {
            let slope = if index == bottleneck {
                (1.0 - users / count) / slowest
            } else {
                slowest.recip()
            };
            (slope * demand.half_width()).powi(2)
        })
        .sum();
    let samples = demands.iter().map(|demand| demand.samples).min()?;
    let half_width = variance.sqrt();
    Estimate::new(users, (users - half_width).max(0.0), users + half_width, samples)
}
