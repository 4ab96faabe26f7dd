//! Times, checks and extractions of a transaction of workload.toml.

use super::form::{CheckForm, ExtractForm, LawForm, ThinkForm, TransactionForm};
use super::{Reader, span};
use crate::diagnostic::Diagnostic;
use crate::draft::{Input, TransactionDraft};
use crate::source::Span;
use crate::workload::{Check, Extraction, Extractor};
use crate::{expression, template, think_time};
use autoperf_models::distribution::Distribution;
use std::collections::BTreeSet;

impl Reader<'_> {
    pub(super) fn transaction(&mut self, form: &TransactionForm) -> Option<TransactionDraft> {
        let name = self.text(&form.name);
        if form.name.get_ref().trim() != form.name.get_ref() || form.name.get_ref().is_empty() {
            let error = Diagnostic::error("a name with outer blanks, or none").expected("a name");
            self.report(span(&form.name), error);
        }
        let method = self.method(form);
        let url = self.raw(&form.url);
        let body = self.body(form);
        let headers = self.headers(form);
        let sequences = self.sequences(form);
        let timeout_s = form.timeout_s.as_ref().and_then(|t| self.timeout(t));
        let law = form.think_time_s.as_ref().and_then(|t| self.law(t));
        let checks = form.checks.iter().filter_map(|c| self.check(c)).collect();
        let extractions = self.extractions(form);
        let unique = form.unique.as_ref().filter(|u| *u.get_ref()).map(span);
        if let Some(place) = unique.filter(|_| form.from_last_page) {
            let error = Diagnostic::error("`unique` together with `from_last_page`");
            self.report(place, error.expected("one of them"));
        }
        Some(TransactionDraft {
            name: name?,
            method: method?,
            url: url?,
            input: if form.from_last_page {
                Input::Parse
            } else {
                Input::Unsaid
            },
            unique,
            sequences,
            body: body?,
            headers,
            timeout_s,
            think_time_s: law.unwrap_or(Distribution::Constant(0.0)),
            follow_redirects: form.follow_redirects,
            resources: form.resources,
            checks,
            extractions,
        })
    }

    fn timeout(&mut self, value: &toml::Spanned<f64>) -> Option<f64> {
        let time = *value.get_ref();
        if time == 0.0 {
            let error = Diagnostic::error("0 for a timeout").expected("seconds above 0");
            self.report(span(value), error.hint("leave it out for no timeout"));
            return None;
        }
        self.time_s(time, "timeout", span(value))
    }

    fn law(&mut self, value: &toml::Spanned<ThinkForm>) -> Option<Distribution> {
        let place = span(value);
        let form = match value.get_ref() {
            ThinkForm::Constant(time) => return self.constant(*time, place),
            ThinkForm::Law(form) => form,
        };
        let mut times = Vec::new();
        for time in law_times(form) {
            times.push(self.time_s(time, "think time", place)?);
        }
        if !fitting(form) {
            let error = Diagnostic::error(format!("think times that do not fit the law `{}`", form.law));
            let expected = "low_s and high_s for uniform, values_s for empirical, mean_s for the others";
            self.report(place, error.expected(expected));
            return None;
        }
        let shape = think_time::Shape {
            law: form.law.clone(),
            cv: form.cv,
            stages: form.stages.map(f64::from),
        };
        match think_time::law(&shape, &times) {
            Ok(law) => Some(law),
            Err(problem) => {
                let error = Diagnostic::error(problem.message)
                    .expected(problem.expected)
                    .maybe_hint(problem.hint);
                self.report(place, error);
                None
            }
        }
    }

    fn constant(&mut self, time: f64, place: Span) -> Option<Distribution> {
        let time = self.time_s(time, "think time", place)?;
        Some(Distribution::Constant(time))
    }

    fn check(&mut self, form: &toml::Spanned<CheckForm>) -> Option<Check> {
        let place = span(form);
        let CheckForm {
            status,
            contains,
            lacks,
            matches,
        } = form.get_ref();
        let texts = [contains, lacks, matches].into_iter().flatten();
        for text in texts.clone() {
            self.carried(text, place)?;
            if text.is_empty() {
                self.report(place, Diagnostic::error("an empty text to look for"));
                return None;
            }
        }
        if usize::from(status.is_some()) + texts.count() != 1 {
            let error = Diagnostic::error("a check of none or several kinds");
            self.report(place, error.expected("one of status, contains, lacks, matches"));
            return None;
        }
        if let Some(list) = status {
            if list.is_empty() || list.iter().any(|s| !(100..=599).contains(s)) {
                let error = Diagnostic::error("no usable list of status codes");
                self.report(place, error.expected("codes from 100 to 599: [200, 302]"));
                return None;
            }
            let mut codes: Vec<u16> = Vec::new();
            for code in list {
                if !codes.contains(code) {
                    codes.push(*code);
                }
            }
            return Some(Check::Status(codes));
        }
        if let Some(text) = matches {
            if let Err(why) = expression::regex(text) {
                let message = format!("a regular expression that can't be used: {why}");
                self.report(place, Diagnostic::error(message).expected(expression::REGEX_FORM));
                return None;
            }
            return Some(Check::Matches(text.clone()));
        }
        let contains = contains.clone().map(Check::Contains);
        contains.or_else(|| lacks.clone().map(Check::Lacks))
    }

    fn extractions(&mut self, form: &TransactionForm) -> Vec<Extraction> {
        let mut list: Vec<Extraction> = Vec::new();
        let mut names: BTreeSet<String> = BTreeSet::new();
        for item in &form.extract {
            let Some(extraction) = self.extraction(item) else {
                continue;
            };
            if !names.insert(extraction.name.clone()) {
                let message = format!("`{}` is extracted twice here", extraction.name);
                self.report(span(item), Diagnostic::error(message));
            } else {
                list.push(extraction);
            }
        }
        list
    }

    fn extraction(&mut self, item: &toml::Spanned<ExtractForm>) -> Option<Extraction> {
        let place = span(item);
        let form = item.get_ref();
        let ways = [
            form.regex.clone().map(Extractor::Regex),
            form.json_path.clone().map(Extractor::JsonPath),
            form.css.clone().map(Extractor::Css),
            form.header.clone().map(Extractor::Header),
        ];
        let mut ways = ways.into_iter().flatten();
        let (Some(from), None) = (ways.next(), ways.next()) else {
            let error = Diagnostic::error("an extraction in none or several ways");
            self.report(place, error.expected("one of regex, json_path, css, header"));
            return None;
        };
        let checked = match &from {
            Extractor::Regex(text) => expression::regex(text),
            Extractor::JsonPath(text) => expression::json_path(text),
            Extractor::Css(text) => expression::css(text),
            Extractor::Header(text) => expression::header(text),
        };
        if let Err(why) = checked {
            let error = Diagnostic::error(format!("nothing can be extracted so: {why}"));
            self.report(place, error.expected(expression::form(&from)));
            return None;
        }
        if let Err(why) = template::place_name(&form.name) {
            let error = Diagnostic::error(why).expected("a name that can stand in ${...}: token");
            self.report(place, error);
            return None;
        }
        let (Extractor::Regex(text)
        | Extractor::JsonPath(text)
        | Extractor::Css(text)
        | Extractor::Header(text)) = &from;
        self.carried(text, place)?;
        Some(Extraction {
            name: form.name.clone(),
            from,
        })
    }
}

fn law_times(form: &LawForm) -> Vec<f64> {
    let single = [form.mean_s, form.low_s, form.high_s];
    let mut times: Vec<f64> = single.into_iter().flatten().collect();
    times.extend(&form.values_s);
    times
}

/// Whether the times stand in the fields of the law.
fn fitting(form: &LawForm) -> bool {
    let fields = (
        form.mean_s.is_some(),
        form.low_s.is_some() && form.high_s.is_some(),
        form.low_s.is_some() || form.high_s.is_some(),
        !form.values_s.is_empty(),
    );
    match form.law.as_str() {
        "uniform" => fields == (false, true, true, false),
        "empirical" => fields == (false, false, false, true),
        _ => fields == (true, false, false, false),
    }
}
