//! The resources of a page as a single user meets them: one after the other, none from a cache, each shown.

use super::{Attempt, SingleUser, add_phases};
use crate::load::render::Surroundings;
use crate::load::resources::{is_page, resources};
use crate::load::session::{Ask, Resource};
use crate::transport::http1::head;
use crate::transport::url::Url;

/// A resource that a page named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Its address.
    pub url: String,
    /// Status, 0 where no answer came.
    pub status: u16,
    /// Why there is no answer.
    pub error: Option<String>,
}

/// Redirects followed over all resources of a page.
const MAX_REDIRECTS: usize = 20;

impl SingleUser {
    /// Fetches what the page of an attempt names, if its transaction is to bring that along.
    pub(super) fn fetch_resources(&mut self, attempt: &mut Attempt, until_ns: u64) {
        let planned = &self.plan.transactions[self.session.transaction()];
        if !(planned.resources && attempt.record.outcome.is_ok() && is_page(attempt.head.as_bytes())) {
            return;
        }
        let page = self.session.asked(&self.plan, &self.origins);
        let mut waiting = resources(&page, &attempt.body);
        waiting.reverse();
        let mut redirects = 0;
        while let Some(url) = waiting.pop() {
            let (fetched, moved) = self.fetch(&url, attempt, until_ns);
            attempt.resources.push(fetched);
            redirects += usize::from(moved.is_some());
            waiting.extend(moved.filter(|_| redirects <= MAX_REDIRECTS));
        }
    }

    fn fetch(&mut self, url: &Url, attempt: &mut Attempt, until_ns: u64) -> (Fetched, Option<Url>) {
        let failed = |reason: &str| Fetched {
            url: url.to_string(),
            status: 0,
            error: Some(reason.to_owned()),
        };
        let Some(origin) = self.origins.find(&url.origin) else {
            return (failed("another host than the workload's"), None);
        };
        let resource = Resource {
            origin,
            target: url.target.clone(),
            condition: Vec::new(),
            retried: false,
            redirects: 0,
        };
        let around = Surroundings {
            origins: &self.origins,
            now_unix_s: self.epoch_unix_s,
        };
        let request = self.session.ask_for(&resource, around);
        let ask = Ask {
            origin,
            head_request: false,
            whole: None,
        };
        for again in [false, true] {
            let sent = self.send((ask, 0), &request);
            let Err(ended) = sent.and_then(|queue| self.receive(&queue, until_ns)) else {
                break;
            };
            let aged = self.connection.take().is_some_and(|(_, old)| old.died_of_age());
            if again || !aged {
                return (failed(&ended.tell().1), None);
            }
        }
        let Some((_, connection)) = self.connection.as_ref() else {
            return (failed("no connection"), None);
        };
        let status = connection.head().status;
        let location =
            head::field(connection.head_bytes(), "location").filter(|_| (300..400).contains(&status));
        let moved = location.and_then(|to| url.resolve(std::str::from_utf8(to).ok()?));
        self.session
            .take_cookies_of(url, connection.head_bytes(), self.epoch_unix_s);
        let mut phases = *connection.phases();
        phases.send_end_ns = attempt.record.send_end_ns;
        phases.first_byte_ns = attempt.record.first_byte_ns;
        add_phases(&mut attempt.record, &phases);
        if !connection.is_reusable() {
            self.connection = None;
        }
        let fetched = Fetched {
            url: url.to_string(),
            status,
            error: None,
        };
        (fetched, moved)
    }
}
