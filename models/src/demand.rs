//! Service demands from measured windows: busy seconds of a resource against the transactions that were answered.
//!
//! | what was measured | method |
//! |---|---|
//! | one mix, one demand per transaction | [`ratio`] |
//! | windows whose mixes differ, one demand per kind of transaction | [`nnls`] |
//! | the demand at several load levels | [`load_dependent`] |
//!
//! [`by_response_times`] splits one utilization without varying the mix, as a check of the second.

pub mod load_dependent;
pub mod nnls;
pub mod ratio;

/// Demands per kind of transaction, s, from one measurement, in proportion to response times (service demand law, as in
/// LibReDE): `D_c = U R_c / sum_j R_j X_j`, `busy_servers` being U.
///
/// It assumes that a transaction's share of the response time is its share of the resource, which queues and other
/// resources blur: a cross-check of [`nnls`], no substitute. `None` where lists differ in length or nothing was answered.
#[must_use]
pub fn by_response_times(
    busy_servers: f64,
    throughputs_per_s: &[f64],
    response_times_s: &[f64],
) -> Option<Vec<f64>> {
    let pairs = || throughputs_per_s.iter().zip(response_times_s);
    let present: f64 = pairs().map(|(throughput, response)| throughput * response).sum();
    let sane =
        pairs().all(|(throughput, response)| *throughput >= 0.0 && *response >= 0.0) && busy_servers >= 0.0;
    let scale = busy_servers / present;
    if throughputs_per_s.len() != response_times_s.len() || !sane || !scale.is_finite() {
        return None;
    }
    Some(response_times_s.iter().map(|response| response * scale).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_to_the_utilization() {
        let demands = by_response_times(0.6, &[10.0, 5.0], &[0.1, 0.4]).unwrap();
        let busy: f64 = demands
            .iter()
            .zip([10.0, 5.0])
            .map(|(demand, rate)| demand * rate)
            .sum();
        assert!((busy - 0.6).abs() < 1e-12 && (demands[1] / demands[0] - 4.0).abs() < 1e-12);
        assert_eq!(by_response_times(0.6, &[0.0], &[0.1]), None);
        assert_eq!(by_response_times(0.6, &[1.0], &[]), None);
        assert_eq!(by_response_times(f64::NAN, &[1.0], &[1.0]), None);
    }
}
