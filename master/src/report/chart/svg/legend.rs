//! The legend, in a strip of its own above the axes, so that it covers no point.

use super::series::form;
use super::{COLOURS, Drawing, INK, MARK, SIZE};
use crate::report::chart::Chart;
use autoperf_models::grammar::counted;
use plotters::coord::Shift;
use plotters::prelude::*;

const LINE: i32 = 22;
const LEFT: i32 = 90;
/// Width of a letter at the legend's size; the backend has no fonts to measure.
const LETTER: i32 = 8;

/// What an entry's sign looks like.
enum Sign {
    /// The point of a series.
    Point(usize),
    /// The line of a series, with its band.
    Line(usize),
    /// The mark of the saturation point.
    Mark,
}

/// Height of the legend of a chart, pixels.
pub(super) fn height(chart: &Chart) -> i32 {
    let lines = placed(chart).last().map_or(0, |last| last.1.1 / LINE + 1);
    lines * LINE + 4
}

/// Draws it.
pub(super) fn draw<'a>(area: &DrawingArea<SVGBackend<'a>, Shift>, chart: &Chart) -> Drawing<'a> {
    for ((sign, text), (x, y)) in placed(chart) {
        let middle = y + LINE / 2;
        let line = vec![(x, middle), (x + 20, middle)];
        match sign {
            Sign::Point(index) => {
                area.draw(&Polygon::new(
                    form(index, (x + 10, middle)),
                    COLOURS[index % 6].filled(),
                ))?;
            }
            Sign::Line(index) => {
                let band = [(x, middle - 6), (x + 20, middle + 6)];
                area.draw(&Rectangle::new(band, COLOURS[index % 6].mix(0.16).filled()))?;
                area.draw(&PathElement::new(line, COLOURS[index % 6].stroke_width(2)))?;
            }
            Sign::Mark => area.draw(&PathElement::new(line, MARK.stroke_width(2)))?,
        }
        let style = ("sans-serif", 18).into_font().color(&INK);
        area.draw(&Text::new(text, (x + 28, middle - 8), style))?;
    }
    Ok(())
}

/// The entries with their places, line after line.
fn placed(chart: &Chart) -> Vec<((Sign, String), (i32, i32))> {
    let (mut x, mut y) = (LEFT, 0);
    let place = |entry: (Sign, String)| {
        let width = 28 + LETTER * entry.1.chars().count() as i32 + 12;
        if x > LEFT && x + width > SIZE.0 as i32 {
            (x, y) = (LEFT, y + LINE);
        }
        let at = (x, y);
        x += width;
        (entry, at)
    };
    entries(chart).into_iter().map(place).collect()
}

fn entries(chart: &Chart) -> Vec<(Sign, String)> {
    let shown = || chart.series.iter().enumerate().filter(|(_, series)| series.shown);
    let many = shown().count() > 1;
    let mut entries: Vec<_> = shown()
        .map(|(index, series)| {
            let name = match (many, series.points.iter().any(|point| point.spread.is_some())) {
                (false, _) => "measured, 95 % interval".to_owned(),
                (true, true) => format!("{}, 95 % interval", series.name),
                (true, false) => series.name.clone(),
            };
            (Sign::Point(index), name)
        })
        .collect();
    if let Some((index, _)) = shown().find(|(_, series)| !series.curve.is_empty()) {
        entries.push((Sign::Line(index), "model, 95 % band".to_owned()));
    }
    if let Some(found) = chart.saturation {
        entries.push((
            Sign::Mark,
            format!(
                "N* = {} ({:.0}\u{2013}{:.0})",
                counted(found.value.round() as u64, "user"),
                found.low,
                found.high
            ),
        ));
    }
    entries
}
