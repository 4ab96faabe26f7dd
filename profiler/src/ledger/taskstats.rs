//! The kernel's exit records (`include/uapi/linux/taskstats.h`), one for each ended thread, made by the dying thread itself.
//!
//! Living tasks are never asked for: on some kernels that question ends in a panic. The user and system times in the record
//! are counts of timer ticks and say nothing of short tasks; the scheduler's own sum of run times is exact.

use std::io;

use rustix::net::netlink::GENERIC;

use crate::netlink::{self, HEADER, Socket, attributes, u16_at, u32_at, u64_at};

/// Bytes of the generic header after the netlink header.
const GENERIC_HEADER: usize = 4;
/// The first version of the record that names the process of a thread.
const LEAST_VERSION: u16 = 12;

/// The end of a thread.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ThreadEnd {
    /// Its process.
    pub process: u32,
    /// It.
    pub thread: u32,
    /// Its CPU time, ns, without what ending itself costs.
    pub cpu_ns: u64,
    /// Whether its process has ended with it.
    pub last: bool,
    /// Its name.
    pub comm: String,
    /// Page faults served from memory.
    pub minor_faults: u64,
    /// Page faults that needed a disk.
    pub major_faults: u64,
    /// Bytes that it made disks read.
    pub read_bytes: u64,
    /// Bytes that it made disks write.
    pub write_bytes: u64,
    /// Times it gave up its core to wait.
    pub voluntary_switches: u64,
    /// Times it lost its core.
    pub involuntary_switches: u64,
}

impl ThreadEnd {
    /// Reads one message; `None` for anything but the record of a thread in a version that names its process.
    #[must_use]
    pub fn parse(message: &[u8]) -> Option<Self> {
        const ONE_THREAD: u16 = 4;
        const RECORD: u16 = 3;
        let body = message.get(HEADER + GENERIC_HEADER..)?;
        let (_, thread) = attributes(body).find(|(kind, _)| *kind == ONE_THREAD)?;
        let (_, record) = attributes(thread).find(|(kind, _)| *kind == RECORD)?;
        Self::from_record(record)
    }

    fn from_record(record: &[u8]) -> Option<Self> {
        const LAST_OF_PROCESS: u8 = 0x20;
        if u16_at(record, 0)? < LEAST_VERSION {
            return None;
        }
        let name = record.get(80..112)?;
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        Some(Self {
            process: u32_at(record, 368)?,
            thread: u32_at(record, 128)?,
            cpu_ns: u64_at(record, 72)?,
            last: record.get(8)? & LAST_OF_PROCESS != 0,
            comm: String::from_utf8_lossy(name).into_owned(),
            minor_faults: u64_at(record, 168)?,
            major_faults: u64_at(record, 176)?,
            read_bytes: u64_at(record, 248)?,
            write_bytes: u64_at(record, 256)?.saturating_sub(u64_at(record, 264)?),
            voluntary_switches: u64_at(record, 272)?,
            involuntary_switches: u64_at(record, 280)?,
        })
    }

    /// Whether it is the end of this thread of this process.
    #[must_use]
    pub fn is(&self, process: u32, thread: u32) -> bool {
        self.process == process && self.thread == thread
    }
}

/// A socket to which the kernel sends the exit records of these cores.
pub(super) fn listen(buffer_bytes: usize, cores: &str) -> io::Result<Socket> {
    const GET: u8 = 1;
    const REGISTER_CORES: u16 = 3;
    let mut socket = Socket::open(GENERIC, 0, buffer_bytes)?;
    let family = family(&mut socket)?;
    let mut body = vec![GET, 1, 0, 0];
    body.extend_from_slice(&netlink::text_attribute(REGISTER_CORES, cores));
    socket.send(&netlink::request(family, &body))?;
    socket.answer()?;
    Ok(socket)
}

/// The number that this kernel has given to the records' family.
fn family(socket: &mut Socket) -> io::Result<u16> {
    const CONTROL: u16 = 16;
    const GET_FAMILY: u8 = 3;
    const FAMILY_ID: u16 = 1;
    const FAMILY_NAME: u16 = 2;
    let mut body = vec![GET_FAMILY, 1, 0, 0];
    body.extend_from_slice(&netlink::text_attribute(FAMILY_NAME, "TASKSTATS"));
    socket.send(&netlink::request(CONTROL, &body))?;
    let answer = socket.answer()?;
    let attributes_begin = answer.get(HEADER + GENERIC_HEADER..).unwrap_or_default();
    let id = attributes(attributes_begin).find(|(kind, _)| *kind == FAMILY_ID);
    id.and_then(|(_, content)| u16_at(content, 0))
        .ok_or_else(|| io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(version: u16) -> Vec<u8> {
        let mut record = vec![0; 560];
        record[..2].copy_from_slice(&version.to_ne_bytes());
        record[8] = 0x20;
        record[72..80].copy_from_slice(&3_000_000_u64.to_ne_bytes());
        record[80..86].copy_from_slice(b"php-cg");
        record[128..132].copy_from_slice(&77_u32.to_ne_bytes());
        record[256..264].copy_from_slice(&4096_u64.to_ne_bytes());
        record[368..372].copy_from_slice(&70_u32.to_ne_bytes());
        record
    }

    #[test]
    fn the_record_s_fields_are_where_the_kernel_puts_them() {
        let end = ThreadEnd::from_record(&record(16)).unwrap();
        assert_eq!(
            (end.process, end.thread, end.cpu_ns, end.last),
            (70, 77, 3_000_000, true)
        );
        assert_eq!((end.comm.as_str(), end.write_bytes), ("php-cg", 4096));
        assert_eq!(
            ThreadEnd::from_record(&record(11)),
            None,
            "it does not name the process"
        );
        assert_eq!(ThreadEnd::from_record(&record(12)[..300]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_record_or_nothing(bytes in prop::collection::vec(any::<u8>(), 0..700)) {
            let _ = ThreadEnd::parse(&bytes);
            let _ = ThreadEnd::from_record(&bytes);
        }
    }
}
