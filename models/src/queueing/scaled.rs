//! Non-negative numbers with an exponent of their own: the log domain without its loss of digits.
//!
//! A network's normalising constants span thousands of decades, far beyond `f64`. Their logarithms fit, but a logarithm
//! near 5000 leaves only 12 digits of the number, and each term of a sum costs an exponential. A mantissa in 1..2 beside a
//! power of two costs a shift and keeps all digits. There is no subtraction here, so nothing can cancel.

/// Exponent of zero: low enough to lose against any other, far enough from the end that sums do not overflow.
const ZERO_EXPONENT: i64 = i64::MIN / 8;

/// A term so many binary digits below the largest one is lost in the sum, even a million of them.
const NEGLIGIBLE: i64 = 80;

/// `2^power` for `power <= 0`, zero below the normal range.
#[inline]
fn power_of_two(power: i64) -> f64 {
    f64::from_bits(((power.max(-1023) + 1023) as u64) << 52)
}

/// `mantissa * 2^exponent` with the mantissa in 1..2, or zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scaled {
    mantissa: f64,
    exponent: i64,
}

impl Scaled {
    pub(crate) const ZERO: Self = Self {
        mantissa: 0.0,
        exponent: ZERO_EXPONENT,
    };
    pub(crate) const ONE: Self = Self {
        mantissa: 1.0,
        exponent: 0,
    };

    /// From a finite number, 0 or more.
    #[cfg(test)]
    pub(crate) fn new(value: f64) -> Self {
        Self::normalized(value, 0)
    }

    fn normalized(value: f64, exponent: i64) -> Self {
        // Subnormal numbers are lifted first; their exponent field says nothing.
        let (value, exponent) = if value < f64::MIN_POSITIVE {
            (value * f64::from_bits((1023 + 64) << 52), exponent - 64)
        } else {
            (value, exponent)
        };
        if value <= 0.0 {
            return Self::ZERO;
        }
        let bits = value.to_bits();
        let shift = (bits >> 52) as i64 - 1023;
        Self {
            mantissa: f64::from_bits((bits & ((1 << 52) - 1)) | (1023 << 52)),
            exponent: exponent + shift,
        }
    }

    pub(crate) fn times(self, factor: f64) -> Self {
        Self::normalized(self.mantissa * factor, self.exponent)
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        let (large, small) = if self.exponent >= other.exponent {
            (self, other)
        } else {
            (other, self)
        };
        let sum = large.mantissa + small.mantissa * power_of_two(small.exponent - large.exponent);
        Self::normalized(sum, large.exponent)
    }

    pub(crate) fn product(self, other: Self) -> Self {
        Self::normalized(self.mantissa * other.mantissa, self.exponent + other.exponent)
    }

    /// `self / divisor` as a plain number; `None` where that is no finite number.
    pub(crate) fn ratio(self, divisor: Self) -> Option<f64> {
        if self.mantissa == 0.0 && divisor.mantissa > 0.0 {
            return Some(0.0);
        }
        let power = self.exponent - divisor.exponent;
        let quotient = self.mantissa / divisor.mantissa;
        let scaled = if power > 0 {
            quotient / power_of_two(-power)
        } else {
            quotient * power_of_two(power)
        };
        scaled.is_finite().then_some(scaled)
    }

    /// The share of `self` in `self + other`, 0..1.
    pub(crate) fn share(self, other: Self) -> f64 {
        self.ratio(self.plus(other)).unwrap_or(0.0)
    }

    /// Natural logarithm; minus infinity for zero.
    #[cfg(test)]
    pub(crate) fn ln(self) -> f64 {
        self.mantissa.ln() + self.exponent as f64 * std::f64::consts::LN_2
    }
}

/// A sequence of scaled numbers, mantissas and exponents apart so that the inner loops run over plain arrays.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct ScaledVec {
    mantissa: Vec<f64>,
    exponent: Vec<i64>,
}

impl ScaledVec {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self {
            mantissa: Vec::with_capacity(capacity),
            exponent: Vec::with_capacity(capacity),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.mantissa.len()
    }

    pub(crate) fn push(&mut self, value: Scaled) {
        self.mantissa.push(value.mantissa);
        self.exponent.push(value.exponent);
    }

    pub(crate) fn get(&self, index: usize) -> Scaled {
        Scaled {
            mantissa: self.mantissa[index],
            exponent: self.exponent[index],
        }
    }

    /// `sum_j self[j] * other[n - j]` for `j < terms`, and the mean of `weight[n - j] + j` over its terms (see
    /// `convolution`).
    pub(crate) fn convolve(&self, other: &Self, weight: &[f64], (n, terms): (usize, usize)) -> (Scaled, f64) {
        let mirrored = n + 1 - terms..n + 1;
        let (exponent, powers) = (&self.exponent[..terms], &other.exponent[mirrored.clone()]);
        let totals = exponent.iter().zip(powers.iter().rev()).map(|(a, b)| a + b);
        let top = totals.clone().fold(ZERO_EXPONENT, i64::max);
        // Terms are unimodal or nearly so; those at the ends that cannot change a digit are left out.
        let counts = |total: i64| total >= top - NEGLIGIBLE;
        let begin = totals.clone().position(counts).unwrap_or(terms);
        let end = terms - totals.clone().rev().position(counts).unwrap_or(0);
        let others = &other.mantissa[mirrored.clone()][terms - end..terms - begin];
        let weights = &weight[mirrored][terms - end..terms - begin];
        let factors = self.mantissa[begin..end].iter().zip(others.iter().rev());
        let places = weights.iter().rev().zip(begin..end);
        let (mut sum, mut moment) = (0.0, 0.0);
        for (((a, b), total), (weight, j)) in factors.zip(totals.skip(begin)).zip(places) {
            let term = a * b * power_of_two(total - top);
            sum += term;
            moment += term * (weight + j as f64);
        }
        let mean = if sum > 0.0 { moment / sum } else { 0.0 };
        (Scaled::normalized(sum, top), mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_agrees_with_plain_numbers() {
        for (a, b) in [(3.0, 5.0), (1e-300, 2.5e-300), (7e200, 1e-200), (0.0, 4.0)] {
            let (x, y) = (Scaled::new(a), Scaled::new(b));
            assert_eq!(x.plus(y).ratio(Scaled::ONE), Some(a + b));
            let back = x.product(y).ratio(y).unwrap();
            assert!((back - a).abs() <= 1e-15 * a);
            assert_eq!(x.times(0.5).plus(x.times(0.5)), x);
        }
        assert_eq!(
            Scaled::new(5e-324).times(2f64.powi(1000)).ratio(Scaled::ONE),
            Some(5e-324 * 2f64.powi(1000))
        );
    }

    #[test]
    fn reaches_beyond_the_range_of_plain_numbers() {
        let mut tiny = Scaled::ONE;
        for _ in 0..5000 {
            tiny = tiny.times(1e-10);
        }
        assert!((tiny.ln() + 50_000.0 * 10f64.ln()).abs() < 1e-6);
        assert!((tiny.times(3.0).ratio(tiny).unwrap() - 3.0).abs() < 1e-15);
        assert_eq!(Scaled::ONE.ratio(tiny), None);
        assert_eq!(tiny.ratio(Scaled::ONE), Some(0.0));
        assert_eq!(Scaled::ZERO.ratio(tiny), Some(0.0));
    }
}
