//! Limits of the system that the generator raises by itself where it may.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// More descriptors than any run needs; the kernel's own ceiling is usually this or more.
const WANTED: u64 = 1 << 20;

/// Descriptors that this process may have open now.
#[must_use]
pub fn descriptor_limit() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Raises the limit on open descriptors as far as allowed; the limit that holds now.
pub fn raise_descriptors() -> u64 {
    let before = getrlimit(Resource::Nofile);
    for limit in worth_trying(before.maximum, descriptor_ceiling()) {
        let wanted = Rlimit {
            current: Some(limit),
            maximum: Some(limit),
        };
        if before.current.is_some_and(|now| now < limit) && setrlimit(Resource::Nofile, wanted).is_ok() {
            break;
        }
    }
    descriptor_limit()
}

/// Descriptors that the kernel lets any process have (fs.nr_open), where it says so.
#[must_use]
pub fn descriptor_ceiling() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/sys/fs/nr_open").ok()?;
    text.trim().parse().ok()
}

/// Limits to try, the best first: only a process with CAP_SYS_RESOURCE may raise the hard limit, and nobody beyond the kernel's
/// ceiling, which is also refused where the hard limit is above it already.
fn worth_trying(hard: Option<u64>, ceiling: Option<u64>) -> [u64; 2] {
    let ceiling = ceiling.unwrap_or(WANTED);
    let hard = hard.unwrap_or(WANTED).min(ceiling);
    [WANTED.min(ceiling).max(hard), hard]
}

/// Descriptors that this process has open; `None` where the kernel does not say so cheaply (before Linux 6.2).
#[must_use]
pub fn descriptors_in_use() -> Option<u64> {
    let size = std::fs::metadata("/proc/self/fd").ok()?.len();
    (size > 0).then_some(size)
}

/// First and last of the local ports that the system gives to connections.
#[must_use]
pub fn local_ports() -> Option<(u16, u16)> {
    port_range(&std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?)
}

fn port_range(text: &str) -> Option<(u16, u16)> {
    let mut ends = text.split_ascii_whitespace().map(str::parse);
    let (low, high) = (ends.next()?.ok()?, ends.next()?.ok()?);
    (low <= high).then_some((low, high))
}

/// Closed connections in this network namespace that still hold a local port (TIME-WAIT).
#[must_use]
pub fn time_wait() -> Option<u64> {
    waiting_sockets(&std::fs::read_to_string("/proc/net/sockstat").ok()?)
}

fn waiting_sockets(sockstat: &str) -> Option<u64> {
    let line = sockstat.lines().find_map(|line| line.strip_prefix("TCP:"))?;
    let mut words = line.split_ascii_whitespace();
    words.find(|word| *word == "tw")?;
    words.next()?.parse().ok()
}

/// What the system leaves to connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Room {
    /// Descriptors that this process may still open.
    pub descriptors: u64,
    /// Local ports that connections to one address may have; `None` where several source addresses can be used.
    pub ports: Option<u64>,
}

impl Room {
    /// Why so many users with so many connections each may be too many, before any load; `None` where there is room.
    #[must_use]
    pub fn shortfall(&self, users: u64, each: u64) -> Option<String> {
        let connections = users.saturating_mul(each);
        if connections > self.descriptors {
            return Some(format!(
                "{users} users may need {connections} connections, but this process may open only {} more descriptors; raise the limit (ulimit -n, LimitNOFILE=) or the generator will be the limit",
                self.descriptors
            ));
        }
        let ports = self.ports.filter(|ports| connections > *ports)?;
        Some(format!(
            "{users} users may need {connections} connections, but there are only {ports} local ports for connections to one address; widen \
             net.ipv4.ip_local_port_range or the generator will be the limit"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_is_said_with_its_figure() {
        let room = Room {
            descriptors: 100,
            ports: Some(80),
        };
        assert_eq!(room.shortfall(80, 1), None);
        assert!(
            room.shortfall(27, 3)
                .is_some_and(|said| said.contains("only 80 local ports"))
        );
        assert!(
            room.shortfall(101, 1)
                .is_some_and(|said| said.contains("only 100 more descriptors"))
        );
        let several = Room { ports: None, ..room };
        assert_eq!(several.shortfall(100, 1), None);
    }

    #[test]
    fn the_kernels_forms_are_read() {
        assert_eq!(port_range("32768\t60999\n"), Some((32_768, 60_999)));
        assert_eq!(port_range("60999 32768"), None);
        assert_eq!(port_range("x"), None);
        let sockstat = "sockets: used 310\nTCP: inuse 9 orphan 0 tw 17 alloc 20 mem 3\nUDP: inuse 2 mem 1\n";
        assert_eq!(waiting_sockets(sockstat), Some(17));
        assert_eq!(waiting_sockets("UDP: inuse 2 mem 1\n"), None);
    }

    #[test]
    fn open_files_are_counted() {
        let files: Vec<_> = (0..50).map(|_| std::fs::File::open("/proc/self/stat")).collect();
        assert!(descriptors_in_use().is_none_or(|now| now >= 50));
        drop(files);
    }

    #[test]
    fn the_hard_limit_is_raised_as_far_as_the_kernel_goes() {
        for (hard, ceiling, tried) in [
            (Some(20_000), Some(1 << 20), [1 << 20, 20_000]),
            (Some(4_096), Some(65_536), [65_536, 4_096]),
            (Some(1 << 30), Some(1 << 30), [1 << 30, 1 << 30]),
            (Some(1 << 20), Some(65_536), [65_536, 65_536]),
            (None, Some(65_536), [65_536, 65_536]),
            (Some(4_096), None, [1 << 20, 4_096]),
            (None, None, [1 << 20, 1 << 20]),
        ] {
            assert_eq!(worth_trying(hard, ceiling), tried, "{hard:?} {ceiling:?}");
        }
    }

    #[test]
    fn the_soft_limit_reaches_the_hard_one() {
        let hard = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
        let wanted = hard.min(descriptor_ceiling().unwrap_or(u64::MAX)).min(WANTED);
        assert!(raise_descriptors() >= wanted);
        assert!(raise_descriptors() >= wanted);
    }
}
