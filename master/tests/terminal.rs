//! The whole screen in a real terminal: it is taken over, and however the program ends it is put back as it was.
//!
//! Without the usual harness: the same program is also the child that panics with the screen open.

#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use autoperf::campaign::Display;
use autoperf::cli::screen::Screen;
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Set for the child that panics.
const ROLE: &str = "AUTOPERF_TEST_PANICS";
const ENTER: &str = "\x1b[?1049h";
const LEAVE: &str = "\x1b[?1049l";
const SHOW_CURSOR: &str = "\x1b[?25h";
/// Steps of 50 ms that anything here may take.
const MOST_STEPS: u32 = 1200;

/// A pseudo-terminal with a program on it.
struct Terminal {
    /// The side of the program, kept open so that its state can be asked for after the program's end.
    inner: File,
    shown: Arc<Mutex<Vec<u8>>>,
    child: Child,
}

impl Terminal {
    /// Starts a command whose three streams are a new terminal.
    fn start(mut command: Command) -> Self {
        let outer = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&outer).unwrap();
        unlockpt(&outer).unwrap();
        let name = ptsname(&outer, Vec::new()).unwrap().into_string().unwrap();
        let inner = File::options().read(true).write(true).open(name).unwrap();
        let size = Winsize {
            ws_row: 34,
            ws_col: 110,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&inner, size).unwrap();
        command
            .env("TERM", "xterm")
            .env_remove("CI")
            .env_remove("NO_COLOR");
        let stream = || Stdio::from(inner.try_clone().unwrap());
        let child = command.stdin(stream()).stdout(stream()).stderr(stream());
        let child = child.spawn().unwrap();
        let shown = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&shown);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            let mut outer = File::from(outer);
            while let Ok(count @ 1..) = outer.read(&mut buffer) {
                seen.lock().unwrap().extend_from_slice(&buffer[..count]);
            }
        });
        Self { inner, shown, child }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    /// Whether typed characters appear and lines can be edited, as in any shell.
    fn is_usual(&self) -> bool {
        let modes = tcgetattr(&self.inner).unwrap().local_modes;
        modes.contains(LocalModes::ECHO | LocalModes::ICANON)
    }

    fn wait_for(&mut self, what: &str, mut holds: impl FnMut(&mut Self) -> bool) {
        for _ in 0..MOST_STEPS {
            if holds(self) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        panic!("{what} did not come:\n{}", self.text());
    }

    fn wait_for_text(&mut self, text: &str) {
        self.wait_for(text, |terminal| {
            let shown = terminal.text();
            shown.contains(text) || words(&shown).contains(text)
        });
    }

    fn signal(&self) {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
    }

    /// The exit code, once all that was written has been read and the terminal is found as it was.
    fn end(mut self, last: &str) -> (i32, String) {
        let mut code = None;
        self.wait_for("the end", |terminal| {
            code = terminal.child.try_wait().unwrap().map(|status| status.code());
            code.is_some()
        });
        self.wait_for_text(last);
        let text = self.text();
        assert!(self.is_usual(), "echo and line editing are off:\n{text}");
        let (entered, left) = (text.rfind(ENTER).unwrap(), text.rfind(LEAVE).unwrap());
        assert!(entered < left, "the whole screen is still there:\n{text}");
        let hidden = text.rfind("\x1b[?25l").unwrap();
        assert!(hidden < text.rfind(SHOW_CURSOR).unwrap(), "no cursor:\n{text}");
        (code.flatten().unwrap(), text)
    }
}

/// What a reader of the screen sees in a line: blanks that were there already are not drawn, the cursor goes over them.
fn words(shown: &str) -> String {
    let mut parts = shown.split("\x1b[");
    let mut words = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|character: char| character.is_ascii_alphabetic());
        let (sequence, rest) = part.split_at(end.map_or(part.len(), |end| end + 1));
        if sequence.ends_with('H') {
            words.push(' ');
        }
        words.push_str(rest);
    }
    words
}

/// A site that answers at once, on a port of the kernel's choice.
fn site() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    port
}

/// Answers requests without a body until the other side closes.
fn answer(mut stream: TcpStream) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    loop {
        while !lines.next()?.ok()?.is_empty() {}
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            .ok()?;
    }
}

/// A run of two seconds a level with the whole screen, and its folder.
fn run(port: u16, name: &str, most: &str) -> (Terminal, std::path::PathBuf) {
    let folder = std::env::temp_dir().join(format!("autoperf-terminal-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_autoperf"));
    command.current_dir(&folder).args([
        "capacity",
        &format!("http://127.0.0.1:{port}/"),
        "--tui",
        "--max-duration",
        most,
    ]);
    command.args(["--max-level-time", "2s", "--max-users", "4", "--out", "run"]);
    (Terminal::start(command), folder)
}

fn a_run_takes_the_screen_and_gives_it_back(port: u16) {
    let (mut terminal, folder) = run(port, "whole", "5s");
    terminal.wait_for_text(ENTER);
    terminal.wait_for("the silent terminal", |terminal| !terminal.is_usual());
    terminal.wait_for_text("throughput, transactions/s");
    let (code, text) = terminal.end("report.html");
    assert!([0, 4].contains(&code), "{code}:\n{text}");
    // Log and verdict stand on the usual screen, where they stay.
    let after = &text[text.rfind(LEAVE).unwrap()..];
    assert!(after.contains("results in run"), "{after}");
    assert!(folder.join("run/report.html").exists());
    std::fs::remove_dir_all(folder).unwrap();
}

fn ctrl_c_ends_a_run_in_order_and_twice_at_once(port: u16) {
    let (mut terminal, folder) = run(port, "once", "60s");
    terminal.wait_for_text("level 1 | 1 user");
    terminal.signal();
    assert_eq!(terminal.end("report.html").0, 130);
    std::fs::remove_dir_all(folder).unwrap();

    let (mut terminal, folder) = run(port, "twice", "60s");
    terminal.wait_for_text("level 1 | 1 user");
    // The second may come before the first has been taken; then they count as one.
    for _ in 0..MOST_STEPS {
        if terminal.child.try_wait().unwrap().is_some() {
            break;
        }
        terminal.signal();
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(terminal.end(LEAVE).0, 130);
    std::fs::remove_dir_all(folder).unwrap();
}

fn a_panic_is_told_on_the_usual_screen() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(ROLE, "1").env("RUST_BACKTRACE", "0");
    let mut terminal = Terminal::start(command);
    terminal.wait_for_text("the log of the run");
    let (code, text) = terminal.end("a deliberate panic");
    assert_eq!(code, 101, "{text}");
    let told = text.find("a deliberate panic").unwrap();
    assert!(
        text.find(LEAVE).unwrap() < told,
        "it was told on the screen that vanishes:\n{text}"
    );
}

/// The child's part.
fn panic_on_the_screen() -> ! {
    let mut screen = Screen::open().unwrap();
    screen.note("the log of the run");
    panic!("a deliberate panic");
}

fn main() -> ExitCode {
    if std::env::var_os(ROLE).is_some() {
        panic_on_the_screen();
    }
    let port = site();
    a_run_takes_the_screen_and_gives_it_back(port);
    ctrl_c_ends_a_run_in_order_and_twice_at_once(port);
    a_panic_is_told_on_the_usual_screen();
    println!("the terminal was put back in all four cases");
    ExitCode::SUCCESS
}
