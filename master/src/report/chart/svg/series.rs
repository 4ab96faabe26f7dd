//! What is drawn inside the axes: marks, model curves with their bands, measured points with their intervals.

use super::{COLOURS, Drawing, LIMIT, MARK, PAPER, Plane};
use crate::report::chart::{Chart, Point};
use crate::summary::Interval;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

type Context<'a, 'b> = ChartContext<'b, SVGBackend<'a>, Plane>;

/// The saturation point with its interval, and the objective.
pub(super) fn marks<'a>(
    context: &mut Context<'a, '_>,
    chart: &Chart,
    (right, top): (f64, f64),
) -> Drawing<'a> {
    if let Some(saturation) = chart.saturation.filter(|found| found.value <= right) {
        let (users, high) = (saturation.value, saturation.high.min(right * 1.04));
        let span = Rectangle::new([(saturation.low, 0.0), (high, top)], MARK.mix(0.08).filled());
        context.draw_series(std::iter::once(span))?;
        let line = DashedLineSeries::new([(users, 0.0), (users, top)], 6, 4, MARK.stroke_width(2));
        context.draw_series(line)?;
        // The label keeps to the side with more room.
        let (side, shift) = if users > right / 2.0 {
            (HPos::Right, -5)
        } else {
            (HPos::Left, 5)
        };
        let label = format!("N* = {users:.0}");
        label_at(context, label, ((users, top), (shift, 3)), (MARK, side))?;
    }
    if let Some(limit) = &chart.limit {
        let line = [(0.0, limit.value), (right * 1.04, limit.value)];
        context.draw_series(DashedLineSeries::new(line, 10, 4, LIMIT.stroke_width(2)))?;
        label_at(
            context,
            limit.name.clone(),
            ((0.0, limit.value), (5, -18)),
            (LIMIT, HPos::Left),
        )?;
    }
    Ok(())
}

fn label_at<'a>(
    context: &mut Context<'a, '_>,
    label: String,
    (at, shift): ((f64, f64), (i32, i32)),
    (colour, side): (RGBColor, HPos),
) -> Drawing<'a> {
    let style = ("sans-serif", 19).into_font().color(&colour);
    let style = style.pos(Pos::new(side, VPos::Top));
    context.draw_series(std::iter::once(
        EmptyElement::at(at) + Text::new(label, shift, style),
    ))?;
    Ok(())
}

/// A model's curve over its band; what leaves the chart above is cut there.
pub(super) fn model<'a>(
    context: &mut Context<'a, '_>,
    curve: &[(f64, Interval)],
    colour: RGBColor,
    top: f64,
) -> Drawing<'a> {
    let line = |part: fn(&Interval) -> f64| {
        curve
            .iter()
            .map(move |(users, model)| (*users, part(model).clamp(0.0, top)))
    };
    if curve.is_empty() {
        return Ok(());
    }
    let band: Vec<_> = line(|model| model.high)
        .chain(line(|model| model.low).rev())
        .collect();
    context.draw_series(std::iter::once(Polygon::new(band, colour.mix(0.16))))?;
    context.draw_series(LineSeries::new(line(|model| model.value), colour.stroke_width(2)))?;
    Ok(())
}

/// Measured points with their intervals, each series with a form of its own; those that do not count are hollow.
pub(super) fn points<'a>(context: &mut Context<'a, '_>, points: &[Point], index: usize) -> Drawing<'a> {
    let colour = COLOURS[index % COLOURS.len()];
    for (point, (low, high)) in points.iter().filter_map(|point| Some((point, point.spread?))) {
        let pixel = |value: f64| context.plotting_area().map_coordinate(&(point.users, value)).1;
        let low = low.max(0.0);
        let up = pixel(high) - pixel(low);
        // One line for bar and caps: a report may hold hundreds of them.
        let bar = vec![(-4, 0), (4, 0), (0, 0), (0, up), (-4, up), (4, up)];
        let bar = EmptyElement::at((point.users, low)) + PathElement::new(bar, colour);
        context.draw_series(std::iter::once(bar))?;
    }
    let (counted, hollow): (Vec<&Point>, Vec<&Point>) = points.iter().partition(|point| point.valid);
    let outline = form(index, (0, 0));
    // A disc is shorter as what it is than as a polygon.
    if outline.len() > 6 {
        context.draw_series(
            counted
                .iter()
                .map(|point| Circle::new((point.users, point.value), 5, colour.filled())),
        )?;
    } else {
        let corners = &outline[1..];
        context.draw_series(counted.iter().map(|point| {
            EmptyElement::at((point.users, point.value)) + Polygon::new(corners, colour.filled())
        }))?;
    }
    context.draw_series(hollow.iter().map(|point| {
        let form = form(index, (0, 0));
        EmptyElement::at((point.users, point.value))
            + Polygon::new(form.clone(), PAPER.filled())
            + PathElement::new(form, colour.stroke_width(2))
    }))?;
    Ok(())
}

/// The closed outline of a series' points around a place in pixels: disc, square, triangle and diamond in turn.
pub(super) fn form(index: usize, (x, y): (i32, i32)) -> Vec<(i32, i32)> {
    const FORMS: [&[(i32, i32)]; 4] = [
        &[
            (-5, -2),
            (-2, -5),
            (2, -5),
            (5, -2),
            (5, 2),
            (2, 5),
            (-2, 5),
            (-5, 2),
            (-5, -2),
        ],
        &[(-4, -4), (4, -4), (4, 4), (-4, 4), (-4, -4)],
        &[(0, -6), (5, 4), (-5, 4), (0, -6)],
        &[(0, -6), (6, 0), (0, 6), (-6, 0), (0, -6)],
    ];
    let outline = FORMS[index % FORMS.len()].iter();
    outline.map(|(across, down)| (x + across, y + down)).collect()
}
