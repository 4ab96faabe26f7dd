//! `/proc/PID/stat`: identity, parent, and counters in clock ticks (fields of proc_pid_stat(5)).

/// What is used of the file. Times are in clock ticks, cut off, not rounded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stat {
    /// Its number.
    pub pid: u32,
    /// Name of its main thread.
    pub comm: String,
    /// Scheduling state letter; `Z` for one that has ended and waits to be noticed.
    pub state: char,
    /// Its parent now; another than at birth when that one has ended.
    pub parent: u32,
    /// Page faults served from memory.
    pub minor_faults: u64,
    /// Page faults that needed a disk.
    pub major_faults: u64,
    /// Page faults served from memory of waited-for children.
    pub children_minor_faults: u64,
    /// Page faults that needed a disk of waited-for children.
    pub children_major_faults: u64,
    /// Its own CPU time, user and system, ended threads included.
    pub own_ticks: u64,
    /// CPU time of its children that have ended and been waited for, and of theirs.
    pub children_ticks: u64,
    /// Threads.
    pub threads: u32,
    /// Start, clock ticks since boot.
    pub start_ticks: u64,
    /// Address space, bytes.
    pub virtual_bytes: u64,
    /// Resident memory, pages.
    pub resident_pages: u64,
}

impl Stat {
    /// Reads the file's one line; `None` where it is not such a line.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        // The name may hold blanks and brackets; the last closing bracket ends it.
        let open = bytes.iter().position(|byte| *byte == b'(')?;
        let close = bytes.iter().rposition(|byte| *byte == b')')?;
        let pid = std::str::from_utf8(bytes.get(..open)?)
            .ok()?
            .trim()
            .parse()
            .ok()?;
        let comm = String::from_utf8_lossy(bytes.get(open + 1..close)?).into_owned();
        let rest = std::str::from_utf8(bytes.get(close + 1..)?).ok()?;
        let mut fields = Fields {
            rest: rest.split_ascii_whitespace(),
            next: 3,
        };
        let state = fields.text(3)?.chars().next()?;
        let parent = fields.number(4)?;
        let minor_faults = fields.number(10)?;
        let children_minor_faults = fields.number(11)?;
        let major_faults = fields.number(12)?;
        let children_major_faults = fields.number(13)?;
        let own_ticks = fields.number(14)?.saturating_add(fields.number(15)?);
        let children_ticks = fields.signed(16)?.saturating_add(fields.signed(17)?);
        Some(Self {
            pid,
            comm,
            state,
            parent: u32::try_from(parent).ok()?,
            minor_faults,
            major_faults,
            children_minor_faults,
            children_major_faults,
            own_ticks,
            children_ticks,
            threads: u32::try_from(fields.signed(20)?).ok()?,
            start_ticks: fields.number(22)?,
            virtual_bytes: fields.number(23)?,
            resident_pages: fields.signed(24)?,
        })
    }
}

/// The fields after the name, numbered as in the manual page; asked for in ascending order.
struct Fields<'a> {
    rest: std::str::SplitAsciiWhitespace<'a>,
    next: usize,
}

impl<'a> Fields<'a> {
    fn text(&mut self, number: usize) -> Option<&'a str> {
        let skip = number.checked_sub(self.next)?;
        self.next = number + 1;
        self.rest.nth(skip)
    }

    fn number(&mut self, number: usize) -> Option<u64> {
        self.text(number)?.parse().ok()
    }

    /// A field that the kernel declares signed but that is never meaningfully negative.
    fn signed(&mut self, number: usize) -> Option<u64> {
        let value: i64 = self.text(number)?.parse().ok()?;
        Some(u64::try_from(value).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LINE: &str = "4242 (a) (b c) S 17 4242 4242 0 -1 4194560 1000 2000 3 4 50 25 600 300 20 0 7 0 123456 \
                        135000064 2500 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 5 0 0 0 0 0 0 0 0 0 0\n";

    #[test]
    fn a_name_with_brackets_and_blanks_does_not_shift_the_fields() {
        let stat = Stat::parse(LINE.as_bytes()).unwrap();
        assert_eq!(stat.pid, 4242);
        assert_eq!(stat.comm, "a) (b c");
        assert_eq!((stat.state, stat.parent), ('S', 17));
        assert_eq!((stat.minor_faults, stat.major_faults), (1000, 3));
        assert_eq!(
            (stat.children_minor_faults, stat.children_major_faults),
            (2000, 4)
        );
        assert_eq!((stat.own_ticks, stat.children_ticks), (75, 900));
        assert_eq!((stat.threads, stat.start_ticks), (7, 123_456));
        assert_eq!((stat.virtual_bytes, stat.resident_pages), (135_000_064, 2500));
    }

    #[test]
    fn own_line_parses() {
        let line = std::fs::read("/proc/self/stat").unwrap();
        assert_eq!(Stat::parse(&line).unwrap().pid, std::process::id());
    }

    proptest! {
        #[test]
        fn cut_or_broken_lines_give_nothing_and_no_panic(cut in 0..LINE.len(), at in 0..LINE.len(), byte: u8) {
            let _ = Stat::parse(&LINE.as_bytes()[..cut]);
            let mut broken = LINE.as_bytes().to_vec();
            broken[at] = byte;
            let _ = Stat::parse(&broken);
        }
    }
}
