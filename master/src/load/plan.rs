//! A workload made ready for the threads: hosts resolved, templates and expressions compiled, nothing left to fail later.

use super::examine::Examination;
use super::origins::Origins;
use super::pattern::PagePattern;
use super::render::RequestPlan;
use super::walk::Walk;
use super::{EngineConfig, EngineError, Script};
use crate::transport::connection::Keep;
use crate::transport::http1::Limits;
use crate::transport::http2;
use crate::transport::resolve::resolve;
use crate::transport::tls::TlsClient;
use crate::transport::url::{Origin, encode, split_origin};
use crate::transport::{Terms, Version};
use autoperf_inputs::workload::{Extraction, Method, Part, Template, Transaction, Workload};
use autoperf_models::distribution::Distribution;

/// What every user of a run shares.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Seed of all users.
    pub seed: u64,
    /// Transactions by the workload's indices.
    pub transactions: Vec<Planned>,
    /// The order of transactions.
    pub walk: Walk,
    /// Number of named values that a session may hold.
    pub slots: usize,
    /// Hosts known from the start.
    pub origins: Origins,
    /// On what terms connections are opened.
    pub terms: Terms,
    /// Most users of the open mode.
    pub max_open_users: usize,
    /// TLS settings, where a user may come to need them.
    pub tls: Option<TlsClient>,
}

/// One transaction, compiled.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Name, for messages.
    pub name: String,
    /// The request.
    pub request: RequestPlan,
    /// Index of its origin.
    pub origin: usize,
    /// Time limit, ns.
    pub timeout_ns: Option<u64>,
    /// Law of the think time before it.
    pub think_time_s: Distribution,
    /// Whether redirects are followed.
    pub follow_redirects: bool,
    /// Checks and extractions.
    pub examination: Examination,
    /// Its URL is a link of the last page that fits this.
    pub pattern: Option<PagePattern>,
    /// A transaction that takes its URL from this one's page may follow.
    pub keeps_page: bool,
    /// The resources that its page names are fetched with it.
    pub resources: bool,
    /// What of the answer is needed.
    pub keep: Keep,
}

impl Plan {
    /// Compiles a workload. Asks the resolver, and nothing else of the world.
    ///
    /// # Errors
    /// Whatever makes the workload impossible to carry out.
    pub fn new(workload: &Workload, script: Script, config: &EngineConfig) -> Result<Self, EngineError> {
        check_script(workload, &script)?;
        if config.http == Version::Http2 && !http2::AVAILABLE {
            return Err(EngineError::NoHttp2);
        }
        let names = extracted_names(workload);
        let walk = Walk::new(workload, script).ok_or(EngineError::NoNavigation)?;
        let mut origins = Origins::default();
        let mut transactions = Vec::new();
        for transaction in &workload.transactions {
            let mut planned = plan_transaction(transaction, &names, &mut origins)?;
            let page = matches!(transaction.method, Method::Get | Method::Post);
            planned.resources = page && (transaction.resources || config.resources);
            transactions.push(planned);
        }
        let with_pattern: Vec<usize> = (0..transactions.len())
            .filter(|i| transactions[*i].pattern.is_some())
            .collect();
        for (from, planned) in transactions.iter_mut().enumerate() {
            planned.keeps_page = with_pattern.iter().any(|to| walk.can_follow(from, *to));
            planned.keep = Keep {
                head: planned.resources || planned.examination.needs_head(),
                body: planned.resources || planned.keeps_page || planned.examination.needs_body(),
            };
        }
        let may_need_tls = workload.transactions.iter().any(|t| t.follow_redirects) || origins.any_https();
        let tls = if may_need_tls {
            let system = |source| EngineError::System {
                what: "roots of certificates",
                source,
            };
            Some(TlsClient::new(&config.trust, config.http).map_err(system)?)
        } else {
            None
        };
        Ok(Self {
            tls,
            max_open_users: config.max_open_users,
            seed: config.seed,
            transactions,
            walk,
            slots: names.len(),
            origins,
            terms: Terms {
                limits: Limits {
                    max_header_bytes: config.max_header_bytes,
                    max_body_bytes: config.max_body_bytes,
                },
                version: config.http,
            },
        })
    }
}

fn check_script(workload: &Workload, script: &Script) -> Result<(), EngineError> {
    let named: Vec<usize> = match script {
        Script::Sequence(steps) => steps
            .iter()
            .flat_map(|s| s.requires.iter().copied().chain([s.transaction]))
            .collect(),
        Script::Navigation => workload
            .navigation
            .iter()
            .flat_map(|graph| graph.states.iter().copied())
            .collect(),
    };
    match named
        .into_iter()
        .find(|index| *index >= workload.transactions.len())
    {
        Some(missing) => Err(EngineError::NoTransaction(missing)),
        None => Ok(()),
    }
}

fn extracted_names(workload: &Workload) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for Extraction { name, .. } in workload.transactions.iter().flat_map(|t| &t.extractions) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

fn plan_transaction(
    transaction: &Transaction,
    names: &[String],
    origins: &mut Origins,
) -> Result<Planned, EngineError> {
    // A name that nothing extracts leads to an empty slot beyond the others: such a request always fails its check.
    let slot = |name: &str| names.iter().position(|n| n == name).unwrap_or(names.len());
    let (origin, target) = split_url(transaction)?;
    let origin = match origins.position(&origin) {
        Some(known) => known,
        None => {
            let addresses = resolve(&origin).map_err(|source| EngineError::UnknownHost {
                host: origin.host.clone(),
                source,
            })?;
            origins.add(origin, addresses)
        }
    };
    let examination =
        Examination::new(&transaction.checks, &transaction.extractions, &slot).map_err(|wrong| {
            EngineError::BadExpression {
                transaction: transaction.name.clone(),
                expression: wrong.expression,
                reason: wrong.reason,
            }
        })?;
    Ok(Planned {
        name: transaction.name.clone(),
        request: RequestPlan::new(transaction, &target, origins.host_field(origin), &slot),
        origin,
        timeout_ns: transaction
            .timeout_s
            .filter(|s| *s >= 0.0)
            .map(|s| (s * 1e9) as u64),
        think_time_s: transaction.think_time_s.clone(),
        follow_redirects: transaction.follow_redirects,
        examination,
        pattern: transaction
            .from_last_page
            .then(|| page_pattern(transaction, origins.origin(origin), &target)),
        keeps_page: false,
        resources: false,
        keep: Keep::default(),
    })
}

/// The fixed origin of a URL and the template of what follows it.
fn split_url(transaction: &Transaction) -> Result<(Origin, Template), EngineError> {
    let first = match transaction.url.parts.first() {
        Some(Part::Literal(text)) => text.as_str(),
        _ => "",
    };
    let bad = || EngineError::BadUrl {
        transaction: transaction.name.clone(),
        url: first.to_owned(),
    };
    let (origin, rest) = split_origin(first).ok_or_else(bad)?;
    let others = &transaction.url.parts[1..];
    if rest.is_empty() && !others.is_empty() {
        return Err(bad());
    }
    let start = if rest.starts_with('/') {
        rest.to_owned()
    } else {
        format!("/{rest}")
    };
    let mut parts = vec![Part::Literal(start)];
    parts.extend_from_slice(others);
    // A fragment is the browser's own matter and never sent.
    let mut target = Template::default();
    for part in parts {
        if let Part::Literal(text) = &part
            && let Some((before, _)) = text.split_once('#')
        {
            target.parts.push(Part::Literal(before.to_owned()));
            break;
        }
        target.parts.push(part);
    }
    Ok((origin, target))
}

fn page_pattern(transaction: &Transaction, origin: &Origin, target: &Template) -> PagePattern {
    let mut literals = vec![origin.to_string()];
    let mut append = |template: &Template| {
        for part in &template.parts {
            match part {
                Part::Literal(text) => {
                    if let Some(last) = literals.last_mut() {
                        last.push_str(&encode(text));
                    }
                }
                _ => literals.push(String::new()),
            }
        }
    };
    append(target);
    // A POST form is typed as the part after `?` of its URL and is looked for on the page as such.
    if let Some(body) = &transaction.body
        && body
            .text
            .parts
            .iter()
            .any(|part| matches!(part, Part::FromPage(_)))
    {
        append(&Template {
            parts: vec![Part::Literal("?".to_owned())],
        });
        append(&body.text);
    }
    PagePattern::new(literals)
}
