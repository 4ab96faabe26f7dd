//! The agent `autoperf-profiler`.

use std::process::ExitCode;

fn main() -> ExitCode {
    autoperf_profiler::command::main(std::env::args_os().skip(1))
}
