//! Cycles found again in an expanded list of load levels, so that what is written stays as short as what was typed.

use crate::workload::ManualLevel;

/// A stretch of a schedule.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stretch<'a> {
    /// Levels as they follow each other.
    Once(&'a ManualLevel),
    /// So many times these levels.
    Repeat(usize, &'a [ManualLevel]),
}

/// Longest cycle that is looked for.
const LONGEST: usize = 64;

/// The schedule with the cycle that saves most written out as such at each place, from the front; two lines frame a cycle.
pub(super) fn find(levels: &[ManualLevel]) -> Vec<Stretch<'_>> {
    let mut stretches = Vec::new();
    let mut rest = levels;
    while let Some(first) = rest.first() {
        let best = (1..=LONGEST.min(rest.len() / 2))
            .map(|length| (length, repetitions(rest, length)))
            .max_by_key(|&(length, times)| (saved(length, times), std::cmp::Reverse(length)));
        match best.filter(|&(length, times)| saved(length, times) > 0) {
            Some((length, times)) => {
                stretches.push(Stretch::Repeat(times, &rest[..length]));
                rest = &rest[length * times..];
            }
            None => {
                stretches.push(Stretch::Once(first));
                rest = &rest[1..];
            }
        }
    }
    stretches
}

/// How often the first `length` levels stand there in a row.
fn repetitions(levels: &[ManualLevel], length: usize) -> usize {
    let cycle = &levels[..length];
    levels
        .chunks_exact(length)
        .take_while(|part| *part == cycle)
        .count()
}

fn saved(length: usize, times: usize) -> usize {
    ((times - 1) * length).saturating_sub(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn levels(users: &[u32]) -> Vec<ManualLevel> {
        let level = |&users: &u32| ManualLevel {
            users,
            duration_s: 1.0,
        };
        users.iter().map(level).collect()
    }

    fn expanded(stretches: &[Stretch<'_>]) -> Vec<ManualLevel> {
        let part = |stretch: &Stretch<'_>| match stretch {
            Stretch::Once(level) => vec![**level],
            Stretch::Repeat(times, cycle) => cycle.repeat(*times),
        };
        stretches.iter().flat_map(part).collect()
    }

    #[test]
    fn the_manuals_cycle_is_found_again() {
        let list = levels(&[4, 3, 6, 3, 6, 3, 6, 3, 6, 3, 6, 3, 6, 9]);
        let cycle = levels(&[3, 6]);
        let (first, last) = (list[0], list[13]);
        assert_eq!(
            find(&list),
            [
                Stretch::Once(&first),
                Stretch::Repeat(6, &cycle),
                Stretch::Once(&last)
            ]
        );
    }

    #[test]
    fn what_saves_nothing_is_left_as_it_is() {
        assert_eq!(find(&levels(&[1, 1, 2, 3, 2, 3])).len(), 6);
        assert_eq!(find(&[]), []);
    }

    proptest! {
        #[test]
        fn nothing_is_lost(users in prop::collection::vec(0u32..3, 0..60)) {
            let list = levels(&users);
            prop_assert_eq!(expanded(&find(&list)), list);
        }
    }
}
