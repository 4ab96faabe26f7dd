//! What can be said of a capacity analysis before any load: its first level, its length, and where it would saturate.

use crate::cli::capacity;
use crate::summary::build::strategy;
use autoperf_inputs::Workload;
use autoperf_models::grammar::counted;
use autoperf_models::search::Next;
use std::fmt::Write;

/// Service demands for which the saturation point is told, s: what a page of a busy application costs lies between.
const DEMANDS_S: [f64; 3] = [0.001, 0.01, 0.1];

/// Writes the forecast; `think_time_s` is the mean one of the mix.
pub(super) fn write(out: &mut String, workload: &Workload, think_time_s: f64) -> std::fmt::Result {
    let options = capacity::standard_search(workload);
    if let Next::Run(plan) = strategy(&options, think_time_s).next(None) {
        writeln!(
            out,
            "load levels: chosen while running; the first has {} for some {:.0} s, all of them together take some {:.0} min",
            counted(plan.users, "user"),
            plan.forecast_s,
            (plan.remaining_s / 60.0).max(1.0)
        )?;
    }
    let saturated: Vec<String> = DEMANDS_S
        .iter()
        .map(|demand_s| {
            let users = (demand_s + think_time_s) / demand_s;
            format!(
                "{} at {} ms",
                counted(users.round() as u64, "user"),
                demand_s * 1e3
            )
        })
        .collect();
    writeln!(
        out,
        "forecast: N* is unknown until demands are measured; by N* = (R + Z) / D with Z = {think_time_s:.3} s it would be {} of CPU time a transaction at the busiest server, all of R",
        saturated.join(", ")
    )?;
    let warm_up = if workload.warm_up {
        "is detected and left out"
    } else {
        "is measured with the rest"
    };
    writeln!(out, "warm-up: {warm_up}")
}
