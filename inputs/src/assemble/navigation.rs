//! The graph's states found among the transactions, and values that are used before they can be there.

use crate::cbmg::Graph;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::draft::Draft;
use crate::source::Span;
use crate::suggest::did_you_mean;
use crate::workload::{Navigation, Part, Template, Transaction};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn resolve(
    graph: &Graph,
    draft: &Draft,
    transactions: &[Transaction],
    found: &mut Diagnostics,
) -> Navigation {
    let by_name = super::index_by_name(draft);
    let mut states = Vec::new();
    for state in &graph.states {
        match by_name.get(state.value.as_str()) {
            Some(&index) => states.push(index),
            None if draft.lacks_transactions => {}
            None => {
                let names = transactions.iter().map(|t| t.name.as_str());
                let file = draft.source.name();
                found.report(
                    &graph.source,
                    state.span,
                    Diagnostic::error(format!("no transaction for the state {}", state.value))
                        .expected(format!("the name of a transaction of {file}"))
                        .maybe_hint(did_you_mean(&state.value, names)),
                );
            }
        }
    }
    if states.len() == graph.states.len() {
        used_too_early(graph, &states, transactions, found);
        never_used(draft, &states, found);
    }
    let navigation = Navigation {
        states,
        entry: graph.entry.iter().map(|p| p.value).collect(),
        rows: graph.rows.clone(),
    };
    if navigation.states.len() == graph.states.len() {
        solvable(graph, &navigation, transactions, found);
    }
    navigation
}

/// Sessions of millions of transactions are refused by the solver, which then knows neither mix nor length.
fn solvable(graph: &Graph, navigation: &Navigation, transactions: &[Transaction], found: &mut Diagnostics) {
    if found.has_errors() {
        return;
    }
    if let Err(error) = navigation.graph(transactions) {
        let place = graph.states.first().map_or(Span::new(0, 0), |s| s.span);
        found.report(
            &graph.source,
            place,
            Diagnostic::error(format!("a graph that can't be solved: {error}"))
                .expected("sessions that end after a finite number of transactions"),
        );
    }
}

/// A parse URL needs a last page, an extracted value a transaction before that extracts it.
fn used_too_early(graph: &Graph, states: &[usize], transactions: &[Transaction], found: &mut Diagnostics) {
    for (i, &index) in states.iter().enumerate() {
        let transaction = &transactions[index];
        if transaction.from_last_page && graph.entry[i].value > 0.0 {
            found.report(
                &graph.source,
                graph.entry[i].span,
                Diagnostic::error(format!("a session may begin with {}", transaction.name))
                    .expected("0: its URL has inputype=\"parse\" and needs a page before it"),
            );
        }
    }
    let mut needed: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, &index) in states.iter().enumerate() {
        for name in extracted_names(&transactions[index]) {
            needed.entry(name).or_default().push(i);
        }
    }
    for (name, needing) in needed {
        if found.is_full() {
            return;
        }
        let extracts = |i: usize| {
            let transaction = &transactions[states[i]];
            transaction.extractions.iter().any(|e| e.name == name)
        };
        let ways = Ways::avoiding(graph, &(0..states.len()).map(extracts).collect::<Vec<_>>());
        for i in needing.into_iter().filter(|&i| ways.reach(i)) {
            let state = &graph.states[i];
            let message = format!(
                "{} may be reached without `${{{name}}}` having been extracted",
                state.value
            );
            found.report(
                &graph.source,
                state.span,
                Diagnostic::error(message)
                    .expected("a transaction that extracts it on every way from Entry")
                    .hint(format!("a way without it: {}", ways.shown(i, graph))),
            );
        }
    }
}

/// Names of the extracted values that a transaction's request needs, each once.
pub(super) fn extracted_names(transaction: &Transaction) -> Vec<&str> {
    let texts: Vec<&Template> = std::iter::once(&transaction.url)
        .chain(transaction.body.iter().map(|b| &b.text))
        .chain(transaction.headers.iter().map(|h| &h.1))
        .collect();
    let names: BTreeSet<&str> = texts
        .into_iter()
        .flat_map(|t| &t.parts)
        .filter_map(|part| match part {
            Part::Extracted(name) => Some(name.as_str()),
            Part::Literal(_) | Part::Sequence(_) | Part::FromPage(_) => None,
        })
        .collect();
    names.into_iter().collect()
}

/// Shortest ways from Entry to the states that can be reached without passing through some of them.
struct Ways {
    reached: Vec<bool>,
    /// The state before each on its way; `None` for those that Entry leads to.
    before: Vec<Option<usize>>,
}

impl Ways {
    fn avoiding(graph: &Graph, barriers: &[bool]) -> Self {
        let count = graph.states.len();
        let mut ways = Self {
            reached: graph.entry.iter().map(|p| p.value > 0.0).collect(),
            before: vec![None; count],
        };
        let mut open: Vec<usize> = (0..count).filter(|&i| ways.reached[i]).collect();
        let mut next = 0;
        while let Some(&i) = open.get(next) {
            next += 1;
            if barriers[i] {
                continue;
            }
            for j in 0..count {
                if graph.rows[i][j] > 0.0 && !ways.reached[j] {
                    ways.reached[j] = true;
                    ways.before[j] = Some(i);
                    open.push(j);
                }
            }
        }
        ways
    }

    fn reach(&self, state: usize) -> bool {
        self.reached[state]
    }

    /// The way to a state, written out.
    fn shown(&self, state: usize, graph: &Graph) -> String {
        let mut way = vec![graph.states[state].value.as_str()];
        let mut at = state;
        while let Some(before) = self.before[at] {
            way.push(&graph.states[before].value);
            at = before;
        }
        way.push(crate::cbmg::ENTRY);
        way.reverse();
        way.join(" -> ")
    }
}

fn never_used(draft: &Draft, states: &[usize], found: &mut Diagnostics) {
    let mut used: BTreeSet<&str> = states
        .iter()
        .filter_map(|&s| Some(draft.transactions.get(s)?.name.value.as_str()))
        .collect();
    for item in draft.profile.iter().flat_map(|p| &p.uses) {
        used.insert(&item.transaction.value);
        used.extend(item.requires.iter().map(|r| r.value.as_str()));
    }
    for transaction in &draft.transactions {
        let name = &transaction.name;
        if !used.contains(name.value.as_str()) {
            found.report(
                &draft.source,
                name.span,
                Diagnostic::note(format!("{} is in no state of the CBMG", name.value))
                    .hint("it is never issued"),
            );
        }
    }
}
