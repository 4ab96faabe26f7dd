use super::*;
use crate::campaign::state::Event;
use crate::journal::entry::Begin;
use crate::load::window::TransactionWindow;
use crate::summary::build::build;
use autoperf_models::record::{Outcome, Record};

const WINDOW_NS: u64 = 100_000_000;

fn options(duration_s: Option<f64>) -> OpenOptions {
    OpenOptions {
        rate_per_s: 100.0,
        arrivals: "constant".into(),
        duration_s,
        max_users: 50,
        transactions_per_session: Some(4.0),
    }
}

fn state(options: &OpenOptions) -> Open {
    let begin = Begin {
        mode: OPEN.into(),
        transactions: vec!["Home".into()],
        open: Some(options.clone()),
        ..Begin::default()
    };
    let start = Start {
        begin,
        agents: Vec::new(),
        windows_per_second: 10,
    };
    Open::new(start, options.clone())
}

/// A transaction meant for `scheduled_ms`, begun `late_ms` later and served within `time_ms`.
fn record(scheduled_ms: u64, late_ms: u64, time_ms: u64) -> Record {
    let (start_ns, time_ns) = ((scheduled_ms + late_ms) * 1_000_000, time_ms * 1_000_000);
    Record {
        user: 0,
        transaction: 0,
        outcome: Outcome::Ok,
        status: 200,
        scheduled_ns: scheduled_ms * 1_000_000,
        start_ns,
        connect_start_ns: 0,
        connect_end_ns: 0,
        tls_end_ns: 0,
        send_start_ns: start_ns,
        send_end_ns: start_ns,
        first_byte_ns: start_ns + time_ns,
        last_byte_ns: start_ns + time_ns,
        end_ns: start_ns + time_ns,
        bytes_sent: 1,
        bytes_received: 1,
    }
}

/// A window in which ten transactions ended that were begun so late and took so long, of a generator that is well.
fn window(index: u64, late_ms: u64, time_ms: u64) -> Window {
    let mut window = Window::empty(index, WINDOW_NS, 1);
    window.open = true;
    window.users = 2;
    let mut transaction = TransactionWindow::default();
    for nth in 0..10 {
        let record = record(index * 100 + nth * 10, late_ms, time_ms);
        transaction.add(&record);
        transaction.add_intended(&record);
    }
    window.transactions[0] = transaction;
    window.generator.lateness_us = vec![(late_ms * 1_000) as u32; 10];
    window
}

/// Plays the driver until the state is done: the run, the rates told, and the number of windows.
fn play(mut state: Open, each: impl Fn(u64) -> Window) -> (RunLog, Vec<f64>, u64) {
    let (mut rates, mut asked) = (Vec::new(), false);
    let mut actions = Vec::new();
    state.handle(Event::Start { at_s: 0.05 }, &mut actions);
    for index in 0..100_000 {
        let at_s = (index + 1) as f64 * 0.1;
        if std::mem::take(&mut asked) {
            state.handle(Event::Settled { at_s }, &mut actions);
        }
        state.handle(Event::Window(Box::new(each(index))), &mut actions);
        for action in std::mem::take(&mut actions) {
            match action {
                Action::SetRate(rate_per_s, law) => {
                    assert_eq!(law, ArrivalLaw::Constant);
                    rates.push(rate_per_s);
                }
                Action::Snapshot => asked = true,
                Action::Finish => return (Box::new(state).into_log(), rates, index + 1),
                _ => {}
            }
        }
    }
    panic!("never finished");
}

#[test]
fn a_stated_duration_is_kept_and_the_rate_is_told_once() {
    let (log, rates, windows) = play(state(&options(Some(20.0))), |index| window(index, 0, 20));
    assert_eq!(rates, [100.0, 0.0]);
    assert!((200..205).contains(&windows), "{windows}");
    let level = &log.levels[0];
    assert_eq!(
        level.end.as_ref().map(|end| end.ended_by.as_str()),
        Some("duration")
    );
    // The first window began before the level and is no part of it.
    assert_eq!(level.bins().count(), 200);
    let summary = build(&log);
    assert_eq!(
        (summary.mode.as_str(), summary.verdict.code.as_str()),
        ("open", "rate_held"),
        "{:?}",
        summary.verdict
    );
    assert!(
        summary
            .verdict
            .reasons
            .iter()
            .any(|reason| reason.contains("25.0 sessions"))
    );
    assert!(summary.curve.is_empty() && summary.capacity.max_throughput_per_s.is_none());
}

#[test]
fn without_a_duration_the_run_ends_when_enough_is_known() {
    let (log, _, windows) = play(state(&options(None)), |index| window(index, 0, 20));
    assert!(windows < 200, "{windows}");
    let ended_by = log.levels[0].end.clone().map(|end| end.ended_by);
    assert_eq!(ended_by.as_deref(), Some("precise"));
}

/// No coordinated omission: what was begun late has waited, and both views are told where they differ.
#[test]
fn response_times_count_from_the_intended_start() {
    let (log, ..) = play(state(&options(Some(10.0))), |index| window(index, 5, 20));
    let level = &build(&log).levels[0];
    let near =
        |found: Option<f64>, wanted_s: f64| found.is_some_and(|found_s| (found_s - wanted_s).abs() < 1e-4);
    let open = level.open.as_ref().unwrap();
    assert!(
        near(level.response_time_s.mean.map(|mean| mean.value), 0.025),
        "{:?}",
        level.response_time_s
    );
    assert!(
        near(level.response_time_s.p99, 0.025) && near(level.by_transaction[0].response_time_s.mean, 0.025)
    );
    assert!(near(open.response_from_start_s.mean, 0.020) && near(open.response_from_start_s.p99, 0.020));
    assert!(open.views_differ);
    let (same, ..) = play(state(&options(Some(10.0))), |index| window(index, 0, 20));
    assert!(!build(&same).levels[0].open.as_ref().unwrap().views_differ);
}

#[test]
fn what_could_not_begin_is_counted_and_decides() {
    let (log, ..) = play(state(&options(Some(10.0))), |index| {
        let mut window = window(index, 0, 20);
        window.users = 50;
        window.generator.unstarted = 3;
        window
    });
    let summary = build(&log);
    assert_eq!(summary.verdict.code, "rate_not_held", "{:?}", summary.verdict);
    let open = summary.levels[0].open.as_ref().unwrap();
    assert_eq!(
        (open.unstarted, open.users_most, summary.levels[0].users),
        (100 * 3, 50, 50)
    );
    let audit = summary
        .audits
        .iter()
        .find(|audit| audit.name == "Every arrival was begun");
    assert_eq!(audit.unwrap().status, "fail");
}

#[test]
fn a_generator_that_is_late_is_the_limit() {
    let (log, ..) = play(state(&options(Some(10.0))), |index| window(index, 15, 20));
    assert_eq!(build(&log).verdict.code, "generator_limited");
}

#[test]
fn an_interrupt_stops_the_arrivals() {
    let mut state = state(&options(Some(60.0)));
    let mut actions = Vec::new();
    state.handle(Event::Start { at_s: 0.0 }, &mut actions);
    state.handle(Event::Interrupt { at_s: 1.0 }, &mut actions);
    assert!(
        actions.contains(&Action::SetRate(0.0, ArrivalLaw::Constant)) && actions.contains(&Action::Finish)
    );
    assert_eq!(build(&Box::new(state).into_log()).verdict.code, "interrupted");
}
