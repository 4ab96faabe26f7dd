//! How many observations a wanted precision will take, told before they are spent.

use crate::Estimate;

/// Observations for a relative half-width of `wanted`, from an interval at hand: `n ~ n0 (hw0 / wanted)^2`. `None` where the
/// interval has no relative width (value zero) or `wanted` is not above zero.
#[must_use]
pub fn samples_needed(so_far: &Estimate, wanted: f64) -> Option<f64> {
    let factor = so_far.relative_half_width() / wanted;
    let needed = so_far.samples as f64 * factor * factor;
    (wanted > 0.0 && needed.is_finite()).then(|| (needed * (1.0 - 1e-12)).ceil())
}

/// Time for a relative half-width of `wanted` where `measured_s` gave `so_far`.
#[must_use]
pub fn seconds_needed(so_far: &Estimate, measured_s: f64, wanted: f64) -> Option<f64> {
    let factor = so_far.relative_half_width() / wanted;
    let needed_s = measured_s * factor * factor;
    (wanted > 0.0 && needed_s.is_finite() && needed_s >= 0.0).then_some(needed_s)
}

/// Sentence part for people: "about 10k responses for ±5 %".
#[must_use]
pub fn sample_size_text(samples: f64, wanted: f64) -> String {
    let percent = format!("{:.1}", 100.0 * wanted);
    let percent = percent.strip_suffix(".0").unwrap_or(&percent);
    format!("about {} responses for ±{percent} %", rounded(samples))
}

/// Two significant digits, thousands as k and millions as M.
fn rounded(samples: f64) -> String {
    let samples = samples.max(0.0);
    let step = 10_f64.powf(samples.max(1.0).log10().floor() - 1.0).max(1.0);
    let value = (samples / step).round() * step;
    let short = |scaled: f64, unit: &str| {
        if scaled < 9.95 && scaled.fract() > 1e-9 {
            format!("{scaled:.1}{unit}")
        } else {
            format!("{scaled:.0}{unit}")
        }
    };
    match value {
        v if v >= 999_500.0 => short(v / 1e6, "M"),
        v if v >= 1000.0 => short(v / 1e3, "k"),
        v => format!("{v:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halving_the_width_takes_four_times_as_many() {
        let so_far = Estimate::symmetric(2.0, 0.2, 1000).unwrap();
        assert_eq!(samples_needed(&so_far, 0.05), Some(4000.0));
        assert!((seconds_needed(&so_far, 10.0, 0.05).unwrap() - 40.0).abs() < 1e-9);
        assert_eq!(samples_needed(&so_far, 0.0), None);
        let zero = Estimate::symmetric(0.0, 0.2, 1000).unwrap();
        assert_eq!(
            (samples_needed(&zero, 0.05), seconds_needed(&zero, 1.0, 0.05)),
            (None, None)
        );
    }

    #[test]
    fn told_with_two_digits() {
        assert_eq!(sample_size_text(10_240.0, 0.05), "about 10k responses for ±5 %");
        assert_eq!(
            sample_size_text(80_000.0, 0.025),
            "about 80k responses for ±2.5 %"
        );
        assert_eq!(sample_size_text(1_234.0, 0.1), "about 1.2k responses for ±10 %");
        assert_eq!(sample_size_text(7.0, 0.1), "about 7 responses for ±10 %");
        assert_eq!(
            sample_size_text(2_345_678.0, 0.01),
            "about 2.3M responses for ±1 %"
        );
        assert_eq!(sample_size_text(0.0, 0.01), "about 0 responses for ±1 %");
    }
}
