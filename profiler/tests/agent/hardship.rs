//! What happens seldom, forced: a number that another process gets, and more ends than the kernel has room to report.

use std::ffi::CString;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use crate::accuracy::has_records;
use crate::stage::{Agent, Load, value};

/// A process with a number of our choice, ended with this.
struct Chosen(Pid);

impl Drop for Chosen {
    fn drop(&mut self) {
        let _ = kill_process(self.0, Signal::KILL);
        let _ = waitpid(Some(self.0), WaitOptions::empty());
    }
}

/// The kernel's `struct clone_args` in its second version.
#[repr(C)]
#[derive(Default)]
struct CloneArguments {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
}

impl Chosen {
    /// Starts the load of a test as process `pid`; the reason where that is not allowed.
    fn start(pid: u32, program: &Path, counter: &Path) -> Result<Self, String> {
        let words = [
            program,
            Path::new("single"),
            Path::new("30"),
            counter,
            Path::new("60"),
        ];
        let words = words.map(|word| CString::new(word.as_os_str().as_bytes()).unwrap());
        let mut pointers: Vec<*const libc::c_char> = words.iter().map(|word| word.as_ptr()).collect();
        pointers.push(std::ptr::null());
        let number = pid.cast_signed();
        let mut arguments = CloneArguments {
            exit_signal: libc::SIGCHLD as u64,
            set_tid: (&raw const number) as u64,
            set_tid_size: 1,
            ..CloneArguments::default()
        };
        // SAFETY: the arguments are valid for the call, as is what they point to. Without flags the child has a copy of this
        // process's memory and does nothing in it but replace itself by a program, or end.
        let result = unsafe {
            let result = libc::syscall(libc::SYS_clone3, &raw mut arguments, size_of::<CloneArguments>());
            if result == 0 {
                libc::execv(pointers[0], pointers.as_ptr());
                libc::_exit(127);
            }
            result
        };
        match result {
            -1 => Err(std::io::Error::last_os_error().to_string()),
            _ => Ok(Self(Pid::from_raw(number).unwrap())),
        }
    }
}

fn used_ns(counter: &Path) -> u64 {
    File::open(counter).map_or(0, |file| value(&file))
}

/// Waits until the load with this counter has used so much.
fn wait_for(counter: &Path, cpu_ns: u64) {
    let mut left = 3_000;
    while used_ns(counter) < cpu_ns && left > 0 {
        left -= 1;
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(left > 0, "the load does not run");
}

#[test]
fn a_number_given_anew_is_another_process() {
    const ENOUGH_NS: u64 = 100_000_000;
    let agent = Agent::start();
    let mut load = Load::start("reusedload", "single", 30);
    let mut client = agent.client();
    client.watch(&["reusedload".into()]).unwrap();
    let before_ns = load.truth_ns();
    let from = client.snapshot().unwrap().groups[0].cpu_ns;
    let base_ns = load.truth_ns();
    wait_for(&load.beside("truth"), base_ns + ENOUGH_NS);
    load.end();
    let (least_ns, most_ns) = (load.truth_ns() - base_ns, load.truth_ns() - before_ns);
    // Another process gets the number and another name, and may use what it likes.
    let stranger = load.beside("strangerload");
    std::fs::hard_link(load.beside("reusedload"), &stranger).unwrap();
    let strangers = load.beside("strangers");
    let other = match Chosen::start(load.pid, &stranger, &strangers) {
        Ok(other) => other,
        Err(reason) => {
            eprintln!("not tested, no process with a chosen number here: {reason}");
            return;
        }
    };
    wait_for(&strangers, ENOUGH_NS);
    let reading = client.snapshot().unwrap().groups.remove(0);
    assert_eq!(reading.processes, 0);
    let bound = reading.error_bound_ns + 8_000_000;
    let grown = reading.cpu_ns - from;
    assert!(
        grown <= most_ns + bound,
        "{grown} of {most_ns}: the stranger's time is in it"
    );
    if has_records(&agent) {
        assert!(grown + bound >= least_ns, "{grown} of {least_ns}");
    }
    drop(other);
    // And now one with the number and the name, which counts from its own zero on.
    let again = load.beside("again");
    let between = client.snapshot().unwrap().groups[0].cpu_ns;
    let _second = Chosen::start(load.pid, &load.beside("reusedload"), &again).unwrap();
    wait_for(&again, ENOUGH_NS);
    let least_ns = used_ns(&again);
    let reading = client.snapshot().unwrap().groups.remove(0);
    let most_ns = used_ns(&again);
    assert_eq!(reading.processes, 1);
    let grown = reading.cpu_ns - between;
    // Becoming the program costs something before the load can count it.
    let bound = reading.error_bound_ns + 20_000_000;
    assert!(
        (least_ns.saturating_sub(bound)..=most_ns + bound).contains(&grown),
        "{grown} of {least_ns} to {most_ns}"
    );
}

#[test]
fn more_ends_than_fit_are_reported_and_nothing_is_taken_back() {
    /// Several times what the kernel keeps for an agent.
    const ENDS: u32 = 30_000;
    let agent = Agent::start();
    let _load = Load::start("stormload", "fork", 20);
    let mut client = agent.client();
    client.watch(&["stormload".into()]).unwrap();
    if !has_records(&agent) {
        eprintln!("not tested, no exit records here");
        return;
    }
    std::thread::sleep(Duration::from_millis(500));
    let reading = client.snapshot().unwrap();
    let (mark, before) = (reading.sequence, &reading.groups[0]);
    assert_eq!(before.evidence.records_lost, 0);
    let stopped = Pid::from_raw(agent.process.0.id().cast_signed()).unwrap();
    kill_process(stopped, Signal::STOP).unwrap();
    for _ in 0..ENDS {
        std::thread::spawn(|| {}).join().unwrap();
    }
    kill_process(stopped, Signal::CONT).unwrap();
    let after = client.snapshot().unwrap().groups.remove(0);
    let drained = client.drain(mark).unwrap();
    let incomplete: Vec<&String> = drained
        .readings
        .iter()
        .flat_map(|reading| &reading.groups[0].evidence.reasons)
        .collect();
    assert!(after.evidence.records_lost > 0, "{:?}", after.evidence);
    assert!(
        incomplete
            .iter()
            .any(|reason| reason.contains("dropped exit records")),
        "{incomplete:?}"
    );
    assert!(after.cpu_ns >= before.cpu_ns);
}
