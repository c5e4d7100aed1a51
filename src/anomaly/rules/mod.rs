//! What the rules on what was declared remember, each in constant space.

mod causes;
mod contacts;
mod decisions;
mod minute;
mod pending;
mod refused;
mod steps;

pub(super) use causes::Causes;
pub(super) use contacts::destinations;
pub(super) use decisions::Decisions;
pub(super) use minute::Minute;
pub(super) use pending::Pending;
pub(super) use refused::Refused;
pub(super) use steps::Steps;
