//! The command line of the agent. A program that carries the agent inside calls [`main`].

use std::ffi::OsString;
use std::io::Write;
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::ExitCode;

use crate::agent::Agent;
use crate::command::arguments::{Action, Serve};
use crate::syscall;
use crate::system::System;
use crate::wire::key::Key;
use crate::wire::pipe::Pipe;

pub mod arguments;
pub mod capture;
pub mod once;

const HELP: &str = "\
autoperf-profiler: reports what processes on this machine consume, to autoperf elsewhere

  autoperf-profiler -d PORT              listen on 127.0.0.1:PORT (0: any free port, printed on standard output)
  autoperf-profiler --listen HOST:PORT --key FILE
                                         listen on another address, for those who have the same key
  autoperf-profiler --stdio              serve one client over standard input and output, as through ssh
  autoperf-profiler key new FILE         write a new key
  autoperf-profiler capture DIR          record this machine's /proc and /sys, as far as they are read, in a new folder
  autoperf-profiler --once NAMES         print a table of these processes over one second, and end
  autoperf-profiler --help | --version

NAMES are names of programs, separated by commas; each may have alternatives and wildcards, such as
'apache2,mysqld|mariadbd,php-fpm*', or be a systemd unit, such as apache2.service.

  --metrics HOST:PORT  also serve the last sample as text for a Prometheus server, with the processes of
  --watch NAMES        among it
  --key FILE         encrypt, and refuse who has not the same key; only the file's owner may be able to read it
  --insecure-plain   with --listen: allow an address that is not a loopback address without encryption;
                     whoever reaches it can see what runs on this machine
";

/// Runs the agent with the arguments after the program's name.
///
/// Exit codes: 0 ended as asked, 1 cannot do it, 2 not understood.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let action = match arguments::parse(arguments) {
        Ok(action) => action,
        Err(error) => {
            eprintln!("autoperf-profiler: {error}\nTry autoperf-profiler --help.");
            return ExitCode::from(2);
        }
    };
    let result = match action {
        Action::Help => print(HELP),
        Action::Version => print(&format!("autoperf-profiler {}\n", env!("CARGO_PKG_VERSION"))),
        Action::Once(names) => once::run(&names).and_then(|table| print(&table)),
        Action::Serve(options) => serve(&options),
        Action::Stdio => stdio(),
        Action::NewKey(path) => new_key(&path),
        Action::Capture(folder) => capture::run(&folder).and_then(|report| print(&report)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("autoperf-profiler: {error}");
            ExitCode::from(1)
        }
    }
}

fn print(text: &str) -> Result<(), String> {
    let mut output = std::io::stdout();
    output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
        .map_err(|error| error.to_string())
}

fn serve(options: &Serve) -> Result<(), String> {
    let addresses = options.addresses()?;
    let key = options.key().map(Key::read).transpose()?;
    let stop = syscall::termination_descriptor().map_err(|error| error.to_string())?;
    allow_many_files();
    let listener = TcpListener::bind(&addresses[..])
        .map_err(|error| format!("cannot listen on {}: {error}", options.text()))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    print(&format!("autoperf-profiler: listening on {address}\n"))?;
    let agent = Agent::new(System::live(), key);
    if let Some(addresses) = options.metrics()? {
        let scraped = TcpListener::bind(&addresses[..]).map_err(|error| format!("no metrics: {error}"))?;
        let place = scraped.local_addr().map_err(|error| error.to_string())?;
        print(&format!("autoperf-profiler: metrics at http://{place}/metrics\n"))?;
        agent
            .serve_metrics(scraped, options.watched())
            .map_err(|error| error.to_string())?;
    }
    agent.serve(&listener, &stop).map_err(|error| error.to_string())
}

fn stdio() -> Result<(), String> {
    let text = |error: std::io::Error| error.to_string();
    // Started through a descriptor, as by a client's ssh, it would bear the descriptor's number as its name. A name is not
    // needed to work.
    let _ = rustix::thread::set_name(c"autoperf-profil");
    let stop = syscall::termination_descriptor().map_err(text)?;
    allow_many_files();
    let input = std::io::stdin().as_fd().try_clone_to_owned().map_err(text)?;
    let output = std::io::stdout().as_fd().try_clone_to_owned().map_err(text)?;
    Agent::new(System::live(), None)
        .serve_one(Pipe::new(input, output), &stop)
        .map_err(text)
}

fn new_key(path: &Path) -> Result<(), String> {
    let written = Key::random().and_then(|key| key.write_new(path));
    written.map_err(|error| format!("no key written to {}: {error}", path.display()))?;
    print(&format!(
        "key written to {}; copy it to the other machine, for its owner's eyes only\n",
        path.display()
    ))
}

/// A file is kept open for every watched process; the default limit of 1,024 is soon reached.
fn allow_many_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Where it is refused, files beyond the limit are opened and closed at each look.
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    );
}
