//! Behaviour out of the ordinary: what was declared, what was learned, and who is told.

mod statistics;
