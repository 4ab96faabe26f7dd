//! The one place that asks the time. Everything else is given instants.

use rustix::time::{ClockId, clock_gettime};

const NS_PER_S: u64 = 1_000_000_000;

/// Nanoseconds since the start of a run, from the monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    epoch_ns: u64,
}

impl Clock {
    /// A clock whose time 0 is now.
    #[must_use]
    pub fn start() -> Self {
        Self {
            epoch_ns: monotonic_ns(),
        }
    }

    /// Nanoseconds since the start; never 0, which means "did not happen" in a record.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        monotonic_ns().saturating_sub(self.epoch_ns).max(1)
    }

    /// Reading of CLOCK_MONOTONIC at time 0 of this clock, ns.
    #[must_use]
    pub const fn epoch_monotonic_ns(&self) -> u64 {
        self.epoch_ns
    }
}

/// Reading of CLOCK_MONOTONIC, ns.
#[must_use]
pub fn monotonic_ns() -> u64 {
    read_ns(ClockId::Monotonic)
}

/// Reading of the wall clock, ns since 1970-01-01T00:00:00Z.
#[must_use]
pub fn unix_ns() -> u64 {
    read_ns(ClockId::Realtime)
}

/// CPU time spent by the calling thread so far, ns.
#[must_use]
pub fn thread_cpu_ns() -> u64 {
    read_ns(ClockId::ThreadCPUTime)
}

fn read_ns(id: ClockId) -> u64 {
    let time = clock_gettime(id);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanoseconds = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds.saturating_mul(NS_PER_S).saturating_add(nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_start_above_zero_and_never_go_back() {
        let clock = Clock::start();
        let first = clock.now_ns();
        let second = clock.now_ns();
        assert!(first >= 1 && second >= first);
        assert!(clock.epoch_monotonic_ns() <= monotonic_ns());
    }

    #[test]
    fn thread_cpu_time_grows_with_work_and_not_beyond_elapsed_time() {
        let (wall, cpu) = (monotonic_ns(), thread_cpu_ns());
        let mut sum = 0_u64;
        while thread_cpu_ns() - cpu < 2_000_000 {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        let (cpu_spent, wall_spent) = (thread_cpu_ns() - cpu, monotonic_ns() - wall);
        assert!(cpu_spent >= 2_000_000);
        assert!(wall_spent + 1_000_000 >= cpu_spent, "{wall_spent} {cpu_spent}");
    }
}
