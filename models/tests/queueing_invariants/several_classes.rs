//! Networks of several classes.

use crate::close;
use autoperf_models::queueing::mixed;
use autoperf_models::queueing::multiclass::{self, MulticlassNetwork, MulticlassSolution};
use autoperf_models::queueing::{ClosedNetwork, approximate, bounds, mva};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

/// Up to three classes of up to eight users over up to four centres.
fn network() -> impl Strategy<Value = MulticlassNetwork> {
    (1usize..4, 1usize..5).prop_flat_map(|(classes, centres)| {
        let demands = prop::collection::vec(prop::collection::vec(0.01f64..2.0, centres), classes);
        let users = prop::collection::vec(1u32..9, classes);
        let think = prop::collection::vec(0.0f64..10.0, classes);
        (demands, users, think).prop_map(|(demands, users, think)| {
            MulticlassNetwork::of_single_servers(&demands, &users, &think)
        })
    })
}

fn throughputs(solution: &MulticlassSolution) -> Vec<f64> {
    solution
        .classes
        .iter()
        .map(|class| class.throughput_per_s)
        .collect()
}

fn largest_error(approximate: &MulticlassSolution, exact: &MulticlassSolution) -> f64 {
    let pairs = throughputs(approximate).into_iter().zip(throughputs(exact));
    pairs
        .map(|(approximate, exact)| (approximate / exact - 1.0).abs())
        .fold(0.0, f64::max)
}

proptest! {
    #[test]
    fn one_class_is_the_single_class_solution(
        demands in prop::collection::vec(0.01f64..2.0, 1..5), think in 0.0f64..10.0, users in 1u32..60
    ) {
        let several = MulticlassNetwork::of_single_servers(std::slice::from_ref(&demands), &[users], &[think]);
        let single = mva::solve(&ClosedNetwork::of_single_servers(&demands, think), users).unwrap();
        let solution = multiclass::solve_exact(&several).unwrap();
        prop_assert!(close(solution.classes[0].throughput_per_s, single.throughput_per_s, 1e-12));
        for (a, b) in solution.classes[0].queue.iter().zip(&single.queue) {
            prop_assert!(close(*a, *b, 1e-12));
        }
    }

    #[test]
    fn a_class_without_users_may_be_dropped(network in network(), demand in 0.01f64..2.0) {
        let mut larger = network.clone();
        let mut empty = network.classes[0].clone();
        empty.users = 0;
        empty.demands_s.fill(demand);
        larger.classes.insert(0, empty);
        let (a, b) = (multiclass::solve_exact(&network).unwrap(), multiclass::solve_exact(&larger).unwrap());
        prop_assert_eq!(&a.classes[..], &b.classes[1..]);
        let (a, b) = (approximate::linearizer(&network).unwrap(), approximate::linearizer(&larger).unwrap());
        prop_assert!(a.classes.iter().zip(&b.classes[1..]).all(|(a, b)| close(a.throughput_per_s, b.throughput_per_s, 1e-9)));
    }

    #[test]
    fn all_solvers_conserve_users_and_stay_in_bounds(network in network()) {
        let exact = multiclass::solve_exact(&network).unwrap();
        for solution in [&exact, &approximate::schweitzer(&network).unwrap(), &approximate::linearizer(&network).unwrap()] {
            for (class, solved) in network.classes.iter().zip(&solution.classes) {
                let present: f64 = solved.queue.iter().sum();
                let users = present + solved.throughput_per_s * class.think_time_s;
                prop_assert!(close(users, f64::from(class.users), 1e-9));
                prop_assert!(solved.queue.iter().all(|queue| *queue >= 0.0));
            }
            prop_assert!(solution.utilization.iter().all(|share| (0.0..=1.0).contains(share)));
        }
        let all = [
            bounds::multiclass::asymptotic(&network).unwrap(),
            bounds::multiclass::balanced_job(&network).unwrap(),
            bounds::multiclass::composite(&network).unwrap(),
        ];
        for bounds in all {
            for (bounds, throughput) in bounds.iter().zip(throughputs(&exact)) {
                prop_assert!(bounds.throughput_low_per_s <= throughput * (1.0 + 1e-12));
                prop_assert!(throughput <= bounds.throughput_high_per_s * (1.0 + 1e-12));
            }
        }
    }

    #[test]
    fn without_open_streams_a_mixed_network_is_closed(network in network()) {
        let closed = multiclass::solve_exact(&network).unwrap();
        prop_assert_eq!(mixed::solve(&network, &[]).unwrap().closed, closed);
    }
}

/// 300 random networks of two classes: the Linearizer must be the better one in nearly all, and by far on average.
#[test]
fn linearizer_beats_schweitzer() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let demands = prop::collection::vec(prop::collection::vec(0.01f64..1.0, 3), 2);
    let strategy = (
        demands,
        prop::collection::vec(1u32..13, 2),
        prop::collection::vec(0.0f64..3.0, 2),
    );
    let (mut better, mut sums, mut worst) = (0, [0.0, 0.0], 0.0f64);
    let networks = 300;
    for _ in 0..networks {
        let (demands, users, think) = strategy.new_tree(&mut runner).unwrap().current();
        let network = MulticlassNetwork::of_single_servers(&demands, &users, &think);
        let exact = multiclass::solve_exact(&network).unwrap();
        let errors = [
            largest_error(&approximate::schweitzer(&network).unwrap(), &exact),
            largest_error(&approximate::linearizer(&network).unwrap(), &exact),
        ];
        better += u32::from(errors[1] <= errors[0] + 1e-9);
        sums = [sums[0] + errors[0], sums[1] + errors[1]];
        worst = worst.max(errors[1]);
    }
    assert!(better * 100 >= networks * 97, "better in {better} of {networks}");
    assert!(
        sums[1] * 5.0 < sums[0] && worst < 0.03,
        "mean errors {sums:?}/{networks}, worst {worst}"
    );
}
