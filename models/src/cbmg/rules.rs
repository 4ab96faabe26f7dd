//! What makes a graph valid; every refusal says where, by index and by name.

use super::SUM_TOLERANCE;
use thiserror::Error;

/// Why a graph is none. A `row` of `None` is Entry's; indices count the inner states.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum CbmgError {
    /// No inner state at all.
    #[error("the graph has no state between Entry and Exit")]
    NoStates,
    /// Two states share a name.
    #[error("the state {name} is there twice")]
    DuplicateName {
        /// Index of the second one.
        state: usize,
        /// Their name.
        name: String,
    },
    /// A row does not have one probability for each state.
    #[error("the row of {name} has {found} probabilities between states, {expected} states are there")]
    RowLength {
        /// The row.
        row: Option<usize>,
        /// Its name.
        name: String,
        /// How many it has.
        found: usize,
        /// How many it should have.
        expected: usize,
    },
    /// There are more or fewer rows than states.
    #[error("{found} rows for {expected} states")]
    RowCount {
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// A number outside 0..1.
    #[error("the probability from {from} to {to} is {value}, not between 0 and 1")]
    NotAProbability {
        /// The row.
        row: Option<usize>,
        /// The column.
        column: usize,
        /// Name of the row.
        from: String,
        /// Name of the column.
        to: String,
        /// The number.
        value: f64,
    },
    /// Probabilities to the states that exceed 1, or Entry's that do not sum to it.
    #[error("the probabilities from {name} sum to {sum}")]
    RowSum {
        /// The row.
        row: Option<usize>,
        /// Its name.
        name: String,
        /// The sum.
        sum: f64,
    },
    /// Sessions come to these states and never to Exit.
    #[error("no way leads from {} to Exit", names.join(", "))]
    NoExit {
        /// Their indices.
        states: Vec<usize>,
        /// Their names.
        names: Vec<String>,
    },
    /// Exit can be reached, but sessions last longer than double precision can tell from for ever.
    #[error("sessions are practically endless")]
    Endless,
}

pub(super) fn check(names: &[String], entry: &[f64], rows: &[Vec<f64>]) -> Result<(), CbmgError> {
    if names.is_empty() {
        return Err(CbmgError::NoStates);
    }
    if let Some(state) = (1..names.len()).find(|state| names[..*state].contains(&names[*state])) {
        let name = names[state].clone();
        return Err(CbmgError::DuplicateName { state, name });
    }
    if rows.len() != names.len() {
        return Err(CbmgError::RowCount {
            found: rows.len(),
            expected: names.len(),
        });
    }
    check_row(names, None, entry)?;
    rows.iter()
        .enumerate()
        .try_for_each(|(row, values)| check_row(names, Some(row), values))
}

fn check_row(names: &[String], row: Option<usize>, values: &[f64]) -> Result<(), CbmgError> {
    let name = row.map_or_else(|| "Entry".to_owned(), |row| names[row].clone());
    if values.len() != names.len() {
        return Err(CbmgError::RowLength {
            row,
            name,
            found: values.len(),
            expected: names.len(),
        });
    }
    if let Some(column) = values.iter().position(|value| !(0.0..=1.0).contains(value)) {
        return Err(CbmgError::NotAProbability {
            row,
            column,
            from: name,
            to: names[column].clone(),
            value: values[column],
        });
    }
    let sum: f64 = values.iter().sum();
    let too_little = row.is_none() && sum < 1.0 - SUM_TOLERANCE;
    if sum > 1.0 + SUM_TOLERANCE || too_little {
        return Err(CbmgError::RowSum { row, name, sum });
    }
    Ok(())
}

/// States that a session can come to, in order.
pub(super) fn reachable(entry: &[f64], rows: &[Vec<f64>]) -> Vec<usize> {
    let starts = (0..entry.len()).filter(|state| entry[*state] > 0.0).collect();
    spread(rows.len(), starts, |from, to| rows[from][to] > 0.0)
}

/// Refuses a graph in which a session may be caught.
pub(super) fn check_exit(names: &[String], reachable: &[usize], rows: &[Vec<f64>]) -> Result<(), CbmgError> {
    let leaves = |state: &usize| rows[*state].iter().sum::<f64>() < 1.0 - SUM_TOLERANCE;
    let ends = (0..rows.len()).filter(leaves).collect();
    let leading_out = spread(rows.len(), ends, |from, to| rows[to][from] > 0.0);
    let caught = reachable
        .iter()
        .copied()
        .filter(|state| !leading_out.contains(state));
    let states: Vec<usize> = caught.collect();
    if states.is_empty() {
        return Ok(());
    }
    let names = states.iter().map(|state| names[*state].clone()).collect();
    Err(CbmgError::NoExit { states, names })
}

/// All states that can be reached from `starts` over the edges, sorted.
fn spread(size: usize, starts: Vec<usize>, is_edge: impl Fn(usize, usize) -> bool) -> Vec<usize> {
    let mut seen = vec![false; size];
    let mut open = starts;
    while let Some(state) = open.pop() {
        if !std::mem::replace(&mut seen[state], true) {
            open.extend((0..size).filter(|next| is_edge(state, *next) && !seen[*next]));
        }
    }
    (0..size).filter(|state| seen[*state]).collect()
}
