//! Decimal numbers as people type them, read without losing a bit.

/// A plain decimal number (`12`, `0.25`, `1e-3`), finite; nothing that a person would not call a number.
pub(crate) fn decimal(text: &str) -> Option<f64> {
    scaled(text, 0)
}

/// The number divided by 1000 in decimal, so that `1500` ms is exactly the double nearest to 1.5 s.
pub(crate) fn thousandth(text: &str) -> Option<f64> {
    scaled(text, -3)
}

fn scaled(text: &str, shift: i32) -> Option<f64> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let digits = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let well_formed = digits.len() <= 400
        && digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.bytes().any(|b| b.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.bytes().filter(|&b| b == b'.').count() <= 1;
    if !well_formed || exponent.abs() > 400 {
        return None;
    }
    let value: f64 = format!("{mantissa}e{}", exponent + shift).parse().ok()?;
    // A typed -0 would survive as a sign nobody meant.
    value.is_finite().then_some(value + 0.0)
}

/// Decimal text of 1000 times the value, which [`thousandth`] reads back to the same double.
pub(crate) fn thousandfold_text(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let text = format!("{value:e}");
    let Some((mantissa, exponent)) = text.split_once('e') else {
        return text;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0) + 3;
    if !(-9..=18).contains(&exponent) {
        return format!("{mantissa}e{exponent}");
    }
    let digits: String = mantissa.chars().filter(|c| *c != '.').collect();
    let point = 1 + exponent;
    if point <= 0 {
        let zeros = "0".repeat(point.unsigned_abs() as usize);
        return format!("0.{zeros}{digits}");
    }
    let point = point.unsigned_abs() as usize;
    if digits.len() <= point {
        format!("{digits}{}", "0".repeat(point - digits.len()))
    } else {
        format!("{}.{}", &digits[..point], &digits[point..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn milliseconds_become_exact_seconds() {
        assert_eq!(thousandth("1500"), Some(1.5));
        assert_eq!(thousandth("0.1"), Some(0.0001));
        assert_eq!(thousandfold_text(1.5), "1500");
        assert_eq!(thousandfold_text(0.0001), "0.1");
        assert_eq!(thousandfold_text(0.0), "0");
        assert_eq!(thousandfold_text(12.345_678_9), "12345.6789");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "", ".", "-", "1e", "e3", "+1", "1.2.3", "nan", "inf", "1e999", "0x10", "1 2",
        ] {
            assert_eq!(decimal(text), None, "{text}");
        }
        assert_eq!(decimal("-0").map(f64::is_sign_negative), Some(false));
    }

    proptest! {
        #[test]
        fn written_times_read_back_to_the_same_bits(value in 0.0_f64..1e7, small in 0.0_f64..1e-9) {
            for v in [value, small, value * small] {
                prop_assert_eq!(thousandth(&thousandfold_text(v)), Some(v));
            }
        }
    }
}
