use super::*;
use crate::campaign::state::Event;
use crate::journal::entry::{AgentReading, Begin, Node};
use crate::load::window::{TransactionWindow, outcome_index};
use autoperf_models::record::Outcome;
use autoperf_profiler::reading::{GroupReading, Reading};

const WINDOW_NS: u64 = 100_000_000;

fn options() -> ProfileOptions {
    ProfileOptions {
        transactions: vec![0],
        users: 1,
        executions_per_user: None,
        demand_precision: 0.05,
        fewest: 100,
        most: 5_000,
        most_without_demand: 400,
        least_measured_s: 5.0,
        look_every: 10,
        look_every_s: 1.0,
        max_duration_s: 600.0,
    }
}

/// A server whose CPU time per execution is `cost_ns(second)`, read every second by an agent whose counters may be off by
/// `error_bound_ns`; `served` of `executed` executions in each window are served.
struct Server {
    cost_ns: fn(u64) -> u64,
    error_bound_ns: u64,
    executed: u64,
    served: u64,
    /// Executions after which all users are done.
    done_after: u64,
    /// What becomes of those that are not served.
    failure: Outcome,
}

const STEADY: Server = Server {
    cost_ns: |_| 2_000_000,
    error_bound_ns: 1_000,
    executed: 5,
    served: 5,
    done_after: u64::MAX,
    failure: Outcome::HttpError,
};

fn start(options: &ProfileOptions) -> Start {
    let node = Node {
        node: "a".into(),
        process: "web".into(),
        ..Node::default()
    };
    Start {
        begin: Begin {
            mode: "profile".into(),
            transactions: vec!["Home".into(), "Buy".into()],
            nodes: vec![node],
            profile: Some(options.clone()),
            ..Begin::default()
        },
        agents: Vec::new(),
        windows_per_second: 10,
    }
}

impl Server {
    fn window(&self, index: u64, users: u32, total: u64) -> Window {
        let mut window = Window::empty(index, WINDOW_NS, 2);
        let mut transaction = TransactionWindow {
            served: if users > 0 { self.served } else { 0 },
            response_sum_s: self.served as f64 * 0.01,
            response_sum_sq_s2: self.served as f64 * 1e-4,
            ..TransactionWindow::default()
        };
        if users > 0 {
            transaction.outcomes[outcome_index(Outcome::Ok)] = self.served;
            transaction.outcomes[outcome_index(self.failure)] = self.executed - self.served;
        }
        window.transactions[0] = transaction;
        window.finished_users = if total >= self.done_after { users } else { 0 };
        window
    }

    fn reading(&self, at_s: f64, cpu_ns: u64) -> Box<AgentReading> {
        let group = GroupReading {
            name: "web".into(),
            cpu_ns,
            error_bound_ns: self.error_bound_ns,
            complete: true,
            cores_allowed: 1.0,
            ..GroupReading::default()
        };
        Box::new(AgentReading {
            node: "a".into(),
            port: 0,
            at_s,
            reading: Reading {
                sequence: (at_s * 1e3).round() as u64,
                groups: vec![group],
                ..Reading::default()
            },
        })
    }

    fn play(&self, options: &ProfileOptions) -> (RunLog, Vec<usize>) {
        self.run(Profiling::new(start(options), (0.05, 10), true))
    }

    /// Plays the driver until the run is over; gives the run and the scripts that were asked for.
    fn run(&self, mut state: Profiling) -> (RunLog, Vec<usize>) {
        let (mut alarm, mut asked, mut users) = (None::<f64>, false, 0);
        let (mut cpu_ns, mut total, mut scripts) = (0, 0, Vec::new());
        for index in 0..20_000_u64 {
            let now_s = (index + 1) as f64 * 0.1;
            let mut actions = Vec::new();
            state.handle(
                Event::Window(Box::new(self.window(index, users, total))),
                &mut actions,
            );
            if users > 0 {
                total += self.executed;
                cpu_ns += self.served * (self.cost_ns)(index / 10);
            }
            if index % 10 == 4 || asked {
                state.handle(Event::Reading(self.reading(now_s, cpu_ns)), &mut actions);
            }
            if std::mem::take(&mut asked) {
                state.handle(Event::Settled { at_s: now_s }, &mut actions);
            }
            if alarm.take_if(|due_s| *due_s <= now_s + 1e-9).is_some() {
                state.handle(Event::Alarm { at_s: now_s }, &mut actions);
            }
            for action in actions {
                match action {
                    Action::Alarm(at_s) => alarm = Some(at_s),
                    Action::Snapshot => asked = true,
                    Action::SetUsers(count) => users = count,
                    Action::Script(script) => {
                        scripts.push(script);
                        users = 0;
                    }
                    Action::Finish => return (Box::new(state).into_log(), scripts),
                    _ => {}
                }
            }
        }
        panic!("never finished");
    }

    /// How the only transaction ended, and its executions in all.
    fn outcome(&self, options: &ProfileOptions) -> (String, u64) {
        outcome(&self.play(options).0)
    }
}

/// How the only transaction of a run ended, and its executions in all.
fn outcome(log: &RunLog) -> (String, u64) {
    assert_eq!(log.end.as_ref().unwrap().how, "finished");
    let level = &log.levels[0];
    let executed = level
        .bins()
        .map(|bin| bin.completions + bin.errors + bin.timeouts)
        .sum();
    (level.end.clone().unwrap().ended_by, executed)
}

#[test]
fn a_steady_demand_is_known_soon() {
    let (ended_by, executed) = STEADY.outcome(&options());
    assert_eq!(ended_by, "precise");
    assert!(
        (300..600).contains(&executed),
        "five seconds after warm-up: {executed}"
    );
}

#[test]
fn every_bound_of_the_automatic_count_has_its_effect() {
    let uneven = Server {
        cost_ns: |second| if second % 4 < 2 { 1_500_000 } else { 2_500_000 },
        ..STEADY
    };
    let idle = Server {
        cost_ns: |_| 0,
        ..STEADY
    };
    let changed = |server: &Server, change: fn(&mut ProfileOptions)| {
        let mut options = options();
        change(&mut options);
        let (ended_by, executed) = server.outcome(&options);
        assert_eq!(ended_by, "precise");
        executed
    };
    let plain = changed(&STEADY, |_| {});
    assert!(plain < 600, "{plain}");
    // 50 executions a second.
    assert!(changed(&STEADY, |options| options.fewest = 2_000) >= 2_000);
    assert!(changed(&STEADY, |options| options.least_measured_s = 20.0) >= 1_000);
    assert!(changed(&STEADY, |options| options.look_every = 900) >= 900);
    assert!(changed(&STEADY, |options| options.look_every_s = 30.0) >= 1_500);
    assert!(changed(&idle, |options| options.most_without_demand = 3_000) >= 3_000);
    let exact = changed(&uneven, |_| {});
    let lax = changed(&uneven, |options| options.demand_precision = 0.3);
    assert!(lax < exact, "{lax} {exact}");
}

#[test]
fn autoperfs_warm_up_window_holds_the_profile_back() {
    let executed = |values| {
        let mut start = start(&options());
        start.begin.search.window_rule = Some((50, values, 0.05));
        outcome(&STEADY.run(Profiling::new(start, (0.05, 10), true)).0).1
    };
    // Two windows of values of 50 executions, then five seconds of 50 each.
    assert!(executed(10) >= 1_000 + 250, "{}", executed(10));
    assert!(executed(20) >= 2_000 + 250, "{}", executed(20));
}

#[test]
fn time_outs_give_a_transaction_up_once_enough_were_executed() {
    let slow = Server {
        served: 4,
        failure: Outcome::TimeoutFirstByte,
        ..STEADY
    };
    let judged = |share, after| {
        let never_precise = ProfileOptions {
            demand_precision: 1e-9,
            most: 2_000,
            ..options()
        };
        outcome(
            &slow
                .run(Profiling::new(start(&never_precise), (share, after), true))
                .0,
        )
    };
    let (ended_by, soon) = judged(0.05, 10);
    assert_eq!(ended_by, "timeouts");
    let (ended_by, late) = judged(0.05, 700);
    assert_eq!(ended_by, "timeouts");
    assert!(soon < 200 && late >= 700, "{soon} {late}");
    assert_eq!(judged(0.5, 10).0, "upper_bound", "a fifth is allowed");
}

#[test]
fn coarse_counters_need_more_executions() {
    // 100 ms over 2 ms an execution: 5 % of the total once a thousand were measured.
    let coarse = Server {
        error_bound_ns: 100_000_000,
        ..STEADY
    };
    let (ended_by, executed) = coarse.outcome(&options());
    assert_eq!(ended_by, "precise");
    assert!(executed >= 1_000, "{executed}");
}

#[test]
fn an_uneven_demand_needs_more_executions() {
    let uneven = Server {
        cost_ns: |second| if second % 4 < 2 { 1_500_000 } else { 2_500_000 },
        ..STEADY
    };
    let (ended_by, executed) = uneven.outcome(&options());
    assert_eq!(ended_by, "precise");
    assert!(executed > 2 * STEADY.outcome(&options()).1, "{executed}");
}

#[test]
fn the_upper_bound_holds() {
    let erratic = Server {
        cost_ns: |second| if second % 3 == 0 { 40_000_000 } else { 1_000_000 },
        ..STEADY
    };
    let (ended_by, executed) = erratic.outcome(&ProfileOptions {
        most: 700,
        ..options()
    });
    assert_eq!(ended_by, "upper_bound");
    assert!((700..730).contains(&executed), "{executed}");
}

#[test]
fn a_process_without_demand_is_not_waited_for() {
    let idle = Server {
        cost_ns: |_| 0,
        ..STEADY
    };
    let (ended_by, executed) = idle.outcome(&options());
    assert_eq!(ended_by, "precise");
    assert!((400..900).contains(&executed), "{executed}");
}

#[test]
fn a_transaction_that_is_never_served_is_given_up() {
    let broken = Server { served: 0, ..STEADY };
    let (ended_by, executed) = broken.outcome(&options());
    assert_eq!(ended_by, "failures");
    assert!((100..130).contains(&executed), "{executed}");
}

#[test]
fn a_count_that_is_given_is_carried_out() {
    let counted = Server {
        done_after: 250,
        ..STEADY
    };
    let (ended_by, executed) = counted.outcome(&ProfileOptions {
        executions_per_user: Some(250),
        ..options()
    });
    assert_eq!(ended_by, "execution_count");
    assert!(executed >= 250, "{executed}");
}

#[test]
fn transactions_come_one_after_the_other_and_share_the_time() {
    let (log, scripts) = STEADY.play(&ProfileOptions {
        transactions: vec![0, 1],
        ..options()
    });
    assert_eq!(scripts, [1]);
    let named: Vec<_> = log.levels.iter().map(|level| level.begin.transaction).collect();
    assert_eq!(named, [Some(0), Some(1)]);
    let short = ProfileOptions {
        demand_precision: 1e-9,
        max_duration_s: 20.0,
        transactions: vec![0, 0],
        ..options()
    };
    let uneven = Server {
        cost_ns: |second| second * 10_000,
        ..STEADY
    };
    let (log, _) = uneven.play(&short);
    for level in &log.levels {
        let length_s: f64 = level.bins().map(|bin| bin.length_s).sum();
        assert_eq!(level.end.as_ref().unwrap().ended_by, "time_limit");
        assert!((9.0..11.0).contains(&length_s), "{length_s}");
    }
}

#[test]
fn a_lost_profiler_ends_the_profile() {
    let mut state = Profiling::new(start(&options()), (0.05, 10), true);
    let mut actions = Vec::new();
    state.handle(Event::Window(Box::new(STEADY.window(0, 0, 0))), &mut actions);
    state.handle(Event::Alarm { at_s: 0.4 }, &mut actions);
    let lost = Event::AgentLost {
        node: "a".into(),
        reason: "reset".into(),
        at_s: 1.0,
    };
    state.handle(lost, &mut actions);
    assert!(actions.contains(&Action::Finish) && actions.contains(&Action::SetUsers(0)));
    let log = Box::new(state).into_log();
    assert_eq!(log.end.as_ref().unwrap().how, "profiler_lost");
    assert_eq!(log.finished_levels().count(), 0);
}
