//! Whether the generator, not the site, was the limit: decided from what it says of itself, with every threshold in one place.

use super::histogram::Histogram;
use super::window::Window;
use std::fmt;

/// Busiest thread's share of a processor from which on its own queueing shows in response times. At 85 % a single server
/// with random arrivals holds requests for more than five of its own service times.
pub const CPU_LIMIT: f64 = 0.85;
/// Share of time for which the busiest thread had or wanted a processor, from which on another process decides the load.
pub const WANTED_LIMIT: f64 = 0.95;
/// Lateness of 1 % of the transactions is harmless up to this, s ...
pub const LATENESS_FLOOR_S: f64 = 0.010;
/// ... and up to this share of the mean cycle of think and response time.
pub const LATENESS_SHARE: f64 = 0.05;
/// Mean wait for a processor per turn that is harmless in any case, s ...
pub const WAIT_FLOOR_S: f64 = 0.000_5;
/// ... and as a share of the mean response time that it prolongs.
pub const WAIT_SHARE: f64 = 0.10;
/// Gap in Little's law that edge effects explain, beyond the noise of sampling.
pub const LITTLE_LIMIT: f64 = 0.02;

/// Why a measurement tells more of the generator than of the site.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Saturation {
    /// Connections or records that the generator could not manage.
    Failures {
        /// For lack of a local port.
        ports: u64,
        /// For lack of descriptors or memory.
        resources: u64,
        /// Records lost because nobody took them.
        records: u64,
        /// Transactions of the open mode that could not begin.
        unstarted: u64,
    },
    /// A thread was busy itself.
    Cpu {
        /// Its share of a processor.
        share: f64,
    },
    /// A thread had or wanted a processor nearly all the time, and others had it.
    Starved {
        /// Share of time for which it had or wanted one.
        wanted: f64,
        /// Share of time for which it had one.
        got: f64,
    },
    /// Transactions began later than they should.
    Late {
        /// Lateness that 1 % exceed, s.
        p99_s: f64,
        /// The limit, s.
        limit_s: f64,
    },
    /// Waiting for a processor prolonged the response times themselves.
    Distorted {
        /// Mean wait per turn, s.
        wait_s: f64,
        /// Mean response time, s.
        response_s: f64,
    },
    /// Users are missing from the balance N = X (R + Z).
    LittleGap {
        /// Missing share.
        gap: f64,
        /// The limit for this number of transactions.
        limit: f64,
    },
}

/// Judges consecutive windows of an unchanged number of users; `None` if nothing speaks against them.
#[must_use]
pub fn generator_saturated(windows: &[Window]) -> Option<Saturation> {
    let sum = Sum::of(windows);
    if sum.failures() > 0 {
        let Sum {
            ports,
            resources,
            records,
            unstarted,
            ..
        } = sum;
        return Some(Saturation::Failures {
            ports,
            resources,
            records,
            unstarted,
        });
    }
    if sum.wall_s <= 0.0 || sum.finished == 0 {
        return None;
    }
    let (got, wanted) = (sum.busiest_cpu_s / sum.wall_s, sum.busiest_wanted_s / sum.wall_s);
    if got > CPU_LIMIT {
        return Some(Saturation::Cpu { share: got });
    }
    if wanted > WANTED_LIMIT {
        return Some(Saturation::Starved { wanted, got });
    }
    let limit_s = (LATENESS_SHARE * (sum.response_s() + sum.think_s())).max(LATENESS_FLOOR_S);
    if let Some(p99_s) = sum.lateness.quantile_s(0.99).filter(|late| *late > limit_s) {
        return Some(Saturation::Late { p99_s, limit_s });
    }
    let wait_s = sum.wait_s / sum.turns.max(1) as f64;
    if wait_s > WAIT_FLOOR_S.max(WAIT_SHARE * sum.response_s()) {
        return Some(Saturation::Distorted {
            wait_s,
            response_s: sum.response_s(),
        });
    }
    sum.little_gap()
}

#[derive(Debug, Default)]
struct Sum {
    wall_s: f64,
    user_s: f64,
    users_changed: bool,
    finished: u64,
    in_transactions_s: f64,
    served: u64,
    served_s: f64,
    think_sum_s: f64,
    thinks: u64,
    busiest_cpu_s: f64,
    busiest_wanted_s: f64,
    wait_s: f64,
    turns: u64,
    lateness: Histogram,
    ports: u64,
    resources: u64,
    records: u64,
    unstarted: u64,
}

impl Sum {
    const fn failures(&self) -> u64 {
        self.ports + self.resources + self.records + self.unstarted
    }

    fn of(windows: &[Window]) -> Self {
        let mut sum = Self::default();
        let users = windows.first().map_or(0, |window| window.users);
        for window in windows {
            let length_s = window.end_ns.saturating_sub(window.start_ns) as f64 * 1e-9;
            sum.wall_s += length_s;
            sum.user_s += length_s * f64::from(window.users);
            let open = window
                .transactions
                .iter()
                .any(|transaction| !transaction.intended_us.is_empty());
            sum.users_changed |= open || window.users != users || window.finished_users > 0;
            for transaction in &window.transactions {
                sum.finished += transaction.outcomes.iter().sum::<u64>();
                sum.served += transaction.served;
                sum.served_s += transaction.response_sum_s;
                sum.in_transactions_s +=
                    transaction.response_sum_s + transaction.failed_sum_s + transaction.process_sum_s;
            }
            sum.think_sum_s += window.think_sum_s;
            sum.thinks += window.think_count;
            let generator = &window.generator;
            sum.busiest_cpu_s += generator.busiest_shard_cpu_ns as f64 * 1e-9;
            sum.busiest_wanted_s += generator.busiest_shard_wanted_ns as f64 * 1e-9;
            sum.wait_s += generator.queued_ns as f64 * 1e-9;
            sum.turns += generator.turns;
            generator
                .lateness_us
                .iter()
                .for_each(|late| sum.lateness.add(u64::from(*late) * 1_000));
            sum.ports += generator.ports_exhausted;
            sum.resources += generator.resources_exhausted;
            sum.records += generator.dropped;
            sum.unstarted += generator.unstarted;
        }
        sum
    }

    fn response_s(&self) -> f64 {
        self.served_s / self.served.max(1) as f64
    }

    fn think_s(&self) -> f64 {
        self.think_sum_s / self.thinks.max(1) as f64
    }

    /// Each user is always either thinking or in a transaction; time that is in neither was lost in the generator. With
    /// few transactions the ones that reach over the ends make a gap of their own.
    fn little_gap(&self) -> Option<Saturation> {
        let limit = LITTLE_LIMIT + 4.0 / (self.finished as f64).sqrt();
        let gap = 1.0 - (self.in_transactions_s + self.think_sum_s) / self.user_s;
        let found = !self.users_changed && self.user_s > 0.0 && gap.abs() > limit;
        found.then_some(Saturation::LittleGap { gap, limit })
    }
}

impl fmt::Display for Saturation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failures {
                ports,
                resources,
                records,
                unstarted,
            } => write!(
                f,
                "the generator had no local port {ports} times, no descriptor or memory {resources} times, no user for \
                 {unstarted} transactions, and lost {records} records"
            ),
            Self::Cpu { share } => {
                write!(
                    f,
                    "the busiest generator thread used {:.0} % of a processor",
                    share * 100.0
                )
            }
            Self::Starved { wanted, got } => write!(
                f,
                "a generator thread wanted a processor {:.0} % of the time and got {:.0} %",
                wanted * 100.0,
                got * 100.0
            ),
            Self::Late { p99_s, limit_s } => write!(
                f,
                "1 % of the transactions began more than {:.1} ms late (limit {:.1} ms)",
                p99_s * 1e3,
                limit_s * 1e3
            ),
            Self::Distorted { wait_s, response_s } => write!(
                f,
                "the generator waited {:.2} ms for a processor at each turn, of response times of {:.2} ms",
                wait_s * 1e3,
                response_s * 1e3
            ),
            Self::LittleGap { gap, limit } => write!(
                f,
                "Little's law is off by {:.1} % (limit {:.1} %)",
                gap * 100.0,
                limit * 100.0
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::window::TransactionWindow;

    /// Ten users that think 90 ms and are served in 10 ms, for ten seconds.
    fn healthy() -> Vec<Window> {
        (0..100)
            .map(|index| {
                let mut window = Window::empty(index, 100_000_000, 1);
                window.users = 10;
                window.transactions[0] = TransactionWindow {
                    served: 10,
                    outcomes: [10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
                    response_sum_s: 0.1,
                    ..TransactionWindow::default()
                };
                window.think_sum_s = 0.9;
                window.think_count = 10;
                window.generator.cpu_ns = 5_000_000;
                window.generator.busiest_shard_cpu_ns = 5_000_000;
                window.generator.busiest_shard_wanted_ns = 6_000_000;
                window.generator.queued_ns = 1_000_000;
                window.generator.turns = 20;
                window.generator.lateness_us = vec![100; 10];
                window
            })
            .collect()
    }

    fn with(change: impl Fn(&mut Window)) -> Option<Saturation> {
        let mut windows = healthy();
        windows.iter_mut().for_each(change);
        generator_saturated(&windows)
    }

    #[test]
    fn health_is_not_suspected() {
        assert_eq!(generator_saturated(&healthy()), None);
        assert_eq!(generator_saturated(&[]), None);
        assert_eq!(generator_saturated(&[Window::empty(0, 100, 1)]), None);
    }

    #[test]
    fn each_sign_is_seen_by_itself() {
        let seen = [
            with(|w| w.generator.ports_exhausted = 1),
            with(|w| w.generator.busiest_shard_cpu_ns = 90_000_000),
            with(|w| w.generator.busiest_shard_wanted_ns = 97_000_000),
            with(|w| w.generator.lateness_us = vec![100, 100, 100, 100, 100, 100, 100, 100, 100, 20_000]),
            with(|w| w.generator.queued_ns = 40_000_000),
            with(|w| w.think_sum_s = 0.7),
        ];
        assert!(matches!(
            seen,
            [
                Some(Saturation::Failures { ports: 100, .. }),
                Some(Saturation::Cpu { .. }),
                Some(Saturation::Starved { .. }),
                Some(Saturation::Late { .. }),
                Some(Saturation::Distorted { .. }),
                Some(Saturation::LittleGap { .. }),
            ]
        ));
        assert!(
            seen.iter()
                .flatten()
                .all(|sign| !sign.to_string().contains("NaN"))
        );
    }

    #[test]
    fn a_change_of_users_makes_no_little_gap() {
        let mut windows = healthy();
        windows[50].users = 20;
        assert_eq!(generator_saturated(&windows), None);
    }

    #[test]
    fn failed_transactions_take_part_in_the_balance() {
        let failing = with(|w| {
            w.transactions[0].served = 5;
            w.transactions[0].outcomes = [5, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            w.transactions[0].response_sum_s = 0.05;
            w.transactions[0].failed_sum_s = 0.05;
        });
        assert_eq!(failing, None);
    }
}
