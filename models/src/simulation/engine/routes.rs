//! Classes and the generator with their laws made ready for drawing.

use crate::distribution::Sampler;
use crate::simulation::site::{Class, Generator, Step};

/// A class made ready for drawing.
#[derive(Debug, Clone)]
pub(super) struct Route {
    pub(super) steps: Vec<RouteStep>,
    pub(super) think: Sampler,
    pub(super) timeout_s: f64,
    pub(super) failures: f64,
}

#[derive(Debug, Clone)]
pub(super) enum RouteStep {
    Visit(u16, Sampler),
    Take(u8),
    Return(u8),
}

#[derive(Debug, Clone)]
pub(super) struct GeneratorLaws {
    pub(super) station: usize,
    pub(super) send: Sampler,
    pub(super) receive: Sampler,
}

impl Route {
    pub(super) fn new(class: &Class) -> Self {
        let step = |step: &Step| match step {
            Step::Visit { station, demand } => RouteStep::Visit(*station as u16, Sampler::new(demand)),
            Step::Take(pool) => RouteStep::Take(*pool as u8),
            Step::Return(pool) => RouteStep::Return(*pool as u8),
        };
        Self {
            steps: class.route.iter().map(step).collect(),
            think: Sampler::new(&class.think),
            timeout_s: class.timeout_s.unwrap_or(f64::INFINITY),
            failures: class.failures,
        }
    }
}

impl GeneratorLaws {
    pub(super) fn new(generator: &Generator, station: usize) -> Self {
        Self {
            station,
            send: Sampler::new(&generator.send),
            receive: Sampler::new(&generator.receive),
        }
    }
}
