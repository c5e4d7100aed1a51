//! Short names for what is remembered, under a key of the monitor's own.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};

/// Turns names into numbers that nobody outside can foresee, so that nobody can aim for a collision.
#[derive(Clone, Debug, Default)]
pub(super) struct Tags(RandomState);

impl Tags {
    pub(super) fn long(&self, name: impl Hash) -> u64 {
        self.0.hash_one(name)
    }

    pub(super) fn short(&self, name: impl Hash) -> u32 {
        (self.long(name) >> 32) as u32
    }

    /// The same for names that differ only in the case of ASCII letters.
    pub(super) fn folded(&self, name: &str) -> u32 {
        let mut hasher = self.0.build_hasher();
        name.bytes()
            .for_each(|byte| hasher.write_u8(byte.to_ascii_lowercase()));
        (hasher.finish() >> 32) as u32
    }
}
