//! `<url>`, `<sequencelist>`, `<header>` and `<body>`: what a transaction sends.

use super::fields::{Fields, spanned};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::draft::{BodyDraft, Input, SequenceDraft};
use crate::http;
use crate::limits::MAX_VALUES;
use crate::sequence;
use crate::source::{RawText, Span};
use crate::suggest::did_you_mean;
use crate::template;
use crate::workload::Method;
use crate::xml::Element;
use std::collections::BTreeSet;

pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: RawText,
    pub(super) input: Input,
    pub(super) unique: Option<Span>,
    pub(super) sequences: Vec<SequenceDraft>,
    pub(super) body: BodyDraft,
    pub(super) headers: Vec<(String, RawText)>,
}

pub(super) fn read(element: &Element, notes: &mut Diagnostics, fields: &mut Fields<'_>) -> Option<Request> {
    let url = fields.required_text(element, "url");
    let sequences = element
        .child("sequencelist")
        .map_or(Vec::new(), |list| sequences(list, fields));
    let headers = headers(element, fields);
    let body = body(element, fields);
    let tag = element.child("url")?;
    let method = method(tag, fields);
    let input = input(tag, notes, fields);
    let unique = unique(tag, input, fields);
    let method = method?;
    if matches!(body, BodyDraft::Given { .. }) && matches!(method, Method::Get | Method::Head) {
        let name = http::method_name(method).to_ascii_uppercase();
        fields.push(
            Diagnostic::error(format!("a body for {name}"))
                .expected("`<url method=\"post\">`, put, patch or delete"),
            tag.open,
        );
    }
    Some(Request {
        method,
        url: url?,
        input,
        unique,
        sequences,
        body,
        headers,
    })
}

fn method(tag: &Element, fields: &mut Fields<'_>) -> Option<Method> {
    let Some(text) = fields.attribute(tag, "method") else {
        return Some(Method::Get);
    };
    let method = http::method(&text.value);
    if method.is_none() {
        let names = http::METHODS.iter().map(|m| m.0);
        fields.push(
            Diagnostic::error(format!("`{}` for a method", text.value))
                .expected("get or post; also put, patch, delete, head")
                .maybe_hint(did_you_mean(&text.value, names)),
            text.span(),
        );
    }
    method
}

fn input(tag: &Element, notes: &mut Diagnostics, fields: &mut Fields<'_>) -> Input {
    let manual = fields.attribute(tag, "inputype");
    let other = fields.attribute(tag, "inputtype");
    if let (Some(_), Some(attribute)) = (&manual, tag.attribute("inputtype")) {
        fields.error("`inputype` in two spellings", attribute.name_span);
    }
    if let Some(attribute) = tag.attribute("inputtype") {
        notes.push(
            Diagnostic::note("`inputtype` is read as `inputype`")
                .at(fields.source, attribute.name_span)
                .hint("AutoPerf's own spelling has one t less"),
        );
    }
    let Some(text) = manual.or(other) else {
        return Input::Unsaid;
    };
    match text.value.to_ascii_lowercase().as_str() {
        "sequence" => Input::Sequence,
        "file" => Input::File,
        "parse" => Input::Parse,
        unknown => {
            fields.push(
                Diagnostic::error(format!("`{}` for an inputype", text.value))
                    .expected("sequence, file or parse")
                    .maybe_hint(did_you_mean(unknown, ["sequence", "file", "parse"])),
                text.span(),
            );
            Input::Unsaid
        }
    }
}

fn unique(tag: &Element, input: Input, fields: &mut Fields<'_>) -> Option<Span> {
    let text = fields.attribute(tag, "unique")?;
    if !text.value.eq_ignore_ascii_case("unique") {
        fields.push(
            Diagnostic::error(format!("`{}` for `unique`", text.value))
                .expected("unique=\"unique\"")
                .hint("leave the attribute out if values may repeat"),
            text.span(),
        );
        return None;
    }
    if input == Input::Parse {
        fields.push(
            Diagnostic::error("`unique` together with inputype=\"parse\"")
                .expected("`unique` only with inputype=\"file\" or \"sequence\""),
            text.span(),
        );
    }
    Some(text.span())
}

fn sequences(list: &Element, fields: &mut Fields<'_>) -> Vec<SequenceDraft> {
    let mut sequences: Vec<SequenceDraft> = Vec::new();
    let mut names: BTreeSet<String> = BTreeSet::new();
    for element in list.all("sequence") {
        let Some(sequence) = sequence(element, fields) else {
            continue;
        };
        if !names.insert(sequence.name.value.clone()) {
            fields.push(
                Diagnostic::error(format!("the sequence `{}` twice", sequence.name.value))
                    .expected("one sequence of a name in a transaction"),
                sequence.name.span,
            );
            continue;
        }
        sequences.push(sequence);
    }
    sequences
}

fn sequence(element: &Element, fields: &mut Fields<'_>) -> Option<SequenceDraft> {
    let name = fields.required_attribute(element, "name")?;
    if let Err(why) = template::place_name(&name.value) {
        fields.error(why, name.span());
        return None;
    }
    let range = match fields.attribute(element, "type") {
        None => false,
        Some(text) if text.value.eq_ignore_ascii_case("range") => true,
        Some(text) => {
            fields.push(
                Diagnostic::error(format!("`{}` for the type of a sequence", text.value))
                    .expected("type=\"range\", or no type for a list"),
                text.span(),
            );
            return None;
        }
    };
    let values = if range {
        range_values(element, fields)?
    } else {
        list_values(element, &name.value, fields)?
    };
    Some(SequenceDraft {
        name: spanned(name),
        values,
        range,
    })
}

fn range_values(element: &Element, fields: &mut Fields<'_>) -> Option<Vec<String>> {
    let text = element.text.trimmed();
    let span = if text.value.is_empty() {
        element.open
    } else {
        text.span()
    };
    let bounds: Vec<&str> = text.value.split(',').map(str::trim).collect();
    let made = match bounds.as_slice() {
        [low, high] => sequence::range(low, high),
        _ => Err(format!("`{}` for a range", text.value)),
    };
    match made {
        Ok(values) => Some(values),
        Err(why) => {
            fields.push(
                Diagnostic::error(why).expected("the lowest and the highest whole number: 1,6"),
                span,
            );
            None
        }
    }
}

fn list_values(element: &Element, name: &str, fields: &mut Fields<'_>) -> Option<Vec<String>> {
    let text = element.text.trimmed();
    let values: Vec<String> = if element.child("value").is_some() {
        element.all("value").map(|v| v.text.trimmed().value).collect()
    } else {
        text.value.split(',').map(|v| v.trim().to_owned()).collect()
    };
    if text.value.is_empty() && element.child("value").is_none() {
        fields.push(
            Diagnostic::error(format!("the sequence `{name}` is empty"))
                .expected("values separated by commas: 0,1,2"),
            element.open,
        );
        return None;
    }
    if values.len() > MAX_VALUES {
        fields.error(format!("more than {MAX_VALUES} values"), element.open);
        return None;
    }
    let lists_values = element.child("value").is_some();
    if !lists_values && values.iter().any(String::is_empty) {
        fields.push(
            Diagnostic::error(format!("the sequence `{name}` has an empty value"))
                .expected("a value between any two commas"),
            text.span(),
        );
        return None;
    }
    Some(values)
}

fn headers(element: &Element, fields: &mut Fields<'_>) -> Vec<(String, RawText)> {
    let mut headers = Vec::new();
    for child in element.all("header") {
        let Some(name) = fields.required_attribute(child, "name") else {
            continue;
        };
        let value = child.text.trimmed();
        if let Err(why) = http::header_name(&name.value) {
            fields.push(Diagnostic::error(why).expected(http::HEADER_FORM), name.span());
        } else if let Err(why) = http::header_value(&value.value) {
            fields.error(why, value.span());
        } else {
            headers.push((name.value, value));
        }
    }
    headers
}

fn body(element: &Element, fields: &mut Fields<'_>) -> BodyDraft {
    let Some(tag) = element.child("body") else {
        return BodyDraft::FromUrl;
    };
    let text = tag.text.trimmed();
    let content_type = fields.attribute(tag, "type");
    let content_type = match content_type {
        None if text.value.is_empty() => return BodyDraft::None,
        None => "text/plain".to_owned(),
        Some(content_type) => {
            if let Err(why) = http::content_type(&content_type.value) {
                fields.push(
                    Diagnostic::error(why).expected("a content type such as application/json"),
                    content_type.span(),
                );
            }
            content_type.value
        }
    };
    BodyDraft::Given { content_type, text }
}
