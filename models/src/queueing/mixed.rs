//! Closed classes of users beside open streams of requests (LZGS 1984, sec. 7.4; Bolch et al. 2006, sec. 8.1.4).
//!
//! The open streams take their share of each centre first: what remains, `1 - U_open`, slows the closed classes as if
//! their demands were `D / (1 - U_open)`; the open requests then meet the closed ones' queues.

use super::multiclass::{self, ClassSolution, Method, MulticlassNetwork, MulticlassSolution};
use super::{QueueingError, StationKind};

/// Requests that arrive at a given rate, whatever the site does (Poisson).
#[derive(Debug, Clone, PartialEq)]
pub struct OpenClass {
    /// Name that messages and reports show.
    pub name: String,
    /// Arrivals per second.
    pub rate_per_s: f64,
    /// Service demand of one request at each centre, s.
    pub demands_s: Vec<f64>,
}

/// A mixed network in the steady state.
#[derive(Debug, Clone, PartialEq)]
pub struct MixedSolution {
    /// The closed classes; the utilizations count the open streams in.
    pub closed: MulticlassSolution,
    /// The open classes.
    pub open: Vec<ClassSolution>,
    /// How the closed part was solved.
    pub method: Method,
}

/// The steady state of closed classes and open streams over the same centres, single servers and delays. Without closed
/// users it is the open network, `R_ck = D_ck / (1 - U_k)`.
///
/// # Errors
/// What [`multiclass::solve`] refuses, an open stream that makes no sense, or one that overloads a centre by itself.
pub fn solve(network: &MulticlassNetwork, open: &[OpenClass]) -> Result<MixedSolution, QueueingError> {
    match network.validate() {
        Ok(()) | Err(QueueingError::NoUsers) => {}
        Err(other) => return Err(other),
    }
    let taken = open_utilization(network, open)?;
    let mut slowed = network.clone();
    for class in &mut slowed.classes {
        for (demand, taken) in class.demands_s.iter_mut().zip(&taken) {
            *demand /= 1.0 - taken;
        }
    }
    let (mut closed, method) = if network.users() > 0 {
        multiclass::solve(&slowed)?
    } else {
        let idle = vec![vec![0.0; network.centres.len()]; network.classes.len()];
        (slowed.solution(idle), Method::Exact)
    };
    for (index, centre) in network.centres.iter().enumerate() {
        if centre.kind != StationKind::Delay {
            let of_closed = closed.utilization[index] * (1.0 - taken[index]);
            closed.utilization[index] = (of_closed + taken[index]).min(1.0);
        }
    }
    let queue = |index: usize| -> f64 { closed.classes.iter().map(|class| class.queue[index]).sum() };
    let open = open.iter().map(|class| {
        let residence_s = network
            .centres
            .iter()
            .enumerate()
            .map(|(index, centre)| match centre.kind {
                StationKind::Delay => class.demands_s[index],
                _ => class.demands_s[index] * (1.0 + queue(index)) / (1.0 - taken[index]),
            });
        let residence_s: Vec<f64> = residence_s.collect();
        ClassSolution {
            throughput_per_s: class.rate_per_s,
            response_time_s: residence_s.iter().sum(),
            queue: residence_s.iter().map(|time| time * class.rate_per_s).collect(),
            residence_s,
        }
    });
    Ok(MixedSolution {
        open: open.collect(),
        closed,
        method,
    })
}

fn open_utilization(network: &MulticlassNetwork, open: &[OpenClass]) -> Result<Vec<f64>, QueueingError> {
    let is_amount = |value: &f64| value.is_finite() && *value >= 0.0;
    for class in open {
        let sane = is_amount(&class.rate_per_s) && class.demands_s.iter().all(is_amount);
        if !sane || class.demands_s.len() != network.centres.len() {
            let name = class.name.clone();
            let fault = "it needs a rate and one demand for each centre, finite and 0 or more";
            return Err(QueueingError::Class { name, fault });
        }
    }
    let centres = network.centres.iter().enumerate();
    let utilizations = centres.map(|(index, centre)| match centre.kind {
        StationKind::Delay => Ok(0.0),
        StationKind::Queueing { servers: 1 } => {
            let busy: f64 = open
                .iter()
                .map(|class| class.rate_per_s * class.demands_s[index])
                .sum();
            let name = centre.name.clone();
            if busy < 1.0 {
                Ok(busy)
            } else {
                Err(QueueingError::Overloaded { name })
            }
        }
        _ => Err(QueueingError::NotSingleServer),
    });
    utilizations.collect()
}
