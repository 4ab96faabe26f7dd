//! What people and programs read: every form of a report, every verdict, every comparison.

mod compare;
mod fixture;
mod golden;
mod page;
mod renderers;
mod verdicts;
