//! The verdict on an open run: whether the site served what arrived, and how fast.

use super::scheduled::{WORTH_SAYING, failed};
use super::{milliseconds, per_second};
use crate::journal::entry::OpenOptions;
use crate::summary::{Level, OpenLoad, Verdict};

/// A rate counts as held where the interval of what was served reaches this share of it.
const HELD: f64 = 0.99;

/// The verdict on an open run that came to its end.
pub(super) fn verdict(options: &OpenOptions, levels: &[Level], mut reasons: Vec<String>) -> Verdict {
    let Some((level, open)) = levels
        .first()
        .and_then(|level| Some((level, level.open.as_ref()?)))
    else {
        return Verdict {
            code: "inconclusive".to_owned(),
            sentence: "No transaction was begun, so nothing is known.".to_owned(),
            reasons,
        };
    };
    let code = code(options, level, open);
    let sentence = match code {
        "generator_limited" => format!(
            "The generator was the limit at {} transactions/s: {}",
            options.rate_per_s,
            served(level)
        ),
        "fails_at_once" => format!("The site served nothing of {} transactions/s", options.rate_per_s),
        "rate_held" => format!(
            "The site holds {} transactions/s ({} arrivals): {}",
            options.rate_per_s,
            options.arrivals,
            served(level)
        ),
        _ => format!(
            "The site does not hold {} transactions/s ({} arrivals): {}",
            options.rate_per_s,
            options.arrivals,
            served(level)
        ),
    };
    reasons.extend(
        level
            .generator
            .saturated_because
            .as_ref()
            .map(|why| format!("Generator: {why}.")),
    );
    reasons.extend(unstarted(options, level, open));
    reasons.extend(views(level, open));
    reasons.extend(options.transactions_per_session.map(|each| {
        format!(
            "A session has {each:.1} transactions on average: {:.1} sessions began in a second.",
            options.rate_per_s / each
        )
    }));
    Verdict {
        code: code.to_owned(),
        sentence: format!("{sentence}{}.", failed(levels)),
        reasons,
    }
}

fn code(options: &OpenOptions, level: &Level, open: &OpenLoad) -> &'static str {
    let served = level.transactions - level.errors - level.timeouts;
    let few_failed =
        (level.errors + level.timeouts) as f64 <= WORTH_SAYING * level.transactions.max(1) as f64;
    let reached = level
        .throughput_per_s
        .is_some_and(|rate| rate.high >= HELD * options.rate_per_s);
    if level.generator.saturated {
        "generator_limited"
    } else if served == 0 {
        "fails_at_once"
    } else if open.unstarted == 0 && reached && few_failed {
        "rate_held"
    } else {
        "rate_not_held"
    }
}

fn served(level: &Level) -> String {
    let rate = level.throughput_per_s.map_or_else(
        || "nothing was served".to_owned(),
        |rate| format!("it served {}", per_second(&rate)),
    );
    let times = &level.response_time_s;
    let mean = times.mean.map(|mean| {
        format!(
            ", in {} on average ({}-{:.2})",
            milliseconds(mean.value),
            format_args!("{:.2}", mean.low * 1e3),
            mean.high * 1e3
        )
    });
    let tail = times.p95.map(|p95_s| format!(", p95 {}", milliseconds(p95_s)));
    format!(
        "{rate}{}{} from the intended start",
        mean.unwrap_or_default(),
        tail.unwrap_or_default()
    )
}

/// What could not begin, with the number of users that Little's law asks for.
fn unstarted(options: &OpenOptions, level: &Level, open: &OpenLoad) -> Option<String> {
    if open.unstarted == 0 {
        return None;
    }
    let mean_s = level.response_time_s.mean.map(|mean| mean.value);
    let needed = mean_s.map_or_else(String::new, |mean_s| {
        format!(
            " At the response time seen, the rate needs about {:.0} users at once.",
            (mean_s * options.rate_per_s).ceil()
        )
    });
    Some(format!(
        "{} arrivals found all {} users busy and were not begun.{needed}",
        open.unstarted, open.users_limit
    ))
}

fn views(level: &Level, open: &OpenLoad) -> Option<String> {
    let (intended_s, start_s) = (level.response_time_s.p99?, open.response_from_start_s.p99?);
    let max_s = level.response_time_s.max.zip(open.response_from_start_s.max);
    open.views_differ.then(|| {
        let max = max_s.map_or_else(String::new, |(intended_s, start_s)| {
            format!(", and the longest {} instead of {}", milliseconds(intended_s), milliseconds(start_s))
        });
        format!(
            "Some transactions began later than intended: from the intended start p99 is {}, from the actual start {}{max}.",
            milliseconds(intended_s),
            milliseconds(start_s)
        )
    })
}
