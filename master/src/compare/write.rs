//! A comparison as text, Markdown, JSON, HTML and pictures.

use super::page::page;
use super::{Change, Comparison, Figure};
use crate::report::ReportError;
use crate::report::chart::svg;
use crate::report::markdown::escaped;
use crate::report::number;
use crate::summary::Interval;
use autoperf_models::grammar::counted;
use std::fmt::Write;

/// A form of a comparison.
#[derive(Debug)]
pub struct Form {
    /// Name for `--format`.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Makes it.
    pub write: fn(&Comparison) -> Result<String, ReportError>,
}

/// Every form, the default first.
pub const FORMS: &[Form] = &[
    Form {
        name: "text",
        about: "for the terminal",
        write: |comparison| Ok(text(comparison)),
    },
    Form {
        name: "markdown",
        about: "for a comment on a pull request",
        write: |comparison| Ok(markdown(comparison)),
    },
    Form {
        name: "json",
        about: "for programs",
        write: |comparison| Ok(json(comparison)),
    },
    Form {
        name: "html",
        about: "a page with the curves of both runs over each other, one file without network or script",
        write: page,
    },
    Form {
        name: "throughput-svg",
        about: "throughput of both runs against users",
        write: |comparison| picture(comparison, "throughput"),
    },
    Form {
        name: "response-time-svg",
        about: "mean response time of both runs against users",
        write: |comparison| picture(comparison, "response-time"),
    },
];

fn picture(comparison: &Comparison, id: &str) -> Result<String, ReportError> {
    let chart = comparison.charts.iter().find(|chart| chart.id == id);
    chart.map_or_else(
        || {
            Err(ReportError::Render {
                what: "the picture",
                reason: "runs that profile single transactions have no curve".to_owned(),
            })
        },
        svg::draw,
    )
}

fn text(comparison: &Comparison) -> String {
    let mut out = format!(
        "{}\n\nbaseline   {}: {}\ncandidate  {}: {}\n\n",
        conclusion(comparison),
        comparison.baseline,
        comparison.verdicts[0],
        comparison.candidate,
        comparison.verdicts[1]
    );
    let rows = std::iter::once(HEADINGS.map(str::to_owned)).chain(comparison.figures.iter().map(cells));
    let rows: Vec<_> = rows.collect();
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths = [0, 1, 2, 3, 4].map(width);
    for row in &rows {
        let line: Vec<_> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        out += line.join("  ").trim_end();
        out.push('\n');
    }
    out += &format!("\n{}\n", explanation(comparison));
    for caution in &comparison.cautions {
        out += &format!("caution: {caution}\n");
    }
    out
}

fn markdown(comparison: &Comparison) -> String {
    let mut out = format!("**{}**\n\n", escaped(&conclusion(comparison)));
    for (role, verdict) in ["Baseline", "Candidate"].iter().zip(&comparison.verdicts) {
        out += &format!("- {role}: {}\n", escaped(verdict));
    }
    out += &format!(
        "\n| {} |\n| --- | ---: | ---: | ---: | --- |\n",
        HEADINGS.join(" | ")
    );
    for figure in &comparison.figures {
        out += &format!("| {} |\n", cells(figure).map(|cell| escaped(&cell)).join(" | "));
    }
    out += &format!("\n{}\n", escaped(&explanation(comparison)));
    if !comparison.cautions.is_empty() {
        out.push('\n');
    }
    for caution in &comparison.cautions {
        out += &format!("- \u{26a0}\u{fe0f} {}\n", escaped(caution));
    }
    out
}

/// A comparison holds nothing that JSON cannot say.
fn json(comparison: &Comparison) -> String {
    serde_json::to_string_pretty(comparison).unwrap_or_default() + "\n"
}

pub(super) const HEADINGS: [&str; 5] = [
    "figure",
    "baseline",
    "candidate",
    "change (95 % interval)",
    "verdict",
];

/// The sentence that comes first.
#[must_use]
pub fn conclusion(comparison: &Comparison) -> String {
    let count = |change| {
        comparison
            .figures
            .iter()
            .filter(|figure| figure.change == change)
            .count()
    };
    let (better, worse) = (count(Change::Better), count(Change::Worse));
    let mut sentence = match (comparison.figures.len(), better, worse) {
        (0, ..) => "The two runs have no figure in common.".to_owned(),
        (all, 0, 0) => format!(
            "No significant difference in any of {}.",
            counted(all as u64, "figure")
        ),
        (all, better, worse) => format!(
            "Of {}, {worse} significantly worse and {better} better.",
            counted(all as u64, "figure")
        ),
    };
    if let Some(threshold) = comparison.fail_on {
        let threshold = format!("{} %", (threshold * 1e4).round() / 100.0);
        let _ = match &comparison.regressions[..] {
            [] => write!(sentence, " No regression beyond {threshold}."),
            names => write!(sentence, " Regression beyond {threshold}: {}.", names.join(", ")),
        };
    }
    sentence
}

pub(super) fn explanation(comparison: &Comparison) -> String {
    format!(
        "A difference counts as significant where chance would show any like it among all {} in less than {:.0} % of such comparisons (Holm).",
        counted(comparison.figures.len() as u64, "figure"),
        super::SIGNIFICANCE * 100.0
    )
}

pub(super) fn cells(figure: &Figure) -> [String; 5] {
    let (factor, unit) = match figure.unit {
        "s" => (1e3, "ms"),
        unit => (1.0, unit),
    };
    let gap = if unit == "/s" { "" } else { " " };
    let shown = |value: Interval| match unit {
        "users" => format!(
            "{:.0} ({:.0}\u{2013}{:.0}) users",
            value.value, value.low, value.high
        ),
        _ => format!("{}{gap}{unit}", number::interval(value, factor)),
    };
    let change = figure.relative.map_or_else(
        || number::ABSENT.to_owned(),
        |relative| {
            let [value, low, high] = [relative.value, relative.low, relative.high].map(|part| part * 100.0);
            format!("{value:+.1} % ({low:+.1} to {high:+.1})")
        },
    );
    let verdict = match figure.change {
        Change::Better => "better",
        Change::Worse => "worse",
        Change::NotSignificant => "no significant difference",
    };
    [
        figure.name.clone(),
        shown(figure.baseline),
        shown(figure.candidate),
        change,
        verdict.to_owned(),
    ]
}
