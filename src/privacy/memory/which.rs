//! Which records a question is about.

use super::records::Records;
use super::search::Direction;
use super::{MemoryError, Partition};

/// The records that are counted or summed. Which ones these are depends on each record alone, so one that changes is one that
/// comes or goes.
#[derive(Clone, Copy)]
pub enum Which<'q> {
    /// All of them. How many there are is public, so this is for sums.
    All,
    /// Those of a label.
    Labelled(&'q str),
    /// Those that are much like a vector: whose dot product with it, made to length 1, is at least so much. For records of
    /// length 1 that is a cosine.
    Near {
        /// What they are like.
        query: &'q [f32],
        /// How much, at least.
        least: f32,
    },
}

/// A question that was checked.
pub(super) enum Checked {
    All,
    Labelled(u16),
    Near { query: Direction, least: f32 },
}

impl Partition {
    pub(super) fn which(&self, which: Which<'_>) -> Result<Checked, MemoryError> {
        match which {
            Which::All => Ok(Checked::All),
            Which::Labelled(label) => self.label(label).map(Checked::Labelled),
            Which::Near { least, .. } if !least.is_finite() => {
                Err(MemoryError::NotFinite { name: "least" })
            }
            Which::Near { query, least } => Ok(Checked::Near {
                query: Direction::of(query, self.plan.dimension)?,
                least: least / self.plan.unit(),
            }),
        }
    }
}

impl Checked {
    /// The vectors of these records.
    pub(super) fn rows<'r>(&'r self, records: &'r Records) -> impl Iterator<Item = &'r [f32]> {
        let rows = records.vectors.rows().enumerate();
        rows.filter_map(|(place, row)| self.takes(records, place, row).then_some(row))
    }

    fn takes(&self, records: &Records, place: usize, row: &[f32]) -> bool {
        match self {
            Self::All => true,
            Self::Labelled(label) => records.labels.row(place) == Some(&[*label]),
            Self::Near { query, least } => query.likeness(row) >= *least,
        }
    }
}

/// Not what is asked for.
impl std::fmt::Debug for Which<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::All => "All",
            Self::Labelled(_) => "Labelled(..)",
            Self::Near { .. } => "Near { .. }",
        })
    }
}
