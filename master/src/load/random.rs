//! Seeded randomness of one user: the same seed and user give the same choices, on any machine and at any load.

use autoperf_models::distribution::Distribution;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// The stream of random numbers of one user. `life` counts how often the user has joined the run.
#[must_use]
pub fn user_stream(seed: u64, user: u32, life: u32) -> ChaCha8Rng {
    let mut stream = ChaCha8Rng::seed_from_u64(seed);
    stream.set_stream(u64::from(life) << 32 | u64::from(user));
    stream
}

/// Uniform in [0, 1) with 53 bits.
pub fn unit(rng: &mut impl Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
}

/// One of `count` choices, each as likely as the others; 0 if there is none.
pub fn choice(rng: &mut impl Rng, count: usize) -> usize {
    ((u128::from(rng.next_u64()) * count as u128) >> 64) as usize
}

/// A sample of a think time, s; never negative, never NaN.
pub fn think_time_s(law: &Distribution, rng: &mut impl Rng) -> f64 {
    let sample = law.sample(rng);
    if sample.is_finite() { sample.max(0.0) } else { 0.0 }
}

/// How much of a think time is left for a user who is met at a random moment of it, s: a law chosen by length, of which
/// a uniform part is left (the renewal paradox). Drawn by resampling, since not every law has a closed form for it.
pub fn residual_think_time_s(law: &Distribution, rng: &mut impl Rng) -> f64 {
    const CANDIDATES: usize = 8;
    let mut candidates = [0.0; CANDIDATES];
    for candidate in &mut candidates {
        *candidate = think_time_s(law, rng);
    }
    let total: f64 = candidates.iter().sum();
    let mut at = unit(rng) * total;
    let mut chosen = candidates[CANDIDATES - 1];
    for candidate in candidates {
        if at < candidate {
            chosen = candidate;
            break;
        }
        at -= candidate;
    }
    chosen * unit(rng)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_seed_user_and_life_and_repeat() {
        let first = |seed, user, life| user_stream(seed, user, life).next_u64();
        assert_eq!(first(1, 2, 0), first(1, 2, 0));
        let all = [first(1, 2, 0), first(2, 2, 0), first(1, 3, 0), first(1, 2, 1)];
        for (i, a) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|b| a != b));
        }
    }

    #[test]
    fn choices_are_even() {
        let mut rng = user_stream(7, 0, 0);
        let mut counts = [0_u32; 5];
        for _ in 0..50_000 {
            counts[choice(&mut rng, 5)] += 1;
        }
        // Chi-square with 4 degrees of freedom: 18.5 is exceeded once in a thousand seeds.
        let chi: f64 = counts
            .iter()
            .map(|c| (f64::from(*c) - 10_000.0).powi(2) / 10_000.0)
            .sum();
        assert!(chi < 18.5, "{counts:?}");
        assert_eq!(choice(&mut rng, 0), 0);
    }

    #[test]
    fn residual_of_a_constant_is_uniform_and_of_an_exponential_is_itself() {
        let mut rng = user_stream(7, 0, 0);
        let mut mean = |law: &Distribution| {
            (0..40_000)
                .map(|_| residual_think_time_s(law, &mut rng))
                .sum::<f64>()
                / 40_000.0
        };
        assert!((mean(&Distribution::Constant(1.0)) - 0.5).abs() < 0.01);
        // Eight candidates leave a bias of about a tenth.
        assert!((mean(&Distribution::Exponential { mean: 1.0 }) - 0.9).abs() < 0.1);
    }
}
