//! Java virtual machines: the counters that they leave in a file for anyone of the same user to read, without being attached
//! to or signalled, and the CPU time of their threads by what they do.

use std::fs::File;
use std::io::Read;

use rustix::fs::{Mode, OFlags};

use crate::jvm::counters::Counters;
use crate::observer::table::Seen;
use crate::reading::{Jvm, JvmCollector};
use crate::system::System;

pub mod counters;

/// Bytes of the file that are read at most; it has 32 KiB unless it was asked to be larger.
const MOST_BYTES: u64 = 1 << 20;
/// Threads whose CPU time is split at most; it costs two files each.
const MOST_THREADS: u32 = 512;
/// Generations, their spaces, and collectors that are asked for; no machine has more.
const MOST_PARTS: usize = 4;

/// Whether a process is a Java virtual machine, by its program.
#[must_use]
pub fn is_jvm(seen: &Seen) -> bool {
    let name = seen.names.exe_name();
    name == "java" || (name.is_empty() && seen.names.comm == "java")
}

/// Reads the counters and threads of one.
#[must_use]
pub fn read(system: &System, seen: &Seen) -> Jvm {
    let pid = seen.stat.pid;
    let mut jvm = match content(system, seen).as_deref().map(Counters::parse) {
        Some(Some(counters)) => from_counters(&counters),
        Some(None) => absent("its counters cannot be understood"),
        None => absent(
            "it has no counters: started with -XX:-UsePerfData or -XX:+PerfDisableSharedMem, or not ours to read",
        ),
    };
    jvm.pid = pid;
    if seen.stat.threads <= MOST_THREADS {
        split_threads(system, pid, &mut jvm);
    }
    jvm
}

fn absent(reason: &str) -> Jvm {
    Jvm {
        absent: Some(reason.to_owned()),
        ..Jvm::default()
    }
}

/// The file is called by the number that the machine knows itself by, below its own root.
fn content(system: &System, seen: &Seen) -> Option<Vec<u8>> {
    let pid = seen.stat.pid;
    let inner = seen.status.inner_pid.unwrap_or(pid);
    let folder = format!("proc/{pid}/root/tmp");
    let users = system
        .list(&folder)
        .into_iter()
        .filter(|name| name.starts_with("hsperfdata_"));
    users
        .map(|user| format!("{folder}/{user}/{inner}"))
        .find_map(|name| regular(system, &name))
}

/// Whoever owns the folder can put there what he likes: links are not followed, and a pipe does not hold us up.
fn regular(system: &System, name: &str) -> Option<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(system.path(name), flags, Mode::empty()).ok()?);
    let mut content = Vec::new();
    if file.metadata().ok()?.is_file() {
        file.take(MOST_BYTES).read_to_end(&mut content).ok()?;
    }
    (!content.is_empty()).then_some(content)
}

fn from_counters(counters: &Counters) -> Jvm {
    let sum = |what: &str| {
        let mut total = None;
        for generation in 0..MOST_PARTS {
            for space in 0..MOST_PARTS {
                let value = counters.number(&format!("sun.gc.generation.{generation}.space.{space}.{what}"));
                total = value.map_or(total, |value| Some(total.unwrap_or(0) + value));
            }
        }
        total
    };
    Jvm {
        version: counters.text("java.property.java.version"),
        policy: counters.text("sun.gc.policy.name"),
        heap_used_bytes: sum("used"),
        heap_committed_bytes: sum("capacity"),
        collectors: (0..MOST_PARTS)
            .filter_map(|index| collector(counters, index))
            .collect(),
        safepoint_ns: counters.ticks_ns("sun.rt.safepointTime"),
        ..Jvm::default()
    }
}

fn collector(counters: &Counters, index: usize) -> Option<JvmCollector> {
    let name = |what: &str| format!("sun.gc.collector.{index}.{what}");
    Some(JvmCollector {
        name: counters.text(&name("name"))?,
        count: counters.number(&name("invocations"))?,
        time_ns: counters.ticks_ns(&name("time"))?,
    })
}

/// What a thread does, by the beginning of its name.
fn is_collecting(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "GC Thread",
        "G1 ",
        "ParGC",
        "Parallel GC",
        "Gang work",
        "CMS",
        "Concurrent Ma",
        "ZWorker",
        "ZDriver",
        "ZStat",
        "ZUncommit",
        "Shenandoah",
    ];
    NAMES.iter().any(|begin| name.starts_with(begin))
}

fn is_compiling(name: &str) -> bool {
    ["C1 Compiler", "C2 Compiler", "JVMCI"]
        .iter()
        .any(|begin| name.starts_with(begin))
}

fn split_threads(system: &System, pid: u32, jvm: &mut Jvm) {
    for thread in system.list(&format!("proc/{pid}/task")) {
        let text = |file: &str| system.text(&format!("proc/{pid}/task/{thread}/{file}"));
        let spent = text("schedstat").and_then(|line| line.split(' ').next()?.parse::<u64>().ok());
        let (Some(name), Some(spent)) = (text("comm"), spent) else {
            continue;
        };
        let part = if is_collecting(&name) {
            &mut jvm.gc_cpu_ns
        } else if is_compiling(&name) {
            &mut jvm.compiler_cpu_ns
        } else {
            &mut jvm.application_cpu_ns
        };
        *part = Some(part.unwrap_or(0).saturating_add(spent));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_known_by_their_names() {
        for name in [
            "GC Thread#0",
            "G1 Conc#0",
            "G1 Service",
            "ZWorkerYoung#0",
            "ParGC Thread#1",
            "Shenandoah GC",
        ] {
            assert!(is_collecting(name) && !is_compiling(name), "{name}");
        }
        assert!(is_compiling("C2 CompilerThre") && is_compiling("C1 CompilerThre"));
        assert!(!is_collecting("http-nio-8080-e") && !is_compiling("main"));
    }
}
