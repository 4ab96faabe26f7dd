//! Ctrl-C: the first asks the run to end in order, the second ends the process at once.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
#[cfg(feature = "tui")]
use std::sync::atomic::Ordering;

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

/// The same, for a program that must tidy up something before it ends at once.
///
/// # Errors
/// As [`listen`].
#[cfg(feature = "tui")]
pub fn listen_and_tidy(tidy: fn()) -> io::Result<Arc<AtomicBool>> {
    let interrupt = Arc::new(AtomicBool::new(false));
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
    let flag = Arc::clone(&interrupt);
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            for _ in signals.forever() {
                if flag.swap(true, Ordering::SeqCst) {
                    tidy();
                    std::process::exit(INTERRUPTED);
                }
            }
        })?;
    Ok(interrupt)
}
