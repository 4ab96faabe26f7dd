//! The load engine against small servers whose every byte and delay is known.
#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

mod answers;
#[cfg(feature = "http2")]
mod carriers;
mod failures;
#[cfg(feature = "http2")]
mod frames;
mod hostile;
mod population;
mod ports;
mod record;
mod requests;
mod resources;
mod sessions;
mod single;
mod site;
#[cfg(feature = "http2")]
mod stories;
mod think;
mod tls;
mod ways;
mod workloads;
