//! The machine that is read: the live one, or a recorded `/proc` and `/sys` below some folder. Parsers see only bytes and
//! the facts here.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{clock, syscall};

/// Facts that give the files' numbers their units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Clock ticks per second of the kernel's user interface (`USER_HZ`).
    pub ticks_per_s: u64,
    /// Bytes of a memory page.
    pub page_bytes: u64,
    /// Timer tick, ns: how stale the CPU clock of a running thread may be.
    pub tick_ns: u64,
}

impl Facts {
    /// Clock ticks as nanoseconds.
    #[must_use]
    pub fn ticks_to_ns(&self, ticks: u64) -> u64 {
        ticks.saturating_mul(1_000_000_000 / self.ticks_per_s.max(1))
    }
}

/// A live or recorded machine.
#[derive(Debug, Clone)]
pub struct System {
    root: PathBuf,
    live: bool,
    facts: Facts,
}

impl System {
    /// This machine.
    #[must_use]
    pub fn live() -> Self {
        let facts = Facts {
            ticks_per_s: rustix::param::clock_ticks_per_second(),
            page_bytes: rustix::param::page_size() as u64,
            tick_ns: clock::tick_ns(),
        };
        Self {
            root: PathBuf::from("/"),
            live: true,
            facts,
        }
    }

    /// A recorded machine: a folder with `proc` and `sys` in it. CPU clocks are not part of a record, so CPU times come from
    /// `/proc/PID/stat`.
    #[must_use]
    pub fn recorded(root: &Path, facts: Facts) -> Self {
        Self {
            root: root.to_owned(),
            live: false,
            facts,
        }
    }

    /// Units of the numbers in its files.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Whether it is this machine.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// Where a file of the machine, named from its root without a leading slash, really is.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name.trim_start_matches('/'))
    }

    /// The content of a file.
    ///
    /// # Errors
    /// As the operating system reports them.
    pub fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        read_whole(&File::open(self.path(name))?, &mut content)?;
        Ok(content)
    }

    /// The text of a file, or `None` where it is absent or unreadable.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.read(name)
            .ok()
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A file kept open, to be read again and again.
    ///
    /// # Errors
    /// As the operating system reports them.
    pub fn keep(&self, name: &str) -> io::Result<Kept> {
        let path = self.path(name);
        let file = File::open(&path)?;
        Ok(Kept {
            file,
            path: (!self.live).then_some(path),
        })
    }

    /// The names in a folder, in no order; empty where it cannot be read.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path(name)) else {
            return Vec::new();
        };
        entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect()
    }

    /// How many entries a folder has; `None` where it cannot be read.
    #[must_use]
    pub fn count(&self, name: &str) -> Option<u64> {
        fs::read_dir(self.path(name))
            .ok()
            .map(|entries| entries.count() as u64)
    }

    /// The processes alive.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        self.list("proc")
            .iter()
            .filter_map(|name| name.parse().ok())
            .collect()
    }

    /// What a symbolic link points to.
    #[must_use]
    pub fn link(&self, name: &str) -> Option<String> {
        let target = fs::read_link(self.path(name)).ok()?;
        Some(target.to_string_lossy().into_owned())
    }

    /// CPU time of a process by its CPU clock, ns; `None` where the machine or the process has none.
    #[must_use]
    pub fn cpu_clock_ns(&self, pid: u32) -> Option<u64> {
        if self.live {
            syscall::process_cpu_clock_ns(pid).ok()
        } else {
            None
        }
    }
}

/// An open file of `/proc` or `/sys`. That of a process keeps meaning that process: when it is gone, reading fails, even when
/// its number has been given to another.
#[derive(Debug)]
pub struct Kept {
    file: File,
    /// Of a record, which may be replaced by a later one under the same path.
    path: Option<PathBuf>,
}

impl Kept {
    /// The content now, in `buffer`, which is cleared first.
    ///
    /// # Errors
    /// As the operating system reports them; `ESRCH` when the process is gone.
    pub fn read_into(&self, buffer: &mut Vec<u8>) -> io::Result<()> {
        match &self.path {
            Some(path) => read_whole(&File::open(path)?, buffer),
            None => read_whole(&self.file, buffer),
        }
    }
}

/// Reads a file from its beginning, with as few calls as the kernel's files allow: they have no length to go by.
fn read_whole(file: &File, buffer: &mut Vec<u8>) -> io::Result<()> {
    const FIRST: usize = 4096;
    const MOST: usize = 1 << 18;
    buffer.clear();
    let mut step = FIRST;
    loop {
        let used = buffer.len();
        buffer.resize(used + step, 0);
        let got = file.read_at(&mut buffer[used..], used as u64);
        buffer.truncate(used + got.as_ref().map_or(0, |got| *got));
        let got = got?;
        // The kernel cuts a long file at entries, not at the buffer's end, so only an empty answer is the end; but a short
        // first answer of a one-line file would cost a second call each time.
        if got == 0 || (used == 0 && got < FIRST / 2) {
            return Ok(());
        }
        step = (step * 2).min(MOST);
    }
}
