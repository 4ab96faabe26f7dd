//! Ctrl-C: the first asks the run to end in order, the second ends the process at once.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Exit code of a process that a second Ctrl-C ends.
const INTERRUPTED: i32 = 130;

/// A flag that SIGINT or SIGTERM sets.
///
/// # Errors
/// Where the system refuses the handlers.
pub fn listen() -> io::Result<Arc<AtomicBool>> {
    let interrupt = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // Registered first, so that it acts only on the second signal.
        flag::register_conditional_shutdown(signal, INTERRUPTED, Arc::clone(&interrupt))?;
        flag::register(signal, Arc::clone(&interrupt))?;
    }
    Ok(interrupt)
}
