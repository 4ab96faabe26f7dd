//! Blocks of whole disks.

use super::HostProbe;
use crate::observer::Depth;
use crate::reading::{Disk, HostReading};
use crate::system::System;

pub(super) const PROBE: HostProbe = HostProbe {
    name: "disk",
    about: "blocks of 512 bytes read and written, and busy time, of each whole disk and of all",
    file: "proc/diskstats",
    depth: Depth::Quick,
    parse,
};

fn parse(text: &str, system: &System, reading: &mut HostReading) {
    let (mut read, mut written) = (0_u64, 0_u64);
    for line in text.lines() {
        let Some(disk) = disk(line) else { continue };
        if !is_whole(&disk.name, system) {
            continue;
        }
        read = read.saturating_add(disk.blocks_read);
        written = written.saturating_add(disk.blocks_written);
        reading.detail.disks.push(disk);
    }
    reading.disk_blocks_read = Some(read);
    reading.disk_blocks_written = Some(written);
}

/// A line of the kernel's `Documentation/admin-guide/iostats.rst`: sectors are always of 512 bytes.
fn disk(line: &str) -> Option<Disk> {
    let mut columns = line.split_ascii_whitespace().skip(2);
    let name = columns.next()?.to_owned();
    let numbers: Vec<u64> = columns.map_while(|column| column.parse().ok()).collect();
    Some(Disk {
        name,
        blocks_read: *numbers.get(2)?,
        blocks_written: *numbers.get(6)?,
        busy_ns: numbers.get(9)?.saturating_mul(1_000_000),
    })
}

/// Partitions, and devices whose blocks arrive at another device too, would count twice.
fn is_whole(name: &str, system: &System) -> bool {
    const ON_TOP: &[&str] = &["loop", "ram", "zram", "dm-", "md", "sr", "fd", "nbd"];
    let bare = ON_TOP.iter().any(|prefix| {
        name.strip_prefix(prefix)
            .is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit()))
    });
    // The kernel writes a slash in a device's name as an exclamation mark in /sys.
    !bare
        && system
            .path(&format!("sys/block/{}", name.replace('/', "!")))
            .exists()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::Facts;

    #[test]
    fn partitions_and_stacked_devices_do_not_count_twice() {
        let folder = std::env::temp_dir().join(format!("disk-probe-{}", std::process::id()));
        for name in ["sda", "dm-0", "loop0", "nvme0n1", "md127", "cciss!c0d0"] {
            std::fs::create_dir_all(folder.join("sys/block").join(name)).unwrap();
        }
        let facts = Facts {
            ticks_per_s: 100,
            page_bytes: 4096,
            tick_ns: 4_000_000,
        };
        let system = System::recorded(&folder, facts);
        let mut text = String::new();
        for name in [
            "sda",
            "sda1",
            "dm-0",
            "loop0",
            "nvme0n1",
            "nvme0n1p1",
            "md127",
            "cciss/c0d0",
        ] {
            text.push_str(&format!(
                "   8 0 {name} 10 1 1000 9 20 2 3000 8 0 17 17 0 0 0 0 0 0\n"
            ));
        }
        let mut reading = HostReading::default();
        parse(&text, &system, &mut reading);
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(reading.disk_blocks_read, Some(3000));
        assert_eq!(reading.disk_blocks_written, Some(9000));
        let names: Vec<_> = reading
            .detail
            .disks
            .iter()
            .map(|disk| disk.name.as_str())
            .collect();
        assert_eq!(names, ["sda", "nvme0n1", "cciss/c0d0"]);
        assert_eq!(reading.detail.disks[0].busy_ns, 17_000_000);
    }
}
