//! The command `autoperf`.

fn main() {}
