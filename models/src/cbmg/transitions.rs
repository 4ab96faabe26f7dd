//! Chi-square test of observed transitions against the graph (Pearson 1900; for Markov chains Billingsley 1961).

use super::Cbmg;
use crate::statistics::special::chi_square_tail;

/// Fewer expected transitions than this in a cell are pooled with others of their row.
const LEAST_EXPECTED: f64 = 5.0;

/// How often walks took each way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedTransitions {
    /// From Entry to each state.
    pub entry: Vec<u64>,
    /// Between the states, row by row.
    pub rows: Vec<Vec<u64>>,
    /// From each state to Exit.
    pub exit: Vec<u64>,
}

/// What the test found.
#[derive(Debug, Clone, PartialEq)]
pub struct TransitionTest {
    /// Sum over all cells of `(observed - expected)^2 / expected`.
    pub statistic: f64,
    /// Cells after pooling minus rows.
    pub degrees_of_freedom: u32,
    /// Probability of so large a statistic if the walks follow the graph; 0 where an impossible way was taken.
    pub p_value: f64,
    /// The row that contributes most in terms of its own p-value (`None` is Entry), and that p-value.
    pub worst_row: (Option<usize>, f64),
    /// Ways that were taken though their probability is 0: row (`None` is Entry) and column (`None` is Exit).
    pub impossible: Vec<(Option<usize>, Option<usize>)>,
}

struct RowTest {
    row: Option<usize>,
    statistic: f64,
    degrees_of_freedom: u32,
}

pub(super) fn test(graph: &Cbmg, observed: &ObservedTransitions) -> Option<TransitionTest> {
    let size = graph.names.len();
    let fits = |row: &Vec<u64>| row.len() == size;
    let shaped = fits(&observed.entry) && fits(&observed.exit) && observed.rows.len() == size;
    if !shaped || !observed.rows.iter().all(fits) {
        return None;
    }
    let mut lines = vec![(None, graph.entry.clone(), observed.entry.clone())];
    for (state, leaving) in graph.exit().into_iter().enumerate() {
        // What rounding leaves of a row that has no exit is no way out.
        let leaving = if leaving > super::SUM_TOLERANCE {
            leaving
        } else {
            0.0
        };
        let probabilities = graph.rows[state].iter().copied().chain([leaving]).collect();
        let counts = observed.rows[state]
            .iter()
            .copied()
            .chain([observed.exit[state]])
            .collect();
        lines.push((Some(state), probabilities, counts));
    }
    let mut impossible = Vec::new();
    let mut tests = Vec::new();
    for (row, probabilities, counts) in lines {
        let taken = probabilities
            .iter()
            .zip(&counts)
            .enumerate()
            .filter(|(_, (p, count))| **p == 0.0 && **count > 0);
        impossible.extend(taken.map(|(column, _)| (row, (column < size).then_some(column))));
        tests.extend(test_row(row, &probabilities, &counts));
    }
    summary(&tests, impossible)
}

fn summary(tests: &[RowTest], impossible: Vec<(Option<usize>, Option<usize>)>) -> Option<TransitionTest> {
    let statistic: f64 = tests.iter().map(|test| test.statistic).sum();
    let degrees_of_freedom: u32 = tests.iter().map(|test| test.degrees_of_freedom).sum();
    let p_values = tests.iter().map(|test| {
        Some((
            test.row,
            chi_square_tail(test.statistic, f64::from(test.degrees_of_freedom))?,
        ))
    });
    let p_values = p_values.collect::<Option<Vec<_>>>()?;
    let worst = p_values.into_iter().min_by(|a, b| a.1.total_cmp(&b.1));
    let first_impossible = impossible.first().map(|(row, _)| (*row, 0.0));
    let worst_row = first_impossible.or(worst)?;
    let p_value = match (impossible.is_empty(), degrees_of_freedom) {
        (false, _) => 0.0,
        (true, degrees) => chi_square_tail(statistic, f64::from(degrees))?,
    };
    Some(TransitionTest {
        statistic,
        degrees_of_freedom,
        p_value,
        worst_row,
        impossible,
    })
}

/// The test of one row over its possible cells; `None` where fewer than two cells remain.
fn test_row(row: Option<usize>, probabilities: &[f64], counts: &[u64]) -> Option<RowTest> {
    let possible = probabilities.iter().zip(counts).filter(|(p, _)| **p > 0.0);
    let possible: Vec<(f64, f64)> = possible.map(|(p, count)| (*p, *count as f64)).collect();
    let total: f64 = possible.iter().map(|(_, count)| count).sum();
    let sum: f64 = possible.iter().map(|(p, _)| p).sum();
    let mut cells: Vec<(f64, f64)> = possible
        .iter()
        .map(|(p, count)| (p / sum * total, *count))
        .collect();
    cells.sort_by(|a, b| b.0.total_cmp(&a.0));
    let large = cells
        .iter()
        .take_while(|(expected, _)| *expected >= LEAST_EXPECTED)
        .count();
    let pooled = cells
        .split_off(large)
        .into_iter()
        .fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
    match cells.last_mut() {
        _ if pooled.0 >= LEAST_EXPECTED => cells.push(pooled),
        Some(smallest) => *smallest = (smallest.0 + pooled.0, smallest.1 + pooled.1),
        None => return None,
    }
    let statistic = cells
        .iter()
        .map(|(expected, count)| (count - expected).powi(2) / expected)
        .sum();
    let degrees_of_freedom = u32::try_from(cells.len().checked_sub(1)?)
        .ok()
        .filter(|degrees| *degrees > 0)?;
    Some(RowTest {
        row,
        statistic,
        degrees_of_freedom,
    })
}
