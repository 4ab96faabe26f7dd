//! What an answer must satisfy, and what later requests take from it.

use crate::transport::http1::head;
use autoperf_inputs::workload::{Check, Extraction, Extractor};
use autoperf_models::record::Outcome;
use memchr::memmem::Finder;
use regex::bytes::Regex;
use scraper::{Html, Selector};
use serde_json_path::JsonPath;

/// A complete answer.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// Status code.
    pub status: u16,
    /// Head as sent; empty if nobody needs it.
    pub head: &'a [u8],
    /// Body without transfer and content coding; empty if nobody needs it.
    pub body: &'a [u8],
}

/// Checks and extractions of one transaction, compiled.
#[derive(Debug, Clone, Default)]
pub struct Examination {
    statuses: Option<Vec<u16>>,
    tests: Vec<Test>,
    extractions: Vec<(usize, Extract)>,
}

#[derive(Debug, Clone)]
enum Test {
    Contains(Finder<'static>),
    Lacks(Finder<'static>),
    Matches(Regex),
}

#[derive(Debug, Clone)]
enum Extract {
    Regex(Regex),
    Header(String),
    JsonPath(Box<JsonPath>),
    Css(Box<Selector>, Option<String>),
}

/// An expression that cannot be compiled, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadExpression {
    /// As typed.
    pub expression: String,
    /// What is wrong.
    pub reason: String,
}

impl Examination {
    /// Compiles checks and extractions; `slot` gives the place of a value by its name.
    ///
    /// # Errors
    /// The first expression that is not valid.
    pub fn new(
        checks: &[Check],
        extractions: &[Extraction],
        slot: &dyn Fn(&str) -> usize,
    ) -> Result<Self, BadExpression> {
        let mut examination = Self::default();
        for check in checks {
            let test = match check {
                Check::Status(statuses) => {
                    examination.statuses.get_or_insert_default().extend(statuses);
                    continue;
                }
                Check::Contains(text) => Test::Contains(Finder::new(text).into_owned()),
                Check::Lacks(text) => Test::Lacks(Finder::new(text).into_owned()),
                Check::Matches(expression) => Test::Matches(regex(expression)?),
            };
            examination.tests.push(test);
        }
        for extraction in extractions {
            examination
                .extractions
                .push((slot(&extraction.name), Extract::new(&extraction.from)?));
        }
        Ok(examination)
    }

    /// Whether the body is needed.
    #[must_use]
    pub fn needs_body(&self) -> bool {
        !self.tests.is_empty()
            || self
                .extractions
                .iter()
                .any(|(_, extract)| !matches!(extract, Extract::Header(_)))
    }

    /// Whether the whole head is needed.
    #[must_use]
    pub fn needs_head(&self) -> bool {
        self.extractions
            .iter()
            .any(|(_, extract)| matches!(extract, Extract::Header(_)))
    }

    /// Judges an answer and takes its values; a value that is not found is forgotten and fails the transaction.
    pub fn judge(&self, answer: &Answer<'_>, values: &mut [Option<Box<str>>]) -> Outcome {
        let expected = self.statuses.as_ref().map(|list| list.contains(&answer.status));
        if answer.status >= 400 && expected != Some(true) {
            return Outcome::HttpError;
        }
        if expected == Some(false) || !self.tests.iter().all(|test| test.passes(answer.body)) {
            return Outcome::CheckFailed;
        }
        let mut all_found = true;
        for (slot, extract) in &self.extractions {
            let found = extract.find(answer);
            all_found &= found.is_some();
            if let Some(value) = values.get_mut(*slot) {
                *value = found.map(String::into_boxed_str);
            }
        }
        if all_found {
            Outcome::Ok
        } else {
            Outcome::CheckFailed
        }
    }
}

impl Test {
    fn passes(&self, body: &[u8]) -> bool {
        match self {
            Self::Contains(finder) => finder.find(body).is_some(),
            Self::Lacks(finder) => finder.find(body).is_none(),
            Self::Matches(regex) => regex.is_match(body),
        }
    }
}

impl Extract {
    fn new(from: &Extractor) -> Result<Self, BadExpression> {
        Ok(match from {
            Extractor::Regex(expression) => Self::Regex(regex(expression)?),
            Extractor::Header(name) => Self::Header(name.clone()),
            Extractor::JsonPath(path) => Self::JsonPath(Box::new(
                JsonPath::parse(path).map_err(|error| bad(path, &error))?,
            )),
            Extractor::Css(text) => {
                let (selector, attribute) = match text.rsplit_once('@') {
                    Some((selector, name)) => (selector, Some(name.trim().to_owned())),
                    None => (text.as_str(), None),
                };
                let selector = Selector::parse(selector.trim()).map_err(|error| bad(text, &error))?;
                Self::Css(Box::new(selector), attribute)
            }
        })
    }

    fn find(&self, answer: &Answer<'_>) -> Option<String> {
        match self {
            Self::Regex(regex) => {
                let found = regex.captures(answer.body)?;
                let value = found.get(1).or_else(|| found.get(0))?;
                Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
            }
            Self::Header(name) => {
                head::field(answer.head, name).map(|value| String::from_utf8_lossy(value).into_owned())
            }
            Self::JsonPath(path) => {
                let document = serde_json::from_slice(answer.body).ok()?;
                let value = path.query(&document).first()?;
                Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            }
            Self::Css(selector, attribute) => {
                let page = Html::parse_document(&String::from_utf8_lossy(answer.body));
                let element = page.select(selector).next()?;
                match attribute {
                    Some(name) => element.attr(name).map(str::to_owned),
                    None => Some(element.text().collect::<String>().trim().to_owned()),
                }
            }
        }
    }
}

fn regex(expression: &str) -> Result<Regex, BadExpression> {
    Regex::new(expression).map_err(|error| bad(expression, &error))
}

fn bad(expression: &str, reason: &dyn std::fmt::Display) -> BadExpression {
    BadExpression {
        expression: expression.to_owned(),
        reason: reason.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(checks: &[Check], status: u16, body: &str) -> Outcome {
        let examination = Examination::new(checks, &[], &|_| 0).expect("valid");
        examination.judge(
            &Answer {
                status,
                head: b"",
                body: body.as_bytes(),
            },
            &mut [],
        )
    }

    #[test]
    fn status_rules() {
        assert_eq!(judge(&[], 399, ""), Outcome::Ok);
        assert_eq!(judge(&[], 404, ""), Outcome::HttpError);
        let wants_404 = [Check::Status(vec![404]), Check::Status(vec![410])];
        assert_eq!(judge(&wants_404, 404, ""), Outcome::Ok);
        assert_eq!(judge(&wants_404, 410, ""), Outcome::Ok);
        assert_eq!(judge(&wants_404, 500, ""), Outcome::HttpError);
        assert_eq!(judge(&wants_404, 200, ""), Outcome::CheckFailed);
    }

    #[test]
    fn text_rules() {
        let rules = [
            Check::Contains("welcome".to_owned()),
            Check::Lacks("error".to_owned()),
            Check::Matches(r"id=\d+".to_owned()),
        ];
        assert_eq!(judge(&rules, 200, "welcome id=7"), Outcome::Ok);
        assert_eq!(judge(&rules, 200, "welcome id=x"), Outcome::CheckFailed);
        assert_eq!(judge(&rules, 200, "welcome id=7 error"), Outcome::CheckFailed);
        assert_eq!(judge(&rules, 200, "id=7"), Outcome::CheckFailed);
    }

    #[test]
    fn all_extractors() {
        let body = r#"<form><input name="t" value="a&amp;b"><p> text </p></form>"#;
        let html = [
            ("r", Extractor::Regex(r#"name="(\w+)""#.to_owned())),
            ("h", Extractor::Header("X-Token".to_owned())),
            ("c", Extractor::Css("input[name=t] @ value".to_owned())),
            ("p", Extractor::Css("p".to_owned())),
        ];
        let slot = |name: &str| {
            ["r", "h", "c", "p"]
                .iter()
                .position(|n| *n == name)
                .expect("known")
        };
        let list: Vec<_> = html
            .map(|(n, from)| Extraction {
                name: n.to_owned(),
                from,
            })
            .into();
        let examination = Examination::new(&[], &list, &slot).expect("valid");
        assert!(examination.needs_body() && examination.needs_head());
        let mut values = vec![None; 4];
        let answer = Answer {
            status: 200,
            head: b"HTTP/1.1 200 OK\r\nx-token: 42\r\n\r\n",
            body: body.as_bytes(),
        };
        assert_eq!(examination.judge(&answer, &mut values), Outcome::Ok);
        let found: Vec<_> = values.iter().flatten().map(|v| &**v).collect();
        assert_eq!(found, ["t", "42", "a&b", "text"]);
        let nothing = Answer {
            status: 200,
            head: b"",
            body: b"",
        };
        assert_eq!(examination.judge(&nothing, &mut values), Outcome::CheckFailed);
        assert_eq!(values, vec![None; 4]);
    }

    #[test]
    fn json_path() {
        let list = [Extraction {
            name: "a".to_owned(),
            from: Extractor::JsonPath("$.items[?@.on].id".to_owned()),
        }];
        let examination = Examination::new(&[], &list, &|_| 0).expect("valid");
        let mut values = vec![None];
        let body = br#"{"items":[{"on":false,"id":1},{"on":true,"id":2}]}"#;
        assert_eq!(
            examination.judge(
                &Answer {
                    status: 200,
                    head: b"",
                    body
                },
                &mut values
            ),
            Outcome::Ok
        );
        // A filter for existence takes the first member that has the key.
        assert_eq!(values[0].as_deref(), Some("1"));
    }

    #[test]
    fn bad_expressions_are_named() {
        let wrong =
            Examination::new(&[Check::Matches("(".to_owned())], &[], &|_| 0).expect_err("not a regex");
        assert_eq!(wrong.expression, "(");
        for from in [
            Extractor::JsonPath("$[".to_owned()),
            Extractor::Css("p[".to_owned()),
        ] {
            let list = [Extraction {
                name: String::new(),
                from,
            }];
            assert!(Examination::new(&[], &list, &|_| 0).is_err());
        }
    }
}
