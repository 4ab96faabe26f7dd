//! What the agent costs the machine that it watches: CPU time of the agent for each of its samples, one a second, with 10, 100
//! and 1,000 idle processes beside it, of which it watches one or all; and for each end of a process.
//!
//! `cargo run --release -p autoperf-profiler --example cost`. Takes about two minutes. With the words `beside 100 1000` it
//! measures other tools in the same seconds instead.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use autoperf_profiler::client::Client;
use autoperf_profiler::system::System;

mod tools;

/// Samples over which the cost is averaged.
const SAMPLES: u64 = 12;
const EXITS: u32 = 2_000;

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words[..] {
        ["beside", ref counts @ ..] => beside(counts),
        ["agent"] => return autoperf_profiler::command::main(["-d", "0"].map(OsString::from)),
        _ => all(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cost: {error}");
            ExitCode::FAILURE
        }
    }
}

fn all() -> Result<(), String> {
    println!(
        "| processes beside it | on the host | watching one, ms | watching all, ms |\n|---|---|---|---|"
    );
    for count in [10, 100, 1_000] {
        let idle: Vec<Running> = (0..count).map(idle).collect::<Result<_, _>>()?;
        let on_host = System::live().pids().len();
        let one = per_sample(&format!("costidle0|costidle{count}"))?;
        let every = per_sample("costidle*")?;
        println!("| {count} | {on_host} | {one:.2} | {every:.2} |");
        drop(idle);
    }
    println!(
        "\n{:.1} us for each end of a process, {EXITS} of them.",
        per_exit()?
    );
    Ok(())
}

fn beside(counts: &[&str]) -> Result<(), String> {
    let counts: Result<Vec<u32>, String> = counts
        .iter()
        .map(|count| {
            count
                .parse()
                .map_err(|_| format!("{count:?} is no number of processes"))
        })
        .collect();
    tools::compare(&counts?)
}

fn idle(index: u32) -> Result<Running, String> {
    let mut command = Command::new("sleep");
    command.arg0(format!("costidle{index}")).arg("600");
    command.spawn().map(Running).map_err(|error| error.to_string())
}

/// An agent that watches these, and a client of it.
fn agent(names: &str) -> Result<(Running, Client), String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let process = Command::new(program).arg("agent").stdout(Stdio::piped()).spawn();
    let mut process = Running(process.map_err(|error| error.to_string())?);
    let mut line = String::new();
    let output = process.0.stdout.take().ok_or("no output")?;
    BufReader::new(output)
        .read_line(&mut line)
        .map_err(|error| error.to_string())?;
    let address = line.trim().rsplit(' ').next().unwrap_or_default();
    let mut client = Client::connect(address, Duration::from_secs(10)).map_err(|error| error.to_string())?;
    client
        .watch(&[names.to_owned()])
        .map_err(|error| error.to_string())?;
    Ok((process, client))
}

fn cpu_ms(process: &Running) -> Result<f64, String> {
    let cpu_ns = System::live()
        .cpu_clock_ns(process.0.id())
        .ok_or("the agent has ended")?;
    Ok(cpu_ns as f64 / 1e6)
}

/// CPU milliseconds of the agent for a sample, its readings of the exit ledger included.
fn per_sample(names: &str) -> Result<f64, String> {
    let (process, client) = agent(names)?;
    std::thread::sleep(Duration::from_secs(6));
    let before = cpu_ms(&process)?;
    std::thread::sleep(Duration::from_secs(SAMPLES));
    let spent = cpu_ms(&process)? - before;
    drop(client);
    Ok(spent / SAMPLES as f64)
}

/// CPU microseconds of the agent for each end of a process beyond its samples.
fn per_exit() -> Result<f64, String> {
    let _idle = idle(0)?;
    let quiet = per_sample("costidle0")?;
    let (process, client) = agent("costidle0")?;
    std::thread::sleep(Duration::from_secs(6));
    let before = cpu_ms(&process)?;
    for _ in 0..EXITS {
        Command::new("true").status().map_err(|error| error.to_string())?;
    }
    // The rest of the last second, so that whole samples can be taken off.
    std::thread::sleep(Duration::from_secs(2));
    let seconds = client_seconds(&client);
    let spent = cpu_ms(&process)? - before;
    Ok((spent - quiet * seconds) * 1e3 / f64::from(EXITS))
}

/// Seconds since the client's first six.
fn client_seconds(client: &Client) -> f64 {
    let since = autoperf_profiler::clock::monotonic_ns().saturating_sub(client.hello().monotonic_ns);
    since as f64 / 1e9 - 6.0
}
