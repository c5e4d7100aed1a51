//! That the samplers have the distributions that are written beside them: by proof where digits are narrow, by statistics
//! where they are wide.

mod constants;
mod proof;
mod references;
mod statistics;
