//! The resources of a page, fetched as part of its transaction: several at once, and none that the session still has.

use super::exchange::Ending;
use super::{Shard, unix_s};
use crate::load::CONNECTIONS_PER_ORIGIN;
use crate::load::cache::Lookup;
use crate::load::links::Destination;
use crate::load::render::Surroundings;
use crate::load::resources::resources;
use crate::load::session::Resource;
use crate::transport::connection::Keep;
use crate::transport::http2::Part;
use crate::transport::tls::TlsClient;
use crate::transport::url::Url;
use crate::transport::{Failure, Phase, Phases, Version};
use autoperf_models::record::Outcome;
use std::collections::VecDeque;

/// Redirects followed for one resource.
const MAX_REDIRECTS: u8 = 20;
/// Of a resource only the head matters: what may be cached, and where it has gone.
const KEEP: Keep = Keep {
    head: true,
    body: false,
};

/// A page whose resources are on their way.
#[derive(Debug)]
pub(super) struct Gathering {
    /// How the transaction ends once they are all here.
    ending: Ending,
    /// The page's text, where a later link may come from it.
    page: Option<Vec<u8>>,
    waiting: VecDeque<Resource>,
    running: Vec<Running>,
}

/// A connection and what has been asked for on it.
#[derive(Debug)]
struct Running {
    link: u32,
    asked: Vec<Resource>,
}

/// What becomes of a resource whose answer is here.
enum Fate {
    Fetched,
    Unchanged,
    Moved(Url),
    Failed,
}

impl Shard {
    /// Turns to what a page names; `gather_on` fetches it.
    pub(super) fn gather(&mut self, at: u32, html: &[u8], ending: Ending) {
        let now_unix_s = unix_s(self.epoch_unix_s, ending.end_ns);
        let Some(user) = self.users[at as usize].as_mut() else {
            return;
        };
        let keeps_page = self.plan.transactions[user.transaction].keeps_page;
        let page = user.session.asked(&self.plan, &self.origins);
        let urls = resources(&page, html);
        let counts = &mut self.recorder.window().resources;
        let cache = user.cache.get_or_insert_default();
        let mut waiting = VecDeque::new();
        for url in urls {
            let condition = match cache.look(&url.to_string(), now_unix_s) {
                Lookup::Fresh => {
                    counts.cached += 1;
                    continue;
                }
                Lookup::Stale(condition) => condition,
                Lookup::Unknown => Vec::new(),
            };
            if let Some(origin) = self.origins.find(&url.origin) {
                waiting.push_back(Resource {
                    origin,
                    target: url.target,
                    condition,
                    retried: false,
                    redirects: 0,
                });
            }
        }
        user.gathering = Some(Box::new(Gathering {
            ending,
            page: keeps_page.then(|| html.to_vec()),
            waiting,
            running: Vec::new(),
        }));
    }

    /// Asks for as many of the waiting resources as the connections allow; ends the transaction when none are left.
    pub(super) fn gather_on(&mut self, at: u32) {
        let mut next = 0;
        while let Some(gathering) = self.gathering(at) {
            let Some(resource) = gathering.waiting.get(next) else {
                break;
            };
            let origin = resource.origin;
            match self.link_for(at, origin) {
                Ok(Some(index)) => {
                    self.ask_for(at, index, next);
                    next = 0;
                }
                Ok(None) => next += 1,
                Err(failure) => {
                    self.outcome_of(&failure);
                    let lost = self.gathering(at).and_then(|g| g.waiting.remove(next));
                    self.count_failed(lost.as_slice());
                }
            }
        }
        if self
            .gathering(at)
            .is_some_and(|g| g.waiting.is_empty() && g.running.is_empty())
        {
            self.end_gathering(at, None);
        }
    }

    /// All that was asked for on a connection is here.
    pub(super) fn gathered(&mut self, at: u32, index: u32) {
        let Some(running) = self.take_running(at, index) else {
            return;
        };
        let Some(link) = self.links.get(index) else {
            return;
        };
        let Some(user) = self.users[at as usize].as_mut() else {
            return;
        };
        let phases = *link.connection.phases();
        let now_unix_s = unix_s(self.epoch_unix_s, phases.last_byte_ns);
        let mut failed = Vec::new();
        for (place, resource) in running.asked.into_iter().enumerate() {
            let url = Url {
                origin: self.origins.origin(resource.origin).clone(),
                target: resource.target.clone(),
            };
            let fate = match link.connection.part(place) {
                Some(part) if part.failure.is_none() => {
                    user.session.take_cookies_of(&url, part.head_bytes, now_unix_s);
                    let cache = user.cache.get_or_insert_default();
                    cache.store(&url.to_string(), part.head.status, part.head_bytes, now_unix_s);
                    fate_of(&url, &part, resource.redirects)
                }
                _ => Fate::Failed,
            };
            let counts = &mut self.recorder.window().resources;
            match fate {
                Fate::Fetched => counts.fetched += 1,
                Fate::Unchanged => counts.unchanged += 1,
                Fate::Failed => failed.push(resource),
                Fate::Moved(to) => match (self.origins.find(&to.origin), &mut user.gathering) {
                    (Some(origin), Some(gathering)) => gathering.waiting.push_back(Resource {
                        origin,
                        target: to.target,
                        condition: Vec::new(),
                        retried: false,
                        redirects: resource.redirects + 1,
                    }),
                    _ => failed.push(resource),
                },
            }
        }
        self.count_failed(&failed);
        self.add_phases(at, &phases);
        let reusable = self.links.get_mut(index).is_some_and(|link| {
            link.connection.forget_answer();
            link.connection.is_reusable()
        });
        if !reusable {
            self.drop_link(index);
        }
        self.gather_on(at);
    }

    /// A connection has failed while resources were asked for on it.
    pub(super) fn gathering_failed(&mut self, at: u32, index: u32, failure: &Failure) {
        let Some(link) = self.links.get(index) else {
            return;
        };
        let aged = link.connection.died_of_age() && matches!(failure, Failure::Reset(_));
        let mut phases = *link.connection.phases();
        phases.last_byte_ns = self.clock.now_ns();
        self.outcome_of(failure);
        let running = self.take_running(at, index);
        self.drop_link(index);
        self.add_phases(at, &phases);
        for resource in running.into_iter().flat_map(|running| running.asked) {
            if aged && !resource.retried {
                let retried = Resource {
                    retried: true,
                    ..resource
                };
                if let Some(gathering) = self.gathering(at) {
                    gathering.waiting.push_back(retried);
                }
            } else {
                self.count_failed(&[resource]);
            }
        }
        self.gather_on(at);
    }

    /// The time limit has passed while resources were on their way.
    pub(super) fn gathering_timed_out(&mut self, at: u32) {
        let Some(gathering) = self.gathering(at) else {
            return;
        };
        let running = std::mem::take(&mut gathering.running);
        let waiting: Vec<Resource> = std::mem::take(&mut gathering.waiting).into();
        self.count_failed(&waiting);
        for one in running {
            if let Some(link) = self.links.get(one.link) {
                let mut phases = *link.connection.phases();
                phases.last_byte_ns = 0;
                self.add_phases(at, &phases);
            }
            self.count_failed(&one.asked);
            self.let_go(one.link);
        }
        self.end_gathering(at, Some(Outcome::TimeoutBody));
    }

    fn gathering(&mut self, at: u32) -> Option<&mut Gathering> {
        self.users[at as usize].as_mut()?.gathering.as_deref_mut()
    }

    fn take_running(&mut self, at: u32, index: u32) -> Option<Running> {
        let gathering = self.gathering(at)?;
        let place = gathering
            .running
            .iter()
            .position(|running| running.link == index)?;
        Some(gathering.running.swap_remove(place))
    }

    fn count_failed(&mut self, failed: &[Resource]) {
        for resource in failed {
            let url = format!("{}{}", self.origins.origin(resource.origin), resource.target);
            self.recorder.window().resources.add_failure(url);
        }
    }

    /// The transaction lasts until the last of its resources, and all bytes are its own.
    fn add_phases(&mut self, at: u32, part: &Phases) {
        if let Some(gathering) = self.gathering(at) {
            let ending = &mut gathering.ending;
            ending.phases.bytes_sent += part.bytes_sent;
            ending.phases.bytes_received += part.bytes_received;
            ending.phases.last_byte_ns = ending.phases.last_byte_ns.max(part.last_byte_ns);
            ending.end_ns = ending.end_ns.max(ending.phases.last_byte_ns);
        }
    }

    /// A connection on which the resource can be asked for now; `None` while all are busy.
    fn link_for(&mut self, at: u32, origin: usize) -> Result<Option<u32>, Failure> {
        let Some(user) = self.users[at as usize].as_mut() else {
            return Ok(None);
        };
        let busy = |index: u32| {
            let gathering = user.gathering.as_ref();
            gathering.is_some_and(|g| g.running.iter().any(|running| running.link == index))
        };
        let (mut there, mut one_at_a_time) = (0, self.plan.terms.version == Version::Http1);
        for index in user.link.iter().chain(&user.parked).copied() {
            let Some(link) = self.links.get(index).filter(|link| link.origin == origin) else {
                continue;
            };
            if !busy(index) {
                return Ok(Some(index));
            }
            there += 1;
            let established = link.connection.phase() != Phase::Connect;
            one_at_a_time |= established && !link.connection.is_multiplexed();
        }
        let most = if one_at_a_time { CONNECTIONS_PER_ORIGIN } else { 1 };
        if there >= most {
            return Ok(None);
        }
        if user.tls.is_none() && self.origins.origin(origin).https {
            user.tls = self.plan.tls.as_ref().map(TlsClient::session);
        }
        let to = Destination {
            user: at,
            origin,
            attempt: &mut 0,
            tls: user.tls.clone(),
        };
        let index = self
            .links
            .open(to, &self.origins, &self.waiting.epoll, &self.clock)?;
        user.parked.push(index);
        Ok(Some(index))
    }

    /// Asks for a waiting resource, and for all others of its origin where the connection carries many at once.
    fn ask_for(&mut self, at: u32, index: u32, place: usize) {
        let now_unix_s = unix_s(self.epoch_unix_s, self.clock.now_ns());
        let Some(user) = self.users[at as usize].as_mut() else {
            return;
        };
        let (Some(gathering), Some(link)) = (user.gathering.as_mut(), self.links.get_mut(index)) else {
            return;
        };
        let mut asked: Vec<Resource> = gathering.waiting.remove(place).into_iter().collect();
        if link.connection.is_multiplexed() {
            let (same, others) = std::mem::take(&mut gathering.waiting)
                .into_iter()
                .partition::<VecDeque<_>, _>(|other| other.origin == link.origin);
            asked.extend(same);
            gathering.waiting = others;
        }
        let around = Surroundings {
            origins: &self.origins,
            now_unix_s,
        };
        let requests: Vec<Vec<u8>> = asked
            .iter()
            .map(|resource| user.session.ask_for(resource, around))
            .collect();
        gathering.running.push(Running { link: index, asked });
        let connection = &mut link.connection;
        let progress = match requests.as_slice() {
            [only] if !connection.is_multiplexed() => connection.submit(only, false, KEEP, &self.clock),
            all => connection.submit_all(all, KEEP, &self.clock),
        };
        self.proceed(index, progress);
    }

    fn end_gathering(&mut self, at: u32, instead: Option<Outcome>) {
        let now_ns = self.clock.now_ns();
        let Some(user) = self.users[at as usize].as_mut() else {
            return;
        };
        let Some(gathering) = user.gathering.take() else {
            return;
        };
        let mut ending = gathering.ending;
        if let Some(outcome) = instead {
            ending.outcome = outcome;
            ending.end_ns = now_ns;
            ending.phases.last_byte_ns = 0;
        }
        let next = if user.leaving {
            None
        } else {
            user.session
                .advance(&self.plan, &mut self.tally, gathering.page.as_deref())
        };
        if next.is_none_or(|next| next.new_session)
            && let Some(index) = user.link
        {
            self.drop_link(index);
        }
        self.end(at, ending, next);
    }
}

fn fate_of(url: &Url, part: &Part<'_>, redirects: u8) -> Fate {
    match part.head.status {
        304 => Fate::Unchanged,
        301 | 302 | 303 | 307 | 308 => {
            let location = crate::transport::http1::head::field(part.head_bytes, "location");
            let to = location
                .and_then(|to| std::str::from_utf8(to).ok())
                .and_then(|to| url.resolve(to));
            match to {
                Some(to) if redirects < MAX_REDIRECTS => Fate::Moved(to),
                _ => Fate::Failed,
            }
        }
        200..400 => Fate::Fetched,
        _ => Fate::Failed,
    }
}
