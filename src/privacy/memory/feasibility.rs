//! What an answer can be worth, before anything is spent on it.

use std::fmt;

use super::dangerous::bound;
use super::plan::MOST_LABELS;
use super::{MOST_CANDIDATES, MemoryError};
use crate::privacy::bounded::check_dimension;
use crate::privacy::{Adjacency, Clip, Delta, Epsilon, Gaussian, L2};

/// What is to be asked, of vectors of length 1 and one record a subject.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Task {
    /// To find the record that a query is about among so many that are told.
    Retrieve {
        /// How many are told.
        told: u32,
    },
    /// One embedding with its noise.
    Own,
    /// How many records are such.
    Count,
    /// How many records each label has.
    Histogram,
    /// The label of the nearest, where these agree.
    Vote {
        /// How many have a vote.
        nearest: u32,
        /// How many labels there are.
        labels: u32,
    },
    /// The candidate that most records are most like, where one has so many more votes than each other.
    Select {
        /// How many candidates there are.
        candidates: u32,
        /// How many votes it leads by.
        lead: u32,
    },
    /// The sum or mean of all vectors.
    Sum {
        /// The cosine of two of them, on average: 0 where they point anywhere, 1 where they are the same.
        alike: f64,
    },
    /// The mean of vectors that got their noise when they were stored.
    WriteTimeMean {
        /// The cosine of two of them, on average.
        alike: f64,
    },
}

/// What to expect.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Feasibility {
    /// No mechanism is right more often than this.
    RightAtMost(f64),
    /// It is right so often.
    Right(f64),
    /// A number is off by so much on average, either way.
    OffBy {
        /// How much.
        error: f64,
        /// That over the number of records.
        relative: f64,
    },
    /// The cosine of the answer and the truth, about.
    Cosine(f64),
}

/// What to expect of an answer about `records` records of `dimension` coordinates at this epsilon, and a delta of 1e-6, or as much
/// less as that many records need. It looks at no record and spends nothing.
///
/// ```
/// use portcullis::privacy::{Epsilon, Task, feasibility};
///
/// let one = Epsilon::new(1.0)?;
/// let retrieval = feasibility(Task::Retrieve { told: 1 }, 1000, 384, one)?;
/// let vote = feasibility(Task::Vote { nearest: 50, labels: 20 }, 1000, 384, one)?;
/// assert!(!retrieval.is_useful() && vote.is_useful());
/// assert_eq!(retrieval.to_string(), "right in at most 0.3 % of cases, by any mechanism");
/// # Ok::<(), portcullis::privacy::MemoryError>(())
/// ```
///
/// # Errors
///
/// [`MemoryError::Mechanism`] where epsilon is so small that there is no such mechanism, or the dimension is none;
/// [`MemoryError::NotFinite`] where `alike` is not from 0 to 1; [`MemoryError::Labels`] and [`MemoryError::Candidates`] where there
/// are none or too many.
pub fn feasibility(
    task: Task,
    records: usize,
    dimension: usize,
    epsilon: Epsilon,
) -> Result<Feasibility, MemoryError> {
    let count = records.max(1) as f64;
    Ok(match task {
        Task::Retrieve { told } => {
            let by_gaussian = bound(told, epsilon, records) + delta(count)?.value();
            Feasibility::RightAtMost(by_gaussian.min(1.0))
        }
        Task::Own => Feasibility::Cosine(cosine(1.0, noise(dimension, epsilon, count)?)),
        Task::Count => off_by(1.0, epsilon, count),
        Task::Histogram => off_by(2.0, epsilon, count),
        Task::Vote { nearest, labels } => {
            check(labels, MOST_LABELS).ok_or(MemoryError::Labels)?;
            let votes = f64::from(nearest).min(records as f64);
            Feasibility::Right(chosen(votes, labels, epsilon))
        }
        Task::Select { candidates, lead } => {
            let found = candidates as usize;
            check(candidates, MOST_CANDIDATES).ok_or(MemoryError::Candidates { found })?;
            let lead = f64::from(lead).min(records as f64);
            Feasibility::Right(chosen(lead, candidates, epsilon))
        }
        Task::Sum { alike } => {
            let length = (count + count * (count - 1.0) * checked(alike)?).sqrt();
            Feasibility::Cosine(cosine(length, noise(dimension, epsilon, count)?))
        }
        Task::WriteTimeMean { alike } => {
            let length = (1.0 / count + (1.0 - 1.0 / count) * checked(alike)?).sqrt();
            Feasibility::Cosine(cosine(
                length,
                noise(dimension, epsilon, count)? / count.sqrt(),
            ))
        }
    })
}

impl Feasibility {
    /// Whether it is worth its price to most who ask: right 9 times out of 10, off by a tenth of all records at most, a cosine of
    /// 0.7.
    #[must_use]
    pub fn is_useful(&self) -> bool {
        match self {
            Self::RightAtMost(probability) | Self::Right(probability) => *probability >= 0.9,
            Self::OffBy { relative, .. } => *relative <= 0.1,
            Self::Cosine(cosine) => *cosine >= 0.7,
        }
    }
}

impl fmt::Display for Feasibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RightAtMost(probability) => write!(
                f,
                "right in at most {:.1} % of cases, by any mechanism",
                // Up, since it is a bound.
                (1000.0 * probability).ceil() / 10.0
            ),
            Self::Right(probability) => write!(f, "right in {:.1} % of cases", 100.0 * probability),
            Self::OffBy { error, .. } => write!(f, "off by {error:.2} on average"),
            Self::Cosine(cosine) => write!(f, "a cosine with the truth of about {cosine:.2}"),
        }
    }
}

/// The length of the noise on one release of vectors of length 1.
fn noise(dimension: usize, epsilon: Epsilon, records: f64) -> Result<f64, MemoryError> {
    check_dimension(dimension)?;
    let sensitivity: L2 = Clip::new(1.0)?.sensitivity(Adjacency::ReplaceOne);
    let noise = Gaussian::new(sensitivity, epsilon, delta(records)?)?;
    Ok(noise.sigma() * (dimension as f64).sqrt())
}

/// The largest that is usual and that a plan for so many records takes.
fn delta(records: f64) -> Result<Delta, MemoryError> {
    let small_enough = 0.1 / records * (1.0 - 1e-9);
    Ok(Delta::new(small_enough.min(Delta::default().value()))?)
}

/// Noise in many dimensions is at a right angle to the signal.
fn cosine(signal: f64, noise: f64) -> f64 {
    signal / signal.hypot(noise)
}

/// The mean size of a discrete Laplace variable.
fn off_by(sensitivity: f64, epsilon: Epsilon, records: f64) -> Feasibility {
    let ratio = (-epsilon.value() / sensitivity).exp();
    let error = 2.0 * ratio / (1.0 - ratio * ratio);
    Feasibility::OffBy {
        error,
        relative: error / records,
    }
}

/// Whether there are some, and not too many.
fn check(count: u32, most: usize) -> Option<()> {
    (1..=most).contains(&(count as usize)).then_some(())
}

/// How often the exponential mechanism chooses who leads all others by so many votes, where a record moves two.
fn chosen(lead: f64, candidates: u32, epsilon: Epsilon) -> f64 {
    let others = f64::from(candidates.max(1) - 1);
    1.0 / (1.0 + others * (-epsilon.value() * lead / 2.0).exp())
}

fn checked(alike: f64) -> Result<f64, MemoryError> {
    match (0.0..=1.0).contains(&alike) {
        true => Ok(alike),
        false => Err(MemoryError::NotFinite { name: "alike" }),
    }
}
