//! `report.html`: one file that needs nothing else; sentence first, pictures second, tables third.

use super::chart::{self, svg};
use super::{Renderer, ReportError};
use crate::summary::Summary;
use minijinja::value::Serde;
use minijinja::{Environment, Value, context};

/// The HTML form.
pub const RENDERER: Renderer = Renderer {
    name: "html",
    file_name: "report.html",
    about: "the whole answer for people, one file without network",
    render,
};

const TEMPLATE: &str = include_str!("html/report.html");

fn render(summary: &Summary) -> Result<String, ReportError> {
    let failed = |error: minijinja::Error| ReportError::Render {
        what: "report.html",
        reason: format!("{error:#}"),
    };
    let mut environment = Environment::new();
    environment.add_filter("figure", figure);
    environment.add_filter("fixed", fixed);
    environment.add_filter("percent", percent);
    environment
        .add_template("report.html", TEMPLATE)
        .map_err(failed)?;
    let charts = context! {
        throughput => Value::from_safe_string(svg::draw(&chart::throughput(summary))?),
        response_time => Value::from_safe_string(svg::draw(&chart::response_time(summary))?),
    };
    let template = environment.get_template("report.html").map_err(failed)?;
    template
        .render(context! { s => Value::from(Serde(summary)), charts })
        .map_err(failed)
}

/// An interval as `value ± half-width`, in units of `1/factor`; a dash where there is none.
fn figure(interval: &Value, factor: f64, digits: usize) -> String {
    let part = |name: &str| {
        interval
            .get_attr(name)
            .ok()
            .and_then(|part| f64::try_from(part).ok())
            .map(|part| part * factor)
    };
    match (part("value"), part("low"), part("high")) {
        (Some(value), Some(low), Some(high)) => {
            format!("{value:.digits$} ({low:.digits$}\u{2013}{high:.digits$})")
        }
        _ => "\u{2013}".to_owned(),
    }
}

/// A number in units of `1/factor`; a dash where there is none.
fn fixed(value: &Value, factor: f64, digits: usize) -> String {
    f64::try_from(value.clone()).map_or_else(
        |_| "\u{2013}".to_owned(),
        |value| format!("{:.digits$}", value * factor),
    )
}

/// A share as a percentage; small ones are never shown as zero.
fn percent(share: &Value) -> String {
    match f64::try_from(share.clone()) {
        Err(_) => "\u{2013}".to_owned(),
        Ok(0.0) => "0 %".to_owned(),
        Ok(share) if share < 0.001 => "<0.1 %".to_owned(),
        Ok(share) => format!("{:.1} %", share * 100.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_never_show_what_is_not_there() {
        assert_eq!(figure(&Value::from(()), 1.0, 1), "\u{2013}");
        assert_eq!(fixed(&Value::from(()), 1.0, 1), "\u{2013}");
        let interval = context! { value => 0.0123, low => 0.012, high => 0.0126 };
        assert_eq!(figure(&interval, 1e3, 1), "12.3 (12.0\u{2013}12.6)");
        assert_eq!(percent(&Value::from(0.0004)), "<0.1 %");
        assert_eq!(percent(&Value::from(0.5)), "50.0 %");
    }
}
