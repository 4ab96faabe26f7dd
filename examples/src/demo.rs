//! The built-in demo site: a web tier that calls a storage tier over loopback, with a known service law.
//!
//! Each tier is a process of its own name with one worker, which serves first come, first served, and may use
//! [`CORES_PER_TIER`] of a core. What a capacity analysis has to find follows from [`LAW`] and the navigation:
//! [`truth`]. Requests outside of the law (`/echo`, `/record`, `/slow`, `/status/500` and so on) serve tests.

mod clock;
mod http;
mod law;
mod recorder;
mod server;
mod service;
mod site;
mod storage;
mod web;
mod worker;
mod workload;

pub use law::{CORES_PER_TIER, ENTRY, Kind, LAW, ROWS, ServiceLaw, THINK_TIME, Tier, Truth, truth};
pub use site::{Launch, Site};
pub use workload::write_workload;

use rustix::process::{Resource, Rlimit, getrlimit, setpriority_process, setrlimit};
use server::Server;
use service::Service;
use std::ffi::CString;
use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::ExitCode;

/// How the demo site's programs are called.
pub const USAGE: &str = "\
Usage: autoperf-demo-site [--port N] [--workload DIR] [--profiler-port N]
           both tiers; with --workload also input.xml and cbmg.txt for them
       autoperf-demo-site web --storage PORT [--port N] [--tied]
       autoperf-demo-site storage [--port N] [--tied]
           one tier on 127.0.0.1; --tied ends it when its standard input closes
";

/// Nice value of the tiers, where the system grants it.
const PRIORITY: i32 = -10;

/// Becomes one tier (`web`, `storage`) or, without one of these words, starts both and waits. Arguments are those of
/// [`USAGE`], without the program's name.
pub fn main(arguments: impl IntoIterator<Item = String>) -> ExitCode {
    let result = Options::read(arguments.into_iter()).and_then(|options| match options.tier {
        Some(Tier::Web) => options.run_web(),
        Some(Tier::Storage) => options.run_storage(),
        None => options.run_both(),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            eprint!("{error}\n{USAGE}");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("demo site: {error}");
            ExitCode::FAILURE
        }
    }
}

#[derive(Debug, Default, PartialEq)]
struct Options {
    tier: Option<Tier>,
    port: u16,
    storage_port: Option<u16>,
    tied: bool,
    workload: Option<String>,
    profiler_port: Option<u16>,
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> io::Result<Self> {
        let mut options = Self::default();
        while let Some(argument) = arguments.next() {
            let mut value = || {
                arguments
                    .next()
                    .ok_or_else(|| wrong(format!("{argument} needs a value")))
            };
            match argument.as_str() {
                "web" => options.tier = Some(Tier::Web),
                "storage" => options.tier = Some(Tier::Storage),
                "--tied" => options.tied = true,
                "--port" => options.port = port(&value()?)?,
                "--storage" => options.storage_port = Some(port(&value()?)?),
                "--profiler-port" => options.profiler_port = Some(port(&value()?)?),
                "--workload" => options.workload = Some(value()?),
                other => return Err(wrong(format!("unknown argument {other}"))),
            }
        }
        Ok(options)
    }

    fn run_storage(&self) -> io::Result<()> {
        self.serve(Tier::Storage, storage::Storage::default(), None)
    }

    fn run_web(&self) -> io::Result<()> {
        let storage_port = self
            .storage_port
            .ok_or_else(|| wrong("the web tier needs --storage PORT".to_owned()))?;
        let upstream = TcpStream::connect((Ipv4Addr::LOCALHOST, storage_port))?;
        self.serve(Tier::Web, web::Web::default(), Some(upstream))
    }

    fn serve(&self, tier: Tier, service: impl Service, upstream: Option<TcpStream>) -> io::Result<()> {
        let name = tier.process_name();
        rustix::thread::set_name(&CString::new(name)?)?;
        // Every user is a descriptor; what the system grants at most is fine.
        let most = getrlimit(Resource::Nofile).maximum;
        setrlimit(
            Resource::Nofile,
            Rlimit {
                current: most,
                maximum: most,
            },
        )?;
        if self.tied {
            // A session of its own: Ctrl-C in the terminal reaches the one who decides, and only that one.
            // Refused only to a shell's job, which has a process group of its own already.
            let _ = rustix::process::setsid();
        }
        insist_on_cpu();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port))?;
        let address = listener.local_addr()?;
        let mut server = Server::new(service, listener, CORES_PER_TIER)?;
        if let Some(upstream) = upstream {
            server.set_upstream(upstream)?;
        }
        if self.tied {
            server.end_with(io::stdin())?;
        }
        let mut stdout = io::stdout();
        writeln!(stdout, "{name} listens on {address}")?;
        stdout.flush()?;
        server.run()
    }

    fn run_both(&self) -> io::Result<()> {
        let launch = Launch {
            program: std::env::current_exe()?,
            arguments: Vec::new(),
        };
        let mut site = Site::start(&launch, self.port)?;
        if let Some(folder) = &self.workload {
            write_workload(
                folder.as_ref(),
                site.web_port(),
                self.profiler_port.unwrap_or(22221),
            )?;
        }
        let truth = truth();
        let facts = format!(
            "demo-web (pid {}) at {}\ndemo-storage (pid {})\n\
             true demands {:.3} ms and {:.3} ms, true maximum {:.1} transactions/s, true saturation point {:.1} users\n\
             Ctrl-C ends the site\n",
            site.pid(Tier::Web),
            site.url(),
            site.pid(Tier::Storage),
            truth.web_demand_s * 1e3,
            truth.storage_demand_s * 1e3,
            truth.max_throughput_per_s,
            truth.saturation_users
        );
        io::stdout().write_all(facts.as_bytes())?;
        let status = site.wait()?;
        Err(io::Error::other(format!("demo-web has ended: {status}")))
    }
}

/// Asks that other work on the machine does not take the tier's part of a core away; what is refused is done without.
fn insist_on_cpu() {
    let _ = setpriority_process(None, PRIORITY);
    // Where the kernel groups processes by session, the group's nice value is what counts between sessions.
    let _ = std::fs::write("/proc/self/autogroup", PRIORITY.to_string());
}

fn port(text: &str) -> io::Result<u16> {
    text.parse().map_err(|_| wrong(format!("`{text}` is no port")))
}

fn wrong(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> io::Result<Options> {
        Options::read(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn arguments_of_a_tier() {
        let options = read("web --tied --port 8080 --storage 9").unwrap();
        let expected = Options {
            tier: Some(Tier::Web),
            port: 8080,
            storage_port: Some(9),
            tied: true,
            ..Options::default()
        };
        assert_eq!(options, expected);
    }

    #[test]
    fn wrong_arguments_are_named() {
        for (line, message) in [
            ("--port", "--port needs a value"),
            ("--port 70000", "`70000` is no port"),
            ("database", "unknown argument database"),
        ] {
            assert_eq!(read(line).unwrap_err().to_string(), message);
        }
    }
}
