//! `/proc/PID/status`: dearer than `stat` (25 us a process), so read at snapshots on demand and at first sight.

/// What is used of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// Largest resident memory so far, bytes.
    pub resident_peak_bytes: Option<u64>,
    /// Cores it may run on, as numbers of cores.
    pub cores: Vec<u32>,
    /// Whether it ignores the news of its children's ends, so that their CPU time is added to nobody's.
    pub ignores_children: bool,
    /// Its number in the innermost process name space.
    pub inner_pid: Option<u32>,
}

impl Status {
    /// Reads the file's lines; what is missing stays empty.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        const CHILD_SIGNAL: u32 = 17;
        let mut status = Self::default();
        for line in text.lines() {
            let Some((name, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            match name {
                "VmHWM" => status.resident_peak_bytes = kibibytes(value),
                "Cpus_allowed_list" => status.cores = core_list(value),
                "SigIgn" => {
                    let mask = u64::from_str_radix(value, 16).unwrap_or(0);
                    status.ignores_children = mask & (1 << (CHILD_SIGNAL - 1)) != 0;
                }
                "NSpid" => {
                    status.inner_pid = value
                        .split_whitespace()
                        .next_back()
                        .and_then(|pid| pid.parse().ok())
                }
                _ => {}
            }
        }
        status
    }
}

/// `1234 kB` in bytes.
pub(crate) fn kibibytes(value: &str) -> Option<u64> {
    value
        .strip_suffix("kB")?
        .trim()
        .parse::<u64>()
        .ok()?
        .checked_mul(1024)
}

/// A kernel list of numbers, such as `0-3,8`. Parts that are no numbers are left out, and no range is believed beyond the
/// largest number of cores that Linux supports.
pub(crate) fn core_list(value: &str) -> Vec<u32> {
    const MOST_CORES: u32 = 8192;
    let mut cores = Vec::new();
    for part in value.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        if let (Ok(first), Ok(last)) = (first.trim().parse::<u32>(), last.trim().parse::<u32>()) {
            cores.extend(first..=last.min(MOST_CORES));
        }
    }
    cores
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_used_are_found() {
        let text = "Name:\tapache2\nNSpid:\t30692\t1\nVmHWM:\t    1636 kB\nSigIgn:\t0000000000010000\n\
                    Cpus_allowed_list:\t0-1,4\n";
        let status = Status::parse(text);
        assert_eq!(status.resident_peak_bytes, Some(1636 * 1024));
        assert_eq!(status.cores, [0, 1, 4]);
        assert!(status.ignores_children);
        assert_eq!(status.inner_pid, Some(1));
    }

    #[test]
    fn other_ignored_signals_do_not_matter_and_nonsense_gives_nothing() {
        assert!(!Status::parse("SigIgn:\t0000000000001000\n").ignores_children);
        assert_eq!(
            Status::parse("VmHWM: lots\nCpus_allowed_list: x-y,7-\nNSpid:\n"),
            Status::default()
        );
        assert_eq!(core_list("5-4000000000").len(), 8188);
    }
}
