//! Vectors whose norm is bounded before anything is done with them.

mod vector;

use std::marker::PhantomData;

pub use vector::Clipped;

use super::sensitivity::Norm;
use super::{Adjacency, BoundError, L1, L2, Lattice};

/// Steps from 0 to the norm, at least, where the lattice is chosen by the norm.
const USUAL_BITS: i32 = 20;
const LEAST_STEPS: u32 = 1 << 8;
const MOST_STEPS: u32 = 1 << 30;

/// Bounds what one record contributes to a vector: its norm, `L1` or `L2`, is cut to at most this.
///
/// The norm decides which mechanism the vector may go through. A vector of 384 dimensions whose Euclidean norm is at most 1
/// can be moved by almost 40 in L1, so Laplace noise that is scaled to the 1 would protect it 39 times less than it says.
/// That does not compile:
///
/// ```compile_fail,E0308
/// use portcullis::privacy::{Adjacency, Clip, Epsilon, L2, Laplace};
///
/// let clip = Clip::<L2>::new(1.0)?;
/// let noise = Laplace::new(clip.sensitivity(Adjacency::ReplaceOne), Epsilon::new(1.0)?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Clipped to an L1 norm, the same compiles:
///
/// ```
/// use portcullis::privacy::{Adjacency, Clip, Epsilon, L1, Laplace};
///
/// let clip = Clip::<L1>::new(1.0)?;
/// let noise = Laplace::new(clip.sensitivity(Adjacency::ReplaceOne), Epsilon::new(1.0)?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The norm must not be taken from the data: it is public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clip<N> {
    radius: u32,
    lattice: Lattice,
    norm: PhantomData<N>,
}

impl<N: Norm> Clip<N> {
    const LEAST: f64 = 1e-30;
    const MOST: f64 = 1e30;

    /// Clips to `norm`, on a lattice of about a millionth of it.
    ///
    /// # Errors
    ///
    /// [`BoundError::Norm`] where the norm is not between 1e-30 and 1e30.
    pub fn new(norm: f64) -> Result<Self, BoundError> {
        check(norm)?;
        let exponent = norm.log2().floor() as i32 - USUAL_BITS;
        Self::on(norm, Lattice::new(exponent)?)
    }

    /// Clips to `norm` on a lattice of one's own, so that vectors of several norms can be added.
    ///
    /// # Errors
    ///
    /// [`BoundError::Norm`], and [`BoundError::Lattice`] where the norm is not between 2^8 and 2^30 steps.
    pub fn on(norm: f64, lattice: Lattice) -> Result<Self, BoundError> {
        check(norm)?;
        let steps = lattice.steps(norm);
        if !(f64::from(LEAST_STEPS)..=f64::from(MOST_STEPS)).contains(&steps) {
            return Err(BoundError::Lattice {
                norm,
                steps,
                least: LEAST_STEPS,
                most: MOST_STEPS,
            });
        }
        Ok(Self {
            // Toward 0: what is clipped to fewer steps is within the norm.
            radius: steps as u32,
            lattice,
            norm: PhantomData,
        })
    }

    /// How far one record can move a sum of clipped vectors: twice the norm where it may be replaced, the norm where it may
    /// be added or left out.
    #[must_use]
    pub fn sensitivity(&self, adjacency: Adjacency) -> N {
        N::of_sum(self.radius, self.lattice, adjacency)
    }

    /// The norm, in steps of the lattice. Exact.
    #[must_use]
    pub const fn radius(&self) -> u32 {
        self.radius
    }

    /// The lattice that clipped vectors lie on.
    #[must_use]
    pub const fn lattice(&self) -> Lattice {
        self.lattice
    }
}

impl Clip<L1> {
    /// As [`sensitivity`](Self::sensitivity), in L2: no vector is longer in L2 than in L1.
    #[must_use]
    pub fn l2_sensitivity(&self, adjacency: Adjacency) -> L2 {
        L2::of_sum(self.radius, self.lattice, adjacency)
    }
}

fn check(norm: f64) -> Result<(), BoundError> {
    let (least, most) = (Clip::<L1>::LEAST, Clip::<L1>::MOST);
    if (least..=most).contains(&norm) {
        Ok(())
    } else {
        Err(BoundError::Norm { norm, least, most })
    }
}
