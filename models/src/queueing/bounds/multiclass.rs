//! Bounds for several classes of users, single servers and delays.
//!
//! Composite bounds in the manner of Kerola (Performance Evaluation 1986): what the other classes are sure to use of a
//! station is not there for this one.

use super::super::multiclass::{Class, MulticlassNetwork};
use super::super::{QueueingError, StationKind};

/// Limits of one class's throughput, per second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassBounds {
    /// Throughput is at least this.
    pub throughput_low_per_s: f64,
    /// Throughput is at most this.
    pub throughput_high_per_s: f64,
}

/// Asymptotic bounds: `N_c / (Z_c + N D_c) <= X_c <= min(N_c / (Z_c + D_c), 1 / D_c,max)`, where a request at worst finds
/// every other of the `N` users before it at each station, each costing it its own demand once more (the arrival theorem
/// for product-form stations).
///
/// # Errors
/// A network that [`MulticlassNetwork::validate`] refuses, or a centre that is neither a single server nor a delay.
pub fn asymptotic(network: &MulticlassNetwork) -> Result<Vec<ClassBounds>, QueueingError> {
    per_class(network, |class| {
        let others = network.users() as f64 - 1.0;
        class.think_time_s + total(class) + others * queueing(network, class).sum::<f64>()
    })
}

/// Balanced job bounds from below: the other users queue where this class is slowest, so that a request waits
/// `(N - 1) D_c,max` in all. The upper bound is the asymptotic one.
///
/// # Errors
/// As [`asymptotic`].
pub fn balanced_job(network: &MulticlassNetwork) -> Result<Vec<ClassBounds>, QueueingError> {
    per_class(network, |class| {
        let others = network.users() as f64 - 1.0;
        class.think_time_s + total(class) + others * queueing(network, class).fold(0.0, f64::max)
    })
}

/// Composite bounds: lower ones as [`balanced_job`], upper ones also by what the others leave of each station,
/// `X_c <= (1 - sum_other X_low D) / D_c`.
///
/// # Errors
/// As [`asymptotic`].
pub fn composite(network: &MulticlassNetwork) -> Result<Vec<ClassBounds>, QueueingError> {
    let mut all = balanced_job(network)?;
    let low: Vec<f64> = all.iter().map(|bounds| bounds.throughput_low_per_s).collect();
    for (c, class) in network.classes.iter().enumerate() {
        for (k, centre) in network.centres.iter().enumerate() {
            if centre.kind == StationKind::Delay || class.demands_s[k] == 0.0 {
                continue;
            }
            let others = network
                .classes
                .iter()
                .zip(&low)
                .enumerate()
                .filter(|(index, _)| *index != c);
            let taken: f64 = others.map(|(_, (other, low))| other.demands_s[k] * low).sum();
            let left = (1.0 - taken).max(0.0) / class.demands_s[k];
            all[c].throughput_high_per_s = all[c].throughput_high_per_s.min(left);
        }
    }
    Ok(all)
}

fn total(class: &Class) -> f64 {
    class.demands_s.iter().sum()
}

fn queueing<'a>(network: &'a MulticlassNetwork, class: &'a Class) -> impl Iterator<Item = f64> + 'a {
    let centres = network.centres.iter().zip(&class.demands_s);
    centres
        .filter(|(centre, _)| centre.kind != StationKind::Delay)
        .map(|(_, demand)| *demand)
}

fn per_class(
    network: &MulticlassNetwork,
    longest_cycle_s: impl Fn(&Class) -> f64,
) -> Result<Vec<ClassBounds>, QueueingError> {
    network.validate()?;
    let simple =
        |kind: &StationKind| matches!(kind, StationKind::Delay | StationKind::Queueing { servers: 1 });
    if !network.centres.iter().all(|centre| simple(&centre.kind)) {
        return Err(QueueingError::NotSingleServer);
    }
    let of_class = |class: &Class| {
        let users = f64::from(class.users);
        if class.users == 0 {
            return ClassBounds {
                throughput_low_per_s: 0.0,
                throughput_high_per_s: 0.0,
            };
        }
        let free = users / (class.think_time_s + total(class));
        let slowest = queueing(network, class).fold(0.0, f64::max);
        ClassBounds {
            throughput_low_per_s: users / longest_cycle_s(class),
            throughput_high_per_s: if slowest > 0.0 {
                free.min(slowest.recip())
            } else {
                free
            },
        }
    };
    Ok(network.classes.iter().map(of_class).collect())
}
