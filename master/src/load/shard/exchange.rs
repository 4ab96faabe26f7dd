//! One transaction on its way: begun, asked, answered, repeated, timed out, ended.

use super::{Activity, Shard, User, unix_s};
use crate::load::FAILURE_PAUSE_NS;
use crate::load::encoding;
use crate::load::examine::Answer;
use crate::load::links::{Destination, Links};
use crate::load::render::Surroundings;
use crate::load::resources::is_page;
use crate::load::session::{Next, Reply};
use crate::transport::connection::{Keep, Readiness};
use crate::transport::tls::TlsClient;
use crate::transport::{Failure, Phase, Phases, Progress};
use autoperf_models::record::{Outcome, Record};
use std::borrow::Cow;

/// How a transaction ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ending {
    pub(super) outcome: Outcome,
    pub(super) status: u16,
    pub(super) phases: Phases,
    pub(super) end_ns: u64,
}

/// What the session makes of an answer.
#[derive(Debug)]
enum Judged {
    /// The transaction goes on with another request.
    Redirected,
    /// It goes on with what this page names.
    Page(Outcome, Vec<u8>),
    /// It is over; what follows.
    Over(Outcome, Option<Next>),
}

impl Shard {
    /// Lets a user begin its transaction `think_time_s` after `from_ns`, and not before `pause_ns` have passed.
    pub(super) fn schedule(&mut self, at: u32, from_ns: u64, think_time_s: f64, pause_ns: u64) {
        let Some(user) = self.users[at as usize].as_mut() else {
            return;
        };
        let wait_ns = ((think_time_s * 1e9) as u64).max(pause_ns);
        user.activity = Activity::Thinking;
        user.scheduled_ns = from_ns.saturating_add(wait_ns);
        if wait_ns == 0 {
            self.wheel.cancel(at);
            self.due.push(at);
        } else {
            self.wheel.set(at, user.scheduled_ns);
        }
    }

    /// The think time is over.
    pub(super) fn start(&mut self, at: u32) {
        let Some(user) = self.users[at as usize].as_mut() else {
            return;
        };
        let now_ns = self.clock.now_ns();
        // An arrival has its instant whether or not its user was busy before.
        let waited = self.open || user.scheduled_ns > user.ended_ns;
        let lateness_ns = waited.then(|| now_ns.saturating_sub(user.scheduled_ns));
        let thought_ns = (!user.joined_just_now).then(|| now_ns.saturating_sub(user.ended_ns));
        self.recorder.start(lateness_ns, thought_ns);
        user.activity = Activity::Exchanging;
        user.transaction = user.session.transaction();
        user.counts = user.session.is_measured();
        user.joined_just_now = false;
        user.retried = false;
        user.attempt = 0;
        user.start_ns = now_ns;
        user.carried = Phases::default();
        self.ask(at, false);
    }

    /// Sends the next request of the transaction; `again` repeats the last one.
    fn ask(&mut self, at: u32, again: bool) {
        let Some(user) = self.users[at as usize].as_mut() else {
            return;
        };
        let now_unix_s = unix_s(self.epoch_unix_s, user.start_ns);
        let around = Surroundings {
            origins: &self.origins,
            now_unix_s,
        };
        let Some(ask) = user.session.ask(&self.plan, around, again, &mut self.scratch) else {
            self.end_without_connection(at, Outcome::CheckFailed);
            return;
        };
        let keep = self.plan.transactions[user.session.transaction()].keep;
        use_link_to(user, ask.origin, &self.links);
        let index = match user.link {
            Some(index) => index,
            None => {
                if user.tls.is_none() && self.origins.origin(ask.origin).https {
                    user.tls = self.plan.tls.as_ref().map(TlsClient::session);
                }
                let to = Destination {
                    user: at,
                    origin: ask.origin,
                    attempt: &mut user.attempt,
                    tls: user.tls.clone(),
                };
                match self
                    .links
                    .open(to, &self.origins, &self.waiting.epoll, &self.clock)
                {
                    Ok(index) => index,
                    Err(failure) => {
                        let outcome = self.outcome_of(&failure);
                        self.end_without_connection(at, outcome);
                        return;
                    }
                }
            }
        };
        user.link = Some(index);
        let Some(link) = self.links.get_mut(index) else {
            return;
        };
        let bytes = ask.whole.unwrap_or(&self.scratch);
        let progress = link.connection.submit(bytes, ask.head_request, keep, &self.clock);
        if !again && user.carried.send_start_ns == 0 {
            // What writing the request down has cost is the generator's time, not the site's.
            let phases = link.connection.phases();
            user.start_ns = phases
                .connect_start_ns
                .max(phases.send_start_ns)
                .max(user.start_ns);
            if let Some(limit_ns) = self.plan.transactions[user.transaction].timeout_ns {
                self.wheel.set(at, user.start_ns.saturating_add(limit_ns));
            }
        }
        if link.connection.is_stalled() {
            self.recorder.window().generator.send_stalls += 1;
        }
        self.proceed(index, progress);
    }

    /// The socket of a connection is ready for something.
    pub(super) fn advance_link(&mut self, index: u32, readiness: Readiness) {
        let Some(link) = self.links.get_mut(index) else {
            return;
        };
        let progress = link.connection.ready(readiness, &mut self.buffer, &self.clock);
        self.proceed(index, progress);
    }

    pub(super) fn proceed(&mut self, index: u32, progress: Progress) {
        match progress {
            Progress::Pending => {}
            Progress::Again => self.again.push(index),
            Progress::Complete => self.complete(index),
            Progress::Failed(failure) => self.fail(index, &failure),
            Progress::IdleClosed => self.drop_link(index),
        }
    }

    pub(super) fn drop_link(&mut self, index: u32) {
        let Some(link) = self.links.get(index) else {
            return;
        };
        if let Some(user) = self.users[link.user as usize].as_mut() {
            user.link = user.link.filter(|own| *own != index);
            user.parked.retain(|own| *own != index);
        }
        self.links.close(index);
    }

    /// An answer is complete: judge it, or follow where it points to.
    fn complete(&mut self, index: u32) {
        let Some(link) = self.links.get_mut(index) else {
            return;
        };
        let at = link.user;
        let Some(user) = self.users[at as usize].as_mut() else {
            return;
        };
        if user.gathering.is_some() {
            return self.gathered(at, index);
        }
        if user.attempt > 0 && link.connection.phases().connect_start_ns > 0 {
            self.origins.prefer(link.origin, user.attempt);
            user.attempt = 0;
        }
        let phases = *link.connection.phases();
        let status = link.connection.head().status;
        let judged = self.judge(index);
        let reusable = self.links.get_mut(index).is_some_and(|link| {
            link.connection.forget_answer();
            link.connection.is_reusable()
        });
        if !reusable || matches!(judged, Judged::Over(_, next) if next.is_none_or(|next| next.new_session)) {
            self.drop_link(index);
        }
        let ending = |outcome, end_ns| Ending {
            outcome,
            status,
            phases,
            end_ns,
        };
        match judged {
            Judged::Redirected => {
                if let Some(user) = self.users[at as usize].as_mut() {
                    user.carried = joined(&user.carried, &phases);
                }
                self.ask(at, false);
            }
            Judged::Page(outcome, html) => {
                self.gather(at, &html, ending(outcome, self.clock.now_ns()));
                self.gather_on(at);
            }
            Judged::Over(outcome, next) => {
                let keep = self.keep_of(at);
                let end_ns = if keep.body || keep.head {
                    self.clock.now_ns()
                } else {
                    phases.last_byte_ns
                };
                self.end(at, ending(outcome, end_ns), next);
            }
        }
    }

    /// Lets the session make of the answer what it will.
    fn judge(&mut self, index: u32) -> Judged {
        let broken = Judged::Over(Outcome::Reset, None);
        let Some(link) = self.links.get(index) else {
            return broken;
        };
        let Some(user) = self.users[link.user as usize].as_mut() else {
            return broken;
        };
        let connection = &link.connection;
        let planned = &self.plan.transactions[user.transaction];
        let known = connection.head();
        let now_unix_s = unix_s(self.epoch_unix_s, connection.phases().last_byte_ns);
        let body = if planned.keep.body {
            encoding::text(
                connection.body_bytes(),
                known.gzip,
                self.plan.terms.limits.max_body_bytes,
            )
        } else {
            Some(Cow::Borrowed(&[][..]))
        };
        let reply = body.as_deref().map_or(Reply::Done(Outcome::Malformed), |body| {
            let answer = Answer {
                status: known.status,
                head: connection.head_bytes(),
                body,
            };
            user.session
                .answer(&self.plan, &mut self.origins, &answer, now_unix_s)
        });
        let Reply::Done(outcome) = reply else {
            return Judged::Redirected;
        };
        if planned.resources
            && outcome.is_ok()
            && is_page(connection.head_bytes())
            && let Some(html) = &body
        {
            return Judged::Page(outcome, html.to_vec());
        }
        let page = body.as_deref().filter(|_| planned.keeps_page);
        let next = if user.leaving {
            None
        } else {
            user.session.advance(&self.plan, &mut self.tally, page)
        };
        Judged::Over(outcome, next)
    }

    fn keep_of(&self, at: u32) -> Keep {
        let user = self.users[at as usize].as_ref();
        user.map_or(Keep::default(), |user| {
            self.plan.transactions[user.transaction].keep
        })
    }

    /// The exchange is over without an answer: repeat it where that is harmless, else end the transaction.
    fn fail(&mut self, index: u32, failure: &Failure) {
        let Some(link) = self.links.get(index) else {
            return;
        };
        let (at, origin) = (link.user, link.origin);
        let Some(user) = self.users[at as usize].as_mut() else {
            return;
        };
        if user.gathering.is_some() {
            return self.gathering_failed(at, index, failure);
        }
        let connection = &link.connection;
        let aged = connection.died_of_age() && !user.retried && matches!(failure, Failure::Reset(_));
        let unreachable = matches!(failure, Failure::Refused(_) | Failure::ConnectTimedOut);
        if aged {
            user.retried = true;
            user.carried.bytes_sent += connection.phases().bytes_sent;
        } else if unreachable && self.origins.address(origin, user.attempt + 1).is_some() {
            user.attempt += 1;
        } else {
            let phases = *connection.phases();
            let status = connection.head().status;
            let outcome = self.outcome_of(failure);
            self.end_broken(
                index,
                Ending {
                    outcome,
                    status,
                    phases,
                    end_ns: self.clock.now_ns(),
                },
            );
            return;
        }
        self.drop_link(index);
        self.ask(at, true);
    }

    /// The transaction's time limit has passed.
    pub(super) fn time_out(&mut self, at: u32) {
        if self.users[at as usize]
            .as_ref()
            .is_some_and(|user| user.gathering.is_some())
        {
            return self.gathering_timed_out(at);
        }
        let Some(index) = self.users[at as usize].as_ref().and_then(|user| user.link) else {
            return;
        };
        let Some(link) = self.links.get(index) else {
            return;
        };
        let outcome = match link.connection.phase() {
            Phase::Connect => Outcome::TimeoutConnect,
            Phase::Send => Outcome::TimeoutSend,
            Phase::FirstByte => Outcome::TimeoutFirstByte,
            Phase::Body => Outcome::TimeoutBody,
        };
        let ending = Ending {
            outcome,
            status: link.connection.head().status,
            phases: *link.connection.phases(),
            end_ns: self.clock.now_ns(),
        };
        self.end_broken(index, ending);
    }

    fn end_broken(&mut self, index: u32, ending: Ending) {
        let Some(at) = self.links.get(index).map(|link| link.user) else {
            return;
        };
        self.let_go(index);
        self.end_failed(at, ending);
    }

    /// Gives up what goes on on a connection, and closes it unless it can carry something else.
    pub(super) fn let_go(&mut self, index: u32) {
        let is_kept = self.links.get_mut(index).is_some_and(|link| {
            let is_kept = link.connection.cancel(&self.clock);
            link.connection.forget_answer();
            is_kept
        });
        if !is_kept {
            self.drop_link(index);
        }
    }

    fn end_without_connection(&mut self, at: u32, outcome: Outcome) {
        let end_ns = self.clock.now_ns();
        self.end_failed(
            at,
            Ending {
                outcome,
                status: 0,
                phases: Phases::default(),
                end_ns,
            },
        );
    }

    fn end_failed(&mut self, at: u32, ending: Ending) {
        let Some(user) = self.users[at as usize].as_mut() else {
            return;
        };
        let next = if user.leaving {
            None
        } else {
            user.session.advance(&self.plan, &mut self.tally, None)
        };
        if next.is_none_or(|next| next.new_session)
            && let Some(index) = user.link
        {
            self.drop_link(index);
        }
        self.end(at, ending, next);
    }

    /// Records the transaction and lets the user go on, leave, or rest.
    pub(super) fn end(&mut self, at: u32, ending: Ending, next: Option<Next>) {
        self.cut_windows(ending.end_ns);
        let Some(user) = self.users[at as usize].as_mut() else {
            return;
        };
        self.wheel.cancel(at);
        let record = record_of(user, &ending);
        self.recorder.end(&record, user.counts, self.open);
        user.ended_ns = ending.end_ns;
        if user.leaving {
            self.remove(at);
            return;
        }
        let Some(next) = next else {
            user.activity = Activity::Finished;
            self.finished += 1;
            return;
        };
        if next.new_session {
            user.tls = None;
            user.cache = None;
            for parked in std::mem::take(&mut user.parked) {
                self.links.close(parked);
            }
        }
        if self.open {
            user.activity = Activity::Resting;
            self.resting.push(at);
            return;
        }
        // Whoever has not reached the server pauses, lest a site that is down be hammered.
        let pause_ns = if ending.phases.bytes_sent == 0 {
            FAILURE_PAUSE_NS
        } else {
            0
        };
        self.schedule(at, ending.end_ns, next.think_time_s, pause_ns);
    }

    pub(super) fn outcome_of(&mut self, failure: &Failure) -> Outcome {
        let generator = &mut self.recorder.window().generator;
        match failure {
            Failure::NoPort => generator.ports_exhausted += 1,
            Failure::NoResource(_) => generator.resources_exhausted += 1,
            _ => {}
        }
        failure.outcome()
    }
}

/// Takes up the kept connection to that origin, if there is one, and parks one that leads elsewhere.
fn use_link_to(user: &mut User, origin: usize, links: &Links) {
    let leads_there = |index: &u32| links.get(*index).is_some_and(|link| link.origin == origin);
    if user.link.as_ref().is_some_and(leads_there) {
        return;
    }
    let elsewhere = user.link.take();
    if let Some(place) = user.parked.iter().position(leads_there) {
        user.link = Some(user.parked.swap_remove(place));
    }
    user.parked.extend(elsewhere);
}

/// Phases of a transaction of several requests: connecting and sending began with the first, the answer is the last one's.
fn joined(first: &Phases, last: &Phases) -> Phases {
    let connected_first = first.connect_start_ns > 0;
    let connect = if connected_first { first } else { last };
    Phases {
        connect_start_ns: connect.connect_start_ns,
        connect_end_ns: connect.connect_end_ns,
        tls_end_ns: connect.tls_end_ns,
        send_start_ns: if first.send_start_ns > 0 {
            first.send_start_ns
        } else {
            last.send_start_ns
        },
        bytes_sent: first.bytes_sent + last.bytes_sent,
        bytes_received: first.bytes_received + last.bytes_received,
        ..*last
    }
}

fn record_of(user: &User, ending: &Ending) -> Record {
    let phases = joined(&user.carried, &ending.phases);
    Record {
        user: user.session.user(),
        transaction: u16::try_from(user.transaction).unwrap_or(u16::MAX),
        outcome: ending.outcome,
        status: ending.status,
        scheduled_ns: user.scheduled_ns,
        start_ns: user.start_ns,
        connect_start_ns: phases.connect_start_ns,
        connect_end_ns: phases.connect_end_ns,
        tls_end_ns: phases.tls_end_ns,
        send_start_ns: phases.send_start_ns,
        send_end_ns: phases.send_end_ns,
        first_byte_ns: phases.first_byte_ns,
        last_byte_ns: phases.last_byte_ns,
        end_ns: ending.end_ns,
        bytes_sent: phases.bytes_sent,
        bytes_received: phases.bytes_received,
    }
}
