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

    /// A clock whose time 0 was at this reading of CLOCK_MONOTONIC.
    #[must_use]
    pub const fn since(epoch_monotonic_ns: u64) -> Self {
        Self {
            epoch_ns: epoch_monotonic_ns,
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

/// A wall-clock reading as `2026-11-22T09:37:16Z`.
#[must_use]
pub fn rfc3339(unix_ns: u64) -> String {
    let t = civil(unix_ns);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        t[0], t[1], t[2], t[3], t[4], t[5]
    )
}

/// A wall-clock reading as `20261122-093716`, for names of files; UTC.
#[must_use]
pub fn file_stamp(unix_ns: u64) -> String {
    let t = civil(unix_ns);
    format!(
        "{:04}{:02}{:02}-{:02}{:02}{:02}",
        t[0], t[1], t[2], t[3], t[4], t[5]
    )
}

/// Year, month, day, hour, minute, second in UTC, by the Gregorian calendar with years that begin in March.
const fn civil(unix_ns: u64) -> [u64; 6] {
    let seconds = unix_ns / NS_PER_S;
    let day_number = seconds / 86_400 + 719_468;
    let (era, day_of_era) = (day_number / 146_097, day_number % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = era * 400 + year_of_era + (month <= 2) as u64;
    let second = seconds % 86_400;
    [year, month, day, second / 3_600, second / 60 % 60, second % 60]
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
    fn dates_by_the_calendar() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_782_399 * NS_PER_S + 5), "2000-02-28T23:59:59Z");
        assert_eq!(rfc3339(1_709_164_800 * NS_PER_S), "2024-02-29T00:00:00Z");
        assert_eq!(file_stamp(4_102_444_799 * NS_PER_S), "20991231-235959");
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
