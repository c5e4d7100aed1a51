//! What `#[guard]` expands to calls in here. Hidden, and free to change with the macro, which is of the same version.

mod argument;
mod array;
mod gate;
mod probe;

#[cfg(doctest)]
mod compile_fail;
#[cfg(test)]
mod tests;

pub use argument::Argument;
pub use gate::{AsSession, Outcome, authorize};
pub use probe::{
    Describe, Held, Hold, Probe, Representable, Show, TypeProbe, generic_parameter, specification,
};
