//! The audit log: what stands in it, that it survives crashes, and that tampering shows.

mod crash;
mod growth;
mod life;
mod payloads;
mod proofs;
mod reading;
mod tamper;
mod trouble;

use std::path::Path;
use std::sync::Arc;

use portcullis::audit::{AuditLog, AuditLogOptions, LogError, Origin};
use portcullis::{Guard, ManualClock, Session};

use crate::folder::Folder;
use crate::support::{AGENT, agent, agent_policy};

const POLICY: &str = r#"[{"tool_name": "look", "effect": "read", "max_calls_per_minute": 1000000},
    {"tool_name": "pay", "max_calls_per_minute": 1000000, "allowed_params": {"n": {"min": 0}}}]"#;

fn origin() -> Origin {
    Origin::parse("example.org/agents").unwrap()
}

fn options() -> AuditLogOptions {
    AuditLog::options(origin()).clock(ManualClock::new())
}

fn guard(log: &Arc<AuditLog>) -> Guard {
    Guard::builder()
        .policy(agent_policy(POLICY))
        .recorder(Arc::clone(log))
        .build()
        .unwrap()
}

fn session(log: &Arc<AuditLog>) -> Session {
    guard(log).vouched_session(agent(AGENT)).unwrap()
}

/// Every entry's line.
fn lines(directory: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    portcullis::audit::read(directory, |entry| {
        lines.push(entry.line().to_owned());
        Ok::<_, LogError>(())
    })
    .unwrap();
    lines
}

/// The types of entries, with the tool where there is one.
fn kinds(directory: &Path) -> Vec<String> {
    let mut kinds = Vec::new();
    portcullis::audit::read(directory, |entry| {
        let tool = entry
            .text("tool")
            .map_or(String::new(), |tool| format!(" {tool}"));
        kinds.push(format!("{}{tool}", entry.kind()));
        Ok::<_, LogError>(())
    })
    .unwrap();
    kinds
}
