//! The graph's states found among the transactions, and values that are used before they can be there.

use crate::cbmg::Graph;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::draft::Draft;
use crate::source::Span;
use crate::suggest::did_you_mean;
use crate::workload::{Navigation, Part, Template, Transaction};

pub(super) fn resolve(
    graph: &Graph,
    draft: &Draft,
    transactions: &[Transaction],
    found: &mut Diagnostics,
) -> Navigation {
    let mut states = Vec::new();
    for state in &graph.states {
        let index = transactions.iter().position(|t| t.name == state.value);
        match index {
            Some(index) => states.push(index),
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
        for name in extracted_names(transaction) {
            if let Some(path) = way_around(graph, states, transactions, (i, name)) {
                found.report(
                    &graph.source,
                    graph.states[i].span,
                    Diagnostic::error(format!(
                        "{} may be reached without `${{{name}}}` having been extracted",
                        transaction.name
                    ))
                    .expected("a transaction that extracts it on every way from Entry")
                    .hint(format!("a way without it: {path}")),
                );
            }
        }
    }
}

/// Names of the extracted values that a transaction's request needs, each once.
pub(super) fn extracted_names(transaction: &Transaction) -> Vec<&str> {
    let texts: Vec<&Template> = std::iter::once(&transaction.url)
        .chain(transaction.body.iter().map(|b| &b.text))
        .chain(transaction.headers.iter().map(|h| &h.1))
        .collect();
    let mut names: Vec<&str> = Vec::new();
    for part in texts.into_iter().flat_map(|t| &t.parts) {
        if let Part::Extracted(name) = part
            && !names.contains(&name.as_str())
        {
            names.push(name);
        }
    }
    names
}

/// A way from Entry to a state over states that do not extract a name, written out.
fn way_around(
    graph: &Graph,
    states: &[usize],
    transactions: &[Transaction],
    (target, name): (usize, &str),
) -> Option<String> {
    let count = states.len();
    let extracts = |i: usize| {
        let transaction = &transactions[states[i]];
        transaction.extractions.iter().any(|e| e.name == name)
    };
    let mut from: Vec<Option<usize>> = vec![None; count];
    let mut seen: Vec<bool> = graph.entry.iter().map(|p| p.value > 0.0).collect();
    let mut open: Vec<usize> = (0..count).filter(|&i| seen[i]).collect();
    let mut next = 0;
    while let Some(&i) = open.get(next) {
        next += 1;
        if i == target {
            break;
        }
        if extracts(i) {
            continue;
        }
        for j in 0..count {
            if graph.rows[i][j] > 0.0 && !seen[j] {
                seen[j] = true;
                from[j] = Some(i);
                open.push(j);
            }
        }
    }
    if !seen[target] {
        return None;
    }
    let mut way = vec![graph.states[target].value.as_str()];
    let mut at = target;
    while let Some(before) = from[at] {
        way.push(&graph.states[before].value);
        at = before;
    }
    way.push(crate::cbmg::ENTRY);
    way.reverse();
    Some(way.join(" -> "))
}

fn never_used(draft: &Draft, states: &[usize], found: &mut Diagnostics) {
    for transaction in &draft.transactions {
        let required = draft.profile.as_ref().is_some_and(|p| {
            p.uses.iter().any(|u| {
                let names = std::iter::once(&u.transaction).chain(&u.requires);
                names.into_iter().any(|n| n.value == transaction.name.value)
            })
        });
        let name = &transaction.name.value;
        let walked = |&s: &usize| draft.transactions[s].name.value == *name;
        if !states.iter().any(walked) && !required {
            found.report(
                &draft.source,
                transaction.name.span,
                Diagnostic::note(format!("{} is in no state of the CBMG", transaction.name.value))
                    .hint("it is never issued"),
            );
        }
    }
}
