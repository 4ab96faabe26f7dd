//! Fits, demands, graphs and open queues.

use crate::close;
use autoperf_models::cbmg::Cbmg;
use autoperf_models::demand::{nnls, ratio};
use autoperf_models::linear::Matrix;
use autoperf_models::queueing::open;
use autoperf_models::usl::{self, Usl};
use proptest::prelude::*;

/// A graph of 2 to 6 states in which every state has a way out.
fn graph() -> impl Strategy<Value = Cbmg> {
    (2usize..7).prop_flat_map(|size| {
        let weights = prop::collection::vec(prop::collection::vec(0.0f64..1.0, size), size);
        let exits = prop::collection::vec(0.05f64..1.0, size);
        (weights, exits, prop::collection::vec(0.01f64..1.0, size)).prop_map(|(weights, exits, entry)| {
            let rows = weights.iter().zip(&exits).map(|(row, exit)| {
                let total: f64 = row.iter().sum::<f64>() + exit;
                row.iter().map(|weight| weight / total).collect()
            });
            let total: f64 = entry.iter().sum();
            let names = (0..entry.len()).map(|index| format!("state {index}")).collect();
            Cbmg::new(
                names,
                entry.iter().map(|weight| weight / total).collect(),
                rows.collect(),
            )
            .unwrap()
        })
    })
}

proptest! {
    #[test]
    fn sessions_flow_in_and_out(graph in graph()) {
        let exits: f64 = graph.exit().iter().zip(graph.visits()).map(|(p, visits)| p * visits).sum();
        prop_assert!(close(exits, 1.0, 1e-9));
        for state in 0..graph.names().len() {
            let rows = graph.rows().iter().zip(graph.visits());
            let inflow = graph.entry()[state] + rows.map(|(row, visits)| row[state] * visits).sum::<f64>();
            prop_assert!(close(inflow, graph.visits()[state], 1e-9));
        }
        let remaining = graph.expected_remaining();
        let from_entry: f64 = graph.entry().iter().zip(&remaining).map(|(p, length)| p * length.unwrap()).sum();
        prop_assert!(close(from_entry, graph.session_length(), 1e-9));
        prop_assert!(close(graph.mix().iter().sum(), 1.0, 1e-12));
        prop_assert!(graph.session_length_sd() >= 0.0);
    }

    #[test]
    fn non_negative_least_squares_meets_its_conditions(
        rows in prop::collection::vec(prop::collection::vec(0.0f64..50.0, 4), 5..15),
        right in prop::collection::vec(-2.0f64..20.0, 15)
    ) {
        let matrix = Matrix::from_rows(&rows).unwrap();
        let right = &right[..rows.len()];
        let fit = nnls::solve(&matrix, right).unwrap();
        prop_assert!(fit.solution.iter().all(|value| *value >= 0.0));
        prop_assert!(fit.optimality_gap(&matrix, right) < 1e-9, "{fit:?}");
        for (value, free) in fit.solution.iter().zip(&fit.passive) {
            prop_assert!(*free || *value == 0.0);
        }
        if let Some(plain) = matrix.least_squares(right)
            && plain.iter().all(|value| *value > 1e-9)
        {
            prop_assert!(plain.iter().zip(&fit.solution).all(|(a, b)| (a - b).abs() < 1e-7 * (1.0 + a)));
        }
    }

    #[test]
    fn the_ratio_estimate_scales_and_contains_its_value(
        windows in prop::collection::vec((0.0f64..10.0, 1.0f64..500.0), 2..30)
    ) {
        let (busy, counts): (Vec<f64>, Vec<f64>) = windows.into_iter().unzip();
        let estimate = ratio::estimate(&busy, &counts, 0.95).unwrap();
        let narrow = ratio::estimate(&busy, &counts, 0.5).unwrap();
        prop_assert!(estimate.low >= 0.0 && narrow.half_width() <= estimate.half_width());
        let doubled: Vec<f64> = busy.iter().map(|seconds| 2.0 * seconds).collect();
        prop_assert!(close(ratio::estimate(&doubled, &counts, 0.95).unwrap().value, 2.0 * estimate.value, 1e-12));
    }

    #[test]
    fn the_inverse_of_scalability_is_one(alpha in 0.0f64..0.9, beta in 0.0f64..0.1, share in 0.01f64..0.999) {
        let law = Usl { gamma_per_s: 50.0, alpha, beta };
        let most = law.peak().map_or(40.0, |peak| peak.users).max(1.0);
        let users = 1.0 + share * (most - 1.0);
        let back = law.users_for(law.throughput_per_s(users)).unwrap();
        prop_assert!(close(back, users, 1e-6), "{back} {users}");
    }

    #[test]
    fn a_fit_is_never_worse_than_the_truth(
        alpha in 0.0f64..0.5, beta in 0.0f64..0.01, noise in prop::collection::vec(-0.05f64..0.05, 9)
    ) {
        let law = Usl { gamma_per_s: 100.0, alpha, beta };
        let users = [1.0, 2.0, 4.0, 8.0, 16.0, 24.0, 32.0, 48.0, 64.0];
        let points: Vec<(f64, f64)> =
            users.iter().zip(&noise).map(|(users, noise)| (*users, law.throughput_per_s(*users) * (1.0 + noise))).collect();
        let fit = usl::fit(&points).unwrap();
        let squares = |law: &Usl| -> f64 {
            points.iter().map(|(users, throughput)| (throughput - law.throughput_per_s(*users)).powi(2)).sum()
        };
        prop_assert!(squares(&fit.law) <= squares(&law) * (1.0 + 1e-9));
        prop_assert!((0.0..=1.0).contains(&fit.law.alpha) && (0.0..=1.0).contains(&fit.law.beta));
    }

    #[test]
    fn more_servers_block_and_wait_less(offered in 0.01f64..50.0, servers in 1u32..80) {
        let blocked = open::erlang_b(offered, servers).unwrap();
        prop_assert!((0.0..=1.0).contains(&blocked) && open::erlang_b(offered, servers + 1).unwrap() <= blocked);
        if let Some(waits) = open::erlang_c(offered, servers) {
            prop_assert!(blocked <= waits && waits <= 1.0);
            let queue = open::mmc(offered, 1.0, servers).unwrap();
            prop_assert!(close(queue.present, queue.waiting + offered, 1e-9));
            // With so many places that losses vanish, the queue with places is the one without.
            if queue.utilization < 0.9 {
                let limited = open::mmck(offered, 1.0, servers, servers + 500).unwrap();
                prop_assert!(close(limited.present, queue.present, 1e-6));
            }
        }
    }
}
