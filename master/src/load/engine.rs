//! Starts the generator threads, tells them how many users they have, and merges what they see.

use super::arrivals::ArrivalLaw;
use super::plan::Plan;
use super::shard::recorder::Recorder;
use super::shard::{Command, Control, Shard, ShardEnd, ShardPlace, Waiting};
use super::shelf::{Finished, Shelf, shelf};
use super::window::Window;
use super::{EngineConfig, EngineError, Script, limits};
use crate::clock::{Clock, monotonic_ns};
use autoperf_inputs::workload::Workload;
use autoperf_models::record::Record;
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Running load. Dropping it ends the load.
#[derive(Debug)]
pub struct Engine {
    clock: Clock,
    shards: Vec<Running>,
    windows: Mutex<Windows>,
    descriptor_limit: u64,
    /// Descriptors that were open without any connection.
    descriptors_at_start: u64,
    local_ports: u64,
    only_loopback: bool,
}

#[derive(Debug)]
struct Running {
    control: Arc<Control>,
    shelf: Option<Shelf>,
    thread: Option<JoinHandle<ShardEnd>>,
}

#[derive(Debug)]
struct Windows {
    incoming: Receiver<Window>,
    shards: u32,
    /// Parts that have arrived, by index of the window, with how many threads they come from.
    parts: BTreeMap<u64, (Window, u32)>,
}

/// What the engine has seen in all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EngineEnd {
    /// Sessions begun.
    pub sessions: u64,
    /// Observed moves of all users: row 0 is Entry, row i + 1 the graph's inner state i; column j is the inner state j,
    /// the last column Exit. Empty for a fixed order.
    pub transitions: Vec<Vec<u64>>,
    /// Transactions that were in work when the load was stopped.
    pub abandoned: u64,
}

impl Engine {
    /// Prepares everything and starts the threads, without users. Raises the limit on descriptors where allowed.
    ///
    /// # Errors
    /// The workload cannot be carried out, a host is unknown, or the system refuses a thread or a descriptor.
    pub fn start(workload: &Workload, script: Script, config: EngineConfig) -> Result<Self, EngineError> {
        let plan = Arc::new(Plan::new(workload, script, &config)?);
        let descriptor_limit = limits::raise_descriptors();
        let clock = Clock::start();
        let count = config.shards.unwrap_or_else(default_shards).max(1);
        let (sender, incoming) = channel();
        let mut engine = Self {
            clock,
            shards: Vec::new(),
            windows: Mutex::new(Windows {
                incoming,
                shards: count as u32,
                parts: BTreeMap::new(),
            }),
            descriptor_limit,
            descriptors_at_start: 0,
            only_loopback: plan.origins.only_loopback(),
            local_ports: limits::local_ports().map_or(0, |(low, high)| u64::from(high - low) + 1),
        };
        for index in 0..count {
            let place = ShardPlace { index, count };
            engine
                .shards
                .push(spawn(place, &plan, &config, clock, sender.clone())?);
        }
        engine.descriptors_at_start = limits::descriptors_in_use().unwrap_or(0);
        Ok(engine)
    }

    /// Sets the number of users. New ones join at a random moment of their first think time; superfluous ones leave at
    /// once when thinking, else when their transaction ends.
    pub fn set_users(&self, users: u32) {
        for shard in &self.shards {
            shard.control.tell(Command::Users(users));
        }
    }

    /// Begins so many transactions a second from now on, whether or not earlier ones have ended; 0 stops. The
    /// transactions are those of users that walk as ever, but do not think. An engine is used either by this or by
    /// `set_users`, not by both.
    pub fn set_rate(&self, rate_per_s: f64, law: ArrivalLaw) {
        let from_ns = self.clock.now_ns();
        for shard in &self.shards {
            shard.control.tell(Command::Rate(rate_per_s, law, from_ns));
        }
    }

    /// The next window, complete over all threads, in order; `None` if there is none within `wait`.
    pub fn next_window(&self, wait: Duration) -> Option<Window> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let until_ns = monotonic_ns().saturating_add(u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX));
        loop {
            if let Some(window) = windows.complete() {
                return Some(self.with_limits(window));
            }
            let left = Duration::from_nanos(until_ns.saturating_sub(monotonic_ns()));
            let part = windows.incoming.recv_timeout(left).ok()?;
            windows.add(part);
        }
    }

    /// Whether a generator thread has ended without being told to: no window will be complete any more.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        let ended = |shard: &Running| shard.thread.as_ref().is_some_and(JoinHandle::is_finished);
        self.shards.iter().any(ended)
    }

    /// Adds what the system says of this process as a whole.
    fn with_limits(&self, mut window: Window) -> Window {
        let generator = &mut window.generator;
        let estimated = self.descriptors_at_start + u64::from(generator.connections);
        let in_use = limits::descriptors_in_use().unwrap_or(estimated);
        generator.descriptors = (in_use, self.descriptor_limit);
        generator.local_ports = self.local_ports;
        generator.time_wait = limits::time_wait().unwrap_or(0);
        window
    }

    /// Reading of CLOCK_MONOTONIC at time 0 of all instants.
    #[must_use]
    pub const fn epoch_monotonic_ns(&self) -> u64 {
        self.clock.epoch_monotonic_ns()
    }

    /// What the system leaves to connections, before there are any.
    #[must_use]
    pub fn room(&self) -> limits::Room {
        limits::Room {
            descriptors: self.descriptor_limit.saturating_sub(self.descriptors_at_start),
            ports: (!self.only_loopback && self.local_ports > 0).then_some(self.local_ports),
        }
    }

    /// The records since the last call of the transactions that count, in the order in which each thread finished them;
    /// empty unless they are kept.
    #[must_use]
    pub fn take_records(&self) -> Vec<Record> {
        let finished = self.take_finished().into_iter();
        finished
            .filter(|one| one.measured)
            .map(|one| one.record)
            .collect()
    }

    /// The same of all transactions, those that only prepare others included. All that ended by the end of a window are
    /// there when [`Engine::next_window`] gives it, unless it says that they were lost.
    #[must_use]
    pub fn take_finished(&self) -> Vec<Finished> {
        let shelves = self.shards.iter().filter_map(|shard| shard.shelf.as_ref());
        shelves.flat_map(Shelf::take).collect()
    }

    /// Ends the load at once; transactions in work are abandoned.
    #[must_use]
    pub fn stop(mut self) -> EngineEnd {
        self.end()
    }

    /// The same, for who keeps the engine: no windows come any more, and users cannot be set. What was seen is told once.
    pub fn end(&mut self) -> EngineEnd {
        for shard in &self.shards {
            shard.control.tell(Command::Stop);
        }
        let mut end = EngineEnd::default();
        for shard in &mut self.shards {
            // A thread that panicked has said so on stderr; what the others saw still counts.
            let Some(Ok(seen)) = shard.thread.take().map(JoinHandle::join) else {
                continue;
            };
            end.sessions += seen.tally.sessions;
            end.abandoned += seen.abandoned;
            if end.transitions.is_empty() {
                end.transitions = seen.tally.transitions;
            } else {
                for (sum, row) in end.transitions.iter_mut().zip(&seen.tally.transitions) {
                    sum.iter_mut().zip(row).for_each(|(sum, count)| *sum += count);
                }
            }
        }
        end
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

impl Windows {
    fn add(&mut self, part: Window) {
        match self.parts.get_mut(&part.index) {
            Some((window, parts)) => {
                window.merge(part);
                *parts += 1;
            }
            None => {
                self.parts.insert(part.index, (part, 1));
            }
        }
    }

    fn complete(&mut self) -> Option<Window> {
        let first = self.parts.first_entry()?;
        (first.get().1 == self.shards).then(|| first.remove().0)
    }
}

fn spawn(
    place: ShardPlace,
    plan: &Arc<Plan>,
    config: &EngineConfig,
    clock: Clock,
    sender: Sender<Window>,
) -> Result<Running, EngineError> {
    let system = |what| move |source| EngineError::System { what, source };
    let control = Arc::new(Control::new().map_err(system("event descriptor of a generator thread"))?);
    let waiting = Waiting::new(Arc::clone(&control)).map_err(system("event queue of a generator thread"))?;
    let (supplier, shelf) = shelf(config.records, config.max_kept_records).unzip();
    let length_ns = ((config.window_s * 1e9) as u64).max(1_000_000);
    let recorder = Recorder::new(
        place.index as u32,
        length_ns,
        plan.transactions.len(),
        sender,
        supplier,
    );
    let shard = Shard::new(place, Arc::clone(plan), clock, waiting, recorder);
    let thread = std::thread::Builder::new()
        .name(format!("load-{}", place.index))
        .spawn(move || shard.run())
        .map_err(system("generator thread"))?;
    Ok(Running {
        control,
        shelf,
        thread: Some(thread),
    })
}

/// Half of the processors, since the other half often carries the site; 8 threads make more load than any one site takes.
#[must_use]
pub fn shards(processors: usize) -> usize {
    (processors / 2).clamp(1, 8)
}

fn default_shards() -> usize {
    shards(std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::doctor::null_site::NullSite;

    /// Without this a run would wait for the windows of that thread for ever.
    #[test]
    fn a_thread_that_ends_by_itself_is_noticed() {
        let site = NullSite::start(10).expect("a socket");
        let workload = Workload::from_url(&format!("http://{}/", site.address())).expect("valid");
        let mut engine =
            Engine::start(&workload, Script::Navigation, EngineConfig::default()).expect("valid");
        assert!(!engine.is_broken());
        let thread = std::thread::spawn(ShardEnd::default);
        while !thread.is_finished() {
            std::thread::yield_now();
        }
        engine.shards.push(Running {
            control: Arc::new(Control::new().expect("a descriptor")),
            shelf: None,
            thread: Some(thread),
        });
        assert!(engine.is_broken());
        let _ = engine.end();
        assert!(!engine.is_broken(), "an end that was asked for is none by itself");
    }
}
