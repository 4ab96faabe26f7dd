//! The sentence of every kind of verdict.

use crate::{fixture, golden};
use autoperf::journal::entry::{Begin, Node, SearchOptions};
use autoperf::summary::verdict::{code_name, verdict};
use autoperf::summary::{Bottleneck, Capacity, Interval, Summary};
use autoperf_models::search::{Finding, VerdictCode};

fn begin(objective: Option<(f64, f64)>) -> Begin {
    Begin {
        nodes: vec![Node {
            node: "db1".into(),
            port: 22_221,
            process: "httpd".into(),
            cores: None,
        }],
        search: SearchOptions {
            objective,
            ..SearchOptions::default()
        },
        ..Begin::default()
    }
}

fn line(label: &str, code: VerdictCode, run: (&Summary, &Begin, &str)) -> String {
    let (summary, begin, how) = run;
    let finding = Finding::without_figures(code, vec!["A reason.".into()]);
    let verdict = verdict(&finding, &summary.capacity, &summary.levels, begin, Some(how));
    let reasons: Vec<_> = verdict
        .reasons
        .iter()
        .map(|reason| format!("\n    {reason}"))
        .collect();
    format!(
        "{label} -> {}\n  {}{}\n",
        verdict.code,
        verdict.sentence,
        reasons.concat()
    )
}

/// One level of one user, which saturates the site.
fn lonely(summary: &Summary) -> Summary {
    let mut alone = summary.clone();
    alone.levels.truncate(1);
    alone.levels[0].users = 1;
    alone.capacity.saturation_users = alone.capacity.saturation_users.map(|users| Interval {
        value: 1.2,
        low: 1.0,
        high: 1.4,
        ..users
    });
    alone
}

#[test]
fn every_verdict_reads_as_it_did() {
    let summary = fixture::summary();
    let plain = Summary {
        capacity: Capacity {
            objective_users: None,
            ..summary.capacity.clone()
        },
        ..summary.clone()
    };
    let unexplained = Summary {
        capacity: Capacity {
            bottleneck: None,
            ..plain.capacity.clone()
        },
        ..plain.clone()
    };
    let nothing = Summary {
        levels: Vec::new(),
        capacity: Capacity::default(),
        ..summary.clone()
    };
    let none = begin(None);
    let mut text: String = VerdictCode::ALL
        .iter()
        .map(|&code| line(code_name(code), code, (&plain, &none, "finished")))
        .collect();
    let found = VerdictCode::Found;
    text += &line(
        "with objective",
        found,
        (&summary, &begin(Some((0.95, 0.5))), "finished"),
    );
    text += &line(
        "objective unknown",
        found,
        (&plain, &begin(Some((0.95, 0.5))), "finished"),
    );
    text += &line(
        "objective never held",
        found,
        (&plain, &begin(Some((0.95, 0.01))), "finished"),
    );
    text += &line("limit unknown", found, (&unexplained, &none, "finished"));
    text += &line(
        "no profiler",
        found,
        (&unexplained, &Begin::default(), "finished"),
    );
    text += &line("interrupted", found, (&plain, &none, "interrupted"));
    text += &line("profiler lost", found, (&plain, &none, "profiler_lost"));
    text += &line("broken off", found, (&nothing, &none, "failed"));
    golden::check("verdicts.txt", &text);
}

#[test]
fn verdicts_on_little_read_as_they_did() {
    let summary = fixture::summary();
    let plain = Summary {
        capacity: Capacity {
            objective_users: None,
            ..summary.capacity.clone()
        },
        ..summary
    };
    let (none, found) = (begin(None), VerdictCode::Found);
    let mut unprofiled = plain.clone();
    unprofiled
        .levels
        .iter_mut()
        .for_each(|level| level.processes.clear());
    unprofiled.capacity.bottleneck = Some(Bottleneck {
        kind: "unexplained".to_owned(),
        node: None,
        process: None,
        utilization: None,
        costliest: None,
    });
    let mut text = line(
        "no profiler, plateau unexplained",
        found,
        (&unprofiled, &Begin::default(), "finished"),
    );
    let alone = lonely(&plain);
    text += &line("one user", found, (&alone, &none, "finished"));
    text += &line(
        "one user, no limit in sight",
        VerdictCode::NoSaturation,
        (&alone, &none, "finished"),
    );
    text += &line("one user, interrupted", found, (&alone, &none, "interrupted"));
    golden::check("verdicts-on-little.txt", &text);
}
