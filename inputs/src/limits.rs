//! Bounds on what a file may ask for, so that a hostile or damaged one costs an error and nothing more.

/// Largest file that is read, bytes.
pub const MAX_FILE_BYTES: u64 = 16 << 20;
/// Deepest nesting of tags.
pub const MAX_DEPTH: usize = 16;
/// Most tags in a file.
pub const MAX_ELEMENTS: usize = 200_000;
/// Most transactions.
pub const MAX_TRANSACTIONS: usize = 10_000;
/// Most states of a navigation graph, Entry and Exit included; its table grows with the square.
pub const MAX_STATES: usize = 1_000;
/// Most values of one sequence or column.
pub const MAX_VALUES: usize = 1_000_000;
/// Most values of all sequences together.
pub const MAX_ALL_VALUES: usize = 4_000_000;
/// Most value files, and most of their columns, that a workload may use.
pub const MAX_VALUE_FILES: usize = 1_000;
/// Most different names of extracted values.
pub const MAX_EXTRACTED: usize = 1_000;
/// Most manual load levels, repeats expanded.
pub const MAX_LEVELS: usize = 100_000;
/// Deepest nesting of repeats.
pub const MAX_REPEAT_DEPTH: usize = 16;
/// Most users at one load level.
pub const MAX_USERS: u32 = 1_000_000;
/// Longest time that may be typed anywhere, s (about eleven days).
pub const MAX_TIME_S: f64 = 1e6;
/// How far a row of the navigation graph may sum from 1; decimals sum to 1 far better than this.
pub const ROW_SUM_TOLERANCE: f64 = 1e-6;
/// Findings after which a report is cut.
pub const MAX_SHOWN_DIAGNOSTICS: usize = 25;
/// Findings that are kept.
pub const MAX_DIAGNOSTICS: usize = 100;
/// Characters of a message that a report shows, since it may quote a text of any length.
pub(crate) const SHOWN_MESSAGE: usize = 500;
/// Characters of a source line that a report shows.
pub(crate) const SHOWN_LINE: usize = 140;
/// Characters shown before the marked ones in a line that is cut.
pub(crate) const SHOWN_BEFORE: usize = 60;
