//! What both programs share: the clock, quantiles, and one epoll instance with sockets that never block.

use rustix::event::{Timespec, epoll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use rustix::time::{ClockId, clock_gettime};

/// CLOCK_MONOTONIC, ns.
pub fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// CPU time of this process, s.
pub fn cpu_s() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9
}

/// The value below which a share of all lies, microseconds; 0 of nothing.
pub fn quantile_us(times_ns: &mut [u64], share: f64) -> f64 {
    times_ns.sort_unstable();
    let at = (times_ns.len() as f64 * share) as usize;
    let value = times_ns.get(at.min(times_ns.len().saturating_sub(1)));
    value.map_or(0.0, |ns| *ns as f64 * 1e-3)
}

/// Waits for events for at most so long; the keys of the sockets that are ready.
pub fn wait(queue: &OwnedFd, wait_ns: u64, keys: &mut Vec<u64>) {
    let mut events: Vec<epoll::Event> = Vec::with_capacity(256);
    let timeout = Timespec {
        tv_sec: (wait_ns / 1_000_000_000) as i64,
        tv_nsec: (wait_ns % 1_000_000_000) as i64,
    };
    let _ = epoll::wait(queue, rustix::buffer::spare_capacity(&mut events), Some(&timeout));
    keys.clear();
    keys.extend(events.iter().map(|event| event.data.u64()));
}

/// Registers a socket for reading, edge-triggered.
pub fn watch(queue: &OwnedFd, socket: &OwnedFd, key: u64) -> Result<(), Errno> {
    let flags = epoll::EventFlags::IN | epoll::EventFlags::RDHUP | epoll::EventFlags::ET;
    epoll::add(queue, socket, epoll::EventData::new_u64(key), flags)
}

/// Reads once; `None` if there is nothing, 0 at the end.
pub fn read(socket: &OwnedFd, buffer: &mut [u8]) -> Option<usize> {
    match recv(socket, buffer, RecvFlags::DONTWAIT) {
        Ok((bytes, _)) => Some(bytes),
        Err(Errno::AGAIN | Errno::INTR) => None,
        Err(_) => Some(0),
    }
}

/// Writes a short message, which a socket with an empty queue always takes whole.
pub fn write(socket: &OwnedFd, bytes: &[u8]) -> bool {
    send(socket, bytes, SendFlags::NOSIGNAL | SendFlags::DONTWAIT) == Ok(bytes.len())
}
