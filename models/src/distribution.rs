//! Laws of think and service times: parameters, moments, seeded sampling.

/// A law of a non-negative time, in seconds.
#[derive(Debug, Clone, PartialEq)]
pub enum Distribution {
    /// Always the same value.
    Constant(f64),
    /// Uniform between the two ends.
    Uniform {
        /// Smallest value, s.
        low: f64,
        /// Largest value, s.
        high: f64,
    },
    /// Exponential, cv 1.
    Exponential {
        /// Mean, s.
        mean: f64,
    },
    /// Sum of `stages` exponentials, cv 1/sqrt(stages).
    Erlang {
        /// Number of stages, at least 1.
        stages: u32,
        /// Mean of the sum, s.
        mean: f64,
    },
    /// Two-branch hyperexponential with balanced means, cv > 1.
    Hyperexponential {
        /// Mean, s.
        mean: f64,
        /// Coefficient of variation, > 1.
        cv: f64,
    },
    /// Lognormal.
    Lognormal {
        /// Mean, s.
        mean: f64,
        /// Coefficient of variation, > 0.
        cv: f64,
    },
    /// One of the observed values, each as likely as the others.
    Empirical(Vec<f64>),
}
