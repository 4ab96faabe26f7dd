//! Universal scalability law (Gunther, Guerrilla Capacity Planning, 2007):
//! `X(N) = g N / (1 + a (N-1) + b N (N-1))`.
//!
//! `g` is the throughput of one user per second, `a` the share of work that is serialized (contention), `b` the cost of
//! keeping the parallel parts consistent (coherency). It knows no service demands, so it describes measured throughputs,
//! also those that fall beyond a peak, where a queueing network cannot follow; it explains nothing.

mod fit;

pub use fit::{Bound, Residuals, UslError, UslFit, fit};

/// The law with its three parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usl {
    /// Throughput of one user, g, per second; > 0.
    pub gamma_per_s: f64,
    /// Contention a, 0..1.
    pub alpha: f64,
    /// Coherency b, 0..1.
    pub beta: f64,
}

/// The largest throughput and the number of users that reaches it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// Users, not rounded: `sqrt((1-a)/b)`.
    pub users: f64,
    /// Throughput there, per second.
    pub throughput_per_s: f64,
}

impl Usl {
    /// Throughput with so many users, per second.
    #[must_use]
    pub fn throughput_per_s(&self, users: f64) -> f64 {
        self.gamma_per_s * users / (1.0 + self.alpha * (users - 1.0) + self.beta * users * (users - 1.0))
    }

    /// Time between two answers to one user, `N / X(N)`, s: response and think time together.
    #[must_use]
    pub fn cycle_s(&self, users: f64) -> f64 {
        (1.0 + self.alpha * (users - 1.0) + self.beta * users * (users - 1.0)) / self.gamma_per_s
    }

    /// The peak; `None` where throughput rises for ever (b = 0) or falls from the first user on.
    #[must_use]
    pub fn peak(&self) -> Option<Peak> {
        let users = ((1.0 - self.alpha) / self.beta).sqrt();
        (users.is_finite() && users >= 1.0).then(|| Peak {
            users,
            throughput_per_s: self.throughput_per_s(users),
        })
    }

    /// What contention alone allows with any number of users, `g / a` per second; `None` without contention.
    #[must_use]
    pub fn contention_limit_per_s(&self) -> Option<f64> {
        Some(self.gamma_per_s / self.alpha).filter(|limit| limit.is_finite())
    }

    /// Users at which the linear rise meets the contention limit, `1 / a`; `None` without contention.
    #[must_use]
    pub fn knee_users(&self) -> Option<f64> {
        Some(self.alpha.recip()).filter(|users| users.is_finite())
    }

    /// Fewest users that reach a throughput: the smaller root of `b X N^2 + (X (a - b) - g) N + X (1 - a) = 0`; `None`
    /// where it is never reached.
    #[must_use]
    pub fn users_for(&self, throughput_per_s: f64) -> Option<f64> {
        let square = self.beta * throughput_per_s;
        let linear = throughput_per_s * (self.alpha - self.beta) - self.gamma_per_s;
        let constant = throughput_per_s * (1.0 - self.alpha);
        let discriminant = linear * linear - 4.0 * square * constant;
        if throughput_per_s < 0.0 || linear >= 0.0 || discriminant < 0.0 {
            return None;
        }
        // This form of the smaller root does not cancel, and holds for b = 0 too.
        Some(2.0 * constant / (discriminant.sqrt() - linear)).filter(|users| users.is_finite())
    }
}
