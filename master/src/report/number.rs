//! Numbers as people read them: as many digits as mean something, units said, never NaN, never a small share shown as zero.

use crate::summary::Interval;

/// What stands where nothing is known.
pub const ABSENT: &str = "\u{2013}";

/// A number with about `digits` significant digits, at most four of them behind the point; a dash where it is not finite.
#[must_use]
pub fn significant(value: f64, digits: i32) -> String {
    if !value.is_finite() {
        return ABSENT.to_owned();
    }
    rounded(value, decimals(value, digits))
}

/// An interval in units of `1/factor` as `value (low–high)`, all three with the digits of the value.
#[must_use]
pub fn interval(interval: Interval, factor: f64) -> String {
    let [value, low, high] = [interval.value, interval.low, interval.high].map(|part| part * factor);
    if !(value.is_finite() && low.is_finite() && high.is_finite()) {
        return ABSENT.to_owned();
    }
    let behind = decimals(value, 4);
    format!(
        "{} ({}\u{2013}{})",
        rounded(value, behind),
        rounded(low, behind),
        rounded(high, behind)
    )
}

/// A share as a percentage; what is small but not nothing is never shown as zero.
#[must_use]
pub fn percent(share: f64) -> String {
    match share {
        share if !share.is_finite() => ABSENT.to_owned(),
        0.0 => "0 %".to_owned(),
        share if share > 0.0 && share < 0.001 => "<0.1 %".to_owned(),
        share => format!("{} %", rounded(share * 100.0, 1)),
    }
}

/// A length of time in the two largest units that it needs: `45 s`, `5 min`, `1 h 5 min`.
#[must_use]
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return ABSENT.to_owned();
    }
    if seconds < 10.0 && seconds.fract() != 0.0 {
        return format!("{} s", significant(seconds.max(0.0), 2));
    }
    let whole = seconds.round().max(0.0) as u64;
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60);
    let parts = [(hours, "h"), (minutes, "min"), (rest, "s")];
    let from = parts.iter().position(|(count, _)| *count > 0).unwrap_or(2);
    let words: Vec<_> = parts
        .iter()
        .skip(from)
        .take(2)
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect();
    if words.is_empty() {
        "0 s".to_owned()
    } else {
        words.join(" ")
    }
}

/// How many decimals give `digits` significant digits, between none and four.
fn decimals(value: f64, digits: i32) -> usize {
    let size = value.abs();
    if size <= 0.0 {
        return 0;
    }
    let behind = digits - 1 - size.log10().floor() as i32;
    behind.clamp(0, 4) as usize
}

/// Rounded without a negative zero.
fn rounded(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if digits.chars().all(|digit| matches!(digit, '0' | '.')) => digits.to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_follow_the_size() {
        assert_eq!(significant(127.006, 4), "127.0");
        assert_eq!(significant(3.8653, 3), "3.87");
        assert_eq!(significant(12_345.6, 3), "12346");
        assert_eq!(significant(0.0, 3), "0");
        assert_eq!(significant(-0.00001, 3), "0.0000");
        assert_eq!(significant(f64::NAN, 3), ABSENT);
    }

    #[test]
    fn an_interval_has_the_digits_of_its_value() {
        let found = Interval {
            value: 0.0123,
            low: 0.012,
            high: 0.0126,
            samples: 9,
        };
        assert_eq!(interval(found, 1e3), "12.30 (12.00\u{2013}12.60)");
        let endless = Interval {
            high: f64::INFINITY,
            ..found
        };
        assert_eq!(interval(endless, 1.0), ABSENT);
    }

    #[test]
    fn durations_have_two_units_at_most() {
        let told = [0.0, 2.5, 45.2, 300.0, 330.0, 3600.0, 3900.4, 7325.0].map(duration);
        let wanted = [
            "0 s",
            "2.5 s",
            "45 s",
            "5 min",
            "5 min 30 s",
            "1 h",
            "1 h 5 min",
            "2 h 2 min",
        ];
        assert_eq!(told, wanted);
        assert_eq!(duration(f64::INFINITY), ABSENT);
    }

    #[test]
    fn small_shares_are_not_nothing() {
        assert_eq!(percent(0.0), "0 %");
        assert_eq!(percent(0.0004), "<0.1 %");
        assert_eq!(percent(0.5), "50.0 %");
        assert_eq!(percent(f64::NAN), ABSENT);
    }
}
