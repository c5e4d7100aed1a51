//! How a result is made private, with what it costs.

mod cost;
mod exponential;
mod gaussian;
mod laplace;
mod scale;

pub use cost::{Cost, Mechanism};
pub use exponential::Exponential;
pub use gaussian::Gaussian;
pub use laplace::Laplace;
