//! The agent under the name that AutoPerf's manual gives it, `prof`.

use std::process::ExitCode;

fn main() -> ExitCode {
    autoperf_profiler::command::main(std::env::args_os().skip(1))
}
