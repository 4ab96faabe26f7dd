//! The command `autoperf`.

use std::process::ExitCode;

fn main() -> ExitCode {
    autoperf::cli::main(std::env::args_os())
}
