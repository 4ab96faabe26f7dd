//! Values on the command line that are more than a number or a name.

use crate::record::{FORMS, form_of};
use crate::transport::{Version, http2};
use std::path::PathBuf;

/// A duration such as `90s`, `2m`, `1.5h` or `200ms`, in seconds. A number without a unit is refused.
///
/// # Errors
/// What was found and what was expected.
pub fn duration_s(text: &str) -> Result<f64, String> {
    let units = [
        ("ms", 1e-3),
        ("s", 1.0),
        ("min", 60.0),
        ("m", 60.0),
        ("h", 3600.0),
    ];
    let split = text
        .find(|letter: char| letter.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let seconds = units
        .iter()
        .find(|(name, _)| *name == unit)
        .map(|(_, seconds)| *seconds);
    match (number.trim().parse::<f64>(), seconds) {
        (Ok(number), Some(seconds)) if number > 0.0 && number.is_finite() => Ok(number * seconds),
        (Ok(_), None) if unit.is_empty() => Err(format!(
            "`{text}` has no unit; write {text}s, {text}ms or {text}m"
        )),
        _ => Err(format!(
            "`{text}` is no duration; expected a number > 0 with a unit, such as 90s, 200ms or 2m"
        )),
    }
}

/// A rate per second, such as `200` or `0.5`.
///
/// # Errors
/// What was found and what was expected.
pub fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if rate > 0.0 && rate <= MOST_PER_S => Ok(rate),
        _ => Err(format!(
            "`{text}` is no rate; expected a number of transactions a second above 0, at most {MOST_PER_S}"
        )),
    }
}

/// Where every transaction is written: the name of a form, or a file that ends in one.
///
/// # Errors
/// What was found and what was expected.
pub fn record(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let names = |before: &str| {
        let named: Vec<_> = FORMS
            .iter()
            .map(|form| format!("{before}{}", form.name))
            .collect();
        named.join(" or ")
    };
    match form_of(&path) {
        Ok(_) => Ok(path),
        Err(_) => Err(format!(
            "`{text}` is no form of a record; expected {}, or a file that ends in {}",
            names(""),
            names(".")
        )),
    }
}

/// More than any generator can begin in a second.
const MOST_PER_S: f64 = 1e6;

/// A share such as `5%` or `0.05`, as a number in (0, 1).
///
/// # Errors
/// What was found and what was expected.
pub fn share(text: &str) -> Result<f64, String> {
    let parsed = text.strip_suffix('%').map_or_else(
        || text.parse(),
        |number| number.trim().parse().map(|n: f64| n / 100.0),
    );
    match parsed {
        Ok(share) if share > 0.0 && share < 1.0 => Ok(share),
        _ => Err(format!(
            "`{text}` is no share; expected a percentage such as 5% or a number between 0 and 1"
        )),
    }
}

/// A service level objective such as `p95=2s` or `mean=300ms`: the quantile (`None` for the mean is not offered, since a mean
/// hides the slow ones) and its limit in seconds.
///
/// # Errors
/// What was found and what was expected.
pub fn objective(text: &str) -> Result<(f64, f64), String> {
    let expected = || {
        format!("`{text}` is no objective; expected a percentile and a limit, such as p95=2s or p99=500ms")
    };
    let (quantile, limit) = text.split_once('=').ok_or_else(expected)?;
    let percent: f64 = quantile
        .strip_prefix('p')
        .and_then(|number| number.parse().ok())
        .ok_or_else(expected)?;
    if !(percent > 0.0 && percent < 100.0) {
        return Err(format!("{quantile} is no percentile; expected p1 to p99.9"));
    }
    Ok((percent / 100.0, duration_s(limit)?))
}

/// A version of HTTP: `1.1`, `2` or `auto`.
///
/// # Errors
/// What was found and what was expected; also where this program was built without HTTP/2.
pub fn http_version(text: &str) -> Result<Version, String> {
    match text {
        "1.1" | "1" => Ok(Version::Http1),
        "2" | "auto" if !http2::AVAILABLE => Err(format!(
            "this autoperf was built without HTTP/2\n  expected: 1.1 instead of {text}\n  hint: build it with `cargo build --release --features http2`"
        )),
        "2" => Ok(Version::Http2),
        "auto" => Ok(Version::Auto),
        _ => Err(format!("`{text}` is no version of HTTP; expected 1.1, 2 or auto")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_http() {
        assert_eq!(http_version("1.1"), Ok(Version::Http1));
        assert!(http_version("3").unwrap_err().contains("expected 1.1, 2 or auto"));
        assert_eq!(http_version("2").ok(), http2::AVAILABLE.then_some(Version::Http2));
        assert_eq!(http_version("auto").is_ok(), http2::AVAILABLE);
    }

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(duration_s("90s"), Ok(90.0));
        assert_eq!(duration_s("2m"), Ok(120.0));
        assert_eq!(duration_s("200ms"), Ok(0.2));
        assert_eq!(duration_s("1.5h"), Ok(5400.0));
        assert!(duration_s("90").unwrap_err().contains("no unit"));
        for wrong in ["", "s", "-1s", "0s", "1x", "nans", "infs"] {
            assert!(duration_s(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn rates_are_bounded() {
        assert_eq!((rate("0.5"), rate("1000000")), (Ok(0.5), Ok(1e6)));
        for wrong in ["0", "-3", "NaN", "inf", "1e7", "", "10/s"] {
            assert!(
                rate(wrong).unwrap_err().contains("transactions a second"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn shares_and_objectives() {
        assert_eq!(share("5%"), Ok(0.05));
        assert_eq!(share("0.1"), Ok(0.1));
        assert!(
            ["0", "100%", "x", "NaN"]
                .iter()
                .all(|wrong| share(wrong).is_err())
        );
        assert_eq!(objective("p95=2s"), Ok((0.95, 2.0)));
        assert_eq!(objective("p99.9=500ms"), Ok((0.9990000000000001, 0.5)));
        assert!(
            ["p0=1s", "p100=1s", "95=1s", "p95", "p95=1", "mean=1s"]
                .iter()
                .all(|wrong| objective(wrong).is_err())
        );
    }
}
