//! The answer as Markdown: for a comment on a pull request, or the summary page of a CI job.

use super::{Renderer, ReportError, chart, number};
use crate::summary::{Audit, Interval, Level, Summary};
use std::fmt::{self, Write};

/// The Markdown form (CommonMark with tables).
pub const RENDERER: Renderer = Renderer {
    name: "markdown",
    file_name: "report.md",
    about: "verdict, audits and tables for a comment on a pull request",
    always: false,
    render: |summary| {
        let mut text = String::new();
        write_report(&mut text, summary).map_err(|error| ReportError::Render {
            what: "report.md",
            reason: error.to_string(),
        })?;
        Ok(text)
    },
};

fn write_report(out: &mut String, summary: &Summary) -> fmt::Result {
    writeln!(out, "**{}**", escaped(&summary.verdict.sentence))?;
    if !summary.verdict.reasons.is_empty() {
        writeln!(out)?;
    }
    for reason in &summary.verdict.reasons {
        writeln!(out, "- {}", escaped(reason))?;
    }
    writeln!(
        out,
        "\n| users | throughput, /s | mean response, ms | p95, ms | not served | steady |"
    )?;
    writeln!(out, "| ---: | ---: | ---: | ---: | ---: | --- |")?;
    let mut levels: Vec<_> = summary.levels.iter().collect();
    levels.sort_by_key(|level| level.users);
    levels.iter().try_for_each(|level| write_level(out, level))?;
    write_demands(out, summary)?;
    write_transaction_demands(out, summary)?;
    writeln!(
        out,
        "\n<details><summary>Can you trust this? {}</summary>\n",
        tally(&summary.audits)
    )?;
    for audit in &summary.audits {
        let advice = audit
            .advice
            .as_ref()
            .map_or_else(String::new, |advice| format!(" \u{2192} {advice}"));
        let line = format!("{}: {}{advice}", audit.name, audit.detail);
        writeln!(out, "- {} {}", sign(&audit.status), escaped(&line))?;
    }
    writeln!(out, "\n</details>\n")?;
    writeln!(
        out,
        "Intervals are 95 %. Run of {} by autoperf {}, seed {}.",
        summary.run.started_at, summary.run.version, summary.seed
    )
}

fn write_level(out: &mut String, level: &Level) -> fmt::Result {
    let response = &level.response_time_s;
    let finished = level.transactions as f64;
    let not_served = if level.transactions > 0 {
        number::percent((level.errors + level.timeouts) as f64 / finished)
    } else {
        number::ABSENT.to_owned()
    };
    writeln!(
        out,
        "| {} | {} | {} | {} | {not_served} | {} |",
        level.users,
        figure(level.throughput_per_s, 1.0),
        figure(response.mean, 1e3),
        response.p95.map_or_else(
            || number::ABSENT.to_owned(),
            |p95_s| number::significant(p95_s * 1e3, 3)
        ),
        if level.steady { "yes" } else { "no" }
    )
}

fn write_demands(out: &mut String, summary: &Summary) -> fmt::Result {
    let names = chart::process_names(summary);
    if names.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n| process | demand, ms per transaction | cores |\n| --- | ---: | ---: |"
    )?;
    for (node, process) in names {
        let row = chart::best_known(summary, node, process);
        writeln!(
            out,
            "| {} | {} | {} |",
            escaped(&format!("{process} on {node}")),
            figure(row.and_then(|row| row.service_demand_s), 1e3),
            row.map_or_else(
                || number::ABSENT.to_owned(),
                |row| number::significant(row.cores, 3)
            )
        )?;
    }
    Ok(())
}

/// What each transaction costs, where that is known.
fn write_transaction_demands(out: &mut String, summary: &Summary) -> fmt::Result {
    let known: Vec<_> = summary
        .transaction_demands
        .iter()
        .flat_map(|row| row.transactions.iter().map(move |cost| (row, cost)))
        .filter_map(|(row, cost)| Some((row, &cost.name, cost.demand_s?)))
        .collect();
    if known.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n| transaction | process | demand of one, ms |\n| --- | --- | ---: |"
    )?;
    for (row, name, demand) in known {
        writeln!(
            out,
            "| {} | {} | {} |",
            escaped(name),
            escaped(&format!("{} on {}", row.process, row.node)),
            number::interval(demand, 1e3)
        )?;
    }
    Ok(())
}

fn tally(audits: &[Audit]) -> String {
    let count = |status: &str| audits.iter().filter(|audit| audit.status == status).count();
    format!(
        "{} pass, {} warn, {} fail",
        count("pass"),
        count("warn"),
        count("fail")
    )
}

fn sign(status: &str) -> &'static str {
    match status {
        "pass" => "\u{2705} pass,",
        "warn" => "\u{26a0}\u{fe0f} warning,",
        _ => "\u{274c} fail,",
    }
}

fn figure(value: Option<Interval>, factor: f64) -> String {
    value.map_or_else(
        || number::ABSENT.to_owned(),
        |value| number::interval(value, factor),
    )
}

/// Text that Markdown takes as it is, whatever a name or a URL holds; on one line, and without mentions or references.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '@' => safe.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' => safe.extend(['\\', sign]),
            sign if sign.is_control() => safe.push(' '),
            sign => safe.push(sign),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn names_cannot_become_markup() {
        assert_eq!(escaped("a|b\n# <b>@all`"), "a\\|b \\# &lt;b&gt;&#64;all\\`");
    }
}
