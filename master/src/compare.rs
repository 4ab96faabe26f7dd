//! Two runs beside each other: what differs, by how much, and whether that is more than chance.
//!
//! The two runs are independent, so the interval of a difference follows from the intervals of the two figures by the method of
//! variance estimates recovery (Zou & Donner 2008, eq. 3), which keeps lopsided intervals as they are. Many figures are
//! compared at once; whether one differs is therefore judged by Holm's procedure (Holm 1979) at 5 % for all of them together.

use crate::report::chart::Chart;
use crate::summary::{Interval, Summary};
use serde::Serialize;

pub mod difference;
mod figures;
mod overlay;
mod page;
mod trust;
pub mod write;

/// What a comparison found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Layout version of the JSON form.
    pub schema_version: u32,
    /// Where the first run (the baseline) is.
    pub baseline: String,
    /// Where the second run is.
    pub candidate: String,
    /// The verdicts, the baseline's first.
    pub verdicts: [String; 2],
    /// Every figure that both runs have.
    pub figures: Vec<Figure>,
    /// What makes the two runs less than alike, one sentence each.
    pub cautions: Vec<String>,
    /// The threshold of a regression, a share; absent where none was asked.
    pub fail_on: Option<f64>,
    /// Names of the figures that are worse beyond the threshold, significantly.
    pub regressions: Vec<String>,
    /// Curves of both runs in one picture each.
    #[serde(skip)]
    pub charts: Vec<Chart>,
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// More is better, such as throughput.
    Higher,
    /// Less is better, such as response time.
    Lower,
}

/// How a figure changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// For the better, significantly.
    Better,
    /// For the worse, significantly.
    Worse,
    /// What is seen may well be chance.
    NotSignificant,
}

/// One figure in both runs. Times are in seconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// What it is.
    pub name: String,
    /// Unit of the figures: `/s`, `s` or `users`.
    pub unit: &'static str,
    /// Which way is better.
    pub better: Better,
    /// In the baseline.
    pub baseline: Interval,
    /// In the candidate.
    pub candidate: Interval,
    /// Candidate less baseline.
    pub difference: Interval,
    /// Difference over the baseline, a share; absent where the baseline is nothing.
    pub relative: Option<Interval>,
    /// Probability of a difference like this by chance alone, of this figure by itself.
    pub p_value: f64,
    /// What to make of it.
    pub change: Change,
}

/// One of the two runs.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// Where it is.
    pub place: &'a str,
    /// Its answer.
    pub summary: &'a Summary,
}

/// Family-wise error of the judgement on all figures together.
pub const SIGNIFICANCE: f64 = 0.05;

/// Compares a run with its baseline.
#[must_use]
pub fn compare(baseline: Side<'_>, candidate: Side<'_>, fail_on: Option<f64>) -> Comparison {
    let figures = difference::judged(figures::pairs(baseline.summary, candidate.summary));
    let regressions = figures
        .iter()
        .filter(|figure| fail_on.is_some_and(|threshold| figure.regressed(threshold)))
        .map(|figure| figure.name.clone())
        .collect();
    Comparison {
        schema_version: 1,
        baseline: baseline.place.to_owned(),
        candidate: candidate.place.to_owned(),
        verdicts: [baseline, candidate].map(|side| side.summary.verdict.sentence.clone()),
        figures,
        cautions: trust::cautions(baseline.summary, candidate.summary),
        fail_on,
        regressions,
        charts: overlay::charts(baseline.summary, candidate.summary),
    }
}

impl Figure {
    /// Whether it is worse by more than this share of the baseline, and significantly so.
    #[must_use]
    pub fn regressed(&self, threshold: f64) -> bool {
        let Some(relative) = self.relative else {
            return false;
        };
        let worse_by = match self.better {
            Better::Higher => -relative.value,
            Better::Lower => relative.value,
        };
        self.change == Change::Worse && worse_by > threshold
    }
}
