//! Memory of the host.

use super::HostProbe;
use crate::observer::Depth;
use crate::process::status::kibibytes;
use crate::reading::HostReading;
use crate::system::System;

pub(super) const PROBE: HostProbe = HostProbe {
    name: "memory",
    about: "memory installed, in use (total less available) and swap in use",
    file: "proc/meminfo",
    depth: Depth::Quick,
    parse,
};

fn parse(text: &str, _: &System, reading: &mut HostReading) {
    let value = |name: &str| {
        text.lines()
            .find_map(|line| kibibytes(line.strip_prefix(name)?.strip_prefix(':')?.trim()))
    };
    reading.detail.memory_total_bytes = value("MemTotal");
    // Kernels before 3.14 have no estimate of what is available.
    let available =
        value("MemAvailable").or_else(|| Some(value("MemFree")? + value("Cached")? + value("Buffers")?));
    reading.memory_used_bytes = value("MemTotal")
        .zip(available)
        .map(|(total, free)| total.saturating_sub(free));
    reading.detail.swap_used_bytes = value("SwapTotal")
        .zip(value("SwapFree"))
        .map(|(total, free)| total.saturating_sub(free));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_use_is_what_is_not_available() {
        let mut reading = HostReading::default();
        let text =
            "MemTotal: 1000 kB\nMemFree: 10 kB\nMemAvailable:  600 kB\nSwapTotal: 50 kB\nSwapFree: 20 kB\n";
        parse(text, &System::live(), &mut reading);
        assert_eq!(reading.memory_used_bytes, Some(400 * 1024));
        assert_eq!(reading.detail.swap_used_bytes, Some(30 * 1024));
        let mut old = HostReading::default();
        parse(
            "MemTotal: 1000 kB\nMemFree: 10 kB\nBuffers: 20 kB\nCached: 30 kB\n",
            &System::live(),
            &mut old,
        );
        assert_eq!(old.memory_used_bytes, Some(940 * 1024));
        let mut none = HostReading::default();
        parse("", &System::live(), &mut none);
        assert_eq!(none.memory_used_bytes, None);
    }
}
