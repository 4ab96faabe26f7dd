//! One load, read by two agents at the same instants as its truth.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use autoperf_profiler::client::Client;
use autoperf_profiler::reading::GroupReading;

/// Readings at each agent, a second apart.
const READINGS: u32 = 11;
pub(crate) const NOBODY: u32 = 65534;

/// What was true and what was said at one instant.
#[derive(Debug, Clone)]
pub(crate) struct Point {
    /// What the tasks had counted themselves before and after the reading, ns: without what ending costs.
    pub(crate) counted_ns: [f64; 2],
    /// What the load's control group had used before and after it, ns: with what ending costs.
    pub(crate) used_ns: [f64; 2],
    /// What the agent said.
    pub(crate) said: GroupReading,
    /// Its number.
    pub(crate) sequence: u64,
}

/// The points of one load, by an agent with all rights and by one with none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    pub(crate) as_root: Vec<Point>,
    pub(crate) as_nobody: Vec<Point>,
}

pub(crate) struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A control group for the load, made and removed here.
struct Cell {
    folder: PathBuf,
    file: &'static str,
}

impl Drop for Cell {
    fn drop(&mut self) {
        for _ in 0..100 {
            if fs::remove_dir(&self.folder).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Cell {
    fn new() -> Result<Self, String> {
        let name = format!("autoperf-accuracy-{}", std::process::id());
        let places = [
            ("/sys/fs/cgroup/cpuacct", "cpuacct.usage"),
            ("/sys/fs/cgroup/cpu,cpuacct", "cpuacct.usage"),
            ("/sys/fs/cgroup", "cpu.stat"),
        ];
        for (place, file) in places {
            let folder = PathBuf::from(place).join(&name);
            if fs::create_dir(&folder).is_ok() {
                let cell = Self { folder, file };
                if cell.folder.join(file).exists() {
                    return Ok(cell);
                }
            }
        }
        Err("cannot make a control group with a CPU counter; are you root?".into())
    }

    fn put(&self, pid: u32) -> Result<(), String> {
        fs::write(self.folder.join("cgroup.procs"), pid.to_string()).map_err(|error| error.to_string())
    }

    fn used_ns(&self) -> f64 {
        used_ns(&self.folder.join(self.file)).unwrap_or(0.0)
    }
}

/// What a control group has used, by its `cpuacct.usage` or `cpu.stat`.
pub(crate) fn used_ns(file: &Path) -> Result<f64, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let (number, factor) = match text.strip_prefix("usage_usec ") {
        Some(rest) => (rest.lines().next().unwrap_or_default(), 1e3),
        None => (text.as_str(), 1.0),
    };
    let number: Result<f64, _> = number.trim().parse();
    number
        .map(|number| number * factor)
        .map_err(|_| format!("{} holds no CPU time", file.display()))
}

/// Runs the load in a control group with a sleeper beside it, so that the group is not the load's own and the agents must do
/// without it, and reads it.
pub(crate) fn run(mode: &str, percent: u32) -> Result<Outcome, String> {
    let text = |error: std::io::Error| error.to_string();
    let cell = Cell::new()?;
    let sleeper = Running(Command::new("sleep").arg("1000").spawn().map_err(text)?);
    cell.put(sleeper.0.id())?;
    let counter = std::env::temp_dir().join(format!("autoperf-truth-{}", std::process::id()));
    let _ = fs::remove_file(&counter);
    let program = std::env::current_exe().map_err(text)?;
    let load = Command::new(&program)
        .arg0("measuredload")
        .args(["load", mode, &percent.to_string()])
        .arg(&counter)
        .arg("60")
        .spawn()
        .map_err(text)?;
    let load = Running(load);
    cell.put(load.0.id())?;
    std::thread::sleep(Duration::from_millis(300));
    let counter = File::open(&counter).map_err(text)?;
    let (_root, mut as_root) = agent(&program, None, "measuredload")?;
    let (_nobody, mut as_nobody) = agent(&program, Some(NOBODY), "measuredload")?;
    let mut outcome = Outcome::default();
    for index in 0..READINGS {
        outcome.as_root.push(point(&mut as_root, &counter, &cell)?);
        outcome.as_nobody.push(point(&mut as_nobody, &counter, &cell)?);
        // Not in step with the load.
        std::thread::sleep(Duration::from_millis(950 + u64::from(index * 37 % 100)));
    }
    for (client, points) in [
        (&mut as_root, &mut outcome.as_root),
        (&mut as_nobody, &mut outcome.as_nobody),
    ] {
        complete(client, points)?;
    }
    drop(load);
    drop(sleeper);
    Ok(outcome)
}

/// An agent that watches these, started as this user, and its client.
pub(crate) fn agent(program: &Path, user: Option<u32>, names: &str) -> Result<(Running, Client), String> {
    let mut command = Command::new(program);
    command.arg("agent").stdout(Stdio::piped());
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
    let mut process = Running(command.spawn().map_err(|error| error.to_string())?);
    let mut line = String::new();
    let output = process.0.stdout.take().ok_or("no output")?;
    BufReader::new(output)
        .read_line(&mut line)
        .map_err(|error| error.to_string())?;
    let address = line.trim().rsplit(' ').next().unwrap_or_default();
    let mut client = Client::connect(address, Duration::from_secs(10)).map_err(|error| error.to_string())?;
    client.watch(&[names.into()]).map_err(|error| error.to_string())?;
    Ok((process, client))
}

/// The truth at the reading's instant is between that before and that after it.
fn point(client: &mut Client, counter: &File, cell: &Cell) -> Result<Point, String> {
    let truth = || {
        let mut bytes = [0; 8];
        let read = counter.read_exact_at(&mut bytes, 0);
        read.map(|()| (u64::from_ne_bytes(bytes) as f64, cell.used_ns()))
            .map_err(|error| error.to_string())
    };
    let before = truth()?;
    let reading = client.snapshot().map_err(|error| error.to_string())?;
    let after = truth()?;
    let sequence = reading.sequence;
    let said = reading.groups.into_iter().next().ok_or("no group")?;
    Ok(Point {
        sequence,
        counted_ns: [before.0, after.0],
        used_ns: [before.1, after.1],
        said,
    })
}

/// A reading tells whether the interval since the one before was complete, and the agent's own samples lie between ours: an
/// interval of ours is complete if all in it are.
fn complete(client: &mut Client, points: &mut [Point]) -> Result<(), String> {
    let drained = client.drain(0).map_err(|error| error.to_string())?;
    let mut before = 0;
    for point in points {
        let mut within = drained
            .readings
            .iter()
            .filter(|reading| (before + 1..=point.sequence).contains(&reading.sequence));
        point.said.complete = within.all(|reading| reading.groups.iter().all(|group| group.complete));
        before = point.sequence;
    }
    Ok(())
}
