//! The only place of this package that asks the time, and the burning of CPU time, which is nothing else.

use rustix::time::{ClockId, Timespec, clock_gettime};
use std::hint::black_box;

/// Monotonic wall time, ns.
pub(super) fn wall_ns() -> u64 {
    nanoseconds(clock_gettime(ClockId::Monotonic))
}

/// CPU time that the calling thread has consumed, in user and kernel mode, ns.
pub(super) fn thread_cpu_ns() -> u64 {
    nanoseconds(clock_gettime(ClockId::ThreadCPUTime))
}

/// Burns CPU time of the calling thread and returns how much it really was (a few microseconds more).
pub(super) fn burn(cpu_ns: u64) -> u64 {
    let begin = thread_cpu_ns();
    let mut x = begin | 1;
    loop {
        // Long enough that asking the clock is a small part, short enough to end within about two microseconds.
        for _ in 0..1_000 {
            x = black_box(x.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17));
        }
        let spent = thread_cpu_ns() - begin;
        if spent >= cpu_ns {
            return spent;
        }
    }
}

/// A span in the form that system calls take.
pub(super) fn timespec(nanoseconds: u64) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(nanoseconds / 1_000_000_000).unwrap_or(i64::MAX),
        tv_nsec: i64::try_from(nanoseconds % 1_000_000_000).unwrap_or(0),
    }
}

fn nanoseconds(time: Timespec) -> u64 {
    // Both clocks start at 0 and never run backwards, so neither part is negative.
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burning_takes_at_least_the_cpu_time_asked_for() {
        let before = thread_cpu_ns();
        let spent = burn(2_000_000);
        let by_the_clock = thread_cpu_ns() - before;
        assert!(spent >= 2_000_000);
        assert!(by_the_clock >= spent, "{by_the_clock} < {spent}");
    }

    #[test]
    fn spans_keep_their_nanoseconds() {
        let time = timespec(3_000_000_007);
        assert_eq!((time.tv_sec, time.tv_nsec), (3, 7));
    }
}
