//! `capture DIR`: records what the agent reads of a machine, so that it can be read again elsewhere and later. Of command
//! lines only the first word is recorded; the rest may hold secrets.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::observer::limits::{Mounts, controller_path, unified_path};
use crate::probe::HOST_PROBES;
use crate::system::System;

/// Files of the host beside those that probes name.
const HOST_FILES: &[&str] = &[
    "proc/mounts",
    "proc/net/tcp",
    "proc/net/tcp6",
    "proc/sys/kernel/hostname",
    "proc/sys/kernel/osrelease",
    "sys/devices/system/cpu/online",
    "sys/devices/system/cpu/possible",
];
/// Files of each process.
const PROCESS_FILES: &[&str] = &["stat", "status", "cgroup", "io"];
/// Files of control groups.
const GROUP_FILES: &[&str] = &[
    "cgroup.procs",
    "cpu.stat",
    "cpu.max",
    "cpuacct.usage",
    "cpu.cfs_quota_us",
    "cpu.cfs_period_us",
];

/// Records this machine in a new folder and says what was recorded.
///
/// # Errors
/// When the folder is there already or cannot be written.
pub fn run(folder: &Path) -> Result<String, String> {
    let system = System::live();
    fs::create_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let recorder = Recorder {
        system: &system,
        folder,
    };
    recorder
        .all()
        .map_err(|error| format!("{}: {error}", folder.display()))
}

struct Recorder<'a> {
    system: &'a System,
    folder: &'a Path,
}

impl Recorder<'_> {
    fn all(&self) -> io::Result<String> {
        let facts = self.system.facts();
        let text = serde_json::to_string_pretty(facts).map_err(io::Error::other)?;
        fs::write(self.folder.join("facts.json"), text)?;
        for file in HOST_PROBES
            .iter()
            .map(|probe| probe.file)
            .chain(HOST_FILES.iter().copied())
        {
            self.file(file)?;
        }
        for disk in self.system.list("sys/block") {
            fs::create_dir_all(self.folder.join("sys/block").join(disk))?;
        }
        let mut groups = BTreeSet::new();
        let pids = self.system.pids();
        for pid in &pids {
            self.process(*pid)?;
            groups.insert(
                self.system
                    .text(&format!("proc/{pid}/cgroup"))
                    .unwrap_or_default(),
            );
        }
        for lines in groups {
            self.control_groups(&lines)?;
        }
        Ok(format!(
            "{} processes recorded in {}\n",
            pids.len(),
            self.folder.display()
        ))
    }

    /// What is not there, or not for us to read, is left out.
    fn file(&self, name: &str) -> io::Result<()> {
        match self.system.read(name) {
            Ok(content) => self.write(name, &content),
            Err(_) => Ok(()),
        }
    }

    fn write(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let place = self.folder.join(name);
        fs::create_dir_all(place.parent().unwrap_or(self.folder))?;
        fs::write(place, content)
    }

    fn process(&self, pid: u32) -> io::Result<()> {
        for file in PROCESS_FILES {
            self.file(&format!("proc/{pid}/{file}"))?;
        }
        let line = self
            .system
            .read(&format!("proc/{pid}/cmdline"))
            .unwrap_or_default();
        let first = line.split(|byte| *byte == 0).next().unwrap_or_default();
        self.write(&format!("proc/{pid}/cmdline"), &[first, &[0]].concat())?;
        match self.system.link(&format!("proc/{pid}/exe")) {
            Some(target) => symlink(target, self.folder.join(format!("proc/{pid}/exe"))),
            None => Ok(()),
        }
    }

    fn control_groups(&self, lines: &str) -> io::Result<()> {
        let mounts = Mounts::find(self.system);
        let unified = mounts.unified.iter().zip(unified_path(lines));
        let cpu = mounts.cpu.iter().zip(controller_path(lines, "cpu"));
        let accounting = mounts.accounting.iter().zip(controller_path(lines, "cpuacct"));
        for (mount, path) in unified.chain(cpu).chain(accounting) {
            let mut rest = path.trim_end_matches('/');
            loop {
                for file in GROUP_FILES {
                    self.file(&format!("{}{rest}/{file}", mount.trim_start_matches('/')))?;
                }
                let Some(cut) = rest.rfind('/') else { break };
                rest = &rest[..cut];
            }
        }
        Ok(())
    }
}
