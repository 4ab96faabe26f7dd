//! `autoperf.toml`: options of the command line with their standing values, for every verb that has them or for one.
//!
//! The file is flat TOML: a key is an option's long name, and a table named after a verb holds what is meant for that verb alone.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::disk;
use crate::source::{FileName, SourceText, Span};
use crate::suggest::did_you_mean;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A verb with the long names of the options that a file may set for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerbOptions {
    /// Name of the verb.
    pub verb: String,
    /// Long names of its options, without dashes.
    pub options: Vec<String>,
}

/// What an option is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// A switch that is on or off.
    Switch(bool),
    /// The value as it would be typed after the option.
    Text(String),
    /// One value for each time that the option would be typed.
    List(Vec<String>),
}

/// One line of the file that sets an option.
#[derive(Debug, Clone)]
pub struct SetOption {
    /// The verb whose table it stands in; `None` for every verb that has the option.
    pub verb: Option<String>,
    /// Long name of the option.
    pub name: String,
    /// Its value.
    pub setting: Setting,
    source: SourceText,
    span: Span,
}

impl SetOption {
    /// Where it stands, as `file:line`.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}:{}", self.source.name(), self.source.line(self.span.start))
    }

    /// The finding that its value is wrong.
    #[must_use]
    pub fn refused(&self, message: &str, expected: Option<&str>) -> Diagnostics {
        let mut diagnostic = Diagnostic::error(message).at(&self.source, self.span);
        diagnostic.expected = expected.map(str::to_owned);
        diagnostic.into()
    }
}

/// Reads a file of options; `None` where there is none.
///
/// # Errors
/// As [`parse`], and a file that is there but cannot be read.
pub fn read(path: &Path, verbs: &[VerbOptions]) -> Result<Option<Vec<SetOption>>, Diagnostics> {
    if !disk::is_file(path) {
        return Ok(None);
    }
    let name = FileName::new(path.display().to_string());
    let refused = |reason: String| Diagnostics::from(Diagnostic::error(reason).in_file(name.as_str()));
    let bytes = disk::read(path).map_err(refused)?;
    let text = String::from_utf8(bytes).map_err(|_| refused("not UTF-8 text".to_owned()))?;
    parse(&text, &name, verbs).map(Some)
}

/// Reads the text of such a file. `name` is what messages call it.
///
/// # Errors
/// What is no TOML, names no option, or has a value that no option can have; with places.
pub fn parse(text: &str, name: &FileName, verbs: &[VerbOptions]) -> Result<Vec<SetOption>, Diagnostics> {
    let source = SourceText::new(name, text);
    let table = DeTable::parse(source.text()).map_err(|error| {
        let end = source.text().len();
        let span = error
            .span()
            .map_or(Span::new(end, end), |span| Span::new(span.start, span.end));
        let message = error.message().lines().collect::<Vec<_>>().join("; ");
        Diagnostics::from(Diagnostic::error(message).at(&source, span).expected("TOML"))
    })?;
    let mut reader = Reader {
        source: &source,
        verbs,
        found: Diagnostics::new(),
        set: Vec::new(),
    };
    reader.top(table.get_ref());
    reader.found.sort();
    reader.found.into_result(reader.set)
}

struct Reader<'a> {
    source: &'a SourceText,
    verbs: &'a [VerbOptions],
    found: Diagnostics,
    set: Vec<SetOption>,
}

impl Reader<'_> {
    fn top(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match (
                value.get_ref(),
                self.verbs.iter().find(|known| known.verb == name),
            ) {
                (DeValue::Table(inner), Some(known)) => {
                    for (key, value) in inner {
                        self.option(Some(known), key.get_ref(), (key.span().into(), value));
                    }
                }
                (DeValue::Table(_), None) => self.unknown(
                    &format!("there is no verb `{name}`"),
                    name,
                    key.span().into(),
                    self.verbs.iter().map(|known| known.verb.as_str()).collect(),
                ),
                _ => self.option(None, name, (key.span().into(), value)),
            }
        }
    }

    fn option(
        &mut self,
        verb: Option<&VerbOptions>,
        name: &str,
        (key, value): (Span, &Spanned<DeValue<'_>>),
    ) {
        let candidates: Vec<&str> = match verb {
            Some(known) => known.options.iter().map(String::as_str).collect(),
            None => self
                .verbs
                .iter()
                .flat_map(|known| known.options.iter().map(String::as_str))
                .collect(),
        };
        if !candidates.contains(&name) {
            let of = verb.map_or_else(String::new, |known| format!(" of `{}`", known.verb));
            return self.unknown(&format!("there is no option `{name}`{of}"), name, key, candidates);
        }
        let span: Span = value.span().into();
        let setting = match value.get_ref() {
            DeValue::Boolean(on) => Setting::Switch(*on),
            DeValue::String(text) => Setting::Text(text.to_string()),
            DeValue::Array(items) if items.iter().all(|item| item.get_ref().is_str()) => {
                let texts = items.iter().filter_map(|item| item.get_ref().as_str());
                Setting::List(texts.map(str::to_owned).collect())
            }
            DeValue::Integer(_) | DeValue::Float(_) => {
                Setting::Text(self.source.slice(span).replace('_', ""))
            }
            _ => {
                let error = Diagnostic::error(format!(
                    "`{name}` is set to neither a text, a number, a switch nor a list of texts"
                ))
                .expected("a value as it would be typed after the option");
                return self.found.report(self.source, span, error);
            }
        };
        self.set.push(SetOption {
            verb: verb.map(|known| known.verb.clone()),
            name: name.to_owned(),
            setting,
            source: self.source.clone(),
            span,
        });
    }

    fn unknown(&mut self, message: &str, typed: &str, span: Span, candidates: Vec<&str>) {
        let hint = did_you_mean(typed, candidates);
        let error = Diagnostic::error(message)
            .expected("an option by its long name, or a table named after a verb")
            .maybe_hint(
                hint.or_else(|| Some("`autoperf VERB --help` lists the options of a verb".to_owned())),
            );
        self.found.report(self.source, span, error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verbs() -> Vec<VerbOptions> {
        [
            ("capacity", &["slo", "max-users", "quiet"][..]),
            ("try", &["steps", "quiet"]),
        ]
        .map(|(verb, options)| VerbOptions {
            verb: verb.to_owned(),
            options: options.iter().map(|&name| name.to_owned()).collect(),
        })
        .to_vec()
    }

    fn parsed(text: &str) -> Result<Vec<SetOption>, String> {
        parse(text, &FileName::new("autoperf.toml"), &verbs()).map_err(|found| found.to_string())
    }

    #[test]
    fn options_stand_for_all_verbs_or_for_one() {
        let set = parsed("quiet = true\nmax-users = 1_000\n\n[capacity]\nslo = \"p95=2s\"\n").unwrap();
        let told: Vec<_> = set
            .iter()
            .map(|option| {
                (
                    option.verb.as_deref(),
                    option.name.as_str(),
                    option.setting.clone(),
                    option.place(),
                )
            })
            .collect();
        let text = |text: &str| Setting::Text(text.to_owned());
        assert!(told.contains(&(None, "quiet", Setting::Switch(true), "autoperf.toml:1".to_owned())));
        assert!(told.contains(&(None, "max-users", text("1000"), "autoperf.toml:2".to_owned())));
        assert!(told.contains(&(
            Some("capacity"),
            "slo",
            text("p95=2s"),
            "autoperf.toml:5".to_owned()
        )));
    }

    #[test]
    fn what_is_unknown_is_named_with_its_place_and_the_nearest_name() {
        for (text, place, hint) in [
            ("max-user = 3\n", "autoperf.toml:1:1", "did you mean `max-users`?"),
            (
                "[capacty]\nslo = \"p95=1s\"\n",
                "autoperf.toml:1:2",
                "did you mean `capacity`?",
            ),
            (
                "\n[try]\nslo = \"p95=1s\"\n",
                "autoperf.toml:3:1",
                "lists the options",
            ),
            ("quiet = [true]\n", "autoperf.toml:1:9", "as it would be typed"),
            ("quiet = \n", "autoperf.toml:1:9", "TOML"),
        ] {
            let found = parsed(text).unwrap_err();
            assert!(found.contains(place) && found.contains(hint), "{text}:\n{found}");
        }
    }

    #[test]
    fn a_refused_value_is_shown_where_it_stands() {
        let set = parsed("max-users = 0\n").unwrap();
        let told = set[0].refused("0 is not in 1..", Some("1 or more")).to_string();
        assert!(
            told.contains("autoperf.toml:1:13") && told.contains("expected: 1 or more"),
            "{told}"
        );
    }
}
