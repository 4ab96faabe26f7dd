//! A group's own control group: the one that holds all its processes and no others. Its counter has everything, also what
//! ending costs.

use std::collections::HashSet;

use crate::observer::INIT;
use crate::observer::limits::{Mounts, controller_path, unified_path};
use crate::observer::table::{Seen, Table};
use crate::process::Stat;
use crate::system::{Kept, System};

/// Control groups below one that are looked through at most.
const MOST_BELOW: usize = 256;
/// Generations between a process that no look has found yet and a member at most.
const MOST_GENERATIONS: usize = 8;

/// The counter of a control group, held open.
#[derive(Debug)]
pub struct Own {
    folder: String,
    counter: Kept,
    unified: bool,
}

impl Own {
    /// The own control group of the members with these numbers, if they have one.
    #[must_use]
    pub fn find(system: &System, mounts: &Mounts, table: &Table, members: &[u32]) -> Option<Self> {
        let seen: Vec<&Seen> = placed(table, members).collect();
        let accounting: fn(&str) -> Option<&str> = |lines| controller_path(lines, "cpuacct");
        let unified = mounts
            .unified
            .iter()
            .zip(common(&seen, unified_path))
            .map(|found| (found, true));
        let first = mounts
            .accounting
            .iter()
            .zip(common(&seen, accounting))
            .map(|found| (found, false));
        for ((mount, path), unified) in unified.chain(first) {
            let folder = format!("{mount}{path}");
            if !holds_only(system, &folder, members) {
                continue;
            }
            let file = if unified { "cpu.stat" } else { "cpuacct.usage" };
            if let Ok(counter) = system.keep(&format!("{folder}/{file}")) {
                return Some(Self {
                    folder,
                    counter,
                    unified,
                });
            }
        }
        None
    }

    /// Whether the members are still all in it, as far as is known without looking for others.
    #[must_use]
    pub fn holds(&self, mounts: &Mounts, table: &Table, members: &[u32]) -> bool {
        placed(table, members).all(|seen| {
            let (mount, path) = if self.unified {
                (&mounts.unified, unified_path(&seen.control_groups))
            } else {
                (
                    &mounts.accounting,
                    controller_path(&seen.control_groups, "cpuacct"),
                )
            };
            let place = mount
                .iter()
                .zip(path)
                .map(|(mount, path)| format!("{mount}{path}"))
                .next();
            place.is_some_and(|place| is_within(&place, &self.folder))
        })
    }

    /// What it has used, ns; `None` when it is gone.
    pub fn usage_ns(&self, buffer: &mut Vec<u8>) -> Option<u64> {
        self.counter.read_into(buffer).ok()?;
        let text = std::str::from_utf8(buffer).ok()?;
        if self.unified {
            let line = text.lines().find_map(|line| line.strip_prefix("usage_usec "))?;
            line.trim().parse::<u64>().ok()?.checked_mul(1_000)
        } else {
            text.trim().parse().ok()
        }
    }
}

/// Those of the members whose control groups could be read; the others had ended before.
fn placed<'a>(table: &'a Table, members: &'a [u32]) -> impl Iterator<Item = &'a Seen> {
    let seen = members.iter().filter_map(|pid| table.by_pid(*pid));
    seen.filter(|seen| !seen.control_groups.is_empty())
}

fn is_within(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn common<'a>(seen: &[&'a Seen], path: fn(&str) -> Option<&str>) -> Option<&'a str> {
    let mut paths = seen.iter().map(|seen| path(&seen.control_groups));
    let mut common = paths.next()??;
    for path in paths {
        let path = path?;
        while !is_within(path, common) {
            common = common.get(..common.rfind('/')?)?;
        }
    }
    // The root holds everything, and on the second version its counter is made of clock ticks.
    (common.len() > 1 && !common.contains("/..")).then_some(common)
}

/// Whether the group and those below it hold none but these processes and what they have started meanwhile.
fn holds_only(system: &System, folder: &str, members: &[u32]) -> bool {
    let members: HashSet<u32> = members.iter().copied().collect();
    let mut waiting = vec![folder.to_owned()];
    let mut looked = 0;
    while let Some(folder) = waiting.pop() {
        looked += 1;
        if looked > MOST_BELOW {
            return false;
        }
        let Some(text) = system.text(&format!("{folder}/cgroup.procs")) else {
            return false;
        };
        if !text
            .lines()
            .filter_map(|line| line.parse().ok())
            .all(|pid: u32| members.contains(&pid) || is_newcomer(system, pid, &members))
        {
            return false;
        }
        for name in system.list(&folder) {
            let below = format!("{folder}/{name}");
            if system.path(&below).is_dir() {
                waiting.push(below);
            }
        }
    }
    true
}

/// Whether a process that no look has found yet descends from these, or has ended by now: a busy CGI site has some at any
/// moment.
fn is_newcomer(system: &System, pid: u32, members: &HashSet<u32>) -> bool {
    let mut current = pid;
    for _ in 0..MOST_GENERATIONS {
        let stat = system.read(&format!("proc/{current}/stat"));
        let Some(stat) = stat.ok().and_then(|bytes| Stat::parse(&bytes)) else {
            return true;
        };
        if members.contains(&stat.parent) {
            return true;
        }
        if stat.parent <= INIT {
            return false;
        }
        current = stat.parent;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::Facts;

    fn seen(pid: u32, control_groups: &str) -> Seen {
        Seen {
            control_groups: control_groups.into(),
            stat: Stat {
                pid,
                ..Stat::default()
            },
            ..Seen::default()
        }
    }

    fn stat(pid: u32, parent: u32) -> String {
        format!("{pid} (x) S {parent} {}\n", "0 ".repeat(48))
    }

    fn machine(name: &str) -> (std::path::PathBuf, System) {
        let folder = std::env::temp_dir().join(format!("own-group-{name}-{}", std::process::id()));
        for (file, text) in [
            (
                "proc/mounts",
                "cgroup2 /cg cgroup2 rw 0 0\ncgroup /acct cgroup rw,cpuacct 0 0\n",
            ),
            ("cg/web/cgroup.procs", ""),
            ("cg/web/cpu.stat", "usage_usec 77\nuser_usec 70\n"),
            ("cg/web/a/cgroup.procs", "1\n"),
            ("cg/web/b/cgroup.procs", "2\n3\n"),
            ("acct/db/cgroup.procs", "4\n"),
            ("proc/1/stat", &stat(1, 0)),
            ("proc/3/stat", &stat(3, 0)),
            ("proc/7/stat", &stat(7, 2)),
            ("acct/db/cpuacct.usage", "123456\n"),
        ] {
            let path = folder.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let facts = Facts {
            ticks_per_s: 100,
            page_bytes: 4096,
            tick_ns: 4_000_000,
        };
        (folder.clone(), System::recorded(&folder, facts))
    }

    #[test]
    fn a_group_is_own_when_it_holds_all_and_no_others() {
        let (folder, system) = machine("both");
        let mounts = Mounts::find(&system);
        let mut table = Table::default();
        for (pid, lines) in [
            (1, "0::/web/a\n"),
            (2, "0::/web/b\n"),
            (3, "0::/web/b\n"),
            (4, "2:cpuacct:/db\n0::/\n"),
            (5, ""),
        ] {
            table.insert(seen(pid, lines));
        }
        let find = |members: &[u32]| Own::find(&system, &mounts, &table, members);
        let mut buffer = Vec::new();
        let web = find(&[1, 2, 3, 5]).unwrap();
        assert_eq!(web.usage_ns(&mut buffer), Some(77_000));
        assert!(web.holds(&mounts, &table, &[1, 2, 5]) && !web.holds(&mounts, &table, &[1, 4]));
        assert!(find(&[1, 2]).is_none(), "process 3 is in it too");
        assert!(find(&[1, 2, 3, 4]).is_none(), "only the root holds them all");
        std::fs::write(folder.join("proc/3/stat"), stat(3, 7)).unwrap();
        assert!(
            find(&[1, 2]).is_some(),
            "process 3 is a grandchild of one of them, just started"
        );
        std::fs::remove_file(folder.join("proc/3/stat")).unwrap();
        assert!(find(&[1, 2]).is_some(), "process 3 has ended by now");
        assert_eq!(find(&[4]).unwrap().usage_ns(&mut buffer), Some(123_456));
        assert!(find(&[]).is_none());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
