//! The profile block's names found among the transactions.

use super::navigation;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::draft::{Draft, Input, ProfileDraft, UseDraft};
use crate::mode::Mode;
use crate::source::Spanned;
use crate::suggest::did_you_mean;
use crate::workload::{Profile, ProfileUse, Transaction};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn resolve(profile: &ProfileDraft, draft: &Draft, mode: Mode, found: &mut Diagnostics) -> Profile {
    if profile.uses.is_empty() && mode.needs_profile() {
        found.report(
            &draft.source,
            profile.span,
            Diagnostic::error("nothing to be profiled")
                .expected("`<usetransactions><name>...</name></usetransactions>`"),
        );
    }
    let names = super::index_by_name(draft);
    let mut uses = Vec::new();
    for item in &profile.uses {
        let transaction = index_of(&item.transaction, &names, draft, found);
        let requires: Vec<Option<usize>> = item
            .requires
            .iter()
            .map(|r| index_of(r, &names, draft, found))
            .collect();
        if let Some(transaction) = transaction {
            needs_a_page(item, transaction, draft, found);
            uses.push(ProfileUse {
                transaction,
                requires: requires.into_iter().flatten().collect(),
            });
        }
    }
    Profile {
        uses,
        users: profile.users,
        think_time_s: profile.think_time_s,
        execution_count: profile.execution_count,
    }
}

fn index_of(
    name: &Spanned<String>,
    names: &BTreeMap<&str, usize>,
    draft: &Draft,
    found: &mut Diagnostics,
) -> Option<usize> {
    let index = names.get(name.value.as_str()).copied();
    if index.is_none() && !draft.lacks_transactions && !found.is_full() {
        let known = draft.transactions.iter().map(|t| t.name.value.as_str());
        found.report(
            &draft.source,
            name.span,
            Diagnostic::error(format!("no transaction {}", name.value))
                .expected("the name of a transaction of the `<Load>` block")
                .maybe_hint(did_you_mean(&name.value, known)),
        );
    }
    index
}

/// Without anything required before it, the first execution has no page to find its URL in.
fn needs_a_page(item: &UseDraft, index: usize, draft: &Draft, found: &mut Diagnostics) {
    if draft.transactions[index].input == Input::Parse && item.requires.is_empty() {
        found.report(
            &draft.source,
            item.transaction.span,
            Diagnostic::error(format!(
                "{} takes its URL from the last page, and nothing is required before it",
                item.transaction.value
            ))
            .expected("`<requires>` with the transaction whose page has the URL"),
        );
    }
}

/// Extracted values must come from what is required before.
pub(super) fn used_too_early(
    profile: (&ProfileDraft, &Profile),
    draft: &Draft,
    transactions: &[Transaction],
    found: &mut Diagnostics,
) {
    for (item, resolved) in profile.0.uses.iter().zip(&profile.1.uses) {
        let chain = resolved.requires.iter().chain([&resolved.transaction]);
        let mut known: BTreeSet<&str> = BTreeSet::new();
        for &index in chain {
            let transaction = &transactions[index];
            for name in navigation::extracted_names(transaction) {
                if !known.contains(name) {
                    found.report(
                        &draft.source,
                        item.transaction.span,
                        Diagnostic::error(format!(
                            "`${{{name}}}` of {} is extracted by nothing before it",
                            transaction.name
                        ))
                        .expected("`<requires>` with a transaction that extracts it"),
                    );
                }
            }
            known.extend(transaction.extractions.iter().map(|e| e.name.as_str()));
        }
    }
}
