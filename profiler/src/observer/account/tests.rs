use super::*;

const MS: u64 = 1_000_000;
const FACTS: Facts = Facts {
    ticks_per_s: 100,
    page_bytes: 4096,
    tick_ns: 4_000_000,
};
const TREE: Circumstances = Circumstances {
    facts: FACTS,
    cores: 2,
    ends: Ends::Untold,
    control_group_ns: None,
};

fn sum(own_ms: u64) -> TreeSum {
    TreeSum {
        own_ns: own_ms * MS,
        processes: 1,
        threads: 1,
        ..TreeSum::default()
    }
}

fn member(spent_ms: u64) -> Member {
    Member {
        last_cpu_ns: spent_ms * MS,
        ..Member::default()
    }
}

fn with_ledger(control_group_ms: Option<u64>) -> Circumstances {
    Circumstances {
        ends: Ends::Recorded,
        control_group_ns: control_group_ms.map(|ms| ms * MS),
        ..TREE
    }
}

#[test]
fn a_single_short_sum_is_held_and_a_lasting_one_is_a_loss() {
    let mut account = Account::default();
    account.settle(&sum(0), &TREE);
    assert_eq!(account.settle(&sum(500), &TREE).cpu_ns, 500 * MS);
    let race = account.settle(&sum(300), &TREE);
    assert_eq!((race.cpu_ns, race.evidence.reasons.len()), (500 * MS, 0));
    assert_eq!(account.settle(&sum(520), &TREE).cpu_ns, 520 * MS);
    account.settle(&sum(320), &TREE);
    let lost = account.settle(&sum(330), &TREE);
    assert_eq!((lost.cpu_ns, lost.evidence.reasons.len()), (520 * MS, 1));
    let after = account.settle(&sum(340), &TREE);
    assert_eq!(
        (after.cpu_ns, after.evidence.reasons.len()),
        (530 * MS, 0),
        "growth counts again"
    );
}

#[test]
fn the_ended_stay_in_and_foreign_time_stays_out() {
    let mut account = Account::default();
    account.settle(&sum(0), &TREE);
    account.settle(&sum(100), &TREE);
    account.ended(&member(40), 40 * MS, false);
    let retired = account.settle(&sum(60), &TREE);
    assert_eq!(retired.cpu_ns, 100 * MS);
    assert!(
        retired.evidence.reasons[0].contains("ended"),
        "{:?}",
        retired.evidence.reasons
    );
    account.exclude(30 * MS);
    assert_eq!(account.settle(&sum(150), &TREE).cpu_ns, 160 * MS);
}

#[test]
fn records_tell_what_the_tree_has_lost_and_the_tree_what_ending_costs() {
    let mut account = Account::default();
    account.settle(&sum(0), &with_ledger(None));
    account.ended_unseen(50 * MS);
    account.suspect("ignored".into());
    let lost_by_tree = account.settle(&sum(10), &with_ledger(None));
    assert_eq!((lost_by_tree.cpu_ns, lost_by_tree.source), (60 * MS, BY_RECORDS));
    assert!(lost_by_tree.evidence.reasons.is_empty());
    let waited = TreeSum {
        children_ns: 200 * MS,
        parents: 1,
        ..sum(10)
    };
    account.ended_unseen(80 * MS);
    account.count_exit();
    let with_cost = account.settle(&waited, &with_ledger(None));
    assert_eq!(
        (with_cost.cpu_ns, with_cost.error_bound_ns),
        (210 * MS, 8 * MS + 20 * MS)
    );
    assert_eq!(with_cost.evidence.exit_overhead_ns, Some(70 * MS));
}

#[test]
fn lost_records_are_said_until_the_next_reading() {
    let mut account = Account::default();
    account.settle(&sum(0), &with_ledger(None));
    account.lose_records(2);
    let waited = TreeSum {
        children_ns: 300 * MS,
        parents: 1,
        ..sum(1)
    };
    let lost = account.settle(&waited, &with_ledger(None));
    assert_eq!((lost.evidence.reasons.len(), lost.evidence.records_lost), (1, 2));
    assert_eq!(lost.cpu_ns, 301 * MS, "waiting parents know more");
    let later = account.settle(
        &TreeSum {
            own_ns: 2 * MS,
            ..waited
        },
        &with_ledger(None),
    );
    assert_eq!(
        (
            later.evidence.reasons.len(),
            later.evidence.records_lost,
            later.cpu_ns
        ),
        (0, 2, 302 * MS)
    );
}

#[test]
fn the_figure_grows_by_the_best_source_of_each_interval() {
    let mut account = Account::default();
    account.settle(&sum(0), &with_ledger(Some(5_000)));
    let by_group = account.settle(&sum(95), &with_ledger(Some(5_100)));
    assert_eq!((by_group.cpu_ns, by_group.source), (100 * MS, BY_CONTROL_GROUP));
    let new_group = account.settle(&sum(145), &with_ledger(Some(20)));
    assert_eq!(
        (new_group.cpu_ns, new_group.source),
        (150 * MS, BY_RECORDS),
        "a new control group of that name"
    );
    let again = account.settle(&sum(150), &with_ledger(Some(28)));
    assert_eq!((again.cpu_ns, again.source), (158 * MS, BY_CONTROL_GROUP));
    let left = account.settle(&sum(160), &TREE);
    assert_eq!((left.cpu_ns, left.source), (168 * MS, BY_CLOCK));
}

#[test]
fn the_bound_counts_edges_of_what_runs_and_what_is_cut() {
    let mut account = Account::default();
    let parents = TreeSum {
        threads: 50,
        parents: 2,
        ..TreeSum::default()
    };
    assert_eq!(
        account.settle(&parents, &TREE).error_bound_ns,
        (2 * 2 * 4 + 2 * 2 * 10) * MS
    );
    let ticks = TreeSum {
        by_ticks: 1,
        threads: 1,
        ..TreeSum::default()
    };
    let settled = account.settle(&ticks, &TREE);
    assert_eq!((settled.error_bound_ns, settled.source), (28 * MS, BY_TICKS));
}

#[test]
fn what_ending_cost_those_that_nobody_waited_for_is_said_to_be_missing() {
    // The group's process lives on and spends 10 ms an interval; each interval children spend 90 ms and end.
    let run = |waited: bool, circumstances: &Circumstances| {
        let mut account = Account::default();
        account.settle(&sum(0), circumstances);
        let mut reasons = Vec::new();
        for round in 1..=3_u64 {
            account.ended_unseen(90 * MS);
            account.count_exit();
            let living = TreeSum {
                children_ns: if waited { 90 * MS * round } else { 0 },
                parents: u32::from(waited),
                ..sum(10 * round)
            };
            reasons.push(account.settle(&living, circumstances).evidence.reasons.len());
        }
        reasons
    };
    assert_eq!(run(false, &with_ledger(None)), [1, 1, 1]);
    assert_eq!(run(true, &with_ledger(None)), [0, 0, 0]);
    // A control group of their own has it.
    assert_eq!(run(false, &with_ledger(Some(0))), [0, 0, 0]);
}

#[test]
fn parents_that_know_more_of_lost_records_do_not_add_what_ending_was_measured_to_cost() {
    let circumstances = Circumstances {
        ends: Ends::GivenBack,
        ..TREE
    };
    let mut account = Account::default();
    let parent = |children_ms: u64| TreeSum {
        children_ns: children_ms * MS,
        parents: 1,
        ..sum(0)
    };
    account.settle(&parent(0), &circumstances);
    // Two children of 100 ms, of which 10 are for ending; one's record is lost, and one was given back.
    account.ended_unseen(90 * MS);
    account.count_exit();
    account.ending_cost(10 * MS);
    account.lose_records(1);
    let settled = account.settle(&parent(200), &circumstances);
    assert_eq!((settled.cpu_ns, settled.source), (200 * MS, BY_GIVEN_BACK));
    assert_eq!(settled.evidence.exit_overhead_ns, Some(10 * MS));
    assert!(!settled.evidence.reasons.is_empty());
}
