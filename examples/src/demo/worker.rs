//! The one worker of a tier as a pure state machine: first come, first served; a fixed CPU time per job; a CPU limit.
//!
//! A job occupies the worker for `cpu / share` of wall time: first its CPU time is burnt, then the worker rests. On a
//! machine that steals or shares CPU time the burning takes longer and the rest is shorter, so the worker's speed is
//! that of an undisturbed machine as long as at least `share` of a core is left.

use std::collections::VecDeque;

/// How far the worker may lag behind its schedule and still catch up, ns. Without such a credit every late wake-up
/// would be lost for good and the worker would be slower than its law.
const CREDIT_NS: u64 = 250_000_000;

/// The longest burn between two looks at the sockets, ns.
const SLICE_NS: u64 = 500_000;

/// How much unassigned CPU time is remembered, ns; more than this can only come from requests outside of the law.
const OVERHEAD_LIMIT_NS: u64 = 2_000_000;

/// What the driver has to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing to do until a job comes.
    Idle,
    /// Burn this much CPU time, then report with [`Worker::burnt`].
    Burn { cpu_ns: u64 },
    /// Do nothing until this instant.
    Rest { until_ns: u64 },
    /// This job is done.
    Finished { ticket: u64 },
}

struct Job {
    ticket: u64,
    cpu_ns: u64,
    arrival_ns: u64,
}

struct Running {
    ticket: u64,
    to_burn_ns: u64,
    release_ns: u64,
}

/// The worker: jobs in, steps out.
pub(super) struct Worker {
    share: f64,
    waiting: VecDeque<Job>,
    running: Option<Running>,
    scheduled_end_ns: u64,
    overhead_ns: u64,
}

impl Worker {
    /// A worker that may use this share (0 to 1) of a core.
    pub(super) const fn new(share: f64) -> Self {
        Self {
            share,
            waiting: VecDeque::new(),
            running: None,
            scheduled_end_ns: 0,
            overhead_ns: 0,
        }
    }

    /// Queues a job.
    pub(super) fn push(&mut self, now_ns: u64, ticket: u64, cpu_ns: u64) {
        self.waiting.push_back(Job {
            ticket,
            cpu_ns,
            arrival_ns: now_ns,
        });
    }

    /// CPU time that was spent outside of burning (reading, parsing, writing): the law includes it, so that much less
    /// is burnt.
    pub(super) fn overhead(&mut self, cpu_ns: u64) {
        self.overhead_ns = (self.overhead_ns + cpu_ns).min(OVERHEAD_LIMIT_NS);
    }

    /// CPU time that was burnt upon [`Step::Burn`].
    pub(super) fn burnt(&mut self, cpu_ns: u64) {
        if let Some(running) = &mut self.running {
            let excess = cpu_ns.saturating_sub(running.to_burn_ns);
            running.to_burn_ns = running.to_burn_ns.saturating_sub(cpu_ns);
            self.overhead(excess);
        }
    }

    /// What to do now.
    pub(super) fn step(&mut self, now_ns: u64) -> Step {
        if self.running.is_none() {
            self.running = self.waiting.pop_front().map(|job| self.begin(&job, now_ns));
        }
        match &self.running {
            None => Step::Idle,
            Some(running) if running.to_burn_ns > 0 => Step::Burn {
                cpu_ns: running.to_burn_ns.min(SLICE_NS),
            },
            Some(running) if now_ns < running.release_ns => Step::Rest {
                until_ns: running.release_ns,
            },
            Some(running) => {
                let ticket = running.ticket;
                self.running = None;
                Step::Finished { ticket }
            }
        }
    }

    fn begin(&mut self, job: &Job, now_ns: u64) -> Running {
        let start_ns = job
            .arrival_ns
            .max(self.scheduled_end_ns)
            .max(now_ns.saturating_sub(CREDIT_NS));
        let held_ns = (job.cpu_ns as f64 / self.share) as u64;
        self.scheduled_end_ns = start_ns + held_ns;
        let already_spent_ns = self.overhead_ns.min(job.cpu_ns);
        self.overhead_ns -= already_spent_ns;
        Running {
            ticket: job.ticket,
            to_burn_ns: job.cpu_ns - already_spent_ns,
            release_ns: self.scheduled_end_ns,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    /// A machine in which burning and resting take as long as a function of the step says.
    struct Machine {
        now_ns: u64,
        burnt_ns: u64,
    }

    impl Machine {
        /// Drives the worker until it is idle; returns the jobs in the order of their ends, with the instants.
        fn drain(&mut self, worker: &mut Worker, slowness: f64, oversleep_ns: u64) -> Vec<(u64, u64)> {
            let mut ends = Vec::new();
            for _ in 0..1_000_000 {
                match worker.step(self.now_ns) {
                    Step::Idle => return ends,
                    Step::Burn { cpu_ns } => {
                        self.now_ns += (cpu_ns as f64 * slowness) as u64;
                        self.burnt_ns += cpu_ns;
                        worker.burnt(cpu_ns);
                    }
                    Step::Rest { until_ns } => self.now_ns = until_ns + oversleep_ns,
                    Step::Finished { ticket } => ends.push((ticket, self.now_ns)),
                }
            }
            panic!("the worker never becomes idle");
        }
    }

    fn queued(jobs: u64, cpu_ns: u64) -> Worker {
        let mut worker = Worker::new(0.5);
        (0..jobs).for_each(|ticket| worker.push(0, ticket, cpu_ns));
        worker
    }

    #[test]
    fn jobs_end_in_the_order_of_their_arrival_and_hold_the_worker_for_cpu_over_share() {
        let mut machine = Machine {
            now_ns: 0,
            burnt_ns: 0,
        };
        let ends = machine.drain(&mut queued(3, 4 * MS), 1.0, 0);
        assert_eq!(ends, [(0, 8 * MS), (1, 16 * MS), (2, 24 * MS)]);
        assert_eq!(machine.burnt_ns, 12 * MS);
    }

    #[test]
    fn a_machine_that_steals_a_third_and_wakes_late_does_not_slow_the_worker_in_the_long_run() {
        let mut machine = Machine {
            now_ns: 0,
            burnt_ns: 0,
        };
        let ends = machine.drain(&mut queued(1_000, 4 * MS), 1.5, MS / 2);
        let (_, last) = ends[999];
        assert!(
            (8_000 * MS..8_001 * MS).contains(&last),
            "ended after {} ms",
            last / MS
        );
        assert_eq!(machine.burnt_ns, 4_000 * MS);
    }

    #[test]
    fn a_pause_shorter_than_the_credit_is_caught_up_and_a_longer_one_is_lost_beyond_it() {
        for (pause, expected_end) in [(100 * MS, 800 * MS), (400 * MS, 950 * MS)] {
            let mut worker = queued(100, 4 * MS);
            let mut machine = Machine {
                now_ns: pause,
                burnt_ns: 0,
            };
            let (_, last) = machine.drain(&mut worker, 1.0, 0)[99];
            assert_eq!(last, expected_end, "pause of {} ms", pause / MS);
        }
    }

    #[test]
    fn an_idle_worker_collects_no_credit() {
        let mut worker = Worker::new(0.5);
        let mut machine = Machine {
            now_ns: 10_000 * MS,
            burnt_ns: 0,
        };
        worker.push(machine.now_ns, 7, 2 * MS);
        assert_eq!(machine.drain(&mut worker, 1.0, 0), [(7, 10_004 * MS)]);
    }

    #[test]
    fn overhead_is_part_of_the_law_so_that_the_sum_of_cpu_times_is_exact() {
        let mut worker = queued(200, 3 * MS);
        let mut machine = Machine {
            now_ns: 0,
            burnt_ns: 0,
        };
        let mut overhead_ns = 0;
        for _ in 0..1_000_000 {
            match worker.step(machine.now_ns) {
                Step::Idle => break,
                Step::Burn { cpu_ns } => {
                    let excess = 1_500;
                    machine.burnt_ns += cpu_ns + excess;
                    worker.burnt(cpu_ns + excess);
                }
                Step::Rest { until_ns } => machine.now_ns = until_ns,
                Step::Finished { .. } => {
                    worker.overhead(80_000);
                    overhead_ns += 80_000;
                }
            }
        }
        let difference = (machine.burnt_ns + overhead_ns).abs_diff(600 * MS);
        assert!(difference < MS / 5, "{difference} ns off");
    }

    #[test]
    fn requests_outside_of_the_law_cost_the_next_jobs_no_more_than_the_limit() {
        let mut worker = queued(2, 4 * MS);
        worker.overhead(500 * MS);
        let mut machine = Machine {
            now_ns: 0,
            burnt_ns: 0,
        };
        machine.drain(&mut worker, 1.0, 0);
        assert_eq!(machine.burnt_ns, 6 * MS);
    }
}
