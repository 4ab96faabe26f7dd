//! Special functions and the quantiles of the laws that intervals are made of.
//!
//! Relative accuracy is about 1e-12 in the ranges that intervals use, and better than 1e-9 for counts up to a million.

use std::f64::consts::PI;

/// Iterations after which a series or a continued fraction is taken as it stands; none comes near within the documented ranges.
const MAX_ITERATIONS: u32 = 100_000;
/// Keeps the denominators of a continued fraction away from zero (Lentz 1976, as modified by Thompson and Barnett 1986).
const TINY: f64 = 1e-300;

/// Natural logarithm of the gamma function for `x > 0`; `None` elsewhere.
///
/// Stirling's series (Abramowitz and Stegun 1964, 6.1.41), after the recurrence has lifted the argument above 12.
#[must_use]
pub fn ln_gamma(x: f64) -> Option<f64> {
    if !(x > 0.0 && x.is_finite()) {
        return None;
    }
    let mut lifted = x;
    let mut product = 1.0_f64;
    while lifted < 12.0 {
        product *= lifted;
        lifted += 1.0;
    }
    let inverse_sq = 1.0 / (lifted * lifted);
    let coefficients = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1260.0,
        -1.0 / 1680.0,
        1.0 / 1188.0,
        -691.0 / 360_360.0,
        1.0 / 156.0,
    ];
    let series = coefficients.iter().rev().fold(0.0, |sum, c| sum * inverse_sq + c) / lifted;
    let value = (lifted - 0.5) * lifted.ln() - lifted + 0.5 * (2.0 * PI).ln() + series - product.ln();
    value.is_finite().then_some(value)
}

/// Regularised incomplete gamma functions (P(a, x), Q(a, x)), P + Q = 1; `None` unless `a > 0` and `x >= 0`.
///
/// Series below a + 1 and continued fraction above (Abramowitz and Stegun 1964, 6.5.29 and 6.5.31), so that the smaller
/// of the two keeps its relative accuracy.
#[must_use]
pub fn incomplete_gamma(a: f64, x: f64) -> Option<(f64, f64)> {
    let ln_gamma_a = ln_gamma(a)?;
    if x.is_nan() || x < 0.0 {
        return None;
    }
    if x == 0.0 {
        return Some((0.0, 1.0));
    }
    if x.is_infinite() {
        return Some((1.0, 0.0));
    }
    let scale = (a * x.ln() - x - ln_gamma_a).exp();
    if x < a + 1.0 {
        let mut term = 1.0 / a;
        let mut sum = term;
        for i in 1..MAX_ITERATIONS {
            term *= x / (a + f64::from(i));
            sum += term;
            if term < sum * f64::EPSILON {
                break;
            }
        }
        let p = (scale * sum).clamp(0.0, 1.0);
        return Some((p, 1.0 - p));
    }
    let fraction = lentz(x + 1.0 - a, |i| {
        let i = f64::from(i);
        (-i * (i - a), x + 2.0 * i + 1.0 - a)
    });
    let q = (scale / fraction).clamp(0.0, 1.0);
    Some((1.0 - q, q))
}

/// Regularised incomplete beta function `I_x(a, b)`; `None` unless `a, b > 0` and `0 <= x <= 1`.
///
/// Continued fraction (Abramowitz and Stegun 1964, 26.5.8), on the side where it converges quickly.
#[must_use]
pub fn incomplete_beta(a: f64, b: f64, x: f64) -> Option<f64> {
    if !(0.0..=1.0).contains(&x) {
        return None;
    }
    incomplete_beta_pair(a, b, x, 1.0 - x)
}

/// `I_x(a, b)` with `y = 1 - x` given separately, so that neither end loses digits.
fn incomplete_beta_pair(a: f64, b: f64, x: f64, y: f64) -> Option<f64> {
    let ln_beta = ln_gamma(a)? + ln_gamma(b)? - ln_gamma(a + b)?;
    if x <= 0.0 {
        return Some(0.0);
    }
    if y <= 0.0 {
        return Some(1.0);
    }
    let scale = (a * x.ln() + b * y.ln() - ln_beta).exp();
    let value = if x < (a + 1.0) / (a + b + 2.0) {
        scale / (a * beta_fraction(a, b, x))
    } else {
        1.0 - scale / (b * beta_fraction(b, a, y))
    };
    Some(value.clamp(0.0, 1.0))
}

fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    lentz(1.0, |i| {
        let m = f64::from(i / 2);
        let numerator = if i % 2 == 0 {
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        } else {
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        };
        (numerator, 1.0)
    })
}

/// `b0 + a1/(b1 + a2/(b2 + ...))` by the modified Lentz method.
fn lentz(first: f64, coefficients: impl Fn(u32) -> (f64, f64)) -> f64 {
    let away = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut value = away(first);
    let mut c = value;
    let mut d = 0.0;
    for i in 1..MAX_ITERATIONS {
        let (numerator, denominator) = coefficients(i);
        d = 1.0 / away(denominator + numerator * d);
        c = away(denominator + numerator / c);
        let step = c * d;
        value *= step;
        if (step - 1.0).abs() < 2.0 * f64::EPSILON {
            break;
        }
    }
    value
}

/// Standard normal distribution function. `x` must not be NaN.
#[must_use]
pub fn normal_cdf(x: f64) -> f64 {
    let tail = incomplete_gamma(0.5, x * x / 2.0).map_or(0.5, |(_, q)| q / 2.0);
    if x > 0.0 { 1.0 - tail } else { tail }
}

/// Quantile of the standard normal law for `0 < p < 1`; `None` elsewhere.
///
/// Starts from Hastings' approximation (Abramowitz and Stegun 1964, 26.2.23) and refines it by Halley's method.
#[must_use]
pub fn normal_quantile(p: f64) -> Option<f64> {
    if !(p > 0.0 && p < 1.0) {
        return None;
    }
    let tail = p.min(1.0 - p);
    if tail == 0.5 {
        return Some(0.0);
    }
    let t = (-2.0 * tail.ln()).sqrt();
    let numerator = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let denominator = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let mut x = numerator / denominator - t;
    for _ in 0..4 {
        let density = (-x * x / 2.0).exp() / (2.0 * PI).sqrt();
        let step = (normal_cdf(x) - tail) / density;
        let next = x - step / (1.0 + x * step / 2.0);
        if !next.is_finite() {
            break;
        }
        x = next;
    }
    Some(if p > 0.5 { -x } else { x })
}

/// Distribution function of Student's t with `degrees_of_freedom > 0` (need not be whole); `None` elsewhere.
#[must_use]
pub fn students_t_cdf(t: f64, degrees_of_freedom: f64) -> Option<f64> {
    let tail = students_t_tail(t.abs(), degrees_of_freedom)?;
    Some(if t > 0.0 { 1.0 - tail } else { tail })
}

/// P(T > t) for `t >= 0` (Abramowitz and Stegun 1964, 26.7.1 with 26.5.27).
fn students_t_tail(t: f64, degrees_of_freedom: f64) -> Option<f64> {
    if t.is_nan() || degrees_of_freedom.is_nan() || degrees_of_freedom <= 0.0 {
        return None;
    }
    if t.is_infinite() {
        return Some(0.0);
    }
    let sum = degrees_of_freedom + t * t;
    if sum.is_infinite() {
        return Some(normal_cdf(-t));
    }
    let beta = incomplete_beta_pair(
        degrees_of_freedom / 2.0,
        0.5,
        degrees_of_freedom / sum,
        t * t / sum,
    )?;
    Some(beta / 2.0)
}

/// Quantile of Student's t for `0 < p < 1` and `degrees_of_freedom > 0` (need not be whole); `None` elsewhere, and
/// where the quantile is too large for a number.
#[must_use]
pub fn students_t_quantile(p: f64, degrees_of_freedom: f64) -> Option<f64> {
    let z = normal_quantile(p)?;
    if degrees_of_freedom.is_nan() || degrees_of_freedom <= 0.0 {
        return None;
    }
    if degrees_of_freedom > 1e5 {
        return Some(expand_about_normal(z, degrees_of_freedom));
    }
    let tail = p.min(1.0 - p);
    if tail == 0.5 {
        return Some(0.0);
    }
    let (mut low, mut high) = (0.0, 1.0_f64.max(2.0 * z.abs()));
    while students_t_tail(high, degrees_of_freedom)? > tail {
        low = high;
        high *= 4.0;
        if !(high * high).is_finite() {
            return None;
        }
    }
    let guess = expand_about_normal(z.abs(), degrees_of_freedom);
    let mut t = if guess > low && guess < high {
        guess
    } else {
        f64::midpoint(low, high)
    };
    let ln_scale = ln_gamma(degrees_of_freedom.midpoint(1.0))?
        - ln_gamma(degrees_of_freedom / 2.0)?
        - 0.5 * (degrees_of_freedom * PI).ln();
    for _ in 0..200 {
        let at_t = students_t_tail(t, degrees_of_freedom)?;
        if at_t > tail {
            low = t
        } else {
            high = t
        }
        let ln_density = ln_scale - degrees_of_freedom.midpoint(1.0) * (t * t / degrees_of_freedom).ln_1p();
        // Newton on ln(tail) as a function of ln(t), which is nearly straight in the far tail.
        let slope = t * ln_density.exp() / at_t;
        let newton = t * ((at_t / tail).ln() / slope).exp();
        let next = if newton > low && newton < high {
            newton
        } else {
            f64::midpoint(low, high)
        };
        let done = (next - t).abs() <= 1e-15 * t;
        t = next;
        if done {
            break;
        }
    }
    Some(if p > 0.5 { t } else { -t })
}

/// Expansion of a t quantile about the normal one (Abramowitz and Stegun 1964, 26.7.5).
fn expand_about_normal(z: f64, n: f64) -> f64 {
    let z2 = z * z;
    let g1 = z * (z2 + 1.0) / 4.0;
    let g2 = z * ((5.0 * z2 + 16.0) * z2 + 3.0) / 96.0;
    let g3 = z * (((3.0 * z2 + 19.0) * z2 + 17.0) * z2 - 15.0) / 384.0;
    z + (g1 + (g2 + g3 / n) / n) / n
}

/// Distribution function of the chi-square law with `degrees_of_freedom > 0`; `None` elsewhere. 0 for negative `x`.
#[must_use]
pub fn chi_square_cdf(x: f64, degrees_of_freedom: f64) -> Option<f64> {
    incomplete_gamma(degrees_of_freedom / 2.0, x.max(0.0) / 2.0).map(|(p, _)| p)
}

/// P(chi-square > x): what a test calls its p-value, with full relative accuracy where it is tiny.
#[must_use]
pub fn chi_square_tail(x: f64, degrees_of_freedom: f64) -> Option<f64> {
    incomplete_gamma(degrees_of_freedom / 2.0, x.max(0.0) / 2.0).map(|(_, q)| q)
}

/// Quantile of the chi-square law for `0 < p < 1` and `degrees_of_freedom > 0`; `None` elsewhere.
///
/// Wilson and Hilferty's approximation (1931), refined by Newton steps within a bracket.
#[must_use]
pub fn chi_square_quantile(p: f64, degrees_of_freedom: f64) -> Option<f64> {
    let z = normal_quantile(p)?;
    let a = degrees_of_freedom / 2.0;
    let ln_gamma_a = ln_gamma(a)?;
    let c = 2.0 / (9.0 * degrees_of_freedom);
    let (mut low, mut high) = (
        0.0,
        degrees_of_freedom + 10.0 * z.abs() * (2.0 * degrees_of_freedom).sqrt() + 1e3,
    );
    let mut x = (degrees_of_freedom * (1.0 - c + z * c.sqrt()).powi(3)).max(1e-3 * degrees_of_freedom);
    for _ in 0..200 {
        let (below, above) = incomplete_gamma(a, x / 2.0)?;
        // The smaller side carries the digits.
        let error = if p < 0.5 { below - p } else { (1.0 - p) - above };
        if error > 0.0 {
            high = x
        } else {
            low = x
        }
        let density = ((a - 1.0) * (x / 2.0).ln() - x / 2.0 - ln_gamma_a).exp() / 2.0;
        let newton = x - error / density;
        let next = if newton > low && newton < high {
            newton
        } else {
            f64::midpoint(low, high)
        };
        let done = (next - x).abs() <= 1e-14 * x;
        x = next;
        if done {
            break;
        }
    }
    Some(x)
}

/// P(at most `k` successes in `n` trials of probability `p`); `None` unless `0 <= p <= 1`.
#[must_use]
pub fn binomial_cdf(k: u64, n: u64, p: f64) -> Option<f64> {
    if !(0.0..=1.0).contains(&p) {
        return None;
    }
    if k >= n {
        return Some(1.0);
    }
    incomplete_beta_pair((n - k) as f64, k as f64 + 1.0, 1.0 - p, p)
}

/// Smallest `k` with P(at most `k` successes in `n` trials) >= `probability`; `None` unless both are within 0..=1.
#[must_use]
pub fn binomial_quantile(probability: f64, n: u64, p: f64) -> Option<u64> {
    if !(0.0..=1.0).contains(&probability) || !(0.0..=1.0).contains(&p) {
        return None;
    }
    let (mut low, mut high) = (0, n);
    while low < high {
        let middle = low + (high - low) / 2;
        if binomial_cdf(middle, n, p)? >= probability {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn assert_close(got: f64, expected: f64, tolerance: f64) {
        let scale = expected.abs().max(1e-300);
        assert!(
            (got - expected).abs() <= tolerance * scale,
            "got {got}, expected {expected}"
        );
    }

    #[test]
    fn gamma_of_whole_and_half_arguments() {
        assert_close(ln_gamma(0.5).unwrap(), PI.sqrt().ln(), 1e-14);
        assert_close(ln_gamma(10.0).unwrap(), 362_880.0_f64.ln(), 1e-14);
        assert!(ln_gamma(1.0).unwrap().abs() < 1e-14);
        assert!(ln_gamma(2.0).unwrap().abs() < 1e-14);
        assert_close(ln_gamma(100.0).unwrap(), 359.134_205_369_575_4, 1e-14);
        assert_eq!(ln_gamma(0.0), None);
        assert_eq!(ln_gamma(f64::NAN), None);
    }

    #[test]
    fn normal_law_against_tables() {
        assert_close(normal_cdf(0.0), 0.5, 1e-15);
        assert_close(normal_cdf(1.0), 0.841_344_746_068_542_9, 1e-14);
        assert_close(normal_cdf(-1.96), 0.024_997_895_148_220_435, 1e-12);
        assert_close(normal_cdf(-10.0), 7.619_853_024_160_527e-24, 1e-12);
        assert_close(normal_cdf(-30.0), 4.906_713_927_148_187e-198, 1e-12);
        assert_close(normal_quantile(0.975).unwrap(), 1.959_963_984_540_054, 1e-14);
        assert_close(normal_quantile(0.995).unwrap(), 2.575_829_303_548_900_4, 1e-14);
        assert_close(normal_quantile(1e-10).unwrap(), -6.361_340_902_404_056, 1e-13);
        assert_eq!(normal_quantile(0.5), Some(0.0));
        assert_eq!(normal_quantile(0.0), None);
        assert_eq!(normal_quantile(1.0), None);
        assert_eq!(normal_quantile(f64::NAN), None);
    }

    #[test]
    fn students_t_quantiles_against_tables() {
        for (df, expected) in [
            (1.0, 12.706_204_736_174_7),
            (2.0, 4.302_652_729_749_464),
            (5.0, 2.570_581_835_636_315),
            (9.0, 2.262_157_162_798_205),
            (19.0, 2.093_024_054_408_263),
            (30.0, 2.042_272_456_301_238),
            (120.0, 1.979_930_405_082_422),
        ] {
            assert_close(students_t_quantile(0.975, df).unwrap(), expected, 1e-12);
            assert_close(students_t_quantile(0.025, df).unwrap(), -expected, 1e-12);
        }
        assert_close(
            students_t_quantile(0.995, 10.0).unwrap(),
            3.169_272_672_616_951,
            1e-12,
        );
        // The closed forms of one and two degrees of freedom, far out in the tail.
        assert_close(
            students_t_quantile(1e-12, 1.0).unwrap(),
            -1.0 / (PI * 1e-12),
            1e-9,
        );
        let a: f64 = 2.0 * 1e-9 - 1.0;
        assert_close(
            students_t_quantile(1e-9, 2.0).unwrap(),
            a * (2.0 / (1.0 - a * a)).sqrt(),
            1e-7,
        );
        assert_eq!(students_t_quantile(0.5, 7.0), Some(0.0));
        assert_eq!(students_t_quantile(0.9, 0.0), None);
        assert_eq!(students_t_quantile(0.9, f64::NAN), None);
    }

    #[test]
    fn students_t_is_continuous_where_the_method_changes() {
        for p in [0.9, 0.975, 0.999_999] {
            let below = students_t_quantile(p, 99_999.9).unwrap();
            let above = students_t_quantile(p, 100_000.1).unwrap();
            assert_close(above, below, 1e-9);
        }
    }

    #[test]
    fn chi_square_against_tables() {
        assert_close(chi_square_cdf(3.841_458_820_694_124, 1.0).unwrap(), 0.95, 1e-12);
        assert_close(chi_square_cdf(18.307_038_053_275_143, 10.0).unwrap(), 0.95, 1e-12);
        assert_close(
            chi_square_cdf(124.342_113_404_004_08, 100.0).unwrap(),
            0.95,
            1e-12,
        );
        assert_close(chi_square_tail(200.0, 2.0).unwrap(), (-100.0_f64).exp(), 1e-12);
        assert_close(
            chi_square_quantile(0.95, 10.0).unwrap(),
            18.307_038_053_275_143,
            1e-12,
        );
        assert_close(
            chi_square_quantile(0.95, 100.0).unwrap(),
            124.342_113_404_004_08,
            1e-12,
        );
        assert_close(
            chi_square_quantile(0.025, 2.0).unwrap(),
            -2.0 * 0.975_f64.ln(),
            1e-12,
        );
        assert_eq!(chi_square_cdf(-1.0, 3.0), Some(0.0));
        assert_eq!(chi_square_cdf(1.0, 0.0), None);
    }

    #[test]
    fn binomial_ranks() {
        assert_close(binomial_cdf(2, 10, 0.25).unwrap(), 0.525_592_803_955_078_1, 1e-13);
        assert_eq!(binomial_cdf(10, 10, 0.3), Some(1.0));
        assert_eq!(binomial_quantile(0.025, 100, 0.5), Some(40));
        assert_eq!(binomial_quantile(0.975, 100, 0.5), Some(60));
        assert_eq!(binomial_quantile(0.975, 200, 0.99), Some(200));
        assert_eq!(binomial_quantile(0.5, 1_000_000, 0.5), Some(500_000));
        assert_eq!(binomial_quantile(0.5, 0, 0.5), Some(0));
        assert_eq!(binomial_quantile(1.5, 10, 0.5), None);
    }

    proptest! {
        #[test]
        fn quantile_inverts_the_distribution_function(p in 1e-9..0.999_999_f64, df in 0.5..5000.0_f64) {
            if let Some(t) = students_t_quantile(p, df) {
                prop_assert!((students_t_cdf(t, df).unwrap() - p).abs() <= 1e-9 * p.max(1e-3));
            }
            let z = normal_quantile(p).unwrap();
            prop_assert!((normal_cdf(z) - p).abs() <= 1e-12);
            let x = chi_square_quantile(p, df).unwrap();
            prop_assert!((chi_square_cdf(x, df).unwrap() - p).abs() <= 1e-9 * p.max(1e-3));
        }

        #[test]
        fn beta_reflects(a in 0.01..500.0_f64, b in 0.01..500.0_f64, x in 0.0..=1.0_f64) {
            let sum = incomplete_beta(a, b, x).unwrap() + incomplete_beta(b, a, 1.0 - x).unwrap();
            prop_assert!((sum - 1.0).abs() < 1e-9, "{sum}");
        }
    }
}
