//! The agent that runs on the servers: reads what processes and the host have consumed, and says how sure it is.

pub mod reading;
