//! Other tools beside the agent: what each takes for a sample a second, all in the same seconds.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::{Running, agent, cpu_ms, idle};

/// Seconds over which the costs are averaged.
const SAMPLES: u64 = 20;
/// Seconds before, for the tools to get going.
const BEFORE: u64 = 6;
/// Names every process, so that the exporter has the same to do as the others.
const ALL_PROCESSES: &str = "process_names:\n  - name: \"{{.Comm}}\"\n    cmdline:\n    - '.+'\n";

/// A tool at work.
struct Tool {
    name: &'static str,
    process: Running,
    /// Port at which it is asked each second.
    port: Option<u16>,
}

/// Prints a table of the tools that are installed, beside so many idle processes each.
pub(crate) fn compare(counts: &[u32]) -> Result<(), String> {
    for count in counts {
        let idle: Vec<Running> = (0..*count).map(idle).collect::<Result<_, _>>()?;
        let (watcher, client) = agent("costidle*")?;
        let ours = Tool {
            name: "autoperf-profiler, watching them all",
            process: watcher,
            port: None,
        };
        let folder = std::env::temp_dir().join(format!("autoperf-cost-{}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let mut tools = vec![ours];
        tools.extend(others(&folder)?);
        let costs = measure(&tools);
        println!(
            "\n{count} idle processes beside; CPU ms for each sample, one a second, over {SAMPLES} s:\n"
        );
        println!("| tool | ms |\n|---|---|");
        for (tool, cost) in tools.iter().zip(costs) {
            println!(
                "| {} | {} |",
                tool.name,
                cost.map_or_else(|reason| reason, |ms| format!("{ms:.2}"))
            );
        }
        drop((tools, client, idle));
        // What atop has recorded is of no use.
        let _ = std::fs::remove_dir_all(folder);
    }
    Ok(())
}

/// The other tools, as far as they are installed.
fn others(folder: &Path) -> Result<Vec<Tool>, String> {
    let samples = (BEFORE + SAMPLES + 60).to_string();
    let configuration = folder.join("all.yml");
    std::fs::write(&configuration, ALL_PROCESSES).map_err(|error| error.to_string())?;
    let recorded = folder.join("atop");
    let lines: [(&str, &str, Vec<String>, bool); 5] = [
        (
            "pidstat -u -p ALL 1",
            "pidstat",
            words(&["-u", "-p", "ALL", "1", &samples]),
            false,
        ),
        (
            "atop -w FILE 1",
            "atop",
            words(&["-w", &text(&recorded), "1", &samples]),
            false,
        ),
        ("node_exporter", "prometheus-node-exporter", Vec::new(), true),
        (
            "node_exporter --collector.processes",
            "prometheus-node-exporter",
            words(&["--collector.processes"]),
            true,
        ),
        (
            "process-exporter -threads=false -gather-smaps=false",
            "prometheus-process-exporter",
            words(&[
                "-threads=false",
                "-gather-smaps=false",
                "-config.path",
                &text(&configuration),
            ]),
            true,
        ),
    ];
    let mut tools = Vec::new();
    for (name, program, arguments, asked) in lines {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(File::create(folder.join("complaints")).map_err(|error| error.to_string())?);
        let port = if asked { Some(free_port()?) } else { None };
        if let Some(port) = port {
            command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
        }
        match command.spawn() {
            Ok(process) => tools.push(Tool {
                name,
                process: Running(process),
                port,
            }),
            Err(error) => eprintln!("cost: {program} is left out: {error}"),
        }
    }
    Ok(tools)
}

/// What each takes for a sample, or why that is not known.
fn measure(tools: &[Tool]) -> Vec<Result<f64, String>> {
    seconds(tools, BEFORE);
    let before: Vec<_> = tools.iter().map(|tool| cpu_ms(&tool.process)).collect();
    seconds(tools, SAMPLES);
    let each = tools.iter().zip(before);
    each.map(|(tool, before)| Ok((cpu_ms(&tool.process)? - before?) / SAMPLES as f64))
        .collect()
}

fn seconds(tools: &[Tool], count: u64) {
    for _ in 0..count {
        std::thread::sleep(Duration::from_secs(1));
        for port in tools.iter().filter_map(|tool| tool.port) {
            // One that does not answer has ended, which its clock tells.
            let _ = ask(port);
        }
    }
}

fn ask(port: u16) -> std::io::Result<usize> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    stream.read_to_end(&mut Vec::new())
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener
        .map(|address| address.port())
        .map_err(|error| error.to_string())
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
