//! The demo site as two running processes.

use super::clock;
use super::law::Tier;
use rustix::event::{PollFd, PollFlags, poll};
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// How long a tier may take to say where it listens, ns.
const START_LIMIT_NS: u64 = 20_000_000_000;

/// How a program is called to become a tier of the site: the rest of its arguments goes to [`super::main`].
#[derive(Debug, Clone)]
pub struct Launch {
    /// The program, such as the running one.
    pub program: PathBuf,
    /// Arguments that lead the program to [`super::main`].
    pub arguments: Vec<OsString>,
}

/// The running site. Dropping it ends both processes; they also end by themselves when this process dies.
#[derive(Debug)]
pub struct Site {
    web: Running,
    storage: Running,
}

#[derive(Debug)]
struct Running {
    child: Child,
    /// The tier ends when this pipe closes; kept apart from the child because waiting for one closes its input.
    _tie: Option<ChildStdin>,
    port: u16,
}

impl Site {
    /// Starts both tiers, the web tier on this port of 127.0.0.1 (0 = any free one), and waits until they listen.
    ///
    /// # Errors
    /// Where a process cannot be started, or does not say within 20 s where it listens; nothing is left running then.
    pub fn start(launch: &Launch, web_port: u16) -> io::Result<Self> {
        let storage = Running::start(launch, Tier::Storage, &["--port".into(), "0".into()])?;
        let upstream = storage.port.to_string();
        let web_arguments = [
            "--port".into(),
            web_port.to_string().into(),
            "--storage".into(),
            upstream.into(),
        ];
        let web = Running::start(launch, Tier::Web, &web_arguments)?;
        Ok(Self { web, storage })
    }

    /// Port of the web tier on 127.0.0.1.
    #[must_use]
    pub const fn web_port(&self) -> u16 {
        self.web.port
    }

    /// Where the site is, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.web.port)
    }

    /// Process id of a tier.
    #[must_use]
    pub fn pid(&self, tier: Tier) -> u32 {
        match tier {
            Tier::Web => self.web.child.id(),
            Tier::Storage => self.storage.child.id(),
        }
    }

    /// Waits until a tier ends, which is never unless something ends it, and says how.
    ///
    /// # Errors
    /// Where the process cannot be waited for.
    pub fn wait(&mut self) -> io::Result<std::process::ExitStatus> {
        self.web.child.wait()
    }

    /// Ends a tier at once, as a crash would; the other one goes on.
    ///
    /// # Errors
    /// Where the process cannot be ended or waited for.
    pub fn kill(&mut self, tier: Tier) -> io::Result<()> {
        match tier {
            Tier::Web => self.web.end(),
            Tier::Storage => self.storage.end(),
        }
    }
}

impl Running {
    fn start(launch: &Launch, tier: Tier, arguments: &[OsString]) -> io::Result<Self> {
        let mut child = Command::new(&launch.program)
            .arg0(tier.process_name())
            .args(&launch.arguments)
            .arg(tier.process_name().trim_start_matches("demo-"))
            .arg("--tied")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let port = match child.stdout.take() {
            Some(stdout) => read_port(stdout),
            None => Err(io::Error::other("no pipe")),
        };
        let tie = child.stdin.take();
        let mut running = Self {
            child,
            _tie: tie,
            port: 0,
        };
        running.port = port.map_err(|error| {
            let program = launch.program.display();
            io::Error::other(format!("{program} as {}: {error}", tier.process_name()))
        })?;
        Ok(running)
    }

    fn end(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(|_| ())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has no state to save. Where it has ended before, there is nothing to do.
        let _ = self.end();
    }
}

/// Reads the line in which a tier says where it listens; the port is its last word after a colon.
fn read_port(stdout: ChildStdout) -> io::Result<u16> {
    let mut fds = [PollFd::new(&stdout, PollFlags::IN)];
    if poll(&mut fds, Some(&clock::timespec(START_LIMIT_NS)))? == 0 {
        return Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "does not say where it listens",
        ));
    }
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let port = line
        .trim_end()
        .rsplit(':')
        .next()
        .and_then(|port| port.parse().ok());
    port.ok_or_else(|| {
        io::Error::other(format!(
            "ended or said `{}` instead of where it listens",
            line.trim_end()
        ))
    })
}
