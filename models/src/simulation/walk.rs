//! The graph of transactions as sums of probabilities, ready for drawing.

use super::site::Site;

/// Where a walk goes next.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    /// Running sums; the entry's row first, then one row a class.
    sums: Vec<f64>,
    classes: usize,
}

impl Walk {
    pub(super) fn new(site: &Site) -> Self {
        let mut sums = Vec::with_capacity((site.rows.len() + 1) * site.entry.len());
        for row in std::iter::once(&site.entry).chain(&site.rows) {
            let mut sum = 0.0;
            sums.extend(row.iter().map(|probability| {
                sum += probability;
                // A row typed as thirds sums to a hair below one; the hair is no way out.
                if sum > 1.0 - 1e-9 { 1.0 } else { sum }
            }));
        }
        Self {
            sums,
            classes: site.entry.len(),
        }
    }

    /// The first class of a session; `uniform` in [0, 1).
    pub(super) fn enter(&self, uniform: f64) -> u16 {
        self.pick(0, uniform).unwrap_or((self.classes - 1) as u16)
    }

    /// The class after `class`; `None` is Exit.
    pub(super) fn follow(&self, class: u16, uniform: f64) -> Option<u16> {
        self.pick(usize::from(class) + 1, uniform)
    }

    fn pick(&self, row: usize, uniform: f64) -> Option<u16> {
        let sums = &self.sums[row * self.classes..(row + 1) * self.classes];
        sums.iter()
            .position(|sum| uniform < *sum)
            .map(|class| class as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_follow_the_rows() {
        let site = Site {
            entry: vec![1.0 / 3.0; 3],
            rows: vec![vec![0.2, 0.5, 0.0], vec![1.0 / 3.0; 3], vec![0.0; 3]],
            ..Site::default()
        };
        let walk = Walk::new(&site);
        assert_eq!([0.0, 0.34, 0.999_999_999_9].map(|u| walk.enter(u)), [0, 1, 2]);
        assert_eq!(
            [0.0, 0.69, 0.7].map(|u| walk.follow(0, u)),
            [Some(0), Some(1), None]
        );
        assert_eq!(walk.follow(1, 0.999_999_999_999_9), Some(2));
        assert_eq!(walk.follow(2, 0.0), None);
    }
}
