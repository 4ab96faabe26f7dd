//! What the tests put on the stage: an agent, and loads whose true consumption can be read.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use autoperf_profiler::client::Client;

/// A process of a test, ended with it.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The agent's program.
pub(crate) fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_autoperf-profiler"))
}

/// A running agent.
pub(crate) struct Agent {
    pub(crate) process: Running,
    pub(crate) address: String,
}

impl Agent {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    pub(crate) fn start_with(options: &[&str]) -> Self {
        let mut process = command()
            .args(["-d", "0"])
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().rsplit(' ').next().unwrap().to_owned();
        Self {
            process: Running(process),
            address,
        }
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(&self.address, Duration::from_secs(10)).unwrap()
    }
}

/// A running load.
pub(crate) struct Load {
    process: Running,
    pub(crate) pid: u32,
    truth: File,
    folder: PathBuf,
}

impl Load {
    /// Starts the load under a program name of its own, so that tests that run at the same time do not see each other's.
    pub(crate) fn start(name: &str, mode: &str, percent: u32) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let program = folder.join(name);
        if !program.exists() {
            std::fs::hard_link(load_program(), &program).unwrap();
        }
        let counter = folder.join("truth");
        let process = Command::new(&program)
            .args([mode, &percent.to_string()])
            .arg(&counter)
            .arg("60")
            .spawn()
            .unwrap();
        let process = Running(process);
        let mut read = 0;
        while read == 0 {
            std::thread::sleep(Duration::from_millis(5));
            read = File::open(&counter).map_or(0, |file| value(&file));
        }
        Self {
            pid: process.0.id(),
            process,
            truth: File::open(&counter).unwrap(),
            folder,
        }
    }

    /// Ends it; its truth can still be read.
    pub(crate) fn end(&mut self) {
        let _ = self.process.0.kill();
        let _ = self.process.0.wait();
    }

    /// A file in its folder, which is removed with it.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// CPU time that its tasks have used so far, ns.
    pub(crate) fn truth_ns(&self) -> u64 {
        value(&self.truth)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub(crate) fn value(file: &File) -> u64 {
    let mut bytes = [0; 8];
    file.read_exact_at(&mut bytes, 0)
        .map_or(0, |()| u64::from_ne_bytes(bytes))
}

/// The example `load`, which `cargo test` builds beside the tests; when only some tests were asked for, it is built here.
fn load_program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap();
    let program = folder.join("examples/load");
    if !program.exists() {
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--example", "load", "--manifest-path"])
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
            .status()
            .unwrap();
        assert!(status.success());
    }
    program
}

/// A figure and the truth over the same window. The truth is read before and after each of the two readings, so that it is
/// known between which bounds it was at the reading's instant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) measured_ms: f64,
    pub(crate) least_ms: f64,
    pub(crate) most_ms: f64,
    pub(crate) bound_ms: f64,
    pub(crate) complete: bool,
}

impl Window {
    /// Lets `load` run for a while between two readings of the first group.
    pub(crate) fn over(client: &mut Client, load: &Load, time: Duration) -> Self {
        let first = [
            load.truth_ns(),
            client.snapshot().unwrap().groups[0].cpu_ns,
            load.truth_ns(),
        ];
        let mark = client.snapshot().unwrap().sequence;
        std::thread::sleep(time);
        let before = load.truth_ns();
        let reading = client.snapshot().unwrap();
        let after = load.truth_ns();
        let between = client.drain(mark - 1).unwrap();
        let complete = between.lost == 0 && between.readings.iter().all(|reading| reading.groups[0].complete);
        let ms = |ns: u64| ns as f64 / 1e6;
        Self {
            measured_ms: ms(reading.groups[0].cpu_ns - first[1]),
            least_ms: ms(before - first[2]),
            most_ms: ms(after - first[0]),
            bound_ms: ms(reading.groups[0].error_bound_ns),
            complete,
        }
    }

    /// The figure may miss the truth by the stated bound, and be above it by the cost of ending, which the truth cannot see.
    pub(crate) fn assert_within_bound(&self, exit_cost: f64) {
        let low = self.least_ms - self.bound_ms;
        let high = self.most_ms * (1.0 + exit_cost) + self.bound_ms;
        assert!((low..=high).contains(&self.measured_ms), "{self:?}");
    }
}
