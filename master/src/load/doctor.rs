//! What this machine can do as a generator, found out before it is trusted.

pub mod null_site;
