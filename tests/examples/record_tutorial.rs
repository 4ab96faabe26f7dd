//! Records the tutorial: runs its commands at full length against the demo site, and writes what they say into the `text` blocks
//! behind them. Five minutes on a quiet machine:
//!
//! `cargo run --release -p autoperf-tests --example record_tutorial`
//!
//! The page is written only where every command did its work, and each command's exit code is told, since a capacity that a busy
//! machine left uncertain (code 4) belongs into no tutorial.

use autoperf_tests::pages::{PATIENT, Stage, TUTORIAL, docs, read, recorded};
use std::io;
use std::time::Duration;

/// Between two commands, s: what one has left behind on the machine is not in the figures of the next.
const PAUSE_S: u64 = 2;

fn main() -> io::Result<()> {
    let text = read(TUTORIAL)?;
    let stage = Stage::new()?;
    let written = recorded(&text, |commands| {
        let mut said = String::new();
        for command in commands {
            let (code, answer) = stage.run(command, &PATIENT)?;
            println!("exit code {code}: {command}");
            said += &answer;
            std::thread::sleep(Duration::from_secs(PAUSE_S));
        }
        Ok::<_, io::Error>(said)
    })?;
    std::fs::write(docs().join(TUTORIAL), written)
}
