//! Answers about many records at once.

use std::num::NonZeroU32;

use zeroize::Zeroizing;

use super::plan::Keeping;
use super::records::Records;
use super::search::Direction;
use super::sources::Pooled;
use super::{AgentMemory, Answer, MOST_CANDIDATES, MemoryError, Partition, Protection, Which};
use crate::privacy::mutant::Mutant;
use crate::privacy::{
    Adjacency, BoundError, Bounded, Charge, Clip, Cost, Count, Epsilon, Exponential, Histogram, L2,
    Laplace, Noise, PartitionName, PartitionPlan, Range, Released, Scope, Votes,
};

/// Nobody is to tell by an answer what a record holds; that it is there, is public.
pub(super) const NEIGHBOURS: Adjacency = Adjacency::ReplaceOne;

/// Questions. Where a partition is not `Central`, the answer is exact for what is stored, and free: `epsilon` is not used.
impl AgentMemory {
    /// How many records are such, with discrete Laplace noise. It may be negative.
    ///
    /// # Errors
    ///
    /// [`MemoryError`]: there is no such partition or label, the query is no vector, or the charge is refused.
    pub fn count(
        &self,
        partition: &PartitionName,
        which: Which<'_>,
        epsilon: Epsilon,
    ) -> Result<Answer<i64>, MemoryError> {
        let partition = self.partition(partition)?;
        let which = partition.which(which)?;
        let count = || which.rows(&partition.records.read()).count() as u64;
        if !partition.is_central() {
            return Ok(Answer::free(count().try_into().unwrap_or(i64::MAX)));
        }
        let subjects = partition.plan.most_of_subject;
        let mechanism = Laplace::new(Count.l1().times(subjects)?, epsilon)?;
        let bounded = || Count.l1_of(count()).of_subjects(subjects);
        let answer = self.told(partition, mechanism, mechanism.cost(), bounded)?;
        Ok(answer.map(|released| released.steps().first().copied().unwrap_or(0)))
    }

    /// How many records have each label, in the order of the plan, with discrete Laplace noise on each that is twice as large as
    /// that of a [count](Self::count). It costs as much as one count, however many labels there are.
    ///
    /// # Errors
    ///
    /// [`MemoryError`]: there is no such partition, it has no labels, or the charge is refused.
    pub fn histogram(
        &self,
        partition: &PartitionName,
        epsilon: Epsilon,
    ) -> Result<Answer<Vec<i64>>, MemoryError> {
        let partition = self.partition(partition)?;
        let labels = partition.labels()?;
        let bins = || partition.records.read().bins(labels);
        if !partition.is_central() {
            let bins = bins().iter().map(|bin| *bin as i64).collect();
            return Ok(Answer::free(bins));
        }
        let subjects = partition.plan.most_of_subject;
        let mechanism = Laplace::new(Histogram.l1(NEIGHBOURS).times(subjects)?, epsilon)?;
        let bounded = || Histogram.l1_of(&bins(), NEIGHBOURS)?.of_subjects(subjects);
        let answer = self.told(partition, mechanism, mechanism.cost(), bounded)?;
        Ok(answer.map(|released| released.steps().to_vec()))
    }

    /// The sum of the vectors of such records, each cut to the norm of the plan, with Gaussian noise.
    ///
    /// # Errors
    ///
    /// [`MemoryError`]: there is no such partition or label, the query is no vector, epsilon is so small that nothing would be
    /// left, or the charge is refused.
    pub fn sum(
        &self,
        partition: &PartitionName,
        which: Which<'_>,
        epsilon: Epsilon,
    ) -> Result<Answer<Vec<f64>>, MemoryError> {
        Ok(self.sum_and_count(partition, which, epsilon)?.0)
    }

    /// The mean of all vectors of a partition: their [sum](Self::sum) over their number, which is public. Without records it is
    /// noise.
    ///
    /// # Errors
    ///
    /// As for [`sum`](Self::sum).
    pub fn mean(
        &self,
        partition: &PartitionName,
        epsilon: Epsilon,
    ) -> Result<Answer<Vec<f64>>, MemoryError> {
        let (sum, count) = self.sum_and_count(partition, Which::All, epsilon)?;
        let count = count.max(1) as f64;
        Ok(sum.map(|sum| sum.iter().map(|value| value / count).collect()))
    }

    /// The label that most of the `nearest` records have, those most like the query: chosen by the exponential mechanism.
    ///
    /// The search is exact and stays inside. Where there are so many and all agree, the answer is theirs with probability
    /// `1 / (1 + (labels - 1) e^(-epsilon nearest / 2 m))`, where a subject has at most `m` records. It is one charge, whatever
    /// the number of labels.
    ///
    /// # Errors
    ///
    /// [`MemoryError`]: there is no such partition, it has no labels, the query is no vector, `nearest` is 0, or the charge is
    /// refused.
    pub fn vote(
        &self,
        partition: &PartitionName,
        query: &[f32],
        nearest: u32,
        epsilon: Epsilon,
    ) -> Result<Answer<String>, MemoryError> {
        let partition = self.partition(partition)?;
        let labels = partition.labels()?;
        let query = Direction::of(query, partition.plan.dimension)?;
        if nearest == 0 {
            return Err(MemoryError::NoVotes);
        }
        let votes = || partition.records.read().votes(&query, nearest, labels);
        let place = self.chosen(partition, epsilon, Votes.range(), || {
            Votes.range_of(&votes())
        })?;
        Ok(place.map(|place| partition.label_at(place)))
    }

    /// The place of the candidate that most records are most like: each record has one vote, for the candidate with which its
    /// dot product is largest, all made to length 1. Candidates are public, and must not be made from the records.
    ///
    /// # Errors
    ///
    /// [`MemoryError`]: there is no such partition, there are no candidates or more than 4096, one is no vector, or the charge is
    /// refused.
    pub fn select<V: AsRef<[f32]>>(
        &self,
        partition: &PartitionName,
        candidates: &[V],
        epsilon: Epsilon,
    ) -> Result<Answer<usize>, MemoryError> {
        let partition = self.partition(partition)?;
        let found = candidates.len();
        if !(1..=MOST_CANDIDATES).contains(&found) {
            return Err(MemoryError::Candidates { found });
        }
        let directions = candidates
            .iter()
            .map(|candidate| Direction::of(candidate.as_ref(), partition.plan.dimension));
        let directions = directions.collect::<Result<Vec<_>, _>>()?;
        let votes = || partition.records.read().followers(&directions);
        self.chosen(partition, epsilon, Histogram.range(NEIGHBOURS), || {
            Histogram.range_of(&votes(), NEIGHBOURS)
        })
    }

    fn sum_and_count(
        &self,
        partition: &PartitionName,
        which: Which<'_>,
        epsilon: Epsilon,
    ) -> Result<(Answer<Vec<f64>>, usize), MemoryError> {
        let partition = self.partition(partition)?;
        let which = partition.which(which)?;
        let Keeping::Clipped { clip, delta } = partition.plan.keeping else {
            let records = partition.records.read();
            let sum = exact_sum(which.rows(&records), &partition.plan);
            return Ok((Answer::free(sum), records.len()));
        };
        let subjects = partition.plan.most_of_subject;
        let mechanism = PartitionPlan::gaussian(&clip, subjects, epsilon, delta)?;
        let mut count = 0;
        let bounded = || {
            let records = partition.records.read();
            count = records.len();
            sum(
                which.rows(&records),
                partition.plan.dimension,
                &clip,
                subjects,
            )
        };
        let answer = self.told(partition, mechanism, mechanism.cost(), bounded)?;
        Ok((answer.map(|released| released.values().collect()), count))
    }

    /// An aggregate with noise on it.
    fn told<M: Pooled>(
        &self,
        partition: &Partition,
        mechanism: M,
        cost: Cost,
        bounded: impl FnOnce() -> Result<Bounded<M::Sensitivity>, BoundError>,
    ) -> Result<Answer<Released>, MemoryError> {
        let scope = Scope::Partition(partition.name);
        let (charge, released) = self.release(scope, mechanism, cost, bounded)?;
        Ok(Answer::charged(released, charge))
    }

    /// The order of every release: charged, and that is synced; then records are looked at, noise is added, and it is answered.
    pub(super) fn release<M: Pooled>(
        &self,
        scope: Scope,
        mechanism: M,
        cost: Cost,
        bounded: impl FnOnce() -> Result<Bounded<M::Sensitivity>, BoundError>,
    ) -> Result<(Charge, Released), MemoryError> {
        let pool = M::pool(&self.sources);
        let mut source = pool.take(mechanism)?;
        if Mutant::ChargeAfterRelease.lives() {
            let released = source.release(&bounded()?);
            pool.put_back(source);
            return Ok((self.charge(scope, cost)?, released?));
        }
        let charged = self.charge(scope, cost);
        let released = charged.and_then(|charge| Ok((charge, source.release(&bounded()?)?)));
        pool.put_back(source);
        released
    }

    /// As [`release`](Self::release), for a choice.
    pub(super) fn chosen(
        &self,
        partition: &Partition,
        epsilon: Epsilon,
        sensitivity: Range,
        scores: impl FnOnce() -> Result<Bounded<Range>, BoundError>,
    ) -> Result<Answer<usize>, MemoryError> {
        if !partition.is_central() {
            return Ok(Answer::free(scores()?.best()));
        }
        let subjects = partition.plan.most_of_subject;
        let mechanism = Exponential::new(sensitivity.times(subjects)?, epsilon)?;
        let mut noise = Noise::new(mechanism)?;
        let scope = Scope::Partition(partition.name);
        if Mutant::ChargeAfterRelease.lives() {
            let place = noise.choose(&scores()?.of_subjects(subjects)?)?;
            return Ok(Answer::charged(
                place,
                self.charge(scope, mechanism.cost())?,
            ));
        }
        let charge = self.charge(scope, mechanism.cost())?;
        let place = noise.choose(&scores()?.of_subjects(subjects)?)?;
        Ok(Answer::charged(place, charge))
    }
}

impl Records {
    pub(super) fn bins(&self, labels: usize) -> Zeroizing<Vec<u64>> {
        tally(labels, self.labels.rows().flatten().copied())
    }

    pub(super) fn votes(
        &self,
        query: &Direction,
        nearest: u32,
        labels: usize,
    ) -> Zeroizing<Vec<u64>> {
        let nearest = query.nearest(&self.vectors, nearest as usize);
        let labels_of = nearest.iter().filter_map(|it| self.labels.row(it.place));
        tally(labels, labels_of.flatten().copied())
    }

    /// For how many records each of these is the one that they are most like; of equal ones the first.
    pub(super) fn followers(&self, candidates: &[Direction]) -> Zeroizing<Vec<u64>> {
        let followed = self.vectors.rows().map(|row| {
            let mut best = (f32::NEG_INFINITY, 0);
            for (candidate, place) in candidates.iter().zip(0_u16..) {
                let likeness = candidate.likeness(row);
                if likeness > best.0 {
                    best = (likeness, place);
                }
            }
            best.1
        });
        tally(candidates.len(), followed)
    }
}

impl Partition {
    pub(super) const fn is_central(&self) -> bool {
        matches!(self.plan.protection(), Protection::Central)
    }

    /// How many labels there are.
    fn labels(&self) -> Result<usize, MemoryError> {
        match self.plan.labels.len() {
            0 => Err(MemoryError::Unlabelled {
                partition: self.name,
            }),
            labels => Ok(labels),
        }
    }

    fn label_at(&self, place: usize) -> String {
        let label = self.plan.labels.get(place);
        label.map(ToString::to_string).unwrap_or_default()
    }
}

impl Bounded<Range> {
    /// The first of the best, for scores that are no secret.
    fn best(&self) -> usize {
        let mut best = (i64::MIN, 0);
        for (place, score) in self.steps().iter().enumerate() {
            if *score > best.0 {
                best = (*score, place);
            }
        }
        best.1
    }
}

fn tally(bins: usize, places: impl Iterator<Item = u16>) -> Zeroizing<Vec<u64>> {
    let mut tally = Zeroizing::new(vec![0; bins]);
    for place in places {
        if let Some(bin) = tally.get_mut(usize::from(place)) {
            *bin += 1;
        }
    }
    tally
}

/// Rows are whole steps within the norm: they were cut when they were stored, and checked when they were loaded.
pub(super) fn sum<'r>(
    rows: impl Iterator<Item = &'r [f32]>,
    dimension: usize,
    clip: &Clip<L2>,
    subjects: NonZeroU32,
) -> Result<Bounded<L2>, BoundError> {
    let mut sum = Zeroizing::new(vec![0_i64; dimension]);
    for row in rows {
        for (sum, steps) in sum.iter_mut().zip(row) {
            *sum = sum.saturating_add(*steps as i64);
        }
    }
    Bounded::new(sum, clip.sensitivity(NEIGHBOURS).times(subjects)?)
}

/// Of what is no secret any more, or never was.
fn exact_sum<'r>(rows: impl Iterator<Item = &'r [f32]>, plan: &PartitionPlan) -> Vec<f64> {
    let unit = f64::from(plan.unit());
    let mut sum = vec![0.0; plan.dimension];
    for row in rows {
        for (sum, value) in sum.iter_mut().zip(row) {
            *sum += f64::from(*value) * unit;
        }
    }
    sum
}
