//! The single file of our own form.

use super::choice::{folder_of, wanted};
use super::{Driver, shown};
use crate::assemble::Parts;
use crate::diagnostic::Diagnostic;
use crate::source::SourceText;
use crate::workload::Workload;
use crate::workload_toml::{self, Document};
use crate::{cbmg, mll, properties};
use std::collections::BTreeMap;
use std::path::Path;

impl Driver<'_> {
    /// Reads a workload.toml; files that flags name take the place of its sections.
    pub(super) fn single(&mut self, path: &Path) -> Option<Workload> {
        let file = wanted(Some(path), None, "", Path::new(""));
        let path = self.choose(&file, Some("a workload.toml"), None)?;
        let text = self.open(&path, None)?;
        let source = SourceText::new(&shown(&path), &text);
        let (document, found) = workload_toml::read(&source);
        self.found.append(found);
        let document = self.overridden(document?);
        let mode = self.request.mode;
        let graph = document.graph.filter(|_| mode.reads_navigation());
        let levels = if mode.reads_levels() {
            document.levels
        } else {
            Vec::new()
        };
        if !self.found.has_errors() {
            let name = shown(&path);
            let mut missing = |section: &str, what: &str| {
                let error = Diagnostic::error(format!("no {section} in the file"));
                self.found.push(error.in_file(name.as_str()).expected(what));
            };
            if graph.is_none() && mode.needs_navigation() {
                missing("[[navigation]]", "where users go from each state, or -fc");
            }
            if levels.is_empty() && mode.needs_levels() {
                missing("[[levels]]", "the load levels with their durations, or -fm");
            }
        }
        self.assemble(Parts {
            mode,
            draft: document.draft,
            graph,
            levels,
            parameters: document.parameters,
            value_files: BTreeMap::new(),
            folder: folder_of(&path),
        })
    }

    fn overridden(&mut self, mut document: Document) -> Document {
        let request = self.request;
        if let Some(path) = &request.cbmg
            && let Some(text) = self.open(path, None)
        {
            document.graph = self.keep(cbmg::parse(&text, &shown(path)));
        }
        if let Some(path) = &request.manual
            && let Some(text) = self.open(path, None)
        {
            document.levels = self.keep(mll::parse(&text, &shown(path))).unwrap_or_default();
        }
        if let Some(path) = &request.properties
            && let Some(text) = self.open(path, None)
            && let Some(parameters) = self.keep(properties::parse(&text, &shown(path)))
        {
            document.parameters.values.extend(parameters.values);
        }
        document
    }
}
