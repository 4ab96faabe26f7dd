//! Whether the generator, not the site, was the limit: decided from what it says of itself, with every threshold in one place.

use super::account::Account;
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
/// Lateness of 1 % of the transactions that leaves the tail of response times beyond doubt, s ...
pub const TAIL_FLOOR_S: f64 = 0.001;
/// ... and as a share of the response time that 1 % exceed.
pub const TAIL_SHARE: f64 = 1.0 / 3.0;
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

/// The tail of the response times is the generator's rather than the site's, though throughput and the mean are not.
///
/// A thread that is late for its timers reads answers just as late: its timers and its sockets wait for the same processor.
/// A scheduler that serves sleepers at once (EEVDF) lets a busy neighbour delay a few turns only, but each of them by a whole
/// slice: the mean hardly moves, and the 99th percentile becomes many times what the site did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DoubtfulTail {
    /// Lateness that 1 % of the transactions exceed, s.
    pub lateness_p99_s: f64,
    /// Response time that 1 % exceed, s.
    pub response_p99_s: f64,
}

/// Whether high percentiles of the response time can be the site's; `None` if nothing speaks against it.
#[must_use]
pub fn doubtful_tail(account: &Account) -> Option<DoubtfulTail> {
    let (lateness_p99_s, response_p99_s) = (account.lateness_p99_s?, account.response_p99_s?);
    (lateness_p99_s > TAIL_FLOOR_S.max(TAIL_SHARE * response_p99_s)).then_some(DoubtfulTail {
        lateness_p99_s,
        response_p99_s,
    })
}

/// Judges consecutive windows of an unchanged load; `None` if nothing speaks against them.
#[must_use]
pub fn generator_saturated(windows: &[Window]) -> Option<Saturation> {
    judge(&Account::of(windows))
}

/// Judges what the generator said of itself over a stretch of unchanged load; `None` if nothing speaks against it.
#[must_use]
pub fn judge(account: &Account) -> Option<Saturation> {
    let Account {
        ports,
        resources,
        records,
        ..
    } = *account;
    if ports + resources + records > 0 {
        return Some(Saturation::Failures {
            ports,
            resources,
            records,
        });
    }
    if account.wall_s <= 0.0 || account.finished == 0 {
        return None;
    }
    processor(account)
        .or_else(|| lateness(account))
        .or_else(|| distortion(account))
        .or_else(|| little_gap(account))
}

fn processor(account: &Account) -> Option<Saturation> {
    let got = account.busiest_share()?;
    if got > CPU_LIMIT {
        return Some(Saturation::Cpu { share: got });
    }
    let share = |thread: &super::account::ThreadAccount| (thread.cpu_s + thread.waited_s) / account.wall_s;
    let hungriest = account
        .threads
        .iter()
        .max_by(|a, b| share(a).total_cmp(&share(b)))?;
    (share(hungriest) > WANTED_LIMIT).then(|| Saturation::Starved {
        wanted: share(hungriest),
        got: hungriest.cpu_s / account.wall_s,
    })
}

fn lateness(account: &Account) -> Option<Saturation> {
    let limit_s = (LATENESS_SHARE * account.cycle_s()).max(LATENESS_FLOOR_S);
    let late = account.lateness_p99_s.filter(|late_s| *late_s > limit_s);
    late.map(|p99_s| Saturation::Late { p99_s, limit_s })
}

fn distortion(account: &Account) -> Option<Saturation> {
    let (wait_s, response_s) = (account.wait_per_turn_s()?, account.response_s());
    (wait_s > WAIT_FLOOR_S.max(WAIT_SHARE * response_s))
        .then_some(Saturation::Distorted { wait_s, response_s })
}

/// Each user is always either thinking or in a transaction; time that is in neither was lost in the generator. With few
/// transactions the ones that reach over the ends make a gap of their own: at most half a cycle of each user, and their
/// scatter. Time in excess is that of users who were there before; it is nothing lost.
fn little_gap(account: &Account) -> Option<Saturation> {
    let gap = account.little_gap()?;
    let edges = 0.5 * account.cycle_s() / account.wall_s;
    let limit = LITTLE_LIMIT + 4.0 / (account.finished as f64).sqrt() + edges;
    (gap > limit).then_some(Saturation::LittleGap { gap, limit })
}

impl fmt::Display for Saturation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failures {
                ports,
                resources,
                records,
            } => {
                let parts = [
                    (ports, "found no local port", "times"),
                    (resources, "found no descriptor or memory", "times"),
                    (records, "lost", "records"),
                ];
                let told = parts.iter().filter(|(count, ..)| **count > 0);
                let told: Vec<String> = told
                    .map(|(count, what, noun)| format!("{what} {count} {noun}"))
                    .collect();
                write!(f, "the generator {}", told.join(", "))
            }
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

impl fmt::Display for DoubtfulTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "1 % of the transactions began more than {:.1} ms late, and 1 % of the response times exceed {:.1} ms: much of \
             that tail is the generator's own waiting for a processor",
            self.lateness_p99_s * 1e3,
            self.response_p99_s * 1e3
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::window::{ThreadWindow, TransactionWindow};

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
                window.generator.threads = vec![ThreadWindow {
                    index: 0,
                    cpu_ns: 5_000_000,
                    queued_ns: 1_000_000,
                    turns: 20,
                }];
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
            with(|w| w.generator.threads[0].cpu_ns = 90_000_000),
            with(|w| w.generator.threads[0].queued_ns = 92_000_000),
            with(|w| w.generator.lateness_us = vec![100, 100, 100, 100, 100, 100, 100, 100, 100, 20_000]),
            with(|w| w.generator.threads[0].queued_ns = 40_000_000),
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
    fn a_tail_as_long_as_the_lateness_is_doubted_and_nothing_else() {
        let tail = |late_us: u32, response_us: u32| {
            let mut windows = healthy();
            for window in &mut windows {
                // 2 % of the turns are delayed.
                window.generator.lateness_us = [vec![50; 49], vec![late_us]].concat();
                window.transactions[0].response_us = [vec![100; 49], vec![response_us]].concat();
            }
            let account = Account::of(&windows);
            (judge(&account), doubtful_tail(&account))
        };
        // One busy neighbour, on a kernel that serves sleepers at once: 3 ms of 3.2 ms.
        let (limit, doubt) = tail(3_000, 3_200);
        assert_eq!(limit, None);
        let told = doubt.expect("doubted").to_string();
        assert!(told.contains("3.0 ms late") && told.contains("3.2 ms"), "{told}");
        // Lateness that is small beside the site's own tail, and small lateness on a site that is faster still.
        assert_eq!(tail(3_000, 12_000), (None, None));
        assert_eq!(tail(245, 266), (None, None));
        assert_eq!(doubtful_tail(&Account::default()), None);
    }

    #[test]
    fn lost_records_spoil_a_measurement_however_few() {
        let mut windows = healthy();
        windows[3].generator.dropped = 1;
        let lost = generator_saturated(&windows);
        assert!(
            matches!(lost, Some(Saturation::Failures { records: 1, .. })),
            "{lost:?}"
        );
    }

    #[test]
    fn the_busiest_thread_is_the_one_that_was_busy_all_the_time() {
        // Two threads take turns at being busy: neither is the limit.
        let turns = |index: usize, busy: usize| ThreadWindow {
            index: busy as u32,
            cpu_ns: if index % 2 == busy { 96_000_000 } else { 1_000_000 },
            queued_ns: 0,
            turns: 20,
        };
        let mut windows = healthy();
        for (index, window) in windows.iter_mut().enumerate() {
            window.generator.threads = vec![turns(index, 0), turns(index, 1)];
        }
        assert_eq!(generator_saturated(&windows), None);
    }

    #[test]
    fn what_users_left_behind_by_a_larger_load_finish_is_nothing_lost() {
        assert_eq!(with(|w| w.transactions[0].failed_sum_s = 0.9), None);
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
