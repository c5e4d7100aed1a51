//! What a permission says about a call beside allowing it.

/// How much of a call the log keeps. Ordered: each level holds what the one before does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AuditLevel {
    /// Keyed digests only.
    #[default]
    Standard,
    /// Also the names, kinds and sizes of the arguments.
    Detailed,
    /// Also the arguments themselves, except secret ones, results and the context of decisions.
    Full,
}

impl AuditLevel {
    /// The word a policy uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Detailed => "detailed",
            Self::Full => "full",
        }
    }
}

/// What a tool does to the world. `Write` is the stricter one, and what is assumed where nothing is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// It only looks.
    Read,
    /// It changes something.
    #[default]
    Write,
}

impl Effect {
    /// The word a policy uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}
