//! The byte stream that h2 believes to be a socket: two buffers in memory, so that the I/O stays with `connection`.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that h2 may have written before the socket has taken any; beyond, it waits.
const MAX_OUTGOING_BYTES: usize = 256 * 1024;
/// Buffers that grew beyond this are given back when they are empty.
const KEPT_CAPACITY_BYTES: usize = 4 * 1024;

#[derive(Debug, Default)]
struct Buffers {
    incoming: Vec<u8>,
    /// How much of `incoming` h2 has read.
    read: usize,
    ended: bool,
    outgoing: Vec<u8>,
}

/// Either end of the pipe. Both ends live on one thread, so that its lock is never waited for.
#[derive(Debug, Clone, Default)]
pub(super) struct Pipe {
    buffers: Arc<Mutex<Buffers>>,
}

impl Pipe {
    fn lock(&self) -> MutexGuard<'_, Buffers> {
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has come from the socket.
    pub(super) fn feed(&self, bytes: &[u8]) {
        self.lock().incoming.extend_from_slice(bytes);
    }

    /// Nothing more will come.
    pub(super) fn end(&self) {
        self.lock().ended = true;
    }

    /// Moves out what is for the socket.
    pub(super) fn take_outgoing(&self, out: &mut Vec<u8>) {
        let mut buffers = self.lock();
        out.append(&mut buffers.outgoing);
        buffers.outgoing.shrink_to(KEPT_CAPACITY_BYTES);
    }
}

impl AsyncRead for Pipe {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut buffers = self.lock();
        let available = buffers.incoming.len() - buffers.read;
        if available == 0 {
            return if buffers.ended {
                Poll::Ready(Ok(()))
            } else {
                Poll::Pending
            };
        }
        let from = buffers.read;
        let taken = available.min(into.remaining());
        into.put_slice(&buffers.incoming[from..from + taken]);
        buffers.read += taken;
        if buffers.read == buffers.incoming.len() {
            buffers.incoming.clear();
            buffers.incoming.shrink_to(KEPT_CAPACITY_BYTES);
            buffers.read = 0;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut buffers = self.lock();
        let room = MAX_OUTGOING_BYTES.saturating_sub(buffers.outgoing.len());
        if room == 0 {
            return Poll::Pending;
        }
        let taken = room.min(bytes.len());
        buffers.outgoing.extend_from_slice(&bytes[..taken]);
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
