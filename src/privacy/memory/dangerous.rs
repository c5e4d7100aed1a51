//! Finding records by what they say, for those who know what that is worth.

use std::num::NonZeroU32;

use zeroize::Zeroizing;

use super::release::NEIGHBOURS;
use super::search::Direction;
use super::{AgentMemory, Answer, MemoryError, Partition, RecordKey};
use crate::privacy::{
    Bounded, Charge, Epsilon, Exponential, Lattice, Noise, PartitionName, Range, Scope,
};

/// What looks like retrieval and, at an epsilon that protects anybody, is close to guessing. See [`AgentMemory::dangerous`].
#[derive(Clone, Copy, Debug)]
pub struct Dangerous<'m>(&'m AgentMemory);

/// Keys of records, and the most that they can be worth.
#[derive(Clone, Debug, PartialEq)]
pub struct Guess {
    keys: Vec<RecordKey>,
    bound: f64,
}

/// The most records of one guess.
const MOST_GUESSES: u32 = 64;

impl AgentMemory {
    /// Retrieval by query from a `Central` partition, which is charged to all of the partition and cannot be accurate: of `n`
    /// records, the right one is among `k` that are told with a probability of at most `k e^epsilon / n + delta`, by any
    /// mechanism. Ask for an aggregate instead.
    #[must_use]
    pub const fn dangerous(&self) -> Dangerous<'_> {
        Dangerous(self)
    }
}

impl Dangerous<'_> {
    /// The keys of `count` records that are likely to be much like a query, and the bound on how often the best is among them.
    ///
    /// The score of a record is its dot product with the query, made to length 1, over the norm of the plan, cut to 0 to 1. One
    /// is chosen after the other by the exponential mechanism, each for an equal share of epsilon.
    ///
    /// # Errors
    ///
    /// [`MemoryError`]: the partition is not `Central` or has no records, fewer than 1 or more than 64 are asked for, the query
    /// is no vector, or the charge is refused.
    pub fn nearest(
        &self,
        partition: &PartitionName,
        query: &[f32],
        count: u32,
        epsilon: Epsilon,
    ) -> Result<Answer<Guess>, MemoryError> {
        let memory = self.0;
        let partition = memory.partition(partition)?;
        if !partition.is_central() {
            return Err(partition.other_protection());
        }
        let query = Direction::of(query, partition.plan.dimension)?;
        let times = NonZeroU32::new(count).filter(|count| count.get() <= MOST_GUESSES);
        let times = times.ok_or(MemoryError::Candidates {
            found: count as usize,
        })?;
        let share = Epsilon::new(epsilon.value() / f64::from(count))?;
        let mechanism = Exponential::new(range().times(partition.plan.most_of_subject)?, share)?;
        let mut noise = Noise::new(mechanism)?;
        if partition.records.read().len() == 0 {
            return Err(MemoryError::Candidates { found: 0 });
        }
        let scope = Scope::Partition(partition.name);
        let charge = Charge::new(scope, mechanism.cost()).times(times);
        memory.ledger.spend(&charge)?;
        let guess = partition.guess(&query, times, epsilon, &mut noise)?;
        Ok(Answer::charged(guess, charge))
    }
}

impl Guess {
    /// The keys, in the order in which they were chosen. They are public; that they were chosen says a little about the records.
    #[must_use]
    pub fn keys(&self) -> &[RecordKey] {
        &self.keys
    }

    /// The largest probability with which the record that is most like the query can be among them: `k e^epsilon / n + delta`, and
    /// never above 1. The delta of the exponential mechanism is 0.
    ///
    /// It is that before anything is known: of records that are drawn alike, with keys that say nothing of them, and for this one
    /// guess. Guesses add up.
    #[must_use]
    pub const fn bound(&self) -> f64 {
        self.bound
    }
}

impl Partition {
    fn guess(
        &self,
        query: &Direction,
        times: NonZeroU32,
        epsilon: Epsilon,
        noise: &mut Noise<Exponential>,
    ) -> Result<Guess, MemoryError> {
        let records = self.records.read();
        let most = self.most_steps();
        let score = |row| scored(query.likeness(row) / most);
        let mut scores: Zeroizing<Vec<i64>> =
            Zeroizing::new(records.vectors.rows().map(score).collect());
        let mut places: Vec<usize> = (0..scores.len()).collect();
        let mut keys = Vec::new();
        for _ in 0..times
            .get()
            .min(u32::try_from(places.len()).unwrap_or(u32::MAX))
        {
            let bounded = Bounded::scores(scores.clone(), noise.mechanism().sensitivity());
            let chosen = noise.choose(&bounded)?;
            scores.swap_remove(chosen);
            let place = places.swap_remove(chosen);
            keys.extend(records.entry(place).map(|entry| entry.key.clone()));
        }
        let bound = bound(times.get(), epsilon, records.len());
        Ok(Guess { keys, bound })
    }

    fn most_steps(&self) -> f32 {
        match self.plan.keeping {
            super::plan::Keeping::Clipped { clip, .. } => clip.radius() as f32,
            _ => 1.0,
        }
    }
}

/// A score of 1 has so many steps.
const STEPS: u64 = 1 << 20;
const SCORES: Lattice = match Lattice::new(-20) {
    Ok(lattice) => lattice,
    Err(_) => Lattice::INTEGERS,
};

/// One record moves its own score by 1 at most, and no other.
const fn range() -> Range {
    Range::of(STEPS, SCORES, NEIGHBOURS)
}

/// Toward 0; what is no number is 0.
fn scored(likeness: f32) -> i64 {
    (likeness.clamp(0.0, 1.0) * STEPS as f32) as i64
}

/// The most that the probability of finding one record can be.
///
/// A record that is replaced by another drawn alike is anywhere with the same probability, and privacy lets the right place be
/// `e^epsilon` times as likely at most.
pub(super) fn bound(told: u32, epsilon: Epsilon, records: usize) -> f64 {
    let chance = f64::from(told) / records.max(1) as f64;
    (chance * epsilon.value().exp()).min(1.0)
}
