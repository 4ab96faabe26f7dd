//! Demands that change with load: turbo clocks and cold caches, growing lock and coherency costs, batching.
//!
//! Measured at several levels, a demand becomes a curve over the load, through the points or as a parabola (Zhang 2013),
//! and a curve over the number present becomes a station with rates that depend on load, which
//! [`crate::queueing::multiserver`] solves exactly.

use crate::linear::Matrix;
use crate::queueing::{Station, StationKind};

/// A demand as a function of the load. Beyond the measured range it keeps the value at the range's end: what lies there
/// was not measured, and a parabola would soon be negative.
#[derive(Debug, Clone, PartialEq)]
pub struct DemandCurve {
    shape: Shape,
    /// Smallest and largest measured load.
    range: (f64, f64),
}

#[derive(Debug, Clone, PartialEq)]
enum Shape {
    /// Loads in growing order, each with its demand.
    Points(Vec<(f64, f64)>),
    /// `d0 + d1 U + d2 U^2`.
    Parabola([f64; 3]),
}

impl DemandCurve {
    /// The curve through measured (load, demand in seconds), straight in between; levels with the same load are averaged.
    /// `None` without points, or where a figure is negative or no number.
    #[must_use]
    pub fn through(points: &[(f64, f64)]) -> Option<Self> {
        let sorted = sorted(points)?;
        let mut distinct: Vec<(f64, f64, f64)> = Vec::new();
        for (load, demand) in sorted {
            match distinct.last_mut() {
                Some((last, sum, count)) if *last == load => (*sum, *count) = (*sum + demand, *count + 1.0),
                _ => distinct.push((load, demand, 1.0)),
            }
        }
        let points: Vec<(f64, f64)> = distinct
            .iter()
            .map(|(load, sum, count)| (*load, sum / count))
            .collect();
        Some(Self {
            range: (points.first()?.0, points.last()?.0),
            shape: Shape::Points(points),
        })
    }

    /// The least-squares parabola `D(U) = d0 + d1 U + d2 U^2` over measured (utilization, demand in seconds). `None` for
    /// fewer than three different loads, figures that make no sense, or a parabola that is negative within the range.
    #[must_use]
    pub fn parabola(points: &[(f64, f64)]) -> Option<Self> {
        let points = sorted(points)?;
        let rows: Vec<Vec<f64>> = points
            .iter()
            .map(|(load, _)| vec![1.0, *load, load * load])
            .collect();
        let demands: Vec<f64> = points.iter().map(|(_, demand)| *demand).collect();
        let found = Matrix::from_rows(&rows)?.least_squares(&demands)?;
        let coefficients = [found[0], found[1], found[2]];
        let range = (points.first()?.0, points.last()?.0);
        let vertex = -coefficients[1] / (2.0 * coefficients[2]);
        let mut places = vec![range.0, range.1];
        places.extend(Some(vertex).filter(|place| range.0 < *place && *place < range.1));
        places
            .iter()
            .all(|place| at(&coefficients, *place) >= 0.0)
            .then_some(Self {
                shape: Shape::Parabola(coefficients),
                range,
            })
    }

    /// The demand at a load, s.
    #[must_use]
    pub fn demand_s(&self, load: f64) -> f64 {
        // Not `clamp`, which would let a load that is no number through.
        let load = load.max(self.range.0).min(self.range.1);
        match &self.shape {
            Shape::Parabola(coefficients) => at(coefficients, load).max(0.0),
            Shape::Points(points) => {
                let after = points.partition_point(|(at, _)| *at < load);
                match (
                    after.checked_sub(1).map(|before| points[before]),
                    points.get(after).copied(),
                ) {
                    (Some((x0, y0)), Some((x1, y1))) => y0 + (y1 - y0) * (load - x0) / (x1 - x0),
                    (Some((_, only)), None) | (None, Some((_, only))) => only,
                    (None, None) => 0.0,
                }
            }
        }
    }

    /// The coefficients d0, d1, d2 of a parabola; `None` for a curve through points.
    #[must_use]
    pub fn coefficients(&self) -> Option<[f64; 3]> {
        match self.shape {
            Shape::Parabola(coefficients) => Some(coefficients),
            Shape::Points(_) => None,
        }
    }

    /// A station of `servers` servers (may be a fraction) whose demand follows this curve over the number present: its
    /// rates are `min(j, servers) D(1) / D(j)` for `j` up to `most_present`, the last one going on for ever. `None` where
    /// the demand is zero somewhere or an argument makes no sense.
    #[must_use]
    pub fn station(&self, name: &str, servers: f64, most_present: u32) -> Option<Station> {
        let alone = self.demand_s(1.0);
        let rate = |present: u32| f64::from(present).min(servers) * alone / self.demand_s(f64::from(present));
        let rates: Vec<f64> = (1..=most_present).map(rate).collect();
        let sane = !rates.is_empty() && rates.iter().all(|rate| rate.is_finite() && *rate > 0.0);
        sane.then(|| Station {
            name: name.to_owned(),
            demand_s: alone,
            kind: StationKind::LoadDependent(rates),
        })
    }
}

fn at(coefficients: &[f64; 3], load: f64) -> f64 {
    coefficients[0] + load * (coefficients[1] + load * coefficients[2])
}

fn sorted(points: &[(f64, f64)]) -> Option<Vec<(f64, f64)>> {
    let is_amount = |value: f64| value.is_finite() && value >= 0.0;
    if points.is_empty()
        || !points
            .iter()
            .all(|(load, demand)| is_amount(*load) && is_amount(*demand))
    {
        return None;
    }
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    Some(sorted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queueing::{ClosedNetwork, multiserver};

    #[test]
    fn points_are_joined_by_straight_lines_and_flat_ends() {
        let curve = DemandCurve::through(&[(10.0, 0.04), (1.0, 0.02), (10.0, 0.06), (20.0, 0.05)]).unwrap();
        for (load, demand) in [(0.0, 0.02), (1.0, 0.02), (5.5, 0.035), (10.0, 0.05), (99.0, 0.05)] {
            assert!((curve.demand_s(load) - demand).abs() < 1e-15, "{load}");
        }
        assert_eq!(DemandCurve::through(&[]), None);
        assert_eq!(DemandCurve::through(&[(1.0, -0.1)]), None);
        assert!(curve.demand_s(f64::NAN).is_finite());
    }

    #[test]
    fn a_parabola_is_found_again() {
        let truth = |load: f64| 0.02 - 0.01 * load + 0.03 * load * load;
        let points: Vec<(f64, f64)> = [0.1, 0.3, 0.5, 0.7, 0.9].map(|load| (load, truth(load))).to_vec();
        let curve = DemandCurve::parabola(&points).unwrap();
        assert!((curve.demand_s(0.6) - truth(0.6)).abs() < 1e-14);
        assert!(
            (curve.demand_s(2.0) - truth(0.9)).abs() < 1e-14,
            "no extrapolation"
        );
        assert!((curve.coefficients().unwrap()[2] - 0.03).abs() < 1e-12);
        assert_eq!(DemandCurve::parabola(&points[..2]), None);
        assert_eq!(
            DemandCurve::parabola(&[(0.1, 0.1), (0.5, 0.0), (0.6, 0.0), (0.9, 0.1)]),
            None
        );
    }

    #[test]
    fn a_constant_curve_is_an_ordinary_station() {
        let curve = DemandCurve::through(&[(1.0, 0.1)]).unwrap();
        let network = |station| ClosedNetwork {
            stations: vec![station],
            think_time_s: 1.0,
        };
        let by_curve = multiserver::solve(&network(curve.station("cpu", 4.0, 16).unwrap()), 60).unwrap();
        let plain = multiserver::solve(&network(Station::queueing("cpu", 0.1, 4)), 60).unwrap();
        assert!((by_curve.throughput_per_s - plain.throughput_per_s).abs() < 1e-9);
        assert_eq!(curve.station("cpu", 0.0, 16), None);
    }

    #[test]
    fn a_growing_demand_lowers_the_plateau() {
        let curve = DemandCurve::through(&[(1.0, 0.1), (50.0, 0.2)]).unwrap();
        let station = curve.station("db", 1.0, 50).unwrap();
        let network = ClosedNetwork {
            stations: vec![station],
            think_time_s: 1.0,
        };
        let solve = |users| multiserver::solve(&network, users).unwrap().throughput_per_s;
        assert!((solve(200) - 5.0).abs() < 1e-6, "1 / .2 s at the end");
        assert!(solve(12) > solve(200) + 1.0, "a peak before it");
    }
}
