//! cbmg.txt, mll.txt and config.properties as texts.

use super::cycles::{self, Stretch};
use super::{name_of, refused, to_exit};
use crate::cbmg::{ENTRY, EXIT, state_name};
use crate::diagnostic::Diagnostics;
use crate::workload::{ManualLevel, Navigation, Parameters, Transaction};

pub(super) fn cbmg(navigation: &Navigation, transactions: &[Transaction]) -> Result<String, Diagnostics> {
    let mut names = Vec::new();
    for &index in &navigation.states {
        let name = name_of(transactions, index)?;
        state_name(name).map_err(refused)?;
        names.push(name);
    }
    let mut text = format!("{ENTRY} {} {EXIT}\n", names.join(" "));
    let mut row = |name: &str, inner: &[f64], exit: f64| {
        text.push_str(name);
        for p in std::iter::once(&0.0).chain(inner).chain([&exit]) {
            text.push_str(&format!(" {p}"));
        }
        text.push('\n');
    };
    row(ENTRY, &navigation.entry, 0.0);
    for (name, inner) in names.iter().zip(&navigation.rows) {
        row(name, inner, to_exit(inner));
    }
    row(EXIT, &vec![0.0; names.len()], 0.0);
    Ok(text)
}

pub(super) fn levels(levels: &[ManualLevel]) -> String {
    let line = |level: &ManualLevel| format!("{} {}\n", level.users, level.duration_s);
    let stretch = |stretch: Stretch<'_>| match stretch {
        Stretch::Once(level) => line(level),
        Stretch::Repeat(times, cycle) => {
            let cycle: String = cycle.iter().map(line).collect();
            format!("repeat {times}\n{cycle}end {times}\n")
        }
    };
    cycles::find(levels).into_iter().map(stretch).collect()
}

pub(super) fn properties(parameters: &Parameters) -> String {
    parameters
        .values
        .iter()
        .map(|(name, value)| format!("{name}={}\n", escaped(value)))
        .collect()
}

/// A value as [`crate::properties`] reads it back.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\")
}
