//! workload.toml, our own form: everything of input.xml, cbmg.txt, mll.txt and config.properties in one file.

pub(crate) mod form;
mod levels;
mod navigation;
mod request;
#[cfg(test)]
mod schema;
mod transaction;

use crate::cbmg::Graph;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::draft::{Draft, ProfileDraft, UseDraft};
use crate::limits::{MAX_TIME_S, MAX_TRANSACTIONS, MAX_USERS};
use crate::source::{FileName, RawText, SourceText, Span, Spanned};
use crate::suggest::did_you_mean;
use crate::workload::{ManualLevel, NodeInfo, Parameters};
use crate::{http, parameters};
use form::{NodeForm, ProfileForm, WorkloadForm};
use std::ops::RangeInclusive;

/// A workload.toml that could be read; put together by [`crate::assemble::assemble`].
#[derive(Debug, Clone)]
pub struct Document {
    /// Transactions, servers and profile.
    pub draft: Draft,
    /// The navigation, if the file has one.
    pub graph: Option<Graph>,
    /// The manual load levels, cycles expanded.
    pub levels: Vec<ManualLevel>,
    /// The parameters.
    pub parameters: Parameters,
}

/// Reads the text of a workload.toml. `name` is what messages call the file.
///
/// # Errors
/// The first thing that does not fit the form, or everything that is wrong in a file that fits it, with places.
pub fn parse(text: &str, name: &FileName) -> Result<Document, Diagnostics> {
    let (document, found) = read(&SourceText::new(name, text));
    match document {
        Some(document) => found.into_result(document),
        None => Err(found),
    }
}

pub(crate) fn read(source: &SourceText) -> (Option<Document>, Diagnostics) {
    let form: WorkloadForm = match toml::from_str(source.text()) {
        Ok(form) => form,
        Err(error) => return (None, misfit(&error, source).into()),
    };
    let mut reader = Reader {
        source,
        found: Diagnostics::new(),
    };
    let document = reader.document(&form);
    let mut found = reader.found;
    found.sort();
    (Some(document), found)
}

/// A text that is not TOML, or not of the form.
fn misfit(error: &toml::de::Error, source: &SourceText) -> Diagnostic {
    let message = error.message().lines().collect::<Vec<_>>().join("; ");
    let mut quoted = message.split('`').skip(1).step_by(2);
    let hint = if message.starts_with("unknown field") {
        let typed = quoted.next().unwrap_or("");
        did_you_mean(typed, quoted)
    } else {
        None
    };
    let end = source.text().len();
    let span = error
        .span()
        .map_or(Span::new(end, end), |s| Span::new(s.start, s.end));
    Diagnostic::error(message)
        .at(source, span)
        .expected("the form of docs/workload.schema.json")
        .maybe_hint(hint)
}

/// Turns the form into a draft; what is wrong with a value is found here.
struct Reader<'a> {
    source: &'a SourceText,
    found: Diagnostics,
}

impl Reader<'_> {
    fn report(&mut self, span: Span, diagnostic: Diagnostic) {
        self.found.report(self.source, span, diagnostic);
    }

    fn document(&mut self, form: &WorkloadForm) -> Document {
        let mut draft = Draft::new(self.source.clone());
        draft.warm_up = form.warm_up.unwrap_or(true);
        let users = 1..=i64::from(MAX_USERS);
        draft.start_load = form
            .start_load
            .as_ref()
            .and_then(|n| self.count(n, "load level", users))
            .and_then(|n| u32::try_from(n).ok());
        if form.transactions.len() > MAX_TRANSACTIONS {
            let span = form
                .transactions
                .last()
                .map_or(Span::new(0, 0), |t| span(&t.name));
            let message = format!("more than {MAX_TRANSACTIONS} transactions");
            self.report(span, Diagnostic::error(message));
            draft.lacks_transactions = true;
        }
        if form.transactions.is_empty() {
            draft.lacks_transactions = true;
            let error = Diagnostic::error("no transaction").expected("at least one [[transactions]]");
            self.report(Span::new(0, 0), error);
        }
        for item in form.transactions.iter().take(MAX_TRANSACTIONS) {
            match self.transaction(item) {
                Some(transaction) => draft.transactions.push(transaction),
                None => draft.lacks_transactions = true,
            }
        }
        draft.nodes = form.nodes.iter().filter_map(|n| self.node(n)).collect();
        draft.profile = form.profile.as_ref().map(|p| self.profile(p));
        let levels = self.levels(&form.levels);
        let parameters = self.parameters(form);
        draft.incomplete = self.found.has_errors();
        let graph = self.navigation(&form.navigation);
        Document {
            draft,
            graph,
            levels,
            parameters,
        }
    }

    fn count(&mut self, value: &toml::Spanned<i64>, what: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let number = *value.get_ref();
        if range.contains(&number) {
            return Some(number);
        }
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        let error = Diagnostic::error(format!("{number} for a {what}")).expected(expected);
        self.report(span(value), error);
        None
    }

    /// A time in seconds.
    fn time_s(&mut self, value: f64, what: &str, span: Span) -> Option<f64> {
        if (0.0..=MAX_TIME_S).contains(&value) {
            // A typed -0.0 is 0.
            return Some(value + 0.0);
        }
        let error = Diagnostic::error(format!("{value} for a {what}"))
            .expected(format!("seconds, from 0 to {MAX_TIME_S}"));
        self.report(span, error);
        None
    }

    /// A text that every other form can carry too.
    fn text(&mut self, value: &toml::Spanned<String>) -> Option<Spanned<String>> {
        self.carried(value.get_ref(), span(value))?;
        Some(Spanned::new(value.get_ref().clone(), span(value)))
    }

    fn carried(&mut self, text: &str, span: Span) -> Option<()> {
        let bad =
            |c: char| (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}');
        let Some(c) = text.chars().find(|&c| bad(c)) else {
            return Some(());
        };
        let message = format!("the character U+{:04X}, which XML can't carry", c as u32);
        self.report(span, Diagnostic::error(message).hint("remove it"));
        None
    }

    /// A text with places, knowing where each byte stands if it is written without escapes.
    fn raw(&mut self, value: &toml::Spanned<String>) -> Option<RawText> {
        let place = span(value);
        self.carried(value.get_ref(), place)?;
        let text = value.get_ref();
        let written = self.source.slice(place);
        let inner = ["\"\"\"", "'''", "\"", "'"].into_iter().find_map(|quote| {
            let inner = written.strip_prefix(quote)?.strip_suffix(quote)?;
            let unbroken = inner.strip_prefix('\n').unwrap_or(inner);
            (unbroken == text).then(|| quote.len() + inner.len() - unbroken.len())
        });
        Some(match inner {
            Some(offset) => RawText::verbatim(text, place.start + offset),
            None => RawText::opaque(text, place),
        })
    }

    fn node(&mut self, form: &NodeForm) -> Option<NodeInfo> {
        let node = self.text(&form.node)?;
        if let Err(why) = http::machine(&node.value) {
            let error = Diagnostic::error(why).expected("a host name or an IP address");
            self.report(node.span, error);
        }
        let process = self.text(&form.process)?;
        if process.value.trim().is_empty() || process.value.contains(char::is_control) {
            let error = Diagnostic::error("no usable process name").expected("one name, such as apache2");
            self.report(process.span, error);
        }
        let port = self.count(&form.port, "port", 1..=65535)?;
        let cores = form.cores.as_ref().map(|c| (*c.get_ref(), span(c)));
        if let Some((value, place)) = cores
            && !(value > 0.0 && value <= 65536.0)
        {
            let error = Diagnostic::error(format!("{value} for a number of cores"));
            self.report(place, error.expected("a number above 0, such as 0.5"));
        }
        Some(NodeInfo {
            node: node.value,
            process: process.value,
            port: u16::try_from(port).ok()?,
            java: form.java,
            cores: cores.map(|c| c.0),
        })
    }

    fn profile(&mut self, form: &toml::Spanned<ProfileForm>) -> ProfileDraft {
        let place = span(form);
        let form = form.get_ref();
        let named = |name: &toml::Spanned<String>| Spanned::new(name.get_ref().clone(), span(name));
        let users = 1..=i64::from(MAX_USERS);
        let users = form
            .users
            .as_ref()
            .and_then(|n| self.count(n, "number of users", users));
        let think = form.think_time_s.as_ref();
        let count = form.execution_count.as_ref();
        ProfileDraft {
            span: place,
            uses: form
                .uses
                .iter()
                .map(|u| UseDraft {
                    transaction: named(&u.transaction),
                    requires: u.requires.iter().map(named).collect(),
                })
                .collect(),
            users: users.and_then(|n| u32::try_from(n).ok()).unwrap_or(1),
            think_time_s: think
                .and_then(|t| self.time_s(*t.get_ref(), "think time", span(t)))
                .unwrap_or(0.0),
            execution_count: count
                .and_then(|n| self.count(n, "number of executions", 1..=1_000_000_000))
                .and_then(|n| u64::try_from(n).ok()),
        }
    }

    fn parameters(&mut self, form: &WorkloadForm) -> Parameters {
        let mut parameters = Parameters::default();
        for (name, value) in &form.parameters {
            let Some(parameter) = parameters::by_name(name.get_ref()) else {
                let names = parameters::PARAMETERS.iter().map(|p| p.name);
                let error = Diagnostic::error(format!("unknown parameter `{}`", name.get_ref()))
                    .expected("a parameter of the table in docs/parameters.md")
                    .maybe_hint(did_you_mean(name.get_ref(), names));
                self.report(span(name), error);
                continue;
            };
            let text = self.scalar(value.get_ref(), span(value));
            if parameter.admits(&text) {
                parameters.values.insert(parameter.name.to_owned(), text);
            } else {
                let error = Diagnostic::error(format!("`{text}` for {}", parameter.name))
                    .expected(parameter.range_text())
                    .hint(format!("the default is {}", parameter.default_text()));
                self.report(span(value), error);
            }
        }
        parameters
    }

    /// A scalar as it was typed: `1.50` stays `1.50`.
    fn scalar(&self, value: &form::Scalar, place: Span) -> String {
        match value {
            form::Scalar::Text(text) => text.clone(),
            form::Scalar::Whole(_) | form::Scalar::Decimal(_) => {
                let typed = self.source.slice(place).replace('_', "");
                typed.trim().trim_start_matches('+').to_owned()
            }
        }
    }
}

fn span<T>(value: &toml::Spanned<T>) -> Span {
    let range = value.span();
    Span::new(range.start, range.end)
}
