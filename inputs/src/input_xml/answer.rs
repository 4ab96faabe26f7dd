//! Our own tags about the answer: what it must be, and what is taken from it.

use super::fields::Fields;
use crate::diagnostic::Diagnostic;
use crate::expression;
use crate::http;
use crate::suggest::did_you_mean;
use crate::template;
use crate::workload::{Check, Extraction, Extractor};
use crate::xml::Element;
use std::collections::BTreeSet;

pub(super) fn checks(element: &Element, fields: &mut Fields<'_>) -> Vec<Check> {
    let mut checks = Vec::new();
    for child in &element.children {
        let text = child.text.trimmed();
        let kind = child.name.to_ascii_lowercase();
        if !matches!(kind.as_str(), "expect" | "contains" | "lacks" | "matches") {
            continue;
        }
        if text.value.is_empty() {
            if kind != "expect" {
                fields.error(format!("an empty `<{}>`", child.name), child.open);
            }
            continue;
        }
        match kind.as_str() {
            "contains" => checks.push(Check::Contains(text.value)),
            "lacks" => checks.push(Check::Lacks(text.value)),
            "matches" => match expression::regex(&text.value) {
                Ok(()) => checks.push(Check::Matches(text.value)),
                Err(why) => fields.push(
                    Diagnostic::error(format!("a regular expression that can't be used: {why}"))
                        .expected(expression::REGEX_FORM),
                    text.span(),
                ),
            },
            _ => match http::statuses(&text.value) {
                Ok(list) => checks.push(Check::Status(list)),
                Err(why) => fields.push(
                    Diagnostic::error(why).expected("status codes such as 200, 302 or 200-299"),
                    text.span(),
                ),
            },
        }
    }
    checks
}

/// The extractors by the name in `from`.
const EXTRACTORS: [&str; 4] = ["regex", "jsonpath", "css", "header"];

pub(super) fn extractions(element: &Element, fields: &mut Fields<'_>) -> Vec<Extraction> {
    let mut list: Vec<Extraction> = Vec::new();
    let mut names: BTreeSet<String> = BTreeSet::new();
    for child in element.all("extract") {
        let Some(extraction) = extraction(child, fields) else {
            continue;
        };
        if !names.insert(extraction.name.clone()) {
            fields.error(
                format!("`{}` is extracted twice here", extraction.name),
                child.open,
            );
            continue;
        }
        list.push(extraction);
    }
    list
}

fn extraction(element: &Element, fields: &mut Fields<'_>) -> Option<Extraction> {
    let name = fields.required_attribute(element, "name");
    let from = fields.required_attribute(element, "from");
    let text = element.text.trimmed();
    let (name, from) = (name?, from?);
    if let Err(why) = template::place_name(&name.value) {
        fields.error(why, name.span());
        return None;
    }
    let value = text.value.as_str();
    let (extractor, checked) = match from.value.to_ascii_lowercase().as_str() {
        "regex" => (Extractor::Regex(value.to_owned()), expression::regex(value)),
        "jsonpath" => (
            Extractor::JsonPath(value.to_owned()),
            expression::json_path(value),
        ),
        "css" => (Extractor::Css(value.to_owned()), expression::css(value)),
        "header" => (Extractor::Header(value.to_owned()), expression::header(value)),
        other => {
            fields.push(
                Diagnostic::error(format!("`{other}` for a way to extract"))
                    .expected(EXTRACTORS.join(", "))
                    .maybe_hint(did_you_mean(other, EXTRACTORS)),
                from.span(),
            );
            return None;
        }
    };
    if let Err(why) = checked {
        let span = if value.is_empty() {
            element.open
        } else {
            text.span()
        };
        let error = Diagnostic::error(format!("nothing can be extracted so: {why}"));
        fields.push(error.expected(expression::form(&extractor)), span);
        return None;
    }
    Some(Extraction {
        name: name.value,
        from: extractor,
    })
}
