//! Users that join and leave while the load runs, and how much load they make.

use crate::site::{Request, Site, Step, page};
use crate::workloads::{config, endless, records, start, transaction, window_with};
use autoperf::load::{ArrivalLaw, Engine, EngineConfig, Script};
use autoperf_inputs::workload::Transaction;
use autoperf_models::distribution::Distribution;
use std::time::Duration;

#[test]
fn users_join_and_leave() {
    let site = Site::constant("x");
    let config = EngineConfig {
        shards: Some(2),
        window_s: 0.02,
        ..config()
    };
    let workload = endless(transaction("t", &site.url("/"), 0.01));
    let engine = Engine::start(&workload, Script::Navigation, config).expect("valid");
    assert_eq!(window_with(&engine, |_| true).users, 0);
    engine.set_users(7);
    window_with(&engine, |w| {
        w.users == 7 && w.generator.connections == 7 && w.generator.threads.len() == 2
    });
    engine.set_users(20);
    window_with(&engine, |w| w.users == 20 && w.generator.connections == 20);
    engine.set_users(3);
    window_with(&engine, |w| w.users == 3 && w.generator.connections == 3);
    let _ = engine.take_records();
    let users: Vec<u32> = records(&engine, 50).iter().map(|r| r.user).collect();
    assert!((0..3).all(|user| users.contains(&user)) && users.iter().all(|user| *user < 20));
    engine.set_users(0);
    window_with(&engine, |w| w.users == 0 && w.generator.connections == 0);
    engine.set_users(4);
    window_with(&engine, |w| w.users == 4 && w.served() > 0);
}

#[test]
fn a_user_in_a_transaction_leaves_when_it_ends() {
    let site = Site::start(|_: &Request| [vec![Step::Pause(Duration::from_millis(100))], page("x")].concat());
    let engine = start(&endless(transaction("t", &site.url("/"), 0.0)));
    engine.set_users(2);
    window_with(&engine, |w| w.generator.connections == 2);
    while site.requests().len() < 2 {
        engine.next_window(Duration::from_millis(10));
    }
    engine.set_users(0);
    let last = records(&engine, 2);
    assert!(last.iter().all(|r| r.outcome.is_ok()));
    window_with(&engine, |w| w.users == 0 && w.generator.connections == 0);
}

#[test]
fn windows_are_in_order_and_without_gaps() {
    let site = Site::constant("x");
    let config = EngineConfig {
        shards: Some(3),
        window_s: 0.01,
        ..config()
    };
    let workload = endless(transaction("t", &site.url("/"), 0.001));
    let engine = Engine::start(&workload, Script::Navigation, config).expect("valid");
    engine.set_users(5);
    let mut served = 0;
    for index in 0..40 {
        let window = window_with(&engine, |_| true);
        assert_eq!(
            (window.index, window.start_ns, window.end_ns),
            (index, index * 10_000_000, (index + 1) * 10_000_000)
        );
        served += window.served();
        assert_eq!(
            window.transactions[0].response_us.len() as u64,
            window.transactions[0].served
        );
    }
    let kept = engine
        .take_records()
        .iter()
        .filter(|r| r.end_ns < 400_000_000)
        .count();
    assert!(kept as u64 >= served && served > 0);
}

#[test]
fn n_users_make_the_load_of_littles_law() {
    let site = Site::start(|_: &Request| [vec![Step::Pause(Duration::from_millis(5))], page("x")].concat());
    let thinking = Transaction {
        think_time_s: Distribution::Exponential { mean: 0.05 },
        ..transaction("t", &site.url("/"), 0.0)
    };
    let engine = start(&endless(thinking));
    let users = 40;
    engine.set_users(users);
    window_with(&engine, |w| w.start_ns >= 500_000_000);
    let (mut seconds, mut served, mut response_s, mut think_s, mut thinks) = (0.0, 0, 0.0, 0.0, 0);
    for _ in 0..30 {
        let window = window_with(&engine, |_| true);
        seconds += (window.end_ns - window.start_ns) as f64 * 1e-9;
        served += window.served();
        response_s += window.transactions[0].response_sum_s;
        think_s += window.think_sum_s;
        thinks += window.think_count;
    }
    let (throughput, response_s, think_s) = (
        served as f64 / seconds,
        response_s / served as f64,
        think_s / thinks as f64,
    );
    let found = throughput * (response_s + think_s);
    assert!(
        (found / f64::from(users) - 1.0).abs() < 0.05,
        "{found} users by Little's law, {users} in truth"
    );
    // 40 users x 3 s / 55 ms: some 2200 think times, a standard error of 2 %.
    assert!((think_s / 0.05 - 1.0).abs() < 0.2, "{think_s}");
}

#[test]
fn users_that_join_together_do_not_go_in_step() {
    let site = Site::constant("x");
    let engine = start(&endless(transaction("t", &site.url("/"), 0.4)));
    engine.set_users(100);
    let first = records(&engine, 100);
    let mut starts: Vec<u64> = first.iter().map(|r| r.scheduled_ns).collect();
    starts.sort_unstable();
    let spread_s = (starts[90] - starts[10]) as f64 * 1e-9;
    assert!(
        spread_s > 0.2,
        "80 % of the users within {spread_s} s of a think time of 0.4 s"
    );
}

#[test]
fn the_open_mode_begins_transactions_by_the_clock_alone() {
    let site = Site::start(|_: &Request| [vec![Step::Pause(Duration::from_millis(50))], page("x")].concat());
    let config = EngineConfig {
        shards: Some(2),
        ..config()
    };
    let workload = endless(transaction("t", &site.url("/"), 7.0));
    let engine = Engine::start(&workload, Script::Navigation, config).expect("valid");
    engine.set_rate(200.0, ArrivalLaw::Constant);
    let mut done = records(&engine, 200);
    engine.set_rate(0.0, ArrivalLaw::Constant);
    let window = window_with(&engine, |w| w.users == 0);
    assert_eq!((window.think_count, window.generator.unstarted), (0, 0));
    assert!(done.iter().all(|r| r.outcome.is_ok()));
    done.sort_by_key(|r| r.scheduled_ns);
    // Every 5 ms, however long the answers take: about ten users are busy at a time.
    assert!(
        done[..100]
            .windows(2)
            .all(|pair| pair[1].scheduled_ns - pair[0].scheduled_ns == 5_000_000)
    );
    assert!(site.connections() >= 9, "{}", site.connections());
}

#[test]
fn a_stalled_site_shows_in_the_times_from_the_intended_start() {
    let site = Site::start(|_: &Request| [vec![Step::Pause(Duration::from_millis(100))], page("x")].concat());
    let config = EngineConfig {
        max_open_users: 2,
        ..config()
    };
    let workload = endless(transaction("t", &site.url("/"), 0.0));
    let engine = Engine::start(&workload, Script::Navigation, config).expect("valid");
    engine.set_rate(500.0, ArrivalLaw::Poisson);
    let window = window_with(&engine, |w| w.generator.unstarted > 0 && w.served() > 0);
    assert!(
        window.open,
        "what could not begin is counted, and the window says why it can be"
    );
    let part = &window.transactions[0];
    assert_eq!(part.intended_us.len(), part.response_us.len());
    assert!(part.intended_sum_s >= part.response_sum_s && part.served <= 4);
}
