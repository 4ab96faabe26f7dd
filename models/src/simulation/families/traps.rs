//! Sites at which a capacity would be a confident wrong answer.

use super::draw::{log_uniform, uniform};
use crate::distribution::Distribution;
use crate::simulation::site::{Class, Effect, Generator, Site, Station, Step};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

/// What is wrong with the site, or with the test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trap {
    /// Work grows from minute to minute.
    Leak,
    /// Two regimes follow each other.
    Bistable,
    /// Thrashing so strong that two states are stable at one number of users: throughput depends on how the load came.
    Metastable,
    /// No user count in reach loads anything: think time is long and the site has no queue.
    NoSaturation,
    /// Every answer is an error.
    FailsAtOnce,
    /// Every transaction is longer than its time limit.
    TooSlowAtOnce,
    /// The generator is the slowest part.
    GeneratorLimited,
    /// A time limit near saturation: from there on users leave and the servers work for nobody.
    TimeOutCollapse,
}

impl Trap {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Leak,
        Self::Bistable,
        Self::Metastable,
        Self::NoSaturation,
        Self::FailsAtOnce,
        Self::TooSlowAtOnce,
        Self::GeneratorLimited,
        Self::TimeOutCollapse,
    ];
}

/// Streams of the traps, beyond those of the families.
const STREAM_TRAPS: u64 = 1 << 61;

/// A site of this kind: two tiers of four shared servers, the second one limiting at 20 to 100 a second.
#[must_use]
pub fn trap(kind: Trap, seed: u64) -> Site {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(STREAM_TRAPS + kind as u64);
    let demand_s = log_uniform(&mut rng, 0.04, 0.2);
    let exponential = |mean| Distribution::Exponential { mean };
    let route = vec![
        Step::visit(0, exponential(demand_s / 3.0)),
        Step::visit(1, exponential(demand_s)),
    ];
    let think_s = demand_s * log_uniform(&mut rng, 3.0, 30.0);
    let stations = vec![Station::sharing("web", 4), Station::sharing("db", 4)];
    let mut site = Site::of_one_class(stations, Class::new("page", route, exponential(think_s)));
    let (limiting, class) = (&mut site.stations[1], &mut site.classes[0]);
    match kind {
        Trap::Leak => limiting.effects.push(Effect::Leak {
            per_minute: uniform(&mut rng, 0.1, 0.3),
        }),
        Trap::Bistable => limiting.effects.push(Effect::Bistable {
            slow: uniform(&mut rng, 2.0, 4.0),
            fast_s: exponential(15.0),
            slow_s: exponential(15.0),
        }),
        Trap::Metastable => {
            // Users enough that chance does not carry the site from one state to the other.
            let think_s = 75.0 * demand_s;
            let saturation_users = 4.0 / demand_s * (think_s + demand_s * 4.0 / 3.0);
            class.think = exponential(think_s);
            limiting.effects.push(Effect::Thrashing {
                beyond: 4 + (0.1 * saturation_users) as u32,
                per_job: uniform(&mut rng, 5.0, 8.0) / saturation_users,
            });
        }
        Trap::NoSaturation => {
            *limiting = Station::delay("service beyond the site");
            class.route.remove(0);
            class.think = exponential(20.0);
        }
        Trap::FailsAtOnce => class.failures = 1.0,
        Trap::TooSlowAtOnce => {
            class.route[1] = Step::visit(1, Distribution::Constant(demand_s));
            class.timeout_s = Some(demand_s / 2.0);
        }
        Trap::GeneratorLimited => {
            // Half of what the site could do, by the generator's work on sending and receiving.
            let work_s = demand_s / 4.0;
            site.generator = Some(Generator {
                threads: 1,
                send: Distribution::Constant(work_s),
                receive: Distribution::Constant(work_s),
            });
        }
        Trap::TimeOutCollapse => class.timeout_s = Some(8.0 * demand_s),
    }
    site
}
