//! Any stream of events, and any bytes as a snapshot: no panic, numbered alerts, nothing allowed that the policies deny, and a snapshot that
//! reads back as itself.
#![no_main]

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use libfuzzer_sys::fuzz_target;
use portcullis::anomaly::{
    AgentInteraction, CommunicationGraph, CredentialIssued, InteractionStatus, Monitor,
    MonitorPolicy,
};
use portcullis::{
    AgentId, AgentPolicy, Args, Clock, Guard, ManualClock, Refusal, RingRecorder, UserId,
};

const POLICIES: [&str; 3] = [
    "{}",
    r#"{"agents": [{"agent_id": "spiffe://d/*", "calls_per_minute": 2, "credentials_per_minute": 1,
        "hours": [{"from": "01:00", "to": "23:00"}], "destinations": ["a.example"], "sensitive_arguments": ["to"]}],
        "paths": [{"source": "spiffe://d/0", "target": "spiffe://d/1", "calls_per_minute": 1}],
        "resource_classes": {"c": ["re*", "full"]}, "rules": {"lateral_movement": {"after": "1s"}},
        "responses": [{"on": ["LOOP", "FIRST_CONTACT"], "response": "circuit_break", "for": "5s"},
            {"on": ["RATE_ANOMALY"], "response": "throttle", "calls_per_minute": 1, "for": "1m"}]}"#,
    r#"{"agents": [{"agent_id": "spiffe://d/1", "calls_per_minute": 1}],
        "responses": [{"on": ["RATE_ANOMALY", "LATERAL_MOVEMENT"], "response": "quarantine", "alone": true},
            {"on": ["LOOP", "CALL_RATE"], "response": "step_up", "for": "9s"}, {"on": ["PROBING"], "response": "reauthenticate"},
            {"on": ["SCOPE_VIOLATION"], "response": "revoke"}, {"on": ["REPEATED_DENIALS"], "response": "rotate"}]}"#,
];
const TOOLS: [&str; 4] = ["read", "full", "strict", "\u{1b}no tool\n"];
const ARGUMENTS: [&str; 4] = [
    "{}",
    r#"{"path": "a", "to": "https://b.example"}"#,
    r#"{"path": "b", "to": "x@c.example"}"#,
    r#"{"path": "a", "to": 5}"#,
];

struct World {
    clock: Arc<ManualClock>,
    monitor: Monitor,
    graph: CommunicationGraph,
    watched: Guard,
    /// The same, and nobody watches.
    free: Guard,
}

impl World {
    fn new(monitor: Option<Monitor>, clock: Arc<ManualClock>) -> Self {
        let new = || {
            Monitor::builder()
                .agents(64)
                .clock(Arc::clone(&clock))
                .build()
        };
        let (monitor, graph) = (monitor.unwrap_or_else(new), CommunicationGraph::new());
        let guard = || {
            let policy = |agent| {
                let text = format!(
                    r#"{{"agent_id": "{agent}", "permissions": [{{"tool_name": "read", "max_calls_per_minute": 1000000}},
                        {{"tool_name": "full", "audit_level": "full", "max_calls_per_minute": 1000000}},
                        {{"tool_name": "strict", "allowed_params": {{"path": ["a"]}}, "other_params": "allow"}}]}}"#
                );
                AgentPolicy::from_json(&text).unwrap()
            };
            let builder = Guard::builder().clock(Arc::clone(&clock));
            builder.policies((0..3).map(|number| policy(agent(number))))
        };
        let recorder = graph.watch(RingRecorder::new(4));
        Self {
            watched: guard()
                .recorder(recorder)
                .monitor(&monitor)
                .build()
                .unwrap(),
            free: guard().recorder(RingRecorder::new(4)).build().unwrap(),
            clock,
            monitor,
            graph,
        }
    }

    fn act(&self, act: &[u8]) {
        let &[what, who, how] = act else { return };
        let whom = agent(how);
        let who = agent(who);
        match what % 8 {
            0..=2 => self.call(&who, what, how),
            3 => self.monitor.interaction(&AgentInteraction {
                source: &who,
                target: &whom,
                action: "ask",
                payload: None,
                at: self.clock.wall() + Duration::from_secs(how.into()),
                latency: Duration::from_secs(u64::from(how) << 20),
                status: [
                    InteractionStatus::Succeeded,
                    InteractionStatus::Failed,
                    InteractionStatus::Denied,
                ][usize::from(how % 3)],
            }),
            4 => self.monitor.credential(&CredentialIssued {
                agent: &who,
                at: SystemTime::UNIX_EPOCH,
            }),
            5 => self
                .clock
                .advance(Duration::from_secs(u64::from(how) * u64::from(what))),
            6 => self.watched.tick(),
            _ if how < 128 => self.monitor.swap(policy(how)),
            _ => {
                self.watched
                    .release(&who, &UserId::parse("u").unwrap())
                    .unwrap();
            }
        }
    }

    /// What the policies deny stays denied.
    fn call(&self, who: &AgentId, what: u8, how: u8) {
        let (tool, args) = (
            TOOLS[usize::from(what >> 3) % 4],
            ARGUMENTS[usize::from(how) % 4],
        );
        let run = |guard: &Guard| {
            let session = guard.vouched_session(who.clone()).unwrap();
            let args = Args::parse(args).unwrap();
            session.run(
                tool,
                args,
                |_| if how < 200 { Ok(how / 64) } else { Err(None) },
            )
        };
        let refusal = |ended: Result<u8, Option<Refusal>>| ended.err().flatten();
        let (watched, free) = (refusal(run(&self.watched)), refusal(run(&self.free)));
        // The one that is watched makes fewer calls, so its limit lasts longer.
        if tool != "strict" {
            assert!(free.is_none() || watched.is_some(), "{free:?}");
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let clock = Arc::new(ManualClock::new());
    let restored = Monitor::builder()
        .agents(64)
        .clock(Arc::clone(&clock))
        .restore(data);
    let world = World::new(restored.ok(), clock);
    let alerts = world.monitor.subscribe(1 << 16);
    let (which, acts) = data
        .split_first()
        .map_or((0, data), |(which, acts)| (*which, acts));
    world.monitor.swap(policy(which));
    acts.chunks_exact(3)
        .take(200)
        .for_each(|act| world.act(act));
    let told: Vec<_> = alerts.try_iter().collect();
    assert_eq!(told.len() as u64, world.monitor.counts().told);
    assert!(
        told.iter()
            .zip(1..)
            .all(|(alert, number)| alert.number == number)
    );
    assert!(
        told.iter()
            .all(|alert| !alert.to_string().contains(['\u{1b}', '\n']))
    );
    let view = world.graph.view(&policy(which));
    assert!(!view.dot().contains('\u{1b}') && !view.mermaid().contains('\u{1b}'));
    // Calls under way are forgotten, so what is written anew is what was read.
    let snapshot = world.monitor.snapshot();
    let again = Monitor::builder()
        .agents(64)
        .clock(Arc::clone(&world.clock));
    assert_eq!(
        again.restore(&snapshot).unwrap().snapshot().len(),
        snapshot.len()
    );
});

fn policy(which: u8) -> MonitorPolicy {
    MonitorPolicy::from_json(POLICIES[usize::from(which) % 3]).unwrap()
}

fn agent(number: u8) -> AgentId {
    AgentId::parse(&format!("spiffe://d/{}", number % 4)).unwrap()
}
