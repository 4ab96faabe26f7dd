//! What end-to-end tests play on: the command as it is built, a fresh folder, the demo site, a profiler.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use autoperf_examples::demo::{Launch, Site, write_workload};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// The built command. It is brought up to date once, since cargo builds no binary of another package for a test.
///
/// # Panics
/// Where it cannot be built.
#[must_use]
pub fn autoperf() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let mut folder = std::env::current_exe().unwrap_or_default();
        // <target>/<profile>/deps/<test>
        folder.pop();
        folder.pop();
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--package", "autoperf", "--bin", "autoperf"]);
        if folder.ends_with("release") {
            build.arg("--release");
        }
        let target = folder.parent().unwrap_or(&folder);
        let status = build.arg("--target-dir").arg(target).status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "autoperf does not build"
        );
        folder.join("autoperf")
    })
}

/// A folder of its own for a test, removed afterwards.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// A fresh one.
    ///
    /// # Panics
    /// Where it cannot be made.
    #[must_use]
    pub fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("autoperf-test-{name}-{}-{number}", std::process::id()));
        assert!(
            std::fs::create_dir_all(&path).is_ok(),
            "{} cannot be made",
            path.display()
        );
        Self(path)
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file into it.
    ///
    /// # Panics
    /// Where it cannot be written.
    pub fn write(&self, name: &str, text: &str) {
        assert!(
            std::fs::write(self.0.join(name), text).is_ok(),
            "{name} cannot be written"
        );
    }

    /// Reads a file in it; empty where it is missing.
    #[must_use]
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap_or_default()
    }

    /// Runs the command in it to its end.
    ///
    /// # Panics
    /// Where it cannot be started.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Output {
        match self.command(arguments).output() {
            Ok(output) => output,
            Err(error) => panic!("{}: {error}", autoperf().display()),
        }
    }

    /// The command with these arguments, to be started in it, saying everything into pipes.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(autoperf());
        command.args(arguments).current_dir(&self.0).env("NO_COLOR", "1");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder left behind in the system's temporary folder harms no other test.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The demo site with a profiler and the workload files of both in a folder.
///
/// One runs at a time within a test program: a profiler takes all processes of a name together.
#[derive(Debug)]
pub struct Demo {
    /// The site.
    pub site: Site,
    /// Its profiler.
    pub profiler: Profiler,
    _turn: MutexGuard<'static, ()>,
}

impl Demo {
    /// Starts both and writes `input.xml` and `cbmg.txt` into the folder.
    ///
    /// # Errors
    /// Where one does not start.
    pub fn start(folder: &Folder) -> io::Result<Self> {
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let launch = Launch {
            program: autoperf().to_owned(),
            arguments: vec!["demo-tier".into()],
        };
        let site = Site::start(&launch, 0)?;
        let profiler = Profiler::start()?;
        write_workload(folder.path(), site.web_port(), profiler.port)?;
        Ok(Self {
            site,
            profiler,
            _turn: turn,
        })
    }
}

impl Demo {
    /// How many transactions of a name the site itself says that it has served; of all names where none is given.
    ///
    /// # Errors
    /// Where it does not answer or says something else.
    pub fn served(&self, name: Option<&str>) -> io::Result<u64> {
        let told = self.told("/served")?;
        let counts = told["served"]
            .as_object()
            .ok_or_else(|| io::Error::other(format!("the site said `{told}`")))?;
        let counts = counts
            .iter()
            .filter(|(kind, _)| name.is_none_or(|name| name == *kind));
        Ok(counts.filter_map(|(_, count)| count.as_u64()).sum())
    }

    /// The requests to `/echo` that the site itself says that it has received, oldest first.
    ///
    /// # Errors
    /// Where it does not answer, says something else, or has received more than it keeps.
    pub fn recorded(&self) -> io::Result<Vec<Recorded>> {
        let told = self.told("/record")?;
        if told["dropped"] != 0 {
            return Err(io::Error::other("more requests than the site keeps"));
        }
        let requests = told["requests"].as_array().into_iter().flatten();
        Ok(requests.map(Recorded::from_json).collect())
    }

    fn told(&self, path: &str) -> io::Result<serde_json::Value> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.site.web_port()))?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: site\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        serde_json::from_str(body).map_err(io::Error::from)
    }
}

/// A request as the site received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Number of its connection.
    pub connection: u64,
    /// Method.
    pub method: String,
    /// Path with query.
    pub target: String,
    /// Names and values of the headers.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: String,
}

impl Recorded {
    fn from_json(request: &serde_json::Value) -> Self {
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let headers = request["headers"].as_array().into_iter().flatten();
        Self {
            connection: request["connection"].as_u64().unwrap_or_default(),
            method: text(&request["method"]),
            target: text(&request["target"]),
            headers: headers.map(|pair| (text(&pair[0]), text(&pair[1]))).collect(),
            body: text(&request["body"]),
        }
    }

    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The value of a parameter in the query, or else in a form.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        query
            .split('&')
            .chain(self.body.split('&'))
            .filter_map(|pair| pair.split_once('='))
            .find_map(|(own, value)| (own == name).then_some(value))
    }
}

/// A profiler on loopback.
#[derive(Debug)]
pub struct Profiler {
    child: Child,
    /// Its port.
    pub port: u16,
}

impl Profiler {
    /// Starts one on a free port.
    ///
    /// # Errors
    /// Where it does not start or does not say its port.
    pub fn start() -> io::Result<Self> {
        Self::start_with(&[])
    }

    /// The same with more options.
    ///
    /// # Errors
    /// As there.
    pub fn start_with(options: &[&str]) -> io::Result<Self> {
        let mut command = Command::new(autoperf());
        command.args(["profiler", "-d", "0"]).args(options);
        Self::start_by(command)
    }

    /// Starts one by a command of one's own.
    ///
    /// # Errors
    /// As there.
    pub fn start_by(mut command: Command) -> io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let mut profiler = Self { child, port: 0 };
        let port = line
            .trim_end()
            .rsplit(':')
            .next()
            .and_then(|port| port.parse().ok());
        profiler.port = port.ok_or_else(|| io::Error::other(format!("the profiler said `{line}`")))?;
        Ok(profiler)
    }

    /// Ends it at once, as a crash would.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn kill(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(|_| ())
    }
}

impl Drop for Profiler {
    fn drop(&mut self) {
        // Where it has ended before, there is nothing to do.
        let _ = self.kill();
    }
}
