//! Charts as SVG, drawn by plotters: for documents, for print, and where scripts are off.

use super::{Chart, response_time, throughput};
use crate::report::{Renderer, ReportError};
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

mod joined;
mod legend;
mod series;

/// Throughput against users as SVG.
pub const THROUGHPUT: Renderer = Renderer {
    name: "throughput-svg",
    file_name: "throughput-vs-users.svg",
    about: "throughput against users: measured points with intervals, the model's curve and N*",
    always: true,
    render: |summary| draw(&throughput(summary)),
};

/// Response time against users as SVG.
pub const RESPONSE_TIME: Renderer = Renderer {
    name: "response-time-svg",
    file_name: "response-time-vs-users.svg",
    about: "response time against users: mean with intervals, p95, the model's curve and N*",
    always: true,
    render: |summary| draw(&response_time(summary)),
};

const SIZE: (u32, u32) = (800, 480);
const PAPER: RGBColor = RGBColor(0xff, 0xff, 0xff);
const INK: RGBColor = RGBColor(0x1b, 0x1f, 0x24);
const GRID: RGBColor = RGBColor(0xdd, 0xe1, 0xe7);
const MARK: RGBColor = RGBColor(0x9f, 0x12, 0x39);
const LIMIT: RGBColor = RGBColor(0x6d, 0x28, 0xd9);
/// Colours of the series, light; those of the dark page stand beside them in [`DARK`].
const COLOURS: [RGBColor; 6] = [
    RGBColor(0x1f, 0x5f, 0xbf),
    RGBColor(0xc2, 0x41, 0x0c),
    RGBColor(0x15, 0x80, 0x3d),
    RGBColor(0x0f, 0x76, 0x6e),
    RGBColor(0xa1, 0x62, 0x07),
    RGBColor(0xbe, 0x18, 0x5d),
];
/// On a dark screen: every colour that is drawn and what stands for it.
const DARK: [(RGBColor, &str); 11] = [
    (PAPER, "#14171b"),
    (INK, "#e6e9ee"),
    (GRID, "#323943"),
    (MARK, "#ff8fa3"),
    (LIMIT, "#c4a7ff"),
    (COLOURS[0], "#7ab0ff"),
    (COLOURS[1], "#ff9d6b"),
    (COLOURS[2], "#5fd38a"),
    (COLOURS[3], "#4fd1c5"),
    (COLOURS[4], "#e5c15b"),
    (COLOURS[5], "#ff8dbd"),
];

/// Attributes that say what holds without them.
const DEFAULTS: [&str; 3] = [" opacity=\"1\"", " stroke=\"none\"", " stroke-width=\"1\""];

type Drawing<'a> = Result<(), DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>>;
type Plane = Cartesian2d<RangedCoordf64, RangedCoordf64>;

/// Draws the series of a chart that are shown.
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
    Ok(finished(&text, chart))
}

/// With a title for screen readers and colours for dark screens, and as wide as the page allows.
fn finished(text: &str, chart: &Chart) -> String {
    let dark: String = DARK
        .iter()
        .flat_map(|(light, dark)| {
            let RGBColor(red, green, blue) = light;
            ["fill", "stroke"].map(|property| {
                format!("svg [{property}=\"#{red:02X}{green:02X}{blue:02X}\"]{{{property}:{dark}}}")
            })
        })
        .collect();
    let style = format!("<style>@media screen and (prefers-color-scheme:dark){{{dark}}}</style>");
    let head = format!(">\n<title>{}</title>\n{style}", chart.title);
    // What is the default anyway; quotes within names are escaped, so none of it can be part of one.
    let short = DEFAULTS
        .iter()
        .fold(text.to_owned(), |text, default| text.replace(default, ""));
    joined::joined(&short.replacen('>', &head, 1))
}

fn draw_on<'a>(area: &DrawingArea<SVGBackend<'a>, Shift>, chart: &Chart) -> Drawing<'a> {
    area.fill(&PAPER)?;
    let area = area.titled(chart.title, ("sans-serif", 24).into_font().color(&INK))?;
    let (head, body) = area.split_vertically(legend::height(chart));
    legend::draw(&head, chart)?;
    let (most_users, most_value) = chart.extent();
    let top = most_value * 1.14;
    let mut context = ChartBuilder::on(&body)
        .margin(12)
        .x_label_area_size(52)
        .y_label_area_size(78)
        .build_cartesian_2d(0.0..most_users * 1.04, 0.0..top)?;
    context
        .configure_mesh()
        .x_desc("users")
        .y_desc(chart.vertical)
        .x_labels(11)
        .y_labels(8)
        .x_label_formatter(&|users| tick(*users))
        .y_label_formatter(&|value| tick(*value))
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(INK)
        .label_style(("sans-serif", 19).into_font().color(&INK))
        .axis_desc_style(("sans-serif", 20).into_font().color(&INK))
        .draw()?;
    series::marks(&mut context, chart, (most_users, top))?;
    let shown = || chart.series.iter().enumerate().filter(|(_, series)| series.shown);
    shown().try_for_each(|(index, one)| series::model(&mut context, &one.curve, COLOURS[index % 6], top))?;
    shown().try_for_each(|(index, one)| series::points(&mut context, &one.points, index))
}

/// A number at an axis: no more digits than it needs.
fn tick(value: f64) -> String {
    let text = format!("{:.4}", value);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::tick;

    #[test]
    fn ticks_have_no_needless_digits() {
        assert_eq!([tick(100.0), tick(0.5), tick(0.0)], ["100", "0.5", "0"]);
        assert_eq!(tick(0.300_000_000_004), "0.3");
    }
}
