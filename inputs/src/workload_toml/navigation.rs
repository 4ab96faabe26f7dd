//! The navigation rows of workload.toml, held to the rules of cbmg.txt.

use super::form::RowForm;
use super::{Reader, span};
use crate::cbmg::{self, ENTRY, EXIT, Graph, Row, Table};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::limits::MAX_STATES;
use crate::source::{Span, Spanned};
use crate::suggest::did_you_mean;

impl Reader<'_> {
    pub(super) fn navigation(&mut self, forms: &[RowForm]) -> Option<Graph> {
        if forms.is_empty() {
            return None;
        }
        if forms.len() > MAX_STATES {
            let place = span(&forms[MAX_STATES].from);
            let message = format!("more than {MAX_STATES} states");
            self.report(place, Diagnostic::error(message));
            return None;
        }
        let mut found = Diagnostics::new();
        let table = self.table(forms, &mut found);
        match cbmg::check(table, found) {
            Ok(graph) => Some(graph),
            Err(errors) => {
                self.found.append(errors);
                None
            }
        }
    }

    fn table(&self, forms: &[RowForm], found: &mut Diagnostics) -> Table {
        let mut columns: Vec<Spanned<String>> = Vec::new();
        let mut seen_entry = false;
        for form in forms {
            let name = Spanned::new(form.from.get_ref().clone(), span(&form.from));
            if let Err(why) = cbmg::state_name(&name.value) {
                found.report(self.source, name.span, Diagnostic::error(why));
            }
            seen_entry |= name.value == ENTRY;
            columns.push(name);
        }
        let end = columns.last().map_or(Span::new(0, 0), |c| c.span);
        if !columns.iter().any(|c| c.value == EXIT) {
            columns.push(Spanned::new(EXIT.to_owned(), end));
        }
        if !seen_entry {
            let error = Diagnostic::error("no row from Entry").expected("a row with from = \"Entry\"");
            found.report(self.source, end, error);
        }
        let mut rows: Vec<Row> = forms.iter().map(|form| self.row(form, &columns, found)).collect();
        if !forms.iter().any(|f| f.from.get_ref() == EXIT) {
            rows.push(Row {
                name: Spanned::new(EXIT.to_owned(), end),
                cells: vec![Spanned::new(0.0, end); columns.len()],
            });
        }
        Table {
            source: self.source.clone(),
            columns,
            rows,
        }
    }

    fn row(&self, form: &RowForm, columns: &[Spanned<String>], found: &mut Diagnostics) -> Row {
        let whole = span(&form.to);
        let mut cells = vec![Spanned::new(0.0, whole); columns.len()];
        for (name, value) in form.to.get_ref() {
            let p = *value.get_ref();
            if !(0.0..=1.0).contains(&p) {
                let error =
                    Diagnostic::error(format!("{p} for a probability")).expected("a number from 0 to 1");
                found.report(self.source, span(value), error);
                continue;
            }
            match columns.iter().position(|c| c.value == *name.get_ref()) {
                Some(i) => cells[i] = Spanned::new(p + 0.0, span(value)),
                None => {
                    let names = columns.iter().map(|c| c.value.as_str());
                    let error = Diagnostic::error(format!("no row from {}", name.get_ref()))
                        .expected("a state that has a row of its own, or Exit")
                        .maybe_hint(did_you_mean(name.get_ref(), names));
                    found.report(self.source, span(name), error);
                }
            }
        }
        Row {
            name: Spanned::new(form.from.get_ref().clone(), span(&form.from)),
            cells,
        }
    }
}
