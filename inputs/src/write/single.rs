//! workload.toml as text.

use super::cycles::{self, Stretch};
use super::layout::lay_out;
use super::{is_unique, name_of, range_of, refused, sequences, text, to_exit};
use crate::cbmg::{ENTRY, EXIT, state_name};
use crate::diagnostic::Diagnostics;
use crate::http::{self, FORM};
use crate::workload::{
    Check, Extraction, Extractor, ManualLevel, Method, Navigation, NodeInfo, Profile, Transaction, Workload,
};
use crate::workload_toml::form::{
    BodyForm, CheckForm, ExtractForm, HeaderForm, LawForm, LevelForm, NodeForm, ProfileForm, RowForm, Scalar,
    SequenceForm, ThinkForm, TransactionForm, UseForm, WorkloadForm,
};
use autoperf_models::distribution::Distribution;
use toml::Spanned;

pub(super) fn workload(workload: &Workload) -> Result<String, Diagnostics> {
    let form = form(workload)?;
    let document = toml::Table::try_from(&form).map_err(|e| refused(e.to_string()))?;
    Ok(lay_out(&document))
}

/// A value without a place, since it is about to get one.
fn new<T>(value: T) -> Spanned<T> {
    Spanned::new(0..0, value)
}

fn form(workload: &Workload) -> Result<WorkloadForm, Diagnostics> {
    let parameters = &workload.parameters.values;
    let transactions = &workload.transactions;
    let navigation = match &workload.navigation {
        Some(navigation) => rows(navigation, transactions)?,
        None => Vec::new(),
    };
    let profile = match &workload.profile {
        Some(profile) => Some(new(profile_form(profile, transactions)?)),
        None => None,
    };
    Ok(WorkloadForm {
        warm_up: (!workload.warm_up).then_some(false),
        start_load: workload.start_load.map(|n| new(i64::from(n))),
        parameters: parameters
            .iter()
            .map(|(name, value)| (new(name.clone()), new(scalar(value))))
            .collect(),
        transactions: transactions
            .iter()
            .map(transaction_form)
            .collect::<Result<_, _>>()?,
        navigation,
        nodes: workload.nodes.iter().map(node_form).collect(),
        profile,
        levels: cycles::find(&workload.manual_levels)
            .into_iter()
            .map(stretch_form)
            .map(new)
            .collect(),
    })
}

fn stretch_form(stretch: Stretch<'_>) -> LevelForm {
    let level = |level: &ManualLevel| LevelForm {
        users: Some(i64::from(level.users)),
        duration_s: Some(level.duration_s),
        ..LevelForm::default()
    };
    match stretch {
        Stretch::Once(once) => level(once),
        Stretch::Repeat(times, cycle) => LevelForm {
            repeat: i64::try_from(times).ok(),
            levels: cycle.iter().map(level).map(new).collect(),
            ..LevelForm::default()
        },
    }
}

/// A parameter's value as a number where the number is written just so.
fn scalar(text: &str) -> Scalar {
    match text.parse::<i64>() {
        Ok(number) if number.to_string() == text => Scalar::Whole(number),
        _ => Scalar::Text(text.to_owned()),
    }
}

fn node_form(node: &NodeInfo) -> NodeForm {
    NodeForm {
        node: new(node.node.clone()),
        process: new(node.process.clone()),
        port: new(i64::from(node.port)),
        java: node.java,
        cores: node.cores.map(new),
    }
}

fn profile_form(profile: &Profile, transactions: &[Transaction]) -> Result<ProfileForm, Diagnostics> {
    let name = |index: usize| -> Result<Spanned<String>, Diagnostics> {
        Ok(new(name_of(transactions, index)?.to_owned()))
    };
    let mut uses = Vec::new();
    for item in &profile.uses {
        uses.push(UseForm {
            transaction: name(item.transaction)?,
            requires: item
                .requires
                .iter()
                .map(|&index| name(index))
                .collect::<Result<_, _>>()?,
        });
    }
    let count = profile.execution_count.map(i64::try_from).transpose();
    Ok(ProfileForm {
        users: Some(new(i64::from(profile.users))),
        think_time_s: Some(new(profile.think_time_s)),
        execution_count: count
            .map_err(|_| refused("an execution count beyond all bounds"))?
            .map(new),
        uses,
    })
}

fn rows(navigation: &Navigation, transactions: &[Transaction]) -> Result<Vec<RowForm>, Diagnostics> {
    let mut names = Vec::new();
    for &index in &navigation.states {
        let name = name_of(transactions, index)?;
        state_name(name).map_err(refused)?;
        names.push(name.to_owned());
    }
    let row = |from: &str, inner: &[f64], exit: f64| {
        let mut to: Vec<(String, f64)> = names.iter().cloned().zip(inner.iter().copied()).collect();
        to.push((EXIT.to_owned(), exit));
        let to = to.into_iter().filter(|(_, p)| *p > 0.0);
        RowForm {
            from: new(from.to_owned()),
            to: new(to.map(|(name, p)| (new(name), new(p))).collect()),
        }
    };
    let mut rows = vec![row(ENTRY, &navigation.entry, 0.0)];
    for (name, inner) in names.iter().zip(&navigation.rows) {
        rows.push(row(name, inner, to_exit(inner)));
    }
    Ok(rows)
}

fn transaction_form(transaction: &Transaction) -> Result<TransactionForm, Diagnostics> {
    let body = transaction.body.as_ref();
    let form = body.filter(|b| b.content_type == FORM);
    let other = body.filter(|b| b.content_type != FORM);
    let method = transaction.method;
    let unique = is_unique(transaction);
    Ok(TransactionForm {
        name: new(transaction.name.clone()),
        method: (method != Method::Get).then(|| new(http::method_name(method).to_owned())),
        url: new(text(&transaction.url)),
        from_last_page: transaction.from_last_page,
        unique: unique.then(|| new(true)),
        form: form.map(|b| new(text(&b.text))),
        timeout_s: transaction.timeout_s.map(new),
        think_time_s: think_form(&transaction.think_time_s).map(new),
        follow_redirects: transaction.follow_redirects,
        resources: transaction.resources,
        body: other.map(|b| BodyForm {
            content_type: new(b.content_type.clone()),
            text: new(text(&b.text)),
        }),
        sequences: sequences(transaction)?
            .into_iter()
            .map(|source| {
                let form = match range_of(source, unique) {
                    Some((low, high)) => SequenceForm::Range {
                        low: Scalar::Text(low.to_owned()),
                        high: Scalar::Text(high.to_owned()),
                    },
                    None => {
                        let text = |v: &String| Scalar::Text(v.clone());
                        SequenceForm::List(source.values.iter().map(text).collect())
                    }
                };
                (new(source.name.clone()), form)
            })
            .collect(),
        headers: transaction
            .headers
            .iter()
            .map(|(name, value)| HeaderForm {
                name: new(name.clone()),
                value: new(text(value)),
            })
            .collect(),
        checks: transaction.checks.iter().map(check_form).map(new).collect(),
        extract: transaction
            .extractions
            .iter()
            .map(extract_form)
            .map(new)
            .collect(),
    })
}

fn think_form(law: &Distribution) -> Option<ThinkForm> {
    let named = |law: &str| LawForm {
        law: law.to_owned(),
        ..LawForm::default()
    };
    let form = match law {
        Distribution::Constant(0.0) => return None,
        Distribution::Constant(time) => return Some(ThinkForm::Constant(*time)),
        Distribution::Uniform { low, high } => LawForm {
            low_s: Some(*low),
            high_s: Some(*high),
            ..named("uniform")
        },
        Distribution::Exponential { mean } => LawForm {
            mean_s: Some(*mean),
            ..named("exponential")
        },
        Distribution::Erlang { stages, mean } => LawForm {
            mean_s: Some(*mean),
            stages: Some(*stages),
            ..named("erlang")
        },
        Distribution::Hyperexponential { mean, cv } => LawForm {
            mean_s: Some(*mean),
            cv: Some(*cv),
            ..named("hyperexponential")
        },
        Distribution::Lognormal { mean, cv } => LawForm {
            mean_s: Some(*mean),
            cv: Some(*cv),
            ..named("lognormal")
        },
        Distribution::Empirical(values) => LawForm {
            values_s: values.clone(),
            ..named("empirical")
        },
    };
    Some(ThinkForm::Law(form))
}

fn check_form(check: &Check) -> CheckForm {
    let mut form = CheckForm::default();
    match check {
        Check::Status(list) => form.status = Some(list.clone()),
        Check::Contains(text) => form.contains = Some(text.clone()),
        Check::Lacks(text) => form.lacks = Some(text.clone()),
        Check::Matches(text) => form.matches = Some(text.clone()),
    }
    form
}

fn extract_form(extraction: &Extraction) -> ExtractForm {
    let mut form = ExtractForm {
        name: extraction.name.clone(),
        ..ExtractForm::default()
    };
    match &extraction.from {
        Extractor::Regex(text) => form.regex = Some(text.clone()),
        Extractor::JsonPath(text) => form.json_path = Some(text.clone()),
        Extractor::Css(text) => form.css = Some(text.clone()),
        Extractor::Header(text) => form.header = Some(text.clone()),
    }
    form
}
