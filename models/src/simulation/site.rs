//! What a simulated site consists of.

mod validation;

pub use validation::SiteError;

use crate::distribution::Distribution;

/// A site with its users' behaviour. Indices into the lists name stations, pools and classes everywhere else.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Site {
    /// What serves.
    pub stations: Vec<Station>,
    /// What must be held while some stations are visited.
    pub pools: Vec<Pool>,
    /// Classes of transactions.
    pub classes: Vec<Class>,
    /// Probabilities of a session's first class; they sum to 1.
    pub entry: Vec<f64>,
    /// Row i: probabilities of the class after class i; the rest to 1 is the way to Exit.
    pub rows: Vec<Vec<f64>>,
    /// The load generator's own limit; `None` is a generator that costs nothing.
    pub generator: Option<Generator>,
}

/// A station: servers, the order in which they serve, and what changes their speed.
#[derive(Debug, Clone, PartialEq)]
pub struct Station {
    /// Name, such as `cpu of db1`.
    pub name: String,
    /// Who is served when.
    pub discipline: Discipline,
    /// What changes the speed or the demands; the factors multiply.
    pub effects: Vec<Effect>,
}

/// Who is served when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discipline {
    /// Each server takes the job that has waited longest and keeps it to its end.
    Fcfs {
        /// Number of servers.
        servers: u32,
    },
    /// All jobs share the servers equally; none gets more than one.
    ProcessorSharing {
        /// Number of servers.
        servers: u32,
    },
    /// Nobody waits: a server for each job (network, a service beyond the site).
    Delay,
}

/// What changes a station's speed. Factors on the demand by the number n of jobs present (waiting ones included) change the
/// speed of all servers at the instant at which n changes.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Clock falls as more is busy: 1 + loss min(1, (n-1)/(full_at-1)).
    Turbo {
        /// Loss in all, > 0: 0.15 is 15 % more time.
        loss: f64,
        /// Number of jobs from which it is there in full.
        full_at: u32,
    },
    /// Every job slows the others by the exchange of what they share: 1 + per_job (n-1).
    Coherency {
        /// Loss by each further job.
        per_job: f64,
    },
    /// Work done in groups costs less: 1 - gain min(1, (n-1)/(full_at-1)).
    Batching {
        /// Gain in all, 0..1.
        gain: f64,
        /// Number of jobs from which it is there in full.
        full_at: u32,
    },
    /// Beyond a concurrency each further job costs (paging, lock convoys): 1 + per_job max(0, n-beyond).
    Thrashing {
        /// Jobs that still do no harm.
        beyond: u32,
        /// Loss by each further job.
        per_job: f64,
    },
    /// Caches and compilers warm up: 1 + extra exp(-t/decay), t since the simulation's start.
    ColdStart {
        /// Additional share at the start.
        extra: f64,
        /// Time after which 1/e of it is left, s.
        decay_s: f64,
    },
    /// Something leaks: 1 + per_minute t/60.
    Leak {
        /// Additional share per minute.
        per_minute: f64,
    },
    /// The station stops from time to time (garbage collection).
    Pauses {
        /// Time from the end of a pause to the start of the next.
        every: Distribution,
        /// Length of a pause.
        length: Distribution,
        /// Servers that are busy with the pause itself.
        busy_servers: f64,
    },
    /// Two regimes that follow each other at random (a plan flips, a neighbour comes and goes).
    Bistable {
        /// Factor on the demand in the slow regime, > 0.
        slow: f64,
        /// Sojourn in the fast regime, the first one.
        fast_s: Distribution,
        /// Sojourn in the slow regime.
        slow_s: Distribution,
    },
}

/// Tokens of which a job holds one from a [`Step::Take`] to the [`Step::Return`]: threads, connections; of size 1 a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// Name, such as `connections to db1`.
    pub name: String,
    /// Number of tokens.
    pub size: u32,
    /// Jobs that may wait; the next one is answered with status 503. `None` = no limit.
    pub queue_limit: Option<u32>,
}

/// A class of transactions.
#[derive(Debug, Clone, PartialEq)]
pub struct Class {
    /// Name.
    pub name: String,
    /// What a transaction does, in order.
    pub route: Vec<Step>,
    /// Think time waited before it.
    pub think: Distribution,
    /// Time limit; `None` = none.
    pub timeout_s: Option<f64>,
    /// Share of the transactions that are answered with status 500 after all of their work, 0..1.
    pub failures: f64,
}

/// A step of a route.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Be served.
    Visit {
        /// Index of the station.
        station: usize,
        /// Work, s of a server at speed 1.
        demand: Distribution,
    },
    /// Wait for a token of this pool.
    Take(usize),
    /// Give it back.
    Return(usize),
}

/// The load generator as a station of its own, first come first served. The wait for it before sending is the lateness of
/// the record (scheduled to start); the sending itself and all that happens on receiving count as response time, as they do
/// in the load engine.
#[derive(Debug, Clone, PartialEq)]
pub struct Generator {
    /// Threads that drive the users.
    pub threads: u32,
    /// Work before a request is out.
    pub send: Distribution,
    /// Work on an answer.
    pub receive: Distribution,
}

impl Effect {
    /// Whether it acts by the number of jobs present.
    pub(super) fn is_load(&self) -> bool {
        matches!(
            self,
            Self::Turbo { .. } | Self::Coherency { .. } | Self::Batching { .. } | Self::Thrashing { .. }
        )
    }

    /// Whether it acts by the time since the start.
    pub(super) fn is_of_time(&self) -> bool {
        matches!(self, Self::ColdStart { .. } | Self::Leak { .. })
    }
}

impl Station {
    /// A station without effects.
    #[must_use]
    pub fn new(name: &str, discipline: Discipline) -> Self {
        Self {
            name: name.to_owned(),
            discipline,
            effects: Vec::new(),
        }
    }

    /// First come first served.
    #[must_use]
    pub fn fcfs(name: &str, servers: u32) -> Self {
        Self::new(name, Discipline::Fcfs { servers })
    }

    /// Processor sharing.
    #[must_use]
    pub fn sharing(name: &str, servers: u32) -> Self {
        Self::new(name, Discipline::ProcessorSharing { servers })
    }

    /// A delay.
    #[must_use]
    pub fn delay(name: &str) -> Self {
        Self::new(name, Discipline::Delay)
    }

    /// The same with one effect more.
    #[must_use]
    pub fn with(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }

    /// Number of servers; `None` where nobody waits.
    #[must_use]
    pub fn servers(&self) -> Option<u32> {
        match self.discipline {
            Discipline::Fcfs { servers } | Discipline::ProcessorSharing { servers } => Some(servers),
            Discipline::Delay => None,
        }
    }
}

impl Pool {
    /// A pool with an unlimited line before it.
    #[must_use]
    pub fn new(name: &str, size: u32) -> Self {
        Self {
            name: name.to_owned(),
            size,
            queue_limit: None,
        }
    }
}

impl Class {
    /// A class without time limit and failures.
    #[must_use]
    pub fn new(name: &str, route: Vec<Step>, think: Distribution) -> Self {
        Self {
            name: name.to_owned(),
            route,
            think,
            timeout_s: None,
            failures: 0.0,
        }
    }
}

impl Step {
    /// A visit.
    #[must_use]
    pub fn visit(station: usize, demand: Distribution) -> Self {
        Self::Visit { station, demand }
    }
}

impl Site {
    /// A site where every session is one transaction of one class.
    #[must_use]
    pub fn of_one_class(stations: Vec<Station>, class: Class) -> Self {
        Self {
            stations,
            classes: vec![class],
            entry: vec![1.0],
            rows: vec![vec![0.0]],
            ..Self::default()
        }
    }
}
