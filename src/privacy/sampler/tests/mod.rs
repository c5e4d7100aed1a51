//! That the samplers have the distributions that are written beside them: by proof where digits are narrow, by statistics
//! where they are wide.

mod constants;
pub(in crate::privacy) mod proof;
mod references;
pub(in crate::privacy) mod statistics;
