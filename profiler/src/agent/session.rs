//! Sessions: what a client watches and the readings taken for it. A session outlives a broken connection for a while.

use std::collections::BTreeMap;

use crate::agent::ring::Ring;
use crate::observer::watch::Watch;
use crate::observer::{Depth, Observer};
use crate::reading::Reading;
use crate::wire::message::{Failure, Matched, MatchedProcess};

/// Sessions kept at one time; connections beyond them cannot watch.
const MOST: usize = 32;
/// How long a session waits for its client to come back.
const PATIENCE_NS: u64 = 300_000_000_000;

/// One session.
#[derive(Debug, Default)]
pub struct Session {
    watch: Option<Watch>,
    ring: Ring,
    detached_ns: Option<u64>,
    /// How often a connection has taken it up.
    holder: u64,
}

/// All sessions, by their names.
#[derive(Debug, Default)]
pub struct Sessions {
    by_name: BTreeMap<String, Session>,
}

impl Sessions {
    /// Takes up the session `name`, also from a connection that is not yet known to be broken: only its client knows the
    /// name. Returns the token of the new holder.
    pub fn resume(&mut self, name: &str) -> Option<u64> {
        let session = self.by_name.get_mut(name)?;
        session.detached_ns = None;
        session.holder += 1;
        Some(session.holder)
    }

    /// Opens a session; the one that has waited longest for its client makes room. Returns the token of its holder, `None`
    /// when there is no room.
    pub fn open(&mut self, name: &str) -> Option<u64> {
        if self.by_name.len() >= MOST {
            let waiting = self
                .by_name
                .iter()
                .filter_map(|(name, session)| Some((session.detached_ns?, name.clone())));
            let (_, oldest) = waiting.min()?;
            self.by_name.remove(&oldest);
        }
        self.by_name.insert(name.to_owned(), Session::default());
        Some(0)
    }

    /// The holder has gone, unless another has taken the session up meanwhile; without a watch there is nothing to come back
    /// to.
    pub fn detach(&mut self, name: &str, holder: u64, now_ns: u64) {
        match self.by_name.get_mut(name) {
            Some(session) if session.holder != holder => {}
            Some(session) if session.watch.is_some() => session.detached_ns = Some(now_ns),
            _ => {
                self.by_name.remove(name);
            }
        }
    }

    /// Ends sessions whose clients have not come back.
    pub fn expire(&mut self, now_ns: u64) {
        self.by_name.retain(|_, session| {
            session
                .detached_ns
                .is_none_or(|since_ns| now_ns.saturating_sub(since_ns) < PATIENCE_NS)
        });
    }

    /// A session of the agent's own, which needs no client and never ends. Its names need not have processes yet.
    pub fn pin(&mut self, name: &str, watch: Watch) {
        self.by_name.insert(
            name.to_owned(),
            Session {
                watch: Some(watch),
                ..Session::default()
            },
        );
    }

    /// Lets a session watch something else, with a first reading, and returns what each name means.
    ///
    /// # Errors
    /// A name that no process has; the session then watches what it watched before.
    pub fn watch(
        &mut self,
        name: &str,
        mut watch: Watch,
        observer: &mut Observer,
    ) -> Result<Vec<Matched>, Failure> {
        observer.open_ledger();
        let (mut watches, _) = self.watching();
        let index = watches.len();
        watches.push(&mut watch);
        observer.find(&mut watches, Depth::Full);
        if let Some((name, nearest)) = watches[index].without_process(observer.table()) {
            return Err(Failure::NoSuchProcess { name, nearest });
        }
        let matched = matched(watches[index], observer);
        let first = observer.observe_one(&mut watches, index, Depth::Full);
        if let Some(session) = self.by_name.get_mut(name) {
            session.watch = Some(watch);
            session.keep(first);
        }
        Ok(matched)
    }

    /// Takes a sample for all sessions that watch.
    pub fn sample(&mut self, observer: &mut Observer) {
        let (mut watches, mut rings) = self.watching();
        if watches.is_empty() {
            observer.close_ledger();
            return;
        }
        let readings = observer.observe(&mut watches, Depth::Quick);
        for (ring, reading) in rings.iter_mut().zip(readings) {
            ring.push(reading);
        }
        let watches: Vec<&Watch> = watches.into_iter().map(|watch| &*watch).collect();
        observer.release(&watches);
    }

    /// Lets all sessions know what the exit ledger has been told. Returns whether that was anything.
    pub fn drain(&mut self, observer: &mut Observer) -> bool {
        observer.drain(&mut self.watching().0)
    }

    fn watching(&mut self) -> (Vec<&mut Watch>, Vec<&mut Ring>) {
        let watching = self.by_name.values_mut();
        watching
            .filter_map(|session| Some((session.watch.as_mut()?, &mut session.ring)))
            .unzip()
    }

    /// A reading for one session now; `None` when it watches nothing.
    pub fn snapshot(&mut self, name: &str, observer: &mut Observer) -> Option<Reading> {
        let id = self.by_name.get(name)?.watch.as_ref()?.id();
        let (mut watches, _) = self.watching();
        let index = watches.iter().position(|watch| watch.id() == id)?;
        let taken = observer.observe_one(&mut watches, index, Depth::Full);
        self.by_name.get_mut(name)?.keep(taken)
    }

    /// The ring of a session.
    #[must_use]
    pub fn ring(&self, name: &str) -> Option<&Ring> {
        self.by_name.get(name).map(|session| &session.ring)
    }
}

impl Session {
    fn keep(&mut self, reading: Option<Reading>) -> Option<Reading> {
        reading.map(|reading| self.ring.push(reading).clone())
    }
}

/// A name that cannot be guessed, so that no other client takes the session over.
pub(super) fn random_name() -> std::io::Result<String> {
    let mut bytes = [0; 16];
    std::io::Read::read_exact(&mut std::fs::File::open("/dev/urandom")?, &mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn matched(watch: &Watch, observer: &Observer) -> Vec<Matched> {
    let describe = |(index, name): (usize, &str)| {
        let mut processes: Vec<MatchedProcess> = watch
            .members_of(index)
            .filter_map(|identity| observer.table().get(identity))
            .map(|seen| {
                let exe = if seen.names.exe.is_empty() {
                    &seen.names.comm
                } else {
                    &seen.names.exe
                };
                MatchedProcess {
                    pid: seen.stat.pid,
                    exe: exe.clone(),
                    how: watch.how(seen.identity()),
                }
            })
            .collect();
        processes.sort_by_key(|process| process.pid);
        Matched {
            name: name.to_owned(),
            processes,
        }
    };
    watch.names().enumerate().map(describe).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watching(sessions: &mut Sessions, name: &str) {
        assert_eq!(sessions.open(name), Some(0));
        sessions.by_name.get_mut(name).unwrap().watch = Some(Watch::default());
    }

    #[test]
    fn a_session_waits_for_its_client_but_not_for_ever() {
        let mut sessions = Sessions::default();
        watching(&mut sessions, "a");
        assert_eq!(
            sessions.resume("a"),
            Some(1),
            "the old connection is broken and the agent has not noticed"
        );
        sessions.detach("a", 0, 10);
        sessions.expire(20 + PATIENCE_NS);
        assert_eq!(sessions.resume("b"), None);
        assert_eq!(
            sessions.resume("a"),
            Some(2),
            "the old connection's end has changed nothing"
        );
        sessions.detach("a", 2, 20);
        sessions.expire(20 + PATIENCE_NS);
        assert_eq!(sessions.resume("a"), None, "it was too late");
        sessions.open("c");
        sessions.detach("c", 0, 0);
        assert_eq!(sessions.resume("c"), None, "it watched nothing");
    }

    #[test]
    fn the_longest_deserted_makes_room() {
        let mut sessions = Sessions::default();
        for index in 0..MOST {
            watching(&mut sessions, &format!("s{index:02}"));
        }
        assert_eq!(sessions.open("new"), None);
        sessions.detach("s05", 0, 200);
        sessions.detach("s07", 0, 100);
        assert_eq!(sessions.open("new"), Some(0));
        assert_eq!((sessions.resume("s05"), sessions.resume("s07")), (Some(1), None));
    }
}
