//! The three ways to protect a partition, and what each of them claims.

/// How the records of a partition are protected, and from whom. It is chosen when the partition is made, stands in every file
/// that it is saved to, and cannot be changed afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protection {
    /// Not at all: what everyone may know. It is told as it is, and costs nothing.
    None,
    /// Noise is put on each vector once, when it is stored, and the raw one is never kept. Whoever gets hold of the memory or
    /// its files learns no more than `(epsilon, delta)` of a vector; its subject is charged for that when it is stored, and
    /// reads are free. What is left is fit for means over very many records, and for little else.
    WriteTime,
    /// Raw vectors are kept in memory, and overwritten when they go. What is released has noise on it, and is charged. Whoever
    /// gets hold of the memory of the process, or of a file that was saved with raw vectors, has them.
    Central,
}

impl Protection {
    /// What is claimed of such a partition, as it stands in the header of a file.
    #[must_use]
    pub const fn claim(self) -> &'static str {
        match self {
            Self::None => "public: nothing is protected",
            Self::WriteTime => {
                "noised when stored: the store and all reads are private; keys and subjects are public"
            }
            Self::Central => {
                "raw: charged releases are private, the store is not; keys and subjects are public"
            }
        }
    }

    pub(super) const fn code(self) -> u8 {
        match self {
            Self::None => 0,
            Self::WriteTime => 1,
            Self::Central => 2,
        }
    }
}
