//! Whether the users really walked the graph that was asked for.

use super::audit;
use crate::journal::log::RunLog;
use crate::summary::{Audit, Level};
use autoperf_models::cbmg::{Cbmg, ObservedTransitions};

/// So improbable a deviation from the graph is worth a warning; by chance it comes once in ten thousand runs.
const P_LIMIT: f64 = 1e-4;

/// Pearson's chi-square test of every way that the users took against the probabilities of the graph.
pub(super) fn walks(log: &RunLog, _: &[Level]) -> Option<Audit> {
    let (graph, observed) = (graph(log)?, observed(log)?);
    let test = graph.test_transitions(&observed)?;
    let taken: u64 = log
        .walks
        .iter()
        .flat_map(|walks| walks.transitions.iter().flatten())
        .sum();
    let state = |state: Option<usize>, end: &str| {
        let name = state.and_then(|state| graph.names().get(state));
        name.map_or_else(|| end.to_owned(), Clone::clone)
    };
    let name = "The users walked the graph";
    let advice = "the generator drew its ways wrongly: please report it with the seed and the CBMG";
    if let Some((from, to)) = test.impossible.first() {
        let (from, to) = (state(*from, "Entry"), state(*to, "Exit"));
        let detail = format!("a way was taken from {from} to {to}, whose probability is 0");
        return audit(name, "fail", detail, advice);
    }
    let status = if test.p_value < P_LIMIT { "warn" } else { "pass" };
    let (worst, worst_p) = (state(test.worst_row.0, "Entry"), test.worst_row.1);
    let detail = format!(
        "{taken} moves fit its probabilities with p = {:.3} (chi-square {:.1}, {} degrees of freedom; limit {P_LIMIT}); least well from {worst} (p = {worst_p:.3})",
        test.p_value, test.statistic, test.degrees_of_freedom
    );
    audit(name, status, detail, advice)
}

fn graph(log: &RunLog) -> Option<Cbmg> {
    let graph = log.begin.navigation.as_ref()?;
    let name = |state: &usize| log.begin.transactions.get(*state).cloned();
    let names: Option<Vec<String>> = graph.states.iter().map(name).collect();
    Cbmg::new(names?, graph.entry.clone(), graph.rows.clone()).ok()
}

/// Row 0 of the journal's table is Entry, its last column Exit.
fn observed(log: &RunLog) -> Option<ObservedTransitions> {
    let (entry, rows) = log.walks.as_ref()?.transitions.split_first()?;
    let inner = |row: &Vec<u64>| Some(row.split_last()?.1.to_vec());
    Some(ObservedTransitions {
        entry: inner(entry)?,
        rows: rows.iter().map(inner).collect::<Option<_>>()?,
        exit: rows
            .iter()
            .map(|row| row.last().copied())
            .collect::<Option<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::entry::{Begin, Graph, Walks};

    /// What is said of a run of the manual's graph (section 4.4) in which these ways were taken.
    fn audited(transitions: [[u64; 4]; 4]) -> Audit {
        let mut log = RunLog::new(Begin {
            transactions: ["Login", "ByDay", "ByWeek", "ByMonth"]
                .map(str::to_owned)
                .to_vec(),
            navigation: Some(Graph {
                states: vec![1, 2, 3],
                entry: vec![0.0, 1.0, 0.0],
                rows: vec![vec![0.4, 0.2, 0.1], vec![0.3, 0.3, 0.3], vec![0.3, 0.4, 0.3]],
            }),
            ..Begin::default()
        });
        log.walks = Some(Walks {
            sessions: 100,
            transitions: transitions.map(|row| row.to_vec()).to_vec(),
        });
        walks(&log, &[]).unwrap()
    }

    #[test]
    fn ways_that_fit_pass() {
        let audit = audited([
            [0, 100, 0, 0],
            [82, 39, 21, 58],
            [61, 59, 62, 18],
            [29, 41, 30, 0],
        ]);
        assert_eq!(audit.status, "pass", "{audit:?}");
        assert!(audit.detail.starts_with("600 moves fit"), "{}", audit.detail);
        assert!(audit.advice.is_none());
    }

    #[test]
    fn ways_that_do_not_fit_are_told_with_the_row() {
        let audit = audited([
            [0, 100, 0, 0],
            [20, 100, 20, 60],
            [60, 60, 60, 20],
            [30, 40, 30, 0],
        ]);
        assert_eq!(audit.status, "warn");
        assert!(audit.detail.contains("least well from ByDay"), "{}", audit.detail);
    }

    #[test]
    fn a_way_that_is_none_fails() {
        let audit = audited([
            [0, 100, 0, 0],
            [80, 40, 20, 60],
            [60, 60, 60, 20],
            [30, 40, 29, 1],
        ]);
        assert_eq!(audit.status, "fail");
        assert!(audit.detail.contains("from ByMonth to Exit"), "{}", audit.detail);
    }

    #[test]
    fn nothing_is_said_without_a_graph_or_its_walks() {
        assert_eq!(walks(&RunLog::new(Begin::default()), &[]), None);
    }
}
