//! The probes of a host: each reads one file and fills its part of a [`HostReading`]. What the kernel does not offer stays
//! absent.

use crate::observer::Depth;
use crate::reading::HostReading;
use crate::system::{Kept, System};

mod cpu;
mod disk;
mod frequency;
mod load;
mod memory;
mod network;
mod pressure;
mod tcp;

/// One probe.
#[derive(Debug, Clone, Copy)]
pub struct HostProbe {
    /// Its name.
    pub name: &'static str,
    /// What it finds, for the reference table.
    pub about: &'static str,
    /// The file that it reads, from the root.
    pub file: &'static str,
    /// In which looks it is read.
    pub depth: Depth,
    /// Reads the file's content into the reading.
    pub parse: fn(&str, &System, &mut HostReading),
}

/// Every probe of a host.
pub const HOST_PROBES: &[HostProbe] = &[
    cpu::PROBE,
    load::PROBE,
    memory::PROBE,
    disk::PROBE,
    network::PROBE,
    tcp::RETRANSMISSIONS,
    tcp::PORTS,
    pressure::CPU,
    pressure::DISK,
    pressure::MEMORY,
    frequency::PROBE,
];

/// The probes of a machine with their files held open.
#[derive(Debug)]
pub struct Host {
    open: Vec<(&'static HostProbe, Kept)>,
    buffer: Vec<u8>,
}

impl Host {
    /// Opens the files of all probes; those that cannot be opened are left out.
    #[must_use]
    pub fn open(system: &System) -> Self {
        let open = HOST_PROBES
            .iter()
            .filter_map(|probe| Some((probe, system.keep(probe.file).ok()?)))
            .collect();
        Self {
            open,
            buffer: Vec::new(),
        }
    }

    /// Reads the probes of a look of this depth now.
    pub fn read(&mut self, system: &System, depth: Depth) -> HostReading {
        let mut reading = HostReading::default();
        for (probe, file) in &self.open {
            let due = depth == Depth::Full || probe.depth == Depth::Quick;
            if due && file.read_into(&mut self.buffer).is_ok() {
                (probe.parse)(&String::from_utf8_lossy(&self.buffer), system, &mut reading);
            }
        }
        reading
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn probes_are_named_once_and_documented() {
        let names: BTreeSet<_> = HOST_PROBES.iter().map(|probe| probe.name).collect();
        assert_eq!(names.len(), HOST_PROBES.len());
        assert!(
            HOST_PROBES
                .iter()
                .all(|probe| probe.about.len() > 20 && !probe.file.starts_with('/'))
        );
    }

    #[test]
    fn no_probe_minds_nonsense() {
        let system = System::live();
        for probe in HOST_PROBES {
            for text in [
                "",
                "\n\n",
                "cpu",
                "cpu x y\ncpu0 1\n",
                "a: b: c\n",
                "1 2 3 4\n",
                "MemTotal: kB\n",
            ] {
                let mut reading = HostReading::default();
                (probe.parse)(text, &system, &mut reading);
            }
        }
    }

    #[test]
    fn this_machine_has_the_basic_counters() {
        let system = System::live();
        let mut host = Host::open(&system);
        let first = host.read(&system, Depth::Full);
        let second = host.read(&system, Depth::Full);
        assert!(first.cpu_busy_ns > 0 && first.cores > 0);
        assert!(second.cpu_busy_ns >= first.cpu_busy_ns);
        assert!(first.memory_used_bytes > Some(0));
    }
}
