//! Gathers what a thread has seen into windows that end at the same instants on every thread.

use crate::load::scheduling::{Queued, RunQueue};
use crate::load::shelf::{Finished, Supplier};
use crate::load::window::{ThreadWindow, Window};
use autoperf_models::record::Record;
use std::sync::mpsc::Sender;

/// The window in work and the way out for finished ones.
#[derive(Debug)]
pub struct Recorder {
    thread: u32,
    length_ns: u64,
    transactions: usize,
    window: Window,
    cpu_at_start_ns: u64,
    /// Opened by the thread itself, at its first cut.
    run_queue: Option<RunQueue>,
    queued_at_start: Queued,
    out: Sender<Window>,
    supplier: Option<Supplier>,
}

impl Recorder {
    /// Starts with the first window of the thread of that number; `supplier` takes every transaction.
    #[must_use]
    pub fn new(
        thread: u32,
        length_ns: u64,
        transactions: usize,
        out: Sender<Window>,
        supplier: Option<Supplier>,
    ) -> Self {
        Self {
            thread,
            length_ns,
            transactions,
            window: Window::empty(0, length_ns, transactions),
            cpu_at_start_ns: 0,
            run_queue: None,
            queued_at_start: Queued::default(),
            out,
            supplier,
        }
    }

    /// End of the window in work, ns.
    #[must_use]
    pub const fn window_end_ns(&self) -> u64 {
        self.window.end_ns
    }

    /// The window in work, for what is not a transaction.
    pub const fn window(&mut self) -> &mut Window {
        &mut self.window
    }

    /// Arrivals, not think times, begin the transactions from now on.
    pub const fn open(&mut self) {
        self.window.open = true;
    }

    /// Counts a transaction that was begun.
    pub fn start(&mut self, lateness_ns: Option<u64>, thought_ns: Option<u64>) {
        if let Some(late) = lateness_ns {
            self.window
                .generator
                .lateness_us
                .push(u32::try_from(late / 1_000).unwrap_or(u32::MAX));
        }
        if let Some(thought) = thought_ns {
            self.window.think_sum_s += thought as f64 * 1e-9;
            self.window.think_count += 1;
        }
    }

    /// Counts a transaction that has ended; the caller has cut windows up to its end.
    pub fn end(&mut self, record: &Record, measured: bool, open: bool) {
        if let Some(supplier) = &mut self.supplier {
            supplier.add(Finished {
                record: *record,
                measured,
            });
        }
        if !measured {
            self.window.unmeasured += 1;
            self.window.unmeasured_sum_s += record.end_ns.saturating_sub(record.start_ns) as f64 * 1e-9;
            return;
        }
        let transaction = &mut self.window.transactions[usize::from(record.transaction)];
        transaction.add(record);
        if record.outcome.is_ok() {
            self.window.phases.add(record);
        }
        if open {
            transaction.add_intended(record);
        }
    }

    /// Notes how long the last event of a turn can have waited.
    pub fn read_delay(&mut self, delay_ns: u64) {
        self.window.generator.read_delay.add(delay_ns);
    }

    /// Hands out all windows that ended by now; a thread that was held up hands out several.
    pub fn cut(&mut self, now_ns: u64, (users, finished_users): (u32, u32), connections: u32) {
        if now_ns < self.window.end_ns {
            return;
        }
        let cpu_ns = crate::clock::thread_cpu_ns();
        let queued = self
            .run_queue
            .get_or_insert_with(RunQueue::of_this_thread)
            .read()
            .unwrap_or(self.queued_at_start);
        while now_ns >= self.window.end_ns {
            let mut next = Window::empty(self.window.index + 1, self.length_ns, self.transactions);
            next.open = self.window.open;
            let mut window = std::mem::replace(&mut self.window, next);
            window.users = users;
            window.finished_users = finished_users;
            window.generator.connections = connections;
            window.generator.cpu_ns = cpu_ns.saturating_sub(self.cpu_at_start_ns);
            window.generator.threads = vec![ThreadWindow {
                index: self.thread,
                cpu_ns: window.generator.cpu_ns,
                queued_ns: queued.waited_ns.saturating_sub(self.queued_at_start.waited_ns),
                turns: queued.turns.saturating_sub(self.queued_at_start.turns),
            }];
            self.hand_over(&mut window);
            self.cpu_at_start_ns = cpu_ns;
            self.queued_at_start = queued;
            // Nobody listens any more only while the engine is being stopped.
            let _ = self.out.send(window);
        }
    }

    /// Gives away the transactions of a window, and counts in it those that found no room.
    fn hand_over(&mut self, window: &mut Window) {
        let Some(supplier) = &mut self.supplier else {
            return;
        };
        let lost = supplier.hand_over();
        if supplier.is_needed() {
            window.generator.dropped = lost;
        } else {
            window.generator.unrecorded = lost;
        }
    }
}

#[cfg(test)]
pub(in crate::load) mod tests {
    use super::*;
    use crate::load::Records;
    use crate::load::shelf::shelf;
    use autoperf_models::record::Outcome;
    use std::sync::mpsc::channel;

    pub(in crate::load) fn record(end_ns: u64) -> Record {
        Record {
            user: 0,
            transaction: 0,
            outcome: Outcome::Ok,
            status: 200,
            scheduled_ns: 0,
            start_ns: end_ns - 50,
            connect_start_ns: 0,
            connect_end_ns: 0,
            tls_end_ns: 0,
            send_start_ns: end_ns - 50,
            send_end_ns: end_ns - 40,
            first_byte_ns: end_ns - 10,
            last_byte_ns: end_ns,
            end_ns,
            bytes_sent: 1,
            bytes_received: 1,
        }
    }

    #[test]
    fn a_late_cut_hands_out_every_window() {
        let (out, windows) = channel();
        let mut recorder = Recorder::new(0, 100, 1, out, None);
        recorder.end(&record(90), true, false);
        recorder.end(&record(95), false, false);
        recorder.cut(350, (7, 0), 5);
        let got: Vec<Window> = windows.try_iter().collect();
        assert_eq!(
            got.iter().map(|w| (w.index, w.served())).collect::<Vec<_>>(),
            [(0, 1), (1, 0), (2, 0)]
        );
        assert_eq!(
            (got[0].users, got[0].unmeasured, got[0].generator.connections),
            (7, 1, 5)
        );
        assert_eq!(recorder.window_end_ns(), 400);
    }

    /// What is lost spoils a measurement only where that rests on it; preparing transactions are kept too.
    #[test]
    fn records_without_room_are_counted() {
        for (records, failures) in [(Records::Needed, 1), (Records::Mirrored, 0)] {
            let (out, windows) = channel();
            let (supplier, shelf) = shelf(records, 2).expect("asked for");
            let mut recorder = Recorder::new(0, 100, 1, out, Some(supplier));
            recorder.end(&record(60), true, true);
            recorder.end(&record(70), false, true);
            recorder.end(&record(80), true, true);
            recorder.cut(100, (1, 0), 1);
            let measured: Vec<bool> = shelf.take().iter().map(|one| one.measured).collect();
            assert_eq!(measured, [true, false]);
            let generator = windows.recv().expect("cut").generator;
            assert_eq!(generator.failures(), failures);
            assert_eq!(generator.dropped + generator.unrecorded, 1);
        }
    }
}
