//! What is shipped beside the program: the snippets for CI, the container file, the unit for systemd, the lists of the packages.
#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use autoperf_tests::stage::{Folder, autoperf};
use flate2::read::GzDecoder;
use std::io::Read;
use std::path::PathBuf;
use std::process::Command;
use yaml_rust2::{Yaml, YamlLoader};

fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The blocks of a page in this language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let begin = format!("```{language}\n");
    page.split(&begin)
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}

/// Every shell line of a document: the texts of `run`, `script` and `after_script`, wherever they stand.
fn shell_lines(yaml: &Yaml) -> Vec<String> {
    match yaml {
        Yaml::Hash(hash) => hash
            .iter()
            .flat_map(|(key, value)| match key.as_str() {
                Some("run" | "script" | "after_script") => texts(value),
                _ => shell_lines(value),
            })
            .collect(),
        Yaml::Array(list) => list.iter().flat_map(shell_lines).collect(),
        _ => Vec::new(),
    }
}

fn texts(value: &Yaml) -> Vec<String> {
    match value {
        Yaml::Array(list) => list.iter().flat_map(texts).collect(),
        value => value.as_str().unwrap().lines().map(str::to_owned).collect(),
    }
}

fn ci_lines() -> Vec<String> {
    let snippets = blocks(&text("docs/ci.md"), "yaml");
    assert_eq!(snippets.len(), 2);
    let documents = snippets.iter().flat_map(|snippet| {
        YamlLoader::load_from_str(snippet).unwrap_or_else(|error| panic!("{error}\n{snippet}"))
    });
    documents.flat_map(|document| shell_lines(&document)).collect()
}

#[test]
fn the_snippets_for_ci_use_verbs_and_options_that_exist() {
    let lines = ci_lines();
    let calls: Vec<&String> = lines
        .iter()
        .filter(|line| line.starts_with("autoperf "))
        .collect();
    assert!(calls.len() >= 6, "{lines:?}");
    for line in calls {
        let mut words = line.split_whitespace().skip(1);
        let verb = words.next().unwrap();
        let output = Command::new(autoperf()).args([verb, "--help"]).output().unwrap();
        assert!(output.status.success(), "{line}");
        let help = String::from_utf8(output.stdout).unwrap();
        for option in words.filter(|word| word.starts_with("--")) {
            assert!(help.contains(option), "{line}: {option}");
        }
    }
}

/// The lines that need no site are run as they stand, on recorded runs.
#[test]
fn the_snippets_for_ci_report_and_compare() {
    let folder = Folder::new("ci");
    for (run, place) in [("found", "results/main"), ("objective-failed", "results/branch")] {
        let mut journal = Vec::new();
        let packed =
            std::fs::File::open(path(&format!("master/tests/fixtures/runs/{run}/journal.gz"))).unwrap();
        GzDecoder::new(packed).read_to_end(&mut journal).unwrap();
        std::fs::create_dir_all(folder.path().join(place)).unwrap();
        std::fs::write(folder.path().join(place).join("journal"), journal).unwrap();
        let _ = folder.run(&["report", place]);
        assert!(folder.path().join(place).join("report.html").exists(), "{run}");
    }
    let programs = autoperf().parent().unwrap().display().to_string();
    let search = format!("{programs}:{}", std::env::var("PATH").unwrap_or_default());
    let lines = ci_lines();
    let told = lines
        .iter()
        .filter(|line| line.starts_with("autoperf report") || line.starts_with("autoperf compare"));
    let mut count = 0;
    for line in told {
        let status = Command::new("sh")
            .args(["-c", line])
            .current_dir(folder.path())
            .env("PATH", &search)
            .env("GITHUB_STEP_SUMMARY", folder.path().join("summary.md"))
            .status()
            .unwrap();
        // The site is the same in both runs; the recorded objective may fail, a usage error may not be there.
        assert!(matches!(status.code(), Some(0 | 3 | 4)), "{line}: {status}");
        count += 1;
    }
    assert!(count >= 5);
    assert!(folder.read("junit.xml").contains("<testsuite"));
    assert!(folder.read("comment.md").contains('|') && folder.read("summary.md").contains('|'));
}

#[test]
fn the_container_file_builds_as_ci_does_and_runs_as_no_root() {
    let file = text("packaging/Containerfile");
    let instructions: Vec<(&str, &str)> = file
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(' ').unwrap())
        .collect();
    let known = ["FROM", "RUN", "COPY", "WORKDIR", "USER", "ENTRYPOINT", "CMD"];
    for (name, _) in &instructions {
        assert!(known.contains(name), "{name}");
    }
    let of = |wanted: &str| -> Vec<&str> {
        let found = instructions.iter().filter(|(name, _)| *name == wanted);
        found.map(|(_, rest)| *rest).collect()
    };
    assert_eq!(of("FROM").len(), 2, "two stages");
    let build = of("RUN")
        .into_iter()
        .find(|run| run.starts_with("cargo"))
        .unwrap();
    assert!(
        text(".ci/run").contains(&format!("section_release() {{ {build}; }}")),
        "{build}"
    );
    let version = text("Cargo.toml")
        .lines()
        .find_map(|line| {
            Some(
                line.strip_prefix("rust-version = \"")?
                    .trim_end_matches('"')
                    .to_owned(),
            )
        })
        .unwrap();
    assert!(of("FROM")[0].contains(&format!("rust:{version}-")), "{version}");
    assert_eq!(of("USER"), ["autoperf"]);
    let entry: Vec<String> = serde_json::from_str(of("ENTRYPOINT")[0]).unwrap();
    assert_eq!(entry, ["autoperf"]);
    assert!(text(".containerignore").lines().any(|line| line == "target"));
}

#[test]
fn the_unit_for_systemd_has_its_capabilities_and_no_more() {
    let unit = text("packaging/autoperf-profiler.service");
    let settings: Vec<(&str, &str)> = unit
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with(['#', '[']))
        .map(|line| line.split_once('=').unwrap())
        .collect();
    let value = |name: &str| {
        settings
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| *value)
    };
    let needed = "CAP_NET_ADMIN CAP_SYS_PTRACE CAP_DAC_READ_SEARCH CAP_PERFMON CAP_BPF";
    assert_eq!(value("AmbientCapabilities"), Some(needed));
    assert_eq!(value("CapabilityBoundingSet"), Some(needed));
    for (name, wanted) in [
        ("DynamicUser", "yes"),
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("MemoryDenyWriteExecute", "yes"),
    ] {
        assert_eq!(value(name), Some(wanted), "{name}");
    }
    assert_eq!(value("ExecStart"), Some("/usr/bin/autoperf-profiler $OPTIONS"));
    assert_eq!(value("EnvironmentFile"), Some("/etc/default/autoperf-profiler"));
    let default = text("packaging/autoperf-profiler.default");
    assert!(
        default.lines().any(|line| line == "OPTIONS=\"-d 22221\""),
        "loopback alone, as installed"
    );
    let contents = text("packaging/contents");
    for installed in ["usr/bin/autoperf-profiler", "etc/default/autoperf-profiler"] {
        assert!(
            contents.contains(&format!("autoperf-profiler {installed}\n")),
            "{installed}"
        );
    }
}
