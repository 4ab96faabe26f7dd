//! What a workload amounts to, before any load: its mix, its sessions, its think time.

use super::{Method, Navigation, Part, Template, Transaction, Workload};
use autoperf_models::cbmg::{Cbmg, CbmgError};

/// What a workload amounts to.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// The transactions in the order of the file.
    pub transactions: Vec<TransactionDescription>,
    /// The sessions, where there is a navigation.
    pub session: Option<SessionDescription>,
    /// The hosts that would get the load, as `host:port` where a port is written, each once.
    pub targets: Vec<String>,
    /// Total time of the manual load levels, s, and the largest of them; `None` without any.
    pub manual: Option<(f64, u32)>,
}

/// A transaction of a [`Description`].
#[derive(Debug, Clone, PartialEq)]
pub struct TransactionDescription {
    /// Its name.
    pub name: String,
    /// Method and URL with its places, as `GET http://host/day.php?date=${date}`.
    pub request: String,
    /// Share of all transactions; `None` without a navigation, 0 for one that is never issued.
    pub share: Option<f64>,
    /// Mean number in a session; as `share`.
    pub visits_per_session: Option<f64>,
    /// Mean think time before it, s.
    pub think_time_s: f64,
    /// Its time limit, s.
    pub timeout_s: Option<f64>,
}

/// The sessions of a [`Description`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SessionDescription {
    /// Mean number of transactions.
    pub length: f64,
    /// Standard deviation of the number of transactions.
    pub length_sd: f64,
    /// Mean think time per transaction, s: the Z of the response time law N = X (R + Z).
    pub think_time_s: f64,
}

impl Workload {
    /// What the workload amounts to, by the exact solution of its graph.
    #[must_use]
    pub fn describe(&self) -> Description {
        let navigation = self.navigation.as_ref();
        let graph = navigation.and_then(|n| Some((n, n.graph(&self.transactions).ok()?)));
        let of_state = |index: usize, values: &[f64]| -> Option<f64> {
            let (navigation, _) = graph.as_ref()?;
            let state = navigation.states.iter().position(|s| *s == index);
            Some(state.and_then(|s| values.get(s)).copied().unwrap_or(0.0))
        };
        let mix = graph.as_ref().map_or_else(Vec::new, |(_, g)| g.mix());
        let visits = graph.as_ref().map_or_else(Vec::new, |(_, g)| g.visits().to_vec());
        let transactions = self.transactions.iter().enumerate();
        Description {
            transactions: transactions
                .map(|(index, t)| TransactionDescription {
                    name: t.name.clone(),
                    request: request(t),
                    share: of_state(index, &mix),
                    visits_per_session: of_state(index, &visits),
                    think_time_s: t.think_time_s.mean(),
                    timeout_s: t.timeout_s,
                })
                .collect(),
            session: graph.as_ref().and_then(|(n, g)| self.session(n, g)),
            targets: self.targets(),
            manual: self.manual(),
        }
    }

    fn session(&self, navigation: &Navigation, graph: &Cbmg) -> Option<SessionDescription> {
        let times: Vec<f64> = navigation
            .states
            .iter()
            .filter_map(|&index| Some(self.transactions.get(index)?.think_time_s.mean()))
            .collect();
        Some(SessionDescription {
            length: graph.session_length(),
            length_sd: graph.session_length_sd(),
            think_time_s: graph.mean_think_time_s(&times)?,
        })
    }

    fn targets(&self) -> Vec<String> {
        let mut targets: Vec<String> = Vec::new();
        for transaction in &self.transactions {
            let Some(Part::Literal(text)) = transaction.url.parts.first() else {
                continue;
            };
            let rest = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
            let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
            let host = host.to_ascii_lowercase();
            if !targets.contains(&host) {
                targets.push(host);
            }
        }
        targets
    }

    fn manual(&self) -> Option<(f64, u32)> {
        let most = self.manual_levels.iter().map(|l| l.users).max()?;
        Some((self.manual_levels.iter().map(|l| l.duration_s).sum(), most))
    }
}

impl Navigation {
    /// The graph with its visits, for the states' transactions.
    ///
    /// # Errors
    /// What [`Cbmg::new`] objects to; a navigation that was read has been through it.
    pub fn graph(&self, transactions: &[Transaction]) -> Result<Cbmg, CbmgError> {
        let name = |index: &usize| {
            transactions
                .get(*index)
                .map_or_else(String::new, |t| t.name.clone())
        };
        let names = self.states.iter().map(name).collect();
        Cbmg::new(names, self.entry.clone(), self.rows.clone())
    }
}

impl Template {
    /// The text with its places as `${name}`, for messages.
    #[must_use]
    pub fn shown(&self) -> String {
        let part = |part: &Part| match part {
            Part::Literal(text) => text.clone(),
            Part::Sequence(source) => format!("${{{}}}", source.name),
            Part::Extracted(name) => format!("${{{name}}}"),
            Part::FromPage(index) => format!("${{{index}}}"),
        };
        self.parts.iter().map(part).collect()
    }
}

fn request(transaction: &Transaction) -> String {
    let method = match transaction.method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
        Method::Head => "HEAD",
    };
    format!("{method} {}", transaction.url.shown())
}
