//! Reading one record.

use std::num::NonZeroU32;
use std::sync::Arc;

use super::plan::{Keeping, PartitionPlan};
use super::records::{Price, Told};
use super::release::NEIGHBOURS;
use super::search::Direction;
use super::{AgentMemory, Answer, MemoryError, Partition, RecordKey};
use crate::privacy::{BoundError, Bounded, Clip, Epsilon, Gaussian, L2, PartitionName, Scope};

impl AgentMemory {
    /// One embedding, by its key.
    ///
    /// From a `Central` partition it comes with Gaussian noise, and its subject is charged. At the epsilons that are usual the
    /// noise is many times as long as the vector, as [`Task::Own`](super::Task::Own) says: this is for sums that the host makes
    /// over many. Asked for again with the same epsilon, as long as the record is the same, it is the same answer, and free; so
    /// asking again does not take the noise off. That holds for the last 4 epsilons of a record, and as long as it is saved with raw vectors also after a restart.
    ///
    /// From other partitions it comes as it is stored, and is free.
    ///
    /// # Errors
    ///
    /// [`MemoryError`]: there is no such partition or record, or the charge is refused.
    pub fn retrieve_embedding(
        &self,
        partition: &PartitionName,
        key: &RecordKey,
        epsilon: Epsilon,
    ) -> Result<Answer<Arc<[f32]>>, MemoryError> {
        let partition = self.partition(partition)?;
        let Keeping::Clipped { clip, delta } = partition.plan.keeping else {
            return partition.stored(key).map(Answer::free);
        };
        let price = Price { epsilon, delta };
        if let Some(told) = partition.told(key, price)? {
            return Ok(Answer::free(told));
        }
        // Only the one record is told, so it does not count how many the subject has.
        let noise = PartitionPlan::gaussian(&clip, NonZeroU32::MIN, epsilon, delta)?;
        let _turn = partition.telling.lock();
        if let Some(told) = partition.told(key, price)? {
            return Ok(Answer::free(told));
        }
        self.tell(partition, key, price, &clip, noise)
    }

    /// For one at a time.
    fn tell(
        &self,
        partition: &Partition,
        key: &RecordKey,
        price: Price,
        clip: &Clip<L2>,
        noise: Gaussian,
    ) -> Result<Answer<Arc<[f32]>>, MemoryError> {
        let (scope, version, bounded) = partition.own(key, clip)?;
        let (charge, released) = self.release(scope, noise, noise.cost(), || Ok(bounded))?;
        let vector: Arc<[f32]> = released.values().map(|value| value as f32).collect();
        let told = Told {
            at: price,
            vector: Arc::clone(&vector),
        };
        // Who was forgotten meanwhile is not told about.
        let mut records = partition.records.write();
        records.keep_told(key, version, told)?;
        Ok(Answer::charged(vector, charge))
    }

    /// The keys of the `count` records that are most like a query, best first, with their dot products with it, made to length
    /// 1. Of a `Central` partition this is for [`dangerous`](Self::dangerous) only.
    ///
    /// # Errors
    ///
    /// [`MemoryError::OtherProtection`] for a `Central` partition; there is no such partition, or the query is no vector.
    pub fn nearest(
        &self,
        partition: &PartitionName,
        query: &[f32],
        count: u32,
    ) -> Result<Vec<(RecordKey, f32)>, MemoryError> {
        let partition = self.partition(partition)?;
        if partition.is_central() {
            return Err(partition.other_protection());
        }
        let query = Direction::of(query, partition.plan.dimension)?;
        let records = partition.records.read();
        let nearest = query.nearest(&records.vectors, count as usize);
        let unit = partition.plan.unit();
        let found = nearest.iter().filter_map(|candidate| {
            let key = records.entry(candidate.place)?.key.clone();
            Some((key, candidate.likeness * unit))
        });
        Ok(found.collect())
    }
}

impl Partition {
    fn stored(&self, key: &RecordKey) -> Result<Arc<[f32]>, MemoryError> {
        let records = self.records.read();
        let row = records.vectors.row(records.place(key)?);
        let unit = self.plan.unit();
        Ok(row.unwrap_or_default().iter().map(|it| it * unit).collect())
    }

    fn told(&self, key: &RecordKey, price: Price) -> Result<Option<Arc<[f32]>>, MemoryError> {
        let records = self.records.read();
        let entry = records.entry(records.place(key)?);
        Ok(entry.and_then(|entry| entry.told_at(price)).map(Arc::clone))
    }

    /// Whom a record is about, its version, and its vector, to be released.
    fn own(
        &self,
        key: &RecordKey,
        clip: &Clip<L2>,
    ) -> Result<(Scope, u64, Bounded<L2>), MemoryError> {
        let records = self.records.read();
        let place = records.place(key)?;
        let unknown = || MemoryError::UnknownRecord { key: key.clone() };
        let entry = records.entry(place).ok_or_else(unknown)?;
        let subject = entry.subject.ok_or(MemoryError::NoSubject {
            partition: self.name,
        })?;
        let row = records.vectors.row(place).ok_or_else(unknown)?;
        let scope = Scope::Subject(self.name, subject);
        Ok((scope, entry.version, steps(row, clip)?))
    }
}

fn steps(row: &[f32], clip: &Clip<L2>) -> Result<Bounded<L2>, BoundError> {
    let steps = row.iter().map(|steps| *steps as i64);
    Bounded::new(
        zeroize::Zeroizing::new(steps.collect()),
        clip.sensitivity(NEIGHBOURS),
    )
}
