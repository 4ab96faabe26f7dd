//! Errors, prices and coverage, and the table of them.

use super::sites::Case;
use autoperf_models::search::{CurvePoint, Finding, VerdictCode};

/// One site by one strategy.
pub(crate) struct Trial {
    pub(crate) load_s: f64,
    pub(crate) levels: usize,
    pub(crate) verdict: VerdictCode,
    capacity_error: f64,
    saturation_error: f64,
    worst_rate: f64,
    mean_rate: f64,
    worst_response: f64,
    mean_response: f64,
    inside: [usize; 2],
    compared: usize,
    covered: [bool; 2],
    wrong: bool,
}

impl Trial {
    pub(crate) fn of(finding: &Finding, load_s: f64, levels: usize, case: &Case) -> Self {
        // A site that has collapsed under the eyes of the strategy, and is said to, was judged right.
        let collapses = case.metastable && finding.verdict == VerdictCode::Retrograde;
        let claimed = matches!(finding.verdict, VerdictCode::Found | VerdictCode::Retrograde) && !collapses;
        let error = |e: Option<autoperf_models::Estimate>, truth: f64| {
            e.map_or(1.0, |e| (e.value / truth - 1.0).abs())
        };
        let inside = |e: Option<autoperf_models::Estimate>, truth: f64| e.is_some_and(|e| e.contains(truth));
        let capacity_error = error(finding.max_throughput_per_s, case.capacity);
        let saturation_error = error(finding.saturation_users, case.saturation_users);
        let covered = [
            inside(finding.max_throughput_per_s, case.capacity),
            inside(finding.saturation_users, case.saturation_users),
        ];
        let mut trial = Self {
            load_s,
            levels,
            verdict: finding.verdict,
            capacity_error,
            saturation_error,
            worst_rate: 0.0,
            mean_rate: 0.0,
            worst_response: 0.0,
            mean_response: 0.0,
            inside: [0, 0],
            compared: 0,
            covered,
            // Certain, and wrong by more than the target and more than it admits.
            wrong: claimed
                && (capacity_error > 0.05 && !covered[0] || saturation_error > 0.10 && !covered[1]),
        };
        let mut errors = Vec::new();
        for &(users, rate, response_s) in &case.curve {
            let Some(point) = at(&finding.curve, users) else {
                errors.push((1.0, 1.0));
                continue;
            };
            trial.compared += 1;
            trial.inside[0] += usize::from(point.throughput_per_s.contains(rate));
            trial.inside[1] += usize::from(point.response_time_s.contains(response_s));
            errors.push((
                (point.throughput_per_s.value / rate - 1.0).abs(),
                (point.response_time_s.value / response_s - 1.0).abs(),
            ));
        }
        let count = errors.len() as f64;
        for (rate, response) in errors {
            trial.worst_rate = trial.worst_rate.max(rate);
            trial.worst_response = trial.worst_response.max(response);
            trial.mean_rate += rate / count;
            trial.mean_response += response / count;
        }
        trial
    }

    pub(crate) fn line(&self) -> String {
        format!(
            "{:6.0} s {:2} levels {:?} X_max {:.1}%{} N* {:.1}%{} X(N) {:.1}/{:.1}% R(N) {:.1}/{:.1}% in band {}/{} of {}{}",
            self.load_s,
            self.levels,
            self.verdict,
            100.0 * self.capacity_error,
            if self.covered[0] { "" } else { "!" },
            100.0 * self.saturation_error,
            if self.covered[1] { "" } else { "!" },
            100.0 * self.mean_rate,
            100.0 * self.worst_rate,
            100.0 * self.mean_response,
            100.0 * self.worst_response,
            self.inside[0],
            self.inside[1],
            self.compared,
            if self.wrong { " WRONG" } else { "" }
        )
    }
}

/// The curve at `users`, between its rows in proportion.
fn at(curve: &[CurvePoint], users: u32) -> Option<CurvePoint> {
    let above = curve.iter().position(|p| p.users >= users)?;
    let high = curve[above];
    if high.users == users || above == 0 {
        return (high.users == users || high.users <= users + 1).then_some(high);
    }
    let low = curve[above - 1];
    let share = f64::from(users - low.users) / f64::from(high.users - low.users);
    let mix = |a: autoperf_models::Estimate, b: autoperf_models::Estimate| {
        let m = |x: f64, y: f64| x + share * (y - x);
        autoperf_models::Estimate {
            value: m(a.value, b.value),
            low: m(a.low, b.low),
            high: m(a.high, b.high),
            samples: a.samples,
        }
    };
    Some(CurvePoint {
        users,
        throughput_per_s: mix(low.throughput_per_s, high.throughput_per_s),
        response_time_s: mix(low.response_time_s, high.response_time_s),
    })
}

/// All trials of one strategy.
pub(crate) struct Score {
    pub(crate) name: &'static str,
    trials: Vec<Trial>,
}

impl Score {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            trials: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, trial: Trial) {
        self.trials.push(trial);
    }

    fn mean(&self, f: impl Fn(&Trial) -> f64) -> f64 {
        self.trials.iter().map(f).sum::<f64>() / self.trials.len() as f64
    }

    fn quantile(&self, q: f64, f: impl Fn(&Trial) -> f64) -> f64 {
        let mut values: Vec<f64> = self.trials.iter().map(f).collect();
        values.sort_by(f64::total_cmp);
        values[((values.len() - 1) as f64 * q).round() as usize]
    }

    fn mean_and_tail(&self, f: impl Fn(&Trial) -> f64 + Copy) -> String {
        format!(
            "{:.1} ({:.1})",
            100.0 * self.mean(f),
            100.0 * self.quantile(0.95, f)
        )
    }

    fn covers(&self, which: usize) -> String {
        let inside = self.mean(|t| t.inside[which] as f64);
        format!("{:.1}", 100.0 * inside / self.mean(|t| t.compared as f64))
    }

    fn share(&self, f: impl Fn(&Trial) -> bool) -> f64 {
        100.0 * self.mean(|t| f64::from(u8::from(f(t))))
    }
}

/// A row of the table: its name and its cell for one strategy.
type Row = (&'static str, fn(&Score) -> String);

/// Rows on price and answers.
const ANSWERS: &[Row] = &[
    ("sites", |s| s.trials.len().to_string()),
    ("load time, median (p95, max), s", |s| {
        let at = |q| s.quantile(q, |t| t.load_s);
        format!("{:.0} ({:.0}, {:.0})", at(0.5), at(0.95), at(1.0))
    }),
    ("levels, median", |s| {
        format!("{:.0}", s.quantile(0.5, |t| t.levels as f64))
    }),
    ("X_max within 3 %, % of sites", |s| {
        format!("{:.1}", s.share(|t| t.capacity_error <= 0.03))
    }),
    ("N* within 10 %, % of sites", |s| {
        format!("{:.1}", s.share(|t| t.saturation_error <= 0.10))
    }),
    ("error of X_max, mean (p95), %", |s| {
        s.mean_and_tail(|t| t.capacity_error)
    }),
    ("error of N*, mean (p95), %", |s| {
        s.mean_and_tail(|t| t.saturation_error)
    }),
    ("interval of X_max covers, %", |s| {
        format!("{:.1}", s.share(|t| t.covered[0]))
    }),
    ("interval of N* covers, %", |s| {
        format!("{:.1}", s.share(|t| t.covered[1]))
    }),
    ("answered (found or retrograde), %", |s| {
        let answered = |t: &Trial| matches!(t.verdict, VerdictCode::Found | VerdictCode::Retrograde);
        format!("{:.1}", s.share(answered))
    }),
    ("certain and wrong", |s| {
        s.trials.iter().filter(|t| t.wrong).count().to_string()
    }),
];

/// Rows on the curves.
const CURVES: &[Row] = &[
    ("error of X(N), mean over N (worst N), %", |s| {
        format!(
            "{:.1} ({:.1})",
            100.0 * s.mean(|t| t.mean_rate),
            100.0 * s.mean(|t| t.worst_rate)
        )
    }),
    ("error of R(N), mean over N (worst N), %", |s| {
        format!(
            "{:.1} ({:.1})",
            100.0 * s.mean(|t| t.mean_response),
            100.0 * s.mean(|t| t.worst_response)
        )
    }),
    ("error of R(N), median site, %", |s| {
        format!("{:.1}", 100.0 * s.quantile(0.5, |t| t.mean_response))
    }),
    ("band of X(N) covers, %", |s| s.covers(0)),
    ("band of R(N) covers, %", |s| s.covers(1)),
];

/// The table in Markdown.
pub(crate) fn print(scores: &[Score]) {
    let names: Vec<&str> = scores.iter().map(|s| s.name).collect();
    println!("| | {} |", names.join(" | "));
    println!("|---{}|", "|---".repeat(scores.len()));
    for (name, cell) in ANSWERS.iter().chain(CURVES) {
        let cells = scores
            .iter()
            .map(|s| if s.trials.is_empty() { "-".into() } else { cell(s) });
        println!("| {name} | {} |", cells.collect::<Vec<_>>().join(" | "));
    }
}
