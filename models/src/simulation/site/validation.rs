//! What makes a site one that can be run.

use super::{Class, Effect, Site, Step};
use crate::distribution::{Distribution, DistributionError};

/// Why a site cannot be simulated.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SiteError {
    /// There is no class, or too many (at most 65534), or too many pools (at most 64), or a route of 65533 steps or more.
    #[error("a site has 1 to 65534 classes with at most 65532 steps each, and at most 64 pools")]
    Size,
    /// The graph has not one row and one column for each class.
    #[error("entry and rows need one figure for each of the {classes} classes")]
    Shape {
        /// Number of classes.
        classes: usize,
    },
    /// A row is no probability law: `row` counts from 0, `None` is the entry.
    #[error("the probabilities of row {row:?} (None: entry) are not between 0 and 1 or sum to {sum}")]
    Probabilities {
        /// Which row.
        row: Option<usize>,
        /// Its sum.
        sum: f64,
    },
    /// A route names a station or a pool that is not there.
    #[error("step {step} of {class} names a station or a pool that is not there")]
    Unknown {
        /// Name of the class.
        class: String,
        /// Index of the step.
        step: usize,
    },
    /// A pool is taken twice, returned without having been taken, or kept beyond the route's end.
    #[error("{class} does not return every token that it takes exactly once (pool {pool})")]
    Unbalanced {
        /// Name of the class.
        class: String,
        /// Name of the pool.
        pool: String,
    },
    /// Two routes take pools in opposite orders and could wait for each other for ever.
    #[error("pools are taken in an order that can lock up (pool {pool})")]
    Deadlock {
        /// Name of a pool on the circle.
        pool: String,
    },
    /// A station, a pool or the generator without a server.
    #[error("{name} has no server or token")]
    NoServer {
        /// Its name.
        name: String,
    },
    /// A law is none.
    #[error("{place}: {error}")]
    Law {
        /// Where it stands.
        place: String,
        /// What is wrong with it.
        error: DistributionError,
    },
    /// A parameter of an effect, a time limit or a share of failures is out of its range.
    #[error("a parameter of {place} is out of range")]
    Parameter {
        /// Where it stands.
        place: String,
    },
    /// A transaction takes no time, or none before it may be refused, so that the clock could stand still.
    #[error("{class} has neither think time nor demand (before a pool that refuses)")]
    NoTime {
        /// Name of the class.
        class: String,
    },
}

impl Site {
    /// Whether the site can be simulated.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn validate(&self) -> Result<(), SiteError> {
        let classes = self.classes.len();
        let long = |class: &Class| class.route.len() >= usize::from(u16::MAX) - 2;
        if classes == 0
            || classes >= usize::from(u16::MAX)
            || self.pools.len() > 64
            || self.classes.iter().any(long)
        {
            return Err(SiteError::Size);
        }
        self.validate_graph()?;
        self.validate_stations()?;
        self.classes
            .iter()
            .try_for_each(|class| self.validate_class(class))?;
        self.validate_order_of_pools()
    }

    fn validate_graph(&self) -> Result<(), SiteError> {
        let classes = self.classes.len();
        let shape = self.entry.len() == classes && self.rows.len() == classes;
        if !shape || self.rows.iter().any(|row| row.len() != classes) {
            return Err(SiteError::Shape { classes });
        }
        let rows = self
            .rows
            .iter()
            .enumerate()
            .map(|(index, row)| (Some(index), row));
        for (row, probabilities) in std::iter::once((None, &self.entry)).chain(rows) {
            let sum: f64 = probabilities.iter().sum();
            let least = if row.is_none() { 1.0 - 1e-9 } else { 0.0 };
            let each = probabilities.iter().all(|p| (0.0..=1.0).contains(p));
            if !each || !(least..=1.0 + 1e-9).contains(&sum) {
                return Err(SiteError::Probabilities { row, sum });
            }
        }
        Ok(())
    }

    fn validate_stations(&self) -> Result<(), SiteError> {
        let no_server = |name: &str| SiteError::NoServer {
            name: name.to_owned(),
        };
        for station in &self.stations {
            if station.servers() == Some(0) {
                return Err(no_server(&station.name));
            }
            for effect in &station.effects {
                validate_effect(effect, &station.name)?;
            }
        }
        if let Some(pool) = self.pools.iter().find(|pool| pool.size == 0) {
            return Err(no_server(&pool.name));
        }
        let Some(generator) = &self.generator else {
            return Ok(());
        };
        if generator.threads == 0 {
            return Err(no_server("the generator"));
        }
        law(&generator.send, "the generator")?;
        law(&generator.receive, "the generator")
    }

    fn validate_class(&self, class: &Class) -> Result<(), SiteError> {
        law(&class.think, &class.name)?;
        let limit = class
            .timeout_s
            .is_none_or(|limit| limit.is_finite() && limit > 0.0);
        if !limit || !(0.0..=1.0).contains(&class.failures) {
            return Err(parameter(&class.name));
        }
        let mut held = vec![false; self.pools.len()];
        let unbalanced = |pool: usize| SiteError::Unbalanced {
            class: class.name.clone(),
            pool: self.pools[pool].name.clone(),
        };
        let no_time = || SiteError::NoTime {
            class: class.name.clone(),
        };
        let mut time_s = class.think.mean();
        for (index, step) in class.route.iter().enumerate() {
            let unknown = SiteError::Unknown {
                class: class.name.clone(),
                step: index,
            };
            match step {
                Step::Visit { station, demand } if *station < self.stations.len() => {
                    law(demand, &class.name)?;
                    time_s += demand.mean();
                }
                Step::Take(pool) | Step::Return(pool) if *pool < held.len() => {
                    let takes = matches!(step, Step::Take(_));
                    // Refused again and again at one and the same instant, a user would stop the clock.
                    if takes && time_s <= 0.0 && self.pools[*pool].queue_limit.is_some() {
                        return Err(no_time());
                    }
                    if held[*pool] == takes {
                        return Err(unbalanced(*pool));
                    }
                    held[*pool] = takes;
                }
                _ => return Err(unknown),
            }
        }
        if let Some(pool) = held.iter().position(|held| *held) {
            return Err(unbalanced(pool));
        }
        if time_s <= 0.0 {
            return Err(no_time());
        }
        Ok(())
    }

    /// Looks for a circle in the relation "is held while the other one is taken".
    fn validate_order_of_pools(&self) -> Result<(), SiteError> {
        let mut before = vec![0_u64; self.pools.len()];
        for class in &self.classes {
            let mut held = 0_u64;
            for step in &class.route {
                match step {
                    Step::Take(pool) => {
                        before[*pool] |= held;
                        held |= 1 << pool;
                    }
                    Step::Return(pool) => held &= !(1 << pool),
                    Step::Visit { .. } => {}
                }
            }
        }
        // Pools that wait for none of those left are taken away until nothing changes (Kahn 1962).
        let mut left = u64::MAX;
        for _ in 0..self.pools.len() {
            let free =
                (0..self.pools.len()).filter(|pool| left & (1 << pool) != 0 && before[*pool] & left == 0);
            left = free
                .collect::<Vec<_>>()
                .iter()
                .fold(left, |left, pool| left & !(1 << pool));
        }
        let circle = (0..self.pools.len()).find(|pool| left & (1 << pool) != 0);
        circle.map_or(Ok(()), |pool| {
            Err(SiteError::Deadlock {
                pool: self.pools[pool].name.clone(),
            })
        })
    }
}

fn parameter(place: &str) -> SiteError {
    SiteError::Parameter {
        place: place.to_owned(),
    }
}

fn law(law: &Distribution, place: &str) -> Result<(), SiteError> {
    law.validate().map_err(|error| SiteError::Law {
        place: place.to_owned(),
        error,
    })
}

fn validate_effect(effect: &Effect, place: &str) -> Result<(), SiteError> {
    let share = |value: f64| value.is_finite() && value >= 0.0;
    let good = match effect {
        Effect::Turbo { loss, .. } => share(*loss),
        Effect::Coherency { per_job } | Effect::Thrashing { per_job, .. } => share(*per_job),
        Effect::Batching { gain, .. } => (0.0..1.0).contains(gain),
        Effect::ColdStart { extra, decay_s } => share(*extra) && decay_s.is_finite() && *decay_s > 0.0,
        Effect::Leak { per_minute } => share(*per_minute),
        Effect::Pauses {
            every,
            length,
            busy_servers,
        } => {
            law(every, place)?;
            law(length, place)?;
            share(*busy_servers) && every.mean() > 0.0
        }
        Effect::Bistable { slow, fast_s, slow_s } => {
            law(fast_s, place)?;
            law(slow_s, place)?;
            slow.is_finite() && *slow > 0.0 && fast_s.mean() + slow_s.mean() > 0.0
        }
    };
    if good { Ok(()) } else { Err(parameter(place)) }
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use super::*;

    fn site(route: Vec<Step>) -> Site {
        let class = Class::new("page", route, Distribution::Constant(1.0));
        let mut site = Site::of_one_class(vec![Station::fcfs("cpu", 1)], class);
        site.pools = vec![Pool::new("threads", 2), Pool::new("lock", 1)];
        site
    }

    fn visit() -> Step {
        Step::visit(0, Distribution::Exponential { mean: 0.1 })
    }

    #[test]
    fn a_whole_site_is_accepted() {
        use Step::{Return, Take};
        assert_eq!(
            site(vec![Take(0), Take(1), visit(), Return(1), Return(0)]).validate(),
            Ok(())
        );
    }

    #[test]
    fn tokens_must_be_taken_and_returned_once() {
        use Step::{Return, Take};
        for route in [
            vec![Take(0), visit()],
            vec![Return(0)],
            vec![Take(0), Take(0), Return(0), Return(0)],
        ] {
            assert!(matches!(
                site(route).validate(),
                Err(SiteError::Unbalanced { .. })
            ));
        }
        assert!(matches!(
            site(vec![Take(2)]).validate(),
            Err(SiteError::Unknown { step: 0, .. })
        ));
    }

    #[test]
    fn opposite_orders_of_locks_are_refused() {
        use Step::{Return, Take};
        let mut twice = site(vec![Take(0), Take(1), visit(), Return(1), Return(0)]);
        let mut other = twice.classes[0].clone();
        other.route = vec![Take(1), Take(0), visit(), Return(0), Return(1)];
        twice.classes.push(other);
        twice.entry = vec![0.5, 0.5];
        twice.rows = vec![vec![0.0; 2]; 2];
        assert!(matches!(twice.validate(), Err(SiteError::Deadlock { .. })));
        twice.classes[1].route = vec![Take(1), visit(), Return(1), Take(0), Return(0)];
        assert_eq!(twice.validate(), Ok(()));
    }

    #[test]
    fn what_cannot_run_is_named() {
        let whole = site(vec![visit()]);
        let broken = |change: fn(&mut Site)| {
            let mut site = whole.clone();
            change(&mut site);
            site.validate().unwrap_err()
        };
        assert_eq!(broken(|s| s.classes.clear()), SiteError::Size);
        assert_eq!(broken(|s| s.rows.clear()), SiteError::Shape { classes: 1 });
        assert!(matches!(
            broken(|s| s.entry[0] = 0.9),
            SiteError::Probabilities { row: None, .. }
        ));
        assert!(matches!(
            broken(|s| s.rows[0][0] = 1.1),
            SiteError::Probabilities { row: Some(0), .. }
        ));
        assert!(matches!(
            broken(|s| s.rows[0][0] = f64::NAN),
            SiteError::Probabilities { .. }
        ));
        assert!(matches!(
            broken(|s| s.stations[0].discipline = Discipline::Fcfs { servers: 0 }),
            SiteError::NoServer { .. }
        ));
        assert!(matches!(
            broken(|s| s.pools[0].size = 0),
            SiteError::NoServer { .. }
        ));
        assert!(matches!(
            broken(|s| s.classes[0].timeout_s = Some(0.0)),
            SiteError::Parameter { .. }
        ));
        assert!(matches!(
            broken(|s| s.stations[0].effects.push(Effect::Batching {
                gain: 1.0,
                full_at: 3
            })),
            SiteError::Parameter { .. }
        ));
        assert!(matches!(
            broken(|s| s.classes[0].think = Distribution::Constant(-1.0)),
            SiteError::Law { .. }
        ));
        let idle = |s: &mut Site| {
            s.classes[0].think = Distribution::Constant(0.0);
            s.classes[0].route.clear();
        };
        assert!(matches!(broken(idle), SiteError::NoTime { .. }));
        let refused_at_once = |s: &mut Site| {
            s.classes[0].think = Distribution::Constant(0.0);
            s.pools[0].queue_limit = Some(0);
            s.classes[0].route = vec![Step::Take(0), visit(), Step::Return(0)];
        };
        assert!(matches!(broken(refused_at_once), SiteError::NoTime { .. }));
    }
}
