//! One emulated user, without any I/O or clock: what it asks next, and what it makes of the answer.

use super::cookies::Jar;
use super::examine::Answer;
use super::origins::Origins;
use super::plan::{Plan, Planned};
use super::random;
use super::render::{Aim, Filler, Surroundings, write_get};
use super::walk::{Move, Position, Tally};
use crate::transport::http1::head;
use crate::transport::url::Url;
use autoperf_models::record::Outcome;
use rand_chacha::ChaCha8Rng;

/// Redirects followed within one transaction; browsers give up at twenty as well.
const MAX_REDIRECTS: u8 = 20;

/// A user's session and its place in the walk.
#[derive(Debug, Clone)]
pub struct Session {
    user: u32,
    rng: ChaCha8Rng,
    position: Position,
    current: Move,
    jar: Jar,
    values: Box<[Option<Box<str>>]>,
    /// Where the next request goes, if not to the transaction's own URL.
    aim: Option<Box<Aim>>,
    redirects: u8,
    /// Values chosen for the transaction in work; a repeated or redirected request takes the same ones.
    picks: Vec<u32>,
    /// Path and query last asked for; empty when they are the transaction's fixed ones.
    asked: String,
    asked_origin: usize,
}

/// Something that a page makes a browser fetch along with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Index of its origin.
    pub origin: usize,
    /// Path and query.
    pub target: String,
    /// Fields that ask whether it has changed; empty where the session does not have it.
    pub condition: Vec<u8>,
    /// Whether it has been asked for on a connection that died of age.
    pub retried: bool,
    /// Redirects that have led here.
    pub redirects: u8,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Next {
    /// Index of the transaction.
    pub transaction: usize,
    /// Think time before it, s.
    pub think_time_s: f64,
    /// A session begins: its connection is fresh.
    pub new_session: bool,
    /// Whether the transaction counts.
    pub measured: bool,
}

/// How a request is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask<'p> {
    /// Index of the origin.
    pub origin: usize,
    /// Whether it is a HEAD request.
    pub head_request: bool,
    /// The bytes, if they never vary; else they stand in the buffer.
    pub whole: Option<&'p [u8]>,
}

/// What an answer leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// The transaction is over.
    Done(Outcome),
    /// It goes on with another request.
    Redirect,
}

impl Session {
    /// A user before its first session.
    #[must_use]
    pub fn new(plan: &Plan, user: u32, life: u32) -> Self {
        Self {
            user,
            rng: random::user_stream(plan.seed, user, life),
            position: Position::Entry,
            current: Move {
                transaction: 0,
                new_session: false,
                measured: false,
                think_time_s: None,
            },
            jar: Jar::default(),
            values: vec![None; plan.slots].into_boxed_slice(),
            aim: None,
            redirects: 0,
            picks: Vec::new(),
            asked: String::new(),
            asked_origin: 0,
        }
    }

    /// Number of the user.
    #[must_use]
    pub const fn user(&self) -> u32 {
        self.user
    }

    /// Index of the transaction in work.
    #[must_use]
    pub const fn transaction(&self) -> usize {
        self.current.transaction
    }

    /// Whether the transaction in work counts.
    #[must_use]
    pub const fn is_measured(&self) -> bool {
        self.current.measured
    }

    /// The first transaction. The user is met at a random moment of its think time: users that join together must not
    /// go in step.
    pub fn join(&mut self, plan: &Plan, tally: &mut Tally) -> Option<Next> {
        self.advance(plan, tally, None).map(|mut next| {
            let law = &plan.transactions[next.transaction].think_time_s;
            next.think_time_s = match self.current.think_time_s {
                Some(fixed) => fixed * random::unit(&mut self.rng),
                None => random::residual_think_time_s(law, &mut self.rng),
            };
            next
        })
    }

    /// The next transaction, by the walk; `page` is the text of the last answer, where there was one. `None` when the
    /// script is done.
    pub fn advance(&mut self, plan: &Plan, tally: &mut Tally, page: Option<&[u8]>) -> Option<Next> {
        let last = self.current;
        self.current = plan.walk.advance(&mut self.position, &mut self.rng, tally)?;
        self.aim = None;
        self.redirects = 0;
        let planned = &plan.transactions[self.current.transaction];
        if self.current.new_session {
            self.jar.clear();
            self.values.fill(None);
        } else if let (Some(pattern), Some(page)) = (&planned.pattern, page) {
            let target = self.asked_target(&plan.transactions[last.transaction]).to_owned();
            let at = Url {
                origin: plan.origins.origin(self.asked_origin).clone(),
                target,
            };
            let mut links = pattern.find(&at, page);
            if !links.is_empty() {
                let chosen = links.swap_remove(random::choice(&mut self.rng, links.len()));
                self.aim = Some(Box::new(Aim {
                    origin: planned.origin,
                    target: chosen.target,
                    plain_get: false,
                }));
            }
        }
        let think_time_s = match self.current.think_time_s {
            Some(fixed) => fixed,
            None => random::think_time_s(&planned.think_time_s, &mut self.rng),
        };
        Some(Next {
            transaction: self.current.transaction,
            think_time_s,
            new_session: self.current.new_session,
            measured: self.current.measured,
        })
    }

    /// Writes the request of the transaction, or of the redirect that it has led to. `again` writes the very request
    /// that was written last. `None`: a value or link that it needs is missing.
    pub fn ask<'p>(
        &mut self,
        plan: &'p Plan,
        around: Surroundings<'_>,
        again: bool,
        out: &mut Vec<u8>,
    ) -> Option<Ask<'p>> {
        out.clear();
        let planned = &plan.transactions[self.current.transaction];
        let head_request = planned.request.is_head(self.aim.as_deref());
        if self.aim.is_none() && planned.pattern.is_none() && planned.request.fixed_target().is_some() {
            self.asked.clear();
            self.asked_origin = planned.origin;
            let whole = planned.request.whole(&self.jar);
            if whole.is_none() {
                planned
                    .request
                    .write_fixed(planned.origin, (&self.jar, around), out);
            }
            return Some(Ask {
                origin: planned.origin,
                head_request,
                whole,
            });
        }
        if !again && self.redirects == 0 {
            planned.request.draw(&mut self.rng, self.user, &mut self.picks);
        }
        let filler = Filler {
            picks: &self.picks,
            values: &self.values,
        };
        let aim = match &self.aim {
            Some(aim) => (**aim).clone(),
            None if planned.pattern.is_some() => return None,
            None => {
                let mut target = Vec::new();
                planned.request.write_target(filler, &mut target).ok()?;
                Aim {
                    origin: planned.origin,
                    target: String::from_utf8(target).ok()?,
                    plain_get: false,
                }
            }
        };
        planned
            .request
            .write(&aim, (&self.jar, around), filler, out)
            .ok()?;
        self.asked_origin = aim.origin;
        self.asked = aim.target;
        Some(Ask {
            origin: self.asked_origin,
            head_request,
            whole: None,
        })
    }

    /// Takes the cookies of an answer, follows its redirect if asked to, or judges it.
    pub fn answer(
        &mut self,
        plan: &Plan,
        origins: &mut Origins,
        answer: &Answer<'_>,
        now_unix_s: i64,
    ) -> Reply {
        let planned = &plan.transactions[self.current.transaction];
        if !answer.head.is_empty() {
            self.take_cookies(planned, origins, answer.head, now_unix_s);
            if planned.follow_redirects && matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
                match self.redirect(planned, origins, answer) {
                    Some(true) => return Reply::Redirect,
                    Some(false) => return Reply::Done(Outcome::CheckFailed),
                    None => {}
                }
            }
        }
        Reply::Done(planned.examination.judge(answer, &mut self.values))
    }

    /// URL last asked for, for people.
    #[must_use]
    pub fn asked_url(&self, plan: &Plan, origins: &Origins) -> String {
        let target = self.asked_target(&plan.transactions[self.current.transaction]);
        format!("{}{target}", origins.origin(self.asked_origin))
    }

    /// URL last asked for.
    #[must_use]
    pub fn asked(&self, plan: &Plan, origins: &Origins) -> Url {
        Url {
            origin: origins.origin(self.asked_origin).clone(),
            target: self
                .asked_target(&plan.transactions[self.current.transaction])
                .to_owned(),
        }
    }

    /// The request for a resource of the page that was asked for last.
    #[must_use]
    pub fn ask_for(&self, resource: &Resource, around: Surroundings<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        write_get(
            (resource.origin, &resource.target),
            &resource.condition,
            (&self.jar, around),
            &mut out,
        );
        out
    }

    /// Takes the cookies that came with the answer of a URL.
    pub fn take_cookies_of(&mut self, url: &Url, head: &[u8], now_unix_s: i64) {
        for (name, value) in head::fields(head) {
            if name.eq_ignore_ascii_case(b"set-cookie") {
                let text = String::from_utf8_lossy(value);
                self.jar.store(&url.origin, &url.target, &text, now_unix_s);
            }
        }
    }

    /// Values extracted so far.
    #[must_use]
    pub fn values(&self) -> &[Option<Box<str>>] {
        &self.values
    }

    fn asked_target<'a>(&'a self, planned: &'a Planned) -> &'a str {
        if self.asked.is_empty() {
            planned.request.fixed_target().unwrap_or("/")
        } else {
            &self.asked
        }
    }

    fn take_cookies(&mut self, planned: &Planned, origins: &Origins, head: &[u8], now_unix_s: i64) {
        for (name, value) in head::fields(head) {
            if name.eq_ignore_ascii_case(b"set-cookie") {
                let target = if self.asked.is_empty() {
                    planned.request.fixed_target().unwrap_or("/")
                } else {
                    &self.asked
                };
                let text = String::from_utf8_lossy(value);
                self.jar
                    .store(origins.origin(self.asked_origin), target, &text, now_unix_s);
            }
        }
    }

    /// Aims at where the answer points to: `None` without an address, false if it cannot be followed.
    fn redirect(&mut self, planned: &Planned, origins: &mut Origins, answer: &Answer<'_>) -> Option<bool> {
        let location = std::str::from_utf8(head::field(answer.head, "location")?).ok()?;
        let target = self.asked_target(planned).to_owned();
        let here = Url {
            origin: origins.origin(self.asked_origin).clone(),
            target,
        };
        let there = here.resolve(location)?;
        let Some(origin) = origins
            .find(&there.origin)
            .filter(|_| self.redirects < MAX_REDIRECTS)
        else {
            return Some(false);
        };
        self.redirects += 1;
        // RFC 9110 section 15.4: 307 and 308 repeat method and body; browsers turn the others into GET.
        let turned =
            !matches!(answer.status, 307 | 308) || self.aim.as_ref().is_some_and(|aim| aim.plain_get);
        self.aim = Some(Box::new(Aim {
            origin,
            target: there.target,
            plain_get: turned,
        }));
        Some(true)
    }
}
