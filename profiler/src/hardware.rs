//! The processor's own counters (PMU) of process groups: cycles, instructions, cache misses. Each thread that is there when a
//! group is first looked at gets counters that its later threads and children inherit; processes that join otherwise get
//! theirs when they are found. Where the processor has no counters, or does not show them (most virtual machines), that is
//! said and nothing is counted.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;

use crate::process::Identity;
use crate::reading::HardwareCounts;
use crate::syscall;
use crate::system::System;

/// Threads of a group that get counters at most: each takes a file for each counter.
const MOST_THREADS: usize = 512;

/// What is counted: type and number of an event (`linux/perf_event.h`).
pub type Events = [(u32, u64); 3];

/// Cycles, instructions, cache misses.
pub const HARDWARE: Events = [(0, 0), (0, 1), (0, 3)];

/// The counters of all groups.
#[derive(Debug)]
pub struct Hardware {
    events: Events,
    absent: Option<String>,
    groups: HashMap<(u64, usize), Counted>,
}

/// The counters of one group.
#[derive(Debug, Default)]
struct Counted {
    /// Processes that are counted, by counters of their own or inherited ones.
    covered: Vec<Identity>,
    counters: Vec<[OwnedFd; 3]>,
    too_many: bool,
}

impl Hardware {
    /// Finds out whether there are such counters here.
    #[must_use]
    pub fn probe(system: &System, events: Events) -> Self {
        let own = std::process::id();
        let absent = if system.is_live() {
            open(own, events).err().map(|error| reason(&error))
        } else {
            Some("a recorded machine".into())
        };
        Self {
            events,
            absent,
            groups: HashMap::new(),
        }
    }

    /// Why there are none.
    #[must_use]
    pub fn absent(&self) -> Option<&str> {
        self.absent.as_deref()
    }

    /// Counts these members of a group from now on, each with its parent, and gives what was counted so far.
    ///
    /// # Errors
    /// Why nothing can be said.
    pub fn look(
        &mut self,
        system: &System,
        place: (u64, usize),
        members: &[(Identity, Option<Identity>)],
    ) -> Result<HardwareCounts, String> {
        if let Some(reason) = &self.absent {
            return Err(reason.clone());
        }
        let group = self.groups.entry(place).or_default();
        // In the order of their starts: whose parent is counted inherits.
        let mut fresh: Vec<_> = members
            .iter()
            .filter(|(identity, _)| !group.covered.contains(identity))
            .collect();
        fresh.sort_by_key(|(identity, _)| (identity.start_ticks, identity.pid));
        let before = group.covered.clone();
        for (identity, parent) in fresh {
            if parent.is_none_or(|parent| !before.contains(&parent)) {
                group.count(system, identity.pid, self.events);
            }
            group.covered.push(*identity);
        }
        group.covered.retain(|covered| {
            members
                .iter()
                .any(|(identity, parent)| identity == covered || parent.as_ref() == Some(covered))
        });
        if group.too_many {
            return Err(format!(
                "the group had more than {MOST_THREADS} threads when it was first looked at"
            ));
        }
        Ok(group.sum())
    }

    /// Closes the counters of groups that nobody watches any more.
    pub fn keep_only(&mut self, watched: impl Fn(u64) -> bool) {
        self.groups.retain(|(watch, _), _| watched(*watch));
    }
}

impl Counted {
    fn count(&mut self, system: &System, pid: u32, events: Events) {
        for thread in system.list(&format!("proc/{pid}/task")) {
            if self.counters.len() >= MOST_THREADS {
                self.too_many = true;
                return;
            }
            // A thread may have ended since it was listed.
            if let Some(counters) = thread.parse().ok().and_then(|thread| open(thread, events).ok()) {
                self.counters.push(counters);
            }
        }
    }

    fn sum(&self) -> HardwareCounts {
        let of = |index: usize| {
            self.counters
                .iter()
                .filter_map(|counters| value(&counters[index]))
                .fold(0_u64, u64::saturating_add)
        };
        HardwareCounts {
            cycles: of(0),
            instructions: of(1),
            cache_misses: of(2),
        }
    }
}

fn open(thread: u32, events: Events) -> io::Result<[OwnedFd; 3]> {
    let [first, second, third] = events;
    Ok([
        syscall::count_event(thread, first)?,
        syscall::count_event(thread, second)?,
        syscall::count_event(thread, third)?,
    ])
}

/// The count, made whole where the processor had to share its counters among too many events.
fn value(counter: &OwnedFd) -> Option<u64> {
    let mut bytes = [0; 24];
    if rustix::io::read(counter, &mut bytes).ok()? < bytes.len() {
        return None;
    }
    let word = |index: usize| {
        let part = bytes.get(8 * index..8 * index + 8)?;
        Some(u64::from_ne_bytes(part.try_into().ok()?))
    };
    let (count, enabled_ns, running_ns) = (word(0)?, word(1)?, word(2)?);
    if running_ns == 0 {
        return Some(count);
    }
    let whole = u128::from(count) * u128::from(enabled_ns) / u128::from(running_ns);
    Some(u64::try_from(whole).unwrap_or(u64::MAX))
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "the processor shows no counters here (a virtual machine?)".into(),
        io::ErrorKind::PermissionDenied => "not permitted (root, or kernel.perf_event_paranoid)".into(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    /// The kernel's own counters, which are there without any of the processor's: task clock in ns, page faults, switches.
    const SOFTWARE: Events = [(1, 1), (1, 2), (1, 3)];

    fn identity(pid: u32) -> Identity {
        Identity { pid, start_ticks: 1 }
    }

    #[test]
    fn what_is_counted_includes_the_children_to_come() {
        let system = System::live();
        let mut hardware = Hardware::probe(&system, SOFTWARE);
        if let Some(reason) = hardware.absent() {
            eprintln!("not tested, no counters here: {reason}");
            return;
        }
        let script = "read x; for i in 1 2 3 4 5; do sh -c 'x=0; while [ $x -lt 20000 ]; do x=$((x+1)); done'; done; read x";
        let mut shell = Command::new("sh")
            .args(["-c", script])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let members = [(identity(shell.id()), None)];
        let first = hardware.look(&system, (1, 0), &members).unwrap();
        let mut input = shell.stdin.take().unwrap();
        std::io::Write::write_all(&mut input, b"go\n").unwrap();
        // Five children of some ms each; the shell itself needs far less.
        let mut last = first;
        for _ in 0..3_000 {
            last = hardware.look(&system, (1, 0), &members).unwrap();
            if last.cycles - first.cycles > 20_000_000 {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        drop(input);
        shell.wait().unwrap();
        assert!(last.cycles - first.cycles > 20_000_000, "{first:?} {last:?}");
        assert!(last.instructions > first.instructions, "page faults of children");
        hardware.keep_only(|_| false);
        assert!(hardware.groups.is_empty());
    }

    #[test]
    fn without_counters_the_reason_is_said() {
        // A number that no kernel knows.
        let mut hardware = Hardware::probe(&System::live(), [(0, 999), (0, 999), (0, 999)]);
        assert!(hardware.absent().is_some());
        assert!(hardware.look(&System::live(), (1, 0), &[]).is_err());
    }
}
