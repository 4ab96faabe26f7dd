//! What is written of a transaction: every field of Addanc's instrumentation file, and what autoperf knows besides.

use crate::campaign::second::outcome_name;
use crate::load::Finished;
use autoperf_models::record::Record;

/// What holds for all transactions of a run.
#[derive(Debug)]
pub struct Facts {
    /// Name of the run.
    pub run: String,
    /// Names of the workload's transactions.
    pub transactions: Vec<String>,
    /// What the wall clock is ahead of CLOCK_MONOTONIC at the run's begin, ns.
    pub boot_unix_ns: u64,
}

/// A transaction and what it belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The run.
    pub facts: &'a Facts,
    /// Number of the level in the journal, from 1.
    pub level: Option<usize>,
    /// The transaction.
    pub finished: &'a Finished,
}

/// A value of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// A text.
    Text(&'a str),
    /// A count or number.
    Count(u64),
    /// Yes or no.
    Truth(bool),
    /// Seconds, told in nanoseconds.
    Seconds(u64),
    /// It did not happen, or is not known.
    Absent,
}

/// A column.
#[derive(Debug)]
pub struct Column {
    /// Its name, with its unit.
    pub name: &'static str,
    /// Addanc's name for the same, where it has one.
    pub addanc: &'static str,
    /// What it holds.
    pub about: &'static str,
    /// Its value for a transaction.
    pub value: for<'a> fn(&Row<'a>) -> Value<'a>,
}

/// Every column, in order. Instants are Unix time, s with nanoseconds; they come from the monotonic clock, so that their
/// differences are right even where the wall clock was set meanwhile.
pub const COLUMNS: &[Column] = &[
    column("run", "scriptID", "name of the run directory", |row| {
        Value::Text(&row.facts.run)
    }),
    column(
        "level",
        "",
        "number of the level in the journal, from 1; empty between levels",
        |row| {
            row.level
                .map_or(Value::Absent, |level| Value::Count(level as u64))
        },
    ),
    column("user", "vcID", "number of the emulated user, from 0", |row| {
        Value::Count(u64::from(record(row).user))
    }),
    column(
        "transaction",
        "pageID, txnID",
        "name of the transaction; a page and its resources are one",
        |row| {
            let name = row.facts.transactions.get(usize::from(record(row).transaction));
            name.map_or(Value::Absent, |name| Value::Text(name))
        },
    ),
    column(
        "measured",
        "",
        "`false` where it only prepared others (what `requires` names)",
        |row| Value::Truth(row.finished.measured),
    ),
    column("outcome", "txnStatus", "how it ended", |row| {
        Value::Text(outcome_name(record(row).outcome))
    }),
    column(
        "status",
        "txnHTTPStatus",
        "HTTP status; empty where none came",
        |row| match record(row).status {
            0 => Value::Absent,
            status => Value::Count(u64::from(status)),
        },
    ),
    column(
        "bytes_sent",
        "txnSendBytes",
        "bytes sent, heads included",
        |row| Value::Count(record(row).bytes_sent),
    ),
    column(
        "bytes_received",
        "txnRecvBytes",
        "bytes received, heads included",
        |row| Value::Count(record(row).bytes_received),
    ),
    column("scheduled_unix_s", "", "when it was to begin", |row| {
        instant(row, record(row).scheduled_ns)
    }),
    column("start_unix_s", "txnStartTime", "when it began", |row| {
        instant(row, record(row).start_ns)
    }),
    column(
        "connect_start_unix_s",
        "conStart",
        "when connecting began; empty on a kept connection",
        |row| instant(row, record(row).connect_start_ns),
    ),
    column("connect_end_unix_s", "conEnd", "when TCP was connected", |row| {
        instant(row, record(row).connect_end_ns)
    }),
    column(
        "tls_end_unix_s",
        "conEnd",
        "when TLS was agreed, over https",
        |row| instant(row, record(row).tls_end_ns),
    ),
    column(
        "send_start_unix_s",
        "sendStart",
        "first byte handed to the socket",
        |row| instant(row, record(row).send_start_ns),
    ),
    column(
        "send_end_unix_s",
        "sendEnd",
        "last byte handed to the socket",
        |row| instant(row, record(row).send_end_ns),
    ),
    column(
        "first_byte_unix_s",
        "recvStart",
        "first byte of the answer",
        |row| instant(row, record(row).first_byte_ns),
    ),
    column(
        "last_byte_unix_s",
        "recvEnd, procStart",
        "last byte of the answer (of the last resource, where there are any); checks begin then",
        |row| instant(row, record(row).last_byte_ns),
    ),
    column(
        "end_unix_s",
        "procEnd, txnEndTime",
        "checks and extractions done",
        |row| instant(row, record(row).end_ns),
    ),
    column("connect_time_s", "conTime", "TCP connecting", |row| {
        between(record(row).connect_start_ns, record(row).connect_end_ns)
    }),
    column("tls_time_s", "conTime", "TLS handshake", |row| {
        between(record(row).connect_end_ns, record(row).tls_end_ns)
    }),
    column(
        "send_time_s",
        "sendTime",
        "from the first byte handed over to the last",
        |row| between(record(row).send_start_ns, record(row).send_end_ns),
    ),
    column(
        "receive_time_s",
        "recvTime",
        "from the first byte of the answer to the last",
        |row| between(record(row).first_byte_ns, record(row).last_byte_ns),
    ),
    column("process_time_s", "procTime", "checks and extractions", |row| {
        between(record(row).last_byte_ns, record(row).end_ns)
    }),
    column(
        "response_time_s",
        "txnTime",
        "from the start to the last byte (to the end where none came)",
        |row| {
            let record = record(row);
            let last_ns = if record.last_byte_ns > 0 {
                record.last_byte_ns
            } else {
                record.end_ns
            };
            between(record.start_ns, last_ns)
        },
    ),
];

const fn column(
    name: &'static str,
    addanc: &'static str,
    about: &'static str,
    value: for<'a> fn(&Row<'a>) -> Value<'a>,
) -> Column {
    Column {
        name,
        addanc,
        about,
        value,
    }
}

const fn record<'a>(row: &Row<'a>) -> &'a Record {
    &row.finished.record
}

fn instant(row: &Row<'_>, at_ns: u64) -> Value<'static> {
    match at_ns {
        0 => Value::Absent,
        at_ns => Value::Seconds(row.facts.boot_unix_ns.saturating_add(at_ns)),
    }
}

/// A phase that has begun and ended.
const fn between(from_ns: u64, to_ns: u64) -> Value<'static> {
    if from_ns == 0 || to_ns == 0 {
        return Value::Absent;
    }
    Value::Seconds(to_ns.saturating_sub(from_ns))
}
