//! Storing.

use zeroize::Zeroizing;

use super::plan::{Keeping, PartitionPlan};
use super::search::check_vector;
use super::{AgentMemory, MemoryError, Partition, RecordKey};
use crate::privacy::{Adjacency, Charge, Clip, DataSubject, L2, PartitionName, Scope};

/// A vector that is to be remembered, with whom it is about and what label it has.
///
/// ```
/// use portcullis::privacy::{DataSubject, Embedding};
///
/// let vector = [0.6, 0.8];
/// let ticket = Embedding::new(&vector).about(DataSubject::new("user-17")).labelled("billing");
/// ```
#[derive(Clone, Copy)]
#[must_use]
pub struct Embedding<'e> {
    vector: &'e [f32],
    subject: Option<DataSubject>,
    label: Option<&'e str>,
}

impl<'e> Embedding<'e> {
    /// A vector of finite numbers.
    pub const fn new(vector: &'e [f32]) -> Self {
        Self {
            vector,
            subject: None,
            label: None,
        }
    }

    /// Whom it is about. In a protected partition it has to be about somebody.
    pub const fn about(mut self, subject: DataSubject) -> Self {
        self.subject = Some(subject);
        self
    }

    /// Its label. Where the partition has labels, it needs one of them.
    pub const fn labelled(mut self, label: &'e str) -> Self {
        self.label = Some(label);
        self
    }
}

impl AgentMemory {
    /// Remembers an embedding. One that has the same key and is about the same subject is replaced.
    ///
    /// In a `Central` partition the vector is cut to the norm of the plan. In a `WriteTime` partition it gets its noise too, for
    /// which the subject is charged: that charge is answered. It is the caller's to overwrite the vector that was given.
    ///
    /// # Errors
    ///
    /// [`MemoryError`]: the vector has another dimension than the partition or holds a number that is not finite, the label is
    /// none of the partition's, there are as many records as there may be, or the charge is refused. Nothing is stored then.
    pub fn store_embedding(
        &self,
        partition: &PartitionName,
        key: RecordKey,
        embedding: Embedding<'_>,
    ) -> Result<Option<Charge>, MemoryError> {
        let partition = self.partition(partition)?;
        check_vector(embedding.vector, partition.plan.dimension)?;
        let label = partition.label_of(&embedding)?;
        let subject = partition.subject_of(&embedding)?;
        match partition.plan.keeping {
            Keeping::AsItIs => partition.put(key, subject, label, embedding.vector)?,
            Keeping::Clipped { clip, .. } => {
                let steps = clip.vector(embedding.vector)?;
                // Below 2^22, so a float has them exactly.
                let steps = steps.steps().iter().map(|steps| *steps as f32);
                let steps = Zeroizing::new(steps.collect::<Vec<_>>());
                partition.put(key, subject, label, &steps)?;
            }
            Keeping::Noised { clip, .. } => {
                return self.store_noised(partition, &clip, key, subject, embedding.vector);
            }
        }
        Ok(None)
    }

    /// What is not stored must not be charged, so room is looked for first; another thread may still take it meanwhile.
    fn store_noised(
        &self,
        partition: &Partition,
        clip: &Clip<L2>,
        key: RecordKey,
        subject: Option<DataSubject>,
        vector: &[f32],
    ) -> Result<Option<Charge>, MemoryError> {
        let (Keeping::Noised { noise, .. }, Some(subject)) = (partition.plan.keeping, subject)
        else {
            return Err(partition.other_protection());
        };
        let clipped = clip.vector(vector)?;
        let bounded = clip.sum([&clipped], clipped.dimension(), Adjacency::ReplaceOne)?;
        partition.check(&key, Some(&subject))?;
        let scope = Scope::Subject(partition.name, subject);
        let (charge, released) = self.release(scope, noise, noise.cost(), || Ok(bounded))?;
        let noised: Vec<f32> = released.steps().iter().map(|steps| *steps as f32).collect();
        partition.put(key, Some(subject), None, &noised)?;
        Ok(Some(charge))
    }
}

impl Partition {
    fn check(&self, key: &RecordKey, subject: Option<&DataSubject>) -> Result<(), MemoryError> {
        let records = self.records.read();
        records.check(&self.name, &self.plan, key, subject)
    }

    fn put(
        &self,
        key: RecordKey,
        subject: Option<DataSubject>,
        label: Option<u16>,
        vector: &[f32],
    ) -> Result<(), MemoryError> {
        let mut records = self.records.write();
        records.check(&self.name, &self.plan, &key, subject.as_ref())?;
        records.put(key, subject, label, vector);
        Ok(())
    }

    fn label_of(&self, embedding: &Embedding<'_>) -> Result<Option<u16>, MemoryError> {
        match embedding.label {
            None if self.plan.labels.is_empty() => Ok(None),
            None => Err(MemoryError::Label {
                partition: self.name,
            }),
            Some(label) => self.label(label).map(Some),
        }
    }

    fn subject_of(&self, embedding: &Embedding<'_>) -> Result<Option<DataSubject>, MemoryError> {
        match embedding.subject {
            None if self.plan.is_protected() => Err(MemoryError::NoSubject {
                partition: self.name,
            }),
            subject => Ok(subject),
        }
    }

    pub(super) fn label(&self, label: &str) -> Result<u16, MemoryError> {
        self.plan.label(label).ok_or(MemoryError::Label {
            partition: self.name,
        })
    }
}

impl PartitionPlan {
    pub(super) const fn is_protected(&self) -> bool {
        !matches!(self.keeping, Keeping::AsItIs)
    }
}

/// Nothing of the vector, and not the label.
impl std::fmt::Debug for Embedding<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedding")
            .field("dimension", &self.vector.len())
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}
