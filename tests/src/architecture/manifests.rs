//! Rules on what `cargo metadata` and the lint settings say.

use serde_json::Value;

/// The edges that may exist between the workspace's crates: from, to.
pub const EDGES: [(&str, &str); 5] = [
    ("autoperf", "autoperf-inputs"),
    ("autoperf", "autoperf-models"),
    ("autoperf", "autoperf-profiler"),
    ("autoperf", "autoperf-examples"),
    ("autoperf-inputs", "autoperf-models"),
];

/// The package that may depend on all, and on which none may depend.
const TESTS: &str = "autoperf-tests";

/// Crates that do what the models must not do.
const IMPURE_CRATES: [&str; 12] = [
    "tokio",
    "async-std",
    "smol",
    "futures",
    "mio",
    "hyper",
    "reqwest",
    "libc",
    "rustix",
    "nix",
    "socket2",
    "getrandom",
];

/// A dependency of a workspace crate: from, to; development and build dependencies count too.
fn dependencies(metadata: &Value) -> Vec<(&str, &str, &str)> {
    let packages = metadata["packages"].as_array().map_or(&[][..], Vec::as_slice);
    packages
        .iter()
        .flat_map(|package| {
            let from = package["name"].as_str().unwrap_or_default();
            let list = package["dependencies"].as_array().map_or(&[][..], Vec::as_slice);
            list.iter().map(move |dependency| {
                let kind = dependency["kind"].as_str().unwrap_or("normal");
                (from, dependency["name"].as_str().unwrap_or_default(), kind)
            })
        })
        .collect()
}

/// Findings where a crate of the workspace depends on another one against the plan.
#[must_use]
pub fn forbidden_edges(metadata: &Value) -> Vec<String> {
    dependencies(metadata)
        .into_iter()
        .filter(|(from, to, _)| {
            to.split('-').next() == Some("autoperf") && *from != TESTS && !EDGES.contains(&(*from, *to))
        })
        .map(|(from, to, kind)| format!("{from} may not depend on {to} ({kind} dependency)"))
        .collect()
}

/// Edges of the plan that do not exist.
#[must_use]
pub fn missing_edges(metadata: &Value) -> Vec<String> {
    let present = dependencies(metadata);
    EDGES
        .iter()
        .filter(|(from, to)| {
            !present
                .iter()
                .any(|(f, t, kind)| (f, t, *kind) == (from, to, "normal"))
        })
        .map(|(from, to)| format!("{from} does not depend on {to} any more; the plan says so"))
        .collect()
}

/// Findings where the models depend on a crate that does I/O, runs tasks or draws randomness of its own.
#[must_use]
pub fn impure_dependencies(metadata: &Value) -> Vec<String> {
    dependencies(metadata)
        .into_iter()
        .filter(|(from, to, kind)| {
            *from == "autoperf-models" && *kind == "normal" && IMPURE_CRATES.contains(to)
        })
        .map(|(_, to, _)| format!("models are pure and may not depend on {to}"))
        .collect()
}

/// Settings of the root's clippy.toml that a member's clippy.toml, which replaces it, does not repeat.
#[must_use]
pub fn unrepeated_settings(root: &str, member: &str) -> Vec<String> {
    let wanted = settings(root);
    let present = settings(member);
    wanted
        .into_iter()
        .filter(|setting| !present.contains(setting))
        .map(|setting| format!("missing: {setting}"))
        .collect()
}

/// Values of a clippy.toml: `key = value` on a line, or the paths of a list, each as `key: path`.
fn settings(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut list = "";
    for line in text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if let Some((_, path)) = line.split_once("path = \"") {
            found.push(format!("{list}: {}", path.split('"').next().unwrap_or_default()));
        } else if let Some((key, "[")) = line.split_once('=').map(|(k, v)| (k.trim(), v.trim())) {
            list = key;
        } else if line != "]" {
            found.push(line.to_owned());
        }
    }
    found
}
