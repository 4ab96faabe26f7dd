//! Recorded machines of several kernels and control group layouts, each at two instants: everything that a reading says of
//! them, against a file. `UPDATE_GOLDEN=1 cargo test -p autoperf-profiler --test machines` writes the files anew; look at the
//! difference before you believe it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use autoperf_profiler::observer::watch::Watch;
use autoperf_profiler::observer::{Depth, Observer};
use autoperf_profiler::reading::Reading;
use autoperf_profiler::system::{Facts, System};

/// The record at the first and then at the second instant under one path.
struct Turned {
    machine: PathBuf,
    link: PathBuf,
}

impl Turned {
    fn new(machine: &Path) -> Self {
        let name = format!(
            "machine-{}-{}",
            machine.file_name().map_or("", |name| name.to_str().unwrap_or("")),
            std::process::id()
        );
        Self {
            machine: machine.to_owned(),
            link: Path::new(env!("CARGO_TARGET_TMPDIR")).join(name),
        }
    }

    fn to(&self, instant: &str) -> std::io::Result<()> {
        let _ = fs::remove_file(&self.link);
        symlink(self.machine.join(instant), &self.link)
    }
}

impl Drop for Turned {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.link);
    }
}

#[test]
fn readings_of_recorded_machines() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/machines");
    let mut machines: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    machines.sort();
    assert!(machines.len() >= 3);
    let mut different = Vec::new();
    for machine in machines {
        let said = serde_json::to_string_pretty(&readings(&machine)).unwrap() + "\n";
        let golden = machine.join("readings.json");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&golden, &said).unwrap();
        }
        if fs::read_to_string(&golden).unwrap_or_default() != said {
            different.push(machine);
        }
    }
    assert!(
        different.is_empty(),
        "other readings than recorded: {different:?}"
    );
}

#[cfg(test)]
fn readings(machine: &Path) -> Vec<Reading> {
    let facts: Facts = serde_json::from_slice(&fs::read(machine.join("facts.json")).unwrap()).unwrap();
    let groups = fs::read_to_string(machine.join("groups")).unwrap();
    let groups: Vec<String> = groups.lines().map(str::to_owned).collect();
    let turned = Turned::new(machine);
    turned.to("1").unwrap();
    let mut observer = Observer::open(System::recorded(&turned.link, facts));
    let mut watch = Watch::new(&groups);
    let mut readings = Vec::new();
    for instant in ["1", "2"] {
        turned.to(instant).unwrap();
        let mut reading = observer.observe(&mut [&mut watch], Depth::Full).remove(0);
        // Of this machine's clocks.
        (reading.begin_ns, reading.end_ns, reading.wall_ns) = (0, 0, 0);
        readings.push(reading);
    }
    assert_eq!(
        watch.without_process(observer.table()),
        None,
        "{}",
        machine.display()
    );
    readings
}
