//! When transactions begin in the open mode: by their own law, whether or not earlier ones have ended.

use super::random;
use rand_chacha::ChaCha8Rng;

/// Law of the times between arrivals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArrivalLaw {
    /// All the same.
    Constant,
    /// Exponential: arrivals of many users that know nothing of each other.
    Poisson,
}

/// The laws by the names people type.
pub const LAWS: [(&str, ArrivalLaw); 2] = [
    ("poisson", ArrivalLaw::Poisson),
    ("constant", ArrivalLaw::Constant),
];

/// The arrivals of one thread; several threads share a rate evenly.
#[derive(Debug, Clone)]
pub struct Arrivals {
    law: ArrivalLaw,
    interval_s: f64,
    rng: ChaCha8Rng,
    next_ns: Option<u64>,
}

impl Arrivals {
    /// Without arrivals yet; thread `index` of a run with this seed.
    #[must_use]
    pub fn new(seed: u64, index: usize) -> Self {
        // Users count from 0 upwards, so that the arrivals' streams, from the end downwards, are nobody else's.
        let stream = u32::MAX - index as u32;
        Self {
            law: ArrivalLaw::Constant,
            interval_s: f64::INFINITY,
            rng: random::user_stream(seed, stream, u32::MAX),
            next_ns: None,
        }
    }

    /// Sets the rate from now on; `share` is this thread's number among those that share it. No rate stops arrivals.
    pub fn set(&mut self, now_ns: u64, rate_per_s: f64, law: ArrivalLaw, share: (usize, usize)) {
        let (index, count) = share;
        self.law = law;
        self.interval_s = count as f64 / rate_per_s;
        self.next_ns = None;
        if rate_per_s > 0.0 && self.interval_s.is_finite() {
            let first_s = match law {
                ArrivalLaw::Constant => self.interval_s * (index + 1) as f64 / count as f64,
                ArrivalLaw::Poisson => self.gap_s(),
            };
            self.next_ns = Some(now_ns + (first_s * 1e9) as u64);
        }
    }

    /// The next arrival, ns.
    #[must_use]
    pub const fn next_ns(&self) -> Option<u64> {
        self.next_ns
    }

    /// Takes the next arrival if it is due; the instant for which it was intended.
    pub fn take_due(&mut self, now_ns: u64) -> Option<u64> {
        let due_ns = self.next_ns.filter(|due| *due <= now_ns)?;
        let gap_ns = (self.gap_s() * 1e9).round() as u64;
        self.next_ns = Some(due_ns.saturating_add(gap_ns));
        Some(due_ns)
    }

    fn gap_s(&mut self) -> f64 {
        match self.law {
            ArrivalLaw::Constant => self.interval_s,
            ArrivalLaw::Poisson => -self.interval_s * (1.0 - random::unit(&mut self.rng)).ln(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_within(arrivals: &mut Arrivals, end_ns: u64) -> Vec<u64> {
        std::iter::from_fn(|| arrivals.take_due(end_ns)).collect()
    }

    #[test]
    fn constant_arrivals_of_several_threads_interleave() {
        let mut all: Vec<u64> = (0..4)
            .flat_map(|index| {
                let mut arrivals = Arrivals::new(1, index);
                arrivals.set(1_000, 1_000.0, ArrivalLaw::Constant, (index, 4));
                all_within(&mut arrivals, 1_000 + 100_000_000)
            })
            .collect();
        all.sort_unstable();
        assert_eq!(all.len(), 100);
        assert!(
            all.windows(2).all(|pair| pair[1] - pair[0] == 1_000_000),
            "{all:?}"
        );
    }

    #[test]
    fn poisson_arrivals_have_the_rate_and_the_spread() {
        let mut arrivals = Arrivals::new(3, 0);
        arrivals.set(0, 1_000.0, ArrivalLaw::Poisson, (0, 1));
        let all = all_within(&mut arrivals, 100_000_000_000);
        assert!(
            (all.len() as f64 - 100_000.0).abs() < 4.0 * 100_000_f64.sqrt(),
            "{}",
            all.len()
        );
        let gaps: Vec<f64> = all
            .windows(2)
            .map(|pair| (pair[1] - pair[0]) as f64 * 1e-9)
            .collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        assert!((variance.sqrt() / mean - 1.0).abs() < 0.03);
    }

    #[test]
    fn no_rate_means_no_arrivals() {
        let mut arrivals = Arrivals::new(1, 0);
        assert_eq!(arrivals.take_due(u64::MAX), None);
        arrivals.set(0, 10.0, ArrivalLaw::Constant, (0, 1));
        arrivals.set(0, 0.0, ArrivalLaw::Constant, (0, 1));
        assert_eq!(arrivals.take_due(u64::MAX), None);
        arrivals.set(0, f64::NAN, ArrivalLaw::Poisson, (0, 1));
        assert_eq!(arrivals.next_ns(), None);
    }
}
