use super::*;
use crate::campaign::state::Event;
use crate::journal::entry::Begin;
use crate::load::window::TransactionWindow;
use autoperf_models::record::Outcome;

const WINDOW_NS: u64 = 100_000_000;

fn scheduled(rows: &[(u32, f64)], passes: usize) -> Scheduled {
    let begin = Begin {
        mode: "manual-capacity".into(),
        transactions: vec!["Home".into()],
        schedule: rows.to_vec(),
        ..Begin::default()
    };
    let start = Start {
        begin,
        agents: Vec::new(),
        windows_per_second: 10,
    };
    let passes = (0..passes).map(|script| Pass {
        script,
        transaction: None,
    });
    Scheduled::new(start, passes.collect(), true)
}

/// A window in which `served` transactions were served.
fn window(index: u64, served: u64) -> Window {
    let mut window = Window::empty(index, WINDOW_NS, 1);
    let mut transaction = TransactionWindow {
        served,
        ..TransactionWindow::default()
    };
    transaction.outcomes[crate::load::window::outcome_index(Outcome::Ok)] = served;
    window.transactions[0] = transaction;
    window
}

/// Plays the driver: windows of one transaction each until the state is done; alarms come `late_s` after their instant.
/// Gives the run and what the engine was told, with its instant.
fn play(mut state: Scheduled, late_s: f64) -> (RunLog, Vec<(f64, u32)>) {
    let (mut told, mut alarm, mut asked) = (Vec::new(), None, false);
    for index in 0..10_000_u64 {
        let now_s = (index + 1) as f64 * 0.1;
        let mut actions = Vec::new();
        if let Some(due_s) = alarm.filter(|due_s| due_s + late_s <= now_s) {
            alarm = None;
            state.handle(Event::Alarm { at_s: due_s + late_s }, &mut actions);
            told.extend(actions.iter().filter_map(|action| match action {
                Action::SetUsers(users) => Some((due_s + late_s, *users)),
                _ => None,
            }));
        }
        if std::mem::take(&mut asked) {
            state.handle(Event::Settled { at_s: now_s }, &mut actions);
        }
        state.handle(Event::Window(Box::new(window(index, 1))), &mut actions);
        for action in actions {
            match action {
                Action::Alarm(at_s) => alarm = Some(at_s),
                Action::Snapshot => asked = true,
                Action::Finish => return (Box::new(state).into_log(), told),
                _ => {}
            }
        }
    }
    panic!("never finished");
}

fn late_s(level: &crate::journal::log::LevelLog) -> Option<f64> {
    Some(level.end.as_ref()?.changed_at_s? - level.begin.at_s)
}

#[test]
fn every_row_is_a_level_at_its_instant() {
    let rows = [(3, 1.0), (5, 1.5), (0, 0.5), (3, 1.2)];
    let (log, told) = play(scheduled(&rows, 1), 0.0);
    assert_eq!(log.end.unwrap().how, "finished");
    let begin_s = told[0].0;
    let users: Vec<u32> = told.iter().map(|told| told.1).collect();
    assert_eq!(users, [3, 5, 0, 3, 0]);
    for ((at_s, _), due_s) in told.iter().zip([0.0, 1.0, 2.5, 3.0, 4.2]) {
        assert!((at_s - begin_s - due_s).abs() < 1e-9, "{at_s} {due_s}");
    }
    let levels: Vec<_> = log
        .levels
        .iter()
        .map(|level| {
            (
                level.begin.users,
                level.bins().count(),
                level.end.clone().unwrap().ended_by,
            )
        })
        .collect();
    let expected = rows.map(|(users, duration_s)| {
        (
            users,
            (duration_s * 10.0_f64).round() as usize,
            "schedule".to_owned(),
        )
    });
    assert_eq!(
        levels, expected,
        "each level has the windows of its time and no other"
    );
    assert!(log.levels.iter().all(|level| late_s(level) == Some(0.0)));
}

#[test]
fn a_change_across_a_window_loses_nothing() {
    let (log, _) = play(scheduled(&[(1, 0.33), (2, 0.19), (1, 0.48)], 1), 0.0);
    let counts: Vec<_> = log.levels.iter().map(|level| level.bins().count()).collect();
    assert_eq!(counts, [3, 2, 5]);
}

#[test]
fn a_late_driver_is_on_record_and_the_schedule_goes_on_by_the_clock() {
    let (log, told) = play(scheduled(&[(1, 0.2), (2, 0.2), (3, 0.2), (4, 1.0)], 1), 0.25);
    let late: Vec<f64> = log.levels.iter().filter_map(late_s).collect();
    assert!(late.iter().any(|late_s| *late_s > 0.2), "{late:?}");
    let last = log.levels.last().unwrap();
    let length_s: f64 = last.bins().map(|bin| bin.length_s).sum();
    assert!(
        (length_s - 1.0).abs() < 1e-9,
        "lateness must not add up: {length_s}"
    );
    assert!(told.len() <= 5);
}

#[test]
fn each_pass_runs_the_whole_schedule() {
    let (log, told) = play(scheduled(&[(2, 0.5), (1, 0.5)], 2), 0.0);
    assert_eq!(log.levels.len(), 4);
    let users: Vec<u32> = told.iter().map(|told| told.1).collect();
    assert_eq!(users, [2, 1, 0, 2, 1, 0]);
}

#[test]
fn an_interrupt_keeps_the_finished_levels() {
    let mut state = scheduled(&[(1, 0.5), (2, 100.0)], 1);
    let mut actions = Vec::new();
    for index in 0..20 {
        let at_s = (index + 1) as f64 * 0.1;
        state.handle(Event::Alarm { at_s }, &mut actions);
        state.handle(Event::Window(Box::new(window(index, 1))), &mut actions);
    }
    state.handle(Event::Interrupt { at_s: 2.0 }, &mut actions);
    assert!(actions.contains(&Action::SetUsers(0)) && actions.contains(&Action::Finish));
    let log = Box::new(state).into_log();
    assert_eq!((log.levels.len(), log.finished_levels().count()), (2, 1));
    assert_eq!(log.end.unwrap().how, "interrupted");
}
