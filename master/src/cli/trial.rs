//! `autoperf try`: one user walks one session, and every request is shown.

use crate::cli::exit::Exit;
use crate::cli::launch::{self, Browser, Files};
use crate::load::{Attempt, EngineConfig, EngineError, SingleUser};
use autoperf_inputs::workload::{Check, Transaction};
use autoperf_inputs::{Mode, Workload};
use autoperf_models::grammar::counted;
use autoperf_models::record::Outcome;
use std::collections::BTreeMap;

/// So many characters of a value are shown.
const MOST_SHOWN: usize = 100;

/// What `try` takes.
#[derive(Debug, Clone, clap::Args)]
pub struct Arguments {
    /// An address to try instead of a workload.
    #[arg(value_name = "URL", conflicts_with_all = ["input", "cbmg"])]
    pub url: Option<String>,
    /// What is read.
    #[command(flatten)]
    pub files: Files,
    /// What the user has for a browser.
    #[command(flatten)]
    pub browser: Browser,
    /// Most transactions; a session that ends earlier ends the walk.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub steps: u32,
    /// Seed of all random choices: the same seed takes the same way.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Runs the verb.
#[must_use]
pub fn run(arguments: &Arguments) -> Exit {
    let workload = match &arguments.url {
        Some(url) => launch::from_url(url),
        None => arguments.files.read(Mode::Everything, None),
    };
    let workload = match workload {
        Ok(workload) => workload,
        Err(message) => {
            eprintln!("{message}");
            return Exit::Usage;
        }
    };
    let config = EngineConfig {
        seed: arguments.seed,
        ..arguments.browser.engine()
    };
    match SingleUser::in_session(&workload, &config) {
        Ok(user) => walk(user, &workload, arguments.steps),
        Err(error) => {
            eprintln!("autoperf: {error}");
            match error {
                EngineError::UnknownHost { .. } => Exit::Unreachable,
                _ => Exit::RunError,
            }
        }
    }
}

fn walk(mut user: SingleUser, workload: &Workload, steps: u32) -> Exit {
    let mut known = BTreeMap::new();
    let (mut done, mut failed) = (0_u32, 0_u32);
    while done < steps {
        let Some(attempt) = user.step() else { break };
        done += 1;
        let transaction = workload
            .transactions
            .iter()
            .find(|transaction| transaction.name == attempt.transaction);
        print!("{}", told(done, &attempt, transaction, &mut known));
        if !attempt.record.outcome.is_ok() {
            failed += 1;
        }
        if is_unreachable(&attempt) {
            println!("The site cannot be reached.");
            return Exit::Unreachable;
        }
    }
    println!(
        "{}, {failed} failed; think times were not waited.",
        counted(done, "transaction")
    );
    if failed > 0 { Exit::Failed } else { Exit::Found }
}

/// No connection, as opposed to an answer that is not what was expected.
fn is_unreachable(attempt: &Attempt) -> bool {
    matches!(
        attempt.record.outcome,
        Outcome::Refused | Outcome::TimeoutConnect | Outcome::Generator
    )
}

/// One transaction: what was asked, what came, what was taken from it, what is wrong with it.
fn told(
    number: u32,
    attempt: &Attempt,
    transaction: Option<&Transaction>,
    known: &mut BTreeMap<String, String>,
) -> String {
    let request = String::from_utf8_lossy(&attempt.request);
    let method = request.split(' ').next().unwrap_or_default();
    let mut text = format!(
        "{number} {}: {} {}\n",
        shown(&attempt.transaction),
        shown(method),
        shown(&attempt.url)
    );
    if let Some((_, body)) = request
        .split_once("\r\n\r\n")
        .filter(|(_, body)| !body.is_empty())
    {
        text.push_str(&format!("    sent: {}\n", shown(body)));
    }
    let record = &attempt.record;
    let end_ns = if record.last_byte_ns > 0 {
        record.last_byte_ns
    } else {
        record.end_ns
    };
    text.push_str(&format!(
        "    {}, {:.1} ms, {} received\n",
        match attempt.status {
            0 => "no answer".to_owned(),
            status => format!("status {status}"),
        },
        end_ns.saturating_sub(record.start_ns) as f64 * 1e-6,
        counted(record.bytes_received, "byte")
    ));
    for resource in &attempt.resources {
        let what = match &resource.error {
            Some(error) => error.clone(),
            None => format!("status {}", resource.status),
        };
        text.push_str(&format!("    + {}: {}\n", shown(&resource.url), shown(&what)));
    }
    for (name, value) in &attempt.extracted {
        if known.insert(name.clone(), value.clone()).as_ref() != Some(value) {
            text.push_str(&format!("    {} = {}\n", shown(name), shown(value)));
        }
    }
    if !record.outcome.is_ok() {
        for reason in reasons(attempt, transaction) {
            text.push_str(&format!("    FAILED: {}\n", shown(&reason)));
        }
    }
    text
}

/// Why a transaction has failed: everything that its checks and extractions object to.
fn reasons(attempt: &Attempt, transaction: Option<&Transaction>) -> Vec<String> {
    if let Some(error) = &attempt.error {
        return vec![error.clone()];
    }
    let mut reasons = Vec::new();
    let checks = transaction.map_or(&[][..], |transaction| &transaction.checks);
    let expected: Vec<u16> = checks
        .iter()
        .filter_map(|check| match check {
            Check::Status(list) => Some(list.as_slice()),
            _ => None,
        })
        .flatten()
        .copied()
        .collect();
    if expected.is_empty() && attempt.status >= 400 {
        reasons.push(format!(
            "status {} (without a check of its own, below 400 is a success)",
            attempt.status
        ));
    } else if !expected.is_empty() && !expected.contains(&attempt.status) {
        let list: Vec<String> = expected.iter().map(u16::to_string).collect();
        reasons.push(format!("status {} is not {}", attempt.status, list.join(" or ")));
    }
    reasons.extend(checks.iter().filter_map(|check| objection(check, &attempt.body)));
    // Values are taken only from an answer that passes its checks.
    if reasons.is_empty() {
        let wanted = transaction.map_or(&[][..], |transaction| &transaction.extractions);
        let missing = wanted
            .iter()
            .filter(|extraction| attempt.extracted.iter().all(|(name, _)| *name != extraction.name));
        reasons.extend(missing.map(|extraction| format!("the value of {} was not found", extraction.name)));
    }
    if reasons.is_empty() {
        reasons.push(crate::campaign::second::outcome_name(attempt.record.outcome).to_owned());
    }
    reasons
}

fn objection(check: &Check, body: &[u8]) -> Option<String> {
    let holds = |text: &str| memchr::memmem::find(body, text.as_bytes()).is_some();
    match check {
        Check::Contains(text) => (!holds(text)).then(|| format!("the body does not contain `{text}`")),
        Check::Lacks(text) => holds(text).then(|| format!("the body contains `{text}`")),
        Check::Matches(expression) => {
            let matches = regex::bytes::Regex::new(expression).is_ok_and(|regex| regex.is_match(body));
            (!matches).then(|| format!("the body does not match `{expression}`"))
        }
        Check::Status(_) => None,
    }
}

/// A text from files or servers, on one line and without anything that a terminal would obey.
fn shown(text: &str) -> String {
    let safe = |letter: char| if letter.is_control() { '\u{fffd}' } else { letter };
    let mut letters = text.chars();
    let start: String = letters.by_ref().take(MOST_SHOWN).map(safe).collect();
    match letters.count() {
        0 => start,
        more => format!("{start}... ({more} more characters)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_a_server_reaches_the_terminal_as_a_command() {
        assert_eq!(shown("a\u{1b}[31mb\nc"), "a\u{fffd}[31mb\u{fffd}c");
        assert_eq!(
            shown(&"x".repeat(103)),
            format!("{}... (3 more characters)", "x".repeat(100))
        );
    }

    #[test]
    fn every_check_has_its_objection() {
        let body = b"<p>hello</p>";
        for (check, says) in [
            (Check::Contains("hello".into()), None),
            (Check::Contains("bye".into()), Some("does not contain `bye`")),
            (Check::Lacks("bye".into()), None),
            (Check::Lacks("hello".into()), Some("contains `hello`")),
            (Check::Matches("h.llo".into()), None),
            (Check::Matches("^x".into()), Some("does not match `^x`")),
        ] {
            let found = objection(&check, body);
            assert_eq!(found.is_some(), says.is_some(), "{check:?}");
            assert!(says.is_none_or(|says| found.is_some_and(|found| found.contains(says))));
        }
    }
}
