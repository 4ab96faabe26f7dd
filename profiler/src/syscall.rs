//! Kernel calls that no safe library offers. All `unsafe` of the crate that is not a socket's lives here.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// CPU time of the process `pid`, ns: all its threads, the ended ones too. Needs no privilege.
///
/// The identifier is the kernel's ABI for "CPU clock of a process" (`include/linux/posix-timers.h`: complement of the pid
/// shifted by three, `CPUCLOCK_SCHED` in the low bits), the same that `clock_getcpuclockid(3)` returns.
///
/// # Errors
/// `EINVAL` when there is no such process any more.
pub(crate) fn process_cpu_clock_ns(pid: u32) -> io::Result<u64> {
    const SCHEDULER_CLOCK: libc::clockid_t = 2;
    let pid = libc::pid_t::try_from(pid).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let clock = (!pid << 3) | SCHEDULER_CLOCK;
    let mut time = MaybeUninit::<libc::timespec>::uninit();
    // SAFETY: `time` is a valid place for a timespec and is read only after the kernel reports that it has filled it.
    let time = unsafe {
        if libc::clock_gettime(clock, time.as_mut_ptr()) != 0 {
            return Err(io::Error::last_os_error());
        }
        time.assume_init()
    };
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Ok(seconds
        .saturating_mul(1_000_000_000)
        .saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0)))
}

/// Blocks `SIGTERM`, `SIGINT` and `SIGHUP` in this thread and in those it starts, and returns a descriptor that becomes
/// readable when one of them arrives.
///
/// # Errors
/// What the kernel refuses (no descriptor left).
pub(crate) fn termination_descriptor() -> io::Result<OwnedFd> {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset initialises the set before it is used; signalfd returns a new descriptor that nothing else owns.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        let mut set = set.assume_init();
        for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
            libc::sigaddset(&raw mut set, signal);
        }
        let error = libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
        if error != 0 {
            return Err(io::Error::from_raw_os_error(error));
        }
        let descriptor = libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(OwnedFd::from_raw_fd(descriptor))
    }
}

/// Lets the kernel keep back the messages to a socket that a program of classic BPF (`linux/filter.h`) gives 0 for.
///
/// # Errors
/// What the kernel refuses.
pub(crate) fn attach_filter(socket: &OwnedFd, program: &mut [libc::sock_filter]) -> io::Result<()> {
    let program = libc::sock_fprog {
        len: libc::c_ushort::try_from(program.len())
            .map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?,
        filter: program.as_mut_ptr(),
    };
    // SAFETY: the option's value is a valid sock_fprog of that length, which points to so many instructions; the kernel copies
    // them before the call returns.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ATTACH_FILTER,
            (&raw const program).cast(),
            size_of::<libc::sock_fprog>() as libc::socklen_t,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// The beginning of the kernel's `struct perf_event_attr`, in its first published version, which every kernel takes.
#[repr(C)]
#[derive(Default)]
struct EventAttributes {
    kind: u32,
    size: u32,
    config: u64,
    sample_period: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup_events: u32,
    breakpoint_type: u32,
    breakpoint_address: u64,
}

/// Counts an event (type and number, `linux/perf_event.h`) of a thread, and of the threads and processes that it starts from
/// now on. Reading gives the count, the time it was wanted, and the time it was really counted, ns.
///
/// # Errors
/// What the kernel refuses: `ENOENT` where the processor has no such counter, `EACCES` where it is not permitted.
pub(crate) fn count_event(thread: u32, (kind, config): (u32, u64)) -> io::Result<OwnedFd> {
    const INHERIT: u64 = 1 << 1;
    const WITH_TIMES: u64 = 1 | 2;
    const CLOSE_ON_EXEC: libc::c_ulong = 8;
    const ANY_CORE: libc::c_int = -1;
    const NO_GROUP: libc::c_int = -1;
    let thread = libc::pid_t::try_from(thread).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let attributes = EventAttributes {
        kind,
        size: size_of::<EventAttributes>() as u32,
        config,
        read_format: WITH_TIMES,
        flags: INHERIT,
        ..EventAttributes::default()
    };
    // SAFETY: the attributes are valid for the call and as long as they say; the descriptor is new and nothing else owns it.
    unsafe {
        let descriptor = libc::syscall(
            libc::SYS_perf_event_open,
            &raw const attributes,
            thread,
            ANY_CORE,
            NO_GROUP,
            CLOSE_ON_EXEC,
        );
        match libc::c_int::try_from(descriptor) {
            Ok(descriptor) if descriptor >= 0 => Ok(OwnedFd::from_raw_fd(descriptor)),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

/// An instruction of eBPF, as the kernel takes it (`linux/bpf.h`, `struct bpf_insn`).
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Instruction {
    /// What to do.
    pub(crate) code: u8,
    /// Target in the lower four bits, source in the upper.
    pub(crate) registers: u8,
    /// Distance in memory.
    pub(crate) offset: i16,
    /// Constant.
    pub(crate) number: i32,
}

/// The beginning of the kernel's `union bpf_attr` for a new map.
#[repr(C)]
#[derive(Debug)]
struct QueueAttributes {
    kind: u32,
    key_bytes: u32,
    value_bytes: u32,
    most: u32,
    flags: u32,
}

/// The same for a program.
#[repr(C)]
#[derive(Default)]
struct ProgramAttributes {
    kind: u32,
    instruction_count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_bytes: u32,
    log: u64,
    kernel_version: u32,
    flags: u32,
    name: [u8; 16],
    interface: u32,
    attach_kind: u32,
    types: u32,
    function_bytes: u32,
    functions: u64,
    function_count: u32,
    line_bytes: u32,
    lines: u64,
    line_count: u32,
    attach_type: u32,
}

/// The same for attaching a program.
#[repr(C)]
#[derive(Default)]
struct AttachAttributes {
    name: u64,
    program: u32,
    unused: u32,
}

/// The same for an element of a map.
#[repr(C)]
#[derive(Default)]
struct ElementAttributes {
    map: u32,
    unused: u32,
    key: u64,
    value: u64,
    flags: u64,
}

/// One of the calls that share the number of `bpf`.
///
/// # Safety
/// The addresses that the attributes hold for this command are valid for what the kernel reads and writes there.
unsafe fn bpf<T>(command: libc::c_long, attributes: &T) -> io::Result<libc::c_int> {
    // SAFETY: the attributes are valid for as many bytes as are told, and what they point to is as the caller promises.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command, &raw const *attributes, size_of::<T>()) };
    match libc::c_int::try_from(result) {
        Ok(result) if result >= 0 => Ok(result),
        _ => Err(io::Error::last_os_error()),
    }
}

/// A queue in the kernel for `most` values of so many bytes, which programs of eBPF put in.
///
/// # Errors
/// What the kernel refuses: `EPERM` without the right to load programs.
pub(crate) fn make_queue(value_bytes: usize, most: u32) -> io::Result<OwnedFd> {
    const MAKE_MAP: libc::c_long = 0;
    const QUEUE: u32 = 22;
    let attributes = QueueAttributes {
        kind: QUEUE,
        key_bytes: 0,
        value_bytes: value_bytes as u32,
        most,
        flags: 0,
    };
    // SAFETY: the attributes hold no addresses; the descriptor is new and nothing else owns it.
    unsafe { bpf(MAKE_MAP, &attributes).map(|descriptor| OwnedFd::from_raw_fd(descriptor)) }
}

/// Takes the oldest value out of a queue whose values are as long as `value`.
///
/// # Errors
/// `ENOENT` when it is empty.
pub(crate) fn take_from_queue<const BYTES: usize>(
    queue: &OwnedFd,
    value: &mut [u8; BYTES],
) -> io::Result<()> {
    const TAKE: libc::c_long = 21;
    let attributes = ElementAttributes {
        map: queue.as_raw_fd().cast_unsigned(),
        value: value.as_mut_ptr() as u64,
        ..ElementAttributes::default()
    };
    // SAFETY: the kernel writes one value, for which the caller's queue promises the room.
    unsafe { bpf(TAKE, &attributes).map(|_| ()) }
}

/// Loads a program that runs at a tracepoint, which the kernel's types name by the number `tracepoint`.
///
/// # Errors
/// What the kernel refuses: `EPERM` without the right, `EINVAL` or `EACCES` where it does not find the program safe.
pub(crate) fn load_program(
    instructions: &[Instruction],
    license: &std::ffi::CStr,
    tracepoint: u32,
) -> io::Result<OwnedFd> {
    const LOAD_PROGRAM: libc::c_long = 5;
    const TRACING: u32 = 26;
    const TRACEPOINT: u32 = 23;
    let attributes = ProgramAttributes {
        kind: TRACING,
        instruction_count: instructions.len() as u32,
        instructions: instructions.as_ptr() as u64,
        license: license.as_ptr() as u64,
        name: *b"autoperf_freed\0\0",
        attach_kind: TRACEPOINT,
        attach_type: tracepoint,
        ..ProgramAttributes::default()
    };
    // SAFETY: instructions and licence are valid for the call, the one as long as told, the other up to its zero; the kernel
    // only reads them. The descriptor is new and nothing else owns it.
    unsafe { bpf(LOAD_PROGRAM, &attributes).map(|descriptor| OwnedFd::from_raw_fd(descriptor)) }
}

/// Lets a program of [`load_program`] run at its tracepoint until the descriptor is closed.
///
/// # Errors
/// What the kernel refuses.
pub(crate) fn attach_program(program: &OwnedFd) -> io::Result<OwnedFd> {
    const ATTACH: libc::c_long = 17;
    let attributes = AttachAttributes {
        program: program.as_raw_fd().cast_unsigned(),
        ..AttachAttributes::default()
    };
    // SAFETY: the attributes hold no addresses; the descriptor is new and nothing else owns it.
    unsafe { bpf(ATTACH, &attributes).map(|descriptor| OwnedFd::from_raw_fd(descriptor)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_reads_its_own_clock_and_not_that_of_one_that_is_not_there() {
        let own = process_cpu_clock_ns(std::process::id()).unwrap();
        assert!(own > 0);
        assert!(process_cpu_clock_ns(u32::MAX).is_err());
        assert!(
            process_cpu_clock_ns(4_194_304).is_err(),
            "above the largest pid that Linux gives"
        );
    }
}
