//! Exact search: which rows are most like a query.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use zeroize::{Zeroize, Zeroizing};

use super::MemoryError;
use super::column::Column;
use crate::privacy::BoundError;
use crate::privacy::bounded::check_dimension;

/// A vector of length 1 to compare rows with.
pub(super) struct Direction(Zeroizing<Vec<f32>>);

/// A row and how much it is like the query.
#[derive(Clone, Copy)]
pub(super) struct Candidate {
    pub(super) likeness: f32,
    pub(super) place: usize,
}

/// Sums run in so many lanes, which a processor adds at once.
const LANES: usize = 16;

impl Direction {
    pub(super) fn of(vector: &[f32], dimension: usize) -> Result<Self, MemoryError> {
        check_vector(vector, dimension)?;
        let square = |value: &f32| f64::from(*value).powi(2);
        let norm = vector.iter().map(square).sum::<f64>().sqrt();
        if norm == 0.0 {
            return Err(MemoryError::NoDirection);
        }
        let values = vector.iter().map(|value| (f64::from(*value) / norm) as f32);
        Ok(Self(Zeroizing::new(values.collect())))
    }

    /// The dot product with a row. It depends on this row and on no other. A row that is so long that it is none is like
    /// nothing.
    pub(super) fn likeness(&self, row: &[f32]) -> f32 {
        let likeness = dot(&self.0, row);
        if likeness.is_nan() {
            return f32::NEG_INFINITY;
        }
        likeness
    }

    /// The `count` rows that are most like this, best first; of equal ones those that come first.
    ///
    /// This is exact, and it has to be: that one record moves two votes at most rests on it.
    pub(super) fn nearest(&self, rows: &Column<f32>, count: usize) -> Zeroizing<Vec<Candidate>> {
        let mut nearest = BinaryHeap::with_capacity(count.min(rows.rows().len()));
        for (place, row) in rows.rows().enumerate() {
            let candidate = Reverse(Candidate {
                likeness: self.likeness(row),
                place,
            });
            if nearest.len() < count {
                nearest.push(candidate);
            } else if let Some(mut worst) = nearest.peek_mut()
                && candidate < *worst
            {
                *worst = candidate;
            }
        }
        let mut sorted = nearest.into_sorted_vec();
        let found = sorted.iter().map(|Reverse(candidate)| *candidate);
        let found = Zeroizing::new(found.collect());
        sorted.iter_mut().for_each(|it| it.0.zeroize());
        found
    }
}

/// Whether a vector is one of so many finite coordinates.
pub(super) fn check_vector(vector: &[f32], dimension: usize) -> Result<(), BoundError> {
    let found = vector.len();
    check_dimension(found)?;
    if found != dimension {
        return Err(BoundError::OtherDimension { dimension, found });
    }
    match vector.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(BoundError::NotFinite { index }),
        None => Ok(()),
    }
}

fn dot(left: &[f32], right: &[f32]) -> f32 {
    let ((left, left_rest), (right, right_rest)) =
        (left.as_chunks::<LANES>(), right.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (left, right) in left.iter().zip(right) {
        for ((sum, left), right) in sums.iter_mut().zip(left).zip(right) {
            *sum += left * right;
        }
    }
    let rest = left_rest.iter().zip(right_rest);
    sums.iter().sum::<f32>() + rest.map(|(left, right)| left * right).sum::<f32>()
}

/// How much records are like a query tells what they hold.
impl Zeroize for Candidate {
    fn zeroize(&mut self) {
        self.likeness.zeroize();
        self.place.zeroize();
    }
}

/// A total order: what is better is greater.
impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_likeness = self.likeness.total_cmp(&other.likeness);
        by_likeness.then(other.place.cmp(&self.place))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Candidate {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Sums that overflow either way at once.
    #[test]
    fn what_is_no_number_is_like_nothing() {
        let row: Vec<f32> = (0..512)
            .map(|at| if at % 16 < 8 { f32::MAX } else { f32::MIN })
            .collect();
        let mut column = Column::new(512);
        column.push(&row);
        column.push(&[-1.0; 512]);
        let query = Direction::of(&[1.0; 512], 512).unwrap();
        let nearest = query.nearest(&column, 2);
        assert_eq!(
            nearest.iter().map(|it| it.place).collect::<Vec<_>>(),
            [1, 0]
        );
        assert!(nearest.iter().all(|it| !it.likeness.is_nan()));
    }

    proptest! {
        /// As if all were sorted. Few values, so that there are ties.
        #[test]
        fn the_nearest_are_the_first_of_all_sorted(
            rows in prop::collection::vec(prop::collection::vec(-2..3_i8, 19), 0..40),
            query in prop::collection::vec(-2..3_i8, 19),
            count in 1..50_usize,
        ) {
            prop_assume!(query.iter().any(|value| *value != 0));
            let floats = |row: &[i8]| row.iter().map(|value| f32::from(*value)).collect::<Vec<_>>();
            let mut column = Column::new(19);
            rows.iter().for_each(|row| column.push(&floats(row)));
            let query = Direction::of(&floats(&query), 19).unwrap();
            let mut all: Vec<(f32, usize)> = column.rows().map(|row| query.likeness(row)).zip(0..).collect();
            all.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(&right.1)));
            all.truncate(count);
            let found = query.nearest(&column, count);
            prop_assert_eq!(found.iter().map(|it| it.place).collect::<Vec<_>>(), all.iter().map(|it| it.1).collect::<Vec<_>>());
        }

        #[test]
        fn a_dot_product_is_one(
            pairs in prop::collection::vec((-100..100_i16, -100..100_i16), 1..70),
        ) {
            let exact: i32 = pairs.iter().map(|(left, right)| i32::from(*left) * i32::from(*right)).sum();
            let (left, right): (Vec<f32>, Vec<f32>) =
                pairs.iter().map(|(left, right)| (f32::from(*left), f32::from(*right))).unzip();
            prop_assert_eq!(dot(&left, &right), exact as f32);
        }
    }
}
