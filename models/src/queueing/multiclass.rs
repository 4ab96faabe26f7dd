//! Several populations of users with demands of their own: exact mean value analysis (Reiser & Lavenberg 1980; LZGS 1984,
//! ch. 7), and the choice between it and the approximation.
//!
//! Users who walk one navigation graph are one population, however many kinds of transaction it has: such a site is a
//! [`super::ClosedNetwork`] on the demands averaged over the mix. This module is for populations that do not mix.

use super::{QueueingError, StationKind, approximate};

/// Most population vectors that [`solve_exact`] walks through.
pub const MAX_STATES: u64 = 10_000_000;

/// A resource that several classes share.
#[derive(Debug, Clone, PartialEq)]
pub struct Centre {
    /// Name that messages and reports show.
    pub name: String,
    /// How it serves; load-dependent rates are not solved for several classes.
    pub kind: StationKind,
}

/// A population of alike users.
#[derive(Debug, Clone, PartialEq)]
pub struct Class {
    /// Name that messages and reports show.
    pub name: String,
    /// How many users it has; a class without any is left out, its results are zero.
    pub users: u32,
    /// Mean think time, s.
    pub think_time_s: f64,
    /// Service demand of one request at each centre, s.
    pub demands_s: Vec<f64>,
}

/// A closed network of several classes.
#[derive(Debug, Clone, PartialEq)]
pub struct MulticlassNetwork {
    /// The resources.
    pub centres: Vec<Centre>,
    /// The populations.
    pub classes: Vec<Class>,
}

/// One class in the steady state; all zero for a class without users.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClassSolution {
    /// Requests answered per second.
    pub throughput_per_s: f64,
    /// Mean response time, s.
    pub response_time_s: f64,
    /// Mean time at each centre over all visits, s.
    pub residence_s: Vec<f64>,
    /// Mean number of the class's requests at each centre.
    pub queue: Vec<f64>,
}

/// A closed network of several classes in the steady state.
#[derive(Debug, Clone, PartialEq)]
pub struct MulticlassSolution {
    /// Results of each class.
    pub classes: Vec<ClassSolution>,
    /// Share of each centre's servers in use, 0..1; 0 for a delay.
    pub utilization: Vec<f64>,
}

/// How a solution was obtained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Exact mean value analysis.
    Exact,
    /// The Linearizer approximation, because the exact one is too large or does not know several servers.
    Linearizer,
}

impl MulticlassNetwork {
    /// A network of single-server queues from `demands_s[class][centre]`.
    #[must_use]
    pub fn of_single_servers(demands_s: &[Vec<f64>], users: &[u32], think_times_s: &[f64]) -> Self {
        let centres = demands_s.first().map_or(0, Vec::len);
        let centre = |index: usize| Centre {
            name: format!("station {}", index + 1),
            kind: StationKind::Queueing { servers: 1 },
        };
        let classes = demands_s.iter().zip(users).zip(think_times_s).enumerate();
        let class = |(index, ((demands_s, users), think_time_s)): (usize, ((&Vec<f64>, &u32), &f64))| Class {
            name: format!("class {}", index + 1),
            users: *users,
            think_time_s: *think_time_s,
            demands_s: demands_s.clone(),
        };
        Self {
            centres: (0..centres).map(centre).collect(),
            classes: classes.map(class).collect(),
        }
    }

    /// Checks that the network makes sense.
    ///
    /// # Errors
    /// The first centre or class at fault, or no users at all.
    pub fn validate(&self) -> Result<(), QueueingError> {
        for centre in &self.centres {
            let fault = match &centre.kind {
                StationKind::Queueing { servers: 0 } => "it needs at least one server",
                StationKind::LoadDependent(_) => "rates that depend on load are solved for one class only",
                _ => continue,
            };
            let name = centre.name.clone();
            return Err(QueueingError::Station { name, fault });
        }
        for class in &self.classes {
            if let Some(fault) = self.fault(class) {
                let name = class.name.clone();
                return Err(QueueingError::Class { name, fault });
            }
        }
        if self.classes.iter().all(|class| class.users == 0) {
            return Err(QueueingError::NoUsers);
        }
        Ok(())
    }

    fn fault(&self, class: &Class) -> Option<&'static str> {
        let is_time = |value: &f64| value.is_finite() && *value >= 0.0;
        let cycle_s = class.think_time_s + class.demands_s.iter().sum::<f64>();
        let most = cycle_s * f64::from(self.users().min(u64::from(u32::MAX)) as u32);
        if class.demands_s.len() != self.centres.len() {
            Some("it needs one demand for each centre")
        } else if !class.demands_s.iter().all(is_time) {
            Some("its demands must be finite numbers of seconds, 0 or more")
        } else if !is_time(&class.think_time_s) {
            Some("its think time must be a finite number of seconds, 0 or more")
        } else if class.users > 0 && cycle_s == 0.0 {
            Some("it has users, but neither a demand nor a think time")
        } else if class.users > 0 && !(most.is_finite() && cycle_s.recip().is_finite()) {
            Some("its times exceed the range of double precision")
        } else {
            None
        }
    }

    /// Users of all classes.
    #[must_use]
    pub fn users(&self) -> u64 {
        self.classes.iter().map(|class| u64::from(class.users)).sum()
    }

    /// Number of population vectors `prod (N_c + 1)` that the exact solution walks through, saturating.
    #[must_use]
    pub fn states(&self) -> u64 {
        self.classes.iter().fold(1, |states: u64, class| {
            states.saturating_mul(u64::from(class.users) + 1)
        })
    }

    /// Results from the residence times of each class.
    pub(crate) fn solution(&self, residence_s: Vec<Vec<f64>>) -> MulticlassSolution {
        let classes: Vec<ClassSolution> = self
            .classes
            .iter()
            .zip(residence_s)
            .map(|(class, residence_s)| class_solution(class, residence_s))
            .collect();
        let busy = |index: usize| -> f64 {
            let pairs = self.classes.iter().zip(&classes);
            pairs
                .map(|(class, solved)| class.demands_s[index] * solved.throughput_per_s)
                .sum()
        };
        let share = |(index, centre): (usize, &Centre)| match centre.kind {
            StationKind::Queueing { servers } => (busy(index) / f64::from(servers)).min(1.0),
            _ => 0.0,
        };
        let utilization = self.centres.iter().enumerate().map(share).collect();
        MulticlassSolution { classes, utilization }
    }
}

fn class_solution(class: &Class, residence_s: Vec<f64>) -> ClassSolution {
    if class.users == 0 {
        let zeros = vec![0.0; residence_s.len()];
        return ClassSolution {
            residence_s: zeros.clone(),
            queue: zeros,
            ..ClassSolution::default()
        };
    }
    let response_time_s: f64 = residence_s.iter().sum();
    let throughput_per_s = f64::from(class.users) / (class.think_time_s + response_time_s);
    ClassSolution {
        throughput_per_s,
        response_time_s,
        queue: residence_s.iter().map(|time| time * throughput_per_s).collect(),
        residence_s,
    }
}

/// The steady state by the best method that can: exact where the states are few and all centres single servers or
/// delays, the Linearizer otherwise.
///
/// # Errors
/// A network that [`MulticlassNetwork::validate`] refuses, or an approximation that does not converge.
pub fn solve(network: &MulticlassNetwork) -> Result<(MulticlassSolution, Method), QueueingError> {
    match solve_exact(network) {
        Ok(solution) => Ok((solution, Method::Exact)),
        Err(QueueingError::TooManyStates { .. } | QueueingError::NotSingleServer) => {
            Ok((approximate::linearizer(network)?, Method::Linearizer))
        }
        Err(other) => Err(other),
    }
}

/// The exact steady state, in O(states x classes x centres): over all population vectors `n <= N`,
/// `R_ck = D_ck (1 + Q_k(n - 1_c))`, `X_c = n_c / (Z_c + sum_k R_ck)`, `Q_k = sum_c X_c R_ck`.
///
/// # Errors
/// A network that [`MulticlassNetwork::validate`] refuses, more than [`MAX_STATES`] states, or a centre that is neither
/// a single server nor a delay.
pub fn solve_exact(network: &MulticlassNetwork) -> Result<MulticlassSolution, QueueingError> {
    network.validate()?;
    let simple =
        |kind: &StationKind| matches!(kind, StationKind::Delay | StationKind::Queueing { servers: 1 });
    if !network.centres.iter().all(|centre| simple(&centre.kind)) {
        return Err(QueueingError::NotSingleServer);
    }
    let states = network.states();
    if states > MAX_STATES {
        return Err(QueueingError::TooManyStates { states });
    }
    let mut walk = Walk::new(network);
    walk.run();
    Ok(network.solution(walk.residence_s))
}

/// The walk through all population vectors. The largest class is the outermost: only the queues of its present and its
/// last number of users are kept.
struct Walk<'a> {
    network: &'a MulticlassNetwork,
    outer: usize,
    /// Distance of neighbours in each inner class; unused for the outer one.
    stride: Vec<usize>,
    slab: usize,
    /// Total queue at each centre, for each inner population: with the outer class as it is, and with one user less.
    now: Vec<f64>,
    before: Vec<f64>,
    residence_s: Vec<Vec<f64>>,
}

impl<'a> Walk<'a> {
    fn new(network: &'a MulticlassNetwork) -> Self {
        let classes = &network.classes;
        let outer = (0..classes.len())
            .max_by_key(|index| classes[*index].users)
            .unwrap_or(0);
        let (mut stride, mut slab) = (vec![0; classes.len()], 1);
        for (index, class) in classes.iter().enumerate().filter(|(index, _)| *index != outer) {
            stride[index] = slab;
            slab *= class.users as usize + 1;
        }
        let centres = network.centres.len();
        Self {
            network,
            outer,
            stride,
            slab,
            now: vec![0.0; slab * centres],
            before: vec![0.0; slab * centres],
            residence_s: vec![vec![0.0; centres]; classes.len()],
        }
    }

    fn run(&mut self) {
        let classes = &self.network.classes;
        let mut population = vec![0; classes.len()];
        for outer_users in 0..=classes[self.outer].users {
            population[self.outer] = outer_users;
            for state in 0..self.slab {
                for (index, class) in classes
                    .iter()
                    .enumerate()
                    .filter(|(index, _)| *index != self.outer)
                {
                    population[index] = (state / self.stride[index] % (class.users as usize + 1)) as u32;
                }
                self.visit(state, &population);
            }
            std::mem::swap(&mut self.now, &mut self.before);
        }
    }

    fn visit(&mut self, state: usize, population: &[u32]) {
        let centres = self.network.centres.len();
        let here = state * centres;
        self.now[here..here + centres].fill(0.0);
        for (index, class) in self
            .network
            .classes
            .iter()
            .enumerate()
            .filter(|(index, _)| population[*index] > 0)
        {
            let (queues, from) = if index == self.outer {
                (&self.before, here)
            } else {
                (&self.now, here - self.stride[index] * centres)
            };
            let mut cycle_s = class.think_time_s;
            let residence_s = &mut self.residence_s[index];
            for (k, centre) in self.network.centres.iter().enumerate() {
                let waiting = if centre.kind == StationKind::Delay {
                    0.0
                } else {
                    queues[from + k]
                };
                residence_s[k] = class.demands_s[k] * (1.0 + waiting);
                cycle_s += residence_s[k];
            }
            let throughput = f64::from(population[index]) / cycle_s;
            for (k, residence_s) in residence_s.iter().enumerate() {
                self.now[here + k] += throughput * residence_s;
            }
        }
    }
}
