//! Live progress on stderr: one moving line on a terminal, plain lines elsewhere.

use crate::campaign::Display;
use crate::campaign::state::Progress;
use crate::summary::Level;
use autoperf_models::Estimate;
use autoperf_models::level::LevelState;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

/// Plain lines are repeated at most this often within a level, s.
const PLAIN_EVERY_S: f64 = 5.0;

/// Progress on stderr.
#[derive(Debug)]
pub struct Stderr {
    bar: Option<ProgressBar>,
    last_plain: (usize, f64),
}

impl Stderr {
    /// A moving line where stderr is a terminal that can (not `TERM=dumb`, not CI), else plain lines.
    #[must_use]
    pub fn new() -> Self {
        let dumb =
            std::env::var_os("TERM").is_none_or(|term| term == "dumb") || std::env::var_os("CI").is_some();
        let bar = (std::io::stderr().is_terminal() && !dumb).then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
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
            self.line(&format!(
                "level {}: {} users, {}: {}",
                progress.level,
                progress.users,
                forecast(progress),
                progress.why
            ));
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

/// What the level and the whole rest of the run are expected to take.
fn forecast(progress: &Progress) -> String {
    let level = format!("about {:.0} s", progress.forecast_s);
    match progress.remaining_s {
        Some(rest_s) if rest_s > 1.2 * progress.forecast_s => {
            format!("{level}, to the end of the run about {rest_s:.0} s")
        }
        _ => level,
    }
}

fn progress_line(progress: &Progress) -> String {
    let head = format!(
        "level {} | {} users | {:.0} s",
        progress.level, progress.users, progress.elapsed_s
    );
    if let Some(note) = &progress.note {
        return format!("{head} | {note}");
    }
    match &progress.state {
        LevelState::Warming => format!("{head} | warming up, about {:.0} s in all", progress.forecast_s),
        LevelState::Measuring {
            throughput_per_s,
            response_time_s,
            remaining_s,
            ..
        } => {
            let rate = figure(throughput_per_s.as_ref(), 1.0, "/s");
            let time = figure(response_time_s.as_ref(), 1e3, " ms");
            let left = remaining_s.map_or_else(String::new, |left_s| format!(" | about {left_s:.0} s left"));
            format!("{head} | measuring | {rate} | {time}{left}")
        }
        LevelState::Done(_) => format!("{head} | done"),
    }
}

fn figure(estimate: Option<&Estimate>, factor: f64, unit: &str) -> String {
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

fn level_line(level: &Level) -> String {
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
