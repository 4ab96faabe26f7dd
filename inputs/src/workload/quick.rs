//! A workload from an address alone.

use super::{Parameters, Workload};
use crate::assemble::{Parts, assemble};
use crate::cbmg;
use crate::diagnostic::Diagnostics;
use crate::draft::{BodyDraft, Draft, Input, TransactionDraft};
use crate::mode::Mode;
use crate::source::{FileName, RawText, SourceText, Span, Spanned};
use crate::workload::Method;
use autoperf_models::distribution::Distribution;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Mean think time of a workload made from an address, s; its law is exponential.
pub const QUICK_THINK_TIME_S: f64 = 1.0;
/// Probability that a session of such a workload goes on after a request, so that it has ten on average.
pub const QUICK_GOES_ON: f64 = 0.9;

const NAME: &str = "Page";

impl Workload {
    /// A workload of one transaction that gets a URL: exponential think time of mean [`QUICK_THINK_TIME_S`] before each
    /// request, sessions that go on with probability [`QUICK_GOES_ON`], no time limit, nothing profiled.
    ///
    /// # Errors
    /// A text that is no absolute http or https URL.
    pub fn from_url(url: &str) -> Result<Self, Diagnostics> {
        let source = SourceText::new(&FileName::new("command line"), url);
        let mut draft = Draft::new(source);
        draft.transactions.push(TransactionDraft {
            name: Spanned::new(NAME.to_owned(), Span::new(0, 0)),
            method: Method::Get,
            url: RawText::verbatim(url, 0),
            input: Input::Unsaid,
            unique: None,
            sequences: Vec::new(),
            body: BodyDraft::None,
            headers: Vec::new(),
            timeout_s: None,
            think_time_s: Distribution::Exponential {
                mean: QUICK_THINK_TIME_S,
            },
            follow_redirects: false,
            resources: false,
            checks: Vec::new(),
            extractions: Vec::new(),
        });
        let ends = 1.0 - QUICK_GOES_ON;
        let graph = format!("Entry {NAME} Exit\nEntry 0 1 0\n{NAME} 0 {QUICK_GOES_ON} {ends}\nExit 0 0 0\n");
        assemble(Parts {
            mode: Mode::Capacity,
            draft,
            graph: Some(cbmg::parse(&graph, &FileName::new("quick graph"))?),
            levels: Vec::new(),
            parameters: Parameters::default(),
            value_files: BTreeMap::new(),
            folder: PathBuf::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_makes_a_workload() {
        let workload = Workload::from_url("http://127.0.0.1:8080/?a=b&c").expect("good");
        let described = workload.describe();
        assert_eq!(described.transactions.len(), 1);
        assert_eq!(
            described.transactions[0].request,
            "GET http://127.0.0.1:8080/?a=b&c"
        );
        assert_eq!(described.transactions[0].share, Some(1.0));
        assert_eq!(described.targets, ["127.0.0.1:8080"]);
        let session = described.session.expect("a navigation");
        assert!((session.length - 10.0).abs() < 1e-9);
        assert!((session.think_time_s - QUICK_THINK_TIME_S).abs() < 1e-12);
    }

    #[test]
    fn what_is_no_address_is_shown() {
        for wrong in [
            "127.0.0.1:8080",
            "ftp://a/",
            "http://",
            "http://a/${x}",
            "http://a b/",
            "",
        ] {
            let error = Workload::from_url(wrong).expect_err(wrong).to_string();
            assert!(error.contains("command line:1:"), "{error}");
        }
    }
}
