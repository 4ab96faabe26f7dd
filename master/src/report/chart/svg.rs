//! Charts as SVG, drawn by plotters.

use super::{Chart, Point, response_time, throughput};
use crate::report::{Renderer, ReportError};
use crate::summary::Interval;
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

/// Throughput against users as SVG.
pub const THROUGHPUT: Renderer = Renderer {
    name: "throughput-svg",
    file_name: "throughput-vs-users.svg",
    about: "throughput against users: measured points with intervals, the model's curve and N*",
    render: |summary| draw(&throughput(summary)),
};

/// Response time against users as SVG.
pub const RESPONSE_TIME: Renderer = Renderer {
    name: "response-time-svg",
    file_name: "response-time-vs-users.svg",
    about: "mean response time against users: measured points with intervals, the model's curve and N*",
    render: |summary| draw(&response_time(summary)),
};

const SIZE: (u32, u32) = (800, 480);
const MEASURED: RGBColor = RGBColor(0x1f, 0x4e, 0x9c);
const MODEL: RGBColor = RGBColor(0xd9, 0x6b, 0x0b);
const MARK: RGBColor = RGBColor(0x8a, 0x1c, 0x3c);

/// Draws a chart.
///
/// # Errors
/// [`ReportError::Render`] where the backend refuses.
pub fn draw(chart: &Chart) -> Result<String, ReportError> {
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        draw_on(&area, chart)
            .and_then(|()| area.present())
            .map_err(|error| ReportError::Render {
                what: chart.title,
                reason: error.to_string(),
            })?;
    }
    Ok(text)
}

type Drawing<'a> = Result<(), DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>>;
type Plane = Cartesian2d<RangedCoordf64, RangedCoordf64>;

fn draw_on<'a>(area: &DrawingArea<SVGBackend<'a>, Shift>, chart: &Chart) -> Drawing<'a> {
    area.fill(&WHITE)?;
    let (most_users, most_value) = chart.extent();
    let top = most_value * 1.08;
    let mut context = ChartBuilder::on(area)
        .caption(chart.title, ("sans-serif", 20))
        .margin(14)
        .x_label_area_size(44)
        .y_label_area_size(70)
        .build_cartesian_2d(0.0..most_users * 1.04, 0.0..top)?;
    context
        .configure_mesh()
        .x_desc("users")
        .y_desc(chart.vertical)
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.12))
        .label_style(("sans-serif", 14))
        .axis_desc_style(("sans-serif", 15))
        .draw()?;
    if let Some(saturation) = chart
        .saturation
        .filter(|saturation| saturation.value <= most_users)
    {
        draw_saturation(&mut context, saturation, top)?;
    }
    draw_model(&mut context, &chart.curve, top)?;
    draw_points(&mut context, &chart.points)?;
    context
        .configure_series_labels()
        .position(legend_position(chart, most_value))
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.3))
        .label_font(("sans-serif", 13))
        .draw()
}

fn draw_saturation<'a>(
    context: &mut ChartContext<'_, SVGBackend<'a>, Plane>,
    saturation: Interval,
    top: f64,
) -> Drawing<'a> {
    let Interval {
        value: users,
        low,
        high,
        ..
    } = saturation;
    let line = DashedLineSeries::new([(users, 0.0), (users, top)], 6, 4, MARK.stroke_width(2));
    context
        .draw_series(line)?
        .label(format!("N* = {users:.0} users ({low:.0}-{high:.0})"))
        .legend(|(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], MARK.stroke_width(2)));
    Ok(())
}

/// The model's curve over its band; what leaves the chart above is cut there.
fn draw_model<'a>(
    context: &mut ChartContext<'_, SVGBackend<'a>, Plane>,
    curve: &[(f64, Interval)],
    top: f64,
) -> Drawing<'a> {
    let line = |part: fn(&Interval) -> f64| {
        curve
            .iter()
            .map(move |(users, model)| (*users, part(model).min(top)))
    };
    let band: Vec<_> = line(|model| model.high)
        .chain(line(|model| model.low).rev())
        .collect();
    context.draw_series(std::iter::once(Polygon::new(band, MODEL.mix(0.18))))?;
    context
        .draw_series(LineSeries::new(line(|model| model.value), MODEL.stroke_width(2)))?
        .label("model, with its 95 % band")
        .legend(|(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], MODEL.stroke_width(2)));
    Ok(())
}

/// Measured points with their intervals; those that do not count are hollow.
fn draw_points<'a>(context: &mut ChartContext<'_, SVGBackend<'a>, Plane>, points: &[Point]) -> Drawing<'a> {
    context
        .draw_series(points.iter().map(error_bar))?
        .label("measured, with 95 % intervals")
        .legend(|(x, y)| Circle::new((x + 9, y), 4, MEASURED.filled()));
    let hollow = points.iter().filter(|point| !point.valid);
    context
        .draw_series(hollow.map(|point| Circle::new((point.users, point.figure.value), 3, WHITE.filled())))?;
    Ok(())
}

fn error_bar(point: &Point) -> ErrorBar<f64, f64, plotters::element::ErrorBarOrientV<f64, f64>> {
    let figure = point.figure;
    ErrorBar::new_vertical(
        point.users,
        figure.low,
        figure.value,
        figure.high,
        MEASURED.filled(),
        9,
    )
}

/// Throughput rises to the left and ends high, response time ends high on the right: the legend goes where nothing is.
fn legend_position(chart: &Chart, most_value: f64) -> SeriesLabelPosition {
    let last = chart.points.iter().max_by(|a, b| a.users.total_cmp(&b.users));
    let half_way = chart
        .points
        .iter()
        .filter(|point| last.is_some_and(|last| point.users * 2.0 <= last.users));
    let early_high = half_way.fold(0.0_f64, |high, point| high.max(point.figure.value));
    if early_high * 2.0 > most_value {
        SeriesLabelPosition::LowerRight
    } else {
        SeriesLabelPosition::UpperLeft
    }
}
