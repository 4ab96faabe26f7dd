//! The one place that asks the time. The agent and its clients compare monotonic readings across processes, so both use the
//! number itself, not an opaque instant.

use rustix::time::{ClockId, Timespec, clock_getres, clock_gettime};

/// `CLOCK_MONOTONIC`, ns: the scale of the instants of a [`crate::reading::Reading`] on the same machine.
#[must_use]
pub fn monotonic_ns() -> u64 {
    nanoseconds(clock_gettime(ClockId::Monotonic))
}

/// Wall clock, ns since 1970.
#[must_use]
pub fn wall_ns() -> u64 {
    nanoseconds(clock_gettime(ClockId::Realtime))
}

/// Time since boot, suspension included, ns: the scale on which the kernel gives the starts of processes.
#[must_use]
pub(crate) fn boot_ns() -> u64 {
    nanoseconds(clock_gettime(ClockId::Boottime))
}

/// Length of the kernel's timer tick, ns. A running thread's CPU clock, read by another thread, lags by up to this much.
#[must_use]
pub(crate) fn tick_ns() -> u64 {
    nanoseconds(clock_getres(ClockId::MonotonicCoarse))
}

fn nanoseconds(time: Timespec) -> u64 {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let rest = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_advance_and_the_tick_is_a_plausible_one() {
        let first = monotonic_ns();
        let second = monotonic_ns();
        assert!(second >= first);
        assert!(wall_ns() > 1_600_000_000_000_000_000, "a wall clock before 2020");
        assert!(
            (1_000_000..=10_000_000).contains(&tick_ns()),
            "HZ is 100 to 1000, tick {} ns",
            tick_ns()
        );
    }
}
