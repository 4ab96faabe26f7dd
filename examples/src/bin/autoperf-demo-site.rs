//! The built-in demo site as a program of its own: both tiers, or one of them.

use std::process::ExitCode;

fn main() -> ExitCode {
    autoperf_examples::demo::main(std::env::args().skip(1))
}
