//! Whole campaigns on a simulated site and a virtual clock: the same state, journal and summary as a real run.
#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use autoperf::campaign::state::search::Search;
use autoperf::campaign::state::{Action, Event, Start, State};
use autoperf::journal::entry::{Agent, AgentReading, Begin, Node, SearchOptions};
use autoperf::journal::log::RunLog;
use autoperf::load::window::{ThreadWindow, TransactionWindow, Window};
use autoperf::summary::build::{build, strategy};
use autoperf::summary::{Level, Summary};
use autoperf_models::distribution::Distribution;
use autoperf_models::simulation::{Class, Simulator, Site, Station, Step};
use autoperf_profiler::reading::{GroupReading, HostReading, Reading};

const SERVICE_S: f64 = 0.02;
const THINK_S: f64 = 1.0;
const WINDOW_S: f64 = 0.1;

/// One CPU, exponential service and think times: product form, X_max 50/s, N* 51.
fn site() -> Site {
    let route = vec![Step::visit(0, Distribution::exponential(SERVICE_S).unwrap())];
    let class = Class::new("Home", route, Distribution::exponential(THINK_S).unwrap());
    Site::of_one_class(vec![Station::sharing("cpu", 1)], class)
}

fn begin() -> Begin {
    Begin {
        mode: "capacity".into(),
        transactions: vec!["Home".into()],
        think_time_s: THINK_S,
        nodes: vec![Node {
            node: "db1".into(),
            port: 1,
            process: "httpd".into(),
            cores: Some(1.0),
        }],
        search: SearchOptions {
            strategy: "model-guided".into(),
            ..SearchOptions::default()
        },
        ..Begin::default()
    }
}

/// A campaign with everything around it simulated.
struct Rehearsal {
    state: Search,
    simulator: Simulator,
    now_s: f64,
    windows: u64,
    readings: u64,
    finished: bool,
    levels: usize,
    restarts: usize,
    /// CPU time of the simulators before the last restart, s.
    busy_before_s: f64,
    /// Forecasts of the level and of the rest, as shown before the load changes.
    announced: Vec<(f64, f64)>,
    users: u32,
    /// What becomes of windows with more users than these.
    spoilt: (u32, fn(&mut Window)),
}

impl Rehearsal {
    fn new(seed: u64) -> Self {
        Self::of(begin(), seed)
    }

    fn of(begin: Begin, seed: u64) -> Self {
        let agent = Agent {
            node: "db1".into(),
            port: 1,
            same_host: true,
            cores: 1,
            ..Agent::default()
        };
        let strategy = strategy(&begin.search, begin.think_time_s);
        let start = Start {
            begin,
            agents: vec![agent],
            windows_per_second: 10,
        };
        let state = Search::new(start, strategy);
        let simulator = Simulator::new(&site(), seed).unwrap();
        let (windows, readings, finished, levels) = (0, 0, false, 0);
        Self {
            state,
            simulator,
            now_s: 0.0,
            windows,
            readings,
            finished,
            levels,
            restarts: 0,
            busy_before_s: 0.0,
            announced: Vec::new(),
            users: 0,
            spoilt: (u32::MAX, |_| {}),
        }
    }

    fn tell(&mut self, event: Event) {
        let mut actions = Vec::new();
        self.state.handle(event, &mut actions);
        for action in actions {
            match action {
                Action::SetUsers(users) => {
                    self.users = users;
                    self.simulator.set_users(users);
                }
                Action::Snapshot => {
                    self.read();
                    self.tell(Event::Settled { at_s: self.now_s });
                }
                Action::ShowLevel(_) => self.levels += 1,
                Action::Finish => self.finished = true,
                Action::Show(progress) if progress.elapsed_s == 0.0 => {
                    let rest_s = progress.remaining_s.unwrap();
                    self.announced.push((progress.forecast_s, rest_s));
                }
                Action::Script(script) => {
                    assert_eq!(script, 0, "a search has one script");
                    self.busy_before_s += self.simulator.busy_s(0);
                    self.simulator = Simulator::new(&site(), self.restarts as u64).unwrap();
                    self.simulator.run_until(self.now_s, |_| {});
                    self.restarts += 1;
                }
                Action::Write(_) | Action::Sync | Action::Show(_) => {}
                Action::Alarm(_) | Action::SetRate(..) => panic!("a search needs none of these"),
            }
        }
    }

    fn read(&mut self) {
        self.readings += 1;
        let cpu_ns = ((self.busy_before_s + self.simulator.busy_s(0)) * 1e9) as u64;
        let group = GroupReading {
            name: "httpd".into(),
            cpu_ns,
            complete: true,
            ..GroupReading::default()
        };
        let host = HostReading {
            cores: 1,
            cpu_busy_ns: cpu_ns,
            ..HostReading::default()
        };
        let at_ns = (self.now_s * 1e9) as u64;
        let reading = Reading {
            sequence: self.readings,
            begin_ns: at_ns,
            end_ns: at_ns,
            wall_ns: at_ns,
            unattributed_ns: 0,
            host,
            groups: vec![group],
        };
        let reading = AgentReading {
            node: "db1".into(),
            port: 1,
            at_s: self.now_s,
            reading,
        };
        self.tell(Event::Reading(Box::new(reading)));
    }

    /// A tenth of a second of the site's life.
    fn turn(&mut self) {
        let mut transaction = TransactionWindow::default();
        let until_s = (self.windows + 1) as f64 * WINDOW_S;
        self.simulator
            .run_until(until_s, |record| transaction.add(record));
        let length_ns = (WINDOW_S * 1e9) as u64;
        let served = transaction.served;
        let mut window = Window {
            index: self.windows,
            start_ns: self.windows * length_ns,
            end_ns: (self.windows + 1) * length_ns,
            transactions: vec![transaction],
            think_sum_s: THINK_S * served as f64,
            think_count: served,
            ..Window::default()
        };
        let (most, spoil) = self.spoilt;
        if self.users > most {
            spoil(&mut window);
        }
        self.windows += 1;
        self.now_s = until_s;
        self.tell(Event::Window(Box::new(window)));
        if self.windows.is_multiple_of(10) && !self.finished {
            self.read();
        }
    }

    fn run(mut self, until: impl Fn(&Self) -> bool) -> Self {
        if self.windows == 0 {
            self.tell(Event::Start { at_s: 0.0 });
        }
        while !self.finished && !until(&self) {
            assert!(self.windows < 36_000, "an hour of virtual time must be enough");
            self.turn();
        }
        self
    }

    fn end(self) -> (RunLog, Summary) {
        let log = Box::new(self.state).into_log();
        let summary = build(&log);
        (log, summary)
    }
}

#[test]
fn a_campaign_finds_the_capacity_of_a_site_of_product_form() {
    for seed in [1, 2, 3] {
        let (log, summary) = Rehearsal::new(seed).run(|_| false).end();
        assert_eq!(log.end.as_ref().unwrap().how, "finished");
        assert_eq!(summary.verdict.code, "found", "{:?}", summary.verdict);
        let plateau = summary.capacity.max_throughput_per_s.unwrap();
        assert!(
            (plateau.value * SERVICE_S - 1.0).abs() < 0.05,
            "seed {seed}: {plateau:?}"
        );
        let users = summary.capacity.saturation_users.unwrap();
        assert!((users.value / 51.0 - 1.0).abs() < 0.1, "seed {seed}: {users:?}");
        let bottleneck = summary.capacity.bottleneck.as_ref().unwrap();
        assert_eq!(
            bottleneck.process.as_deref(),
            Some("httpd"),
            "seed {seed}: {bottleneck:?}"
        );
        let demands = summary
            .levels
            .iter()
            .filter_map(|level| level.processes[0].service_demand_s);
        let best = demands.max_by_key(|demand| demand.samples).unwrap();
        assert!(
            (best.value / SERVICE_S - 1.0).abs() < 0.05,
            "seed {seed}: {best:?}"
        );
        // The windows tell the nominal think time, so the gap has the sampling error of exponential times in it.
        let long = summary.levels.iter().filter(|level| level.transactions > 1000);
        assert!(long.map(|level| level.little_gap.unwrap()).all(|gap| gap < 0.1));
    }
}

#[test]
fn forecasts_of_the_level_and_of_the_run_are_shown_before_each_level() {
    let rehearsal = Rehearsal::new(7).run(|_| false);
    assert_eq!(
        (rehearsal.announced.len(), rehearsal.restarts),
        (rehearsal.levels, 0)
    );
    let took_s = rehearsal.now_s;
    for (level_s, rest_s) in &rehearsal.announced {
        assert!(*level_s > 0.0 && *rest_s >= *level_s, "{level_s} {rest_s}");
    }
    let first = rehearsal.announced[0].1;
    assert!(
        first > took_s / 4.0 && first < 4.0 * took_s,
        "{first} s were forecast, {took_s} s it took"
    );
}

#[test]
fn users_are_restarted_between_levels_where_that_is_asked() {
    let mut begin = begin();
    begin.search.restart_users = true;
    let rehearsal = Rehearsal::of(begin, 8).run(|_| false);
    assert_eq!(rehearsal.restarts + 1, rehearsal.levels);
    let (log, summary) = rehearsal.end();
    assert!(log.begin.search.restart_users);
    assert_eq!(summary.verdict.code, "found", "{:?}", summary.verdict);
}

#[test]
fn an_interrupted_level_enters_no_figure_and_the_others_stay() {
    let mut rehearsal = Rehearsal::new(4).run(|rehearsal| rehearsal.levels == 2);
    (0..25).for_each(|_| rehearsal.turn());
    let at_s = rehearsal.now_s;
    rehearsal.tell(Event::Interrupt { at_s });
    assert!(rehearsal.finished);
    let (log, summary) = rehearsal.end();
    assert_eq!((log.levels.len(), summary.levels.len()), (3, 2));
    assert_eq!(summary.verdict.code, "interrupted");
}

#[test]
fn a_lost_agent_ends_the_campaign_after_the_level_and_an_agent_that_comes_back_does_not() {
    let lost = |at_s| Event::AgentLost {
        node: "db1".into(),
        reason: "connection reset".into(),
        at_s,
    };
    let mut rehearsal = Rehearsal::new(5).run(|rehearsal| rehearsal.levels == 1);
    let at_s = rehearsal.now_s;
    rehearsal.tell(lost(at_s));
    let (log, summary) = rehearsal.run(|_| false).end();
    assert_eq!(log.end.as_ref().unwrap().how, "profiler_lost");
    assert_eq!(summary.verdict.code, "inconclusive");

    let mut rehearsal = Rehearsal::new(5).run(|rehearsal| rehearsal.levels == 1);
    let at_s = rehearsal.now_s;
    rehearsal.tell(lost(at_s));
    rehearsal.tell(Event::AgentBack {
        node: "db1".into(),
        at_s,
        anew: false,
    });
    let (log, _) = rehearsal.run(|_| false).end();
    assert_eq!(log.end.as_ref().unwrap().how, "finished");
}

#[test]
fn windows_from_before_a_level_do_not_belong_to_it() {
    let rehearsal = Rehearsal::new(6).run(|rehearsal| rehearsal.levels == 2);
    let (log, _) = rehearsal.end();
    for level in &log.levels {
        let first = level.bins().next();
        assert!(first.is_none_or(|bin| bin.start_s >= 0.0 && bin.start_s < WINDOW_S + 1e-6));
    }
}

/// What can be the matter with a generator, and the word for it in the report.
const SPOILT: [(&str, fn(&mut Window)); 6] = [
    ("no local port", |window| window.generator.ports_exhausted = 1),
    ("no descriptor", |window| window.generator.resources_exhausted = 1),
    ("lost", |window| {
        // A recorder that nobody empties: one record in a whole second is enough.
        if window.index.is_multiple_of(10) {
            window.generator.dropped = 1;
        }
    }),
    ("of a processor", |window| {
        window.generator.threads = vec![ThreadWindow {
            cpu_ns: 96_000_000,
            turns: 10,
            ..ThreadWindow::default()
        }];
    }),
    ("wanted a processor", |window| {
        window.generator.threads = vec![ThreadWindow {
            cpu_ns: 30_000_000,
            queued_ns: 68_000_000,
            turns: 10,
            ..ThreadWindow::default()
        }];
    }),
    ("late", |window| window.generator.lateness_us = vec![200_000; 5]),
];

#[test]
fn levels_that_the_generator_spoilt_are_marked_left_out_tried_with_fewer_users_once_and_end_the_search() {
    for (word, spoil) in SPOILT {
        let mut rehearsal = Rehearsal::new(7);
        rehearsal.spoilt = (30, spoil);
        let (log, summary) = rehearsal.run(|_| false).end();
        assert_eq!(log.end.as_ref().unwrap().how, "finished", "{word}");
        assert_eq!(
            summary.verdict.code, "generator_limited",
            "{word}: {:?}",
            summary.verdict
        );
        let users: Vec<u32> = summary.levels.iter().map(|level| level.users).collect();
        let first = users.iter().position(|&users| users > 30).unwrap();
        for level in &summary.levels {
            let saturated = level.users > 30;
            assert_eq!(level.generator.saturated, saturated, "{word} {users:?}");
            assert_eq!(level.counts, Some(!saturated), "{word} {users:?}");
            let because = level.generator.saturated_because.as_deref().unwrap_or("");
            let named = because.contains(word);
            assert!(!saturated || named, "{word}: {because}");
        }
        // Fewer users once; nothing above what is known to be good afterwards.
        assert!(users[first + 1] < users[first], "{word} {users:?}");
        let known = users.iter().copied().filter(|&users| users <= 30).max().unwrap();
        assert!(
            users[first + 1..].iter().filter(|&&users| users > known).count() <= 1,
            "{word} {users:?}"
        );
        // No figure rests on them.
        assert!(
            summary.curve.iter().all(|row| row.users <= known),
            "{word} {users:?}"
        );
        let sentence = &summary.verdict.sentence;
        assert!(
            sentence.contains(&format!("at least {known} users")),
            "{word}: {sentence}"
        );
        let audit = summary
            .audits
            .iter()
            .find(|audit| audit.name == "The generator was not the limit");
        assert_eq!(audit.unwrap().status, "fail", "{word}");
    }
}

#[test]
fn a_generator_that_gives_out_beyond_the_plateau_changes_no_verdict() {
    let mut rehearsal = Rehearsal::new(1);
    // N* is 51: the levels up to 130 users confirm the plateau.
    rehearsal.spoilt = (130, |window| window.generator.ports_exhausted = 1);
    let (_, summary) = rehearsal.run(|_| false).end();
    let saturated = |level: &Level| level.generator.saturated;
    assert!(summary.levels.iter().any(saturated), "no level was spoilt");
    assert_eq!(summary.verdict.code, "found", "{:?}", summary.verdict);
}
