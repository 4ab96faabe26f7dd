//! What is meant, whatever form it was typed in. A value of these types is always valid.

use autoperf_models::distribution::Distribution;
use std::collections::BTreeMap;
use std::path::PathBuf;

mod described;
mod quick;

pub use described::{Description, SessionDescription, TransactionDescription};
pub use quick::{QUICK_GOES_ON, QUICK_THINK_TIME_S};

/// A complete workload: what users do, on what servers the profilers sit, and how the run is steered.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// Transactions in the order of the file; indices into this list name them everywhere else.
    pub transactions: Vec<Transaction>,
    /// Navigation of the users; `None` where the mode does not need one (profiling).
    pub navigation: Option<Navigation>,
    /// Processes to profile.
    pub nodes: Vec<NodeInfo>,
    /// First load level, if the user set one.
    pub start_load: Option<u32>,
    /// Whether warm-up is detected (the default) or measuring starts at once.
    pub warm_up: bool,
    /// The `<Profile>` block.
    pub profile: Option<Profile>,
    /// The manual load levels of mll.txt, in time order, repeats expanded.
    pub manual_levels: Vec<ManualLevel>,
    /// Values of config.properties.
    pub parameters: Parameters,
    /// Folder that relative file names refer to.
    pub folder: PathBuf,
}

/// One transaction: a request with its variables, time limit and think time.
#[derive(Debug, Clone, PartialEq)]
pub struct Transaction {
    /// Name, as in the CBMG.
    pub name: String,
    /// HTTP method.
    pub method: Method,
    /// Absolute http or https URL with `${...}` places; for POST without the part after `?`.
    pub url: Template,
    /// Form or explicit body; for POST the part after `?` of the URL.
    pub body: Option<Body>,
    /// Additional headers.
    pub headers: Vec<(String, Template)>,
    /// Time limit of the whole transaction; `None` = none (-1).
    pub timeout_s: Option<f64>,
    /// Time between the previous answer and this request.
    pub think_time_s: Distribution,
    /// Whether redirects are followed.
    pub follow_redirects: bool,
    /// Whether what the page's HTML names (images, style sheets, scripts) is fetched as part of the transaction.
    pub resources: bool,
    /// Status and text checks; without any, a status below 400 is a success.
    pub checks: Vec<Check>,
    /// Values taken from the answer for later transactions of the session.
    pub extractions: Vec<Extraction>,
    /// `inputype="parse"`: the URL is a pattern filled from the last page.
    pub from_last_page: bool,
}

/// HTTP methods that a workload may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET, the default.
    Get,
    /// POST with the form after `?`, or an explicit body.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
    /// HEAD.
    Head,
}

/// A text with places to fill at run time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Template {
    /// Literal pieces and places, in order.
    pub parts: Vec<Part>,
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Text as it stands.
    Literal(String),
    /// A value of a sequence, chosen at random for each request.
    Sequence(Source),
    /// A value extracted earlier in the session, by name.
    Extracted(String),
    /// `${0}` in a parse pattern: whatever the last page has there.
    FromPage(u32),
}

/// A source of values. The values are shared by all users.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Its name in the file, for messages (`y1`, `users.txt#0`).
    pub name: String,
    /// The values; never empty.
    pub values: std::sync::Arc<[String]>,
    /// Whether each user keeps a value of its own as long as there are enough.
    pub unique: bool,
}

impl Source {
    /// The file of a source `file#column`; `None` for a sequence. Places of one file in the same request take the same row,
    /// so that a name and its password stay together.
    pub fn file(&self) -> Option<&str> {
        self.name.rsplit_once('#').map(|(file, _)| file)
    }
}

/// A request body.
#[derive(Debug, Clone, PartialEq)]
pub struct Body {
    /// Content type, such as `application/x-www-form-urlencoded`.
    pub content_type: String,
    /// The text, already encoded, with its places.
    pub text: Template,
}

/// What an answer must satisfy to count as served.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// The status is one of these.
    Status(Vec<u16>),
    /// The body contains this text.
    Contains(String),
    /// The body does not contain this text.
    Lacks(String),
    /// The body matches this regular expression.
    Matches(String),
}

/// A value taken from an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Extraction {
    /// Name under which later templates use it.
    pub name: String,
    /// Where it stands.
    pub from: Extractor,
}

/// Where a value stands in an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Extractor {
    /// First capture group (or the whole match) of a regular expression over the body.
    Regex(String),
    /// A header's value.
    Header(String),
    /// A JSON path (RFC 9535) into the body.
    JsonPath(String),
    /// The text or, after `@`, an attribute of the first element that a CSS selector finds.
    Css(String),
}

/// Navigation: the customer behaviour model graph over the transactions.
#[derive(Debug, Clone, PartialEq)]
pub struct Navigation {
    /// Index into `Workload::transactions` of every inner state, in the graph's order.
    pub states: Vec<usize>,
    /// Probabilities from Entry to each inner state; sums to 1 (an Entry that exits at once is an error).
    pub entry: Vec<f64>,
    /// Row i: probabilities from inner state i to each inner state; the rest to 1 is the way to Exit.
    pub rows: Vec<Vec<f64>>,
}

/// A process to profile on a node.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeInfo {
    /// Host name or address of the agent.
    pub node: String,
    /// Name (or globs and alternatives, `mysqld|mariadbd`) of the process.
    pub process: String,
    /// Port of the agent.
    pub port: u16,
    /// Whether it is a Java process.
    pub java: bool,
    /// Cores that the process may use, where the agent cannot see the limit (our addition, `<Cores>`).
    pub cores: Option<f64>,
}

/// The `<Profile>` block.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Transactions to profile, in order, each with what must be done before it, unmeasured.
    pub uses: Vec<ProfileUse>,
    /// Number of users; 1 where the tag is empty.
    pub users: u32,
    /// Think time between executions, s; 0 where the tag is empty.
    pub think_time_s: f64,
    /// Executions by each user; `None` = automatic.
    pub execution_count: Option<u64>,
}

/// A transaction to profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileUse {
    /// Index of the transaction.
    pub transaction: usize,
    /// Indices of the transactions required before it, in order.
    pub requires: Vec<usize>,
}

/// A level of a manual schedule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ManualLevel {
    /// Number of users.
    pub users: u32,
    /// How long, s.
    pub duration_s: f64,
}

/// Values of config.properties by the manual's names; absent ones have the tool's defaults.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parameters {
    /// Parameter name to value as typed, validated against the table of known parameters.
    pub values: BTreeMap<String, String>,
}

/// Selector and attribute of a [`Extractor::Css`] text: `input[name=token]@value` asks for the attribute `value`. An `@` inside
/// of brackets or quotes belongs to the selector.
pub fn css_parts(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once('@') {
        Some((selector, attribute)) if !attribute.contains([']', '"', '\'', ')']) => {
            (selector.trim(), Some(attribute.trim()))
        }
        _ => (text.trim(), None),
    }
}
