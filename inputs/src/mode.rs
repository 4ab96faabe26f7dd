//! The manual's four modes, as far as they decide what must be read.

/// What a run does, and with it which files it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `-p`: the transactions of the profile block at one load level; no CBMG, no manual levels.
    Profile,
    /// `-c`: the whole mix at levels that the tool chooses; needs a CBMG.
    Capacity,
    /// `-m -p`: profiling at the levels of mll.txt.
    ManualProfile,
    /// `-m -c`: the mix at the levels of mll.txt; needs both.
    ManualCapacity,
    /// No run: whatever is there is read and checked, nothing is required (`check`, `convert`).
    Everything,
}

impl Mode {
    /// Whether a CBMG must be there.
    pub fn needs_navigation(self) -> bool {
        matches!(self, Self::Capacity | Self::ManualCapacity)
    }

    /// Whether a CBMG is looked at when it is there; the profiling modes ignore it (manual, section 4.4).
    pub fn reads_navigation(self) -> bool {
        self.needs_navigation() || self == Self::Everything
    }

    /// Whether a manual load level file must be there.
    pub fn needs_levels(self) -> bool {
        matches!(self, Self::ManualProfile | Self::ManualCapacity)
    }

    /// Whether a manual load level file is looked at when it is there.
    pub fn reads_levels(self) -> bool {
        self.needs_levels() || self == Self::Everything
    }

    /// Whether a `<Profile>` block must be there.
    pub fn needs_profile(self) -> bool {
        matches!(self, Self::Profile | Self::ManualProfile)
    }
}
