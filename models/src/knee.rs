//! The knee of a measured curve by its shape alone: Kneedle (Satopaa, Albrecht, Irwin & Raghavan, ICDCS-W 2011).
//!
//! Where the knee lies depends on how far the curve was measured: on one and the same throughput curve with N* = 9.07 it
//! is 10, 13 or 17 users if the measurement ends at 20, 40 or 200. The saturation point N* of
//! [`crate::queueing::bounds`] is the answer; this is a cross-check, over a range of about 2 N*.

/// A knee.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Knee {
    /// Index of the point.
    pub index: usize,
    /// Its place on the horizontal axis.
    pub at: f64,
    /// How far the curve rises above the line between its ends there, 0..1 of the height.
    pub rise: f64,
}

/// The first knee of a rising, concave curve given by points of growing `x`: the first local maximum of its distance
/// above the line between its ends from which the distance falls by more than `sensitivity` mean steps before it
/// rises to the next maximum. 1 is the authors' sensitivity; larger is more conservative.
///
/// Noisy curves should be smoothed first. `None` for fewer than three points, axes without extent, places that do not
/// grow, figures that are no numbers, or a curve without a knee.
#[must_use]
pub fn kneedle(points: &[(f64, f64)], sensitivity: f64) -> Option<Knee> {
    let (first, last) = (points.first()?, points.last()?);
    let heights = || points.iter().map(|(_, y)| *y);
    let (low, high) = (
        heights().fold(f64::INFINITY, f64::min),
        heights().fold(f64::NEG_INFINITY, f64::max),
    );
    let (width, height) = (last.0 - first.0, high - low);
    let grows = points.windows(2).all(|pair| pair[0].0 < pair[1].0);
    let extended = width > 0.0 && height > 0.0 && width.is_finite() && height.is_finite();
    if points.len() < 3 || !grows || !extended || !heights().all(f64::is_finite) || !sensitivity.is_finite() {
        return None;
    }
    let rise: Vec<f64> = points
        .iter()
        .map(|(x, y)| (y - low) / height - (x - first.0) / width)
        .collect();
    let step = (points.len() - 1) as f64;
    let mut candidate: Option<(usize, f64)> = None;
    for index in 1..rise.len() {
        let is_peak =
            index + 1 < rise.len() && rise[index] > rise[index - 1] && rise[index] >= rise[index + 1];
        if is_peak {
            candidate = Some((index, rise[index] - sensitivity / step));
        }
        match candidate {
            Some((knee, threshold)) if rise[index] < threshold => {
                return Some(Knee {
                    index: knee,
                    at: points[knee].0,
                    rise: rise[knee],
                });
            }
            _ => {}
        }
    }
    None
}
