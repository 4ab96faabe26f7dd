//! The shape of workload.toml: these types are read, written, and give docs/workload.schema.json its sentences.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use toml::Spanned;

#[cfg(test)]
use schemars::JsonSchema;

/// A complete workload: transactions, navigation, servers to profile, manual load levels and parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema), schemars(title = "workload.toml of autoperf"))]
#[serde(deny_unknown_fields)]
pub(crate) struct WorkloadForm {
    /// Whether warm-up is detected; true by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) warm_up: Option<bool>,
    /// Load level to start the capacity analysis with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<u32>", range(min = 1, max = 1_000_000)))]
    pub(crate) start_load: Option<Spanned<i64>>,
    /// Values of config.properties by their names, as numbers or texts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(test, schemars(with = "BTreeMap<String, Scalar>"))]
    pub(crate) parameters: BTreeMap<Spanned<String>, Spanned<Scalar>>,
    /// The transactions; at least one.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub(crate) transactions: Vec<TransactionForm>,
    /// Where users go from each state; the first row is that of Entry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) navigation: Vec<RowForm>,
    /// Server processes to be profiled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) nodes: Vec<NodeForm>,
    /// What the profiling mode does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<ProfileForm>"))]
    pub(crate) profile: Option<Spanned<ProfileForm>>,
    /// Manual load levels in time order, with cycles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(with = "Vec<LevelForm>"))]
    pub(crate) levels: Vec<Spanned<LevelForm>>,
}

/// A text or a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(untagged, expecting = "a number or a text")]
pub(crate) enum Scalar {
    /// A whole number.
    Whole(i64),
    /// A decimal number.
    Decimal(f64),
    /// A text.
    Text(String),
}

/// A request that is sent and measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct TransactionForm {
    /// Name, as the navigation and the profile use it.
    #[cfg_attr(test, schemars(with = "String"))]
    pub(crate) name: Spanned<String>,
    /// HTTP method: get (default), post, put, patch, delete, head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub(crate) method: Option<Spanned<String>>,
    /// Absolute http or https URL; `${name}` stands for a sequence's or an extracted value, `${file#column}` for one of a file.
    #[cfg_attr(test, schemars(with = "String"))]
    pub(crate) url: Spanned<String>,
    /// Whether the URL is a pattern that the last page fills: `${0}`, `${1}`, ... stand for the parts that differ.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) from_last_page: bool,
    /// Whether each user gets values of its own from ranges and files, as long as there are enough.
    #[serde(default, skip_serializing_if = "is_none_or_false")]
    #[cfg_attr(test, schemars(with = "Option<bool>"))]
    pub(crate) unique: Option<Spanned<bool>>,
    /// Form of the request body, url-encoded: `a=b&c=${d}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub(crate) form: Option<Spanned<String>>,
    /// Time limit, s; none where it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<f64>"))]
    pub(crate) timeout_s: Option<Spanned<f64>>,
    /// Time between the previous answer and this request: seconds, or a law; 0 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<ThinkForm>"))]
    pub(crate) think_time_s: Option<Spanned<ThinkForm>>,
    /// Whether redirects are followed; false by default.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) follow_redirects: bool,
    /// Whether what the page's HTML names (images, style sheets, scripts) is fetched as part of the transaction; false by
    /// default.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) resources: bool,
    /// Request body of any type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<BodyForm>,
    /// Sequences by name: lists, or ranges of integers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(test, schemars(with = "BTreeMap<String, SequenceForm>"))]
    pub(crate) sequences: BTreeMap<Spanned<String>, SequenceForm>,
    /// Additional headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) headers: Vec<HeaderForm>,
    /// What the answer must be; without a status here, any below 400 is good.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(with = "Vec<CheckForm>"))]
    pub(crate) checks: Vec<Spanned<CheckForm>>,
    /// Values taken from the answer for later requests of the session.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(with = "Vec<ExtractForm>"))]
    pub(crate) extract: Vec<Spanned<ExtractForm>>,
}

fn is_none_or_false(value: &Option<Spanned<bool>>) -> bool {
    value.as_ref().is_none_or(|v| !*v.get_ref())
}

/// A think time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(
    untagged,
    expecting = "seconds, or a law such as { law = \"exponential\", mean_s = 1 }"
)]
pub(crate) enum ThinkForm {
    /// Always the same, s.
    Constant(f64),
    /// A law.
    Law(LawForm),
}

/// A law of think times.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct LawForm {
    /// constant, uniform, exponential, erlang, hyperexponential, lognormal or empirical.
    pub(crate) law: String,
    /// The time or mean, s (all laws but uniform and empirical).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mean_s: Option<f64>,
    /// Smallest time, s (uniform).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) low_s: Option<f64>,
    /// Largest time, s (uniform).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) high_s: Option<f64>,
    /// The times, each as likely as the others, s (empirical).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) values_s: Vec<f64>,
    /// Coefficient of variation (hyperexponential: above 1; lognormal: above 0).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cv: Option<f64>,
    /// Number of stages (erlang).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stages: Option<u32>,
}

/// A request body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct BodyForm {
    /// Content type, such as application/json.
    #[serde(rename = "type")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub(crate) content_type: Spanned<String>,
    /// The text, with `${...}` places.
    #[cfg_attr(test, schemars(with = "String"))]
    pub(crate) text: Spanned<String>,
}

/// A sequence of values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(untagged, expecting = "a list of values, or { low = ..., high = ... }")]
pub(crate) enum SequenceForm {
    /// The values.
    List(Vec<Scalar>),
    /// All integers between two, both included; as wide as the lower one is written if it has leading zeros.
    Range {
        /// The lowest.
        low: Scalar,
        /// The highest.
        high: Scalar,
    },
}

/// A request header.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct HeaderForm {
    /// Its name.
    #[cfg_attr(test, schemars(with = "String"))]
    pub(crate) name: Spanned<String>,
    /// Its value, with `${...}` places.
    #[cfg_attr(test, schemars(with = "String"))]
    pub(crate) value: Spanned<String>,
}

/// A check of the answer: exactly one of these.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckForm {
    /// The status is one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<Vec<u16>>,
    /// The body contains this text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) contains: Option<String>,
    /// The body does not contain this text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lacks: Option<String>,
    /// The body matches this regular expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) matches: Option<String>,
}

/// A value taken from the answer: a name and exactly one of the others.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct ExtractForm {
    /// Name used in `${...}`.
    pub(crate) name: String,
    /// First group, or the whole match, of this regular expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) regex: Option<String>,
    /// This JSON path into the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) json_path: Option<String>,
    /// Text of the first element that this CSS selector finds, or after `@` one of its attributes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) css: Option<String>,
    /// Value of this header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) header: Option<String>,
}

/// A row of the navigation graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RowForm {
    /// Entry, or the name of a transaction.
    #[cfg_attr(test, schemars(with = "String"))]
    pub(crate) from: Spanned<String>,
    /// Probabilities by transaction or Exit; they sum to 1.
    #[cfg_attr(test, schemars(with = "BTreeMap<String, f64>"))]
    pub(crate) to: Spanned<BTreeMap<Spanned<String>, Spanned<f64>>>,
}

/// A server process to be profiled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct NodeForm {
    /// Host name or IP address of the machine.
    #[cfg_attr(test, schemars(with = "String"))]
    pub(crate) node: Spanned<String>,
    /// Name of the process on it; patterns with `*` and alternatives with `|`.
    #[cfg_attr(test, schemars(with = "String"))]
    pub(crate) process: Spanned<String>,
    /// Port on which the profiler listens there.
    #[cfg_attr(test, schemars(with = "u16", range(min = 1)))]
    pub(crate) port: Spanned<i64>,
    /// Whether it is a Java process; false by default.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) java: bool,
    /// Cores that the process may use, where the profiler can't see the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<f64>"))]
    pub(crate) cores: Option<Spanned<f64>>,
}

/// What the profiling mode does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct ProfileForm {
    /// Number of users; 1 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<u32>", range(min = 1, max = 1_000_000)))]
    pub(crate) users: Option<Spanned<i64>>,
    /// Think time between executions, s; 0 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<f64>"))]
    pub(crate) think_time_s: Option<Spanned<f64>>,
    /// Executions by each user; determined automatically where it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<u64>", range(min = 1, max = 1_000_000_000)))]
    pub(crate) execution_count: Option<Spanned<i64>>,
    /// The transactions to be profiled, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) uses: Vec<UseForm>,
}

/// A transaction to be profiled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct UseForm {
    /// Its name.
    #[cfg_attr(test, schemars(with = "String"))]
    pub(crate) transaction: Spanned<String>,
    /// Names of those that each user issues once before, unmeasured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    pub(crate) requires: Vec<Spanned<String>>,
}

/// A manual load level (`users`, `duration_s`) or a cycle of them (`repeat`, `levels`).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct LevelForm {
    /// Number of users; 0 is a pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) users: Option<i64>,
    /// How long, s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) duration_s: Option<f64>,
    /// How often `levels` are repeated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) repeat: Option<i64>,
    /// The levels of the cycle.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(with = "Vec<LevelForm>"))]
    pub(crate) levels: Vec<Spanned<LevelForm>>,
}
