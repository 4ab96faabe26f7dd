//! What the levels add up to.

use super::plans::{self, Outlook};
use super::{ModelGuided, Run};
use crate::Estimate;
use crate::search::guards;
use crate::search::network;
use crate::search::{CurvePoint, Finding, LevelNote, VerdictCode};

/// Most rows of a curve.
const CURVE_ROWS: u32 = 200;

/// Interval of `X_max` beyond which no capacity is claimed, relative half-width.
const TOO_WIDE: f64 = 0.10;

pub(super) fn finding(search: &ModelGuided) -> Finding {
    let mut finding = match Outlook::of(search) {
        None => without_levels(search),
        Some(outlook) => with_model(search, &outlook),
    };
    finding.levels = search.runs.iter().map(note).collect();
    finding
}

fn note(run: &Run) -> LevelNote {
    let figures = |run: &Run| {
        let x = run.outcome.throughput_per_s.map_or(0.0, |e| e.value);
        let r = run.outcome.response_time_s.map_or(0.0, |e| e.value);
        format!("{x:.4} transactions per second at a mean response time of {r:.4} s")
    };
    LevelNote {
        users: run.outcome.users,
        purpose: run.plan.purpose,
        why: run.plan.why.clone(),
        taught: match (&run.rejected, guards::unsteady(&run.outcome)) {
            (Some(reason), _) => reason.clone(),
            (None, Some(doubt)) => format!("{}, but {doubt}", figures(run)),
            (None, None) => figures(run),
        },
        counts: run.rejected.is_none(),
    }
}

fn without_levels(search: &ModelGuided) -> Finding {
    let reasons: Vec<String> = search.runs.iter().filter_map(|r| r.rejected.clone()).collect();
    let verdict = match search.runs.last() {
        Some(run) if run.outcome.generator_saturated => VerdictCode::GeneratorLimited,
        Some(run)
            if guards::overloaded(&run.outcome, &search.options)
                || run.outcome.throughput_per_s.is_none() =>
        {
            VerdictCode::FailsAtOnce
        }
        _ => VerdictCode::Inconclusive,
    };
    Finding::without_figures(verdict, reasons)
}

fn with_model(search: &ModelGuided, outlook: &Outlook) -> Finding {
    let model = &outlook.model;
    let capacity = model.capacity();
    let (verdict, reason) = judged(search, outlook, capacity);
    let mut finding = Finding::without_figures(verdict, vec![reason]);
    finding
        .reasons
        .extend(search.runs.iter().filter_map(|r| r.rejected.clone()));
    if matches!(
        verdict,
        VerdictCode::Found | VerdictCode::Retrograde | VerdictCode::Inconclusive
    ) {
        finding.max_throughput_per_s = capacity;
        finding.saturation_users = model.saturation_users();
        finding.bottleneck = capacity.and_then(|x| bottleneck(search, x.value));
    } else {
        let reached = search.valid().into_iter().filter_map(|o| o.throughput_per_s);
        finding.max_throughput_per_s = reached.max_by(|a, b| a.value.total_cmp(&b.value));
        finding.saturation_users = Estimate::symmetric(f64::from(outlook.highest), 0.0, 1);
    }
    finding.curve = curve(outlook);
    finding
}

fn judged(search: &ModelGuided, outlook: &Outlook, capacity: Option<Estimate>) -> (VerdictCode, String) {
    let (highest, knee) = (outlook.highest, outlook.saturation_users);
    if let (true, Some(x)) = (outlook.saturated.len() >= 2, capacity) {
        let rate = x.value;
        return if x.relative_half_width() <= TOO_WIDE {
            (
                VerdictCode::Found,
                format!("Throughput stays at {rate:.4} per second beyond {knee:.0} users."),
            )
        } else {
            (
                VerdictCode::Inconclusive,
                format!("The plateau near {rate:.4} per second is too uncertain."),
            )
        };
    }
    if search.runs.iter().any(|r| r.outcome.generator_saturated) {
        return (
            VerdictCode::GeneratorLimited,
            format!("The generator was the limit beyond {highest} users."),
        );
    }
    let tried_all = f64::from(highest) > 0.9 * f64::from(plans::ceiling(search));
    let busy = outlook.model.forecast(highest).map_or(0.0, |f| f.saturation);
    if tried_all && busy < 0.05 && knee > 3.0 * f64::from(highest) {
        return (
            VerdictCode::NoSaturation,
            format!(
                "Throughput still grows with every user at {highest} users: think time is the limit, not the site."
            ),
        );
    }
    (
        VerdictCode::AtLeast,
        format!("The search ended at {highest} users before the plateau was confirmed."),
    )
}

/// The resource that explains the plateau, with its utilization there.
fn bottleneck(search: &ModelGuided, rate: f64) -> Option<(String, f64)> {
    let pooled = super::evidence::pooled(&search.valid(), &search.options, 2)?;
    let (name, limit) = network::tightest(&pooled.demands)?;
    let utilization = rate / limit;
    (utilization > 0.88).then(|| (name, utilization.min(1.0)))
}

fn curve(outlook: &Outlook) -> Vec<CurvePoint> {
    let highest = outlook.highest;
    let rows = highest.min(CURVE_ROWS);
    let mut points = Vec::new();
    for row in 1..=rows {
        let users = (u64::from(row) * u64::from(highest)).div_ceil(u64::from(rows)) as u32;
        let users = if row == 1 { 1 } else { users };
        if let Some((throughput_per_s, response_time_s)) = outlook.model.estimates(users) {
            points.push(CurvePoint {
                users,
                throughput_per_s,
                response_time_s,
            });
        }
    }
    points
}
