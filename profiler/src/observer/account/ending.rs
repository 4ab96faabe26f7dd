//! What ending costs. The exit record of a process is made before it gives back its memory, so that cost is in no record; but
//! a parent that waits takes over all of the child's time. The difference of the two, which the parents' clock ticks make
//! coarse, is averaged over all ends so far, and each further end is charged the average.

/// The charges.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Ending {
    charged_ns: u64,
    exits: u64,
}

impl Ending {
    /// What has been charged so far, ns, after taking note of all `exits` and of the difference between the two accounts,
    /// which is uncertain by `uncertain_ns`.
    pub(super) fn charge(&mut self, exits: u64, difference_ns: u64, uncertain_ns: u64) -> u64 {
        let fresh = exits.saturating_sub(self.exits);
        self.exits = exits;
        if difference_ns > uncertain_ns && exits > 0 {
            let average_ns = difference_ns / exits;
            // Never more in all than the difference is.
            let room_ns = difference_ns.saturating_sub(self.charged_ns);
            self.charged_ns += average_ns.saturating_mul(fresh).min(room_ns);
        }
        self.charged_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_is_charged_the_average_once_it_is_certain() {
        let mut ending = Ending::default();
        assert_eq!(ending.charge(10, 15, 20), 0, "within what is uncertain");
        assert_eq!(ending.charge(20, 40, 20), 20, "ten more at two each");
        assert_eq!(ending.charge(20, 41, 20), 20, "nobody has ended");
        assert_eq!(ending.charge(30, 60, 20), 40);
        assert_eq!(ending.charge(60, 60, 20), 60, "never more than there is");
        assert_eq!(ending.charge(61, 0, 20), 60);
    }
}
