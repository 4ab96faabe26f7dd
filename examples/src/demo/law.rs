//! The service law of the demo site, its navigation, and what follows from both by queueing theory.

use std::time::Duration;

/// A tier of the site; each is one process with one worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// Speaks HTTP with the users.
    Web,
    /// Speaks frames with the web tier.
    Storage,
}

impl Tier {
    /// All tiers, in the order in which a transaction visits them.
    pub const ALL: [Self; 2] = [Self::Web, Self::Storage];

    /// The name that the tier's process bears in the process table.
    #[must_use]
    pub const fn process_name(self) -> &'static str {
        match self {
            Self::Web => "demo-web",
            Self::Storage => "demo-storage",
        }
    }
}

/// A kind of transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `GET /browse?category=..&page=..`
    Browse,
    /// `GET /search?q=..`
    Search,
    /// `POST /buy` with a form of item and quantity.
    Buy,
}

/// CPU time that one transaction of a kind costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ServiceLaw {
    /// The kind.
    pub kind: Kind,
    /// Its name in the workload files.
    pub name: &'static str,
    /// CPU time in the web tier, ms.
    pub web_ms: f64,
    /// CPU time in the storage tier, ms.
    pub storage_ms: f64,
}

/// The law: what every transaction costs, exactly and always.
pub const LAW: [ServiceLaw; 3] = [
    ServiceLaw {
        kind: Kind::Browse,
        name: "Browse",
        web_ms: 3.0,
        storage_ms: 1.5,
    },
    ServiceLaw {
        kind: Kind::Search,
        name: "Search",
        web_ms: 4.0,
        storage_ms: 4.0,
    },
    ServiceLaw {
        kind: Kind::Buy,
        name: "Buy",
        web_ms: 6.0,
        storage_ms: 2.0,
    },
];

/// The part of a core that each tier may use, as under a container's CPU limit.
pub const CORES_PER_TIER: f64 = 0.5;

/// Think time before every transaction, constant.
pub const THINK_TIME: Duration = Duration::from_millis(400);

/// Navigation: probabilities from Entry to Browse, Search, Buy.
pub const ENTRY: [f64; 3] = [0.7, 0.3, 0.0];

/// Navigation: row i has the probabilities from kind i to Browse, Search, Buy; what is missing to 1 leads to Exit.
pub const ROWS: [[f64; 3]; 3] = [[0.40, 0.20, 0.25], [0.45, 0.15, 0.25], [0.35, 0.20, 0.15]];

impl Kind {
    /// All kinds, in the order of [`LAW`].
    pub const ALL: [Self; 3] = [Self::Browse, Self::Search, Self::Buy];

    /// CPU time that one transaction of this kind costs a tier.
    #[must_use]
    pub fn cpu(self, tier: Tier) -> Duration {
        let law = LAW[self as usize];
        let milliseconds = match tier {
            Tier::Web => law.web_ms,
            Tier::Storage => law.storage_ms,
        };
        Duration::from_secs_f64(milliseconds / 1e3)
    }
}

/// What a capacity analysis of the demo site has to find.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Truth {
    /// Share of each kind in the transactions, in the order of [`LAW`]; sums to 1.
    pub mix: [f64; 3],
    /// Mean number of transactions in a session.
    pub transactions_per_session: f64,
    /// CPU seconds per transaction of the mix in the web tier.
    pub web_demand_s: f64,
    /// CPU seconds per transaction of the mix in the storage tier.
    pub storage_demand_s: f64,
    /// Mean response time of a lone user, s.
    pub response_time_alone_s: f64,
    /// Mean think time per transaction, s.
    pub think_time_s: f64,
    /// Largest throughput, transactions per second.
    pub max_throughput_per_s: f64,
    /// Saturation point N* = X_max (R(1) + Z), users.
    pub saturation_users: f64,
}

impl Truth {
    /// The demand of a tier, CPU seconds per transaction of the mix.
    #[must_use]
    pub const fn demand_s(&self, tier: Tier) -> f64 {
        match tier {
            Tier::Web => self.web_demand_s,
            Tier::Storage => self.storage_demand_s,
        }
    }
}

/// Computes the truth from the law and the navigation by the operational laws (Denning and Buzen, 1978).
#[must_use]
pub fn truth() -> Truth {
    let visits = visits(ENTRY, ROWS);
    let transactions_per_session: f64 = visits.iter().sum();
    let mix = visits.map(|v| v / transactions_per_session);
    let demand_s = |tier: Tier| -> f64 {
        Kind::ALL
            .iter()
            .zip(mix)
            .map(|(kind, share)| share * kind.cpu(tier).as_secs_f64())
            .sum()
    };
    let (web_demand_s, storage_demand_s) = (demand_s(Tier::Web), demand_s(Tier::Storage));
    let response_time_alone_s = (web_demand_s + storage_demand_s) / CORES_PER_TIER;
    let think_time_s = THINK_TIME.as_secs_f64();
    let max_throughput_per_s = CORES_PER_TIER / web_demand_s.max(storage_demand_s);
    Truth {
        mix,
        transactions_per_session,
        web_demand_s,
        storage_demand_s,
        response_time_alone_s,
        think_time_s,
        max_throughput_per_s,
        saturation_users: max_throughput_per_s * (response_time_alone_s + think_time_s),
    }
}

/// Mean visits to each state in a session: solves v = entry + v·rows by Gaussian elimination.
///
/// Every state can reach Exit, hence the system I - rowsᵀ is a non-singular M-matrix and its pivots are positive
/// without any exchange of rows.
fn visits<const N: usize>(entry: [f64; N], rows: [[f64; N]; N]) -> [f64; N] {
    let mut system = [[0.0; N]; N];
    for (i, equation) in system.iter_mut().enumerate() {
        for (j, coefficient) in equation.iter_mut().enumerate() {
            *coefficient = f64::from(u8::from(i == j)) - rows[j][i];
        }
    }
    let mut visits = entry;
    for pivot in 0..N {
        let (pivot_equation, pivot_inflow) = (system[pivot], visits[pivot]);
        for row in pivot + 1..N {
            let factor = system[row][pivot] / pivot_equation[pivot];
            for (coefficient, above) in system[row].iter_mut().zip(pivot_equation) {
                *coefficient -= factor * above;
            }
            visits[row] -= factor * pivot_inflow;
        }
    }
    for row in (0..N).rev() {
        let known: f64 = (row + 1..N)
            .map(|column| system[row][column] * visits[column])
            .sum();
        visits[row] = (visits[row] - known) / system[row][row];
    }
    visits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_law_is_listed_in_the_order_of_the_kinds() {
        for (index, law) in LAW.iter().enumerate() {
            assert_eq!(law.kind as usize, index);
            assert_eq!(Kind::ALL[index], law.kind);
        }
    }

    #[test]
    fn the_navigation_is_a_graph_that_always_exits() {
        assert!((ENTRY.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        for row in ROWS {
            let sum: f64 = row.iter().sum();
            assert!(sum > 0.0 && sum < 1.0, "no way to Exit from {row:?}");
        }
    }

    #[test]
    fn visits_satisfy_their_own_equation() {
        let v = visits(ENTRY, ROWS);
        for state in 0..3 {
            let inflow: f64 = ENTRY[state] + (0..3).map(|from| v[from] * ROWS[from][state]).sum::<f64>();
            assert!(
                (v[state] - inflow).abs() < 1e-12,
                "state {state}: {} against {inflow}",
                v[state]
            );
        }
        let exits: f64 = (0..3)
            .map(|from| v[from] * (1.0 - ROWS[from].iter().sum::<f64>()))
            .sum();
        assert!(
            (exits - 1.0).abs() < 1e-12,
            "a session exits once, not {exits} times"
        );
    }

    #[test]
    fn visits_of_a_chain_known_by_hand() {
        let v = visits([1.0, 0.0], [[0.5, 0.25], [0.0, 0.75]]);
        assert!((v[0] - 2.0).abs() < 1e-12 && (v[1] - 2.0).abs() < 1e-12, "{v:?}");
    }

    #[test]
    fn the_site_saturates_where_an_analysis_takes_about_two_minutes() {
        let truth = truth();
        assert!((truth.mix.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!((0.0038..0.0042).contains(&truth.web_demand_s), "{truth:?}");
        assert!((0.0021..0.0026).contains(&truth.storage_demand_s), "{truth:?}");
        assert!((40.0..60.0).contains(&truth.saturation_users), "{truth:?}");
        assert_eq!(truth.demand_s(Tier::Web), truth.web_demand_s);
    }

    #[test]
    fn the_book_states_the_law_as_it_is() {
        let page = include_str!("../../../docs/demo.md");
        let truth = truth();
        for (law, share) in LAW.iter().zip(truth.mix) {
            let row = format!(
                "| {} | {:.1} | {:.1} | {:.1} % |",
                law.name,
                law.web_ms,
                law.storage_ms,
                share * 100.0
            );
            assert!(page.contains(&row), "docs/demo.md lacks {row}");
        }
        let figures = format!(
            "| {:.3} ms | {:.3} ms | {:.1} ms | {:.1} /s | {:.1} |",
            truth.web_demand_s * 1e3,
            truth.storage_demand_s * 1e3,
            truth.response_time_alone_s * 1e3,
            truth.max_throughput_per_s,
            truth.saturation_users
        );
        assert!(page.contains(&figures), "docs/demo.md lacks {figures}");
    }
}
