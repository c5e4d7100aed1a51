//! Short names for what is remembered, under a key of the monitor's own.

use std::fmt;
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};

use super::snapshot::stored;
use crate::ids::AgentId;

/// Turns names into numbers that nobody outside can foresee, so that nobody can aim for a collision.
///
/// The key is what is hashed first: from then on the state of the hash is a secret.
#[derive(Clone, Copy)]
pub(super) struct Tags {
    key: [u64; 2],
}

stored!(Tags { key }, |_| true);

impl Tags {
    /// With a key that nobody knows.
    pub(super) fn random() -> Self {
        let random = RandomState::new();
        Self {
            key: [random.hash_one(0), random.hash_one(1)],
        }
    }

    pub(super) fn long(&self, name: impl Hash) -> u64 {
        let mut hasher = self.hasher();
        name.hash(&mut hasher);
        hasher.finish()
    }

    pub(super) fn short(&self, name: impl Hash) -> u32 {
        (self.long(name) >> 32) as u32
    }

    /// The same for names that differ only in the case of ASCII letters.
    pub(super) fn folded(&self, name: &str) -> u32 {
        let mut hasher = self.hasher();
        name.bytes()
            .for_each(|byte| hasher.write_u8(byte.to_ascii_lowercase()));
        (hasher.finish() >> 32) as u32
    }

    fn hasher(&self) -> DefaultHasher {
        let mut hasher = DefaultHasher::new();
        self.key.hash(&mut hasher);
        hasher
    }
}

/// What an agent uses, whom it speaks to, or where its calls lead.
#[derive(Clone, Copy, Debug)]
pub(super) enum About<'a> {
    Tool(&'a str),
    Agent(&'a AgentId),
    Destination(&'a str),
}

impl About<'_> {
    pub(super) fn tag(self, tags: &Tags) -> u64 {
        match self {
            // So that a tool and an agent of one name are two things.
            Self::Tool(tool) => tags.long((0_u8, tool)),
            Self::Agent(agent) => tags.long((1_u8, agent)),
            Self::Destination(host) => tags.long((2_u8, tags.folded(host))),
        }
    }

    /// The name as it goes on record.
    pub(super) fn shown(self) -> Box<str> {
        let name = match self {
            Self::Tool(name) | Self::Destination(name) => name,
            Self::Agent(agent) => agent.as_str(),
        };
        name.chars().take(MOST_SHOWN).collect()
    }
}

/// Characters of a name that goes on record.
const MOST_SHOWN: usize = 256;

/// The key stays in.
impl fmt::Debug for Tags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tags").finish_non_exhaustive()
    }
}
