//! Whether a summary.json keeps its contract and tells of a plausible analysis.

use serde_json::Value;

/// What a field must be. Absent figures are null, so null is allowed where a figure may be absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Flag,
    Number,
    Figure,
    Estimate,
    List,
}

const TOP: [(&str, Kind); 11] = [
    ("schema_version", Kind::Number),
    ("mode", Kind::Text),
    ("wall_time_s", Kind::Number),
    ("load_time_s", Kind::Number),
    ("verdict.code", Kind::Text),
    ("verdict.sentence", Kind::Text),
    ("verdict.reasons", Kind::List),
    ("capacity.max_throughput_per_s", Kind::Estimate),
    ("capacity.saturation_users", Kind::Estimate),
    ("levels", Kind::List),
    ("curve", Kind::List),
];

/// In the modes with the whole mix.
const CURVE: [(&str, Kind); 2] = [
    ("curve.0.users", Kind::Number),
    ("curve.0.throughput_per_s", Kind::Number),
];

const LEVEL: [(&str, Kind); 20] = [
    ("users", Kind::Number),
    ("warmup_s", Kind::Figure),
    ("measured_s", Kind::Number),
    ("transactions", Kind::Number),
    ("errors", Kind::Number),
    ("timeouts", Kind::Number),
    ("throughput_per_s", Kind::Estimate),
    ("response_time_s.mean", Kind::Estimate),
    ("response_time_s.p50", Kind::Figure),
    ("response_time_s.p90", Kind::Figure),
    ("response_time_s.p95", Kind::Figure),
    ("response_time_s.p99", Kind::Figure),
    ("response_time_s.max", Kind::Figure),
    ("steady", Kind::Flag),
    ("little_gap", Kind::Figure),
    ("generator.cpu_utilization", Kind::Figure),
    ("generator.saturated", Kind::Flag),
    ("processes", Kind::List),
    ("hosts", Kind::List),
    ("by_transaction", Kind::List),
];

const PROCESS: [(&str, Kind); 5] = [
    ("node", Kind::Text),
    ("process", Kind::Text),
    ("service_demand_s", Kind::Estimate),
    ("cpu_utilization", Kind::Figure),
    ("memory_peak_bytes", Kind::Figure),
];

/// Complaints of the published schema about a summary; none where it is valid.
#[must_use]
pub fn schema_errors(summary: &Value) -> Vec<String> {
    let schema = serde_json::from_str(include_str!("../../docs/summary.schema.json")).unwrap_or_default();
    match jsonschema::validator_for(&schema) {
        Ok(validator) => validator
            .iter_errors(summary)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect(),
        Err(error) => vec![format!("the schema is none: {error}")],
    }
}

/// What speaks against a summary of any mode in which these processes were to be profiled.
#[must_use]
pub fn complaints(summary: &Value, processes: &[String]) -> Vec<String> {
    let mut complaints = fields("", summary, &TOP);
    if summary["schema_version"] != 1 {
        complaints.push(format!("schema_version is {}, not 1", summary["schema_version"]));
    }
    complaints.extend(levels_of_mode(summary));
    let levels = list(&summary["levels"]);
    for (index, level) in levels.iter().enumerate() {
        complaints.extend(fields(&format!("levels[{index}]."), level, &LEVEL));
        for (number, process) in list(&level["processes"]).iter().enumerate() {
            complaints.extend(fields(
                &format!("levels[{index}].processes[{number}]."),
                process,
                &PROCESS,
            ));
        }
        let count = |name: &str| level[name].as_f64().unwrap_or(0.0);
        if count("users") > 0.0 && count("transactions") <= 0.0 {
            complaints.push(format!("levels[{index}] served no transaction"));
        }
        if count("errors") > 0.0 {
            complaints.push(format!("levels[{index}] has {} errors", count("errors")));
        }
    }
    for name in processes {
        let demand = levels
            .iter()
            .flat_map(|level| list(&level["processes"]))
            .any(|process| {
                process["process"] == name.as_str()
                    && process["service_demand_s"]["value"]
                        .as_f64()
                        .is_some_and(|d| d > 0.0)
            });
        if !demand {
            complaints.push(format!("no level knows a service demand of {name}"));
        }
    }
    complaints
}

/// What a mode's levels and curve must be.
fn levels_of_mode(summary: &Value) -> Vec<String> {
    let mode = summary["mode"].as_str().unwrap_or_default();
    let levels = list(&summary["levels"]);
    let mut complaints = Vec::new();
    if mode.ends_with("profile") {
        let named = levels
            .iter()
            .filter(|level| level["transaction"].is_string())
            .count();
        if levels.is_empty() || named < levels.len() {
            complaints.push(format!(
                "{named} of {} levels profile a transaction",
                levels.len()
            ));
        }
    } else {
        if levels.len() < 2 {
            complaints.push(format!("{} levels make no curve", levels.len()));
        }
        complaints.extend(fields("", summary, &CURVE));
        complaints.extend(rising_users(&summary["curve"]));
    }
    let scheduled = |level: &&Value| level["ended_by"] == "schedule";
    if mode.starts_with("manual") && !levels.iter().all(|level| scheduled(&level)) {
        complaints.push("a level did not end when the schedule says".to_owned());
    }
    complaints
}

fn rising_users(curve: &Value) -> Option<String> {
    let users: Vec<_> = list(curve)
        .iter()
        .map(|row| row["users"].as_f64().unwrap_or(f64::NAN))
        .collect();
    let rising = users.windows(2).all(|pair| pair[0] < pair[1]);
    (users.len() < 2 || !rising).then(|| format!("the curve's users do not rise: {users:?}"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn fields(place: &str, object: &Value, contract: &[(&str, Kind)]) -> Vec<String> {
    contract
        .iter()
        .filter_map(|(name, kind)| {
            let pointer = format!("/{}", name.replace('.', "/"));
            match object.pointer(&pointer) {
                None => Some(format!("{place}{name} is missing")),
                Some(value) if is(value, *kind) => None,
                Some(value) => Some(format!("{place}{name} is {value}, not of kind {kind:?}")),
            }
        })
        .collect()
}

fn is(value: &Value, kind: Kind) -> bool {
    match kind {
        Kind::Text => value.as_str().is_some_and(|text| !text.is_empty()),
        Kind::Flag => value.is_boolean(),
        Kind::Number => value.is_number(),
        Kind::Figure => value.is_null() || value.is_number(),
        Kind::List => value.is_array(),
        Kind::Estimate => {
            let end = |name: &str| value[name].as_f64();
            value.is_null()
                || matches!((end("low"), end("value"), end("high")), (Some(l), Some(v), Some(h)) if l <= v && v <= h)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn good() -> Value {
        let estimate = json!({"value": 2.0, "low": 1.5, "high": 2.5});
        let level = json!({
            "users": 1, "warmup_s": null, "measured_s": 5.0, "transactions": 40, "errors": 0, "timeouts": 0,
            "throughput_per_s": estimate,
            "response_time_s": {"mean": estimate, "p50": 1.0, "p90": 1.0, "p95": 1.0, "p99": 1.0, "max": 2.0},
            "steady": true, "little_gap": 0.01, "generator": {"cpu_utilization": 0.1, "saturated": false},
            "processes": [{"node": "127.0.0.1", "process": "apache2", "service_demand_s": estimate,
                           "cpu_utilization": 0.5, "memory_peak_bytes": 1000}],
            "hosts": [], "by_transaction": [],
        });
        json!({
            "schema_version": 1, "mode": "capacity", "seed": 1, "wall_time_s": 20.0, "load_time_s": 18.0,
            "verdict": {"code": "found", "sentence": "So many.", "reasons": []},
            "capacity": {"max_throughput_per_s": estimate, "saturation_users": estimate, "bottleneck": null},
            "levels": [level, level],
            "curve": [{"users": 1, "throughput_per_s": 1.0}, {"users": 2, "throughput_per_s": 2.0}],
        })
    }

    #[test]
    fn a_good_summary_has_nothing_against_it() {
        assert_eq!(complaints(&good(), &["apache2".to_owned()]), Vec::<String>::new());
    }

    #[test]
    fn each_flaw_is_named() {
        for (pointer, flaw, complaint) in [
            ("/schema_version", json!(2), "schema_version is 2"),
            ("/verdict/sentence", json!(""), "verdict.sentence is \"\""),
            (
                "/capacity/saturation_users",
                json!({"value": 3.0, "low": 4.0, "high": 5.0}),
                "saturation_users",
            ),
            (
                "/levels/1/transactions",
                json!(0),
                "levels[1] served no transaction",
            ),
            ("/levels/0/errors", json!(3), "levels[0] has 3 errors"),
            ("/levels/0/steady", json!(null), "levels[0].steady is null"),
            (
                "/levels/1/processes/0/node",
                json!(null),
                "levels[1].processes[0].node",
            ),
            ("/curve/1/users", json!(1), "the curve's users do not rise"),
            ("/levels", json!([]), "0 levels make no curve"),
            ("/mode", json!("profile"), "0 of 2 levels profile a transaction"),
            ("/mode", json!("manual-capacity"), "when the schedule says"),
        ] {
            let mut summary = good();
            *summary.pointer_mut(pointer).unwrap() = flaw;
            let found = complaints(&summary, &[]);
            assert!(
                found.iter().any(|c| c.contains(complaint)),
                "{pointer}: {found:?}"
            );
        }
        assert_eq!(
            complaints(&good(), &["mariadbd".to_owned()]),
            ["no level knows a service demand of mariadbd"]
        );
        assert!(complaints(&json!({}), &[]).len() > TOP.len());
    }

    #[test]
    fn a_profile_has_a_transaction_for_each_level_and_no_curve() {
        let mut summary = good();
        summary["mode"] = json!("manual-profile");
        summary["curve"] = json!([]);
        for level in summary["levels"].as_array_mut().unwrap() {
            level["transaction"] = json!("Login");
            level["ended_by"] = json!("schedule");
        }
        assert_eq!(complaints(&summary, &["apache2".to_owned()]), [""; 0]);
    }
}
