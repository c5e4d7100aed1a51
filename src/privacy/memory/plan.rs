//! What a memory is to keep, decided before the first record.

use std::collections::BTreeSet;
use std::num::{NonZeroU32, NonZeroU64};

use super::{MemoryError, Protection};
use crate::privacy::bounded::check_dimension;
use crate::privacy::{
    Adjacency, Clip, Delta, Epsilon, Gaussian, L2, MechanismError, PartitionName,
};

/// The most labels of one partition.
pub(super) const MOST_LABELS: usize = 4096;
/// The most bytes of a label.
pub(super) const LONGEST_LABEL: usize = 128;
/// The most partitions, as many as a ledger keeps.
pub(super) const MOST_PARTITIONS: usize = 64;
/// The most records of a partition, where nothing else is said: a delta of 1e-6 is small enough for so many.
const MOST_RECORDS: NonZeroU32 = NonZeroU32::MIN.saturating_add((1 << 16) - 1);

/// The partitions of a memory, by name: one for each class of data.
///
/// ```
/// use portcullis::privacy::{MemoryPlan, PartitionPlan};
///
/// let plan = MemoryPlan::new()
///     .partition("public".parse()?, PartitionPlan::unprotected(384)?)
///     .partition("tickets".parse()?, PartitionPlan::central(384, 1.0)?.labels(["billing", "login"])?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct MemoryPlan {
    partitions: Vec<(PartitionName, PartitionPlan)>,
}

/// What one partition keeps, and how it is protected. All of this is public.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct PartitionPlan {
    pub(super) dimension: usize,
    pub(super) keeping: Keeping,
    pub(super) labels: Vec<Box<str>>,
    pub(super) most_records: NonZeroU32,
    pub(super) most_of_subject: NonZeroU32,
}

/// What becomes of a vector that is stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Keeping {
    AsItIs,
    Noised {
        clip: Clip<L2>,
        noise: Gaussian,
        delta: Delta,
    },
    Clipped {
        clip: Clip<L2>,
        delta: Delta,
    },
}

impl MemoryPlan {
    /// No partition yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One partition more.
    pub fn partition(mut self, name: PartitionName, plan: PartitionPlan) -> Self {
        self.partitions.push((name, plan));
        self
    }

    pub(super) fn partitions(&self) -> &[(PartitionName, PartitionPlan)] {
        &self.partitions
    }

    pub(super) fn check(&self) -> Result<(), MemoryError> {
        let most = MOST_PARTITIONS;
        if self.partitions.len() > most {
            return Err(MemoryError::TooManyPartitions { most });
        }
        let mut names = BTreeSet::new();
        for (name, plan) in &self.partitions {
            if !names.insert(name) {
                return Err(MemoryError::PartitionTwice { partition: *name });
            }
            plan.check(name)?;
        }
        Ok(())
    }
}

impl PartitionPlan {
    /// A partition of what everyone may know; vectors have this many coordinates.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Bound`] where there are no coordinates, or too many.
    pub fn unprotected(dimension: usize) -> Result<Self, MemoryError> {
        Self::new(dimension, Keeping::AsItIs)
    }

    /// A partition whose vectors are cut to a Euclidean norm and get their noise when they are stored, which costs their
    /// subject `(epsilon, delta)` each. It has no labels, since these would be stored as they are.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the dimension, the norm or the parameters are none.
    pub fn write_time(
        dimension: usize,
        norm: f64,
        epsilon: Epsilon,
        delta: Delta,
    ) -> Result<Self, MemoryError> {
        let clip = Clip::new(norm)?;
        let noise = Gaussian::new(clip.sensitivity(Adjacency::ReplaceOne), epsilon, delta)?;
        Self::new(dimension, Keeping::Noised { clip, noise, delta })
    }

    /// A partition whose vectors are cut to a Euclidean norm and kept as they then are. For unit vectors, the norm is 1. It
    /// must not be taken from the records.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the dimension or the norm is none.
    pub fn central(dimension: usize, norm: f64) -> Result<Self, MemoryError> {
        let (clip, delta) = (Clip::new(norm)?, Delta::default());
        Self::new(dimension, Keeping::Clipped { clip, delta })
    }

    fn new(dimension: usize, keeping: Keeping) -> Result<Self, MemoryError> {
        check_dimension(dimension)?;
        Ok(Self {
            dimension,
            keeping,
            labels: Vec::new(),
            most_records: MOST_RECORDS,
            most_of_subject: NonZeroU32::MIN,
        })
    }

    /// The labels of which each record then must have one. The list is public; which label a record of a `Central` partition
    /// has is protected as its vector is.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Labels`] where there are none or more than 4096, one has more than 128 bytes, or is there twice.
    pub fn labels<'l>(
        mut self,
        labels: impl IntoIterator<Item = &'l str>,
    ) -> Result<Self, MemoryError> {
        self.labels = labels
            .into_iter()
            .take(MOST_LABELS + 1)
            .map(Box::from)
            .collect();
        let is_label = |label: &str| (1..=LONGEST_LABEL).contains(&label.len());
        let different: BTreeSet<&str> = self.labels.iter().map(|label| &**label).collect();
        let are_fine = (1..=MOST_LABELS).contains(&self.labels.len())
            && different.len() == self.labels.len()
            && different.into_iter().all(is_label);
        are_fine.then_some(self).ok_or(MemoryError::Labels)
    }

    /// How many records there may be; 65,536 where nothing is said. Delta must be below a tenth of one over this.
    pub const fn most_records(mut self, most: NonZeroU32) -> Self {
        self.most_records = most;
        self
    }

    /// How many records may be about one subject; 1 where nothing is said. All of them together are protected, so the noise of
    /// aggregates grows in proportion.
    pub const fn most_of_subject(mut self, most: NonZeroU32) -> Self {
        self.most_of_subject = most;
        self
    }

    /// The delta of Gaussian releases from a `Central` partition, for one release; 1e-6 where nothing is said. For the others it
    /// changes nothing.
    pub const fn delta(mut self, delta: Delta) -> Self {
        if let Keeping::Clipped { clip, .. } = self.keeping {
            self.keeping = Keeping::Clipped { clip, delta };
        }
        self
    }

    /// How the partition is protected.
    #[must_use]
    pub const fn protection(&self) -> Protection {
        match self.keeping {
            Keeping::AsItIs => Protection::None,
            Keeping::Noised { .. } => Protection::WriteTime,
            Keeping::Clipped { .. } => Protection::Central,
        }
    }

    fn check(&self, name: &PartitionName) -> Result<(), MemoryError> {
        match self.keeping {
            Keeping::AsItIs => Ok(()),
            Keeping::Noised { .. } if !self.labels.is_empty() => {
                Err(MemoryError::Label { partition: *name })
            }
            Keeping::Noised { delta, .. } | Keeping::Clipped { delta, .. } => {
                let population = NonZeroU64::from(self.most_records);
                Ok(delta.check_population(population)?)
            }
        }
    }

    /// The noise of a release, in the terms of what one vector can be.
    pub(super) fn gaussian(
        clip: &Clip<L2>,
        records: NonZeroU32,
        epsilon: Epsilon,
        delta: Delta,
    ) -> Result<Gaussian, MechanismError> {
        let sensitivity = clip.sensitivity(Adjacency::ReplaceOne).times(records)?;
        Gaussian::new(sensitivity, epsilon, delta)
    }

    /// What a stored number is a multiple of.
    pub(super) fn unit(&self) -> f32 {
        match self.keeping {
            Keeping::AsItIs => 1.0,
            // A power of two that a float of 32 bits has: norms are from 1e-30 to 1e30.
            Keeping::Noised { clip, .. } | Keeping::Clipped { clip, .. } => {
                clip.lattice().step() as f32
            }
        }
    }

    /// The place of a label.
    pub(super) fn label(&self, label: &str) -> Option<u16> {
        let place = self.labels.iter().position(|known| **known == *label)?;
        u16::try_from(place).ok()
    }
}
