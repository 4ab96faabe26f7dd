//! Runnable sites with their truth beside them.
//!
//! The built-in demo site is code; the sites of real servers are folders beside this package's sources.

pub mod demo;
