//! Normalising constants of closed product-form networks by convolution (Buzen, CACM 1973; Reiser & Kobayashi 1975).
//!
//! A station contributes the sequence `f(j) = prod_{i<=j} D/alpha(i)`, the delays together contribute `Z^j/j!`, and the
//! network's constant is `G = f_1 * ... * f_K`; then `X(n) = G(n-1)/G(n)`. Every term is positive, so unlike the
//! recursion on marginal probabilities (Reiser & Lavenberg 1980, which subtracts) it cannot go wrong at saturation.
//!
//! Two things make it cheap. From some number `L` of requests on, a station's rate is constant, so `f` ends in a geometric
//! tail, whose convolution is one running sum: O(N L) in place of O(N^2). And beside `G(n)` the mean number `q(n)` of
//! requests at the stations taken in so far is carried along as a weighted mean, so that `R(n) = q(n)/X(n)` needs no
//! subtraction of the think time.

use super::scaled::{Scaled, ScaledVec};
use super::{ClosedNetwork, Station, StationKind};

/// One station's sequence `f`: the first terms one by one, then a geometric tail.
struct Terms {
    /// `f(0), f(1), ...` up to where the tail starts.
    head: ScaledVec,
    /// The tail's first term; `None` if the population never gets there.
    tail: Option<Scaled>,
    /// Ratio of neighbours in the tail, s.
    ratio: f64,
}

impl Terms {
    fn new(station: &Station, users: u32) -> Self {
        let tail_from = match &station.kind {
            StationKind::Queueing { servers } => *servers - 1,
            StationKind::LoadDependent(rates) => {
                let varying = rates.iter().rposition(|rate| Some(rate) != rates.last());
                varying.map_or(0, |index| u32::try_from(index + 1).unwrap_or(u32::MAX))
            }
            StationKind::Delay => u32::MAX,
        };
        let ratio = |present: u32| station.demand_s / station.rate(present);
        let mut head = ScaledVec::with_capacity(tail_from.min(users) as usize + 1);
        let mut term = Scaled::ONE;
        for present in 0..=users {
            if present > 0 {
                term = term.times(ratio(present));
            }
            if present == tail_from {
                return Self {
                    head,
                    tail: Some(term),
                    ratio: ratio(present + 1),
                };
            }
            head.push(term);
        }
        Self {
            head,
            tail: None,
            ratio: 0.0,
        }
    }

    fn iter(&self) -> impl Iterator<Item = Scaled> + '_ {
        let head = (0..self.head.len()).map(|index| self.head.get(index));
        head.chain(std::iter::successors(self.tail, |term| {
            Some(term.times(self.ratio))
        }))
    }
}

/// The constants of a growing network for all populations `0..=N`.
pub(crate) struct Constants {
    /// `G(n)`.
    pub(crate) constant: ScaledVec,
    /// Mean number of requests at the stations (not thinking) with `n` users.
    pub(crate) present: Vec<f64>,
}

impl Constants {
    /// The think time and all delays: together one delay, of whose customers a fixed share is at the stations.
    fn of_delays(think_time_s: f64, delay_s: f64, users: u32) -> Self {
        let total = think_time_s + delay_s;
        let share = if total > 0.0 { delay_s / total } else { 0.0 };
        let mut constant = ScaledVec::with_capacity(users as usize + 1);
        let mut term = Scaled::ONE;
        constant.push(term);
        for n in 1..=users {
            term = term.times(total / f64::from(n));
            constant.push(term);
        }
        Self {
            constant,
            present: (0..=users).map(|n| f64::from(n) * share).collect(),
        }
    }

    /// The network with one station more.
    fn with(&self, terms: &Terms) -> Self {
        let size = self.constant.len();
        let mut constant = ScaledVec::with_capacity(size);
        let mut present = Vec::with_capacity(size);
        // The tail's running sum H(n) = sum_i ratio^i G(n-i) with the mean of (q(n-i) + i) over its terms.
        let (mut running, mut carried) = (Scaled::ZERO, 0.0);
        for n in 0..size {
            let head = self.constant_head(terms, n);
            let (mut value, mut mean) = head;
            if let Some(tail) = terms.tail
                && n >= terms.head.len()
            {
                let n_before = n - terms.head.len();
                let (fresh, older) = (self.constant.get(n_before), running.times(terms.ratio));
                let old_share = older.share(fresh);
                carried = (1.0 - old_share) * self.present[n_before] + old_share * (carried + 1.0);
                running = fresh.plus(older);
                let tail_value = tail.product(running);
                let tail_share = tail_value.share(value);
                mean = (1.0 - tail_share) * mean + tail_share * (carried + terms.head.len() as f64);
                value = value.plus(tail_value);
            }
            constant.push(value);
            present.push(mean);
        }
        Self { constant, present }
    }

    fn constant_head(&self, terms: &Terms, n: usize) -> (Scaled, f64) {
        let count = terms.head.len().min(n + 1);
        terms.head.convolve(&self.constant, &self.present, (n, count))
    }
}

/// The constants of the whole network, or of all of it but the station `without`.
pub(crate) fn constants(network: &ClosedNetwork, users: u32, without: Option<usize>) -> Constants {
    let stations = network.stations.iter().enumerate();
    let taken: Vec<&Station> = stations
        .filter(|(index, _)| Some(*index) != without)
        .map(|(_, station)| station)
        .collect();
    let is_delay = |station: &&&Station| station.kind == StationKind::Delay;
    let delay_s = taken
        .iter()
        .filter(is_delay)
        .map(|station| station.demand_s)
        .sum();
    let queues = taken.iter().filter(|station| !is_delay(station));
    let queues = queues.filter(|station| station.demand_s > 0.0);
    queues.fold(
        Constants::of_delays(network.think_time_s, delay_s, users),
        |so_far, station| so_far.with(&Terms::new(station, users)),
    )
}

/// Probabilities that 0, 1, ..., `users` requests are at the station: `f(j) G_without(N-j)` over their sum.
pub(crate) fn marginal(network: &ClosedNetwork, users: u32, index: usize) -> Vec<f64> {
    let others = constants(network, users, Some(index)).constant;
    let terms = Terms::new(&network.stations[index], users);
    let weights: Vec<Scaled> = terms
        .iter()
        .zip((0..others.len()).rev())
        .map(|(term, elsewhere)| term.product(others.get(elsewhere)))
        .collect();
    let total = weights.iter().fold(Scaled::ZERO, |sum, weight| sum.plus(*weight));
    weights
        .iter()
        .map(|weight| weight.ratio(total).unwrap_or(0.0))
        .collect()
}
