//! The load engine against small servers whose every byte and delay is known.
#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

mod answers;
mod failures;
mod hostile;
mod population;
mod requests;
mod sessions;
mod single;
mod site;
mod think;
mod tls;
mod workloads;
