//! The request of a transaction: URL, body and headers as templates, and what a URL must be.

use super::resolve::{Resolver, Scope};
use crate::diagnostic::Diagnostic;
use crate::draft::{BodyDraft, Input, TransactionDraft};
use crate::http::{self, FORM};
use crate::source::RawText;
use crate::template::Piece;
use crate::workload::{Body, Method, Part, Template, Transaction};
use std::collections::BTreeSet;

pub(super) fn transaction<'a>(draft: &'a TransactionDraft, resolver: &mut Resolver<'a>) -> Transaction {
    let scope = resolver.scope(draft);
    let pieces = resolver.lex(&draft.url);
    let pieces = without_fragment(pieces, &draft.url, resolver);
    absolute(&pieces, &draft.url, resolver);
    let (url, form) = match draft.body {
        BodyDraft::FromUrl if draft.method == Method::Post => split_form(pieces),
        _ => (pieces, None),
    };
    let from_form = form.map(|pieces| Body {
        content_type: FORM.to_owned(),
        text: resolver.template(&pieces, &draft.url, &scope),
    });
    let body = match &draft.body {
        BodyDraft::FromUrl => from_form,
        BodyDraft::None => None,
        BodyDraft::Given { content_type, text } => Some(Body {
            content_type: content_type.clone(),
            text: text_template(text, &scope, resolver),
        }),
    };
    let url = resolver.template(&url, &draft.url, &scope);
    let headers: Vec<(String, Template)> = draft
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), text_template(value, &scope, resolver)))
        .collect();
    let all = || {
        let texts = std::iter::once(&url).chain(body.iter().map(|b| &b.text));
        texts.chain(headers.iter().map(|h| &h.1))
    };
    what_unique_does(draft, all(), resolver);
    pattern_has_a_place(draft, &url, body.as_ref(), resolver);
    Transaction {
        name: draft.name.value.clone(),
        method: draft.method,
        headers,
        timeout_s: draft.timeout_s,
        think_time_s: draft.think_time_s.clone(),
        follow_redirects: draft.follow_redirects,
        resources: draft.resources,
        checks: draft.checks.clone(),
        extractions: draft.extractions.clone(),
        from_last_page: draft.input == Input::Parse,
        url,
        body,
    }
}

fn text_template<'a>(text: &RawText, scope: &Scope<'a>, resolver: &mut Resolver<'a>) -> Template {
    let pieces = resolver.lex(text);
    resolver.template(&pieces, text, scope)
}

/// The manual's rule for POST: the URL is what stands before the first `?`, the form what stands after it.
fn split_form(pieces: Vec<Piece>) -> (Vec<Piece>, Option<Vec<Piece>>) {
    let mut url = Vec::new();
    let mut form: Option<Vec<Piece>> = None;
    for piece in pieces {
        match (&mut form, piece) {
            (Some(form), piece) => form.push(piece),
            (None, Piece::Literal(text, range)) => match text.split_once('?') {
                Some((before, after)) => {
                    let at = range.start + before.len();
                    if !before.is_empty() {
                        url.push(Piece::Literal(before.to_owned(), range.start..at));
                    }
                    let mut rest = Vec::new();
                    if !after.is_empty() {
                        rest.push(Piece::Literal(after.to_owned(), at + 1..range.end));
                    }
                    form = Some(rest);
                }
                None => url.push(Piece::Literal(text, range)),
            },
            (None, place) => url.push(place),
        }
    }
    (url, form)
}

/// A fragment is for the browser and never sent.
fn without_fragment(pieces: Vec<Piece>, raw: &RawText, resolver: &mut Resolver<'_>) -> Vec<Piece> {
    let mut kept = Vec::new();
    for piece in pieces {
        if let Piece::Literal(text, range) = &piece
            && let Some(at) = text.find('#')
        {
            let span = raw.span_of(range.start + at..raw.value.len());
            resolver.found.report(
                resolver.source,
                span,
                Diagnostic::note("the part of the URL from `#` on is left out")
                    .hint("browsers do not send it either; write %23 if it belongs to a value"),
            );
            if at > 0 {
                let end = range.start + at;
                kept.push(Piece::Literal(text[..at].to_owned(), range.start..end));
            }
            return kept;
        }
        kept.push(piece);
    }
    kept
}

/// Scheme and host must be written out; the rest must be free of blanks.
fn absolute(pieces: &[Piece], raw: &RawText, resolver: &mut Resolver<'_>) {
    const EXPECTED: &str = "an absolute URL: http://host/path or https://host/path";
    let first = match pieces.first() {
        Some(Piece::Literal(text, _)) => text.as_str(),
        _ => "",
    };
    let lower = first.to_ascii_lowercase();
    let scheme = ["http://", "https://"].into_iter().find(|s| lower.starts_with(s));
    let Some(scheme) = scheme else {
        let end = raw.value.find("://").map_or(raw.value.len(), |i| i + 3);
        return resolver.error("not an http or https URL", raw.span_of(0..end), EXPECTED);
    };
    let rest = &first[scheme.len()..];
    let end = rest.find(['/', '?', '#']);
    let authority = &rest[..end.unwrap_or(rest.len())];
    let place = raw.span_of(scheme.len()..scheme.len() + authority.len().max(1));
    if end.is_none() && pieces.len() > 1 {
        return resolver.error(
            "a `${...}` place in the host of the URL",
            place,
            "a host that is written out",
        );
    }
    if let Err(why) = http::authority(authority) {
        resolver.error(why, place, "host or host:port after http://");
    }
    for piece in pieces {
        if let Piece::Literal(text, range) = piece
            && let Some((i, c)) = text
                .char_indices()
                .find(|(_, c)| c.is_whitespace() || c.is_control())
        {
            let at = range.start + i;
            resolver.found.report(
                resolver.source,
                raw.span_of(at..at + c.len_utf8()),
                Diagnostic::error("a blank or control character in a URL")
                    .expected("a URL without blanks")
                    .hint("write a blank of a value as %20"),
            );
        }
    }
}

/// Tells where `unique` can have no effect (manual: only ranges and files are taken uniquely).
fn what_unique_does<'t>(
    draft: &TransactionDraft,
    templates: impl Iterator<Item = &'t Template>,
    resolver: &mut Resolver<'_>,
) {
    let Some(span) = draft.unique.filter(|_| draft.input != Input::Parse) else {
        return;
    };
    let sources: Vec<_> = templates
        .flat_map(|t| &t.parts)
        .filter_map(|part| match part {
            Part::Sequence(source) => Some(source),
            _ => None,
        })
        .collect();
    let plain: BTreeSet<&str> = sources
        .iter()
        .filter(|s| !s.unique)
        .map(|s| s.name.as_str())
        .collect();
    let plain: Vec<&str> = plain.into_iter().collect();
    let nothing = sources.is_empty();
    if nothing || !plain.is_empty() {
        let message = if nothing {
            "`unique` has no effect without a sequence or a file".to_owned()
        } else {
            format!("`unique` has no effect on {}", plain.join(", "))
        };
        resolver.found.report(
            resolver.source,
            span,
            Diagnostic::note(message).hint("only sequences with type=\"range\" and files are taken uniquely"),
        );
    }
}

fn pattern_has_a_place(
    draft: &TransactionDraft,
    url: &Template,
    body: Option<&Body>,
    resolver: &mut Resolver<'_>,
) {
    if draft.input != Input::Parse {
        return;
    }
    let page = |t: &Template| t.parts.iter().any(|p| matches!(p, Part::FromPage(_)));
    if !page(url) && !body.is_some_and(|b| page(&b.text)) {
        resolver.error(
            "a parse pattern without a place",
            draft.url.span(),
            "${0} where the URLs of the last page differ",
        );
    }
}
