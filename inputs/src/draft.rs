//! What a workload file says, typed but not yet put together: names are not resolved, value files not read.
//!
//! Both forms of a workload (input.xml and workload.toml) are read into this, so that every rule beyond the form itself is
//! written once, in `assemble`.

use crate::diagnostic::Diagnostics;
use crate::source::{RawText, SourceText, Span, Spanned};
use crate::workload::{Check, Extraction, Method, NodeInfo};
use autoperf_models::distribution::Distribution;

/// A workload file that could be read. Put together with the other files by [`crate::assemble::assemble`].
#[derive(Debug, Clone)]
pub struct Draft {
    pub(crate) source: SourceText,
    pub(crate) transactions: Vec<TransactionDraft>,
    pub(crate) nodes: Vec<NodeInfo>,
    pub(crate) start_load: Option<u32>,
    pub(crate) warm_up: bool,
    pub(crate) cbmg_file: Option<Spanned<String>>,
    pub(crate) profile: Option<ProfileDraft>,
    /// Things that were accepted but should be known.
    pub(crate) notes: Diagnostics,
    /// Whether anything was left out because of an error, so that an undefined variable says nothing.
    pub(crate) incomplete: bool,
    /// Whether a whole transaction was left out, so that a missing transaction says nothing.
    pub(crate) lacks_transactions: bool,
}

impl Draft {
    pub(crate) fn new(source: SourceText) -> Self {
        Self {
            source,
            transactions: Vec::new(),
            nodes: Vec::new(),
            start_load: None,
            warm_up: true,
            cbmg_file: None,
            profile: None,
            notes: Diagnostics::new(),
            incomplete: false,
            lacks_transactions: false,
        }
    }

    /// The CBMG file that the workload names, if it does.
    pub fn cbmg_file(&self) -> Option<&str> {
        self.cbmg_file.as_ref().map(|f| f.value.as_str())
    }

    /// The server processes to profile.
    pub fn nodes(&self) -> &[NodeInfo] {
        &self.nodes
    }

    /// What was accepted but should be known, such as another spelling of an attribute.
    pub fn notes(&self) -> &Diagnostics {
        &self.notes
    }
}

/// A transaction as typed.
#[derive(Debug, Clone)]
pub(crate) struct TransactionDraft {
    pub(crate) name: Spanned<String>,
    pub(crate) method: Method,
    pub(crate) url: RawText,
    pub(crate) input: Input,
    /// Place of `unique`, if it is asked for.
    pub(crate) unique: Option<Span>,
    pub(crate) sequences: Vec<SequenceDraft>,
    pub(crate) body: BodyDraft,
    pub(crate) headers: Vec<(String, RawText)>,
    pub(crate) timeout_s: Option<f64>,
    pub(crate) think_time_s: Distribution,
    pub(crate) follow_redirects: bool,
    pub(crate) resources: bool,
    pub(crate) checks: Vec<Check>,
    pub(crate) extractions: Vec<Extraction>,
}

/// The `inputype` of a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    /// Nothing said: the places tell.
    Unsaid,
    Sequence,
    File,
    Parse,
}

/// Where the request body comes from.
#[derive(Debug, Clone)]
pub(crate) enum BodyDraft {
    /// The manual's rule: for POST, what stands after `?` of the URL.
    FromUrl,
    /// No body at all; the URL keeps everything.
    None,
    /// This one; the URL keeps everything.
    Given { content_type: String, text: RawText },
}

/// A sequence as typed, its values already listed.
#[derive(Debug, Clone)]
pub(crate) struct SequenceDraft {
    pub(crate) name: Spanned<String>,
    pub(crate) values: Vec<String>,
    pub(crate) range: bool,
}

/// The profile block as typed.
#[derive(Debug, Clone)]
pub(crate) struct ProfileDraft {
    /// The block's own place.
    pub(crate) span: Span,
    pub(crate) uses: Vec<UseDraft>,
    pub(crate) users: u32,
    pub(crate) think_time_s: f64,
    pub(crate) execution_count: Option<u64>,
}

/// One transaction to be profiled, by names.
#[derive(Debug, Clone)]
pub(crate) struct UseDraft {
    pub(crate) transaction: Spanned<String>,
    pub(crate) requires: Vec<Spanned<String>>,
}
