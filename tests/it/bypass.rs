//! Ways around a policy that have worked elsewhere, each with the code that stops it here.

mod calls;
mod values;

use std::sync::Arc;

use portcullis::{
    AgentId, AgentPolicy, Code, Guard, ManualClock, Permit, Refusal, RingRecorder, Session,
};

const AGENT: &str = "spiffe://example.org/agent/a";

fn guard(permissions: &str) -> (Guard, Arc<ManualClock>) {
    let text = format!(r#"{{"agent_id": "{AGENT}", "permissions": [{permissions}]}}"#);
    let policy = AgentPolicy::from_json(&text).unwrap_or_else(|error| panic!("{error}"));
    let clock = Arc::new(ManualClock::new());
    let builder = Guard::builder()
        .policy(policy)
        .recorder(RingRecorder::new(16))
        .clock(Arc::clone(&clock));
    (builder.build().unwrap(), clock)
}

fn session(permissions: &str) -> (Session, Arc<ManualClock>) {
    let (guard, clock) = guard(permissions);
    (
        guard
            .vouched_session(AgentId::parse(AGENT).unwrap())
            .unwrap(),
        clock,
    )
}

fn code(result: Result<Permit, Refusal>) -> Code {
    match result {
        Ok(_) => Code::Allowed,
        Err(refusal) => refusal.code(),
    }
}
