//! What the effects of a station do to its work.

use super::site::Effect;
use crate::distribution::Sampler;
use rand_chacha::ChaCha8Rng;

/// Speed over the number of jobs present, computed once for each number.
#[derive(Debug, Clone)]
pub(super) struct LoadSpeed {
    effects: Vec<Effect>,
    by_jobs: Vec<f64>,
}

impl LoadSpeed {
    pub(super) fn new(effects: &[Effect]) -> Self {
        Self {
            effects: effects.iter().filter(|e| e.is_load()).cloned().collect(),
            by_jobs: Vec::new(),
        }
    }

    /// Speed with `jobs` present, 1 being that of a lone job.
    #[inline]
    pub(super) fn at(&mut self, jobs: u32) -> f64 {
        if self.effects.is_empty() {
            return 1.0;
        }
        while self.by_jobs.len() <= jobs as usize {
            let next = self.by_jobs.len() as u32;
            let speed = load_speed(&self.effects, next);
            self.by_jobs.push(speed);
        }
        self.by_jobs[jobs as usize]
    }
}

/// Speed that the load effects among `effects` leave with `jobs` present.
pub(super) fn load_speed(effects: &[Effect], jobs: u32) -> f64 {
    let others = f64::from(jobs.saturating_sub(1));
    let share = |full_at: u32| (others / f64::from(full_at.saturating_sub(1).max(1))).min(1.0);
    let demand: f64 = effects
        .iter()
        .map(|effect| match *effect {
            Effect::Turbo { loss, full_at } => 1.0 + loss * share(full_at),
            Effect::Coherency { per_job } => 1.0 + per_job * others,
            Effect::Batching { gain, full_at } => 1.0 - gain * share(full_at),
            Effect::Thrashing { beyond, per_job } => 1.0 + per_job * f64::from(jobs.saturating_sub(beyond)),
            _ => 1.0,
        })
        .product();
    1.0 / demand
}

/// Factor on a demand whose service begins at `time_s`.
pub(super) fn demand_factor(effects: &[Effect], time_s: f64) -> f64 {
    effects
        .iter()
        .map(|effect| match *effect {
            Effect::ColdStart { extra, decay_s } => 1.0 + extra * libm::exp(-time_s / decay_s),
            Effect::Leak { per_minute } => 1.0 + per_minute * time_s / 60.0,
            _ => 1.0,
        })
        .product()
}

/// A station's change between two regimes, at instants drawn from laws.
#[derive(Debug, Clone)]
pub(super) struct Alternation {
    /// Sojourn in the usual regime and in the other one.
    sojourns: [Sampler; 2],
    /// Speed in the other regime; 0 is a pause.
    speed: f64,
    /// Servers that are busy throughout a pause.
    pause_busy: f64,
    other: bool,
    /// When it changes next.
    pub(super) next_s: f64,
}

impl Alternation {
    /// The alternation of an effect, where it is one.
    pub(super) fn new(effect: &Effect, rng: &mut ChaCha8Rng) -> Option<Self> {
        let (usual, other, speed, pause_busy) = match effect {
            Effect::Pauses {
                every,
                length,
                busy_servers,
            } => (every, length, 0.0, *busy_servers),
            Effect::Bistable { slow, fast_s, slow_s } => (fast_s, slow_s, 1.0 / slow, 0.0),
            _ => return None,
        };
        let sojourns = [Sampler::new(usual), Sampler::new(other)];
        let next_s = sojourns[0].sample(rng);
        Some(Self {
            sojourns,
            speed,
            pause_busy,
            other: false,
            next_s,
        })
    }

    pub(super) fn switch(&mut self, rng: &mut ChaCha8Rng) {
        self.other = !self.other;
        self.next_s += self.sojourns[usize::from(self.other)].sample(rng);
    }

    pub(super) fn speed(&self) -> f64 {
        if self.other { self.speed } else { 1.0 }
    }

    /// Servers kept busy by a pause that is on.
    pub(super) fn pause_busy(&self) -> Option<f64> {
        (self.other && self.speed == 0.0).then_some(self.pause_busy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_effects_multiply_the_demand_by_the_jobs_present() {
        let demand = |effect: Effect, jobs| 1.0 / LoadSpeed::new(&[effect]).at(jobs);
        let turbo = Effect::Turbo {
            loss: 0.2,
            full_at: 5,
        };
        assert_eq!(
            [1, 3, 5, 50].map(|n| demand(turbo.clone(), n)),
            [1.0, 1.1, 1.2, 1.2]
        );
        let coherency = Effect::Coherency { per_job: 0.01 };
        assert!((demand(coherency, 51) - 1.5).abs() < 1e-12);
        let batching = Effect::Batching {
            gain: 0.25,
            full_at: 11,
        };
        assert!((demand(batching.clone(), 6) - 0.875).abs() < 1e-12);
        assert!((demand(batching, 1000) - 0.75).abs() < 1e-12);
        let thrashing = Effect::Thrashing {
            beyond: 10,
            per_job: 0.1,
        };
        assert_eq!(demand(thrashing.clone(), 10), 1.0);
        assert!((demand(thrashing, 20) - 2.0).abs() < 1e-12);
    }

    #[test]
    fn effects_of_time_decay_or_grow() {
        let cold = [Effect::ColdStart {
            extra: 2.0,
            decay_s: 10.0,
        }];
        assert_eq!(demand_factor(&cold, 0.0), 3.0);
        assert!((demand_factor(&cold, 10.0) - (1.0 + 2.0 / std::f64::consts::E)).abs() < 1e-12);
        assert_eq!(demand_factor(&[Effect::Leak { per_minute: 0.1 }], 300.0), 1.5);
    }
}
