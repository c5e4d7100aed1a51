//! Differential privacy: what may be told about records without telling about any one of them.
//!
//! A release is private by a [`Gaussian`], [`Laplace`] or [`Exponential`] mechanism, whose noise is scaled to how far one
//! record can move the result. That is an [`L1`], [`L2`] or [`Range`], and these are made only by what bounds them: a
//! [`Clip`], a [`Count`], a [`Histogram`], [`Votes`]. A mechanism takes the one it is private for and no other.
//!
//! How much is promised is written as [`Epsilon`] and [`Delta`], and accounted in [`Mu`] or [`Rho`]. Which data sets count
//! as neighbours is the [`Adjacency`], which sensitivities and costs carry along. Every conversion is rounded to the safe side: noise and charges up, budgets down.
//!
//! Numbers stand on a [`Lattice`] from clipping to release, and noise is drawn in integers, exactly: floats leak.
//!
//! [`AgentMemory`] puts this together: embeddings by class of data, each protected in its own way, and a [`Ledger`] that every
//! answer is charged in before it is given.
//!
//! ```
//! use portcullis::privacy::{Adjacency, Clip, Delta, Epsilon, Gaussian, L2, Noise};
//!
//! // No record contributes more than a vector of norm 1.
//! let clip = Clip::<L2>::new(1.0)?;
//! let records = [[0.6, 0.8], [0.0, 1.0], [3.0, 4.0]].map(|record| clip.vector(&record));
//! let records = records.into_iter().collect::<Result<Vec<_>, _>>()?;
//! let sum = clip.sum(&records, 2, Adjacency::ReplaceOne)?;
//!
//! let mechanism = Gaussian::new(*sum.sensitivity(), Epsilon::new(1.0)?, Delta::default())?;
//! let released = Noise::new(mechanism)?.release(&sum)?;
//! for value in released.values() {
//!     println!("about {value}, give or take {}", mechanism.sigma());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod accountant;
mod adjacency;
mod bounded;
mod clip;
mod counted;
mod error;
mod generator;
mod lattice;
mod ledger;
mod mechanism;
mod memory;
mod mutant;
mod noise;
mod numeric;
mod parameter;
mod sampler;
mod sensitivity;

pub use accountant::{
    Amount, Budget, Charge, ChargeError, DataSubject, Filter, Limit, Measure, OverBudget,
    PartitionName, PartitionNameError, Quote, Remaining, Scope, Statement,
};
pub use adjacency::Adjacency;
pub use bounded::{Bounded, MAX_DIMENSION, Released};
pub use clip::{Clip, Clipped};
pub use counted::{Count, Histogram, Votes};
pub use error::{BoundError, MechanismError, ParameterError};
pub use lattice::Lattice;
pub use ledger::{
    BudgetPlan, Ledger, LedgerError, LedgerHead, LedgerHeadError, LedgerOptions, RaisedBudget,
};
pub use mechanism::{Cost, Exponential, Gaussian, Laplace, Mechanism};
pub use memory::{
    AgentMemory, Answer, Dangerous, Embedding, Feasibility, Guess, MemoryError, MemoryPlan,
    PartitionPlan, Protection, RecordKey, Task, Which, feasibility,
};
pub use noise::{AddedNoise, MAX_READY, Noise};
pub use parameter::{Delta, Epsilon, Mu, Rho};
pub use sensitivity::{L1, L2, Norm, Range, Sensitivity};
