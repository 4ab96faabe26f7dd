//! The journal's entries: one JSON object a line, told apart by `type`.

use autoperf_models::level::{Precision, WindowRule};
use autoperf_models::search::AutoPerfParameters;
use autoperf_profiler::reading::Reading;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Entry {
    /// First line: everything decided before any load.
    Begin(Box<Begin>),
    /// An agent was reached.
    Agent(Agent),
    /// A level begins: its users are being added or removed.
    LevelBegin(LevelBegin),
    /// What happened within one second of the current level.
    Second(Box<Second>),
    /// What an agent has read.
    Reading(Box<AgentReading>),
    /// The current level is over.
    LevelEnd(LevelEnd),
    /// Something worth knowing happened.
    Note(Note),
    /// Which ways the users took, where they walked a graph; once, when the load has ended.
    Walks(Walks),
    /// What became of a record of every transaction that was asked for; once for each, when the load has ended.
    Record(RecordEnd),
    /// Last line of a run that ended in order.
    End(End),
}

/// Everything decided before any load.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Begin {
    /// Layout version of the journal.
    pub schema_version: u32,
    /// Version of autoperf.
    pub version: String,
    /// Mode of the run.
    pub mode: String,
    /// Seed of all random choices.
    pub seed: u64,
    /// Wall clock at the start, RFC 3339 UTC.
    pub started_at: String,
    /// Command line.
    pub command: Vec<String>,
    /// Files read, by role.
    pub inputs: BTreeMap<String, String>,
    /// The generator's machine in words.
    pub generator_host: String,
    /// Names of the transactions; entries refer to them by index.
    pub transactions: Vec<String>,
    /// Mean think time of the mix by the workload, s.
    pub think_time_s: f64,
    /// Processes to profile.
    pub nodes: Vec<Node>,
    /// How levels were chosen.
    pub search: SearchOptions,
    /// The schedule that is followed, users and seconds row by row; empty in the other modes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schedule: Vec<(u32, f64)>,
    /// How transactions are profiled, in profiling mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileOptions>,
    /// How arrivals come, in the open mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<OpenOptions>,
    /// The graph that the users walk, in the modes with the whole mix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub navigation: Option<Graph>,
}

/// How arrivals come, whatever the site makes of them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct OpenOptions {
    /// Transactions that begin in a second.
    pub rate_per_s: f64,
    /// Law of the times between them: `poisson` or `constant`.
    pub arrivals: String,
    /// Length of the run, s; absent where the precision decides.
    pub duration_s: Option<f64>,
    /// Most users that may be in a transaction at once.
    pub max_users: u32,
    /// Transactions of a session on average, where the workload says.
    pub transactions_per_session: Option<f64>,
}

/// The navigation of the users, as in [`autoperf_inputs::workload::Navigation`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Graph {
    /// Transaction of each state, by index.
    pub states: Vec<usize>,
    /// Probabilities from Entry to each state.
    pub entry: Vec<f64>,
    /// Probabilities between the states, row by row; what a row lacks to 1 leads to Exit.
    pub rows: Vec<Vec<f64>>,
}

/// How transactions are profiled.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ProfileOptions {
    /// Transactions in their order, by index.
    pub transactions: Vec<usize>,
    /// Users of every level.
    pub users: u32,
    /// Executions by each user; absent where the precision of the demands decides.
    pub executions_per_user: Option<u64>,
    /// Wanted half-width of every service demand's 95 % interval, as a share of it.
    pub demand_precision: f64,
    /// Fewest executions of a transaction where the precision decides.
    pub fewest: u64,
    /// Most executions of a transaction where the precision decides.
    pub most: u64,
    /// Executions after which a process whose demand cannot be told from zero is not waited for.
    pub most_without_demand: u64,
    /// Shortest measured part that a demand may rest on, s (readings come every second).
    pub least_measured_s: f64,
    /// Executions by each user between two looks at the demands.
    pub look_every: u64,
    /// Shortest time between two looks at the demands, s.
    pub look_every_s: f64,
    /// Longest time under load of all transactions together, s.
    pub max_duration_s: f64,
}

/// A process to profile.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Node {
    /// Host name or address of the agent.
    pub node: String,
    /// Port of the agent.
    pub port: u16,
    /// Process name asked for.
    pub process: String,
    /// Cores declared by the user.
    pub cores: Option<f64>,
}

/// How levels were chosen.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct SearchOptions {
    /// Name of the strategy.
    pub strategy: String,
    /// First level.
    pub start_load: Option<u32>,
    /// Largest level allowed.
    pub max_users: Option<u32>,
    /// Longest time under load, s.
    pub max_duration_s: Option<f64>,
    /// Objective: quantile and limit in s.
    pub objective: Option<(f64, f64)>,
    /// How well each level must be known.
    pub precision: PrecisionEntry,
    /// Time under load after which no level is added for more precision alone, s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_budget_s: Option<f64>,
    /// Fewest transactions of a level by each user, beside the precision's own minimum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_per_user: Option<u64>,
    /// AutoPerf's test for the end of the warm-up: transactions a value by each user, values a window, and the difference below
    /// which the server is warm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_rule: Option<(u64, u32, f64)>,
    /// Share of a level's fewest transactions from which its time-outs are judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeouts_judged_after: Option<f64>,
    /// Whether each level starts with new users instead of adding to those of the level before or taking some away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restart_users: bool,
    /// Parameters of AutoPerf's own level plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoperf: Option<AutoPerfEntry>,
}

/// [`AutoPerfParameters`] as they stand in the journal, under the manual's names.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[expect(
    missing_docs,
    reason = "the fields are those of `models::search::AutoPerfParameters`, documented there"
)]
pub struct AutoPerfEntry {
    pub max_seq_var_count: u32,
    pub max_seq_var_threshold: f64,
    pub mstar_lower_bound_multiplier: f64,
    pub mstar_upper_bound_multiplier: f64,
    pub sequence_steps: u32,
    pub percentage_time_outs_allowed: f64,
    pub percentage_error_allowed_in_throughput_observed: f64,
    pub infinity: u32,
}

impl From<AutoPerfParameters> for AutoPerfEntry {
    fn from(parameters: AutoPerfParameters) -> Self {
        Self {
            max_seq_var_count: parameters.max_seq_var_count,
            max_seq_var_threshold: parameters.max_seq_var_threshold,
            mstar_lower_bound_multiplier: parameters.mstar_lower_bound_multiplier,
            mstar_upper_bound_multiplier: parameters.mstar_upper_bound_multiplier,
            sequence_steps: parameters.sequence_steps,
            percentage_time_outs_allowed: parameters.percentage_time_outs_allowed,
            percentage_error_allowed_in_throughput_observed: parameters
                .percentage_error_allowed_in_throughput_observed,
            infinity: parameters.infinity,
        }
    }
}

impl From<AutoPerfEntry> for AutoPerfParameters {
    fn from(entry: AutoPerfEntry) -> Self {
        Self {
            max_seq_var_count: entry.max_seq_var_count,
            max_seq_var_threshold: entry.max_seq_var_threshold,
            mstar_lower_bound_multiplier: entry.mstar_lower_bound_multiplier,
            mstar_upper_bound_multiplier: entry.mstar_upper_bound_multiplier,
            sequence_steps: entry.sequence_steps,
            percentage_time_outs_allowed: entry.percentage_time_outs_allowed,
            percentage_error_allowed_in_throughput_observed: entry
                .percentage_error_allowed_in_throughput_observed,
            infinity: entry.infinity,
        }
    }
}

/// [`Precision`] as it stands in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[expect(
    missing_docs,
    reason = "the fields are those of `models::level::Precision`, documented there"
)]
pub struct PrecisionEntry {
    pub confidence: f64,
    pub throughput: f64,
    pub response_time: f64,
    pub warm_up: bool,
    pub min_measured_s: f64,
    pub max_level_s: f64,
    pub min_completions: u64,
    pub max_timeout_share: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeouts_judged_after: Option<u64>,
    /// Transactions a value, values a window, and the difference below which a server is warm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_rule: Option<(u64, u32, f64)>,
}

impl From<Precision> for PrecisionEntry {
    fn from(precision: Precision) -> Self {
        Self {
            confidence: precision.confidence,
            throughput: precision.throughput,
            response_time: precision.response_time,
            warm_up: precision.warm_up,
            min_measured_s: precision.min_measured_s,
            max_level_s: precision.max_level_s,
            min_completions: precision.min_completions,
            max_timeout_share: precision.max_timeout_share,
            timeouts_judged_after: precision.timeouts_judged_after,
            window_rule: precision
                .window_rule
                .map(|rule| (rule.transactions, rule.values, rule.difference)),
        }
    }
}

impl From<PrecisionEntry> for Precision {
    fn from(entry: PrecisionEntry) -> Self {
        Self {
            confidence: entry.confidence,
            throughput: entry.throughput,
            response_time: entry.response_time,
            warm_up: entry.warm_up,
            min_measured_s: entry.min_measured_s,
            max_level_s: entry.max_level_s,
            min_completions: entry.min_completions,
            max_timeout_share: entry.max_timeout_share,
            timeouts_judged_after: entry.timeouts_judged_after,
            window_rule: entry
                .window_rule
                .map(|(transactions, values, difference)| WindowRule {
                    transactions,
                    values,
                    difference,
                }),
        }
    }
}

impl Default for PrecisionEntry {
    fn default() -> Self {
        Precision::default().into()
    }
}

/// An agent that was reached.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Agent {
    /// Node as the user names it.
    pub node: String,
    /// Port.
    pub port: u16,
    /// Host name, version and kernel in words.
    pub description: String,
    /// Agent's monotonic clock less the run's clock, ns.
    pub clock_offset_ns: i64,
    /// Largest error of that offset, ns.
    pub clock_error_ns: u64,
    /// Whether the agent sits on the machine that generates the load.
    pub same_host: bool,
    /// Cores of the agent's machine.
    pub cores: u32,
}

/// A level begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LevelBegin {
    /// Users of the level; 0 in the open mode, where they come with the arrivals.
    pub users: u32,
    /// What it is for.
    pub purpose: String,
    /// Why it was chosen.
    pub why: String,
    /// When, s since the engine's epoch; where a schedule is followed, the instant that it states.
    pub at_s: f64,
    /// The one transaction that is measured, by index, where transactions are profiled one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<usize>,
    /// How well it must be known.
    pub precision: PrecisionEntry,
    /// Forecast of its duration, s.
    pub forecast_s: f64,
    /// Forecast of the whole rest of the run, this level included, s; absent where a schedule states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining_s: Option<f64>,
}

/// One second of a level.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Second {
    /// Windows in time order.
    pub bins: Vec<BinRow>,
    /// Per transaction, in the order of [`Begin::transactions`].
    pub transactions: Vec<TransactionSecond>,
    /// Sum of intended think times that ended in this second, s.
    pub think_sum_s: f64,
    /// How many think times ended.
    pub think_count: u64,
    /// CPU time of all generator threads, ns.
    pub generator_cpu_ns: u64,
    /// CPU time of the busiest generator thread, ns.
    pub generator_busiest_ns: u64,
    /// Lateness of starts in microseconds, HDR V2 histogram, base64.
    pub lateness_us: String,
    /// Connections that failed for want of ports or descriptors, and observations dropped.
    pub generator_failures: u64,
    /// What else the generator says of itself; absent in journals before 0.2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator: Option<Box<GeneratorSecond>>,
    /// Times of the served transactions in each phase that occurred, by its name: `connect`, `tls`, `send`, `wait`, `receive`,
    /// `process`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub phases: BTreeMap<String, PhaseSecond>,
    /// What became of the resources of pages; absent where no page had any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Box<ResourceSecond>>,
}

/// The generator's own state over one second. Counts of a moment are the largest of the second.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct GeneratorSecond {
    /// CPU time in ns, time waiting for a processor in ns, and turns on one, of every generator thread.
    pub threads: Vec<(u64, u64, u64)>,
    /// How long events at most waited to be read, in microseconds, HDR V2 histogram, base64.
    pub read_delay_us: String,
    /// Users over time, s.
    pub user_s: f64,
    /// Time that users spent in the transactions that ended, s.
    pub in_transactions_s: f64,
    /// Fewest and most users; in the open mode, in a transaction.
    pub users: (u32, u32),
    /// Users whose fixed order was done.
    pub finished_users: u32,
    /// Connections without a local port.
    pub ports_exhausted: u64,
    /// Connections without a descriptor or memory.
    pub resources_exhausted: u64,
    /// Records lost because nobody took them, where the measurement rests on them.
    pub records_lost: u64,
    /// Transactions that are in the figures, but missing from a record that was asked for.
    #[serde(default, skip_serializing_if = "is_none_missing")]
    pub unrecorded: u64,
    /// Arrivals of the open mode that found no user free.
    pub unstarted: u64,
    /// Requests that the socket did not take at once.
    pub send_stalls: u64,
    /// Local ports in use by open and lately closed connections, and how many there are.
    pub ports: (u64, u64),
    /// Descriptors open, and how many may be.
    pub descriptors: (u64, u64),
}

/// One phase in one second, all transactions together.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct PhaseSecond {
    /// Sum of the times, s.
    pub sum_s: f64,
    /// The times in microseconds (each at most 6.3 % off), HDR V2 histogram, base64.
    pub times_us: String,
}

/// Resources of pages in one second; none of them is a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ResourceSecond {
    /// Fetched from the site.
    pub fetched: u64,
    /// Asked for and found unchanged (304).
    pub unchanged: u64,
    /// Taken from the session's cache.
    pub cached: u64,
    /// Not had.
    pub failed: u64,
    /// How often by address; of very many addresses not all are told apart.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub failures: BTreeMap<String, u64>,
}

impl ResourceSecond {
    /// Adds another one's.
    pub fn merge(&mut self, other: &Self) {
        self.fetched += other.fetched;
        self.unchanged += other.unchanged;
        self.cached += other.cached;
        self.failed += other.failed;
        for (url, count) in &other.failures {
            *self.failures.entry(url.clone()).or_default() += count;
        }
    }
}

/// A window: start since the level's begin in s, length in s, served, errors, time-outs, sum of response times in s, sum
/// of their squares in s^2 (in the open mode from the intended starts).
pub type BinRow = (f64, f64, u64, u64, u64, f64, f64);

/// One transaction in one second.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct TransactionSecond {
    /// Served.
    pub served: u64,
    /// Failures by kind, time-outs included.
    pub failures: BTreeMap<String, u64>,
    /// Timed out.
    pub timeouts: u64,
    /// Sum of response times of the served ones, s.
    pub response_sum_s: f64,
    /// Response times in microseconds, HDR V2 histogram, base64; empty where none was served.
    pub response_us: String,
    /// In the open mode: the same from the intended starts.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub intended_us: String,
    /// Sum of those, s.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub intended_sum_s: f64,
    /// Served in each window of the second; empty in journals of earlier builds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub served_by_window: Vec<u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_none_missing(count: &u64) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(sum: &f64) -> bool {
    *sum == 0.0
}

/// A reading of one agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AgentReading {
    /// Node as the user names it.
    pub node: String,
    /// Port.
    pub port: u16,
    /// Middle of the reading, s since the engine's epoch.
    pub at_s: f64,
    /// The reading itself.
    pub reading: Reading,
}

/// A level is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LevelEnd {
    /// Why: `precise`, `time_limit`, `timeouts`, `schedule`, `execution_count`, `upper_bound`, `failures`; `interrupted` levels
    /// are not finished and enter nothing.
    pub ended_by: String,
    /// When, s since the engine's epoch.
    pub at_s: f64,
    /// When the engine was told the level's users, s since the engine's epoch, where a schedule is followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at_s: Option<f64>,
}

/// Something worth knowing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    /// What it concerns: `profiler`, `site`, `generator`, `search`, `record`.
    pub about: String,
    /// In words.
    pub text: String,
    /// When, s since the engine's epoch.
    pub at_s: f64,
}

/// Which ways the users took.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Walks {
    /// Sessions begun.
    pub sessions: u64,
    /// How often each way was taken: row 0 is Entry, then the states of [`Begin::navigation`]; the last column is Exit.
    pub transitions: Vec<Vec<u64>>,
}

/// What became of a record of every transaction.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct RecordEnd {
    /// The file.
    pub path: String,
    /// Transactions written.
    pub written: u64,
    /// Transactions of the run that are not in it.
    pub missing: u64,
    /// Why it was given up, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// The run is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct End {
    /// `finished`, `interrupted`, `profiler_lost` or `failed`.
    pub how: String,
    /// When, s since the engine's epoch.
    pub at_s: f64,
}
