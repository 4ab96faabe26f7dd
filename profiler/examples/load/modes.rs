//! The ways in which servers spend CPU time.

use std::ffi::CString;
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use crate::truth::{Task, Truth};

/// One way: does one request of so many nanoseconds.
type Request = fn(&Truth, &mut Task<'_>, u64);

/// Each mode's name and its way to do a request.
const MODES: &[(&str, Request)] = &[
    ("single", single),
    ("threads", threads),
    ("fork", fork_waited),
    ("forkign", fork_ignored),
    ("forkexec", fork_exec),
    ("dblfork", fork_orphaned),
    ("bigfork", fork_big),
    ("rename", renamed),
];

/// CPU time of one request.
const REQUEST_NS: u64 = 3_000_000;
/// Requests that a worker of `prefork` serves before it is replaced.
const RECYCLED_AFTER: u32 = 20;

pub(crate) fn names() -> String {
    let names: Vec<&str> = MODES
        .iter()
        .map(|(name, _)| *name)
        .chain(["prefork", "burn"])
        .collect();
    names.join(", ")
}

pub(crate) fn run(mode: &str, share: f64, seconds: f64, truth: &Truth) -> Result<(), String> {
    if mode == "burn" {
        // What `forkexec` becomes: one request, and out.
        truth.task().burn(REQUEST_NS);
        return Ok(());
    }
    if mode == "prefork" {
        prefork(share, seconds, truth);
        return Ok(());
    }
    let Some((_, request)) = MODES.iter().find(|(name, _)| *name == mode) else {
        return Err(format!("no mode {mode:?}; modes: {}", names()));
    };
    if mode == "forkign" {
        // SAFETY: sets a disposition that needs no handler.
        unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    }
    let mut task = truth.task();
    paced(share, seconds, &mut task, |task| request(truth, task, REQUEST_NS));
    Ok(())
}

/// One request after another at a pace that makes the share of a core; never for longer than said.
#[expect(clippy::disallowed_methods, reason = "a load paces itself")]
fn paced(share: f64, seconds: f64, task: &mut Task<'_>, mut request: impl FnMut(&mut Task<'_>)) {
    let gap = Duration::from_nanos((REQUEST_NS as f64 / share) as u64);
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let mut next = Instant::now();
    while Instant::now() < end {
        request(task);
        task.add();
        next = (next + gap).max(Instant::now());
        std::thread::sleep(next - Instant::now());
    }
}

fn single(_: &Truth, task: &mut Task<'_>, cpu_ns: u64) {
    task.burn(cpu_ns);
}

fn threads(truth: &Truth, task: &mut Task<'_>, cpu_ns: u64) {
    let truth = *truth;
    let thread = std::thread::spawn(move || truth.task().burn(cpu_ns));
    task.add();
    assert!(thread.join().is_ok());
}

fn fork_waited(truth: &Truth, task: &mut Task<'_>, cpu_ns: u64) {
    let pid = child(|| truth.task().burn(cpu_ns));
    task.add();
    wait(pid);
}

fn fork_ignored(truth: &Truth, task: &mut Task<'_>, cpu_ns: u64) {
    child(|| truth.task().burn(cpu_ns));
    task.add();
}

/// A parent of 64 MiB, of which the child touches 16.
fn fork_big(truth: &Truth, task: &mut Task<'_>, cpu_ns: u64) {
    static MEMORY: OnceLock<Mutex<Vec<u8>>> = OnceLock::new();
    const PAGE: usize = 4096;
    let memory = MEMORY.get_or_init(|| Mutex::new(vec![1; 64 << 20]));
    let pid = child(|| {
        let mut task = truth.task();
        if let Ok(mut memory) = memory.lock() {
            for (page, byte) in memory
                .iter_mut()
                .step_by(PAGE)
                .take((16 << 20) / PAGE)
                .enumerate()
            {
                *byte = 2;
                if page % 16 == 0 {
                    task.add();
                }
            }
        }
        task.burn(cpu_ns);
    });
    task.add();
    wait(pid);
}

fn fork_orphaned(truth: &Truth, task: &mut Task<'_>, cpu_ns: u64) {
    let middle = child(|| {
        child(|| truth.task().burn(cpu_ns));
        truth.task().add();
    });
    task.add();
    wait(middle);
}

/// The child becomes another program, the shell, which then runs this one again under another name.
fn fork_exec(truth: &Truth, task: &mut Task<'_>, _: u64) {
    let own = std::env::current_exe().unwrap_or_default();
    // The words before the mode, the counter's file after the percent: as this program was called itself.
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    if let Some(mode) = words.iter().position(|word| word == "forkexec") {
        words[mode] = "burn".into();
    }
    let line = format!("exec -a convert {} {}", own.display(), words.join(" "));
    let pid = child(|| {
        truth.task().add();
        let text = |word: &str| CString::new(word).unwrap_or_default();
        let (shell, option, line) = (text("/bin/bash"), text("-c"), text(&line));
        let arguments = [shell.as_ptr(), option.as_ptr(), line.as_ptr(), std::ptr::null()];
        // SAFETY: the strings live until the program is replaced, and the list ends with a null pointer.
        unsafe { libc::execv(shell.as_ptr(), arguments.as_ptr()) };
    });
    task.add();
    wait(pid);
}

/// Takes another thread name with every request.
fn renamed(_: &Truth, task: &mut Task<'_>, cpu_ns: u64) {
    let name = CString::new(format!("now-{}", std::process::id() % 7)).unwrap_or_default();
    // SAFETY: the name is a string that lives through the call.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
    task.burn(cpu_ns);
}

/// Four workers that serve requests and are replaced after some.
fn prefork(share: f64, seconds: f64, truth: &Truth) {
    const WORKERS: u32 = 4;
    let mut task = truth.task();
    let worker = || {
        child(|| {
            // SAFETY: takes no pointers.
            unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
            let mut task = truth.task();
            let mut left = RECYCLED_AFTER;
            let pace = share / f64::from(WORKERS);
            let until = seconds.min(f64::from(RECYCLED_AFTER) * REQUEST_NS as f64 / 1e9 / pace);
            paced(pace, until, &mut task, |task| {
                if left > 0 {
                    task.burn(REQUEST_NS);
                    left -= 1;
                }
            });
        })
    };
    for _ in 0..WORKERS {
        worker();
    }
    let mut starts = 0_u32;
    // The bound on starts is far above what the pace asks for.
    while wait(-1) && starts < 100_000 {
        worker();
        starts += 1;
        task.add();
    }
}

/// A child that does this and ends at once, without what a library would do at the end.
fn child(work: impl FnOnce()) -> libc::pid_t {
    // SAFETY: this program has one thread where it forks, and the child ends without unwinding.
    unsafe {
        let pid = libc::fork();
        if pid == 0 {
            work();
            libc::_exit(0);
        }
        pid
    }
}

fn wait(pid: libc::pid_t) -> bool {
    // SAFETY: a null pointer for the status is allowed.
    unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) > 0 }
}
