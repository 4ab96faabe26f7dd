//! A law with its constants worked out, for drawing many values.

use super::{Distribution, hyperexponential_first_branch, lognormal_parameters};
use rand_core::Rng;
use std::sync::Arc;

/// Draws values of one law. The number of words taken from the generator for a value depends on the law alone, never on
/// the values drawn, so that two runs that differ in a parameter keep their random numbers in step.
#[derive(Debug, Clone)]
pub struct Sampler(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Constant(f64),
    Uniform {
        low: f64,
        length: f64,
    },
    Exponential {
        mean: f64,
    },
    Erlang {
        stages: u32,
        stage_mean: f64,
    },
    Hyperexponential {
        first: f64,
        first_mean: f64,
        second_mean: f64,
    },
    Lognormal {
        mu: f64,
        sigma: f64,
    },
    Empirical(Arc<[f64]>),
}

impl Sampler {
    /// The sampler of a law; an empirical law without values always gives 0.
    #[must_use]
    pub fn new(law: &Distribution) -> Self {
        Self(match *law {
            Distribution::Constant(value) => Kind::Constant(value),
            Distribution::Uniform { low, high } => Kind::Uniform {
                low,
                length: high - low,
            },
            Distribution::Exponential { mean } => Kind::Exponential { mean },
            Distribution::Erlang { stages, mean } => Kind::Erlang {
                stages: stages.max(1),
                stage_mean: mean / f64::from(stages.max(1)),
            },
            Distribution::Hyperexponential { mean, cv } => {
                let first = hyperexponential_first_branch(cv);
                Kind::Hyperexponential {
                    first,
                    first_mean: mean / (2.0 * first),
                    second_mean: mean / (2.0 * (1.0 - first)),
                }
            }
            Distribution::Lognormal { mean, cv } => {
                let (mu, sigma) = lognormal_parameters(mean, cv);
                Kind::Lognormal { mu, sigma }
            }
            Distribution::Empirical(ref values) if values.is_empty() => Kind::Constant(0.0),
            Distribution::Empirical(ref values) => Kind::Empirical(values.as_slice().into()),
        })
    }

    /// One value, s.
    #[inline]
    pub fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        match self.0 {
            Kind::Constant(value) => value,
            Kind::Uniform { low, length } => low + length * half_open(rng),
            Kind::Exponential { mean } => -mean * libm::log(positive(rng)),
            Kind::Erlang { stages, stage_mean } => erlang(rng, stages, stage_mean),
            Kind::Hyperexponential {
                first,
                first_mean,
                second_mean,
            } => {
                let mean = if half_open(rng) < first {
                    first_mean
                } else {
                    second_mean
                };
                -mean * libm::log(positive(rng))
            }
            Kind::Lognormal { mu, sigma } => libm::exp(mu + sigma * super::normal::quantile(open(rng))),
            Kind::Empirical(ref values) => values[below(rng, values.len())],
        }
    }
}

const STEP: f64 = 1.0 / (1_u64 << 53) as f64;

/// Uniform on [0, 1).
#[inline]
pub(crate) fn half_open<R: Rng + ?Sized>(rng: &mut R) -> f64 {
    (rng.next_u64() >> 11) as f64 * STEP
}

/// Uniform on (0, 1].
#[inline]
fn positive<R: Rng + ?Sized>(rng: &mut R) -> f64 {
    ((rng.next_u64() >> 11) + 1) as f64 * STEP
}

/// Uniform on (0, 1).
#[inline]
fn open<R: Rng + ?Sized>(rng: &mut R) -> f64 {
    ((rng.next_u64() >> 12) as f64 + 0.5) * (2.0 * STEP)
}

/// Uniform on 0..count by the high word of a product; the bias is below count / 2^64.
#[inline]
fn below<R: Rng + ?Sized>(rng: &mut R, count: usize) -> usize {
    ((u128::from(rng.next_u64()) * count as u128) >> 64) as usize
}

/// The sum of exponentials as one logarithm for every 16 uniforms: their product cannot underflow.
#[inline]
fn erlang<R: Rng + ?Sized>(rng: &mut R, stages: u32, stage_mean: f64) -> f64 {
    let mut sum = 0.0;
    let mut left = stages;
    while left > 0 {
        let batch = left.min(16);
        let product: f64 = (0..batch).map(|_| positive(rng)).product();
        sum -= libm::log(product);
        left -= batch;
    }
    sum * stage_mean
}
