//! Cutting vectors to a norm, on the lattice.

use zeroize::Zeroizing;

use super::{Clip, Norm};
use crate::privacy::bounded::check_dimension;
use crate::privacy::{Adjacency, BoundError, Bounded};

/// A vector on the lattice whose norm is at most that of its [`Clip`]: exactly, as integers. Its memory is overwritten when it
/// is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Clipped<N> {
    steps: Zeroizing<Vec<i32>>,
    clip: Clip<N>,
}

/// How much shorter a vector is made where rounding left it too long.
const SHORTER: f64 = 1.0 - 1.0 / (1 << 20) as f64;

impl<N: Norm> Clip<N> {
    /// Cuts a vector to the norm, keeping its direction, and puts it on the lattice, each coordinate toward 0.
    ///
    /// # Errors
    ///
    /// [`BoundError::NotFinite`] where a coordinate is infinite or not a number; [`BoundError::Dimension`] where there are no
    /// coordinates, or more than [`MAX_DIMENSION`](crate::privacy::MAX_DIMENSION).
    pub fn vector(&self, vector: &[f32]) -> Result<Clipped<N>, BoundError> {
        check_dimension(vector.len())?;
        if let Some(index) = vector.iter().position(|value| !value.is_finite()) {
            return Err(BoundError::NotFinite { index });
        }
        let steps_in_one = self.lattice.steps(1.0);
        let steps = |&value: &f32| f64::from(value) * steps_in_one;
        let norm = N::norm(vector.iter().map(steps));
        let radius = f64::from(self.radius);
        let mut factor = if norm > radius { radius / norm } else { 1.0 };
        loop {
            // Toward 0, so that no coordinate grows; within the norm none is beyond the radius, which fits.
            let cut = vector.iter().map(|value| (steps(value) * factor) as i32);
            let cut = Zeroizing::new(cut.collect::<Vec<_>>());
            // What was computed in floats is believed only as integers.
            if N::is_within(&cut, self.radius) {
                return Ok(Clipped {
                    steps: cut,
                    clip: *self,
                });
            }
            factor *= SHORTER;
        }
    }

    /// The sum of clipped vectors, and how far one of them can move it.
    ///
    /// # Errors
    ///
    /// [`BoundError`] where a vector has another number of coordinates or was clipped otherwise.
    pub fn sum<'v>(
        &self,
        vectors: impl IntoIterator<Item = &'v Clipped<N>>,
        dimension: usize,
        adjacency: Adjacency,
    ) -> Result<Bounded<N>, BoundError>
    where
        N: 'v,
    {
        check_dimension(dimension)?;
        let mut sum = Zeroizing::new(vec![0_i64; dimension]);
        for vector in vectors {
            if vector.clip != *self {
                return Err(BoundError::OtherClip);
            }
            vector.check(dimension)?;
            for (sum, steps) in sum.iter_mut().zip(vector.steps.iter()) {
                // Coordinates are below 2^30, and so many vectors fit in no memory.
                *sum = sum.saturating_add(i64::from(*steps));
            }
        }
        Bounded::new(sum, self.sensitivity(adjacency))
    }
}

impl<N: Norm> Clipped<N> {
    /// Takes integers for a vector, as they were read from a file.
    ///
    /// # Errors
    ///
    /// [`BoundError`] where they are not within the norm, or there are too many or none.
    pub fn from_steps(clip: Clip<N>, steps: Vec<i32>) -> Result<Self, BoundError> {
        let steps = Zeroizing::new(steps);
        check_dimension(steps.len())?;
        if N::is_within(&steps, clip.radius) {
            Ok(Self { steps, clip })
        } else {
            Err(BoundError::TooLong)
        }
    }

    fn check(&self, dimension: usize) -> Result<(), BoundError> {
        let found = self.dimension();
        if found == dimension {
            Ok(())
        } else {
            Err(BoundError::OtherDimension { dimension, found })
        }
    }
}

impl<N> Clipped<N> {
    /// In whole steps of the lattice.
    #[must_use]
    pub fn steps(&self) -> &[i32] {
        &self.steps
    }

    /// What it was clipped by.
    #[must_use]
    pub const fn clip(&self) -> &Clip<N> {
        &self.clip
    }

    /// The number of coordinates.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.steps.len()
    }
}

impl<N> std::fmt::Debug for Clipped<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Clipped")
            .field("dimension", &self.dimension())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::privacy::{L1, L2};

    fn within<N: Norm>(norm: f64, vector: &[f32]) -> Clipped<N> {
        let clip = Clip::<N>::new(norm).unwrap();
        let clipped = clip.vector(vector).unwrap();
        assert!(N::is_within(clipped.steps(), clip.radius()));
        clipped
    }

    proptest! {
        #[test]
        fn nothing_is_longer_than_the_norm(
            vector in prop::collection::vec(any::<f32>().prop_filter("finite", |x| x.is_finite()), 1..40),
            norm in -20.0..20.0_f64,
        ) {
            within::<L1>(norm.exp(), &vector);
            within::<L2>(norm.exp(), &vector);
        }

        /// A vector within the norm loses less than a step in each coordinate; a longer one keeps its direction and has all
        /// of the norm but for that.
        #[test]
        fn little_is_lost(vector in prop::collection::vec(-1.0..1.0_f32, 1..40), scale in 0.01..100.0_f32) {
            let vector: Vec<f32> = vector.iter().map(|x| x * scale).collect();
            let clipped = within::<L2>(1.0, &vector);
            let norm = vector.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
            let factor = 1.0 / norm.max(1.0);
            let step = clipped.clip().lattice().step();
            for (&steps, &value) in clipped.steps().iter().zip(&vector) {
                let ideal = f64::from(value) * factor;
                let found = f64::from(steps) * step;
                prop_assert!((ideal - found).abs() <= step * 1.5, "{ideal} became {found}");
                prop_assert!(found.abs() <= ideal.abs() + step * 1e-3);
            }
        }
    }

    #[test]
    fn what_is_no_vector_is_an_error() {
        let clip = Clip::<L2>::new(1.0).unwrap();
        for (vector, error) in [
            (vec![], BoundError::Dimension { dimension: 0 }),
            (
                vec![0.0; (1 << 16) + 1],
                BoundError::Dimension {
                    dimension: (1 << 16) + 1,
                },
            ),
            (vec![0.0, f32::NAN], BoundError::NotFinite { index: 1 }),
            (vec![f32::INFINITY], BoundError::NotFinite { index: 0 }),
        ] {
            assert_eq!(clip.vector(&vector), Err(error));
        }
        assert!(clip.vector(&vec![1.0; 1 << 16]).is_ok());
    }

    #[test]
    fn a_sum_is_of_vectors_that_are_alike() {
        let clip = Clip::<L2>::new(1.0).unwrap();
        let (one, long) = (
            clip.vector(&[1.0, 0.0]).unwrap(),
            clip.vector(&[0.0; 3]).unwrap(),
        );
        let other = Clip::<L2>::new(2.0).unwrap().vector(&[1.0, 0.0]).unwrap();
        let sum =
            |vectors: &[&Clipped<L2>]| clip.sum(vectors.iter().copied(), 2, Adjacency::ReplaceOne);
        let twice = sum(&[&one, &one]).unwrap();
        assert_eq!(twice.steps(), [2 << 20, 0]);
        assert_eq!(
            *twice.sensitivity(),
            clip.sensitivity(Adjacency::ReplaceOne)
        );
        assert_eq!(sum(&[]).unwrap().steps(), [0, 0]);
        let wrong = BoundError::OtherDimension {
            dimension: 2,
            found: 3,
        };
        assert_eq!(sum(&[&one, &long]), Err(wrong));
        assert_eq!(sum(&[&other]), Err(BoundError::OtherClip));
        assert_eq!(
            Clipped::from_steps(clip, vec![1 << 20, 1]),
            Err(BoundError::TooLong)
        );
        assert_eq!(
            Clipped::from_steps(clip, vec![i32::MIN; 9]),
            Err(BoundError::TooLong)
        );
        assert_eq!(Clipped::from_steps(clip, one.steps().to_vec()), Ok(one));
    }

    #[test]
    fn nothing_of_a_vector_is_shown() {
        let clipped = Clip::<L2>::new(1.0).unwrap().vector(&[0.25]).unwrap();
        assert_eq!(format!("{clipped:?}"), "Clipped { dimension: 1, .. }");
    }
}
