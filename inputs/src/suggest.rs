//! "Did you mean": the nearest known name by edit distance.

/// A hint that names the candidate nearest to `typed`, if one is near enough to be meant.
pub(crate) fn did_you_mean<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(typed, candidates).map(|name| format!("did you mean `{name}`?"))
}

/// Names that are compared; a list longer than this was not typed by the person who mistyped one of it.
const MOST_CANDIDATES: usize = 2_000;

/// The candidate nearest to `typed`: at most a third of its characters wrong, ASCII case aside.
pub(crate) fn nearest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_ascii_lowercase();
    let length = typed.chars().count();
    if length > 64 {
        return None;
    }
    candidates
        .into_iter()
        .take(MOST_CANDIDATES)
        .filter(|c| c.chars().count().abs_diff(length) <= length.max(3) / 2)
        .map(|c| (distance(&typed, &c.to_ascii_lowercase()), c))
        .filter(|&(d, c)| d <= (length.max(c.chars().count()) / 3).max(1))
        .min_by_key(|&(d, _)| d)
        .map(|(_, c)| c)
}

/// Edit distance with transpositions of neighbours (optimal string alignment; Damerau 1964).
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_known_by_hand() {
        for (a, b, expected) in [
            ("", "", 0),
            ("abc", "abc", 0),
            ("kitten", "sitting", 3),
            ("form", "from", 1),
            ("", "ab", 2),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
            assert_eq!(distance(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn only_a_near_name_is_offered() {
        assert_eq!(
            nearest("transactoin", ["transaction", "timeout"]),
            Some("transaction")
        );
        assert_eq!(nearest("zzz", ["transaction", "timeout"]), None);
        assert_eq!(nearest("y3", ["y1", "month"]), Some("y1"));
    }
}
