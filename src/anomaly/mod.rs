//! Behaviour out of the ordinary: an allowed tool used in a way that nobody expects.
//!
//! A policy says what an agent may do; a [`MonitorPolicy`] says what it is expected to do. A [`Monitor`] compares that with
//! what happens, and tells [alerts](Alert), each with what was counted, what was expected and, where chance plays a part, how
//! unlikely that much is by chance. It decides nothing and never waits for anybody.

mod agent;
mod alert;
mod desk;
mod event;
mod learned;
mod moment;
mod monitor;
mod outbox;
mod policy;
mod rules;
mod snapshot;
mod statistics;
mod table;
mod tags;
mod watched;

pub use alert::{Alert, AlertKind, Baseline, Severity};
pub use event::{AgentInteraction, CredentialIssued, InteractionStatus};
pub use monitor::{Monitor, MonitorBuilder, MonitorCounts};
pub use policy::MonitorPolicy;
pub use snapshot::SnapshotError;
pub use watched::Watched;
