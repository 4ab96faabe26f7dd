//! End-to-end promises live in `tests/`, one file a promise.
