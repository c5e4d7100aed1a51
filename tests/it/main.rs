//! One binary for all integration tests, a file per theme.

mod agentdojo;
mod guard_macro;
mod layers;
