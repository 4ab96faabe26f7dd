//! What can be wrong with a network.

use std::fmt;

/// Why a network cannot be solved.
#[derive(Debug, Clone, PartialEq)]
pub enum QueueingError {
    /// A station makes no sense.
    Station {
        /// Its name.
        name: String,
        /// What is wrong with it, a clause about "it".
        fault: &'static str,
    },
    /// A class of users or of arrivals makes no sense.
    Class {
        /// Its name.
        name: String,
        /// What is wrong with it, a clause about "it".
        fault: &'static str,
    },
    /// The think time is negative or no number.
    ThinkTime(f64),
    /// The number of users, or the population of every class, is zero.
    NoUsers,
    /// Neither a demand nor the think time is above zero, so throughput has no limit.
    NothingTakesTime,
    /// A method for single servers and delays was asked about another kind of station.
    NotSingleServer,
    /// An exact solution of several classes would take too long.
    TooManyStates {
        /// Number of population vectors.
        states: u64,
    },
    /// An approximation does not settle.
    NotConverged,
    /// More requests arrive than a station can serve.
    Overloaded {
        /// The station's name.
        name: String,
    },
    /// A rate of arrival is negative or no number, or a routing matrix lets nothing leave.
    Arrivals,
    /// A bound that holds without think time only was asked for a network with one.
    NotWithThinkTime,
    /// The figures exceed what double precision holds.
    OutOfRange,
}

impl fmt::Display for QueueingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Station { name, fault } => write!(f, "station {name}: {fault}"),
            Self::ThinkTime(value) => write!(f, "a think time of {value} s is not a finite time, 0 or more"),
            Self::NoUsers => f.write_str("a closed network needs at least one user"),
            Self::NothingTakesTime => {
                f.write_str("no station has a demand and there is no think time: nothing limits throughput")
            }
            Self::NotSingleServer => f.write_str("this method knows single servers and delays only"),
            Self::Class { name, fault } => write!(f, "class {name}: {fault}"),
            Self::TooManyStates { states } => {
                write!(
                    f,
                    "{states} population vectors are too many for the exact solution"
                )
            }
            Self::NotConverged => f.write_str("the approximation does not converge"),
            Self::Overloaded { name } => write!(f, "station {name}: more arrives than it can serve"),
            Self::Arrivals => {
                f.write_str("the arrivals need finite rates, 0 or more, and a way out of the network")
            }
            Self::NotWithThinkTime => f.write_str("this bound holds without think time only"),
            Self::OutOfRange => {
                f.write_str("the demands or the think time exceed the range of double precision")
            }
        }
    }
}

impl std::error::Error for QueueingError {}
