//! Behaviour out of the ordinary: an allowed tool used in a way that nobody expects.
//!
//! A policy says what an agent may do; a [`MonitorPolicy`] says what it is expected to do. A [`Monitor`] compares that with
//! what happens, and tells [alerts](Alert), each with what was counted, what was expected and, where chance plays a part, how
//! unlikely that much is by chance. It never waits for anybody. Where its policy says so, it [responds](Response): a guard that it
//! is given to then asks a person, slows the agent down or shuts it out. A [`CommunicationGraph`] draws who
//! calls what, and who speaks to whom.

mod agent;
mod alert;
mod baseline;
mod builder;
mod credentials;
mod desk;
mod endpoints;
mod event;
mod graph;
mod learned;
mod moment;
mod monitor;
mod notes;
mod outbox;
mod policy;
mod reaches;
mod responding;
mod response;
mod restraints;
mod rules;
mod sinks;
mod snapshot;
mod statistics;
mod table;
mod tags;
#[cfg(feature = "tracing")]
mod tracing;
mod watched;
mod watchtower;

pub use alert::{Alert, AlertKind, Baseline, Severity};
pub use baseline::{RateBaseline, ValueBaseline};
pub use builder::MonitorBuilder;
pub use credentials::CredentialIssuer;
pub use event::{AgentInteraction, CredentialIssued, InteractionStatus};
pub use graph::{
    Charted, CommunicationGraph, Dropped, Endpoint, Expectation, GraphBuilder, GraphEdge,
    GraphNode, GraphView, Reached, Suspicion, Traffic,
};
pub use monitor::{Monitor, MonitorCounts};
pub(crate) use notes::Note;
pub use policy::{
    AgentExpectation, LearningSettings, MonitorPolicy, PathExpectation, ResponseSettings,
    RuleSettings,
};
pub use response::Response;
pub use sinks::HostError;
pub use snapshot::SnapshotError;
pub use watched::Watched;
