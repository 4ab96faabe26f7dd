//! The load engine: N emulated users, each with its own session, connection and walk, on a few threads that share nothing.
//!
//! A thread (`shard`) owns its users, an epoll instance and a timer wheel. What a user does is decided by the pure
//! `session`; the shard only obeys. Finished transactions are gathered in windows of a tenth of a second, cut at the same
//! instants on every thread, and merged by `Engine::next_window`.
//!
//! How users behave: the think time of a transaction is waited before it, also before the first of a session. Exit starts
//! the next session at once, with a fresh connection and an empty cookie jar. Redirects are followed only where the
//! workload says so. A transaction that fails in whatever way ends there and the user goes on with its walk; where nothing
//! reached the server, it first waits `FAILURE_PAUSE_NS`, so that a site that is down is not hammered. A connection that the
//! server closed while its user was thinking is reopened silently.

pub mod account;
pub mod arrivals;
pub mod cache;
pub mod cookies;
pub mod date;
pub mod doctor;
pub mod encoding;
pub mod engine;
pub mod examine;
pub mod histogram;
pub mod limits;
pub mod links;
pub mod origins;
pub mod pattern;
pub mod phases;
pub mod plan;
pub mod random;
pub mod render;
pub mod resources;
pub mod saturation;
pub mod scheduling;
pub mod session;
pub mod shard;
pub mod shelf;
pub mod single;
pub mod walk;
pub mod wheel;
pub mod window;

pub use account::Account;
pub use arrivals::ArrivalLaw;
pub use engine::{Engine, EngineEnd};
pub use saturation::{DoubtfulTail, Saturation, doubtful_tail, generator_saturated};
pub use shelf::Finished;
pub use single::{Attempt, SingleUser, try_once};
pub use window::{GeneratorWindow, TransactionWindow, Window};

use crate::transport::Version;
use crate::transport::tls::Trust;

/// Connections of a user to one origin at once where its pages bring their resources along, as browsers do over HTTP/1.1.
pub const CONNECTIONS_PER_ORIGIN: usize = 6;

/// Shortest pause of a user after a transaction that did not reach the server, ns.
pub const FAILURE_PAUSE_NS: u64 = 10_000_000;

/// How the engine works; what the users do is the workload's matter.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineConfig {
    /// Seed of all random choices.
    pub seed: u64,
    /// Number of generator threads; by default half of the processors that this process may use, at least 1.
    pub shards: Option<usize>,
    /// Length of a window, s.
    pub window_s: f64,
    /// Longest body of an answer, bytes; a longer one ends the transaction as too large.
    pub max_body_bytes: u64,
    /// Longest head of an answer, bytes.
    pub max_header_bytes: usize,
    /// Whether every transaction is kept for `Engine::take_records`, and what a lost one means.
    pub records: Records,
    /// Records that one thread holds until they are taken; what comes beyond is lost and counted.
    pub max_kept_records: usize,
    /// Most users that the open mode may need at once.
    pub max_open_users: usize,
    /// What certificates are believed where a URL is https.
    pub trust: Trust,
    /// Which HTTP is spoken.
    pub http: Version,
    /// Whether every page that is got brings its resources along, as part of its transaction, whatever the workload says.
    pub resources: bool,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            shards: None,
            window_s: 0.1,
            max_body_bytes: 64 * 1024 * 1024,
            max_header_bytes: 64 * 1024,
            records: Records::None,
            max_kept_records: 4_000_000,
            max_open_users: 10_000,
            trust: Trust::default(),
            http: Version::default(),
            resources: false,
        }
    }
}

/// Whether the record of every transaction is kept until somebody takes it. A generator thread never waits for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Records {
    /// No.
    #[default]
    None,
    /// Yes, and the measurement rests on them: a lost one spoils it (`GeneratorWindow::dropped`).
    Needed,
    /// Yes, as a copy beside the figures, which are whole without it (`GeneratorWindow::unrecorded`).
    Mirrored,
}

/// What the users carry out.
#[derive(Debug, Clone, PartialEq)]
pub enum Script {
    /// The workload's navigation graph, session after session.
    Navigation,
    /// A fixed order, once: profiling.
    Sequence(Vec<ProfileStep>),
}

/// One transaction to profile: a session of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileStep {
    /// Transactions carried out once before, not measured and without think time.
    pub requires: Vec<usize>,
    /// The transaction to measure.
    pub transaction: usize,
    /// Executions by each user; `None` = until the engine is stopped.
    pub count: Option<u64>,
    /// Think time before each execution, s.
    pub think_time_s: f64,
}

/// Why the engine cannot start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The script needs a navigation graph.
    #[error("the workload has no navigation graph")]
    NoNavigation,
    /// The script names a transaction that does not exist.
    #[error("the script names transaction {0}, which does not exist")]
    NoTransaction(usize),
    /// A URL is not an absolute http or https URL with a fixed host.
    #[error("transaction {transaction}: {url} is not an absolute http or https URL with a fixed host")]
    BadUrl {
        /// Name of the transaction.
        transaction: String,
        /// The URL as far as it is fixed.
        url: String,
    },
    /// A check or extraction cannot be understood.
    #[error("transaction {transaction}: {expression}: {reason}")]
    BadExpression {
        /// Name of the transaction.
        transaction: String,
        /// The expression as typed.
        expression: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A host name has no address.
    #[error("{host}: {source}")]
    UnknownHost {
        /// The name.
        host: String,
        /// What the resolver says.
        source: std::io::Error,
    },
    /// HTTP/2 is asked for, but not built in.
    #[error(
        "this autoperf was built without HTTP/2\n  hint: build it with `cargo build --release --features http2`, or leave `--http 2` out"
    )]
    NoHttp2,
    /// The system refuses a resource.
    #[error("{what}: {source}")]
    System {
        /// What was asked for.
        what: &'static str,
        /// What it says.
        source: std::io::Error,
    },
}
