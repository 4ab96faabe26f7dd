//! The last word on a task: what it had spent when the kernel gave it back, a few milliseconds after its end. Unlike the exit
//! record this has what ending itself cost. A program of nineteen instructions in the kernel (eBPF, at the tracepoint
//! `sched_process_free`) puts it in a queue. Needs the rights to load programs and to look into the kernel (root, or `CAP_BPF`
//! and `CAP_PERFMON`), and a kernel that describes its types (BTF); where anything is missing, what ending costs is estimated.

use std::io;
use std::os::fd::OwnedFd;

use crate::syscall;
use crate::system::System;

mod program;
mod types;

/// Tasks that the queue has room for between two looks.
const ROOM: u32 = 16_384;

/// A task that has been given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freed {
    /// Its process.
    pub process: u32,
    /// It.
    pub thread: u32,
    /// Its CPU time, ns, with what ending cost.
    pub cpu_ns: u64,
    /// What the clock of its process had by then of all tasks that had ended, ns.
    pub in_clock_ns: u64,
}

/// The queue, and the program that fills it; it stops when this is dropped.
#[derive(Debug)]
pub struct Queue {
    queue: OwnedFd,
    _attached: OwnedFd,
}

impl Queue {
    /// Loads the program and attaches it.
    ///
    /// # Errors
    /// Why that is not possible here.
    pub fn open(system: &System) -> Result<Self, String> {
        // Some megabytes, of which the kernel hands out a page at a time.
        let description = std::fs::read(system.path("sys/kernel/btf/vmlinux"))
            .map_err(|error| format!("the kernel does not describe its types: {error}"))?;
        let places = types::Places::find(&description)
            .ok_or("the kernel's description of its types is without the tasks' times")?;
        drop(description);
        let refused = |what: &'static str| move |error: io::Error| format!("{what}: {error}");
        let queue =
            syscall::make_queue(program::RECORD_BYTES, ROOM).map_err(refused("no queue in the kernel"))?;
        let instructions = program::instructions(&places, &queue);
        let loaded = syscall::load_program(&instructions, program::LICENSE, places.tracepoint)
            .map_err(refused("the kernel refuses the program"))?;
        let attached = syscall::attach_program(&loaded).map_err(refused("the program cannot be attached"))?;
        Ok(Self {
            queue,
            _attached: attached,
        })
    }

    /// Hands over every task given back since the last call. Returns whether the queue may have overflowed.
    pub fn receive(&self, mut each: impl FnMut(Freed)) -> bool {
        for _ in 0..ROOM {
            let mut record = [0; program::RECORD_BYTES];
            if syscall::take_from_queue(&self.queue, &mut record).is_err() {
                return false;
            }
            each(program::parse(&record));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_task_given_back_has_spent_more_than_it_could_see_itself() {
        let queue = match Queue::open(&System::live()) {
            Ok(queue) => queue,
            Err(reason) => {
                eprintln!("not tested: {reason}");
                return;
            }
        };
        let (thread, seen_ns) = std::thread::spawn(|| {
            let own_ns = || {
                let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
                time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
            };
            while own_ns() < 2_000_000 {}
            (rustix::thread::gettid().as_raw_pid().cast_unsigned(), own_ns())
        })
        .join()
        .unwrap();
        let own = std::process::id();
        let mut found = None;
        for _ in 0..200 {
            queue.receive(|freed| {
                if (freed.process, freed.thread) == (own, thread) {
                    found = Some(freed.cpu_ns);
                }
            });
            if found.is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let cpu_ns = found.expect("it never came");
        assert!(
            cpu_ns >= seen_ns && cpu_ns < seen_ns + 1_000_000_000,
            "{seen_ns} ns by its own clock, {cpu_ns} ns in the end"
        );
    }
}
