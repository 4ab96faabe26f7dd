//! Which transaction comes next: the navigation graph or the fixed order of profiling, as tables ready for a draw.

use super::{ProfileStep, Script, random};
use autoperf_inputs::workload::{Navigation, Workload};
use rand_core::Rng;

/// The next transactions of every state.
#[derive(Debug, Clone)]
pub enum Walk {
    /// Draws by the graph's probabilities.
    Graph(Graph),
    /// A fixed order.
    Steps(Vec<ProfileStep>),
}

/// The graph with cumulative probabilities.
#[derive(Debug, Clone)]
pub struct Graph {
    /// Transaction of every inner state.
    states: Vec<usize>,
    entry: Vec<f64>,
    rows: Vec<Vec<f64>>,
}

/// Where a user stands in the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Position {
    /// Before the first transaction of a session.
    #[default]
    Entry,
    /// At an inner state of the graph.
    State(usize),
    /// In a fixed order: step, transactions required that are done, executions done.
    Step(usize, usize, u64),
}

/// A move in the walk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Move {
    /// Transaction to carry out.
    pub transaction: usize,
    /// Whether it starts a session.
    pub new_session: bool,
    /// Whether it counts.
    pub measured: bool,
    /// Think time before it, s, if the script has its own.
    pub think_time_s: Option<f64>,
}

/// Observed moves; see `EngineEnd::transitions` for the layout.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Counts by row (Entry, then the states) and column (the states, then Exit).
    pub transitions: Vec<Vec<u64>>,
    /// Sessions begun.
    pub sessions: u64,
}

impl Walk {
    /// The walk of a script; `None` if it needs a navigation graph that the workload does not have.
    #[must_use]
    pub fn new(workload: &Workload, script: Script) -> Option<Self> {
        match script {
            Script::Sequence(steps) => Some(Self::Steps(steps)),
            Script::Navigation => workload
                .navigation
                .as_ref()
                .map(|graph| Self::Graph(Graph::new(graph))),
        }
    }

    /// A tally of the right size.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let size = match self {
            Self::Graph(graph) => graph.states.len() + 1,
            Self::Steps(_) => 0,
        };
        Tally {
            transitions: vec![vec![0; size]; size],
            sessions: 0,
        }
    }

    /// Whether the transaction can directly follow the other one in a session.
    #[must_use]
    pub fn can_follow(&self, from: usize, to: usize) -> bool {
        match self {
            Self::Graph(graph) => graph.can_follow(from, to),
            Self::Steps(steps) => steps.iter().any(|step| {
                let mut order = step.requires.clone();
                order.extend([step.transaction, step.transaction]);
                order.windows(2).any(|pair| pair == [from, to])
            }),
        }
    }

    /// Moves on; `None` when a fixed order is done.
    pub fn advance(&self, position: &mut Position, rng: &mut impl Rng, tally: &mut Tally) -> Option<Move> {
        match self {
            Self::Graph(graph) => Some(graph.advance(position, rng, tally)),
            Self::Steps(steps) => advance_steps(steps, position, tally),
        }
    }
}

impl Graph {
    fn new(graph: &Navigation) -> Self {
        Self {
            states: graph.states.clone(),
            entry: cumulative(&graph.entry),
            rows: graph.rows.iter().map(|row| cumulative(row)).collect(),
        }
    }

    fn advance(&self, position: &mut Position, rng: &mut impl Rng, tally: &mut Tally) -> Move {
        let exit = self.states.len();
        let mut new_session = false;
        let mut row = match *position {
            Position::State(state) => state + 1,
            _ => 0,
        };
        let state = loop {
            let cumulative = if row == 0 {
                &self.entry
            } else {
                &self.rows[row - 1]
            };
            if row == 0 {
                new_session = true;
                tally.sessions += 1;
            }
            let next = draw(cumulative, row == 0, rng);
            tally.transitions[row][next.unwrap_or(exit)] += 1;
            match next {
                Some(state) => break state,
                None => row = 0,
            }
        };
        *position = Position::State(state);
        Move {
            transaction: self.states[state],
            new_session,
            measured: true,
            think_time_s: None,
        }
    }

    fn can_follow(&self, from: usize, to: usize) -> bool {
        self.rows
            .iter()
            .zip(&self.states)
            .filter(|(_, state)| **state == from)
            .any(|(row, _)| {
                let mut before = 0.0;
                row.iter().zip(&self.states).any(|(sum, state)| {
                    let probability = sum - before;
                    before = *sum;
                    *state == to && probability > 0.0
                })
            })
    }
}

fn advance_steps(steps: &[ProfileStep], position: &mut Position, tally: &mut Tally) -> Option<Move> {
    let (mut at, mut required, mut done) = match *position {
        Position::Step(at, required, done) => (at, required, done),
        _ => (0, 0, 0),
    };
    while steps
        .get(at)
        .is_some_and(|step| step.count.is_some_and(|count| done >= count))
    {
        (at, required, done) = (at + 1, 0, 0);
    }
    let step = steps.get(at)?;
    let new_session = required == 0 && done == 0;
    if new_session {
        tally.sessions += 1;
    }
    let next = step.requires.get(required);
    *position = match next {
        Some(_) => Position::Step(at, required + 1, done),
        None => Position::Step(at, required.max(1), done + 1),
    };
    Some(Move {
        transaction: next.copied().unwrap_or(step.transaction),
        new_session,
        measured: next.is_none(),
        think_time_s: Some(if next.is_none() { step.think_time_s } else { 0.0 }),
    })
}

fn cumulative(probabilities: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    probabilities
        .iter()
        .map(|p| {
            sum += p.max(0.0);
            sum
        })
        .collect()
}

/// An inner state, or `None` for Exit. A sum that misses 1 by rounding alone does not make a way to Exit.
fn draw(cumulative: &[f64], entry: bool, rng: &mut impl Rng) -> Option<usize> {
    const ROUNDING: f64 = 1e-9;
    let sum = cumulative.last().copied().unwrap_or(0.0);
    let span = if entry || sum > 1.0 - ROUNDING { sum } else { 1.0 };
    let at = random::unit(rng) * span;
    let found = cumulative.partition_point(|end| *end <= at);
    if found < cumulative.len() {
        return Some(found);
    }
    if entry || span == sum {
        cumulative.iter().position(|end| *end >= sum)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manual_graph() -> Walk {
        // The manual's example, section 4.4.
        let graph = Navigation {
            states: vec![4, 5, 6],
            entry: vec![0.0, 1.0, 0.0],
            rows: vec![vec![0.4, 0.2, 0.1], vec![0.3, 0.3, 0.3], vec![0.3, 0.4, 0.3]],
        };
        Walk::Graph(Graph::new(&graph))
    }

    #[test]
    fn observed_moves_fit_the_matrix() {
        let walk = manual_graph();
        let mut tally = walk.tally();
        let mut rng = random::user_stream(42, 0, 0);
        let mut position = Position::Entry;
        for _ in 0..100_000 {
            walk.advance(&mut position, &mut rng, &mut tally)
                .expect("endless");
        }
        assert_eq!(tally.transitions[0], [0, tally.sessions, 0, 0]);
        let rows = [[0.4, 0.2, 0.1, 0.3], [0.3, 0.3, 0.3, 0.1], [0.3, 0.4, 0.3, 0.0]];
        for (row, observed) in rows.iter().zip(&tally.transitions[1..]) {
            let total = observed.iter().sum::<u64>() as f64;
            let chi: f64 = row
                .iter()
                .zip(observed)
                .filter(|(p, _)| **p > 0.0)
                .map(|(p, n)| (*n as f64 - p * total).powi(2) / (p * total))
                .sum();
            // Three degrees of freedom: exceeded once in a thousand seeds.
            assert!(chi < 16.3, "{observed:?}");
            assert!(row.iter().zip(observed).all(|(p, n)| *p > 0.0 || *n == 0));
        }
    }

    #[test]
    fn followers_are_those_of_the_graph() {
        let walk = manual_graph();
        assert!(walk.can_follow(4, 5));
        assert!(!walk.can_follow(7, 5));
    }

    #[test]
    fn a_row_that_sums_to_one_by_rounding_never_exits() {
        let row = cumulative(&[0.1; 10]);
        let mut rng = random::user_stream(1, 0, 0);
        for _ in 0..10_000 {
            assert!(draw(&row, false, &mut rng).is_some());
        }
    }

    #[test]
    fn a_fixed_order_requires_once_and_counts() {
        let steps = vec![
            ProfileStep {
                requires: vec![9, 8],
                transaction: 1,
                count: Some(2),
                think_time_s: 0.5,
            },
            ProfileStep {
                requires: vec![],
                transaction: 2,
                count: Some(1),
                think_time_s: 0.0,
            },
        ];
        let walk = Walk::Steps(steps);
        let (mut position, mut tally) = (Position::Entry, walk.tally());
        let mut rng = random::user_stream(1, 0, 0);
        let moves: Vec<Move> = std::iter::from_fn(|| walk.advance(&mut position, &mut rng, &mut tally))
            .take(20)
            .collect();
        let seen: Vec<_> = moves
            .iter()
            .map(|m| (m.transaction, m.new_session, m.measured))
            .collect();
        assert_eq!(
            seen,
            [
                (9, true, false),
                (8, false, false),
                (1, false, true),
                (1, false, true),
                (2, true, true)
            ]
        );
        assert_eq!(moves[2].think_time_s, Some(0.5));
        assert_eq!(tally.sessions, 2);
        assert!(walk.can_follow(8, 1) && walk.can_follow(1, 1) && !walk.can_follow(1, 2));
    }
}
