//! What is known of one finished transaction; the load engine and the simulator emit the same type.

/// How a transaction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Answered with a status below 400 (or the expected one) and every check passed.
    Ok,
    /// Answered with a status of 400 or above that was not expected.
    HttpError,
    /// Answered, but a check of status, text or extraction failed.
    CheckFailed,
    /// The transaction's time limit passed while connecting.
    TimeoutConnect,
    /// The transaction's time limit passed while sending.
    TimeoutSend,
    /// The transaction's time limit passed before the first byte of the answer.
    TimeoutFirstByte,
    /// The transaction's time limit passed within the answer.
    TimeoutBody,
    /// The peer closed or reset the connection in mid-transaction.
    Reset,
    /// The peer refused the connection, or its address could not be reached.
    Refused,
    /// The answer is not HTTP.
    Malformed,
    /// The answer exceeds the limit on header or body size.
    TooLarge,
    /// The generator itself could not carry it out (no descriptor, no port); never the site's fault.
    Generator,
}

impl Outcome {
    /// Whether the transaction counts as served.
    #[must_use]
    pub const fn is_ok(self) -> bool {
        matches!(self, Self::Ok)
    }

    /// Whether the transaction ran into its time limit, in whatever phase.
    #[must_use]
    pub const fn is_timeout(self) -> bool {
        matches!(
            self,
            Self::TimeoutConnect | Self::TimeoutSend | Self::TimeoutFirstByte | Self::TimeoutBody
        )
    }
}

/// One transaction, with the instants of its phases in nanoseconds since the run's start (0 = phase did not happen).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// Emulated user, from 0.
    pub user: u32,
    /// Index of the transaction in the workload.
    pub transaction: u16,
    /// How it ended.
    pub outcome: Outcome,
    /// HTTP status, 0 where none arrived.
    pub status: u16,
    /// When the think time ended by intention.
    pub scheduled_ns: u64,
    /// When the transaction was really begun.
    pub start_ns: u64,
    /// Connection attempt begun (0 on a kept connection).
    pub connect_start_ns: u64,
    /// Connection established.
    pub connect_end_ns: u64,
    /// TLS handshake finished.
    pub tls_end_ns: u64,
    /// First byte of the request handed to the socket.
    pub send_start_ns: u64,
    /// Last byte of the request handed to the socket.
    pub send_end_ns: u64,
    /// First byte of the answer read.
    pub first_byte_ns: u64,
    /// Last byte of the answer read.
    pub last_byte_ns: u64,
    /// Checks and extractions done; the transaction's end.
    pub end_ns: u64,
    /// Bytes written, headers included.
    pub bytes_sent: u64,
    /// Bytes read, headers included.
    pub bytes_received: u64,
}

impl Record {
    /// Response time in seconds, from the real start to the last byte (to the end where no byte arrived).
    #[must_use]
    pub fn response_time_s(&self) -> f64 {
        let end_ns = if self.last_byte_ns > 0 {
            self.last_byte_ns
        } else {
            self.end_ns
        };
        end_ns.saturating_sub(self.start_ns) as f64 * 1e-9
    }

    /// How late the generator began the transaction, in seconds.
    #[must_use]
    pub fn lateness_s(&self) -> f64 {
        self.start_ns.saturating_sub(self.scheduled_ns) as f64 * 1e-9
    }
}
