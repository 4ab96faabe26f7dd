//! The shared counter, and burning CPU in known amounts.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU64, Ordering};

/// The counter, shared by all tasks of the load and by whoever maps the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Truth {
    total_ns: &'static AtomicU64,
}

/// A task's own clock as far as it has been added to the counter.
#[derive(Debug)]
pub(crate) struct Task<'a> {
    truth: &'a Truth,
    added_ns: u64,
}

impl Truth {
    pub(crate) fn open(path: &str) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        file.set_len(8)?;
        // SAFETY: a new shared mapping of a file that is as long; it stays for the life of the process, page-aligned, and
        // every process touches it by atomic operations alone.
        let total_ns = unsafe {
            let protection = libc::PROT_READ | libc::PROT_WRITE;
            let place = libc::mmap(
                std::ptr::null_mut(),
                8,
                protection,
                libc::MAP_SHARED,
                file.as_raw_fd(),
                0,
            );
            if place == libc::MAP_FAILED {
                return Err(io::Error::last_os_error());
            }
            AtomicU64::from_ptr(place.cast())
        };
        Ok(Self { total_ns })
    }

    /// The task that calls this, counted from its birth.
    pub(crate) fn task(&self) -> Task<'_> {
        Task {
            truth: self,
            added_ns: 0,
        }
    }
}

impl Task<'_> {
    /// Adds what the task has used since the last time.
    pub(crate) fn add(&mut self) {
        let now_ns = thread_cpu_ns();
        self.truth
            .total_ns
            .fetch_add(now_ns - self.added_ns, Ordering::Relaxed);
        self.added_ns = now_ns;
    }

    /// Uses this much CPU time.
    pub(crate) fn burn(&mut self, cpu_ns: u64) {
        let until = thread_cpu_ns() + cpu_ns;
        while thread_cpu_ns() < until {
            for step in 0..3_000_u32 {
                std::hint::black_box(step);
            }
            self.add();
        }
    }
}

fn thread_cpu_ns() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid place for the answer.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}
