//! The customer behaviour model graph: a session as a Markov chain that ends (Menasce & Almeida, Scaling for E-Business,
//! 2000, ch. 2 and 11).
//!
//! Inner states are transactions; Entry leads to the first one, what a row's probabilities lack to 1 leads to Exit. From the
//! matrix `T` between inner states follow the visits per session `V = e (I - T)^-1`, and with them everything that a
//! load test needs to know of a navigation: the mix, the length of a session, the mean think time.

use crate::linear::{Matrix, dot};

mod rules;
mod transitions;

pub use rules::CbmgError;
pub use transitions::{ObservedTransitions, TransitionTest};

/// Sums of probabilities may differ from 1 by this much.
pub const SUM_TOLERANCE: f64 = 1e-9;

/// A valid graph with its visits per session.
#[derive(Debug, Clone, PartialEq)]
pub struct Cbmg {
    names: Vec<String>,
    entry: Vec<f64>,
    rows: Vec<Vec<f64>>,
    /// States that a session can come to, in order.
    reachable: Vec<usize>,
    visits: Vec<f64>,
    /// Expected number of transactions from each reachable state to Exit, itself included, and their variance.
    remaining: Vec<(f64, f64)>,
}

impl Cbmg {
    /// A graph from the names of its inner states, the probabilities from Entry to each, and those from each to each.
    ///
    /// # Errors
    /// A list of the wrong length, a number that is no probability, a row that sums to more than 1, an entry row that
    /// does not sum to 1, a name given twice, or states that a session can come to but never leave.
    pub fn new(names: Vec<String>, entry: Vec<f64>, rows: Vec<Vec<f64>>) -> Result<Self, CbmgError> {
        rules::check(&names, &entry, &rows)?;
        let reachable = rules::reachable(&entry, &rows);
        rules::check_exit(&names, &reachable, &rows)?;
        let mut graph = Self {
            visits: vec![0.0; names.len()],
            remaining: Vec::new(),
            names,
            entry,
            rows,
            reachable,
        };
        graph.solve().ok_or(CbmgError::Endless)?;
        Ok(graph)
    }

    /// Visits, remaining lengths and their variances over the reachable states; `None` where sessions are so long that
    /// they are endless to working precision.
    fn solve(&mut self) -> Option<()> {
        let reachable = &self.reachable;
        let inner = |values: &[f64]| -> Vec<f64> { reachable.iter().map(|state| values[*state]).collect() };
        let mut leaving = Matrix::identity(reachable.len());
        for (row, state) in reachable.iter().enumerate() {
            for (column, probability) in inner(&self.rows[*state]).into_iter().enumerate() {
                leaving.set(row, column, leaving.get(row, column) - probability);
            }
        }
        let visits = leaving.transposed().solve(&inner(&self.entry))?;
        let mean = leaving.solve(&vec![1.0; reachable.len()])?;
        // Var = (2 F - I) t - t^2 with the fundamental matrix F = (I - T)^-1 (Kemeny & Snell 1960, theorem 3.3.5).
        let weighted = leaving.solve(&mean)?;
        self.remaining = mean
            .iter()
            .zip(weighted)
            .map(|(mean, sum)| (*mean, (2.0 * sum - mean - mean * mean).max(0.0)))
            .collect();
        for (state, visits) in reachable.iter().zip(visits) {
            self.visits[*state] = visits.max(0.0);
        }
        Some(())
    }

    /// Names of the inner states.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Probabilities from Entry to each state.
    #[must_use]
    pub fn entry(&self) -> &[f64] {
        &self.entry
    }

    /// Probabilities between the states, row by row.
    #[must_use]
    pub fn rows(&self) -> &[Vec<f64>] {
        &self.rows
    }

    /// Probability that a session ends after each state.
    #[must_use]
    pub fn exit(&self) -> Vec<f64> {
        self.rows
            .iter()
            .map(|row| (1.0 - row.iter().sum::<f64>()).max(0.0))
            .collect()
    }

    /// States that no session comes to, by name.
    #[must_use]
    pub fn unreachable(&self) -> Vec<&str> {
        let missing = (0..self.names.len()).filter(|state| !self.reachable.contains(state));
        missing.map(|state| self.names[state].as_str()).collect()
    }

    /// Mean number of visits to each state in one session, V.
    #[must_use]
    pub fn visits(&self) -> &[f64] {
        &self.visits
    }

    /// Mean number of transactions in one session.
    #[must_use]
    pub fn session_length(&self) -> f64 {
        self.visits.iter().sum()
    }

    /// Standard deviation of the number of transactions in one session.
    #[must_use]
    pub fn session_length_sd(&self) -> f64 {
        let starts = self.reachable.iter().map(|state| self.entry[*state]);
        let second: f64 = starts
            .zip(&self.remaining)
            .map(|(p, (mean, variance))| p * (variance + mean * mean))
            .sum();
        (second - self.session_length().powi(2)).max(0.0).sqrt()
    }

    /// Share of each state in all transactions; sums to 1.
    #[must_use]
    pub fn mix(&self) -> Vec<f64> {
        let length = self.session_length();
        self.visits.iter().map(|visits| visits / length).collect()
    }

    /// Mean think time per transaction, s, where a user thinks `think_times_s[c]` before transaction `c`: `sum mix_c z_c`.
    /// `None` unless there is one time for each state.
    #[must_use]
    pub fn mean_think_time_s(&self, think_times_s: &[f64]) -> Option<f64> {
        self.mean_over_mix(think_times_s)
    }

    /// Mean think time per transaction, s, where the time depends on both ends: `before_first_s[j]` from Entry to `j`,
    /// `between_s[i][j]` from `i` to `j`: `(sum_j e_j z_j + sum_ij V_i p_ij z_ij) / sum V`. `None` unless there is one time
    /// for each pair.
    #[must_use]
    pub fn mean_transition_time_s(&self, before_first_s: &[f64], between_s: &[Vec<f64>]) -> Option<f64> {
        let size = self.names.len();
        if before_first_s.len() != size
            || between_s.len() != size
            || between_s.iter().any(|row| row.len() != size)
        {
            return None;
        }
        let of_state = |state: usize| self.visits[state] * weighted(&self.rows[state], &between_s[state]);
        let total = weighted(&self.entry, before_first_s) + (0..size).map(of_state).sum::<f64>();
        Some(total / self.session_length()).filter(|time| time.is_finite())
    }

    /// Mean duration of a session, s, from the mean response and think time of each state: `sum V (R + Z)`. `None` unless
    /// there is one of each for every state.
    #[must_use]
    pub fn session_duration_s(&self, response_times_s: &[f64], think_times_s: &[f64]) -> Option<f64> {
        let response = self.mean_over_mix(response_times_s)?;
        let think = self.mean_over_mix(think_times_s)?;
        Some((response + think) * self.session_length())
    }

    /// Sessions per second at a throughput of so many transactions per second.
    #[must_use]
    pub fn sessions_per_s(&self, throughput_per_s: f64) -> f64 {
        throughput_per_s / self.session_length()
    }

    /// Mean of a quantity that each state has, over all transactions, such as a service demand by transaction; `None`
    /// unless there is one value for each state.
    #[must_use]
    pub fn mean_over_mix(&self, values: &[f64]) -> Option<f64> {
        let mean = weighted(&self.visits, values) / self.session_length();
        (values.len() == self.names.len() && mean.is_finite()).then_some(mean)
    }

    /// Mean number of transactions from each state to the end of the session, the state's own included; `None` for a
    /// state that is never reached.
    #[must_use]
    pub fn expected_remaining(&self) -> Vec<Option<f64>> {
        self.of_reachable(|(mean, _)| mean)
    }

    /// Variance of the number of transactions from each state to the end of the session; `None` for a state that is never
    /// reached.
    #[must_use]
    pub fn remaining_variance(&self) -> Vec<Option<f64>> {
        self.of_reachable(|(_, variance)| variance)
    }

    fn of_reachable(&self, part: impl Fn((f64, f64)) -> f64) -> Vec<Option<f64>> {
        let mut all = vec![None; self.names.len()];
        for (state, pair) in self.reachable.iter().zip(&self.remaining) {
            all[*state] = Some(part(*pair));
        }
        all
    }

    /// Whether walks really follow the matrix: Pearson's chi-square test of observed transitions, row by row, with cells
    /// of fewer than 5 expected transitions pooled.
    ///
    /// What it finds is a fault of the generator, or sessions cut off at the end of the window (long ones are lost first).
    /// `None` where the counts have the wrong shape or are too few to test anything.
    #[must_use]
    pub fn test_transitions(&self, observed: &ObservedTransitions) -> Option<TransitionTest> {
        transitions::test(self, observed)
    }
}

/// Weighted sum in which a weight of zero silences whatever stands there.
fn weighted(weights: &[f64], values: &[f64]) -> f64 {
    let used: (Vec<f64>, Vec<f64>) = weights
        .iter()
        .zip(values)
        .filter(|(weight, _)| **weight != 0.0)
        .unzip();
    dot(&used.0, &used.1)
}
