//! Differential privacy: what may be told about records without telling about any one of them.
//!
//! A release is private by a [`Gaussian`], [`Laplace`] or [`Exponential`] mechanism, whose noise is scaled to how far one
//! record can move the result. That is an [`L1`], [`L2`] or [`Range`], and these are made only by what bounds them: a
//! [`Clip`], a [`Count`], a [`Histogram`], [`Votes`]. A mechanism takes the one it is private for and no other.
//!
//! How much is promised is written as [`Epsilon`] and [`Delta`], and accounted in [`Mu`] or [`Rho`]. Which data sets count
//! as neighbours is the [`Adjacency`]. Every conversion is rounded to the safe side: noise and charges up, budgets down.
//!
//! Numbers stand on a [`Lattice`] from clipping to release, and noise is drawn in integers, exactly: floats leak.

mod adjacency;
mod clip;
mod counted;
mod error;
mod generator;
mod lattice;
mod mechanism;
mod numeric;
mod parameter;
mod sampler;
mod sensitivity;

pub use adjacency::Adjacency;
pub use clip::Clip;
pub use counted::{Count, Histogram, Votes};
pub use error::{BoundError, MechanismError, ParameterError};
pub use lattice::Lattice;
pub use mechanism::{Cost, Exponential, Gaussian, Laplace, Mechanism};
pub use parameter::{Delta, Epsilon, Mu, Rho};
pub use sensitivity::{L1, L2, Norm, Range};
