//! The last sample as text for a Prometheus server (exposition format 0.0.4). A scrape costs the machine no extra look.

use std::fmt::Write;
use std::io::{self, BufRead, BufReader, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use crate::agent::Agent;
use crate::observer::watch::Watch;
use crate::reading::{GroupReading, Reading};

/// Time that a scraper may take to ask, and to take the answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Longest request that is read.
const LONGEST_REQUEST: u64 = 8192;

/// One metric of a group: name, kind, meaning, value.
type OfGroup = (
    &'static str,
    &'static str,
    &'static str,
    fn(&GroupReading) -> Option<f64>,
);
/// One metric of the host.
type OfHost = (
    &'static str,
    &'static str,
    &'static str,
    fn(&Reading) -> Option<f64>,
);

const GROUP_METRICS: &[OfGroup] = &[
    ("cpu_seconds_total", "counter", "CPU time of the group", |group| {
        Some(group.cpu_ns as f64 / 1e9)
    }),
    (
        "cpu_error_bound_seconds",
        "gauge",
        "Largest error of a difference of two CPU times",
        |group| Some(group.error_bound_ns as f64 / 1e9),
    ),
    (
        "cpu_complete",
        "gauge",
        "1 when nothing is known to be missing from the last interval",
        |group| Some(f64::from(u8::from(group.complete))),
    ),
    ("processes", "gauge", "Processes alive", |group| {
        Some(f64::from(group.processes))
    }),
    ("threads", "gauge", "Threads alive", |group| {
        Some(f64::from(group.threads))
    }),
    ("resident_bytes", "gauge", "Resident memory", |group| {
        group.resident_bytes.map(|bytes| bytes as f64)
    }),
    (
        "cores_allowed",
        "gauge",
        "Cores that the group may use",
        |group| Some(group.cores_allowed),
    ),
];

const HOST_METRICS: &[OfHost] = &[
    (
        "cpu_busy_seconds_total",
        "counter",
        "CPU time spent busy",
        |reading| Some(reading.host.cpu_busy_ns as f64 / 1e9),
    ),
    (
        "cpu_steal_seconds_total",
        "counter",
        "CPU time stolen by the hypervisor",
        |reading| Some(reading.host.cpu_steal_ns as f64 / 1e9),
    ),
    (
        "disk_blocks_read_total",
        "counter",
        "Blocks of 512 bytes read",
        |reading| reading.host.disk_blocks_read.map(|blocks| blocks as f64),
    ),
    (
        "disk_blocks_written_total",
        "counter",
        "Blocks of 512 bytes written",
        |reading| reading.host.disk_blocks_written.map(|blocks| blocks as f64),
    ),
    (
        "packets_received_total",
        "counter",
        "Packets received without error, but over loopback",
        |reading| reading.host.packets_received.map(|packets| packets as f64),
    ),
    (
        "packets_sent_total",
        "counter",
        "Packets sent without error, but over loopback",
        |reading| reading.host.packets_sent.map(|packets| packets as f64),
    ),
    ("memory_used_bytes", "gauge", "Memory in use", |reading| {
        reading.host.memory_used_bytes.map(|bytes| bytes as f64)
    }),
];

/// A metric as a scraper sees it; the unit is part of the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Its whole name.
    pub name: String,
    /// `counter` or `gauge`.
    pub kind: &'static str,
    /// Its label, where it has one value for each watched group.
    pub label: Option<&'static str>,
    /// What it says.
    pub about: &'static str,
}

/// Every metric, in the order of the text. One that a machine or a group does not have is left out of the text.
#[must_use]
pub fn described() -> Vec<Described> {
    let host = HOST_METRICS.iter().map(|&(name, kind, about, _)| Described {
        name: format!("autoperf_host_{name}"),
        kind,
        label: None,
        about,
    });
    let group = GROUP_METRICS.iter().map(|&(name, kind, about, _)| Described {
        name: format!("autoperf_group_{name}"),
        kind,
        label: Some("group"),
        about,
    });
    host.chain(group).collect()
}

/// The text for a reading.
#[must_use]
pub fn text(reading: &Reading) -> String {
    let mut text = String::new();
    for (name, kind, about, value) in HOST_METRICS {
        if let Some(value) = value(reading) {
            head(&mut text, &format!("autoperf_host_{name}"), kind, about);
            let _ = writeln!(text, "autoperf_host_{name} {value}");
        }
    }
    for (name, kind, about, value) in GROUP_METRICS {
        head(&mut text, &format!("autoperf_group_{name}"), kind, about);
        for group in &reading.groups {
            if let Some(value) = value(group) {
                let label = escaped(&group.name);
                let _ = writeln!(text, "autoperf_group_{name}{{group=\"{label}\"}} {value}");
            }
        }
    }
    text
}

fn head(text: &mut String, name: &str, kind: &str, about: &str) {
    let _ = writeln!(text, "# HELP {name} {about}.\n# TYPE {name} {kind}");
}

fn escaped(label: &str) -> String {
    label
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

impl Agent {
    /// Watches these groups for scrapers of `listener`, which are served one after the other by a thread of their own until
    /// the program ends.
    ///
    /// # Errors
    /// When the operating system has no thread or no random numbers left.
    pub fn serve_metrics(self: &Arc<Self>, listener: TcpListener, groups: &[String]) -> io::Result<()> {
        let name = super::session::random_name()?;
        {
            let mut state = self.lock();
            state.observer.open_ledger();
            state.sessions.pin(&name, Watch::new(groups));
        }
        let agent = Arc::clone(self);
        std::thread::Builder::new().spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Err(error) = agent.answer_scrape(stream, &name) {
                    agent.log.line("scrape", &format!("a scrape failed: {error}"));
                }
            }
        })?;
        Ok(())
    }

    fn answer_scrape(&self, mut stream: TcpStream, name: &str) -> io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut request = String::new();
        BufReader::new(Read::by_ref(&mut stream).take(LONGEST_REQUEST)).read_line(&mut request)?;
        let asked = request.starts_with("GET /metrics ") || request.starts_with("GET / ");
        let reading = self
            .lock()
            .sessions
            .ring(name)
            .and_then(|ring| ring.latest().cloned());
        let (status, body) = match reading {
            _ if !asked => ("404 Not Found", "only GET /metrics\n".to_owned()),
            None => (
                "503 Service Unavailable",
                "no sample has been taken yet\n".to_owned(),
            ),
            Some(reading) => ("200 OK", text(&reading)),
        };
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {length}\r\n"
        );
        stream.write_all(format!("{head}Connection: close\r\n\r\n{body}").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_has_a_head_and_absent_ones_have_none() {
        let group = GroupReading {
            name: "a\"b".into(),
            cpu_ns: 1_500_000_000,
            complete: true,
            ..GroupReading::default()
        };
        let reading = Reading {
            groups: vec![group],
            ..Reading::default()
        };
        let text = text(&reading);
        assert!(text.contains("# TYPE autoperf_group_cpu_seconds_total counter\n"));
        assert!(
            text.contains("autoperf_group_cpu_seconds_total{group=\"a\\\"b\"} 1.5\n"),
            "{text}"
        );
        assert!(text.contains("autoperf_group_cpu_complete{group=\"a\\\"b\"} 1\n"));
        assert!(!text.contains("disk_blocks") && !text.contains("resident_bytes{"));
        let values = text.lines().filter(|line| !line.starts_with('#'));
        assert!(values.into_iter().all(|line| {
            line.rsplit(' ')
                .next()
                .unwrap()
                .parse::<f64>()
                .unwrap()
                .is_finite()
        }));
    }
}
