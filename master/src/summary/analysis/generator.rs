//! What the generator says of itself at a level, and the one judgement of it, the load engine's own.

use super::SteadyPart;
use crate::journal::entry::{GeneratorSecond, Second};
use crate::journal::histogram::Times;
use crate::load::Account;
use crate::load::account::ThreadAccount;
use crate::load::saturation::{doubtful_tail, judge};
use crate::summary::{Generator, GeneratorThread};
use autoperf_models::level::{LevelMeasurement, Steadiness};

/// The account of the level's steady part. Little's law is asked of it only where it was steady.
pub(super) fn account(steady: &SteadyPart<'_>, measurement: &LevelMeasurement, open: bool) -> Account {
    let is_steady = matches!(measurement.steadiness, Steadiness::Steady { .. });
    let mut sum = Account {
        balanced: is_steady && !open,
        lateness_p99_s: lateness(steady).quantile_s(0.99),
        response_p99_s: if open { &steady.from_start } else { &steady.times }.quantile_s(0.99),
        ..Account::default()
    };
    let mut users = None;
    for second in &steady.seconds {
        add(&mut sum, second);
        let Some(part) = &second.generator else {
            continue;
        };
        let (fewest, most) = part.users;
        let constant = fewest == most && *users.get_or_insert(most) == most;
        sum.balanced &= constant && part.finished_users == 0;
    }
    sum
}

fn add(sum: &mut Account, second: &Second) {
    sum.wall_s += second.bins.iter().map(|bin| bin.1).sum::<f64>();
    for transaction in &second.transactions {
        sum.served += transaction.served;
        sum.finished += transaction.served + transaction.failures.values().sum::<u64>();
        sum.served_s += transaction.response_sum_s;
    }
    sum.think_sum_s += second.think_sum_s;
    sum.thinks += second.think_count;
    match &second.generator {
        Some(part) => add_generator(sum, part),
        // Journals before 0.2 know only the busiest thread and the sum of failures.
        None => {
            sum.thread(0).cpu_s += second.generator_busiest_ns as f64 * 1e-9;
            sum.resources += second.generator_failures;
        }
    }
}

fn add_generator(sum: &mut Account, part: &GeneratorSecond) {
    for (index, &(cpu_ns, waited_ns, turns)) in part.threads.iter().enumerate() {
        sum.thread(index).add(ThreadAccount {
            cpu_s: cpu_ns as f64 * 1e-9,
            waited_s: waited_ns as f64 * 1e-9,
            turns,
        });
    }
    sum.user_s += part.user_s;
    sum.in_transactions_s += part.in_transactions_s;
    sum.ports += part.ports_exhausted;
    sum.resources += part.resources_exhausted;
    sum.records += part.records_lost;
}

fn lateness(steady: &SteadyPart<'_>) -> Times {
    merged(steady.seconds.iter().map(|second| second.lateness_us.as_str()))
}

fn merged<'a>(texts: impl Iterator<Item = &'a str>) -> Times {
    let mut all = Times::default();
    texts.for_each(|text| all.merge(&Times::decode(text).unwrap_or_default()));
    all
}

/// The generator's figures for the reader, with the judgement on them.
pub(super) fn generator(steady: &SteadyPart<'_>, account: &Account) -> Generator {
    let parts = || {
        steady
            .seconds
            .iter()
            .filter_map(|second| second.generator.as_deref())
    };
    let most = |of: fn(&GeneratorSecond) -> u64| parts().map(of).max();
    // A limit that the system does not tell is not zero.
    let told = |of: fn(&GeneratorSecond) -> u64| most(of).filter(|figure| *figure > 0);
    let late = lateness(steady);
    let delay = merged(parts().map(|part| part.read_delay_us.as_str()));
    let because = judge(account).map(|why| why.to_string());
    Generator {
        cpu_utilization: account.busiest_share(),
        threads: threads(account),
        lateness_p50_s: late.quantile_s(0.5),
        lateness_p99_s: account.lateness_p99_s,
        lateness_max_s: late.max_s(),
        read_delay_p50_s: delay.quantile_s(0.5),
        read_delay_p99_s: delay.quantile_s(0.99),
        read_delay_max_s: delay.max_s(),
        processor_wait_s: account.wait_per_turn_s(),
        local_ports_in_use: told(|part| part.ports.1).and_then(|_| most(|part| part.ports.0)),
        local_ports: told(|part| part.ports.1),
        descriptors_in_use: told(|part| part.descriptors.0),
        descriptor_limit: told(|part| part.descriptors.1),
        send_stalls: parts().next().map(|_| parts().map(|part| part.send_stalls).sum()),
        unrecorded: 0,
        failures: account.ports + account.resources + account.records,
        saturated: because.is_some(),
        saturated_because: because,
        doubtful_tail: doubtful_tail(account).map(|doubt| doubt.to_string()),
    }
}

fn threads(account: &Account) -> Vec<GeneratorThread> {
    if account.wall_s <= 0.0 {
        return Vec::new();
    }
    let share = |thread: &ThreadAccount| GeneratorThread {
        cpu_utilization: thread.cpu_s / account.wall_s,
        waiting: thread.waited_s / account.wall_s,
    };
    account.threads.iter().map(share).collect()
}
