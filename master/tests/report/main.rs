//! What people and programs read: every form of a report, every verdict, every comparison.
#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

mod compare;
mod fixture;
mod golden;
mod page;
mod reference;
mod renderers;
mod surface;
mod verdicts;
