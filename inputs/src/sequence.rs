//! Values of a sequence.

use crate::limits::MAX_VALUES;

/// All integers from `low` to `high`, both included, as texts; as wide as `low` is typed if it has leading zeros.
///
/// # Errors
/// A sentence that says what is wrong.
pub(crate) fn range(low: &str, high: &str) -> Result<Vec<String>, String> {
    let bound = |text: &str| {
        text.parse::<i64>()
            .map_err(|_| format!("`{text}` is not a whole number"))
    };
    let (first, last) = (bound(low)?, bound(high)?);
    if first > last {
        return Err(format!("a range from {low} down to {high}"));
    }
    let count = i128::from(last) - i128::from(first) + 1;
    if usize::try_from(count).map_or(true, |n| n > MAX_VALUES) {
        return Err(format!("a range of more than {MAX_VALUES} values"));
    }
    let width = if low.len() > 1 && low.starts_with('0') {
        low.len()
    } else {
        0
    };
    if width > 20 {
        return Err(format!("`{low}` has too many digits"));
    }
    Ok((first..=last).map(|n| format!("{n:0width$}")).collect())
}

/// The two bounds if the values are exactly what [`range`] makes of them.
pub(crate) fn as_range(values: &[String]) -> Option<(&str, &str)> {
    let (low, high) = (values.first()?, values.last()?);
    let same = range(low, high).is_ok_and(|r| r == values);
    same.then_some((low.as_str(), high.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_included_and_zeros_kept() {
        assert_eq!(range("1", "3"), Ok(vec!["1".into(), "2".into(), "3".into()]));
        assert_eq!(range("08", "10"), Ok(vec!["08".into(), "09".into(), "10".into()]));
        assert_eq!(range("-1", "0"), Ok(vec!["-1".into(), "0".into()]));
        assert_eq!(range("0", "0"), Ok(vec!["0".into()]));
        assert!(range("3", "1").is_err());
        assert!(range("a", "1").is_err());
        assert!(range("0", "99999999999").is_err());
        assert!(range("-9223372036854775808", "9223372036854775807").is_err());
    }

    #[test]
    fn a_range_is_recognised_only_if_it_is_one() {
        let of = |v: &[&str]| {
            let v: Vec<String> = v.iter().map(|s| (*s).to_owned()).collect();
            as_range(&v).map(|(a, b)| (a.to_owned(), b.to_owned()))
        };
        assert_eq!(of(&["1", "2", "3"]), Some(("1".into(), "3".into())));
        assert_eq!(of(&["08", "09", "10"]), Some(("08".into(), "10".into())));
        assert_eq!(of(&["01", "2"]), None);
        assert_eq!(of(&["1", "3"]), None);
        assert_eq!(of(&["a"]), None);
    }
}
