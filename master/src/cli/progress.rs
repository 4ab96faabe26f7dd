//! Live progress on stderr: one moving line on a terminal, plain lines elsewhere, a whole screen or nothing on request.

use crate::campaign::Display;
use crate::campaign::state::Progress;
use crate::report::number::duration;
use crate::summary::Level;
use autoperf_models::Estimate;
use autoperf_models::grammar::counted;
use autoperf_models::level::LevelState;
use indicatif::{ProgressBar, ProgressStyle};
use std::fmt;
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Plain lines are repeated at most this often within a level, s.
const PLAIN_EVERY_S: f64 = 5.0;

/// How a run is watched.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Watch {
    /// Say nothing while it goes on; the verdict and errors are still printed.
    #[arg(short, long)]
    pub quiet: bool,
    /// Show the run on a whole screen: the curve as it grows, the current level, the processes (in builds with the feature `tui`).
    #[arg(long, conflicts_with = "quiet")]
    pub tui: bool,
}

impl Watch {
    /// What shows a run so.
    ///
    /// # Errors
    /// Why it cannot be shown so, as text.
    pub fn display(&self) -> Result<Box<dyn Display>, String> {
        if self.quiet {
            return Ok(Box::new(Silent));
        }
        if self.tui && is_capable_terminal() {
            return screen();
        }
        let mut lines = Stderr::new();
        if self.tui {
            lines.note("this is no terminal for a whole screen, so there are lines");
        }
        Ok(Box::new(lines))
    }

    /// A flag that Ctrl-C sets, and the terminal put back where a second one ends the program at once.
    ///
    /// # Errors
    /// Where the system refuses the handlers.
    pub fn listen(&self) -> io::Result<Arc<AtomicBool>> {
        #[cfg(feature = "tui")]
        if self.tui {
            return crate::interrupt::listen_and_tidy(super::screen::put_back);
        }
        crate::interrupt::listen()
    }
}

#[cfg(feature = "tui")]
fn screen() -> Result<Box<dyn Display>, String> {
    match super::screen::Screen::open() {
        Ok(screen) => Ok(Box::new(screen)),
        Err(error) => Err(format!("autoperf: --tui: the terminal refuses: {error}")),
    }
}

#[cfg(not(feature = "tui"))]
fn screen() -> Result<Box<dyn Display>, String> {
    Err(
        "autoperf: this build has no --tui\n  hint: build it with `cargo build --release --features tui`"
            .to_owned(),
    )
}

/// Shows nothing.
#[derive(Debug)]
struct Silent;

impl Display for Silent {
    fn progress(&mut self, _: &Progress) {}
    fn level(&mut self, _: &Level) {}
    fn note(&mut self, _: &str) {}
}

/// Progress on stderr.
#[derive(Debug)]
pub struct Stderr {
    bar: Option<ProgressBar>,
    last_plain: (usize, f64),
}

impl Stderr {
    /// A moving line where stderr is a terminal that can, else plain lines.
    #[must_use]
    pub fn new() -> Self {
        let bar = is_capable_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self {
            bar,
            last_plain: (0, f64::NEG_INFINITY),
        }
    }

    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => eprintln!("{text}"),
        }
    }
}

/// Whether stderr is a terminal on which a line may move: not where TERM is dumb or missing, nor in CI.
#[must_use]
pub fn is_capable_terminal() -> bool {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    let ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    std::io::stderr().is_terminal() && !dumb && !ci
}

impl Default for Stderr {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Stderr {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Display for Stderr {
    fn progress(&mut self, progress: &Progress) {
        let text = progress_line(progress);
        if self.last_plain.0 != progress.level {
            self.line(&begin_line(progress));
            self.last_plain = (progress.level, progress.elapsed_s);
        }
        match &self.bar {
            Some(bar) => bar.set_message(text),
            None if progress.elapsed_s - self.last_plain.1 >= PLAIN_EVERY_S => {
                self.last_plain.1 = progress.elapsed_s;
                eprintln!("  {text}");
            }
            None => {}
        }
    }

    fn level(&mut self, level: &Level) {
        self.line(&format!("  {}", level_line(level)));
    }

    fn note(&mut self, text: &str) {
        self.line(&format!("note: {text}"));
    }
}

/// What a level begins with: why it is run, and how long it and the rest of the run may take.
#[must_use]
pub fn begin_line(progress: &Progress) -> String {
    let rest = progress
        .remaining_s
        .filter(|rest_s| *rest_s > 0.0)
        .map_or_else(String::new, |rest_s| {
            format!(
                " (about {}, the rest of the run {})",
                duration(progress.forecast_s.round()),
                duration(rest_s.round())
            )
        });
    format!(
        "level {}, {}: {}{rest}",
        progress.level,
        counted(progress.users, "user"),
        progress.why
    )
}

/// How much longer a level takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rest {
    /// By forecast, s.
    About(f64),
    /// By the level's limit alone, s: nothing foresees the end, or what was foreseen is over.
    UpTo(f64),
}

impl Rest {
    /// Of a level that goes on.
    #[must_use]
    pub fn of(progress: &Progress) -> Self {
        let limit_s = (progress.limit_s - progress.elapsed_s).max(0.0);
        let foreseen_s = match progress.state {
            LevelState::Measuring { remaining_s, .. } => remaining_s,
            LevelState::Warming => Some(progress.forecast_s - progress.elapsed_s),
            LevelState::Done(_) => None,
        };
        match foreseen_s {
            Some(left_s) if left_s > 0.0 && left_s < limit_s => Self::About(left_s),
            _ => Self::UpTo(limit_s),
        }
    }
}

impl fmt::Display for Rest {
    /// In whole seconds, never none: what has no time left is over, and is not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (how, left_s) = match self {
            Self::About(left_s) => ("about", left_s),
            Self::UpTo(left_s) => ("up to", left_s),
        };
        write!(f, "{how} {} more", duration(left_s.round().max(1.0)))
    }
}

/// Where a level stands.
#[must_use]
pub fn progress_line(progress: &Progress) -> String {
    let head = format!(
        "level {} | {} | {:.0} s",
        progress.level,
        counted(progress.users, "user"),
        progress.elapsed_s
    );
    if let Some(note) = &progress.note {
        return format!("{head} | {note}");
    }
    match &progress.state {
        LevelState::Warming => format!("{head} | warming up | {}", Rest::of(progress)),
        LevelState::Measuring {
            throughput_per_s,
            response_time_s,
            ..
        } => {
            let rate = figure(throughput_per_s.as_ref(), 1.0, "/s");
            let time = figure(response_time_s.as_ref(), 1e3, " ms");
            format!("{head} | measuring | {rate} | {time} | {}", Rest::of(progress))
        }
        LevelState::Done(_) => format!("{head} | done"),
    }
}

/// A figure with its half-width, or a dash.
#[must_use]
pub fn figure(estimate: Option<&Estimate>, factor: f64, unit: &str) -> String {
    estimate.map_or_else(
        || format!("-{unit}"),
        |estimate| {
            format!(
                "{:.1} ±{:.1}{unit}",
                estimate.value * factor,
                estimate.half_width() * factor
            )
        },
    )
}

/// What a finished level has shown.
#[must_use]
pub fn level_line(level: &Level) -> String {
    let rate = figure(level.throughput_per_s.map(Estimate::from).as_ref(), 1.0, "/s");
    let time = figure(
        level.response_time_s.mean.map(Estimate::from).as_ref(),
        1e3,
        " ms",
    );
    let failed = match level.errors + level.timeouts {
        0 => String::new(),
        failed => format!(", {failed} of {} failed", level.transactions),
    };
    format!(
        "{rate}, {time}{failed}; measured {:.1} s after {:.1} s of warm-up, {}",
        level.measured_s, level.warmup_s, level.steadiness
    )
}
