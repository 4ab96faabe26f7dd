//! `/proc/PID/io`: what a process, and the children that it has waited for, made disks do. Only its owner and root may read it.

/// What is used of the file, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DiskBytes {
    /// Read from disks.
    pub read: u64,
    /// Written to disks, or to be written, less what was taken back by deleting.
    pub written: u64,
}

impl DiskBytes {
    /// Reads the file's lines; `None` where one is missing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let value = |name: &str| {
            let line = text
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))?;
            line.trim().parse::<u64>().ok()
        };
        let cancelled = value("cancelled_write_bytes")?;
        Some(Self {
            read: value("read_bytes")?,
            written: value("write_bytes")?.saturating_sub(cancelled),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_apart_by_their_whole_names() {
        let text = "rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 5\nwrite_bytes: 60\ncancelled_write_bytes: 7\n";
        assert_eq!(DiskBytes::parse(text), Some(DiskBytes { read: 5, written: 53 }));
        assert_eq!(DiskBytes::parse("read_bytes: 5\n"), None);
    }
}
