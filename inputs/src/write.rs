//! Workload to files: AutoPerf's four, or our single one. What is written reads back to the same workload.

mod autoperf;
mod cycles;
mod layout;
mod single;
mod values;
mod xml;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::workload::{Part, Source, Template, Transaction, Workload};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Texts of files by their names relative to the folder they go to.
pub type FileSet = BTreeMap<String, String>;

/// Name of the single file of our own form.
pub const WORKLOAD_TOML: &str = "workload.toml";

/// The workload as AutoPerf's files: the input.xml (by the name that the parameters give it), and where there is something
/// to be said the CBMG, the manual load levels, config.properties and the value files.
///
/// # Errors
/// Values that the files can't carry, which only a workload that was not read from files can have.
pub fn autoperf_files(workload: &Workload) -> Result<FileSet, Diagnostics> {
    let mut files = value_files(workload)?;
    let named = |parameter: &str| workload.parameters.text(parameter).unwrap_or_default();
    let mut add = |name: String, text: String| -> Result<(), Diagnostics> {
        match files.insert(name.clone(), text) {
            None => Ok(()),
            Some(_) => Err(refused(format!("two files with the name {name}"))),
        }
    };
    add(named("config_file_name"), xml::input(workload)?)?;
    if let Some(navigation) = &workload.navigation {
        let text = autoperf::cbmg(navigation, &workload.transactions)?;
        add(named("cbmg_file_name"), text)?;
    }
    if !workload.manual_levels.is_empty() {
        let text = autoperf::levels(&workload.manual_levels);
        add(named("manual_loadlevel_input_file_name"), text)?;
    }
    if !workload.parameters.values.is_empty() {
        let text = autoperf::properties(&workload.parameters);
        add("config.properties".to_owned(), text)?;
    }
    Ok(files)
}

/// The workload as a workload.toml, and the value files that it names.
///
/// # Errors
/// As [`autoperf_files`].
pub fn single_file(workload: &Workload) -> Result<FileSet, Diagnostics> {
    let mut files = value_files(workload)?;
    let text = single::workload(workload)?;
    match files.insert(WORKLOAD_TOML.to_owned(), text) {
        None => Ok(files),
        Some(_) => Err(refused(format!("two files with the name {WORKLOAD_TOML}"))),
    }
}

/// The value files that a workload names, made again from the columns that it uses; part of both forms.
///
/// # Errors
/// Columns that do not fit each other, which only a workload that was not read from files can have.
pub fn value_files(workload: &Workload) -> Result<FileSet, Diagnostics> {
    values::files(workload)
}

fn refused(message: impl Into<String>) -> Diagnostics {
    Diagnostic::error(message).into()
}

/// All templates of a transaction.
fn templates(transaction: &Transaction) -> impl Iterator<Item = &Template> {
    std::iter::once(&transaction.url)
        .chain(transaction.body.iter().map(|b| &b.text))
        .chain(transaction.headers.iter().map(|h| &h.1))
}

/// All sources of values of a transaction, with repetitions.
fn sources(transaction: &Transaction) -> impl Iterator<Item = &Source> {
    templates(transaction)
        .flat_map(|t| &t.parts)
        .filter_map(|part| match part {
            Part::Sequence(source) => Some(source),
            Part::Literal(_) | Part::Extracted(_) | Part::FromPage(_) => None,
        })
}

/// The sequences of a transaction (without files), each once, in the order of their first use.
///
/// # Errors
/// Two different sequences of the same name, or a unique one that is no range.
fn sequences(transaction: &Transaction) -> Result<Vec<&Source>, Diagnostics> {
    let mut list: Vec<&Source> = Vec::new();
    let mut known: BTreeMap<&str, &Source> = BTreeMap::new();
    for source in sources(transaction).filter(|s| s.file().is_none()) {
        let name = source.name.as_str();
        if let Some(first) = known.insert(name, source) {
            let shared = Arc::ptr_eq(&first.values, &source.values) && first.unique == source.unique;
            if !shared && first != source {
                let transaction = &transaction.name;
                return Err(refused(format!(
                    "two different sequences {name} in {transaction}"
                )));
            }
            continue;
        }
        if source.unique && crate::sequence::as_range(&source.values).is_none() {
            return Err(refused(format!("the sequence {name} is unique but no range")));
        }
        list.push(source);
    }
    Ok(list)
}

/// Whether a transaction asks for unique values.
fn is_unique(transaction: &Transaction) -> bool {
    sources(transaction).any(|s| s.unique)
}

/// Whether a sequence is to be written as a range: what is unique must be one, what is not must not become unique by the
/// request's `unique`.
fn range_of(source: &Source, request_is_unique: bool) -> Option<(&str, &str)> {
    if source.unique == request_is_unique && (source.unique || source.values.len() > 2) {
        crate::sequence::as_range(&source.values)
    } else {
        None
    }
}

/// The text with `${...}` places of a template.
fn text(template: &Template) -> String {
    let mut text = String::new();
    for part in &template.parts {
        match part {
            Part::Literal(literal) => text.push_str(&crate::template::escaped(literal)),
            Part::Sequence(source) => text.push_str(&format!("${{{}}}", source.name)),
            Part::Extracted(name) => text.push_str(&format!("${{{name}}}")),
            Part::FromPage(index) => text.push_str(&format!("${{{index}}}")),
        }
    }
    text
}

/// The name of a transaction by its index.
fn name_of(transactions: &[Transaction], index: usize) -> Result<&str, Diagnostics> {
    let transaction = transactions.get(index);
    transaction
        .map(|t| t.name.as_str())
        .ok_or_else(|| refused(format!("no transaction of index {index}")))
}

/// Probability of going to Exit: what the others leave, without the noise of their sum.
fn to_exit(row: &[f64]) -> f64 {
    let rest = 1.0 - row.iter().sum::<f64>();
    if rest < 2e-12 {
        0.0
    } else {
        (rest * 1e12).round() / 1e12
    }
}
