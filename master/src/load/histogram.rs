//! A small mergeable histogram of durations: logarithmic with eight steps per octave, so a quantile is at most 12.5 % high.

/// Steps per octave.
const STEPS: usize = 8;
const STEP_BITS: u32 = 3;
const BUCKETS: usize = 41 * STEPS;

/// Counts of durations from 0 to 2^40 ns (18 minutes); longer ones count as that.
#[derive(Clone, PartialEq, Eq)]
pub struct Histogram {
    counts: Vec<u32>,
    total: u64,
    max_ns: u64,
}

impl Histogram {
    /// No durations yet; allocates at the first.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            counts: Vec::new(),
            total: 0,
            max_ns: 0,
        }
    }

    /// Counts one duration.
    pub fn add(&mut self, duration_ns: u64) {
        if self.counts.is_empty() {
            self.counts = vec![0; BUCKETS];
        }
        let bucket = &mut self.counts[bucket_of(duration_ns)];
        *bucket = bucket.saturating_add(1);
        self.total += 1;
        self.max_ns = self.max_ns.max(duration_ns);
    }

    /// Adds what another one has counted.
    pub fn merge(&mut self, other: &Self) {
        if other.total == 0 {
            return;
        }
        if self.counts.is_empty() {
            self.counts = vec![0; BUCKETS];
        }
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine = mine.saturating_add(*theirs);
        }
        self.total += other.total;
        self.max_ns = self.max_ns.max(other.max_ns);
    }

    /// Upper ends of the steps that hold durations, ns, with how many they hold.
    pub fn steps(&self) -> impl Iterator<Item = (u64, u32)> {
        let held = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        held.map(|(bucket, count)| (upper_end_ns(bucket).min(self.max_ns), *count))
    }

    /// Number of durations.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.total
    }

    /// The longest, s; `None` without any.
    #[must_use]
    pub fn max_s(&self) -> Option<f64> {
        (self.total > 0).then_some(self.max_ns as f64 * 1e-9)
    }

    /// What was counted, as the middle of each filled bucket in ns (at most 6.3 % off) and the durations in it.
    pub fn filled(&self) -> impl Iterator<Item = (u64, u32)> {
        let buckets = self.counts.iter().copied().enumerate();
        buckets
            .filter(|(_, count)| *count > 0)
            .map(|(bucket, count)| (lower_end_ns(bucket).midpoint(upper_end_ns(bucket)), count))
    }

    /// A bound that the given share of durations does not exceed, s; at most 12.5 % above the exact one.
    #[must_use]
    pub fn quantile_s(&self, share: f64) -> Option<f64> {
        let rank = (share.clamp(0.0, 1.0) * self.total as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += u64::from(*count);
            if seen >= rank {
                return Some(upper_end_ns(bucket).min(self.max_ns) as f64 * 1e-9);
            }
        }
        self.max_s()
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Histogram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Histogram")
            .field("count", &self.total)
            .field("max_ns", &self.max_ns)
            .finish()
    }
}

fn bucket_of(duration_ns: u64) -> usize {
    if duration_ns < STEPS as u64 {
        return duration_ns as usize;
    }
    let octave = 63 - duration_ns.leading_zeros();
    let step = (duration_ns >> (octave - STEP_BITS)) as usize & (STEPS - 1);
    ((octave - STEP_BITS + 1) as usize * STEPS + step).min(BUCKETS - 1)
}

fn upper_end_ns(bucket: usize) -> u64 {
    let (octave, step) = (bucket / STEPS, bucket % STEPS);
    if octave == 0 {
        return step as u64;
    }
    ((STEPS + step + 1) as u64) << (octave - 1)
}

fn lower_end_ns(bucket: usize) -> u64 {
    bucket
        .checked_sub(1)
        .map_or(0, |before| upper_end_ns(before).min(upper_end_ns(bucket)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_has_no_quantile() {
        assert_eq!(Histogram::new().quantile_s(0.5), None);
        assert_eq!(Histogram::new().max_s(), None);
    }

    proptest! {
        #[test]
        fn quantiles_are_bounds_and_close(mut values in prop::collection::vec(0u64..1 << 39, 1..300), share in 0.01f64..1.0) {
            let (mut left, mut right) = (Histogram::new(), Histogram::new());
            for (i, value) in values.iter().enumerate() {
                if i % 2 == 0 { left.add(*value) } else { right.add(*value) }
            }
            left.merge(&right);
            values.sort_unstable();
            let rank = ((share * values.len() as f64).ceil() as usize).max(1);
            let exact = values[rank - 1] as f64 * 1e-9;
            let found = left.quantile_s(share).expect("not empty");
            prop_assert!(found >= exact * (1.0 - 1e-12) && found <= exact * 1.126 + 1e-9, "{found} {exact}");
            prop_assert_eq!(left.count(), values.len() as u64);
            let mut filled = left.filled().flat_map(|(middle_ns, count)| std::iter::repeat_n(middle_ns, count as usize));
            for value in &values {
                let middle_ns = filled.next().expect("as many as were added") as f64;
                prop_assert!((middle_ns - *value as f64).abs() <= *value as f64 * 0.0626 + 1.0, "{middle_ns} {value}");
            }
        }
    }
}
