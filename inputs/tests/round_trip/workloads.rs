//! Arbitrary valid workloads, with the characters that a careless writer would spoil.

use autoperf_inputs::FORM;
use autoperf_inputs::workload::*;
use autoperf_models::distribution::Distribution;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use std::path::PathBuf;
use std::sync::Arc;

/// Text with everything that needs care in XML, TOML, templates or tables.
const ANYTHING: &str = "[ a-cA-C0-9<>&\"'\\\\$\\{\\}#,;=?/%|\t\n\réλ\u{85}\u{a0}]{0,12}";
/// The same without what can't stand in a URL.
const IN_A_URL: &str = "[a-cA-C0-9<>&\"'\\\\$\\{\\},;=?/%|éλ]{0,12}";
const LINE: &str = "[ a-cA-C0-9<>&\"'\\\\$\\{\\}#,;=?/%|é]{0,12}";

/// Extracted names; the first transaction extracts all of them, so that they are there everywhere else.
const EXTRACTED: [&str; 3] = ["token", "id<1>", "x\"y"];

pub(super) fn every() -> impl Strategy<Value = Workload> {
    (1usize..5)
        .prop_flat_map(|n| (vec(transaction_seed(), n), options(n)))
        .prop_map(|(seeds, options)| workload(seeds, options))
}

/// A place of a template before it is known what exists.
#[derive(Debug, Clone)]
enum Seed {
    Text(String),
    Value(usize),
    Extracted(usize),
    Page(u32),
}

#[derive(Debug, Clone)]
struct TransactionSeed {
    name: String,
    method: usize,
    url: Vec<Seed>,
    body: Option<(Option<String>, Vec<Seed>)>,
    headers: Vec<(String, Vec<Seed>)>,
    timeout_s: Option<f64>,
    think: Distribution,
    flags: (bool, bool, bool),
    checks: Vec<Check>,
    extractor: Extractor,
    sequences: Vec<(Vec<String>, bool)>,
}

fn seeds(literal: &'static str) -> impl Strategy<Value = Vec<Seed>> {
    let seed = prop_oneof![
        literal.prop_map(Seed::Text),
        (0usize..6).prop_map(Seed::Value),
        (0usize..3).prop_map(Seed::Extracted),
        (0u32..4).prop_map(Seed::Page),
    ];
    vec(seed, 0..5)
}

fn transaction_seed() -> impl Strategy<Value = TransactionSeed> {
    let request = (
        "[a-zé<&>\"']{1,8}",
        0usize..6,
        seeds(IN_A_URL),
        option::of((option::of("[a-z]{1,5}/[a-z]{1,5}"), seeds(ANYTHING))),
        vec(("[A-Z][a-z-]{0,5}", seeds(LINE)), 0..3),
    );
    let rest = (
        option::of(1e-6_f64..1e5),
        law(),
        any::<(bool, bool, bool)>(),
        vec(check(), 0..4),
        extractor(),
        vec(sequence(), 3),
    );
    (request, rest).prop_map(
        |((name, method, url, body, headers), (timeout_s, think, flags, checks, extractor, sequences))| {
            TransactionSeed {
                name,
                method,
                url,
                body,
                headers,
                timeout_s,
                think,
                flags,
                checks,
                extractor,
                sequences,
            }
        },
    )
}

fn law() -> impl Strategy<Value = Distribution> {
    let time = || prop_oneof![Just(0.0_f64), 0.0_f64..1e4, 1e-9_f64..1e-6];
    let mean = || 1e-6_f64..1e4;
    prop_oneof![
        time().prop_map(Distribution::Constant),
        (time(), time()).prop_map(|(a, b)| Distribution::Uniform {
            low: a.min(b),
            high: a.max(b)
        }),
        mean().prop_map(|mean| Distribution::Exponential { mean }),
        (1u32..1000, mean()).prop_map(|(stages, mean)| Distribution::Erlang { stages, mean }),
        (mean(), 1.001_f64..50.0).prop_map(|(mean, cv)| Distribution::Hyperexponential { mean, cv }),
        (mean(), 0.001_f64..50.0).prop_map(|(mean, cv)| Distribution::Lognormal { mean, cv }),
        vec(time(), 1..5).prop_map(Distribution::Empirical),
    ]
}

fn check() -> impl Strategy<Value = Check> {
    let text = || ANYTHING.prop_map(|t| format!("{t}x{t}"));
    prop_oneof![
        vec(100u16..600, 1..4).prop_map(|mut list| {
            list.sort_unstable();
            list.dedup();
            Check::Status(list)
        }),
        text().prop_map(Check::Contains),
        text().prop_map(|t| Check::Lacks(format!(" {t}\n"))),
        Just(Check::Matches("<a href=\"([^\"]+)\">\\s*&amp; ".to_owned())),
    ]
}

fn extractor() -> impl Strategy<Value = Extractor> {
    prop_oneof![
        Just(Extractor::Regex(" name=\"t\" value='([^']*)' ".to_owned())),
        Just(Extractor::JsonPath("$.a['b c'][0]".to_owned())),
        Just(Extractor::Css("form > input[name=\"t\"]@value".to_owned())),
        Just(Extractor::Header("X-Token".to_owned())),
    ]
}

/// Values, and whether they are a range.
fn sequence() -> impl Strategy<Value = (Vec<String>, bool)> {
    let padded = (0u32..50, 0u32..30, any::<bool>()).prop_map(|(low, more, padded)| {
        let width = if padded { 4 } else { 0 };
        let values = (low..=low + more).map(|n| format!("{n:0width$}"));
        (values.collect(), true)
    });
    prop_oneof![
        padded,
        vec(ANYTHING, 1..5).prop_map(|v| (v, false)),
        vec("[a-z0-9]{1,3}", 1..5).prop_map(|v| (v, false)),
    ]
}

#[derive(Debug, Clone)]
struct Options {
    warm_up: bool,
    start_load: Option<u32>,
    nodes: Vec<NodeInfo>,
    rows: Option<Vec<Vec<f64>>>,
    profile: Option<(Vec<usize>, u32, f64, Option<u64>)>,
    levels: Vec<ManualLevel>,
    parameters: bool,
    columns: [Vec<String>; 3],
}

fn options(n: usize) -> impl Strategy<Value = Options> {
    let node = (
        "[a-z0-9.:-]{1,9}",
        "[ a-z|*<&\"]{1,9}",
        1u16..,
        any::<bool>(),
        option::of(0.01_f64..64.0),
    );
    let nodes = vec(node, 0..3).prop_map(|list| {
        list.into_iter()
            .map(|(node, process, port, java, cores)| NodeInfo {
                node,
                process: format!("p{process}"),
                port,
                java,
                cores,
            })
            .collect::<Vec<_>>()
    });
    let rows = option::of(vec(vec(0.0_f64..1.0, n + 1), n + 1));
    let profile = (
        vec(0..n, 0..3),
        1u32..1000,
        0.0_f64..100.0,
        option::of(1u64..1_000_000),
    );
    let level =
        (0u32..1000, 0.001_f64..1e5).prop_map(|(users, duration_s)| ManualLevel { users, duration_s });
    let value = || "[ a-c<&#,$\\{\\}é\r]{0,5}";
    let columns =
        (1usize..5).prop_flat_map(move |rows| [vec(value(), rows), vec(value(), rows), vec(value(), rows)]);
    (
        any::<(bool, bool)>(),
        option::of(1u32..1000),
        nodes,
        rows,
        option::of(profile),
        repeated(vec(level, 0..5)),
        columns,
    )
        .prop_map(
            |((warm_up, parameters), start_load, nodes, rows, profile, levels, columns)| Options {
                warm_up,
                start_load,
                nodes,
                rows,
                profile,
                levels,
                parameters,
                columns,
            },
        )
}

fn workload(seeds: Vec<TransactionSeed>, options: Options) -> Workload {
    let transactions: Vec<Transaction> = seeds
        .into_iter()
        .enumerate()
        .map(|(i, seed)| transaction(i, seed, &options.columns))
        .collect();
    let count = transactions.len();
    let mut parameters = Parameters::default();
    if options.parameters {
        for (name, value) in [
            ("config_file_name", "in put.xml"),
            ("cbmg_file_name", "g\\raph.txt"),
            ("infinity", "77"),
            ("max_seq_var_threshold", "1.50"),
        ] {
            parameters.values.insert(name.to_owned(), value.to_owned());
        }
    }
    let profile = options
        .profile
        .map(|(uses, users, think_time_s, execution_count)| Profile {
            uses: uses
                .into_iter()
                .map(|transaction| ProfileUse {
                    transaction,
                    requires: vec![0, count - 1],
                })
                .collect(),
            users,
            think_time_s,
            execution_count,
        });
    Workload {
        navigation: options.rows.map(|rows| navigation(rows, count)),
        transactions,
        nodes: options.nodes,
        start_load: options.start_load,
        warm_up: options.warm_up,
        profile,
        manual_levels: options.levels,
        parameters,
        folder: PathBuf::new(),
    }
}

/// Entry leads to the first transaction alone, which extracts everything and needs no page; the last weight leads to Exit.
fn navigation(weights: Vec<Vec<f64>>, count: usize) -> Navigation {
    let mut entry = vec![0.0; count];
    entry[0] = 1.0;
    let row = |weights: &Vec<f64>| {
        let sum: f64 = weights.iter().sum::<f64>() + 0.1;
        weights[..count]
            .iter()
            .map(|w| if *w < 0.2 { 0.0 } else { w / sum })
            .collect()
    };
    Navigation {
        states: (0..count).rev().collect::<Vec<_>>().into_iter().rev().collect(),
        entry,
        rows: weights[..count].iter().map(row).collect(),
    }
}

fn transaction(index: usize, seed: TransactionSeed, columns: &[Vec<String>; 3]) -> Transaction {
    let (unique, parse, follow_redirects) = seed.flags;
    let parse = parse && index > 0;
    let unique = unique && !parse;
    let sources = sources(seed.sequences, columns, unique);
    let template = |first: &str, seeds: Vec<Seed>| template(first, seeds, (index, parse, &sources));
    let method = [
        Method::Get,
        Method::Post,
        Method::Put,
        Method::Patch,
        Method::Delete,
        Method::Head,
    ][seed.method];
    let may_have_body = !matches!(method, Method::Get | Method::Head);
    let body = seed
        .body
        .filter(|_| may_have_body)
        .map(|(content_type, text)| Body {
            content_type: content_type.unwrap_or_else(|| FORM.to_owned()),
            text: template("", text),
        });
    let mut url = template("http://127.0.0.1:8080/", seed.url);
    if parse && !url.parts.iter().any(|p| matches!(p, Part::FromPage(_))) {
        url.parts.push(Part::FromPage(0));
    }
    let extractions = EXTRACTED.iter().filter(|_| index == 0).map(|name| Extraction {
        name: (*name).to_owned(),
        from: seed.extractor.clone(),
    });
    Transaction {
        name: format!("{}{index}", seed.name),
        method,
        url,
        body,
        headers: seed
            .headers
            .into_iter()
            .map(|(n, v)| (format!("X-{n}"), template("", v)))
            .collect(),
        timeout_s: seed.timeout_s,
        think_time_s: seed.think,
        follow_redirects,
        resources: follow_redirects != unique,
        checks: seed.checks,
        extractions: extractions.collect(),
        from_last_page: parse,
    }
}

fn template(first: &str, seeds: Vec<Seed>, (index, parse, sources): (usize, bool, &[Source])) -> Template {
    let mut parts = Vec::new();
    let mut text = first.to_owned();
    let mut flush = |text: &mut String, part: Option<Part>| {
        if !text.is_empty() {
            parts.push(Part::Literal(std::mem::take(text)));
        }
        parts.extend(part);
    };
    for seed in seeds {
        match seed {
            Seed::Text(t) => text.push_str(&t),
            Seed::Value(i) => flush(
                &mut text,
                Some(Part::Sequence(sources[i % sources.len()].clone())),
            ),
            Seed::Extracted(i) if index > 0 => {
                flush(&mut text, Some(Part::Extracted(EXTRACTED[i].to_owned())));
            }
            Seed::Page(n) if parse => flush(&mut text, Some(Part::FromPage(n))),
            Seed::Extracted(_) | Seed::Page(_) => text.push('_'),
        }
    }
    flush(&mut text, None);
    Template { parts }
}

/// The sequences and columns that a transaction's places may use.
fn sources(sequences: Vec<(Vec<String>, bool)>, columns: &[Vec<String>; 3], unique: bool) -> Vec<Source> {
    let mut sources: Vec<Source> = sequences
        .into_iter()
        .enumerate()
        .map(|(i, (values, range))| Source {
            name: format!("s<{i}"),
            values: values.into(),
            unique: unique && range,
        })
        .collect();
    for (name, values) in ["a.txt#0", "sub/b.txt#1", "sub/b.txt#3"].into_iter().zip(columns) {
        let shown: Vec<String> = values
            .iter()
            .map(|v| v.trim_end_matches('\r').to_owned())
            .collect();
        sources.push(Source {
            name: name.to_owned(),
            values: Arc::from(shown),
            unique,
        });
    }
    sources
}

/// Lists with parts of them repeated, as cycles of load levels are once they are expanded.
fn repeated(levels: impl Strategy<Value = Vec<ManualLevel>>) -> impl Strategy<Value = Vec<ManualLevel>> {
    (levels, 1usize..5).prop_map(|(levels, times)| {
        let mut all = levels.repeat(times);
        all.extend(levels.into_iter().next());
        all
    })
}
