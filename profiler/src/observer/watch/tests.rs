use super::*;
use crate::process::{Names, Stat};

const FACTS: Facts = Facts {
    ticks_per_s: 100,
    page_bytes: 4096,
    tick_ns: 4_000_000,
};
const MS: u64 = 1_000_000;

/// A machine made of words.
#[derive(Default)]
struct Machine {
    table: Table,
    now_ns: u64,
    tasks: u64,
}

impl Machine {
    fn start(&mut self, pid: u32, parent: u32, exe: &str) {
        self.tasks += 1;
        self.now_ns += 10 * MS;
        let parent_identity = self.table.by_pid(parent).map(Seen::identity);
        let stat = Stat {
            pid,
            parent,
            start_ticks: self.now_ns / 10_000_000,
            threads: 1,
            state: 'S',
            ..Stat::default()
        };
        let names = Names {
            exe: format!("/bin/{exe}"),
            argument: exe.into(),
            comm: exe.into(),
        };
        let seen = Seen {
            parent: parent_identity,
            names,
            stat,
            first_seen_ns: self.now_ns,
            ..Seen::default()
        };
        self.table.insert(seen);
    }

    fn change(&mut self, pid: u32, change: impl FnOnce(&mut Seen)) {
        let mut seen = self.table.take(pid);
        change(&mut seen);
        self.table.insert(seen);
    }

    fn spend(&mut self, pid: u32, own_ms: u64, children_ticks: u64) {
        self.change(pid, |seen| {
            seen.cpu_ns = Some(seen.cpu_ns.unwrap_or(0) + own_ms * MS);
            seen.by_clock = true;
            seen.stat.children_ticks += children_ticks;
        });
    }

    fn read(&mut self, watch: &mut Watch) -> Vec<GroupReading> {
        self.now_ns += 1_000 * MS;
        watch.adopt(&self.table, self.now_ns);
        let mut host = HostReading {
            cores: 2,
            ..HostReading::default()
        };
        host.detail.tasks_started = Some(self.tasks);
        let look = Look {
            host: &host,
            facts: &FACTS,
            usages: &[],
            switches: &|_| [0; 2],
        };
        watch.account(&self.table, &look)
    }
}

fn watch(names: &[&str]) -> Watch {
    Watch::new(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
}

fn cpu_ms(readings: &[GroupReading]) -> Vec<u64> {
    readings.iter().map(|reading| reading.cpu_ns / MS).collect()
}

/// Init, a web server with a worker, and a database started by a wrapper.
fn site() -> Machine {
    let mut machine = Machine::default();
    machine.start(1, 0, "init");
    machine.spend(1, 1000, 500);
    machine.start(10, 1, "web");
    machine.start(11, 10, "worker");
    machine.start(20, 1, "wrapper");
    machine.start(21, 20, "db");
    for pid in [10, 11, 20, 21] {
        machine.spend(pid, 100, 0);
    }
    machine
}

#[test]
fn descendants_belong_to_the_nearest_matched_ancestor() {
    let mut machine = site();
    machine.start(12, 11, "db");
    machine.start(13, 12, "helper");
    machine.start(14, 11, "helper");
    let mut watch = watch(&["web", "db"]);
    machine.read(&mut watch);
    let group = |group| {
        let mut pids: Vec<u32> = watch.members_of(group).map(|identity| identity.pid).collect();
        pids.sort_unstable();
        pids
    };
    assert_eq!(group(0), [10, 11, 14]);
    assert_eq!(group(1), [12, 13, 21]);
}

#[test]
fn counts_start_at_zero_and_newcomers_count_whole() {
    let mut machine = site();
    let mut watch = watch(&["web", "db"]);
    assert_eq!(cpu_ms(&machine.read(&mut watch)), [0, 0]);
    machine.spend(11, 30, 0);
    machine.start(15, 11, "convert");
    machine.spend(15, 7, 0);
    assert_eq!(cpu_ms(&machine.read(&mut watch)), [37, 0]);
}

#[test]
fn an_orphan_that_init_lets_wait_may_have_been_the_group_s() {
    let mut machine = site();
    let mut watch = watch(&["web"]);
    machine.read(&mut watch);
    assert!(machine.read(&mut watch)[0].complete);
    machine.start(40, 1, "worker");
    machine.change(40, |seen| seen.stat.state = 'Z');
    assert!(!machine.read(&mut watch)[0].complete);
    assert!(machine.read(&mut watch)[0].complete, "it is not a new one");
}

#[test]
fn a_waited_for_child_is_counted_once() {
    let mut machine = site();
    let mut watch = watch(&["web"]);
    machine.read(&mut watch);
    machine.start(15, 11, "cgi");
    machine.spend(15, 40, 0);
    assert_eq!(cpu_ms(&machine.read(&mut watch)), [40]);
    machine.table.remove(15);
    machine.spend(11, 0, 6);
    let reading = machine.read(&mut watch).remove(0);
    assert_eq!((reading.cpu_ns / MS, reading.complete), (60, true));
    assert_eq!(
        reading.error_bound_ns,
        (2 * 2 * 4 + 2 * 10) * MS,
        "two threads, one parent's ticks"
    );
}

#[test]
fn a_child_of_an_ignoring_parent_keeps_its_last_figure_and_is_reported() {
    let mut machine = site();
    machine.change(11, |seen| seen.status.ignores_children = true);
    let mut watch = watch(&["web"]);
    assert!(machine.read(&mut watch)[0].complete);
    assert!(
        machine.read(&mut watch)[0].complete,
        "nothing was started meanwhile"
    );
    machine.start(15, 11, "cgi");
    machine.spend(15, 40, 0);
    machine.read(&mut watch);
    machine.table.remove(15);
    let reading = machine.read(&mut watch).remove(0);
    assert_eq!((reading.cpu_ns / MS, reading.complete), (40, false));
    machine.tasks += 3;
    let unseen = machine.read(&mut watch).remove(0);
    assert!(
        !unseen.complete && unseen.evidence.reasons[0].contains("ignores"),
        "{:?}",
        unseen.evidence.reasons
    );
}

#[test]
fn a_restart_within_the_interval_loses_nothing_that_was_seen() {
    let mut machine = site();
    let mut watch = watch(&["web"]);
    machine.read(&mut watch);
    machine.spend(10, 50, 0);
    assert_eq!(cpu_ms(&machine.read(&mut watch)), [50]);
    machine.table.remove(10);
    machine.table.remove(11);
    machine.start(10, 1, "web");
    machine.spend(10, 5, 0);
    let reading = machine.read(&mut watch).remove(0);
    assert_eq!(
        (reading.cpu_ns / MS, reading.complete, reading.processes),
        (55, false, 1)
    );
}

#[test]
fn a_database_s_time_is_not_its_wrapper_s() {
    let mut machine = site();
    let mut watch = watch(&["wrapper", "db"]);
    machine.read(&mut watch);
    machine.spend(21, 80, 0);
    assert_eq!(cpu_ms(&machine.read(&mut watch)), [0, 80]);
    machine.table.remove(21);
    machine.spend(20, 0, 18);
    assert_eq!(
        cpu_ms(&machine.read(&mut watch)),
        [0, 80],
        "the wrapper has waited for all of the database's 180 ms"
    );
}

#[test]
fn a_renamed_process_stays_and_one_that_takes_a_watched_name_comes() {
    let mut machine = site();
    let mut watch = watch(&["web", "db"]);
    machine.read(&mut watch);
    machine.change(10, |seen| {
        seen.names = Names {
            comm: "x".into(),
            ..Names::default()
        }
    });
    machine.spend(10, 20, 0);
    machine.now_ns += 10_000 * MS;
    machine.change(20, |seen| seen.names.exe = "/bin/db".into());
    assert_eq!(
        cpu_ms(&machine.read(&mut watch)),
        [20, 0],
        "what it spent under its old name is not the group's"
    );
    machine.spend(20, 9, 0);
    assert_eq!(cpu_ms(&machine.read(&mut watch)), [20, 9]);
}

#[test]
fn a_member_that_becomes_another_s_takes_its_future_along() {
    let mut machine = site();
    let mut watch = watch(&["web", "db"]);
    machine.read(&mut watch);
    machine.spend(11, 25, 0);
    machine.read(&mut watch);
    machine.change(11, |seen| seen.names.exe = "/bin/db".into());
    machine.spend(11, 5, 0);
    assert_eq!(cpu_ms(&machine.read(&mut watch)), [25, 5]);
}

#[test]
fn orphans_that_init_has_waited_for_are_suspected() {
    let mut machine = site();
    let mut watch = watch(&["web"]);
    machine.read(&mut watch);
    machine.spend(1, 0, 3);
    let reading = machine.read(&mut watch).remove(0);
    assert!(
        !reading.complete && reading.evidence.reasons[0].contains("30 ms"),
        "{:?}",
        reading.evidence.reasons
    );
    assert!(machine.read(&mut watch)[0].complete);
}

#[test]
fn a_reused_number_is_another_process() {
    let mut machine = site();
    let mut watch = watch(&["web"]);
    machine.read(&mut watch);
    machine.spend(11, 10, 0);
    machine.read(&mut watch);
    machine.table.remove(11);
    machine.spend(10, 0, 11);
    machine.start(11, 20, "other");
    machine.spend(11, 900, 0);
    let reading = machine.read(&mut watch).remove(0);
    assert_eq!((reading.cpu_ns / MS, reading.processes), (10, 1));
}

#[test]
fn a_name_without_process_is_told_with_its_nearest() {
    let machine = site();
    let mut watch = watch(&["web", "dbx"]);
    watch.adopt(&machine.table, 1);
    assert_eq!(
        watch.without_process(&machine.table),
        Some(("dbx".into(), vec!["db".into()]))
    );
}

/// What the kernel tells.
mod told {
    use super::*;

    fn end(pid: u32, cpu_ms: u64, comm: &str) -> ProcessEnd {
        ProcessEnd {
            pid,
            cpu_ns: cpu_ms * MS,
            comm: comm.into(),
            ..ProcessEnd::default()
        }
    }

    fn ended(watch: &mut Watch, pid: u32, cpu_ms: u64) {
        watch.ended(&end(pid, cpu_ms, "worker"), cpu_ms * MS, false);
    }

    fn site_and_watch(names: &[&str]) -> (Machine, Watch) {
        let mut machine = site();
        let mut watch = watch(names);
        watch.set_ends(Ends::Recorded);
        machine.read(&mut watch);
        (machine, watch)
    }

    #[test]
    fn unseen_descendants_count_for_the_group_that_started_them() {
        let (mut machine, mut watch) = site_and_watch(&["web", "db"]);
        watch.started(11, 40);
        watch.started(40, 41);
        ended(&mut watch, 40, 1);
        watch.started(21, 42);
        watch.started(1, 43);
        for pid in [41, 42, 43] {
            ended(&mut watch, pid, 10);
        }
        let readings = machine.read(&mut watch);
        assert_eq!(
            cpu_ms(&readings),
            [11, 10],
            "also a grandchild whose parent has ended"
        );
        assert_eq!(readings[0].evidence.exits_seen, Some(2));
        assert_eq!(readings[0].source, "process-clock+exit-records");
    }

    #[test]
    fn the_record_of_a_member_says_more_than_the_last_look_and_counts_once() {
        let (mut machine, mut watch) = site_and_watch(&["web"]);
        machine.spend(11, 10, 0);
        machine.read(&mut watch);
        ended(&mut watch, 11, 125);
        assert_eq!(cpu_ms(&machine.read(&mut watch)), [10], "it is still to be seen");
        machine.table.remove(11);
        assert_eq!(
            cpu_ms(&machine.read(&mut watch)),
            [25],
            "it had spent 100 ms before the watch began"
        );
        assert_eq!(cpu_ms(&machine.read(&mut watch)), [25]);
    }

    #[test]
    fn a_late_record_adds_what_it_says_more() {
        let (mut machine, mut watch) = site_and_watch(&["web"]);
        machine.spend(11, 10, 0);
        machine.read(&mut watch);
        machine.table.remove(11);
        assert_eq!(cpu_ms(&machine.read(&mut watch)), [10]);
        ended(&mut watch, 11, 117);
        assert_eq!(cpu_ms(&machine.read(&mut watch)), [17]);
    }

    #[test]
    fn what_ending_cost_is_told_apart_and_counts_once() {
        let (mut machine, mut watch) = site_and_watch(&["web"]);
        watch.set_ends(Ends::GivenBack);
        machine.spend(11, 10, 0);
        machine.read(&mut watch);
        let figures = |readings: &[GroupReading]| {
            let ending_ms = readings[0].evidence.exit_overhead_ns.unwrap() / MS;
            (cpu_ms(readings)[0], ending_ms, readings[0].source.clone())
        };
        let source = || "process-clock+freed-tasks".to_owned();
        // One that was never a member, and one that is none of the group's.
        watch.started(11, 40);
        ended(&mut watch, 40, 5);
        watch.given_back(40, 7 * MS);
        watch.given_back(99, 1_000 * MS);
        assert_eq!(figures(&machine.read(&mut watch)), (17, 2, source()));
        // A member, given back before it is found to be gone: its clock had 112 ms, among them what ending cost its threads,
        // which no exit record has.
        machine.spend(11, 2, 0);
        machine.read(&mut watch);
        ended(&mut watch, 11, 111);
        watch.given_back(11, 118 * MS);
        machine.table.remove(11);
        assert_eq!(figures(&machine.read(&mut watch)), (25, 8, source()));
        // And one that was found to be gone before.
        machine.spend(10, 3, 0);
        machine.read(&mut watch);
        ended(&mut watch, 10, 104);
        machine.table.remove(10);
        assert_eq!(figures(&machine.read(&mut watch)), (29, 8, source()));
        watch.given_back(10, 106 * MS);
        assert_eq!(figures(&machine.read(&mut watch)), (31, 10, source()));
        watch.lose_costs();
        assert!(!machine.read(&mut watch)[0].complete);
    }

    #[test]
    fn what_the_clock_misses_of_threads_is_not_counted_again_at_the_end() {
        let (mut machine, mut watch) = site_and_watch(&["web"]);
        watch.set_ends(Ends::GivenBack);
        machine.spend(11, 10, 0);
        watch.threads_given_back(11, 3 * MS);
        watch.threads_given_back(99, 1_000 * MS);
        assert_eq!(cpu_ms(&machine.read(&mut watch)), [13]);
        // Its exit records have 108 ms, since the clock has 2 of what ending cost its threads; in the end it was 114.
        ended(&mut watch, 11, 108);
        machine.table.remove(11);
        assert_eq!(cpu_ms(&machine.read(&mut watch)), [13]);
        watch.given_back(11, 114 * MS);
        let reading = machine.read(&mut watch).remove(0);
        assert_eq!(reading.cpu_ns / MS, 14);
        assert_eq!(reading.evidence.exit_overhead_ns, Some(4 * MS));
    }

    #[test]
    fn a_zombie_that_was_counted_is_not_taken_in() {
        let (mut machine, mut watch) = site_and_watch(&["web"]);
        watch.started(11, 40);
        ended(&mut watch, 40, 5);
        machine.start(40, 11, "worker");
        machine.spend(40, 6, 0);
        assert_eq!(cpu_ms(&machine.read(&mut watch)), [5]);
        assert_eq!(cpu_ms(&machine.read(&mut watch)), [5]);
    }

    #[test]
    fn a_program_of_a_watched_name_counts_by_its_record_alone() {
        let (mut machine, mut watch) = site_and_watch(&["web", "convert"]);
        watch.started(11, 40);
        watch.ended(&end(40, 8, "convert"), 8 * MS, true);
        watch.ended(&end(50, 4, "convert"), 4 * MS, true);
        watch.ended(&end(51, 4, "convert"), 4 * MS, false);
        assert_eq!(cpu_ms(&machine.read(&mut watch)), [0, 12]);
    }

    #[test]
    fn a_number_given_anew_is_another_process() {
        let (mut machine, mut watch) = site_and_watch(&["web"]);
        machine.spend(11, 10, 0);
        machine.read(&mut watch);
        ended(&mut watch, 11, 115);
        watch.started(10, 11);
        ended(&mut watch, 11, 7);
        machine.table.remove(11);
        assert_eq!(cpu_ms(&machine.read(&mut watch)), [22]);
    }

    #[test]
    fn lost_records_make_all_groups_incomplete() {
        let (mut machine, mut watch) = site_and_watch(&["web", "db"]);
        watch.lose_records(1);
        let readings = machine.read(&mut watch);
        assert!(
            readings
                .iter()
                .all(|reading| !reading.complete && reading.evidence.records_lost == 1)
        );
        assert!(machine.read(&mut watch).iter().all(|reading| reading.complete));
    }
}
