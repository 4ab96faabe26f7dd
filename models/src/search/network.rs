//! From measured demands to stations, and from stations to the site's service rate with n transactions in it.

use super::outcome::ResourceDemand;
use crate::queueing::{self, ClosedNetwork, multiserver};

/// A station of the queueing network of a site.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Station {
    /// Seconds of service per transaction.
    pub(crate) demand_s: f64,
    /// Servers; infinite for a delay. Below 1 a single server of that speed.
    pub(crate) servers: f64,
}

impl Station {
    /// Largest throughput that it allows, per second; infinite for a delay.
    pub(crate) fn limit_per_s(&self) -> f64 {
        self.servers / self.demand_s
    }

    fn queueing(&self) -> queueing::Station {
        if self.servers.is_finite() {
            queueing::Station::with_capacity("", self.demand_s, self.servers)
        } else {
            queueing::Station::delay("", self.demand_s)
        }
    }
}

/// Most transactions inside the site for which rates are computed exactly; the rest follows the tail.
const EXACT_JOBS: usize = 1_000;

/// The logarithm of the throughput of the network without think time ("short-circuited", Chandy, Herzog & Woo 1975) with
/// 1..=`jobs` transactions in it: the rates of its flow-equivalent server. Empty where nothing takes time.
pub(crate) fn log_rates(stations: &[Station], jobs: usize) -> Vec<f64> {
    let cap = stations
        .iter()
        .map(Station::limit_per_s)
        .fold(f64::INFINITY, f64::min);
    let response_s: f64 = stations.iter().map(|s| s.demand_s).sum();
    let knee = response_s * if cap.is_finite() { cap } else { 0.0 };
    let exact = jobs.min((4.0 * knee) as usize + 64).min(EXACT_JOBS);
    let network = ClosedNetwork {
        stations: stations
            .iter()
            .filter(|s| s.demand_s > 0.0)
            .map(Station::queueing)
            .collect(),
        think_time_s: 0.0,
    };
    let Ok(curve) = multiserver::solve_curve(&network, exact as u32) else {
        return Vec::new();
    };
    let mut rates: Vec<f64> = curve.throughput_per_s.into_iter().map(f64::ln).collect();
    extend(&mut rates, jobs, cap);
    rates
}

/// Continues the rates beyond the exact part: to a finite cap as 1/n, or in proportion to n where nothing limits.
fn extend(log_rates: &mut Vec<f64>, jobs: usize, cap: f64) {
    let exact = log_rates.len();
    let Some(&last) = log_rates.last() else { return };
    let missing = (1.0 - last.exp() / cap).max(0.0);
    for n in exact + 1..=jobs {
        let ratio = exact as f64 / n as f64;
        log_rates.push(if cap.is_finite() {
            cap.ln() + (-missing * ratio).ln_1p()
        } else {
            last - ratio.ln()
        });
    }
}

/// The demands of a level as stations: those that share servers added up, whole hosts only where no process is given.
pub(crate) fn stations(demands: &[ResourceDemand]) -> Vec<(String, Station)> {
    let processes_given = demands.iter().any(|d| !d.whole_host);
    let mut named: Vec<(String, String, f64, Station)> = Vec::new();
    for demand in demands
        .iter()
        .filter(|d| d.demand_s.value > 0.0 && d.servers > 0.0)
    {
        if demand.whole_host && processes_given {
            continue;
        }
        let key = demand
            .shares
            .clone()
            .unwrap_or_else(|| format!("\u{0}{}", demand.resource));
        let own = demand.demand_s.value;
        match named.iter_mut().find(|(k, ..)| *k == key) {
            Some((_, name, largest, station)) => {
                station.demand_s += own;
                station.servers = station.servers.max(demand.servers);
                if own > *largest {
                    *largest = own;
                    name.clone_from(&demand.resource);
                }
            }
            None => named.push((
                key,
                demand.resource.clone(),
                own,
                Station {
                    demand_s: own,
                    servers: demand.servers,
                },
            )),
        }
    }
    named
        .into_iter()
        .map(|(_, name, _, station)| (name, station))
        .collect()
}

/// The tightest limit among the demands, whole hosts included: (resource, largest throughput per second).
pub(crate) fn tightest(demands: &[ResourceDemand]) -> Option<(String, f64)> {
    let hosts = demands.iter().filter(|d| d.whole_host && d.demand_s.value > 0.0);
    let of_hosts = hosts.map(|d| (d.resource.clone(), d.servers / d.demand_s.value));
    let of_stations = stations(demands)
        .into_iter()
        .map(|(name, s)| (name, s.limit_per_s()));
    of_stations.chain(of_hosts).min_by(|a, b| a.1.total_cmp(&b.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Estimate;

    fn single(demand_s: f64) -> Station {
        Station {
            demand_s,
            servers: 1.0,
        }
    }

    #[test]
    fn balanced_network_without_think_time() {
        let rates = log_rates(&[single(1.0), single(1.0), single(1.0)], 5);
        assert!((rates[4].exp() - 5.0 / 7.0).abs() < 1e-12);
    }

    #[test]
    fn multiserver_rates_follow_the_servers() {
        let station = Station {
            demand_s: 4.0,
            servers: 8.0,
        };
        let rates = log_rates(&[station], 300);
        for (index, rate) in rates.iter().enumerate() {
            let expected = ((index + 1) as f64).min(8.0) / 4.0;
            assert!((rate.exp() / expected - 1.0).abs() < 1e-9, "n={}", index + 1);
        }
    }

    #[test]
    fn half_a_core_is_a_slow_server() {
        let rates = log_rates(
            &[Station {
                demand_s: 0.1,
                servers: 0.5,
            }],
            4,
        );
        assert!(rates.iter().all(|r| (r.exp() - 5.0).abs() < 1e-12));
    }

    #[test]
    fn processes_on_the_same_cores_add_up() {
        let demand = |name: &str, value: f64, shares: Option<&str>, whole_host: bool| ResourceDemand {
            resource: name.into(),
            demand_s: Estimate::symmetric(value, 0.0, 100).unwrap(),
            servers: 2.0,
            shares: shares.map(Into::into),
            whole_host,
        };
        let demands = [
            demand("apache2 on a", 0.03, Some("a"), false),
            demand("mariadbd on a", 0.05, Some("a"), false),
            demand("redis on b", 0.02, None, false),
            demand("a", 0.09, None, true),
        ];
        let found = stations(&demands);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].0, "mariadbd on a");
        assert!((found[0].1.demand_s - 0.08).abs() < 1e-15);
        assert_eq!(tightest(&demands).unwrap().0, "a");
    }
}
