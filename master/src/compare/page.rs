//! A comparison as one HTML page that needs no network and no script.

use super::write::{HEADINGS, cells, conclusion, explanation};
use super::{Change, Comparison};
use crate::report::ReportError;
use crate::report::chart::svg;
use minijinja::{Environment, Value, context};

/// The page.
pub(super) fn page(comparison: &Comparison) -> Result<String, ReportError> {
    let failed = |error: minijinja::Error| ReportError::Render {
        what: "the comparison",
        reason: format!("{error:#}"),
    };
    let pictures = comparison
        .charts
        .iter()
        .map(|chart| {
            let picture = Value::from_safe_string(svg::draw(chart)?);
            Ok(context! { title => chart.title, picture })
        })
        .collect::<Result<Vec<_>, ReportError>>()?;
    let rows: Vec<_> = comparison
        .figures
        .iter()
        .map(|figure| {
            let class = match figure.change {
                Change::Better => "pass",
                Change::Worse => "fail",
                Change::NotSignificant => "soft",
            };
            context! { cells => cells(figure), class }
        })
        .collect();
    let mut environment = Environment::new();
    environment
        .add_template("comparison.html", include_str!("page/comparison.html"))
        .map_err(failed)?;
    let template = environment.get_template("comparison.html").map_err(failed)?;
    template
        .render(context! {
            style => Value::from_safe_string(include_str!("../report/html/report.css").to_owned()),
            conclusion => conclusion(comparison),
            explanation => explanation(comparison),
            sides => [
                ["baseline".to_owned(), comparison.baseline.clone(), comparison.verdicts[0].clone()],
                ["candidate".to_owned(), comparison.candidate.clone(), comparison.verdicts[1].clone()],
            ],
            headings => HEADINGS,
            rows,
            pictures,
            cautions => comparison.cautions.clone(),
        })
        .map_err(failed)
}
