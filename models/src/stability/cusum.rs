//! Cumulative sums that notice a small lasting shift during a long measurement.

/// Direction of a shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shift {
    /// The values have risen.
    Up,
    /// The values have fallen.
    Down,
}

/// Two-sided CUSUM chart (Page 1954): `S+ = max(0, S+ + (x - mean - k))` alarms above `h`, and the same downwards, with
/// `k = 0.5` and `h = 5` standard deviations. Meant for about independent values, such as batch means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cusum {
    mean: f64,
    deviation: f64,
    up: f64,
    down: f64,
}

/// Shifts smaller than twice this, in standard deviations, are tolerated.
const SLACK: f64 = 0.5;
/// Sum at which the chart alarms, in standard deviations: about 465 values between false alarms (Lucas and Crosier 1982).
const LIMIT: f64 = 5.0;

impl Cusum {
    /// A chart around `mean` for values of standard `deviation`; `None` unless both are finite and `deviation > 0`.
    #[must_use]
    pub fn new(mean: f64, deviation: f64) -> Option<Self> {
        (mean.is_finite() && deviation.is_finite() && deviation > 0.0).then_some(Self {
            mean,
            deviation,
            up: 0.0,
            down: 0.0,
        })
    }

    /// Takes the next value and says whether the chart alarms; a value that is not finite is left out.
    pub fn observe(&mut self, value: f64) -> Option<Shift> {
        let z = (value - self.mean) / self.deviation;
        if z.is_finite() {
            self.up = (self.up + z - SLACK).max(0.0);
            self.down = (self.down - z - SLACK).max(0.0);
        }
        match (self.up > LIMIT, self.down > LIMIT) {
            (true, _) => Some(Shift::Up),
            (_, true) => Some(Shift::Down),
            _ => None,
        }
    }

    /// Starts anew, after an alarm was dealt with.
    pub fn reset(&mut self) {
        (self.up, self.down) = (0.0, 0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_of_one_deviation_is_noticed_after_about_ten_values() {
        let mut chart = Cusum::new(10.0, 2.0).unwrap();
        let alarm = (1..100).find(|_| chart.observe(12.0) == Some(Shift::Up));
        assert_eq!(alarm, Some(11));
        chart.reset();
        assert_eq!(chart.observe(10.0), None);
        let alarm = (1..100).find(|_| chart.observe(6.0) == Some(Shift::Down));
        assert_eq!(alarm, Some(4));
    }

    #[test]
    fn values_at_the_mean_never_alarm() {
        let mut chart = Cusum::new(1.0, 0.1).unwrap();
        assert!((0..10_000).all(|i| chart.observe(if i % 2 == 0 { 1.04 } else { 0.96 }).is_none()));
        assert_eq!(chart.observe(f64::NAN), None);
        assert_eq!(Cusum::new(1.0, 0.0), None);
        assert_eq!(Cusum::new(f64::NAN, 1.0), None);
    }
}
