//! input.xml (manual, section 4.1): text to draft. Every error of the file is looked for, not only the first.

mod answer;
mod fields;
mod request;
mod server;
pub mod tags;
mod transaction;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::draft::Draft;
use crate::limits::{MAX_TRANSACTIONS, MAX_USERS};
use crate::source::{FileName, SourceText, Spanned};
use crate::xml::{Element, grammar, reader};
use fields::Fields;

/// Reads the text of an input.xml. `name` is what messages call the file.
///
/// # Errors
/// Everything that is wrong in the file by itself, with places; names and value files are resolved later.
pub fn parse(text: &str, name: &FileName) -> Result<Draft, Diagnostics> {
    let (draft, found) = read(&SourceText::new(name, text));
    match draft {
        Some(draft) => found.into_result(draft),
        None => Err(found),
    }
}

/// As much of a draft as can be understood, with all findings; no draft if the text is not XML.
pub(crate) fn read(source: &SourceText) -> (Option<Draft>, Diagnostics) {
    let mut found = Diagnostics::new();
    let top = match reader::read(source) {
        Ok(top) => top,
        Err(error) => return (None, error.into()),
    };
    let blocks = without_root(top);
    grammar::check(tags::TAGS, source, &blocks, &mut found);
    let mut fields = Fields {
        source,
        found: &mut found,
    };
    let mut draft = read_blocks(&blocks, &mut fields);
    draft.incomplete = found.has_errors();
    found.sort();
    (Some(draft), found)
}

/// The manual shows the blocks without saying what stands around them: any one tag may, or none.
fn without_root(mut top: Vec<Element>) -> Vec<Element> {
    let is_block = |e: &Element| tags::TAGS.iter().any(|t| t.within.contains(&"") && e.is(t.name));
    match top.as_slice() {
        [root] if !is_block(root) && !root.children.is_empty() => {
            top.pop().map_or(Vec::new(), |root| root.children)
        }
        _ => top,
    }
}

fn read_blocks(blocks: &[Element], fields: &mut Fields<'_>) -> Draft {
    let mut draft = Draft::new(fields.source.clone());
    let Some(load) = blocks.iter().find(|b| b.is("Load")) else {
        let error = Diagnostic::error("no `<Load>` block").expected("a `<Load>` block with its transactions");
        let error = match blocks.first() {
            Some(first) => error.at(fields.source, first.open),
            None => error.in_file(fields.source.name().as_str()),
        };
        fields.found.push(error);
        draft.lacks_transactions = true;
        return draft;
    };
    read_load(load, &mut draft, fields);
    if let Some(servers) = one_of("ServerInfo", blocks, load, fields) {
        draft.nodes = server::read(servers, &mut draft.notes, fields);
    }
    if let Some(profile) = one_of("Profile", blocks, load, fields) {
        draft.profile = Some(transaction::read_profile(profile, fields));
    }
    draft
}

/// A block that may stand beside `<Load>` or in it, but not in both places.
fn one_of<'a>(
    name: &str,
    blocks: &'a [Element],
    load: &'a Element,
    fields: &mut Fields<'_>,
) -> Option<&'a Element> {
    let beside = blocks.iter().find(|b| b.is(name));
    let inside = load.child(name);
    if let (Some(_), Some(second)) = (beside, inside) {
        let error = Diagnostic::error(format!("`<{name}>` beside `<Load>` and in it"));
        fields.push(error.expected("one of them"), second.open);
    }
    beside.or(inside)
}

fn read_load(load: &Element, draft: &mut Draft, fields: &mut Fields<'_>) {
    draft.warm_up = load
        .child_text("warmup")
        .and_then(|text| fields.boolean(&text, "warmup"))
        .unwrap_or(true);
    draft.start_load = load
        .child_text("startload")
        .and_then(|text| fields.count(&text, "load level", 1..=u64::from(MAX_USERS)))
        .and_then(|n| u32::try_from(n).ok());
    draft.cbmg_file = load.child_text("cbmgfile").map(|text| {
        let span = text.span();
        Spanned::new(text.value, span)
    });
    let defaults = transaction::Defaults::read(load, fields);
    for element in load.all("transaction") {
        if draft.transactions.len() >= MAX_TRANSACTIONS {
            let message = format!("more than {MAX_TRANSACTIONS} transactions");
            fields.error(message, element.open);
            draft.lacks_transactions = true;
            break;
        }
        match transaction::read(element, &defaults, &mut draft.notes, fields) {
            Some(transaction) => draft.transactions.push(transaction),
            None => draft.lacks_transactions = true,
        }
    }
    if load.child("transaction").is_none() {
        draft.lacks_transactions = true;
        let error = Diagnostic::error("no transaction")
            .at(fields.source, load.open)
            .expected("at least one `<transaction>` with `<name>` and `<url>`");
        fields.found.push(error);
    }
}
