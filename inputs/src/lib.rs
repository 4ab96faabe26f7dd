//! Everything a person types, read and validated: what comes out is always valid.

pub mod workload;

pub use workload::Workload;
