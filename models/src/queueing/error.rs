//! What can be wrong with a network.

use thiserror::Error;

/// Why a network cannot be solved.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum QueueingError {
    /// A station makes no sense.
    #[error("station {name}: {fault}")]
    Station {
        /// Its name.
        name: String,
        /// What is wrong with it, a clause about "it".
        fault: &'static str,
    },
    /// A class of users or of arrivals makes no sense.
    #[error("class {name}: {fault}")]
    Class {
        /// Its name.
        name: String,
        /// What is wrong with it, a clause about "it".
        fault: &'static str,
    },
    /// The think time is negative or no number.
    #[error("a think time of {0} s is not a finite time, 0 or more")]
    ThinkTime(f64),
    /// The number of users, or the population of every class, is zero.
    #[error("a closed network needs at least one user")]
    NoUsers,
    /// Neither a demand nor the think time is above zero, so throughput has no limit.
    #[error("no station has a demand and there is no think time: nothing limits throughput")]
    NothingTakesTime,
    /// A method for single servers and delays was asked about another kind of station.
    #[error("this method knows single servers and delays only")]
    NotSingleServer,
    /// An exact solution of several classes would take too long.
    #[error("{states} population vectors are too many for the exact solution")]
    TooManyStates {
        /// Number of population vectors.
        states: u64,
    },
    /// An approximation does not settle.
    #[error("the approximation does not converge")]
    NotConverged,
    /// More requests arrive than a station can serve.
    #[error("station {name}: more arrives than it can serve")]
    Overloaded {
        /// The station's name.
        name: String,
    },
    /// A rate of arrival is negative or no number, or a routing matrix lets nothing leave.
    #[error("the arrivals need finite rates, 0 or more, and a way out of the network")]
    Arrivals,
    /// A bound that holds without think time only was asked for a network with one.
    #[error("this bound holds without think time only")]
    NotWithThinkTime,
    /// The figures exceed what double precision holds.
    #[error("the demands or the think time exceed the range of double precision")]
    OutOfRange,
}
