//! A memory behind the gate: asking it is a tool call, a session has an epsilon of its own, and the cost is on record.

use std::sync::Arc;

use portcullis::audit::{
    AuditLog, LogError, Origin, Payload, PayloadKind, Payloads, VerifyOptions, read,
};
use portcullis::{Code, Guard, Refusal, Session, guard};

use super::*;
use crate::folder::Folder;
use crate::support::{AGENT, agent, agent_policy};

/// 0.9 a session, 0.5 a question, and no other partition.
const PERMISSIONS: &str = r#"[{"tool_name": "topic_of", "effect": "read", "audit_level": "full", "max_calls_per_minute": 1000,
    "allowed_params": {"partition": ["tickets"], "query": {"any": true}, "epsilon": {"above": 0, "max": 0.5}},
    "budgets": [{"sum": "epsilon", "at_most": 0.9, "per": "366d", "by": ["session"]}]}]"#;

#[derive(Debug)]
enum Fault {
    Refused(Refusal),
    Memory(MemoryError),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<MemoryError> for Fault {
    fn from(error: MemoryError) -> Self {
        Self::Memory(error)
    }
}

#[guard(skip(memory), secret(query))]
fn topic_of(
    session: &Session,
    memory: &AgentMemory,
    partition: &str,
    query: &[f32],
    epsilon: f64,
) -> Result<Answer<String>, Fault> {
    let partition = partition.parse().map_err(|_| MemoryError::Key)?;
    let epsilon = Epsilon::new(epsilon).map_err(MemoryError::from)?;
    Ok(memory.vote(&partition, query, 5, epsilon)?)
}

fn code(answer: Result<Answer<String>, Fault>) -> Code {
    match answer {
        Ok(_) => Code::Allowed,
        Err(Fault::Refused(refusal)) => refusal.code(),
        Err(Fault::Memory(error)) => panic!("{error}"),
    }
}

#[test]
fn a_session_has_an_epsilon_of_its_own_and_costs_are_on_record() {
    let folder = Folder::new();
    let log = AuditLog::options(Origin::parse("example.org/memory").unwrap());
    let log = Arc::new(log.open(folder.log()).unwrap());
    let guard = Guard::builder()
        .policy(agent_policy(PERMISSIONS))
        .tools([topic_of_tool()])
        .recorder(Arc::clone(&log));
    let guard = guard.build().unwrap();
    let memory = forgetful(1.0);
    (0..9).for_each(|number| ticket(&memory, number, "login"));
    let ask = |session: &Session, partition, epsilon| {
        code(topic_of(
            session,
            &memory,
            partition,
            &[0.112_358, 0.5, 0.0, 0.0],
            epsilon,
        ))
    };

    let before = left_of_tickets(&memory);
    let session = guard.vouched_session(agent(AGENT)).unwrap();
    assert_eq!(ask(&session, "tickets", 0.6), Code::Constraint);
    assert_eq!(ask(&session, "notes", 0.1), Code::Constraint);
    assert_eq!(ask(&session, "tickets", -0.1), Code::Constraint);
    assert_eq!(left_of_tickets(&memory), before);
    assert_eq!(ask(&session, "tickets", 0.5), Code::Allowed);
    assert_eq!(ask(&session, "tickets", 0.5), Code::Budget);
    // What is made from a session has no more than it.
    let other = session
        .clone()
        .expires_in(std::time::Duration::from_secs(9));
    assert_eq!(ask(&other, "tickets", 0.4), Code::Allowed);
    assert_eq!(ask(&session, "tickets", 0.000_001), Code::Budget);
    let next = guard.vouched_session(agent(AGENT)).unwrap();
    assert_eq!(ask(&next, "tickets", 0.5), Code::Allowed);
    let spent = before.loss().value() - left_of_tickets(&memory).loss().value();
    let expected = (0.5_f64.powi(2) + 0.4_f64.powi(2) + 0.5_f64.powi(2)) / 8.0;
    assert!((spent / expected - 1.0).abs() < 1e-6, "{spent}");

    // The ledger has the last word.
    while memory
        .vote(&tickets(), &about("login"), 5, epsilon(0.5))
        .is_ok()
    {}
    let refused = topic_of(&next, &memory, "tickets", &about("login"), 0.4).unwrap_err();
    assert!(matches!(refused, Fault::Memory(error) if error.refused_charge().is_some()));

    log.close().unwrap();
    assert!(VerifyOptions::new().verify(folder.log()).is_ok());
    let mut payloads = Payloads::of(folder.log());
    let mut costs = Vec::new();
    read(folder.log(), |entry| {
        for payload in entry.payloads() {
            let Some(Payload::Kept(text)) = payloads.read(entry, payload.kind)? else {
                continue;
            };
            assert!(!text.contains("0.112"), "{text}");
            if payload.kind == PayloadKind::Result {
                let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
                costs.push(answer["cost"]["epsilon"].as_f64().unwrap());
            }
        }
        Ok::<_, LogError>(())
    })
    .unwrap();
    assert_eq!(costs.len(), 3);
    for (cost, expected) in costs.iter().zip([0.5, 0.4, 0.5]) {
        assert!((cost / expected - 1.0).abs() < 1e-6, "{cost}");
    }
}
