//! Closed and open queueing networks: what a site's service demands imply for throughput and response time.
//!
//! All users of autoperf walk one navigation graph, so a site is one closed chain: its exact solution is the single-class
//! one on the demands averaged over the mix (LZGS 1984, ch. 7). Several populations need the multi-class solvers.
//!
//! | question | solver |
//! |---|---|
//! | limits that need no iteration, saturation point N* | [`bounds`] |
//! | single-server stations, one chain | [`mva`] |
//! | several servers per station, rates that depend on load | [`multiserver`] |
//! | several populations, exactly | [`multiclass`] |
//! | several populations, large or with several servers | [`approximate`] |
//! | arrivals at a given rate | [`open`] |
//! | arrivals at a given rate beside populations | [`mixed`] |
//!
//! Units: demands and times in seconds, throughput in requests per second.

pub mod approximate;
pub mod bounds;
mod convolution;
mod error;
pub mod mixed;
pub mod multiclass;
pub mod multiserver;
pub mod mva;
pub mod open;
mod scaled;

pub use error::QueueingError;

/// How a station serves those who are present.
#[derive(Debug, Clone, PartialEq)]
pub enum StationKind {
    /// A queue in front of `servers` equal servers (FCFS with exponential service, or processor sharing with any law).
    Queueing {
        /// Number of servers, at least 1.
        servers: u32,
    },
    /// No queue: everyone present is served at once.
    Delay,
    /// Relative service rates `alpha(1), alpha(2), ...` with 1, 2, ... requests present, each > 0; a rate of 1 is the
    /// rate that the demand was stated for. The last one holds for all larger numbers.
    LoadDependent(Vec<f64>),
}

/// One resource of a site.
#[derive(Debug, Clone, PartialEq)]
pub struct Station {
    /// Name that messages and reports show.
    pub name: String,
    /// Service demand of one request over all of its visits, s: the time that one server is busy for it.
    pub demand_s: f64,
    /// How it serves.
    pub kind: StationKind,
}

impl Station {
    /// A queue with one server.
    #[must_use]
    pub fn single(name: &str, demand_s: f64) -> Self {
        Self::queueing(name, demand_s, 1)
    }

    /// A queue with `servers` servers.
    #[must_use]
    pub fn queueing(name: &str, demand_s: f64, servers: u32) -> Self {
        Self::of_kind(name, demand_s, StationKind::Queueing { servers })
    }

    /// A delay without queueing.
    #[must_use]
    pub fn delay(name: &str, demand_s: f64) -> Self {
        Self::of_kind(name, demand_s, StationKind::Delay)
    }

    /// A queue whose capacity need not be a whole number of servers, such as a processor quota.
    ///
    /// Convention: below one server the single server is slowed down (demand `demand_s / servers`), because a quota of
    /// half a core stretches even a lone request; above one, `j` requests are served at rate `min(j, servers)`, so a
    /// quota of 2.5 cores gives the rates 1, 2, 2.5. A capacity that is not a positive number leaves a station that
    /// [`ClosedNetwork::validate`] refuses.
    #[must_use]
    pub fn with_capacity(name: &str, demand_s: f64, servers: f64) -> Self {
        let whole = servers.floor();
        if !(servers > 0.0 && servers < f64::from(u32::MAX)) {
            return Self::of_kind(name, demand_s, StationKind::LoadDependent(Vec::new()));
        }
        if servers <= 1.0 {
            return Self::single(name, demand_s / servers);
        }
        if servers == whole {
            return Self::queueing(name, demand_s, whole as u32);
        }
        let rates = (1..=whole as u32).map(f64::from).chain([servers]);
        Self::of_kind(name, demand_s, StationKind::LoadDependent(rates.collect()))
    }

    fn of_kind(name: &str, demand_s: f64, kind: StationKind) -> Self {
        Self {
            name: name.to_owned(),
            demand_s,
            kind,
        }
    }

    /// Relative service rate alpha(`present`) with that many requests here (> 0).
    #[must_use]
    pub fn rate(&self, present: u32) -> f64 {
        match &self.kind {
            StationKind::Queueing { servers } => f64::from(present.min(*servers)),
            StationKind::Delay => f64::from(present),
            StationKind::LoadDependent(rates) => {
                let index = (present.max(1) as usize).min(rates.len()).saturating_sub(1);
                rates.get(index).copied().unwrap_or(0.0)
            }
        }
    }

    /// The largest relative rate it ever reaches; `None` for a delay, which has no limit.
    #[must_use]
    pub fn capacity(&self) -> Option<f64> {
        match &self.kind {
            StationKind::Queueing { servers } => Some(f64::from(*servers)),
            StationKind::Delay => None,
            StationKind::LoadDependent(rates) => Some(rates.iter().copied().fold(0.0, f64::max)),
        }
    }

    /// Share of the station's capacity in use at the given throughput, 0..1: `X D / m` (utilization law, Denning & Buzen
    /// 1978). 0 for a delay, which cannot be exhausted.
    #[must_use]
    pub fn utilization(&self, throughput_per_s: f64) -> f64 {
        match self.capacity() {
            Some(capacity) if capacity > 0.0 => (throughput_per_s * self.demand_s / capacity).clamp(0.0, 1.0),
            _ => 0.0,
        }
    }

    fn check(&self) -> Result<(), QueueingError> {
        let name = self.name.clone();
        self.fault()
            .map_or(Ok(()), |fault| Err(QueueingError::Station { name, fault }))
    }

    fn fault(&self) -> Option<&'static str> {
        if !self.demand_s.is_finite() || self.demand_s < 0.0 {
            return Some("its demand must be a finite number of seconds, 0 or more");
        }
        match &self.kind {
            StationKind::Queueing { servers: 0 } => Some("it needs at least one server"),
            StationKind::LoadDependent(rates) if rates.is_empty() => {
                Some("it needs at least one service rate")
            }
            StationKind::LoadDependent(rates)
                if rates.iter().any(|rate| !rate.is_finite() || *rate <= 0.0) =>
            {
                Some("its service rates must be finite and above 0")
            }
            _ => None,
        }
    }
}

/// A closed site: users who think, then visit the stations, for ever.
#[derive(Debug, Clone, PartialEq)]
pub struct ClosedNetwork {
    /// The resources.
    pub stations: Vec<Station>,
    /// Mean think time between an answer and the next request, s.
    pub think_time_s: f64,
}

impl ClosedNetwork {
    /// A network of single-server queues.
    #[must_use]
    pub fn of_single_servers(demands_s: &[f64], think_time_s: f64) -> Self {
        let stations = demands_s.iter().enumerate();
        Self {
            stations: stations
                .map(|(index, demand_s)| Station::single(&format!("station {}", index + 1), *demand_s))
                .collect(),
            think_time_s,
        }
    }

    /// Sum of the demands, s.
    #[must_use]
    pub fn total_demand_s(&self) -> f64 {
        self.stations.iter().map(|station| station.demand_s).sum()
    }

    /// Checks that the network can be solved for `users` users.
    ///
    /// # Errors
    /// The first station at fault, a think time that is no time, no user, or nothing that takes time.
    pub fn validate(&self, users: u32) -> Result<(), QueueingError> {
        self.stations.iter().try_for_each(Station::check)?;
        if !self.think_time_s.is_finite() || self.think_time_s < 0.0 {
            return Err(QueueingError::ThinkTime(self.think_time_s));
        }
        if users == 0 {
            return Err(QueueingError::NoUsers);
        }
        let cycle_s = self.total_demand_s() + self.think_time_s;
        if cycle_s == 0.0 {
            return Err(QueueingError::NothingTakesTime);
        }
        if !(cycle_s * f64::from(users)).is_finite() || !cycle_s.recip().is_finite() {
            return Err(QueueingError::OutOfRange);
        }
        Ok(())
    }
}

/// A closed network's steady state at one number of users.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// Number of users.
    pub users: u32,
    /// Requests answered per second, X.
    pub throughput_per_s: f64,
    /// Mean response time without the think time, R, s.
    pub response_time_s: f64,
    /// Mean time that a request spends at each station over all of its visits, waiting included, s.
    pub residence_s: Vec<f64>,
    /// Mean number of requests at each station, those in service included.
    pub queue: Vec<f64>,
    /// Share of each station's capacity in use, 0..1 (see [`Station::utilization`]).
    pub utilization: Vec<f64>,
}

/// Throughput and response time for every number of users; index 0 is one user.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Requests answered per second, X(n).
    pub throughput_per_s: Vec<f64>,
    /// Mean response time, R(n), s.
    pub response_time_s: Vec<f64>,
}
