//! A run as the journal tells it: its beginning, its levels with everything measured in them, its end.

use crate::journal::entry::{
    Agent, AgentReading, Begin, BinRow, End, Entry, LevelBegin, LevelEnd, Note, RecordEnd, Second, Walks,
};
use autoperf_models::level::Bin;

/// A run, as far as it has got.
#[derive(Debug, Clone, PartialEq)]
pub struct RunLog {
    /// First entry.
    pub begin: Begin,
    /// Agents reached.
    pub agents: Vec<Agent>,
    /// Levels in time order; the last one may be unfinished.
    pub levels: Vec<LevelLog>,
    /// Notes in time order.
    pub notes: Vec<Note>,
    /// Which ways the users took, where they walked a graph and the load has ended.
    pub walks: Option<Walks>,
    /// What became of the records of every transaction, where any were asked for and the load has ended.
    pub records: Vec<RecordEnd>,
    /// Last entry, if the run ended in order.
    pub end: Option<End>,
}

/// A level and everything measured in it.
#[derive(Debug, Clone, PartialEq)]
pub struct LevelLog {
    /// How it began.
    pub begin: LevelBegin,
    /// Its seconds in time order.
    pub seconds: Vec<Second>,
    /// The agents' readings from the level's begin on.
    pub readings: Vec<AgentReading>,
    /// How it ended; `None` while it runs or where the run broke off.
    pub end: Option<LevelEnd>,
}

impl RunLog {
    /// A run that has just begun.
    #[must_use]
    pub fn new(begin: Begin) -> Self {
        Self {
            begin,
            agents: Vec::new(),
            levels: Vec::new(),
            notes: Vec::new(),
            walks: None,
            records: Vec::new(),
            end: None,
        }
    }

    /// The run that these entries tell; `None` unless the first is a beginning.
    #[must_use]
    pub fn from_entries(entries: Vec<Entry>) -> Option<Self> {
        let mut entries = entries.into_iter();
        let Some(Entry::Begin(begin)) = entries.next() else {
            return None;
        };
        let mut log = Self::new(*begin);
        entries.for_each(|entry| log.push(entry));
        Some(log)
    }

    /// Takes in one more entry. Seconds and readings belong to the level that began last; readings that come after its
    /// end are kept with it, since the one taken right at the end closes its last interval. Where levels follow each other
    /// without a pause, the reading taken at the change closes one and opens the next, and it may arrive before or after
    /// the change is written: it belongs to both.
    pub fn push(&mut self, entry: Entry) {
        match entry {
            Entry::Begin(_) => {}
            Entry::Agent(agent) => self.agents.push(agent),
            Entry::LevelBegin(begin) => {
                let readings = self.readings_at_change(&begin);
                self.levels.push(LevelLog {
                    begin,
                    seconds: Vec::new(),
                    readings,
                    end: None,
                });
            }
            Entry::Second(second) => self.with_last(|level| level.seconds.push(*second)),
            Entry::Reading(reading) => self.reading(*reading),
            Entry::LevelEnd(end) => self.with_last(|level| level.end = Some(end)),
            Entry::Note(note) => self.notes.push(note),
            Entry::Walks(walks) => self.walks = Some(walks),
            Entry::Record(record) => self.records.push(record),
            Entry::End(end) => self.end = Some(end),
        }
    }

    /// A reading that a broken connection has held up belongs to the level in whose time it was taken.
    fn reading(&mut self, reading: AgentReading) {
        let begun = |level: &LevelLog| reading.at_s >= level.begin.at_s - AT_CHANGE_S;
        let index = self.levels.iter().rposition(begun).unwrap_or(0);
        let (earlier, later) = self.levels.split_at_mut(index);
        let Some(level) = later.first_mut() else { return };
        if let Some(before) = earlier.last_mut()
            && follows_at_once(before, &level.begin)
            && reading.at_s < level.begin.at_s + AT_CHANGE_S
        {
            before.readings.push(reading.clone());
        }
        level.readings.push(reading);
    }

    fn readings_at_change(&self, begin: &LevelBegin) -> Vec<AgentReading> {
        let Some(before) = self.levels.last().filter(|before| follows_at_once(before, begin)) else {
            return Vec::new();
        };
        let near = |reading: &&AgentReading| reading.at_s >= begin.at_s - AT_CHANGE_S;
        before.readings.iter().filter(near).cloned().collect()
    }

    /// Levels that were carried to their end.
    pub fn finished_levels(&self) -> impl Iterator<Item = &LevelLog> {
        self.levels
            .iter()
            .filter(|level| level.end.as_ref().is_some_and(|end| end.ended_by != INTERRUPTED))
    }

    fn with_last(&mut self, change: impl FnOnce(&mut LevelLog)) {
        if let Some(level) = self.levels.last_mut() {
            change(level);
        }
    }
}

/// A reading so near to a change of levels, s, belongs to both.
const AT_CHANGE_S: f64 = 0.05;

/// Whether a level of a schedule takes over where another one ends.
fn follows_at_once(before: &LevelLog, begin: &LevelBegin) -> bool {
    let end_s = before.end.as_ref().map(|end| end.at_s);
    begin.purpose == SCHEDULED && end_s.is_some_and(|end_s| (begin.at_s - end_s).abs() < 1e-6)
}

/// [`LevelBegin::purpose`] of a level that a schedule states.
pub const SCHEDULED: &str = "schedule";

/// [`LevelEnd::ended_by`] of a level that was broken off; it enters no figure.
pub const INTERRUPTED: &str = "interrupted";

impl LevelLog {
    /// The windows of the level in time order.
    pub fn bins(&self) -> impl Iterator<Item = Bin> {
        self.seconds
            .iter()
            .flat_map(|second| second.bins.iter().map(bin_of))
    }
}

/// A window as the statistics take it.
#[must_use]
pub fn bin_of(row: &BinRow) -> Bin {
    let &(start_s, length_s, completions, errors, timeouts, response_sum_s, response_sum_sq_s2) = row;
    Bin {
        start_s,
        length_s,
        completions,
        errors,
        timeouts,
        response_sum_s,
        response_sum_sq_s2,
    }
}
