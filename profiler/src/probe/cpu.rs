//! CPU time of the host by mode and core.

use super::HostProbe;
use crate::observer::Depth;
use crate::reading::{CpuModes, HostReading};
use crate::system::System;

pub(super) const PROBE: HostProbe = HostProbe {
    name: "cpu",
    about: "CPU time by mode over all cores, busy time of each core, time stolen by the hypervisor",
    file: "proc/stat",
    depth: Depth::Quick,
    parse,
};

fn parse(text: &str, system: &System, reading: &mut HostReading) {
    for line in text.lines() {
        let Some((name, columns)) = line.split_once(' ') else {
            continue;
        };
        if name == "processes" {
            reading.detail.tasks_started = columns.trim().parse().ok();
        }
        let Some(core) = name.strip_prefix("cpu") else {
            continue;
        };
        let modes = modes(columns, system);
        // Busy is what the columns say was worked, not what the idle column leaves: with a hypervisor idle and stolen time
        // overlap, and the difference is wrong by as much as is stolen.
        let busy_ns = modes.user_ns + modes.nice_ns + modes.system_ns + modes.irq_ns + modes.softirq_ns;
        if core.is_empty() {
            reading.cpu_busy_ns = busy_ns;
            reading.cpu_steal_ns = modes.steal_ns;
            reading.detail.cpu_modes = Some(modes);
        } else {
            reading.cores += 1;
            reading.detail.core_busy_ns.push(busy_ns);
        }
    }
}

fn modes(columns: &str, system: &System) -> CpuModes {
    let mut values = columns
        .split_ascii_whitespace()
        .map(|column| column.parse().unwrap_or(0));
    let mut next = || {
        system
            .facts()
            .ticks_to_ns(values.next().unwrap_or(0))
            .min(u64::MAX / 16)
    };
    CpuModes {
        user_ns: next(),
        nice_ns: next(),
        system_ns: next(),
        idle_ns: next(),
        iowait_ns: next(),
        irq_ns: next(),
        softirq_ns: next(),
        steal_ns: next(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_waiting_and_stolen_time_are_not_busy() {
        let text = "cpu  100 10 50 9000 70 5 6 30 20 0\ncpu0 60 5 25 4500 35 3 3 15 10 0\n\
                    cpu1 40 5 25 4500 35 2 3 15 10 0\nintr 12 0 0\nctxt 99\nprocesses 77\n";
        let mut reading = HostReading::default();
        parse(text, &System::live(), &mut reading);
        let tick = System::live().facts().ticks_to_ns(1);
        assert_eq!(reading.cpu_busy_ns, 171 * tick);
        assert_eq!(reading.cpu_steal_ns, 30 * tick);
        assert_eq!(reading.cores, 2);
        assert_eq!(reading.detail.tasks_started, Some(77));
        assert_eq!(reading.detail.core_busy_ns, [96 * tick, 75 * tick]);
        assert_eq!(reading.detail.cpu_modes.unwrap().iowait_ns, 70 * tick);
    }
}
