//! What stands in for HTTP/2 in a program built without it: a type that has no value.

use super::{Part, State};
use crate::transport::Failure;
use crate::transport::connection::Keep;
use crate::transport::http1::Limits;

/// A connection that does not exist.
#[derive(Debug)]
pub enum Http2 {}

impl Http2 {
    /// Never succeeds.
    ///
    /// # Errors
    /// Always: this program was built without HTTP/2.
    pub fn new(_limits: Limits, _https: bool) -> Result<Self, Failure> {
        Err(Failure::Handshake(
            "this autoperf was built without HTTP/2".to_owned(),
        ))
    }

    /// See the real one.
    pub fn submit<'r>(&mut self, _requests: impl IntoIterator<Item = &'r [u8]>, _keep: Keep) {
        match *self {}
    }

    /// See the real one.
    pub fn feed(&mut self, _bytes: &[u8]) {
        match *self {}
    }

    /// See the real one.
    pub fn close(&mut self) {
        match *self {}
    }

    /// See the real one.
    pub fn take_outgoing(&mut self, _out: &mut Vec<u8>) {
        match *self {}
    }

    /// See the real one.
    #[must_use]
    pub fn state(&self) -> State {
        match *self {}
    }

    /// See the real one.
    #[must_use]
    pub fn all_sent(&self) -> bool {
        match *self {}
    }

    /// See the real one.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        match *self {}
    }

    /// See the real one.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        match *self {}
    }

    /// See the real one.
    #[must_use]
    pub fn part(&self, _at: usize) -> Option<Part<'_>> {
        match *self {}
    }

    /// See the real one.
    pub fn cancel(&mut self) {
        match *self {}
    }

    /// See the real one.
    pub fn forget(&mut self) {
        match *self {}
    }
}
