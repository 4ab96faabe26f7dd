//! `report.html`: one file that needs nothing else; sentence first, pictures second, tables third.

use super::chart::{self, Chart, svg};
use super::{Renderer, ReportError, number};
use crate::summary::{Interval, Level, PhaseTime, Summary};
use minijinja::value::Serde;
use minijinja::{Environment, Value, context};

mod data;
mod demand;

/// The HTML form.
pub const RENDERER: Renderer = Renderer {
    name: "html",
    file_name: "report.html",
    about: "the whole answer for people, one file without network",
    always: true,
    render,
};

const TEMPLATES: [(&str, &str); 2] = [
    ("report.html", include_str!("html/report.html")),
    ("level.html", include_str!("html/level.html")),
];

/// The parts that go into the page as they are.
const PARTS: [(&str, &str); 5] = [
    ("page_style", include_str!("html/report.css")),
    ("chart_style", include_str!("html/vendor/uPlot.min.css")),
    ("chart_licence", include_str!("html/vendor/uPlot.LICENSE")),
    ("chart_script", include_str!("html/vendor/uPlot.iife.min.js")),
    ("page_script", include_str!("html/report.js")),
];

fn render(summary: &Summary) -> Result<String, ReportError> {
    let failed = |error: minijinja::Error| ReportError::Render {
        what: "report.html",
        reason: format!("{error:#}"),
    };
    let charts = charts(summary);
    let demands = demand::bars(summary);
    let pictures = charts
        .iter()
        .map(|chart| {
            let picture = Value::from_safe_string(svg::draw(chart)?);
            Ok(context! { id => chart.id, title => chart.title, picture })
        })
        .collect::<Result<Vec<_>, ReportError>>()?;
    let environment = environment().map_err(failed)?;
    let template = environment.get_template("report.html").map_err(failed)?;
    let parts: std::collections::BTreeMap<_, _> = PARTS
        .iter()
        .map(|&(name, text)| (name, Value::from_safe_string(slim(text))))
        .collect();
    template
        .render(context! {
            s => Value::from(Serde(summary)),
            parts,
            pictures,
            levels => by_users(&environment, &summary.levels).map_err(failed)?,
            busy => charts.len() > 2 || !demands.is_empty(),
            demands,
            transactions => demand::by_transaction(summary),
            tally => ["pass", "warn", "fail"].map(|status| summary.audits.iter().filter(|audit| audit.status == status).count()),
            data => Value::from_safe_string(data::encoded(&charts, &summary.levels)?),
        })
        .map_err(failed)
}

/// A part without what is for its authors alone: indentation, and comments that have a line to themselves.
fn slim(text: &str) -> String {
    let lines = text.lines().map(str::trim_start);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .flat_map(|line| [line, "\n"])
        .collect()
}

/// The charts against users; none where transactions are profiled one by one, since their levels are not points of one curve.
fn charts(summary: &Summary) -> Vec<Chart> {
    if summary.levels.iter().any(|level| level.transaction.is_some()) {
        return Vec::new();
    }
    [chart::throughput(summary), chart::response_time(summary)]
        .into_iter()
        .chain(chart::utilization(summary))
        .collect()
}

fn environment() -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    environment.add_filter("figure", figure);
    environment.add_filter("number", plain);
    environment.add_filter("percent", percent);
    for (name, text) in TEMPLATES {
        environment.add_template(name, text)?;
    }
    Ok(environment)
}

/// The levels by users, each with its place in the run and its drill-down.
fn by_users(environment: &Environment<'_>, levels: &[Level]) -> Result<Vec<Value>, minijinja::Error> {
    let template = environment.get_template("level.html")?;
    let mut numbered: Vec<_> = levels.iter().zip(1_u32..).collect();
    numbered.sort_by_key(|(level, order)| (level.users, *order));
    let row = |(level, order): (&Level, u32)| {
        let figures = Value::from(Serde(level));
        let phases = phases(level);
        let details = template.render(context! { level => figures.clone(), phases, order })?;
        let details = Value::from_safe_string(details);
        Ok(context! { level => figures, order, details, counts => chart::counts(level) })
    };
    numbered.into_iter().map(row).collect()
}

/// The phases in words, each with its share of the response time: time in it, spread over all served.
fn phases(level: &Level) -> Vec<Value> {
    let served = level
        .transactions
        .saturating_sub(level.errors + level.timeouts)
        .max(1) as f64;
    let spread_s = |phase: &PhaseTime| phase.mean_s * phase.count as f64 / served;
    let all_s: f64 = level.phases.iter().map(spread_s).sum();
    let row = |phase: &PhaseTime| {
        let share = if all_s > 0.0 { spread_s(phase) / all_s } else { 0.0 };
        context! {
            about => about_phase(&phase.name),
            phase => Value::from(Serde(phase)),
            share,
            width => format!("{:.1}", share * 100.0),
        }
    };
    level.phases.iter().map(row).collect()
}

fn about_phase(name: &str) -> &str {
    match name {
        "connect" => "Connecting",
        "tls" => "TLS handshake",
        "send" => "Sending the request",
        "wait" => "Waiting for the first byte",
        "receive" => "Receiving, to the last byte",
        "process" => "Checks and extractions",
        other => other,
    }
}

/// An interval as `value (low–high)`, in units of `1/factor`; a dash where there is none.
fn figure(interval: &Value, factor: f64) -> String {
    let part = |name: &str| {
        interval
            .get_attr(name)
            .ok()
            .and_then(|part| f64::try_from(part).ok())
    };
    match (part("value"), part("low"), part("high")) {
        (Some(value), Some(low), Some(high)) => {
            let samples = 0;
            number::interval(
                Interval {
                    value,
                    low,
                    high,
                    samples,
                },
                factor,
            )
        }
        _ => number::ABSENT.to_owned(),
    }
}

/// A number in units of `1/factor`; a dash where there is none.
fn plain(value: &Value, factor: f64) -> String {
    f64::try_from(value.clone()).map_or_else(
        |_| number::ABSENT.to_owned(),
        |value| number::significant(value * factor, 3),
    )
}

/// A share as a percentage; a dash where there is none.
fn percent(share: &Value) -> String {
    f64::try_from(share.clone()).map_or_else(|_| number::ABSENT.to_owned(), number::percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_never_show_what_is_not_there() {
        assert_eq!(figure(&Value::from(()), 1.0), "\u{2013}");
        assert_eq!(plain(&Value::from(()), 1.0), "\u{2013}");
        assert_eq!(percent(&Value::from(())), "\u{2013}");
        let interval = context! { value => 0.0123, low => 0.012, high => 0.0126 };
        assert_eq!(figure(&interval, 1e3), "12.30 (12.00\u{2013}12.60)");
    }

    #[test]
    fn no_part_can_end_the_element_that_holds_it() {
        for (name, text) in PARTS {
            let text = text.to_ascii_lowercase();
            assert!(!text.contains("</script") && !text.contains("</style"), "{name}");
        }
    }
}
