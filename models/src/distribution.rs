//! Laws of think and service times: parameters, moments, seeded sampling.

mod normal;
mod sampler;

pub use sampler::Sampler;
pub(crate) use sampler::half_open;

use rand_core::Rng;

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

/// Why parameters do not make a law of a non-negative time.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum DistributionError {
    /// A time is negative, infinite or not a number.
    #[error("a time must be finite and not negative, not {0}")]
    Time(f64),
    /// The upper end of a uniform law is below the lower one.
    #[error("the largest value ({high} s) is below the smallest ({low} s)")]
    Ends {
        /// Smallest value, s.
        low: f64,
        /// Largest value, s.
        high: f64,
    },
    /// An Erlang law without a stage.
    #[error("an Erlang law needs at least one stage")]
    Stages,
    /// The law does not have this coefficient of variation.
    #[error("a coefficient of variation of {cv} is not possible here: it must be finite and above {above}")]
    Variation {
        /// The asked coefficient of variation.
        cv: f64,
        /// The bound that it must exceed.
        above: f64,
    },
    /// An empirical law without values.
    #[error("an empirical law needs at least one value")]
    Empty,
}

impl Distribution {
    /// Always `value_s`.
    ///
    /// # Errors
    /// Where the time is negative or not finite.
    pub fn constant(value_s: f64) -> Result<Self, DistributionError> {
        Self::Constant(value_s).validated()
    }

    /// Uniform between the two ends.
    ///
    /// # Errors
    /// Where an end is negative or not finite, or the upper one is below the lower one.
    pub fn uniform(low_s: f64, high_s: f64) -> Result<Self, DistributionError> {
        Self::Uniform {
            low: low_s,
            high: high_s,
        }
        .validated()
    }

    /// Exponential.
    ///
    /// # Errors
    /// Where the mean is negative or not finite.
    pub fn exponential(mean_s: f64) -> Result<Self, DistributionError> {
        Self::Exponential { mean: mean_s }.validated()
    }

    /// Sum of `stages` exponentials with the mean `mean_s` in all.
    ///
    /// # Errors
    /// Where the mean is negative or not finite, or there is no stage.
    pub fn erlang(stages: u32, mean_s: f64) -> Result<Self, DistributionError> {
        Self::Erlang { stages, mean: mean_s }.validated()
    }

    /// Hyperexponential with balanced means.
    ///
    /// # Errors
    /// Where the mean is negative or not finite, or cv is not above 1.
    pub fn hyperexponential(mean_s: f64, cv: f64) -> Result<Self, DistributionError> {
        Self::Hyperexponential { mean: mean_s, cv }.validated()
    }

    /// Lognormal.
    ///
    /// # Errors
    /// Where the mean is negative or not finite, or cv is not above 0.
    pub fn lognormal(mean_s: f64, cv: f64) -> Result<Self, DistributionError> {
        Self::Lognormal { mean: mean_s, cv }.validated()
    }

    /// One of the observed values.
    ///
    /// # Errors
    /// Where there is none, or one is negative or not finite.
    pub fn empirical(values_s: Vec<f64>) -> Result<Self, DistributionError> {
        Self::Empirical(values_s).validated()
    }

    /// The law of a mean and a coefficient of variation that this crate would choose: constant at 0, Erlang with the
    /// nearest whole number of stages below 1, exponential at 1, hyperexponential above.
    ///
    /// # Errors
    /// Where the mean or cv is negative or not finite.
    pub fn with_cv(mean_s: f64, cv: f64) -> Result<Self, DistributionError> {
        if !cv.is_finite() || cv < 0.0 {
            return Err(DistributionError::Variation { cv, above: 0.0 });
        }
        if cv < 1e-3 {
            Self::constant(mean_s)
        } else if cv > 1.0 {
            Self::hyperexponential(mean_s, cv)
        } else {
            match (1.0 / (cv * cv)).round() as u32 {
                1 => Self::exponential(mean_s),
                stages => Self::erlang(stages, mean_s),
            }
        }
    }

    /// Whether the parameters make a law; the variants can be written down without the constructors.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn validate(&self) -> Result<(), DistributionError> {
        let time = |value: f64| match value.is_finite() && value >= 0.0 {
            true => Ok(()),
            false => Err(DistributionError::Time(value)),
        };
        let variation = |cv: f64, above: f64| match cv.is_finite() && cv > above {
            true => Ok(()),
            false => Err(DistributionError::Variation { cv, above }),
        };
        match *self {
            Self::Constant(value) => time(value),
            Self::Uniform { low, high } => {
                time(low)?;
                time(high)?;
                if high < low {
                    return Err(DistributionError::Ends { low, high });
                }
                Ok(())
            }
            Self::Exponential { mean } => time(mean),
            Self::Erlang { stages: 0, .. } => Err(DistributionError::Stages),
            Self::Erlang { mean, .. } => time(mean),
            Self::Hyperexponential { mean, cv } => time(mean).and_then(|()| variation(cv, 1.0)),
            Self::Lognormal { mean, cv } => time(mean).and_then(|()| variation(cv, 0.0)),
            Self::Empirical(ref values) if values.is_empty() => Err(DistributionError::Empty),
            Self::Empirical(ref values) => values.iter().copied().try_for_each(time),
        }
    }

    fn validated(self) -> Result<Self, DistributionError> {
        self.validate().map(|()| self)
    }

    /// Mean, s; 0 for an empirical law without values.
    #[must_use]
    pub fn mean(&self) -> f64 {
        match *self {
            Self::Constant(value) => value,
            Self::Uniform { low, high } => low + (high - low) / 2.0,
            Self::Exponential { mean }
            | Self::Erlang { mean, .. }
            | Self::Hyperexponential { mean, .. }
            | Self::Lognormal { mean, .. } => mean,
            Self::Empirical(ref values) => average(values.iter().copied()),
        }
    }

    /// Variance, s^2; of an empirical law that of its values as the whole population.
    #[must_use]
    pub fn variance(&self) -> f64 {
        match *self {
            Self::Constant(_) => 0.0,
            Self::Uniform { low, high } => (high - low) * (high - low) / 12.0,
            Self::Exponential { mean } => mean * mean,
            Self::Erlang { stages, mean } => mean * mean / f64::from(stages.max(1)),
            Self::Hyperexponential { mean, cv } | Self::Lognormal { mean, cv } => (mean * cv) * (mean * cv),
            Self::Empirical(ref values) => {
                let mean = self.mean();
                average(values.iter().map(|value| (value - mean) * (value - mean)))
            }
        }
    }

    /// Coefficient of variation, standard deviation over mean; 0 where the mean is 0.
    #[must_use]
    pub fn cv(&self) -> f64 {
        let mean = self.mean();
        if mean > 0.0 {
            self.variance().sqrt() / mean
        } else {
            0.0
        }
    }

    /// The same law with every value multiplied by `factor` (finite, not negative).
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        match *self {
            Self::Constant(value) => Self::Constant(value * factor),
            Self::Uniform { low, high } => Self::Uniform {
                low: low * factor,
                high: high * factor,
            },
            Self::Exponential { mean } => Self::Exponential { mean: mean * factor },
            Self::Erlang { stages, mean } => Self::Erlang {
                stages,
                mean: mean * factor,
            },
            Self::Hyperexponential { mean, cv } => Self::Hyperexponential {
                mean: mean * factor,
                cv,
            },
            Self::Lognormal { mean, cv } => Self::Lognormal {
                mean: mean * factor,
                cv,
            },
            Self::Empirical(ref values) => {
                Self::Empirical(values.iter().map(|value| value * factor).collect())
            }
        }
    }

    /// One value, s. Whoever draws many from a law keeps its [`Sampler`].
    pub fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        Sampler::new(self).sample(rng)
    }
}

fn average(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    match values.len() {
        0 => 0.0,
        count => values.sum::<f64>() / count as f64,
    }
}

/// Probability of the first branch: Tijms (2003), "A First Course in Stochastic Models", appendix B, H2 with balanced
/// means: p = (1 + sqrt((c^2 - 1) / (c^2 + 1))) / 2, mu_1 = 2 p / E, mu_2 = 2 (1 - p) / E.
fn hyperexponential_first_branch(cv: f64) -> f64 {
    let squared = cv * cv;
    (1.0 + ((squared - 1.0).max(0.0) / (squared + 1.0)).sqrt()) / 2.0
}

/// Location and scale of the logarithm: sigma^2 = ln(1 + cv^2), mu = ln(mean) - sigma^2 / 2.
fn lognormal_parameters(mean: f64, cv: f64) -> (f64, f64) {
    let variance = libm::log1p(cv * cv);
    (libm::log(mean) - variance / 2.0, variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_core::SeedableRng;

    fn laws() -> Vec<Distribution> {
        vec![
            Distribution::constant(0.25).unwrap(),
            Distribution::uniform(0.5, 1.5).unwrap(),
            Distribution::exponential(0.2).unwrap(),
            Distribution::erlang(4, 2.0).unwrap(),
            Distribution::erlang(40, 2.0).unwrap(),
            Distribution::hyperexponential(0.1, 3.0).unwrap(),
            Distribution::lognormal(0.3, 0.8).unwrap(),
            Distribution::empirical(vec![0.1, 0.4, 0.4, 1.2]).unwrap(),
        ]
    }

    #[test]
    fn samples_have_the_mean_and_the_variance_of_their_law() {
        for law in laws() {
            let mut rng = ChaCha8Rng::seed_from_u64(1);
            let sampler = Sampler::new(&law);
            let count = 200_000;
            let values: Vec<f64> = (0..count).map(|_| sampler.sample(&mut rng)).collect();
            let mean = average(values.iter().copied());
            let squares: Vec<f64> = values.iter().map(|v| (v - mean) * (v - mean)).collect();
            let variance = average(squares.iter().copied());
            let fourth = average(squares.iter().map(|s| (s - variance) * (s - variance)));
            let error = (law.variance() / f64::from(count)).sqrt();
            assert!(
                (mean - law.mean()).abs() <= 4.0 * error + 1e-12,
                "{law:?}: mean {mean}"
            );
            let error = (fourth / f64::from(count)).sqrt();
            assert!(
                (variance - law.variance()).abs() <= 4.0 * error + 1e-12,
                "{law:?}: variance {variance}"
            );
            assert!(values.iter().all(|v| v.is_finite() && *v >= 0.0));
        }
    }

    #[test]
    fn coefficients_of_variation_are_those_of_the_textbook() {
        let cvs: Vec<f64> = laws().iter().map(Distribution::cv).collect();
        for (got, want) in cvs
            .iter()
            .zip([0.0, 1.0 / 12f64.sqrt(), 1.0, 0.5, 40f64.sqrt().recip(), 3.0, 0.8])
        {
            assert!((got - want).abs() < 1e-12, "{got} {want}");
        }
        assert_eq!(Distribution::Constant(0.0).cv(), 0.0);
    }

    #[test]
    fn the_same_seed_draws_the_same_bits() {
        let bits: Vec<u64> = laws()
            .iter()
            .map(|law| law.sample(&mut ChaCha8Rng::seed_from_u64(7)).to_bits())
            .collect();
        let again: Vec<u64> = laws()
            .iter()
            .map(|law| {
                Sampler::new(law)
                    .sample(&mut ChaCha8Rng::seed_from_u64(7))
                    .to_bits()
            })
            .collect();
        assert_eq!(bits, again);
    }

    #[test]
    fn a_law_for_a_mean_and_a_cv_has_both() {
        for cv in [0.0, 0.5, 1.0, 1.5, 3.0] {
            let law = Distribution::with_cv(0.04, cv).unwrap();
            assert!(
                (law.mean() - 0.04).abs() < 1e-15 && (law.cv() - cv).abs() < 1e-12,
                "{law:?}"
            );
        }
        assert!(Distribution::with_cv(1.0, -1.0).is_err() && Distribution::with_cv(1.0, f64::NAN).is_err());
    }

    #[test]
    fn scaling_scales_mean_and_keeps_the_cv() {
        for law in laws() {
            let scaled = law.scaled(3.0);
            assert!((scaled.mean() - 3.0 * law.mean()).abs() < 1e-12);
            assert!((scaled.cv() - law.cv()).abs() < 1e-12);
        }
    }

    #[test]
    fn impossible_parameters_are_refused() {
        assert_eq!(Distribution::constant(-1.0), Err(DistributionError::Time(-1.0)));
        assert!(Distribution::exponential(f64::INFINITY).is_err());
        assert_eq!(Distribution::erlang(0, 1.0), Err(DistributionError::Stages));
        assert!(Distribution::uniform(2.0, 1.0).is_err());
        assert!(Distribution::hyperexponential(1.0, 1.0).is_err());
        assert!(Distribution::lognormal(1.0, 0.0).is_err());
        assert_eq!(Distribution::empirical(vec![]), Err(DistributionError::Empty));
        assert!(Distribution::empirical(vec![1.0, f64::NAN]).is_err());
    }
}
