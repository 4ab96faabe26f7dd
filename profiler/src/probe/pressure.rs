//! Pressure stall information: time in which some task waited for a core, a disk, or memory. Kernels since 4.20, where it is
//! switched on.

use super::HostProbe;
use crate::observer::Depth;
use crate::reading::{HostReading, Pressure};
use crate::system::System;

pub(super) const CPU: HostProbe = HostProbe {
    name: "cpu-pressure",
    about: "time in which some task waited for a core",
    file: "proc/pressure/cpu",
    depth: Depth::Quick,
    parse: |text, _, reading| pressure(reading).cpu_some_ns = some_ns(text),
};

pub(super) const DISK: HostProbe = HostProbe {
    name: "io-pressure",
    about: "time in which some task waited for a disk",
    file: "proc/pressure/io",
    depth: Depth::Quick,
    parse: |text, _, reading| pressure(reading).io_some_ns = some_ns(text),
};

pub(super) const MEMORY: HostProbe = HostProbe {
    name: "memory-pressure",
    about: "time in which some task waited for memory",
    file: "proc/pressure/memory",
    depth: Depth::Quick,
    parse: |text, _: &System, reading| pressure(reading).memory_some_ns = some_ns(text),
};

fn pressure(reading: &mut HostReading) -> &mut Pressure {
    reading.detail.pressure.get_or_insert_default()
}

/// `some avg10=0.00 avg60=0.00 avg300=0.00 total=1234` in microseconds.
fn some_ns(text: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.starts_with("some "))?;
    line.rsplit_once("total=")?
        .1
        .trim()
        .parse::<u64>()
        .ok()?
        .checked_mul(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_of_the_line_some_counts() {
        let text = "some avg10=98.07 avg60=97.67 avg300=93.25 total=2215\nfull avg10=0.00 total=7\n";
        assert_eq!(some_ns(text), Some(2_215_000));
        assert_eq!(some_ns("full total=7\n"), None);
    }
}
