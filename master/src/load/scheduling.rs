//! How long a thread was ready to run but had to wait for a processor: the kernel's own account of starvation.

use std::fs::File;
use std::os::unix::fs::FileExt;

/// The account of the thread that opened it.
#[derive(Debug)]
pub struct RunQueue {
    file: Option<File>,
}

/// Counters since the thread's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Queued {
    /// Time spent waiting for a processor, ns.
    pub waited_ns: u64,
    /// Times that it was given one.
    pub turns: u64,
}

impl RunQueue {
    /// Opens the account of the calling thread; without one (no schedstat in the kernel) all readings are absent.
    #[must_use]
    pub fn of_this_thread() -> Self {
        Self {
            file: File::open("/proc/thread-self/schedstat").ok(),
        }
    }

    /// The counters now.
    #[must_use]
    pub fn read(&self) -> Option<Queued> {
        let mut text = [0; 96];
        let length = self.file.as_ref()?.read_at(&mut text, 0).ok()?;
        parse(text.get(..length)?)
    }
}

/// The three numbers of schedstat: time on a processor, time waiting for one, turns.
fn parse(text: &[u8]) -> Option<Queued> {
    let mut numbers = std::str::from_utf8(text)
        .ok()?
        .split_ascii_whitespace()
        .skip(1)
        .map(str::parse);
    Some(Queued {
        waited_ns: numbers.next()?.ok()?,
        turns: numbers.next()?.ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_kernels_form() {
        assert_eq!(
            parse(b"123456 789 42\n"),
            Some(Queued {
                waited_ns: 789,
                turns: 42
            })
        );
        assert_eq!(parse(b"123456\n"), None);
        assert_eq!(parse(b"a b c"), None);
    }

    #[test]
    fn counters_never_go_back() {
        let account = RunQueue::of_this_thread();
        let Some(first) = account.read() else {
            return;
        };
        for _ in 0..3 {
            std::thread::yield_now();
        }
        let second = account.read().expect("still there");
        assert!(second.waited_ns >= first.waited_ns && second.turns >= first.turns);
    }
}
