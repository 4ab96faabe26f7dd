//! The web tier: requests in, its own work, a query to the storage tier, a page out.

use super::http::{Answer, Parsed, Request, parse};
use super::law::{Kind, LAW, Tier};
use super::recorder::Recorder;
use super::service::{Action, Connection, Service, UPSTREAM};
use super::storage::{query, read_reply, take_frame};
use std::collections::{BTreeMap, HashSet};

/// Longest delay that `/slow` grants, ms.
const SLOW_LIMIT_MS: u64 = 60_000;

/// Largest body that `/large` sends, bytes.
const LARGE_LIMIT: usize = 16 * 1024 * 1024;

/// A transaction on its way through the tiers.
struct Pending {
    from: Connection,
    request: Request,
    kind: Kind,
}

/// The web tier's protocol.
#[derive(Default)]
pub(super) struct Web {
    tickets: u64,
    sessions: u64,
    served: [u64; 3],
    storage_lost: bool,
    pending: BTreeMap<u64, Pending>,
    /// Connections whose request is not answered yet; what comes after it waits in their input.
    busy: HashSet<Connection>,
    recorder: Recorder,
}

impl Service for Web {
    fn received(&mut self, from: Connection, input: &mut Vec<u8>, actions: &mut Vec<Action>) {
        if from == UPSTREAM {
            return self.replied(input, actions);
        }
        if self.busy.contains(&from) {
            return;
        }
        match parse(input) {
            Parsed::Incomplete => {}
            Parsed::Complete(request, length) => {
                input.drain(..length);
                self.busy.insert(from);
                self.requested(from, request, actions);
            }
            Parsed::Refused(status) => {
                let bytes = Answer::status(status).render(false, false);
                actions.push(Action::Send {
                    to: from,
                    bytes,
                    close: true,
                });
            }
        }
    }

    fn worked(&mut self, ticket: u64, actions: &mut Vec<Action>) {
        let Some(pending) = self.pending.get(&ticket) else {
            return;
        };
        if self.storage_lost {
            self.give_up(ticket, actions);
        } else {
            actions.push(Action::Send {
                to: UPSTREAM,
                bytes: query(ticket, pending.kind),
                close: false,
            });
        }
    }

    fn closed(&mut self, whom: Connection, actions: &mut Vec<Action>) {
        if whom == UPSTREAM {
            self.storage_lost = true;
            let tickets: Vec<_> = self.pending.keys().copied().collect();
            tickets
                .into_iter()
                .for_each(|ticket| self.give_up(ticket, actions));
        } else {
            // Its transaction, if any, goes on like that of any user who has left; the answer finds nobody.
            self.busy.remove(&whom);
        }
    }
}

impl Web {
    fn requested(&mut self, from: Connection, request: Request, actions: &mut Vec<Action>) {
        let answer = match (request.method.as_str(), request.path()) {
            ("GET" | "HEAD", "/browse") => return self.begin(from, request, Kind::Browse, actions),
            ("GET" | "HEAD", "/search") => return self.begin(from, request, Kind::Search, actions),
            ("POST", "/buy") => return self.begin(from, request, Kind::Buy, actions),
            (_, "/browse" | "/search" | "/buy") => Answer::status(405),
            (_, "/slow") => return self.slow(from, &request, actions),
            (_, "/hangup") => {
                self.busy.remove(&from);
                return actions.push(Action::Close { whom: from });
            }
            (_, "/echo") => {
                self.recorder.record(from, &request);
                Answer::json(self.recorder.last().to_owned())
            }
            (_, "/record") => {
                let answer = Answer::json(self.recorder.to_json());
                if request.parameter("clear").is_some() {
                    self.recorder.clear();
                }
                answer
            }
            (_, "/served") => self.report(),
            (_, "/redirect") => {
                let location = request.parameter("to").unwrap_or("/echo").to_owned();
                Answer {
                    headers: vec![("Location", location)],
                    ..Answer::status(302)
                }
            }
            (_, "/large") => {
                let size = request
                    .parameter("bytes")
                    .and_then(|b| b.parse().ok())
                    .unwrap_or(1 << 20);
                Answer::html("x".repeat(LARGE_LIMIT.min(size)))
            }
            (_, "/") => Answer::html(INDEX.to_owned()),
            (_, path) => match path.strip_prefix("/status/").and_then(|s| s.parse().ok()) {
                Some(status @ 200..=599) => Answer::status(status),
                _ => Answer::status(404),
            },
        };
        self.answer(from, &request, &answer, actions);
    }

    fn begin(&mut self, from: Connection, request: Request, kind: Kind, actions: &mut Vec<Action>) {
        self.tickets += 1;
        let cpu_ns = u64::try_from(kind.cpu(Tier::Web).as_nanos()).unwrap_or(u64::MAX);
        self.pending.insert(self.tickets, Pending { from, request, kind });
        actions.push(Action::Work {
            ticket: self.tickets,
            cpu_ns,
        });
    }

    fn replied(&mut self, input: &mut Vec<u8>, actions: &mut Vec<Action>) {
        loop {
            match take_frame(input) {
                Ok(None) => return,
                Ok(Some(frame)) => {
                    let Some((ticket, rows)) = read_reply(&frame) else {
                        return actions.push(Action::Close { whom: UPSTREAM });
                    };
                    let Some(pending) = self.pending.remove(&ticket) else {
                        continue;
                    };
                    self.served[pending.kind as usize] += 1;
                    let mut answer = Answer::html(page(&pending, rows));
                    if pending.request.cookie("session").is_none() {
                        self.sessions += 1;
                        answer.headers.push((
                            "Set-Cookie",
                            format!("session=s{}; Path=/; HttpOnly", self.sessions),
                        ));
                    }
                    self.answer(pending.from, &pending.request, &answer, actions);
                }
                Err(_) => return actions.push(Action::Close { whom: UPSTREAM }),
            }
        }
    }

    fn give_up(&mut self, ticket: u64, actions: &mut Vec<Action>) {
        if let Some(pending) = self.pending.remove(&ticket) {
            self.answer(pending.from, &pending.request, &Answer::status(502), actions);
        }
    }

    fn slow(&mut self, from: Connection, request: &Request, actions: &mut Vec<Action>) {
        let delay_ms = request
            .parameter("ms")
            .and_then(|ms| ms.parse().ok())
            .unwrap_or(1_000)
            .min(SLOW_LIMIT_MS);
        let bytes = Answer::html(format!("<p>{delay_ms} ms later</p>\n")).render(request.keep_alive, false);
        self.busy.remove(&from);
        let (to, close) = (from, !request.keep_alive);
        actions.push(Action::SendLater {
            delay_ns: delay_ms * 1_000_000,
            to,
            bytes,
            close,
        });
    }

    fn answer(&mut self, to: Connection, request: &Request, answer: &Answer, actions: &mut Vec<Action>) {
        self.busy.remove(&to);
        let bytes = answer.render(request.keep_alive, request.method == "HEAD");
        actions.push(Action::Send {
            to,
            bytes,
            close: !request.keep_alive,
        });
    }

    fn report(&self) -> Answer {
        let counts: Vec<_> = LAW
            .iter()
            .zip(self.served)
            .map(|(law, n)| format!("\"{}\":{n}", law.name))
            .collect();
        Answer::json(format!(
            "{{\"sessions\":{},\"served\":{{{}}}}}\n",
            self.sessions,
            counts.join(",")
        ))
    }
}

/// The page of a transaction, with links to others.
fn page(pending: &Pending, rows: &str) -> String {
    let rows: String = rows
        .lines()
        .filter_map(|row| row.split_once('|'))
        .map(|(item, price)| format!("<tr><td>{item}</td><td>{price}</td></tr>\n"))
        .collect();
    let links: String = (1..=8)
        .map(|category| {
            format!("<li><a href=\"/browse?category={category}&amp;page=1\">Category {category}</a></li>\n")
        })
        .collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><title>{0}</title></head><body><h1>{0}</h1>\n\
         <table>\n{rows}</table>\n<ul>\n{links}</ul>\n</body></html>\n",
        LAW[pending.kind as usize].name
    )
}

const INDEX: &str = "<!DOCTYPE html>
<html lang=\"en\"><head><title>Demo site</title></head><body><h1>Demo site</h1>
<p>Transactions of known cost: <a href=\"/browse?category=1&amp;page=1\">/browse</a>,
<a href=\"/search?q=lamp\">/search</a>, POST /buy.</p>
<p>For tests, without cost: /echo, /record, /served, /slow?ms=, /status/500, /redirect, /large?bytes=, /hangup.</p>
</body></html>
";

#[cfg(test)]
mod tests;
