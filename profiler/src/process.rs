//! One process as `/proc/PID` describes it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::system::System;

pub mod io;
pub mod numbers;
pub mod stat;
pub mod status;

pub use io::DiskBytes;
pub use stat::Stat;
pub use status::Status;

/// What tells a process from a later one with the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Identity {
    /// Its number.
    pub pid: u32,
    /// When it started, clock ticks since boot.
    pub start_ticks: u64,
}

/// The names that a process goes by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    /// Path of the program; empty where it is hidden (another user's process, a kernel thread).
    pub exe: String,
    /// First argument: the name it was called by, or has given itself.
    pub argument: String,
    /// Name of its main thread, cut by the kernel at 15 bytes.
    pub comm: String,
}

impl Names {
    /// Reads the names of `pid`; `comm` is known from its [`Stat`].
    #[must_use]
    pub fn read(system: &System, pid: u32, comm: &str) -> Self {
        let exe = system.link(&format!("proc/{pid}/exe")).unwrap_or_default();
        let exe = exe.strip_suffix(" (deleted)").unwrap_or(&exe).to_owned();
        let line = system.read(&format!("proc/{pid}/cmdline")).unwrap_or_default();
        let argument = line.split(|byte| *byte == 0).next().unwrap_or_default();
        Self {
            exe,
            argument: String::from_utf8_lossy(argument).into_owned(),
            comm: comm.to_owned(),
        }
    }

    /// File name of the program, such as `mariadbd`.
    #[must_use]
    pub fn exe_name(&self) -> &str {
        file_name(&self.exe)
    }

    /// File name in the first argument. A title set by the program itself (`php-fpm: pool www`, `nginx: worker process`)
    /// counts up to its first blank, without the colon.
    #[must_use]
    pub fn argument_name(&self) -> &str {
        let word = self.argument.split_whitespace().next().unwrap_or_default();
        file_name(word).trim_end_matches(':').trim_start_matches('-')
    }
}

fn file_name(path: &str) -> &str {
    Path::new(path)
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(exe: &str, argument: &str) -> Names {
        Names {
            exe: exe.into(),
            argument: argument.into(),
            comm: String::new(),
        }
    }

    #[test]
    fn titles_and_login_shells_lose_their_ornaments() {
        let master = names(
            "/usr/sbin/php-fpm8.2",
            "php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)",
        );
        assert_eq!(master.exe_name(), "php-fpm8.2");
        assert_eq!(master.argument_name(), "php-fpm");
        assert_eq!(names("", "/usr/sbin/nginx").argument_name(), "nginx");
        assert_eq!(names("/bin/bash", "-bash").argument_name(), "bash");
        assert_eq!(names("", "").exe_name(), "");
    }

    #[test]
    fn this_process_has_names() {
        let pid = std::process::id();
        let names = Names::read(&System::live(), pid, "x");
        assert!(!names.exe_name().is_empty());
        assert_eq!(names.exe_name(), names.argument_name());
    }
}
