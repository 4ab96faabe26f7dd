//! What the generator says of itself over a stretch of time: the facts by which it is judged.

use super::histogram::Histogram;
use super::window::Window;

/// The facts of a stretch of time in which the load was not changed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Account {
    /// Its length, s.
    pub wall_s: f64,
    /// Users over time, s.
    pub user_s: f64,
    /// Whether Little's law may be asked of it: the same users all the time, thinking by themselves, in a steady state.
    pub balanced: bool,
    /// Transactions ended, however.
    pub finished: u64,
    /// Time that users spent in transactions, s.
    pub in_transactions_s: f64,
    /// Transactions served.
    pub served: u64,
    /// Sum of their response times, s.
    pub served_s: f64,
    /// Sum of the think times that ended, s.
    pub think_sum_s: f64,
    /// How many.
    pub thinks: u64,
    /// Every generator thread.
    pub threads: Vec<ThreadAccount>,
    /// Lateness that 1 % of the transactions exceeded, s.
    pub lateness_p99_s: Option<f64>,
    /// Response time from the actual start that 1 % of the served exceeded, s.
    pub response_p99_s: Option<f64>,
    /// Connections that had no local port.
    pub ports: u64,
    /// Connections that had no descriptor or memory.
    pub resources: u64,
    /// Records lost because nobody took them.
    pub records: u64,
}

/// One generator thread over the same time.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ThreadAccount {
    /// CPU time, s.
    pub cpu_s: f64,
    /// Time for which it was ready but had no processor, s.
    pub waited_s: f64,
    /// Times that it was given one.
    pub turns: u64,
}

impl Account {
    /// The account of consecutive windows.
    #[must_use]
    pub fn of(windows: &[Window]) -> Self {
        let mut sum = Self {
            balanced: true,
            ..Self::default()
        };
        let (mut lateness, mut response) = (Histogram::new(), Histogram::new());
        let users = windows.first().map_or(0, |window| window.users);
        for window in windows {
            sum.add(window);
            sum.balanced &= !window.open && window.users == users && window.finished_users == 0;
            add_all(&mut lateness, &window.generator.lateness_us);
            for transaction in &window.transactions {
                add_all(&mut response, &transaction.response_us);
            }
        }
        sum.lateness_p99_s = lateness.quantile_s(0.99);
        sum.response_p99_s = response.quantile_s(0.99);
        sum
    }

    fn add(&mut self, window: &Window) {
        let length_s = window.end_ns.saturating_sub(window.start_ns) as f64 * 1e-9;
        self.wall_s += length_s;
        self.user_s += length_s * f64::from(window.users);
        for transaction in &window.transactions {
            self.finished += transaction.outcomes.iter().sum::<u64>();
            self.served += transaction.served;
            self.served_s += transaction.response_sum_s;
        }
        self.in_transactions_s += window.in_transactions_s();
        self.think_sum_s += window.think_sum_s;
        self.thinks += window.think_count;
        let generator = &window.generator;
        for thread in &generator.threads {
            self.thread(thread.index as usize).add(ThreadAccount {
                cpu_s: thread.cpu_ns as f64 * 1e-9,
                waited_s: thread.queued_ns as f64 * 1e-9,
                turns: thread.turns,
            });
        }
        self.ports += generator.ports_exhausted;
        self.resources += generator.resources_exhausted;
        self.records += generator.dropped;
    }

    /// The account of a thread, to be added to.
    pub fn thread(&mut self, index: usize) -> &mut ThreadAccount {
        let known = self.threads.len().max(index + 1);
        self.threads.resize(known, ThreadAccount::default());
        &mut self.threads[index]
    }

    /// CPU share of the busiest thread, 0..1; `None` where none is known.
    #[must_use]
    pub fn busiest_share(&self) -> Option<f64> {
        let most_s = self.threads.iter().map(|thread| thread.cpu_s).reduce(f64::max)?;
        (self.wall_s > 0.0).then(|| most_s / self.wall_s)
    }

    /// Mean wait for a processor each time that a thread was given one, s; `None` where the kernel does not tell.
    #[must_use]
    pub fn wait_per_turn_s(&self) -> Option<f64> {
        let turns: u64 = self.threads.iter().map(|thread| thread.turns).sum();
        let waited_s: f64 = self.threads.iter().map(|thread| thread.waited_s).sum();
        (turns > 0).then(|| waited_s / turns as f64)
    }

    /// Mean response time of the served, s; 0 without any.
    #[must_use]
    pub fn response_s(&self) -> f64 {
        self.served_s / self.served.max(1) as f64
    }

    /// Mean time from the start of one transaction of a user to the next, s.
    #[must_use]
    pub fn cycle_s(&self) -> f64 {
        self.response_s() + self.think_sum_s / self.thinks.max(1) as f64
    }

    /// Share of the users' time that is neither in a transaction nor in a think time, N - X (R + Z) over N; negative where
    /// more was finished than these users began. `None` where the law does not apply.
    #[must_use]
    pub fn little_gap(&self) -> Option<f64> {
        let applies = self.balanced && self.user_s > 0.0;
        applies.then(|| 1.0 - (self.in_transactions_s + self.think_sum_s) / self.user_s)
    }
}

fn add_all(histogram: &mut Histogram, times_us: &[u32]) {
    times_us
        .iter()
        .for_each(|time_us| histogram.add(u64::from(*time_us) * 1_000));
}

impl ThreadAccount {
    /// Adds what the thread had in another stretch of time.
    pub fn add(&mut self, more: Self) {
        self.cpu_s += more.cpu_s;
        self.waited_s += more.waited_s;
        self.turns += more.turns;
    }
}
