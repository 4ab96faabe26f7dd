//! The agent `autoperf-profiler`.

fn main() {}
