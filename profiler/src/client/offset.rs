//! The offset of two monotonic clocks, from exchanges of their readings (Cristian 1989).

/// Offset of the agent's monotonic clock against this machine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClockOffset {
    /// Agent's clock less own clock, ns.
    pub offset_ns: i64,
    /// Largest error of the offset, ns.
    pub error_ns: u64,
}

/// Parts in a million by which two quartz clocks may drift apart.
const DRIFT_PPM: u64 = 100;

impl ClockOffset {
    /// The agent's clock was read between two readings of the own one.
    pub(super) fn from_exchange(asked_ns: u64, agent_ns: u64, answered_ns: u64) -> Self {
        let half = answered_ns.saturating_sub(asked_ns) / 2;
        Self {
            offset_ns: agent_ns.wrapping_sub(asked_ns.wrapping_add(half)).cast_signed(),
            error_ns: half + 1,
        }
    }

    /// The offset after some time in which the clocks may have drifted.
    pub(super) fn aged(self, age_ns: u64) -> Self {
        let drift = (age_ns / 1_000_000).saturating_mul(DRIFT_PPM);
        Self {
            error_ns: self.error_ns.saturating_add(drift),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_true_offset_is_within_the_error(asked in 0u64..1 << 60, there in 0u64..1 << 30, back in 0u64..1 << 30,
                                               true_offset in -(1i64 << 59)..1i64 << 59) {
            let agent = (asked + there).wrapping_add_signed(true_offset);
            let offset = ClockOffset::from_exchange(asked, agent, asked + there + back);
            prop_assert!(offset.offset_ns.abs_diff(true_offset) <= offset.error_ns);
        }
    }

    #[test]
    fn an_old_offset_is_less_certain() {
        assert_eq!(
            ClockOffset {
                offset_ns: 5,
                error_ns: 7
            }
            .aged(10_000_000_000)
            .error_ns,
            7 + 1_000_000
        );
    }
}
