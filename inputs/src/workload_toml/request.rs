//! Method, body, headers and sequences of a transaction of workload.toml.

use super::form::{Scalar, SequenceForm, TransactionForm};
use super::{Reader, span};
use crate::diagnostic::Diagnostic;
use crate::draft::{BodyDraft, SequenceDraft};
use crate::http::{self, FORM};
use crate::limits::MAX_VALUES;
use crate::source::{RawText, Span, Spanned};
use crate::suggest::did_you_mean;
use crate::workload::Method;
use crate::{sequence, template};

impl Reader<'_> {
    pub(super) fn method(&mut self, form: &TransactionForm) -> Option<Method> {
        let Some(typed) = &form.method else {
            return Some(Method::Get);
        };
        let method = http::method(typed.get_ref());
        if method.is_none() {
            let names = http::METHODS.iter().map(|m| m.0);
            let error = Diagnostic::error(format!("`{}` for a method", typed.get_ref()))
                .expected("get, post, put, patch, delete or head")
                .maybe_hint(did_you_mean(typed.get_ref(), names));
            self.report(span(typed), error);
        }
        method
    }

    pub(super) fn body(&mut self, form: &TransactionForm) -> Option<BodyDraft> {
        let (content_type, text, place) = match (&form.form, &form.body) {
            (None, None) => return Some(BodyDraft::None),
            (Some(fields), None) => (FORM.to_owned(), self.raw(fields)?, span(fields)),
            (None, Some(body)) => {
                let content_type = body.content_type.get_ref();
                if let Err(why) = http::content_type(content_type) {
                    let error = Diagnostic::error(why).expected("a content type such as application/json");
                    self.report(span(&body.content_type), error);
                }
                (content_type.clone(), self.raw(&body.text)?, span(&body.text))
            }
            (Some(fields), Some(_)) => {
                let error = Diagnostic::error("`form` together with `body`");
                self.report(span(fields), error.expected("one of them"));
                return None;
            }
        };
        let method = form.method.as_ref().and_then(|m| http::method(m.get_ref()));
        if matches!(method.unwrap_or(Method::Get), Method::Get | Method::Head) {
            let error = Diagnostic::error("a body for a method that has none");
            self.report(place, error.expected("method = \"post\", put, patch or delete"));
        }
        Some(BodyDraft::Given { content_type, text })
    }

    pub(super) fn headers(&mut self, form: &TransactionForm) -> Vec<(String, RawText)> {
        let mut headers = Vec::new();
        for header in &form.headers {
            let Some(value) = self.raw(&header.value) else {
                continue;
            };
            let name = header.name.get_ref();
            let checked = http::header_name(name).and_then(|()| http::header_value(&value.value));
            match checked {
                Ok(()) => headers.push((name.clone(), value)),
                Err(why) => {
                    let error = Diagnostic::error(why).expected(http::HEADER_FORM);
                    self.report(span(&header.name), error);
                }
            }
        }
        headers
    }

    pub(super) fn sequences(&mut self, form: &TransactionForm) -> Vec<SequenceDraft> {
        let mut list = Vec::new();
        for (name, sequence) in &form.sequences {
            let place = span(name);
            if let Err(why) = template::place_name(name.get_ref()) {
                self.report(place, Diagnostic::error(why));
                continue;
            }
            if let Some((values, range)) = self.values(sequence, place) {
                list.push(SequenceDraft {
                    name: Spanned::new(name.get_ref().clone(), place),
                    values,
                    range,
                });
            }
        }
        list
    }

    fn values(&mut self, form: &SequenceForm, place: Span) -> Option<(Vec<String>, bool)> {
        match form {
            SequenceForm::List(list) if list.is_empty() || list.len() > MAX_VALUES => {
                let error = Diagnostic::error("a sequence of no or too many values");
                self.report(place, error.expected(format!("1 to {MAX_VALUES} values")));
                None
            }
            SequenceForm::List(list) => {
                let values: Vec<String> = list.iter().map(text_of).collect();
                for value in &values {
                    self.carried(value, place)?;
                }
                Some((values, false))
            }
            SequenceForm::Range { low, high } => match sequence::range(&text_of(low), &text_of(high)) {
                Ok(values) => Some((values, true)),
                Err(why) => {
                    let error = Diagnostic::error(why);
                    let expected = "the lowest and the highest whole number";
                    self.report(place, error.expected(expected));
                    None
                }
            },
        }
    }
}

fn text_of(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Whole(number) => number.to_string(),
        Scalar::Decimal(number) => number.to_string(),
        Scalar::Text(text) => text.clone(),
    }
}
