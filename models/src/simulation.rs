//! A discrete-event simulator of a site under load, on a virtual clock.
//!
//! A [`Site`] says what there is: stations with servers, pools, transaction classes with their routes, and the graph by
//! which users walk from one transaction to the next. A [`Simulator`] runs it for as long as asked and emits the same
//! [`Record`](crate::record::Record) as the load engine, so that whatever stands above cannot tell them apart.
//!
//! The population is closed ([`Simulator::set_users`]: it may change while the site runs), open
//! ([`Simulator::set_arrivals`]), or both. One seed gives the same bits on every machine: each user draws its walk and its
//! think times from a stream of its own, the stations share one for service demands, so that levels of different size keep
//! their random numbers in common.
//!
//! Semantics, where a choice had to be made:
//! - Think time belongs to a transaction and is waited before it, also before the first of a session; Exit starts the next
//!   session at once.
//! - A removed user leaves after its current transaction; one who thinks is not heard of again.
//! - A station has one virtual clock that runs at the rate at which each job in service is worked on. Processor sharing, a
//!   speed that depends on the number of jobs present, pauses and regimes are all changes of that rate.
//! - Effects that depend on time (cold start, leak) act on a demand when its service begins.
//! - Measured busy time is that of occupied servers, so that what a load effect costs shows as demand, as it does on a CPU.
//! - A user whose time limit passes goes on with its walk; the work that it left behind is carried to its end.
//!
//! ```
//! use autoperf_models::distribution::Distribution;
//! use autoperf_models::simulation::{Class, LevelRun, Simulator, Site, Station, Step};
//! use std::ops::ControlFlow;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let route = vec![Step::visit(0, Distribution::exponential(0.04)?)];
//! let site = Site::of_one_class(
//!     vec![Station::sharing("cpu", 4)],
//!     Class::new("page", route, Distribution::exponential(1.0)?),
//! );
//! let mut simulator = Simulator::new(&site, 42)?;
//! let mut served = 0;
//! for users in [20, 60] {
//!     let busy_s = simulator.busy_s(0);
//!     served = 0;
//!     let length_s = simulator.run_level(
//!         LevelRun::new(users, 30.0),
//!         |_record| {},
//!         |bin, _simulator| {
//!             served += bin.completions;
//!             if served < 1_000 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
//!         },
//!     );
//!     let demand_s = (simulator.busy_s(0) - busy_s) / served as f64;
//!     assert!(length_s < 30.1 && (demand_s - 0.04).abs() < 0.01);
//! }
//! assert!(served >= 1_000);
//! # Ok(())
//! # }
//! ```

mod bins;
mod effect;
mod engine;
pub mod families;
mod heap;
mod level;
mod pool;
mod product_form;
mod reference;
mod site;
mod station;
mod walk;

pub use bins::BinAggregator;
pub use engine::{Counters, Simulator};
pub use level::LevelRun;
pub use reference::{ReferencePoint, Saturation, reference_curve, saturation};
pub use site::{Class, Discipline, Effect, Generator, Pool, Site, SiteError, Station, Step};
