//! Records summed up in short windows of equal length.

use crate::level::Bin;
use crate::record::Record;

/// Sums records into bins by the instant of their end. Bins without a record are there too.
#[derive(Debug, Clone)]
pub struct BinAggregator {
    origin_ns: u64,
    length_ns: u64,
    /// Bins not handed out yet; the first one's index is `emitted`.
    open: std::collections::VecDeque<Bin>,
    emitted: u64,
}

impl BinAggregator {
    /// Bins of `length_s` (at least a microsecond), the first of which begins at `origin_s` on the records' clock.
    #[must_use]
    pub fn new(origin_s: f64, length_s: f64) -> Self {
        Self {
            origin_ns: nanoseconds(origin_s),
            length_ns: nanoseconds(length_s).max(1_000),
            open: std::collections::VecDeque::new(),
            emitted: 0,
        }
    }

    /// Counts a record. One that ended before the origin or in a bin already closed does not belong to this series.
    pub fn push(&mut self, record: &Record) {
        let Some(index) = record
            .end_ns
            .checked_sub(self.origin_ns)
            .and_then(|offset| (offset / self.length_ns).checked_sub(self.emitted))
        else {
            return;
        };
        while self.open.len() as u64 <= index {
            let next = self.empty(self.emitted + self.open.len() as u64);
            self.open.push_back(next);
        }
        let bin = &mut self.open[index as usize];
        if record.outcome.is_ok() {
            let response_s = record.response_time_s();
            bin.completions += 1;
            bin.response_sum_s += response_s;
            bin.response_sum_sq_s2 += response_s * response_s;
        } else if record.outcome.is_timeout() {
            bin.timeouts += 1;
        } else {
            bin.errors += 1;
        }
    }

    /// Hands out, in order, the bins that end at or before `until_s`.
    pub fn close(&mut self, until_s: f64, mut take: impl FnMut(Bin)) {
        let whole = nanoseconds(until_s).saturating_sub(self.origin_ns) / self.length_ns;
        while self.emitted < whole {
            let bin = self.open.pop_front().unwrap_or_else(|| self.empty(self.emitted));
            self.emitted += 1;
            take(bin);
        }
    }

    fn empty(&self, index: u64) -> Bin {
        Bin {
            start_s: (index * self.length_ns) as f64 * 1e-9,
            length_s: self.length_ns as f64 * 1e-9,
            ..Bin::default()
        }
    }
}

/// Seconds of the virtual clock in the records' unit.
pub(super) fn nanoseconds(time_s: f64) -> u64 {
    (time_s * 1e9).round() as u64
}
