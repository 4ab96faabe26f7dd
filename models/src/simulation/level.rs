//! A load level on a running simulator, window by window.

use super::{BinAggregator, Simulator};
use crate::level::Bin;
use crate::record::Record;
use std::ops::ControlFlow;

/// How a level is run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LevelRun {
    /// Users from the level's begin on.
    pub users: u32,
    /// Length of a window, s (0.1 in the load engine).
    pub bin_s: f64,
    /// Longest time in all, s.
    pub longest_s: f64,
}

impl LevelRun {
    /// A level in windows of 0.1 s.
    #[must_use]
    pub fn new(users: u32, longest_s: f64) -> Self {
        Self {
            users,
            bin_s: 0.1,
            longest_s,
        }
    }
}

impl Simulator {
    /// Changes the population and runs until `each` breaks off or the time is over. `sink` sees every record, then `each`
    /// the window just closed, with the simulator for its busy times. The windows' starts count from the level's begin.
    /// Returns the level's length, s.
    pub fn run_level(
        &mut self,
        run: LevelRun,
        mut sink: impl FnMut(&Record),
        mut each: impl FnMut(&Bin, &Self) -> ControlFlow<()>,
    ) -> f64 {
        let begin_s = self.now_s();
        let mut bins = BinAggregator::new(begin_s, run.bin_s);
        self.set_users(run.users);
        let windows = (run.longest_s / run.bin_s).round() as u64;
        for window in 1..=windows {
            let until_s = begin_s + window as f64 * run.bin_s;
            self.run_until(until_s, |record| {
                bins.push(record);
                sink(record);
            });
            let mut flow = ControlFlow::Continue(());
            bins.close(until_s, |bin| {
                if flow.is_continue() {
                    flow = each(&bin, self);
                }
            });
            if flow.is_break() {
                break;
            }
        }
        self.now_s() - begin_s
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::Distribution;
    use crate::simulation::{Class, Site, Station, Step};

    fn simulator() -> Simulator {
        let route = vec![Step::visit(0, Distribution::Exponential { mean: 0.01 })];
        let class = Class::new("page", route, Distribution::Exponential { mean: 0.5 });
        Simulator::new(&Site::of_one_class(vec![Station::sharing("cpu", 1)], class), 3).unwrap()
    }

    #[test]
    fn bins_hold_every_record_once_and_follow_each_other() {
        let mut simulator = simulator();
        let (mut records, mut sum_s) = (0, 0.0);
        let mut bins = Vec::new();
        for users in [20, 60, 5] {
            let run = LevelRun::new(users, 12.3);
            let length_s = simulator.run_level(
                run,
                |record| {
                    records += 1;
                    sum_s += record.response_time_s();
                },
                |bin, _| {
                    bins.push(*bin);
                    ControlFlow::Continue(())
                },
            );
            assert!((length_s - 12.3).abs() < 1e-9);
        }
        assert_eq!(bins.len(), 3 * 123);
        assert_eq!(bins.iter().map(|bin| bin.completions).sum::<u64>(), records);
        let in_bins: f64 = bins.iter().map(|bin| bin.response_sum_s).sum();
        assert!((in_bins - sum_s).abs() < 1e-9 * sum_s);
        for (index, bin) in bins.iter().enumerate() {
            assert!((bin.start_s - (index % 123) as f64 * 0.1).abs() < 1e-9);
        }
        assert_eq!(simulator.counters().served, records);
    }

    #[test]
    fn a_level_can_be_broken_off() {
        let mut simulator = simulator();
        let mut windows = 0;
        let length_s = simulator.run_level(
            LevelRun::new(10, 60.0),
            |_| {},
            |_, _| {
                windows += 1;
                if windows == 25 {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            },
        );
        assert_eq!(windows, 25);
        assert!((length_s - 2.5).abs() < 1e-9);
    }
}
