//! Which values a request takes: chosen once for each request, so that places which belong together agree.

use crate::load::random;
use autoperf_inputs::workload::Source;
use rand_core::Rng;

/// The choices that a request needs, each among the values of a sequence or the rows of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct Draws(Vec<Draw>);

#[derive(Debug, Clone)]
struct Draw {
    /// The sequence, or the file with a `#` behind it; no sequence's name has one.
    key: String,
    count: usize,
    unique: bool,
}

impl Draws {
    /// Number of the choice that decides the value of a source. The same sequence has one choice in a request, and so have
    /// all columns of a file: a row's values belong to each other.
    pub(super) fn of(&mut self, source: &Source) -> usize {
        let key = source
            .file()
            .map_or_else(|| source.name.clone(), |file| format!("{file}#"));
        let count = source.values.len();
        let known = self
            .0
            .iter()
            .position(|draw| draw.key == key && draw.count == count);
        let number = known.unwrap_or(self.0.len());
        if known.is_none() {
            self.0.push(Draw {
                key,
                count,
                unique: false,
            });
        }
        self.0[number].unique |= source.unique;
        number
    }

    /// Chooses for one request of a user. What is unique goes by the user's number and repeats beyond the last value.
    pub(super) fn draw(&self, rng: &mut impl Rng, user: u32, picks: &mut Vec<u32>) {
        picks.clear();
        picks.extend(self.0.iter().map(|draw| {
            let pick = if draw.unique {
                user as usize % draw.count.max(1)
            } else {
                random::choice(rng, draw.count)
            };
            u32::try_from(pick).unwrap_or(u32::MAX)
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str, count: usize, unique: bool) -> Source {
        Source {
            name: name.to_owned(),
            values: (0..count).map(|value| value.to_string()).collect(),
            unique,
        }
    }

    fn picks(draws: &Draws, user: u32, seed: u64) -> Vec<u32> {
        let mut picks = vec![77];
        draws.draw(&mut random::user_stream(seed, user, 0), user, &mut picks);
        picks
    }

    #[test]
    fn columns_of_a_file_share_a_row_and_sequences_a_value() {
        let mut draws = Draws::default();
        let names = ["users.txt#0", "y", "users.txt#1", "y", "other.txt#0", "users.txt"];
        let numbers = names.map(|name| draws.of(&source(name, 5, false)));
        assert_eq!(numbers, [0, 1, 0, 1, 2, 3]);
        assert_eq!(picks(&draws, 0, 1).len(), 4);
    }

    #[test]
    fn unique_values_repeat_only_when_they_run_out() {
        let mut draws = Draws::default();
        draws.of(&source("id", 3, true));
        let owned: Vec<u32> = (0..7).map(|user| picks(&draws, user, 9)[0]).collect();
        assert_eq!(owned, [0, 1, 2, 0, 1, 2, 0]);
        assert_eq!(picks(&draws, 4, 9), picks(&draws, 4, 10), "whatever the seed");
    }

    #[test]
    fn two_files_are_drawn_apart_and_evenly() {
        let mut draws = Draws::default();
        draws.of(&source("a.txt#0", 3, false));
        draws.of(&source("b.txt#1", 2, false));
        let (mut rng, mut picks) = (random::user_stream(4, 0, 0), Vec::new());
        let mut counts = [0_u32; 6];
        for _ in 0..6_000 {
            draws.draw(&mut rng, 0, &mut picks);
            counts[(picks[0] * 2 + picks[1]) as usize] += 1;
        }
        // Chi-square with 5 degrees of freedom: 20.5 is exceeded once in a thousand seeds.
        let chi: f64 = counts
            .iter()
            .map(|count| (f64::from(*count) - 1_000.0).powi(2) / 1_000.0)
            .sum();
        assert!(chi < 20.5, "{counts:?}");
    }
}
