//! The real agent and its client: real processes with known consumption, and hostile peers.

#[cfg(test)]
mod accuracy;
#[cfg(test)]
mod channel;
#[cfg(test)]
mod hardship;
#[cfg(test)]
mod java;
#[cfg(test)]
mod peers;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod ssh;
#[cfg(test)]
mod stage;
