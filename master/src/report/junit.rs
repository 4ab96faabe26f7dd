//! The audits, the verdict and the objective as JUnit test cases, which every CI system shows.

use super::{Renderer, ReportError};
use crate::summary::Summary;
use std::fmt::Write;

/// The JUnit form.
pub const RENDERER: Renderer = Renderer {
    name: "junit",
    file_name: "junit.xml",
    about: "the answer, the objective and the audits as test cases for CI",
    always: false,
    render,
};

/// Verdicts that are an answer; any other fails the first test case.
const ANSWERS: [&str; 6] = [
    "found",
    "retrograde",
    "objective_failed",
    "as_scheduled",
    "profiled",
    "rate_held",
];

/// How a test case came out.
enum Outcome {
    Passed,
    /// Passed with something to read.
    Noted(String),
    Failed(String),
}

fn render(summary: &Summary) -> Result<String, ReportError> {
    let cases = cases(summary);
    let failures = cases
        .iter()
        .filter(|case| matches!(case.1, Outcome::Failed(_)))
        .count();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    write_suite(&mut text, summary, (&cases, failures)).map_err(|error| ReportError::Render {
        what: "junit.xml",
        reason: error.to_string(),
    })?;
    Ok(text)
}

fn write_suite(
    out: &mut String,
    summary: &Summary,
    (cases, failures): (&[(String, Outcome)], usize),
) -> std::fmt::Result {
    let attributes = format!("tests=\"{}\" failures=\"{failures}\" errors=\"0\"", cases.len());
    let time_s = summary.wall_time_s;
    writeln!(
        out,
        "<testsuites name=\"autoperf\" {attributes} time=\"{time_s:.3}\">"
    )?;
    writeln!(
        out,
        "  <testsuite name=\"{}\" {attributes} skipped=\"0\" time=\"{time_s:.3}\" timestamp=\"{}\">",
        escaped(&summary.mode),
        escaped(&summary.run.started_at)
    )?;
    for (name, outcome) in cases {
        let (classname, name) = (format!("autoperf.{}", escaped(&summary.mode)), escaped(name));
        write!(out, "    <testcase classname=\"{classname}\" name=\"{name}\"")?;
        match outcome {
            Outcome::Passed => writeln!(out, "/>")?,
            Outcome::Noted(text) => writeln!(out, "><system-out>{}</system-out></testcase>", escaped(text))?,
            Outcome::Failed(text) => {
                writeln!(out, "><failure message=\"{}\"/></testcase>", escaped(text))?;
            }
        }
    }
    writeln!(out, "  </testsuite>\n</testsuites>")
}

fn cases(summary: &Summary) -> Vec<(String, Outcome)> {
    let sentence = summary.verdict.sentence.clone();
    let answered = if ANSWERS.contains(&summary.verdict.code.as_str()) {
        Outcome::Noted(sentence.clone())
    } else {
        Outcome::Failed(sentence.clone())
    };
    let mut cases = vec![("The capacity was found".to_owned(), answered)];
    if let Some(objective) = summary.objective {
        let held = summary.capacity.objective_users.is_some();
        let outcome = if held {
            Outcome::Passed
        } else {
            Outcome::Failed(sentence)
        };
        cases.push((
            format!("Some number of users holds {}", objective.in_words()),
            outcome,
        ));
    }
    cases.extend(summary.audits.iter().map(|audit| {
        let advice = audit
            .advice
            .as_ref()
            .map_or_else(String::new, |advice| format!(" ({advice})"));
        let text = format!("{}{advice}", audit.detail);
        let outcome = match audit.status.as_str() {
            "pass" => Outcome::Noted(text),
            "warn" => Outcome::Noted(format!("warning: {text}")),
            _ => Outcome::Failed(text),
        };
        (audit.name.clone(), outcome)
    }));
    cases
}

/// Text for XML 1.0: markup escaped, characters that XML does not know left out (section 2.2).
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '"' => safe.push_str("&quot;"),
            '\t' | '\n' | '\r' => safe.push(' '),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            sign => safe.push(sign),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_breaks_the_xml() {
        assert_eq!(escaped("<a b=\"&\">\u{1}\n"), "&lt;a b=&quot;&amp;&quot;&gt; ");
    }
}
