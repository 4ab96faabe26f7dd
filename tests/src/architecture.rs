//! The rules of the house as functions over source text: each returns what breaks the rule, in words to act upon.

pub mod imports;
pub mod manifests;
pub mod shape;
pub mod source;
mod tokens;

pub use source::Source;
