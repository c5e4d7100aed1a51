//! One binary for all integration tests, a file per theme.
#![cfg(test)]

mod agentdojo;
mod anomaly;
mod attacks;
mod audit;
mod bypass;
mod child;
#[cfg(feature = "cli")]
mod cli;
mod folder;
mod gate;
mod guard_macro;
mod guarded;
mod guarded_shapes;
mod laws;
mod layers;
mod limits;
mod lint;
mod loading;
mod mistakes;
mod oracle;
mod permits;
mod privacy;
mod recording;
mod schema;
mod secrets;
mod sessions;
mod spiffe;
mod stress;
mod support;
mod swap;
mod tools;
mod transparency;
