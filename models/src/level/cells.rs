//! The level's bins in bounded memory, and their grouping into longer windows.

use super::Bin;

/// Cells kept before neighbours are merged.
const MOST_CELLS: usize = 8192;

/// Bins in order; when there are too many, neighbours are merged and later bins gathered to the same length.
#[derive(Debug, Clone, Default)]
pub(super) struct Cells {
    cells: Vec<Bin>,
    /// Bins are gathered into a cell until it is this long, s.
    shortest_s: f64,
}

impl Cells {
    /// Takes one bin; one that is not finite or has a negative length or sum is left out.
    pub(super) fn push(&mut self, bin: &Bin) {
        let parts = [bin.length_s, bin.response_sum_s, bin.response_sum_sq_s2];
        if !bin.start_s.is_finite() || parts.iter().any(|v| !v.is_finite() || *v < 0.0) {
            return;
        }
        match self.cells.last_mut() {
            Some(last) if last.length_s < self.shortest_s || last.length_s == 0.0 => absorb(last, bin),
            last => {
                let end_s = last.map_or(f64::NEG_INFINITY, |l| l.start_s + l.length_s);
                let start_s = bin.start_s.max(end_s);
                self.cells.push(Bin { start_s, ..*bin });
            }
        }
        if self.cells.len() > MOST_CELLS {
            self.merge_pairs();
        }
    }

    fn merge_pairs(&mut self) {
        let total_s: f64 = self.cells.iter().map(|c| c.length_s).sum();
        let halved = self
            .cells
            .chunks(2)
            .map(|pair| pair.iter().skip(1).fold(pair[0], merged));
        self.cells = halved.collect();
        // A little less than the mean, so that rounding does not gather one bin too many.
        self.shortest_s = 0.99 * total_s / self.cells.len() as f64;
    }

    pub(super) fn as_slice(&self) -> &[Bin] {
        &self.cells
    }
}

fn merged(mut first: Bin, second: &Bin) -> Bin {
    absorb(&mut first, second);
    first
}

/// Adds what finished in `other`, the following window, to `bin`.
fn absorb(bin: &mut Bin, other: &Bin) {
    bin.length_s += other.length_s;
    bin.completions += other.completions;
    bin.errors += other.errors;
    bin.timeouts += other.timeouts;
    bin.response_sum_s += other.response_sum_s;
    bin.response_sum_sq_s2 += other.response_sum_sq_s2;
}

/// Everything in `cells` as one window; an empty slice gives an empty window at 0.
pub(super) fn total(cells: &[Bin]) -> Bin {
    let first = Bin {
        start_s: cells.first().map_or(0.0, |c| c.start_s),
        ..Bin::default()
    };
    cells.iter().fold(first, merged)
}

/// `cells` as at most `count` windows of about equal length; fewer where cells are long. No window is without a cell.
pub(super) fn windows(cells: &[Bin], count: usize) -> Vec<Bin> {
    let count = count.max(1);
    let each_s = total(cells).length_s / count as f64;
    let mut windows: Vec<Bin> = Vec::with_capacity(count);
    let (mut elapsed_s, mut filled) = (0.0, 0);
    for cell in cells {
        // A cell belongs to the window in which its middle lies.
        let index = ((elapsed_s + cell.length_s / 2.0) / each_s) as usize;
        elapsed_s += cell.length_s;
        let index = index.min(count - 1);
        match windows.last_mut() {
            Some(last) if index == filled => absorb(last, cell),
            _ => windows.push(*cell),
        }
        filled = index;
    }
    windows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bin(index: u32, length_s: f64) -> Bin {
        Bin {
            start_s: f64::from(index) * length_s,
            length_s,
            completions: 2,
            response_sum_s: 0.5,
            response_sum_sq_s2: 0.2,
            ..Bin::default()
        }
    }

    #[test]
    fn memory_is_bounded_and_nothing_is_lost() {
        let mut cells = Cells::default();
        for i in 0..100_000 {
            cells.push(&bin(i, 0.1));
        }
        let kept = cells.as_slice();
        assert!(kept.len() <= MOST_CELLS && kept.len() > MOST_CELLS / 4);
        let all = total(kept);
        assert_eq!(all.completions, 200_000);
        assert!((all.length_s - 10_000.0).abs() < 1e-6);
    }

    #[test]
    fn windows_are_of_equal_length() {
        let cells: Vec<Bin> = (0..1000).map(|i| bin(i, 0.1)).collect();
        for count in [1, 7, 10, 64, 999, 1000, 5000] {
            let windows = windows(&cells, count);
            assert_eq!(windows.len(), count.min(1000));
            assert_eq!(total(&windows).completions, 2000);
            let each = 100.0 / count.min(1000) as f64;
            assert!(
                windows.iter().all(|w| (w.length_s - each).abs() <= 0.1 + 1e-9),
                "{count}"
            );
        }
    }

    #[test]
    fn spoilt_bins_are_left_out() {
        let mut cells = Cells::default();
        cells.push(&Bin {
            length_s: f64::NAN,
            ..bin(0, 0.1)
        });
        cells.push(&Bin {
            response_sum_s: -1.0,
            ..bin(0, 0.1)
        });
        assert!(cells.as_slice().is_empty());
        assert_eq!(total(cells.as_slice()), Bin::default());
        assert!(windows(cells.as_slice(), 10).is_empty());
    }
}
