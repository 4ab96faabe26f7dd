//! Counts in sentences: one place decides between `1 user` and `2 users`.

/// A count with its noun, which takes an `s` unless the count is 1.
#[must_use]
pub fn counted(count: impl Into<u64>, noun: &str) -> String {
    match count.into() {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    }
}

/// A quantity with its noun: `1 core`, `0.5 cores`.
#[must_use]
pub fn measured(quantity: f64, noun: &str) -> String {
    if (quantity - 1.0).abs() < 1e-9 {
        format!("1 {noun}")
    } else {
        format!("{quantity} {noun}s")
    }
}

/// The ending of a verb in the third person after that many: `1 user holds`, `2 users hold`.
#[must_use]
pub fn verb_ending(count: impl Into<u64>) -> &'static str {
    if count.into() == 1 { "s" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_alone() {
        let told = [0_u32, 1, 2].map(|count| counted(count, "user"));
        assert_eq!(told, ["0 users", "1 user", "2 users"]);
        assert_eq!(
            [0.5, 1.0].map(|cores| measured(cores, "core")),
            ["0.5 cores", "1 core"]
        );
        assert_eq!((verb_ending(1_u32), verb_ending(2_u32)), ("s", ""));
    }
}
