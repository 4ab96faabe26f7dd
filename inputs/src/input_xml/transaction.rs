//! `<transaction>` and the `<Profile>` block that names transactions.

use super::fields::{Fields, spanned};
use super::{answer, request};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::draft::{ProfileDraft, TransactionDraft, UseDraft};
use crate::limits::MAX_USERS;
use crate::source::RawText;
use crate::think_time;
use crate::xml::Element;
use autoperf_models::distribution::Distribution;

/// What `<Load>` says for all transactions that do not say it themselves.
pub(super) struct Defaults {
    timeout_s: Option<f64>,
    think_time_s: Distribution,
}

impl Defaults {
    pub(super) fn read(load: &Element, fields: &mut Fields<'_>) -> Self {
        Self {
            timeout_s: timeout(load, fields).flatten(),
            think_time_s: law(load, fields).unwrap_or(Distribution::Constant(0.0)),
        }
    }
}

pub(super) fn read(
    element: &Element,
    defaults: &Defaults,
    notes: &mut Diagnostics,
    fields: &mut Fields<'_>,
) -> Option<TransactionDraft> {
    let name = fields.required_text(element, "name").map(spanned);
    if let Some(second) = element.all("name").nth(1) {
        fields.error("a second name of the same transaction", second.open);
    }
    let request = request::read(element, notes, fields);
    let timeout_s = timeout(element, fields).unwrap_or(defaults.timeout_s);
    let think_time_s = law(element, fields).unwrap_or_else(|| defaults.think_time_s.clone());
    let follow_redirects = element
        .child_text("followredirects")
        .and_then(|text| fields.boolean(&text, "followredirects"))
        .unwrap_or(false);
    let resources = element
        .child_text("resources")
        .and_then(|text| fields.boolean(&text, "resources"))
        .unwrap_or(false);
    let checks = answer::checks(element, fields);
    let extractions = answer::extractions(element, fields);
    let name = name?;
    let request = request?;
    Some(TransactionDraft {
        name,
        method: request.method,
        url: request.url,
        input: request.input,
        unique: request.unique,
        sequences: request.sequences,
        body: request.body,
        headers: request.headers,
        timeout_s,
        think_time_s,
        follow_redirects,
        resources,
        checks,
        extractions,
    })
}

/// The `<timeout>` of a block: `None` if it says nothing, `Some(None)` if it says -1.
fn timeout(element: &Element, fields: &mut Fields<'_>) -> Option<Option<f64>> {
    let text = element.child_text("timeout")?;
    if text.value == "-1" {
        return Some(None);
    }
    let value = crate::number::thousandth(&text.value);
    if let Some(value) = value.filter(|v| *v > 0.0 && *v <= crate::limits::MAX_TIME_S) {
        return Some(Some(value));
    }
    fields.push(
        Diagnostic::error(format!("`{}` for a timeout", text.value))
            .expected("milliseconds above 0, or -1 for none"),
        text.span(),
    );
    None
}

/// The `<thinktime>` of a block.
fn law(element: &Element, fields: &mut Fields<'_>) -> Option<Distribution> {
    let text = element.child_text("thinktime")?;
    let tag = element.child("thinktime")?;
    let law = fields
        .attribute(tag, "law")
        .map_or_else(|| "constant".to_owned(), |t| t.value.to_ascii_lowercase());
    let parameter = |name: &str, fields: &mut Fields<'_>| {
        fields.attribute(tag, name).and_then(|t| {
            let value = crate::number::decimal(&t.value);
            if value.is_none() {
                fields.error(format!("`{}` for `{name}`", t.value), t.span());
            }
            value
        })
    };
    let shape = think_time::Shape {
        law,
        cv: parameter("cv", fields),
        stages: parameter("stages", fields),
    };
    let times = times(&text, fields)?;
    match think_time::law(&shape, &times) {
        Ok(law) => Some(law),
        Err(problem) => {
            let span = if problem.about_law { tag.open } else { text.span() };
            fields.push(
                Diagnostic::error(problem.message)
                    .expected(problem.expected)
                    .maybe_hint(problem.hint),
                span,
            );
            None
        }
    }
}

fn times(text: &RawText, fields: &mut Fields<'_>) -> Option<Vec<f64>> {
    let mut times = Vec::new();
    for part in text.value.split(',') {
        times.push(fields.time_s(part.trim(), "think time", text.span())?);
    }
    Some(times)
}

pub(super) fn read_profile(element: &Element, fields: &mut Fields<'_>) -> ProfileDraft {
    let mut uses = Vec::new();
    for block in element.all("usetransactions") {
        let _ = fields.required_text(block, "name");
        let named = |tag: &str| -> Vec<_> {
            block
                .children
                .iter()
                .filter(|c| c.is(tag))
                .map(|c| c.text.trimmed())
                .filter(|t| !t.value.is_empty())
                .map(spanned)
                .collect()
        };
        let requires = named("requires");
        uses.extend(named("name").into_iter().map(|transaction| UseDraft {
            transaction,
            requires: requires.clone(),
        }));
    }
    let users = element
        .child_text("numusers")
        .and_then(|text| fields.count(&text, "number of users", 1..=u64::from(MAX_USERS)))
        .and_then(|n| u32::try_from(n).ok());
    let think_time_s = element
        .child_text("profilethinktime")
        .and_then(|text| fields.time_s(&text.value, "think time", text.span()));
    let execution_count = element
        .child_text("executioncount")
        .and_then(|text| fields.count(&text, "number of executions", 1..=1_000_000_000));
    ProfileDraft {
        span: element.open,
        uses,
        users: users.unwrap_or(1),
        think_time_s: think_time_s.unwrap_or(0.0),
        execution_count,
    }
}
