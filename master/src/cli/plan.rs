//! `autoperf plan`: what a run with the same options would do and how long it would take, without any load or contact.

use crate::cli::capacity;
use crate::cli::check::MOST_ROWS;
use crate::cli::exit::Exit;
use crate::cli::launch::Job;
use crate::cli::profile;
use crate::cli::report::print;
use crate::cli::values;
use crate::journal::entry::{OpenOptions, SearchOptions};
use crate::parameters;
use crate::rehearsal::{SupposedSite, rehearse};
use crate::report::number::{duration, percent, significant};
use crate::run;
use autoperf_inputs::Workload;
use autoperf_models::grammar::counted;
use autoperf_models::search::{STRATEGIES, VerdictCode};
use std::fmt::Write;

/// CPU times of the limiting process for a transaction that are supposed where nothing is said, s.
const SUPPOSED_S: [f64; 3] = [0.001, 0.01, 0.1];

/// What `plan` takes.
#[derive(Debug, Clone, clap::Args)]
#[group(id = "plan")]
pub struct Arguments {
    /// What `capacity` takes.
    #[command(flatten)]
    pub capacity: capacity::Arguments,
    /// Plan a profile of single transactions instead of a capacity analysis.
    #[arg(long, conflicts_with = "url")]
    pub profile: bool,
    /// CPU time that the limiting process may need for a transaction, such as 20ms, to forecast the levels by; by default
    /// three sites are supposed.
    #[arg(long, value_name = "TIME", value_parser = values::duration_s)]
    pub suppose: Option<f64>,
}

/// Runs the verb.
#[must_use]
pub fn run(arguments: &Arguments) -> Exit {
    let job = match arguments.profile {
        false => capacity::job(&arguments.capacity),
        true => profile::job(&profile::Arguments {
            files: arguments.capacity.files.clone(),
            manual: arguments.capacity.manual.clone(),
            max_duration: arguments.capacity.search.max_duration,
            place: arguments.capacity.place.clone(),
            profilers: arguments.capacity.profilers.clone(),
            browser: arguments.capacity.browser,
            watch: arguments.capacity.watch.clone(),
        }),
    };
    match job {
        Ok(job) => print(&told(&job, arguments.suppose)),
        Err(message) => {
            eprintln!("{message}");
            Exit::Usage
        }
    }
}

/// The plan in words.
fn told(job: &Job, supposed_s: Option<f64>) -> String {
    let mut text = String::new();
    // Writing into a String cannot fail.
    let _ = write_plan(&mut text, job, supposed_s);
    text
}

fn write_plan(out: &mut String, job: &Job, supposed_s: Option<f64>) -> std::fmt::Result {
    let workload = &job.workload;
    writeln!(out, "mode: {}", run::mode_name(job.mode, job.open.is_some()))?;
    writeln!(
        out,
        "load would go to: {}",
        workload.describe().targets.join(", ")
    )?;
    profilers(out, workload)?;
    writeln!(
        out,
        "before any load: every profiler is asked for its processes, and one user tries the site"
    )?;
    let warm_up = match workload.warm_up {
        true => "detected at each level and left out of the figures",
        false => "not looked for; each level is measured from its begin",
    };
    writeln!(out, "warm-up: {warm_up}")?;
    if let Some(options) = &job.open {
        open(out, job, options)?;
    } else if job.mode.needs_levels() {
        schedule(out, job)?;
    } else if job.mode.needs_profile() {
        profiled(out, job)?;
    } else {
        search(out, job, supposed_s)?;
    }
    writeln!(out, "Nothing was contacted.")
}

fn profilers(out: &mut String, workload: &Workload) -> std::fmt::Result {
    if workload.nodes.is_empty() {
        return writeln!(out, "profilers: none, so the limit will have no name");
    }
    workload.nodes.iter().try_for_each(|node| {
        writeln!(
            out,
            "profiler: {} port {}, for {}",
            node.node, node.port, node.process
        )
    })
}

fn open(out: &mut String, job: &Job, options: &OpenOptions) -> std::fmt::Result {
    writeln!(
        out,
        "{} transactions begin in a second ({} arrivals), at most {} at a time",
        options.rate_per_s,
        options.arrivals,
        counted(u64::from(options.max_users), "user")
    )?;
    let longest_s = options.duration_s.unwrap_or(job.search.precision.max_level_s);
    let ends = match options.duration_s {
        Some(_) => "as asked",
        None => "at most; it ends when the intervals are as narrow as asked",
    };
    writeln!(
        out,
        "time under load: {}, {ends}; about {:.0} transactions",
        duration(longest_s),
        options.rate_per_s * longest_s
    )
}

fn schedule(out: &mut String, job: &Job) -> std::fmt::Result {
    let rows = &job.workload.manual_levels;
    let passes = match job.workload.profile.as_ref().filter(|_| job.mode.needs_profile()) {
        Some(profile) => profile.uses.len(),
        None => 1,
    };
    let once_s: f64 = rows.iter().map(|row| row.duration_s).sum();
    writeln!(out, "users  seconds")?;
    for row in rows.iter().take(MOST_ROWS) {
        writeln!(out, "{:>5}  {:>7}", row.users, row.duration_s)?;
    }
    match rows.len().saturating_sub(MOST_ROWS) {
        0 => {}
        more => writeln!(out, "and {}", counted(more as u64, "more row"))?,
    }
    if passes > 1 {
        writeln!(
            out,
            "carried out once for each of {}",
            counted(passes as u64, "transaction")
        )?;
    }
    writeln!(
        out,
        "time under load: {}, by the schedule",
        duration(once_s * passes as f64)
    )
}

fn profiled(out: &mut String, job: &Job) -> std::fmt::Result {
    let limit_s = job.search.max_duration_s.unwrap_or(f64::MAX);
    let Some(profile) = &job.workload.profile else {
        return Ok(());
    };
    let users = counted(profile.users, "user");
    for item in &profile.uses {
        let name = job.workload.transactions.get(item.transaction);
        writeln!(
            out,
            "transaction: {} with {users}, think time {} s",
            name.map_or("?", |transaction| &transaction.name),
            profile.think_time_s
        )?;
    }
    match (
        profile.execution_count,
        parameters::profile_options(&job.workload, limit_s),
    ) {
        (Some(count), _) => writeln!(
            out,
            "executions: {} by each user, as asked; think times alone take {}",
            count,
            duration(count as f64 * profile.think_time_s * profile.uses.len() as f64)
        )?,
        (None, Some(options)) => writeln!(
            out,
            "executions: {} to {} of each, until every service demand is known within {}",
            options.fewest,
            options.most,
            percent(options.demand_precision)
        )?,
        (None, None) => {}
    }
    writeln!(
        out,
        "time under load: at most {} (--max-duration)",
        duration(limit_s)
    )
}

fn search(out: &mut String, job: &Job, supposed_s: Option<f64>) -> std::fmt::Result {
    let options = &job.search;
    let precision = &options.precision;
    let about = STRATEGIES.iter().find(|entry| entry.name == options.strategy);
    writeln!(
        out,
        "levels: chosen while running by `{}`, which {}",
        options.strategy,
        about.map_or("", |entry| entry.description)
    )?;
    writeln!(
        out,
        "each level: until throughput is known within {} and mean response time within {} where that teaches something, at most {}",
        percent(precision.throughput),
        percent(precision.response_time),
        duration(precision.max_level_s)
    )?;
    let limits = [
        options.time_budget_s.map(|budget_s| {
            format!(
                "after {} no level is added for precision alone (--time-budget)",
                duration(budget_s)
            )
        }),
        options
            .max_duration_s
            .map(|limit_s| format!("never more than {} (--max-duration)", duration(limit_s))),
    ];
    let limits: Vec<_> = limits.into_iter().flatten().collect();
    writeln!(out, "time under load: {}", limits.join("; "))?;
    let think_time_s = run::think_time_s(&job.workload, job.mode);
    writeln!(out, "{}", most(options, think_time_s))?;
    forecast(out, job, think_time_s, supposed_s)
}

/// The worst case that can be known beforehand.
fn most(options: &SearchOptions, think_time_s: f64) -> String {
    let Some(users) = options.max_users else {
        return "users: as many as it takes (--max-users sets a limit)".to_owned();
    };
    let each = match options.max_duration_s.filter(|_| think_time_s > 0.0) {
        Some(limit_s) => format!(
            ", so at most about {} requests/s and {} requests in all",
            significant(f64::from(users) / think_time_s, 3),
            significant(f64::from(users) / think_time_s * limit_s, 3)
        ),
        None => String::new(),
    };
    format!("users: at most {users}{each}")
}

fn forecast(out: &mut String, job: &Job, think_time_s: f64, supposed_s: Option<f64>) -> std::fmt::Result {
    writeln!(
        out,
        "\nThe demands are not known before the run. If one core's worth of one process limited the site, and a transaction cost it so much:\n"
    )?;
    writeln!(
        out,
        "{:>9}  {:>8}  {:>9}  {:>6}  {:>10}  users of the levels",
        "CPU time", "N*", "X_max", "levels", "under load"
    )?;
    let supposed = supposed_s.map_or_else(|| SUPPOSED_S.to_vec(), |one_s| vec![one_s]);
    for demand_s in supposed {
        let site = SupposedSite {
            demand_s,
            think_time_s,
            profiled: !job.workload.nodes.is_empty(),
        };
        let found = rehearse(&job.search, site);
        let users: Vec<_> = found.users.iter().map(u32::to_string).collect();
        let end = match found.verdict {
            Some(VerdictCode::Found | VerdictCode::Retrograde) => "",
            _ => " (a limit comes first)",
        };
        writeln!(
            out,
            "{:>9}  {:>8}  {:>9}  {:>6}  {:>10}  {}{end}",
            format!("{} ms", significant(demand_s * 1e3, 3)),
            significant(site.saturation_users(), 3),
            format!("{}/s", significant(site.max_throughput_per_s(), 3)),
            found.users.len(),
            duration(found.load_s),
            users.join(", ")
        )?;
    }
    writeln!(
        out,
        "\nA real run has noise, more levels where something looks odd, and a few seconds around each level."
    )
}
