//! One sink at work: its thread, its backlog, and what has become of it.

use super::columns::{Facts, Row};
use super::{Batch, Sink};
use crate::journal::entry::RecordEnd;
use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// The giver's end.
#[derive(Debug)]
pub(super) struct Stream {
    path: PathBuf,
    batches: Sender<Arc<Batch>>,
    done: Receiver<()>,
    shared: Arc<Shared>,
    most_waiting: usize,
    /// Transactions that were refused, or lost before they could be given.
    refused: u64,
    /// Whether it has room for what is given next.
    is_reserved: bool,
    is_failure_told: bool,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// Where the thread stands.
#[derive(Debug, Default)]
struct State {
    is_open: bool,
    /// Transactions given and neither written nor lost.
    waiting: usize,
    written: u64,
    /// Transactions that were taken, but could not be written.
    lost: u64,
    failure: Option<io::Error>,
}

impl Shared {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stream {
    /// Starts the thread, which opens the file first: where that is a pipe that nobody reads, it takes for ever.
    pub(super) fn open(path: PathBuf, sink: Box<dyn Sink>, facts: Arc<Facts>, most_waiting: usize) -> Self {
        let (batches, incoming) = channel();
        let (ended, done) = channel();
        let shared = Arc::new(Shared::default());
        let (for_thread, own_path) = (Arc::clone(&shared), path.clone());
        let work = move || {
            write_all(&own_path, sink, &facts, &incoming, &for_thread);
            // Nobody listens any more where the sink was left behind.
            let _ = ended.send(());
        };
        let started = std::thread::Builder::new().name("record".to_owned()).spawn(work);
        if let Err(error) = started {
            shared.state().failure = Some(error);
        }
        Self {
            path,
            batches,
            done,
            shared,
            most_waiting,
            refused: 0,
            is_reserved: false,
            is_failure_told: false,
        }
    }

    /// Waits until the file is open or cannot be opened, or the time is over.
    pub(super) fn wait_until_open(&self, within: Duration) -> io::Result<()> {
        let undecided = |state: &mut State| !state.is_open && state.failure.is_none();
        let waited = self
            .shared
            .changed
            .wait_timeout_while(self.shared.state(), within, undecided);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        // What happens to an open file is the run's matter, and may already have happened.
        if state.is_open {
            return Ok(());
        }
        state.failure.take().map_or(Ok(()), Err)
    }

    /// Where it writes.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Notes transactions that will never be given.
    pub(super) const fn note_missing(&mut self, count: u64) {
        self.refused += count;
    }

    /// Keeps room for so many transactions, for all of them or none. `false` without room, or where it has failed: they will be
    /// missing.
    pub(super) fn reserve(&mut self, count: usize) -> bool {
        let mut state = self.shared.state();
        self.is_reserved = state.failure.is_none() && state.waiting + count <= self.most_waiting;
        if self.is_reserved {
            state.waiting += count;
        } else {
            self.refused += count as u64;
        }
        self.is_reserved
    }

    /// Gives it what it has kept room for. Where it has failed meanwhile, nobody takes that: it counts as waiting for ever.
    pub(super) fn give(&mut self, batch: &Arc<Batch>) {
        if std::mem::take(&mut self.is_reserved) {
            let _ = self.batches.send(Arc::clone(batch));
        }
    }

    /// Why it was given up, once.
    pub(super) fn new_failure(&mut self) -> Option<String> {
        if self.is_failure_told {
            return None;
        }
        let state = self.shared.state();
        let error = state.failure.as_ref()?;
        self.is_failure_told = true;
        Some(format!(
            "the record {} is given up after {} transactions: {error}; the run goes on without it",
            self.path.display(),
            state.written
        ))
    }

    /// Transactions written, and whether it was given up.
    #[cfg(test)]
    pub(super) fn progress(&self) -> (u64, bool) {
        let state = self.shared.state();
        (state.written, state.failure.is_some())
    }

    /// Gives it nothing more.
    pub(super) fn close(self) -> Closing {
        let Self {
            path,
            done,
            shared,
            refused,
            ..
        } = self;
        Closing {
            path,
            done,
            shared,
            refused,
        }
    }
}

/// A sink that writes what waits.
#[derive(Debug)]
pub(super) struct Closing {
    path: PathBuf,
    done: Receiver<()>,
    shared: Arc<Shared>,
    refused: u64,
}

impl Closing {
    /// Waits until it is done, or leaves it behind.
    pub(super) fn end(self, within: Duration) -> RecordEnd {
        let stuck = self.done.recv_timeout(within) == Err(RecvTimeoutError::Timeout);
        let state = self.shared.state();
        let failure = match &state.failure {
            Some(error) => Some(error.to_string()),
            None if stuck => Some("nobody took what waited when the run was over".to_owned()),
            None => None,
        };
        RecordEnd {
            path: self.path.display().to_string(),
            written: state.written,
            missing: self.refused + state.lost + state.waiting as u64,
            failure,
        }
    }
}

/// The thread's work: all batches, until there are no more or one cannot be written.
fn write_all(
    path: &Path,
    mut sink: Box<dyn Sink>,
    facts: &Facts,
    incoming: &Receiver<Arc<Batch>>,
    shared: &Shared,
) {
    let opened = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .open(path);
    let file = opened.inspect(|_| {
        shared.state().is_open = true;
        shared.changed.notify_all();
    });
    let mut to = match file {
        Ok(file) => BufWriter::new(file),
        Err(error) => return give_up(error, incoming, shared),
    };
    let begun = sink.begin(&mut to).and_then(|()| to.flush());
    if let Err(error) = begun {
        return give_up(error, incoming, shared);
    }
    while let Ok(batch) = incoming.recv() {
        let row = |finished| Row {
            facts,
            level: batch.level,
            finished,
        };
        let mut rows = batch.finished.iter().map(row);
        // Flushed batch by batch, so that what is counted as written has left this process.
        let wrote = rows
            .try_for_each(|row| sink.row(&row, &mut to))
            .and_then(|()| to.flush());
        let count = batch.finished.len();
        let mut state = shared.state();
        state.waiting -= count;
        match wrote {
            Ok(()) => state.written += count as u64,
            Err(error) => {
                state.lost += count as u64;
                drop(state);
                // What is left in the buffer must not be tried again when it goes away.
                let _ = to.into_parts();
                return give_up(error, incoming, shared);
            }
        }
    }
}

/// Notes why nothing more is written; what waits is lost.
fn give_up(error: io::Error, incoming: &Receiver<Arc<Batch>>, shared: &Shared) {
    let mut state = shared.state();
    state.failure = Some(error);
    // From here on nothing is given any more, except what was on its way.
    let lost: usize = incoming.try_iter().map(|batch| batch.finished.len()).sum();
    state.waiting -= lost;
    state.lost += lost as u64;
    drop(state);
    shared.changed.notify_all();
}
