//! How many cores a group may use: its processes' affinity, and the CPU quotas of their control groups.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::observer::Depth;
use crate::observer::table::{Seen, Table};
use crate::process::status::core_list;
use crate::system::System;

/// Control groups whose quotas are remembered at most.
const MOST_GROUPS: usize = 4096;

/// A quota: the control group that sets it, and how many cores it allows.
type Quota = (String, f64);

/// Where the control groups are mounted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mounts {
    /// The second version.
    pub unified: Option<String>,
    /// The first version's quotas.
    pub cpu: Option<String>,
    /// The first version's counters of CPU time.
    pub accounting: Option<String>,
}

impl Mounts {
    /// Finds them.
    #[must_use]
    pub fn find(system: &System) -> Self {
        let mut mounts = Self::default();
        for line in system.text("proc/mounts").unwrap_or_default().lines() {
            let mut words = line.split(' ').skip(1);
            let (Some(place), Some(kind), Some(options)) = (words.next(), words.next(), words.next()) else {
                continue;
            };
            let has = |controller| options.split(',').any(|option| option == controller);
            let place = || Some(place.to_owned());
            match kind {
                "cgroup2" => mounts.unified = place(),
                "cgroup" => {
                    mounts.cpu = if has("cpu") { place() } else { mounts.cpu };
                    mounts.accounting = if has("cpuacct") {
                        place()
                    } else {
                        mounts.accounting
                    };
                }
                _ => {}
            }
        }
        mounts
    }
}

/// The CPU quotas of the control groups that members are in.
#[derive(Debug, Default)]
pub struct Limits {
    mounts: Mounts,
    /// Cores online; empty where the kernel does not say.
    online: BTreeSet<u32>,
    quotas: HashMap<String, Option<Quota>>,
}

impl Limits {
    /// Quotas of control groups mounted there.
    #[must_use]
    pub fn new(mounts: Mounts) -> Self {
        Self {
            mounts,
            ..Self::default()
        }
    }

    /// Reads the quotas of the members' control groups: in full looks all, else those that are not known yet.
    pub fn refresh(&mut self, system: &System, table: &Table, members: &[u32], depth: Depth) {
        if depth == Depth::Full || self.online.is_empty() {
            let online = system.text("sys/devices/system/cpu/online").unwrap_or_default();
            self.online = core_list(online.trim()).into_iter().collect();
        }
        if self.quotas.len() > MOST_GROUPS {
            self.quotas.clear();
        }
        let mut fresh: HashSet<&str> = HashSet::new();
        for seen in members.iter().filter_map(|pid| table.by_pid(*pid)) {
            let lines = seen.control_groups.as_str();
            let due = if depth == Depth::Full {
                fresh.insert(lines)
            } else {
                !self.quotas.contains_key(lines)
            };
            if due {
                let quota = self.quota(system, lines);
                self.quotas.insert(lines.to_owned(), quota);
            }
        }
    }

    /// The strictest quota from a group up to the root.
    fn quota(&self, system: &System, control_groups: &str) -> Option<Quota> {
        let mut strictest: Option<Quota> = None;
        let unified = self.mounts.unified.iter().zip(unified_path(control_groups));
        let cpu = self.mounts.cpu.iter().zip(controller_path(control_groups, "cpu"));
        for (mount, path) in unified.chain(cpu) {
            for group in self_and_above(path) {
                let folder = format!("{mount}{}", group.trim_end_matches('/'));
                let cores = unified_quota(system, &folder).or_else(|| controller_quota(system, &folder));
                if let Some(cores) = cores
                    && strictest.as_ref().is_none_or(|(_, least)| cores < *least)
                {
                    strictest = Some((folder, cores));
                }
            }
        }
        strictest
    }

    /// Numbers of the cores that these processes may run on, in order; a quota narrows the share, not the set.
    pub fn core_set(&self, members: &[&Seen]) -> Vec<u32> {
        let mut cores: BTreeSet<u32> = BTreeSet::new();
        let mut before: &[u32] = &[];
        for seen in members {
            // Most have the same as the one before.
            if seen.status.cores != before {
                before = &seen.status.cores;
                cores.extend(before);
            }
        }
        // The kernel's list may name cores that could be plugged in.
        let online = |core: &u32| self.online.is_empty() || self.online.contains(core);
        cores.into_iter().filter(online).collect()
    }

    /// Cores that these processes together may use, of `host_cores`.
    pub fn cores_allowed(&self, members: &[&Seen], host_cores: u32) -> f64 {
        let mut quotas: HashMap<&str, f64> = HashMap::new();
        let mut unlimited = false;
        let mut before: Option<&str> = None;
        for seen in members {
            // Most are in the same as the one before.
            if before.replace(&seen.control_groups) == Some(&seen.control_groups) {
                continue;
            }
            match self.quotas.get(&seen.control_groups) {
                Some(Some((group, allowed))) => {
                    quotas.insert(group, *allowed);
                }
                _ => unlimited = true,
            }
        }
        let cores = self.core_set(members).len();
        let host = f64::from(host_cores);
        let affinity = if cores == 0 { host } else { host.min(cores as f64) };
        if unlimited || quotas.is_empty() {
            affinity
        } else {
            affinity.min(quotas.values().sum())
        }
    }
}

/// Path of the group in the unified hierarchy.
pub(crate) fn unified_path(control_groups: &str) -> Option<&str> {
    control_groups.lines().find_map(|line| line.strip_prefix("0::"))
}

/// Path of the group that a controller of the first version has for the process.
pub(crate) fn controller_path<'a>(control_groups: &'a str, controller: &str) -> Option<&'a str> {
    control_groups.lines().find_map(|line| {
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        controllers
            .split(',')
            .any(|name| name == controller)
            .then_some(path)
    })
}

/// `/a/b`, `/a`, `/`. A path outside what the agent's name space shows (`/../x`) has none.
fn self_and_above(path: &str) -> Vec<&str> {
    let mut groups = Vec::new();
    if path.contains("/..") {
        return groups;
    }
    let mut rest = path;
    while let Some(cut) = rest.rfind('/') {
        groups.push(if rest.is_empty() { "/" } else { rest });
        rest = &rest[..cut];
    }
    if groups.last() != Some(&"/") {
        groups.push("/");
    }
    groups
}

/// `cpu.max` of the second version: quota and period, us, or `max`.
fn unified_quota(system: &System, folder: &str) -> Option<f64> {
    let text = system.text(&format!("{folder}/cpu.max"))?;
    let (quota, period) = text.trim().split_once(' ')?;
    cores(quota.parse().ok()?, period.parse().ok()?)
}

/// `cpu.cfs_quota_us` and `cpu.cfs_period_us` of the first version; -1 is unlimited.
fn controller_quota(system: &System, folder: &str) -> Option<f64> {
    let number = |name: &str| {
        system
            .text(&format!("{folder}/{name}"))?
            .trim()
            .parse::<f64>()
            .ok()
    };
    cores(number("cpu.cfs_quota_us")?, number("cpu.cfs_period_us")?)
}

fn cores(quota: f64, period: f64) -> Option<f64> {
    (quota > 0.0 && period > 0.0 && quota.is_finite()).then(|| quota / period)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::{Stat, Status};
    use crate::system::Facts;

    fn member(pid: u32, control_groups: &str, cores: &[u32]) -> Seen {
        let status = Status {
            cores: cores.to_vec(),
            ..Status::default()
        };
        let stat = Stat {
            pid,
            ..Stat::default()
        };
        Seen {
            control_groups: control_groups.into(),
            status,
            stat,
            ..Seen::default()
        }
    }

    fn machine(name: &str, files: &[(&str, &str)]) -> (std::path::PathBuf, System) {
        let folder = std::env::temp_dir().join(format!("limits-{name}-{}", std::process::id()));
        for (file, text) in files {
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
    fn the_strictest_quota_on_the_way_up_counts_and_separate_ones_add_up() {
        let (folder, system) = machine(
            "v2",
            &[
                ("proc/mounts", "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n"),
                ("sys/fs/cgroup/a/cpu.max", "150000 100000\n"),
                ("sys/fs/cgroup/a/b/cpu.max", "max 100000\n"),
                ("sys/fs/cgroup/c/cpu.max", "50000 100000\n"),
            ],
        );
        let mut table = Table::default();
        table.insert(member(1, "0::/a/b\n", &[0, 1, 2, 3]));
        table.insert(member(2, "0::/c\n", &[0, 1, 2, 3]));
        table.insert(member(3, "0::/\n", &[1]));
        table.insert(member(4, "0::/../other\n", &[7]));
        let mut limits = Limits::new(Mounts::find(&system));
        limits.refresh(&system, &table, &[1, 2, 4], Depth::Full);
        limits.refresh(&system, &table, &[3], Depth::Quick);
        std::fs::remove_dir_all(folder).unwrap();
        let allowed = |pids: &[u32], host| {
            limits.cores_allowed(
                &pids
                    .iter()
                    .filter_map(|pid| table.by_pid(*pid))
                    .collect::<Vec<_>>(),
                host,
            )
        };
        assert_eq!(allowed(&[1], 4), 1.5);
        assert_eq!(allowed(&[1, 2], 4), 2.0);
        assert_eq!(allowed(&[1, 2, 3], 4), 4.0, "one of them is not limited");
        assert_eq!(allowed(&[3], 4), 1.0);
        assert_eq!(allowed(&[4], 8), 1.0);
        assert_eq!(allowed(&[], 8), 8.0);
    }

    #[test]
    fn the_first_version_says_minus_one_for_unlimited() {
        let (folder, system) = machine(
            "v1",
            &[
                (
                    "proc/mounts",
                    "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\n",
                ),
                ("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n"),
                ("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"),
                ("sys/fs/cgroup/cpu,cpuacct/web/cpu.cfs_quota_us", "25000\n"),
                ("sys/fs/cgroup/cpu,cpuacct/web/cpu.cfs_period_us", "100000\n"),
            ],
        );
        let mut table = Table::default();
        table.insert(member(1, "3:cpu,cpuacct:/web\n0::/\n", &[0, 1]));
        table.insert(member(2, "3:cpu,cpuacct:/\n0::/\n", &[0, 1]));
        let mut limits = Limits::new(Mounts::find(&system));
        limits.refresh(&system, &table, &[1, 2], Depth::Full);
        std::fs::remove_dir_all(folder).unwrap();
        assert_eq!(limits.cores_allowed(&[table.by_pid(1).unwrap()], 2), 0.25);
        assert_eq!(limits.cores_allowed(&[table.by_pid(2).unwrap()], 2), 2.0);
    }

    #[test]
    fn the_way_up_ends_at_the_root() {
        assert_eq!(self_and_above("/a/b"), ["/a/b", "/a", "/"]);
        assert_eq!(self_and_above("/"), ["/"]);
        assert!(self_and_above("/../x").is_empty());
    }
}
