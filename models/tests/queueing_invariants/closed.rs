//! Closed networks of one class.

use crate::close;
use autoperf_models::queueing::{ClosedNetwork, Solution, Station, StationKind, bounds, multiserver, mva};
use proptest::prelude::*;

/// Demands of 1 us to 10 s.
fn demand() -> impl Strategy<Value = f64> {
    (-6.0f64..1.0).prop_map(|power| 10f64.powf(power))
}

/// Half of all networks have no think time.
fn think_time() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), (-3.0f64..2.0).prop_map(|power| 10f64.powf(power))]
}

fn single_servers() -> impl Strategy<Value = ClosedNetwork> {
    let demands = prop::collection::vec(demand(), 1..6);
    (demands, think_time()).prop_map(|(demands, think)| ClosedNetwork::of_single_servers(&demands, think))
}

fn rates() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(0.1f64..8.0, 1..12)
}

fn kind() -> impl Strategy<Value = StationKind> {
    prop_oneof![
        Just(StationKind::Delay),
        (1u32..40).prop_map(|servers| StationKind::Queueing { servers }),
        rates().prop_map(StationKind::LoadDependent),
    ]
}

fn any_network() -> impl Strategy<Value = ClosedNetwork> {
    let station = (demand(), kind()).prop_map(|(demand_s, kind)| Station {
        name: String::from("station"),
        demand_s,
        kind,
    });
    (prop::collection::vec(station, 1..5), think_time()).prop_map(|(stations, think_time_s)| ClosedNetwork {
        stations,
        think_time_s,
    })
}

fn with_kind(network: &ClosedNetwork, kind: &StationKind) -> ClosedNetwork {
    let mut other = network.clone();
    other
        .stations
        .iter_mut()
        .for_each(|station| station.kind = kind.clone());
    other
}

fn agree(a: &Solution, b: &Solution) -> bool {
    let queues = a
        .queue
        .iter()
        .zip(&b.queue)
        .all(|(a, b)| (a - b).abs() < 1e-9 * (1.0 + a));
    queues
        && close(a.throughput_per_s, b.throughput_per_s, 1e-10)
        && close(a.response_time_s, b.response_time_s, 1e-9)
}

proptest! {
    #[test]
    fn users_are_conserved(network in any_network(), users in 1u32..120) {
        let solution = multiserver::solve(&network, users).unwrap();
        let total = f64::from(users);
        let present: f64 = solution.queue.iter().sum();
        prop_assert!(close(present + solution.throughput_per_s * network.think_time_s, total, 1e-9));
        let cycle = solution.response_time_s + network.think_time_s;
        prop_assert!(close(solution.throughput_per_s * cycle, total, 1e-10));
        prop_assert!(close(solution.residence_s.iter().sum(), solution.response_time_s, 1e-9));
        prop_assert!(solution.utilization.iter().all(|share| (0.0..=1.0).contains(share)));
    }

    #[test]
    fn the_curve_is_the_solutions(network in any_network(), users in 1u32..60) {
        let curve = multiserver::solve_curve(&network, users).unwrap();
        for n in [1, users.div_ceil(2), users] {
            let solution = multiserver::solve(&network, n).unwrap();
            let index = n as usize - 1;
            prop_assert!(close(solution.throughput_per_s, curve.throughput_per_s[index], 1e-11));
            prop_assert!(close(solution.response_time_s, curve.response_time_s[index], 1e-11));
        }
    }

    #[test]
    fn marginals_are_distributions_with_the_mean_queue(network in any_network(), users in 1u32..60) {
        let solution = multiserver::solve(&network, users).unwrap();
        let marginals = multiserver::marginals(&network, users).unwrap();
        for (probabilities, queue) in marginals.iter().zip(&solution.queue) {
            prop_assert!(probabilities.iter().all(|p| (0.0..=1.0 + 1e-12).contains(p)));
            prop_assert!(close(probabilities.iter().sum(), 1.0, 1e-10));
            let mean: f64 = probabilities.iter().enumerate().map(|(present, p)| present as f64 * p).sum();
            prop_assert!((mean - queue).abs() < 1e-8 * (1.0 + queue));
        }
    }

    #[test]
    fn asymptotic_bounds_enclose_every_network(network in any_network(), users in 1u32..100) {
        let exact = multiserver::solve(&network, users).unwrap();
        let bounds = bounds::asymptotic(&network, users).unwrap();
        prop_assert!(bounds.throughput_low_per_s <= exact.throughput_per_s * (1.0 + 1e-10));
        prop_assert!(exact.throughput_per_s <= bounds.throughput_high_per_s * (1.0 + 1e-10));
    }

    #[test]
    fn bounds_are_nested_around_the_truth(network in single_servers(), users in 1u32..150) {
        let exact = mva::solve(&network, users).unwrap().throughput_per_s;
        let wide = bounds::asymptotic(&network, users).unwrap();
        let narrow = bounds::balanced_job(&network, users).unwrap();
        let ordered = [
            wide.throughput_low_per_s,
            narrow.throughput_low_per_s,
            exact,
            narrow.throughput_high_per_s,
            wide.throughput_high_per_s,
        ];
        prop_assert!(ordered.windows(2).all(|pair| pair[0] <= pair[1] * (1.0 + 1e-12)), "{ordered:?}");
        prop_assert!(bounds::geometric_low(&network, users).unwrap() <= exact * (1.0 + 1e-10));
        if network.think_time_s == 0.0 {
            let proportional = bounds::proportional(&network, users).unwrap();
            prop_assert!(proportional.throughput_low_per_s <= exact * (1.0 + 1e-10));
            prop_assert!(exact <= proportional.throughput_high_per_s * (1.0 + 1e-10));
        }
    }

    #[test]
    fn throughput_rises_ever_less_and_response_time_rises(network in single_servers()) {
        let curve = mva::solve_curve(&network, 80).unwrap();
        let gains: Vec<f64> = curve.throughput_per_s.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let noise = 1e-12 * curve.throughput_per_s[79];
        prop_assert!(gains.iter().all(|gain| *gain >= -noise));
        prop_assert!(gains.windows(2).all(|pair| pair[1] <= pair[0] + noise));
        prop_assert!(curve.response_time_s.windows(2).all(|pair| pair[1] >= pair[0] * (1.0 - 1e-12)));
    }

    #[test]
    fn constant_rates_are_single_servers(network in single_servers(), users in 1u32..100) {
        let constant = with_kind(&network, &StationKind::LoadDependent(vec![1.0; 3]));
        let by_convolution = multiserver::solve(&constant, users).unwrap();
        prop_assert!(agree(&mva::solve(&network, users).unwrap(), &by_convolution));
    }

    #[test]
    fn rates_of_several_servers_are_several_servers(network in single_servers(), users in 1u32..100, m in 2u32..20) {
        let rates = (1..=m).map(f64::from).collect();
        let by_rates = multiserver::solve(&with_kind(&network, &StationKind::LoadDependent(rates)), users).unwrap();
        let by_servers = multiserver::solve(&with_kind(&network, &StationKind::Queueing { servers: m }), users).unwrap();
        prop_assert!(agree(&by_rates, &by_servers));
    }

    #[test]
    fn enough_servers_are_a_delay(network in single_servers(), users in 1u32..60) {
        let plenty = with_kind(&network, &StationKind::Queueing { servers: users.max(2) });
        let delays = multiserver::solve(&with_kind(&network, &StationKind::Delay), users).unwrap();
        prop_assert!(agree(&multiserver::solve(&plenty, users).unwrap(), &delays));
    }

    #[test]
    fn a_larger_unit_of_time_scales_everything(network in any_network(), users in 1u32..60, power in -3i32..4) {
        let unit = 10f64.powi(power);
        let mut other = network.clone();
        other.think_time_s *= unit;
        other.stations.iter_mut().for_each(|station| station.demand_s *= unit);
        let (a, b) = (multiserver::solve(&network, users).unwrap(), multiserver::solve(&other, users).unwrap());
        prop_assert!(close(a.throughput_per_s, b.throughput_per_s * unit, 1e-10));
        prop_assert!(close(a.response_time_s * unit, b.response_time_s, 1e-10));
    }

    #[test]
    fn saturation_point_is_where_the_asymptotes_meet(network in single_servers()) {
        let known = |value| autoperf_models::Estimate::symmetric(value, 0.0, 1).unwrap();
        let demands: Vec<_> = network.stations.iter().map(|station| known(station.demand_s)).collect();
        let users = bounds::saturation_users(&demands, &vec![1.0; demands.len()], network.think_time_s).unwrap();
        let slowest = network.stations.iter().map(|station| station.demand_s).fold(0.0, f64::max);
        let light = users.value / (network.total_demand_s() + network.think_time_s);
        prop_assert!(close(light, 1.0 / slowest, 1e-12));
    }
}
