//! End-to-end promises live in `tests/`, one file a promise; what their checks need lives here, so that it is tested too.

pub mod architecture;
pub mod journal;
pub mod pages;
pub mod stage;
pub mod summary;
