//! The contract between a tier's protocol, which decides, and the server loop, which acts.

/// Names a connection for as long as the process lives; never used twice.
pub(super) type Connection = u64;

/// The connection that a tier opened itself, to the tier behind it.
pub(super) const UPSTREAM: Connection = 0;

/// What a protocol wants to be done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Let the worker serve a job; [`Service::worked`] follows.
    Work {
        /// Name of the job.
        ticket: u64,
        /// CPU time that it costs, ns.
        cpu_ns: u64,
    },
    /// Send bytes, then close if so wanted. Without effect where the connection is gone.
    Send {
        /// Whom to.
        to: Connection,
        /// What.
        bytes: Vec<u8>,
        /// Whether that was the last.
        close: bool,
    },
    /// The same, later.
    SendLater {
        /// How much later, ns.
        delay_ns: u64,
        /// Whom to.
        to: Connection,
        /// What.
        bytes: Vec<u8>,
        /// Whether that was the last.
        close: bool,
    },
    /// Close a connection without a word.
    Close {
        /// Which.
        whom: Connection,
    },
}

/// A tier's protocol: events in, actions out; no socket, no clock.
pub(super) trait Service {
    /// Bytes have come, or may be looked at again because an answer has gone out. What is understood is removed.
    fn received(&mut self, from: Connection, input: &mut Vec<u8>, actions: &mut Vec<Action>);

    /// The worker has served a job.
    fn worked(&mut self, ticket: u64, actions: &mut Vec<Action>);

    /// A connection has been closed by the peer or by an action.
    fn closed(&mut self, whom: Connection, actions: &mut Vec<Action>);
}
