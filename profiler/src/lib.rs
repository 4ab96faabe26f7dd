//! The agent that runs on the servers: reads what processes and the host have consumed, and says how sure it is; and the
//! client that asks it.

pub mod agent;
pub mod client;
pub mod clock;
pub mod command;
pub mod hardware;
pub mod jvm;
pub mod ledger;
pub mod matching;
mod netlink;
pub mod observer;
pub mod probe;
pub mod process;
pub mod reading;
mod syscall;
pub mod system;
pub mod wire;
