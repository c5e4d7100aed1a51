//! Whether an agent may be in a set, at the cost of a load.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::ids::AgentId;

/// Tells most agents that are not in a set from those that are, without a lock. It counts, at a place that a part of the name
/// leads to, how many of the set have that place; who shares one with them has to be looked up.
///
/// Whoever changes the set changes this under the lock of the set.
pub(crate) struct Sieve([AtomicU32; PLACES]);

const PLACES: usize = 1024;

impl Sieve {
    /// `false` only if the agent is not in the set.
    pub(crate) fn may_hold(&self, agent: &AgentId) -> bool {
        self.place(agent).load(Ordering::SeqCst) > 0
    }

    /// The agent has come into the set.
    pub(crate) fn add(&self, agent: &AgentId) {
        self.place(agent).fetch_add(1, Ordering::SeqCst);
    }

    /// The agent has left the set.
    pub(crate) fn remove(&self, agent: &AgentId) {
        self.place(agent).fetch_sub(1, Ordering::SeqCst);
    }

    fn place(&self, agent: &AgentId) -> &AtomicU32 {
        let [first, ..] = &self.0;
        self.0.get(place(agent.as_str())).unwrap_or(first)
    }
}

/// By the end of the name, where names differ. Whoever picks names that lead to one place makes the look-ups of these slower, and
/// nothing else.
fn place(name: &str) -> usize {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let (end, length) = (name.as_bytes(), name.len() as u64);
    let before = end.len().checked_sub(8).and_then(|at| end.get(..at));
    let word = |bytes: &[u8]| {
        bytes
            .last_chunk()
            .map_or(0, |word| u64::from_le_bytes(*word))
    };
    let mixed = word(end).wrapping_mul(ODD) ^ before.map_or(0, word) ^ length;
    (mixed.wrapping_mul(ODD) >> 54) as usize
}

impl Default for Sieve {
    fn default() -> Self {
        Self([const { AtomicU32::new(0) }; PLACES])
    }
}

impl fmt::Debug for Sieve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sieve").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn agent(number: usize) -> AgentId {
        AgentId::parse(&format!("spiffe://example.org/agent/{number}")).unwrap()
    }

    proptest! {
        /// Nobody who is in the set is ever passed over, and an empty set passes over everybody.
        #[test]
        fn who_is_in_the_set_is_seen(acts in prop::collection::vec(0..300_usize, 0..400)) {
            let (sieve, mut set) = (Sieve::default(), HashSet::new());
            for number in acts {
                if set.insert(number) {
                    sieve.add(&agent(number));
                } else {
                    set.remove(&number);
                    sieve.remove(&agent(number));
                }
                prop_assert!(set.iter().all(|number| sieve.may_hold(&agent(*number))));
            }
            set.iter().for_each(|number| sieve.remove(&agent(*number)));
            prop_assert!((0..300).all(|number| !sieve.may_hold(&agent(number))));
        }
    }

    #[test]
    fn names_that_differ_in_their_end_are_told_apart() {
        let places: HashSet<_> = (0..1000)
            .map(|number| place(agent(number).as_str()))
            .collect();
        // At random there would be 638 on average.
        assert!(places.len() > 500, "{}", places.len());
        let sieve = Sieve::default();
        sieve.add(&AgentId::parse("spiffe://a").unwrap());
        assert!(sieve.may_hold(&AgentId::parse("spiffe://a").unwrap()));
    }
}
