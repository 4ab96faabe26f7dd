//! A group's reading from its members.

use super::Member;
use crate::observer::account::TreeSum;
use crate::observer::account::counts::Counts;
use crate::observer::table::Seen;
use crate::reading::GroupReading;
use crate::system::Facts;

pub(super) fn add(sum: &mut TreeSum, member: &Member, seen: &Seen) {
    sum.own_ns += member.own_spent_ns();
    let children_ns = member.spent_ns() - member.own_spent_ns();
    sum.children_ns += children_ns;
    sum.parents += u32::from(member.has_waited || children_ns > 0);
    sum.by_ticks += u32::from(seen.cpu_ns.is_some() && !seen.by_clock);
    if seen.stat.state != 'Z' {
        sum.processes += 1;
        sum.threads += seen.stat.threads;
    }
}

pub(super) fn describe(reading: &mut GroupReading, seen: &Seen, facts: &Facts) {
    let add = |total: &mut Option<u64>, part: Option<u64>| {
        if let Some(part) = part {
            *total = Some(total.unwrap_or(0).saturating_add(part));
        }
    };
    add(
        &mut reading.resident_bytes,
        seen.stat.resident_pages.checked_mul(facts.page_bytes),
    );
    add(&mut reading.resident_peak_bytes, seen.status.resident_peak_bytes);
    add(&mut reading.detail.virtual_bytes, Some(seen.stat.virtual_bytes));
    add(&mut reading.detail.open_files, seen.open_files);
    // These two are only places for the sums: absent where no member lets them be read.
    add(&mut reading.detail.disk_read_bytes, seen.disk.map(|_| 0));
    add(&mut reading.detail.voluntary_switches, seen.switches.map(|_| 0));
}

pub(super) fn add_counts(reading: &mut GroupReading, counts: Counts, ledger: bool) {
    let [minor, major, read, written] = counts.tree;
    let disk = reading.detail.disk_read_bytes.is_some();
    let switches = ledger && reading.detail.voluntary_switches.is_some();
    reading.detail.minor_faults = Some(minor);
    reading.detail.major_faults = Some(major);
    reading.detail.disk_read_bytes = disk.then_some(read);
    reading.detail.disk_write_bytes = disk.then_some(written);
    reading.detail.voluntary_switches = switches.then_some(counts.own[0]);
    reading.detail.involuntary_switches = switches.then_some(counts.own[1]);
}
