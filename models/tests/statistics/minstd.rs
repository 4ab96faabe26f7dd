//! The series that the vectors were computed on.

/// The minimal standard generator of Park and Miller (1988).
pub(crate) struct Minstd(u64);

impl Minstd {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0 * 16_807 % 2_147_483_647;
        self.0
    }

    pub(crate) fn uniform(&mut self) -> f64 {
        self.next() as f64 / 2_147_483_647.0
    }
}

/// Series A: a transient under noise.
pub(crate) fn transient() -> Vec<f64> {
    let mut random = Minstd::new(1);
    let value = |i: u32| 10.0 + 40.0 * (-f64::from(i) / 30.0).exp() + 8.0 * (random.uniform() - 0.5);
    (0..500).map(value).collect()
}

/// Series B: first-order autoregression.
pub(crate) fn autoregression() -> Vec<f64> {
    let mut random = Minstd::new(12_345);
    let mut x = 0.0;
    let mut value = || {
        x = 0.8 * x + (random.uniform() - 0.5);
        5.0 + x
    };
    (0..4096).map(|_| value()).collect()
}

/// Series C: sums of waiting times and numbers of customers of the complete busy cycles of an M/M/1 queue.
pub(crate) fn busy_cycles() -> (Vec<f64>, Vec<f64>) {
    let mut random = Minstd::new(777);
    let (mut sums, mut lengths) = (Vec::new(), Vec::new());
    let (mut sum, mut length, mut wait) = (0.0, 0.0, 0.0_f64);
    for _ in 0..20_000 {
        if wait == 0.0 && length > 0.0 {
            sums.push(sum);
            lengths.push(length);
            (sum, length) = (0.0, 0.0);
        }
        sum += wait;
        length += 1.0;
        let service = -(1.0 - random.uniform()).ln() / 2.0;
        let between = -(1.0 - random.uniform()).ln();
        wait = (wait + service - between).max(0.0);
    }
    (sums, lengths)
}
