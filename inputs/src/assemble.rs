//! Drafts to workload: names resolved, places filled, rules that span several files applied. Pure; every form of a workload
//! comes through here.

mod navigation;
mod profile;
mod request;
mod resolve;

use crate::cbmg::Graph;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::draft::{Draft, TransactionDraft};
use crate::limits::{MAX_DIAGNOSTICS, MAX_EXTRACTED, MAX_VALUE_FILES};
use crate::mode::Mode;
use crate::source::{RawText, Span};
use crate::template;
use crate::value_file::ValueFile;
use crate::workload::{ManualLevel, Parameters, Transaction, Workload};
use resolve::Resolver;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Everything of a workload that was read, before it is put together.
#[derive(Debug, Clone)]
pub struct Parts {
    /// What the run needs.
    pub mode: Mode,
    /// The transactions, servers and profile.
    pub draft: Draft,
    /// The navigation, where the mode reads one and there is one.
    pub graph: Option<Graph>,
    /// The manual load levels, repeats expanded.
    pub levels: Vec<ManualLevel>,
    /// Values of config.properties.
    pub parameters: Parameters,
    /// The value files that the draft names, by the names it uses; `None` for one whose reading already was an error.
    pub value_files: BTreeMap<String, Option<ValueFile>>,
    /// Folder that relative file names refer to.
    pub folder: PathBuf,
}

/// A value file that a draft names.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FileUse {
    pub(crate) name: String,
    pub(crate) span: Span,
}

impl Draft {
    /// Names of the value files in `${file#column}` places, each once, in the order of their first use.
    pub fn value_files(&self) -> Vec<String> {
        self.file_uses().into_iter().map(|u| u.name).collect()
    }

    pub(crate) fn file_uses(&self) -> Vec<FileUse> {
        let mut uses: Vec<FileUse> = Vec::new();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for raw in self.transactions.iter().flat_map(texts) {
            for (name, span) in template::value_files(raw, &self.source) {
                // Beyond the limit a file stays unread, which is an error where its place is resolved.
                if seen.len() < MAX_VALUE_FILES && seen.insert(name.clone()) {
                    uses.push(FileUse { name, span });
                }
            }
        }
        uses
    }
}

/// All texts of a transaction that may have places.
fn texts(transaction: &TransactionDraft) -> impl Iterator<Item = &RawText> {
    let body = match &transaction.body {
        crate::draft::BodyDraft::Given { text, .. } => Some(text),
        _ => None,
    };
    std::iter::once(&transaction.url)
        .chain(transaction.headers.iter().map(|h| &h.1))
        .chain(body)
}

/// Puts a workload together.
///
/// # Errors
/// Everything that makes the parts not fit each other or the mode, with places.
pub fn assemble(parts: Parts) -> Result<Workload, Diagnostics> {
    let (workload, found) = assemble_noting(parts);
    match workload {
        Some(workload) => found.into_result(workload),
        None => Err(found),
    }
}

/// Like [`assemble`], with the notes of a success too.
pub(crate) fn assemble_noting(parts: Parts) -> (Option<Workload>, Diagnostics) {
    let mut found = parts.draft.notes.clone();
    if let Some(graph) = &parts.graph {
        found.append(graph.notes.clone());
    }
    let draft = &parts.draft;
    unique_names(draft, &mut found);
    let transactions = transactions(draft, &parts.value_files, &mut found);
    let profile = draft.profile.as_ref().map(|p| {
        let resolved = profile::resolve(p, draft, parts.mode, &mut found);
        let complete = resolved.uses.len() == p.uses.len() && !draft.incomplete;
        if parts.mode.needs_profile() && complete {
            profile::used_too_early((p, &resolved), draft, &transactions, &mut found);
        }
        resolved
    });
    if parts.mode.needs_profile() && profile.is_none() {
        found.push(
            Diagnostic::error("no `<Profile>` block")
                .in_file(draft.source.name().as_str())
                .expected("a `<Profile>` block that names the transactions to be profiled"),
        );
    }
    let navigation = parts
        .graph
        .as_ref()
        .map(|g| navigation::resolve(g, draft, &transactions, &mut found));
    if found.has_errors() {
        return (None, found);
    }
    let workload = Workload {
        transactions,
        navigation,
        nodes: parts.draft.nodes,
        start_load: parts.draft.start_load,
        warm_up: parts.draft.warm_up,
        profile,
        manual_levels: parts.levels,
        parameters: parts.parameters,
        folder: parts.folder,
    };
    (Some(workload), found)
}

fn unique_names(draft: &Draft, found: &mut Diagnostics) {
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for transaction in &draft.transactions {
        if found.errors() >= MAX_DIAGNOSTICS {
            return;
        }
        let name = &transaction.name;
        let text = name.value.as_str();
        if text == crate::cbmg::ENTRY || text == crate::cbmg::EXIT {
            found.report(
                &draft.source,
                name.span,
                Diagnostic::error(format!("a transaction with the name {text}"))
                    .expected("a name other than Entry and Exit, which the CBMG reserves"),
            );
        }
        if text.contains(char::is_control) || text.len() > 200 {
            found.report(
                &draft.source,
                name.span,
                Diagnostic::error("a transaction name of several lines or over 200 bytes"),
            );
        }
        if let Some(first) = seen.insert(text, name.span) {
            let line = draft.source.line(first.start);
            found.report(
                &draft.source,
                name.span,
                Diagnostic::error(format!("a second transaction with the name {text}"))
                    .expected("each name once")
                    .hint(format!("the first one stands in line {line}")),
            );
        }
    }
}

/// The index of each transaction; of two with the same name, the first.
fn index_by_name(draft: &Draft) -> BTreeMap<&str, usize> {
    let mut index = BTreeMap::new();
    for (i, transaction) in draft.transactions.iter().enumerate() {
        index.entry(transaction.name.value.as_str()).or_insert(i);
    }
    index
}

fn transactions(
    draft: &Draft,
    files: &BTreeMap<String, Option<ValueFile>>,
    found: &mut Diagnostics,
) -> Vec<Transaction> {
    let extracted: BTreeSet<&str> = draft
        .transactions
        .iter()
        .flat_map(|t| t.extractions.iter().map(|e| e.name.as_str()))
        .collect();
    if extracted.len() > MAX_EXTRACTED {
        let error = Diagnostic::error(format!("more than {MAX_EXTRACTED} names of extracted values"));
        found.push(error.in_file(draft.source.name().as_str()));
        return Vec::new();
    }
    let mut resolver = Resolver::new(draft, extracted, files, found);
    draft
        .transactions
        .iter()
        .map(|t| request::transaction(t, &mut resolver))
        .collect()
}
