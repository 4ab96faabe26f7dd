//! Short measurements of the engine itself against a server in the same process.

use super::null_site::NullSite;
use crate::load::histogram::Histogram;
use crate::load::saturation::{doubtful_tail, judge};
use crate::load::{Account, Engine, EngineConfig, EngineError, Script, Window};
use autoperf_inputs::Workload;
use autoperf_models::distribution::Distribution;
use serde::Serialize;
use std::time::Duration;

/// Bytes of the null server's page.
const PAGE_BYTES: usize = 600;
/// Connections without think time.
const BUSY_USERS: u32 = 64;
/// Users that think for a second, where there are descriptors for both ends of their connections.
const THINKING_USERS: u32 = 1_000;
/// Descriptors that are neither end of a connection.
const OTHER_DESCRIPTORS: u64 = 64;

/// What the engine reaches without think time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Reach {
    /// Requests per second of one thread.
    pub rate_per_s: f64,
    /// CPU time of the generator for a request, s.
    pub cpu_s: f64,
}

/// How late the engine is with many thinking users.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lateness {
    /// How many.
    pub users: u32,
    /// Median, s.
    pub p50_s: f64,
    /// 99th percentile, s.
    pub p99_s: f64,
    /// Largest, s.
    pub max_s: f64,
    /// 99th percentile of how long answers at most lay unread, s.
    pub read_delay_p99_s: f64,
    /// Mean wait for a processor at each turn, s.
    pub processor_wait_s: Option<f64>,
    /// Why a level like this would not count, if so.
    pub saturated: Option<String>,
    /// Why high percentiles of the response time would be doubted, if so.
    pub doubtful_tail: Option<String>,
}

/// Why there is no measurement.
#[derive(Debug, thiserror::Error)]
pub enum ReachError {
    /// The null server does not start.
    #[error("the null server does not start: {0}")]
    Site(#[from] std::io::Error),
    /// The engine does not start.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Its address makes no workload.
    #[error("{0}")]
    Workload(String),
    /// Nothing was served.
    #[error("the null server served nothing")]
    Nothing,
}

/// Measures for two seconds what one thread reaches.
///
/// # Errors
/// [`ReachError`].
pub fn rate() -> Result<Reach, ReachError> {
    let windows = load(BUSY_USERS, 0.0, (0.3, 2.0))?;
    let served: u64 = windows.iter().map(Window::served).sum();
    let cpu_ns: u64 = windows.iter().map(|window| window.generator.cpu_ns).sum();
    let wall_ns: u64 = windows.iter().map(|window| window.end_ns - window.start_ns).sum();
    if served == 0 || wall_ns == 0 {
        return Err(ReachError::Nothing);
    }
    Ok(Reach {
        rate_per_s: served as f64 / (wall_ns as f64 * 1e-9),
        cpu_s: (cpu_ns.max(1) as f64 * 1e-9) / served as f64,
    })
}

/// Measures for four seconds how late the starts of thinking users are.
///
/// # Errors
/// [`ReachError`].
pub fn lateness(descriptor_limit: u64) -> Result<Lateness, ReachError> {
    let room = descriptor_limit.saturating_sub(OTHER_DESCRIPTORS) / 2;
    let users = THINKING_USERS.min(u32::try_from(room).unwrap_or(u32::MAX)).max(1);
    let windows = load(users, 1.0, (1.5, 4.0))?;
    let (mut late, mut unread) = (Histogram::new(), Histogram::new());
    for generator in windows.iter().map(|window| &window.generator) {
        let late_us = &generator.lateness_us;
        late_us
            .iter()
            .for_each(|late_us| late.add(u64::from(*late_us) * 1_000));
        unread.merge(&generator.read_delay);
    }
    let (Some(p50_s), Some(p99_s), Some(max_s)) = (late.quantile_s(0.5), late.quantile_s(0.99), late.max_s())
    else {
        return Err(ReachError::Nothing);
    };
    let account = Account::of(&windows);
    Ok(Lateness {
        users,
        p50_s,
        p99_s,
        max_s,
        read_delay_p99_s: unread.quantile_s(0.99).unwrap_or(0.0),
        processor_wait_s: account.wait_per_turn_s(),
        saturated: judge(&account).map(|why| why.to_string()),
        doubtful_tail: doubtful_tail(&account).map(|why| why.to_string()),
    })
}

/// Windows of `measured_s` after `warm_s` of such a load from one thread.
fn load(users: u32, think_s: f64, (warm_s, measured_s): (f64, f64)) -> Result<Vec<Window>, ReachError> {
    let site = NullSite::start(PAGE_BYTES)?;
    let mut workload = Workload::from_url(&format!("http://{}/", site.address()))
        .map_err(|found| ReachError::Workload(found.to_string()))?;
    for transaction in &mut workload.transactions {
        transaction.think_time_s = Distribution::Constant(think_s);
    }
    let config = EngineConfig {
        shards: Some(1),
        ..EngineConfig::default()
    };
    let engine = Engine::start(&workload, Script::Navigation, config)?;
    engine.set_users(users);
    let (from_ns, until_ns) = ((warm_s * 1e9) as u64, ((warm_s + measured_s) * 1e9) as u64);
    let mut windows = Vec::new();
    while let Some(window) = engine.next_window(Duration::from_secs(10)) {
        let last = window.end_ns >= until_ns;
        if window.start_ns >= from_ns {
            windows.push(window);
        }
        if last {
            break;
        }
    }
    Ok(windows)
}
