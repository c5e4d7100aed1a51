//! Any stream of events: no panic, nothing lost, no more memory than is said.

use std::time::Duration;

use portcullis::anomaly::{AgentInteraction, InteractionStatus};
use proptest::prelude::*;

use super::Watch;
use crate::support::agent;

const POLICY: &str = r#"{
    "agents": [{"agent_id": "spiffe://example.org/agent/*", "calls_per_minute": 2, "credentials_per_minute": 1,
                "hours": [{"from": "01:00", "to": "02:00"}], "destinations": ["a.example"]}],
    "paths": [{"source": "spiffe://example.org/agent/0", "target": "spiffe://example.org/agent/1", "calls_per_minute": 1}]
}"#;

#[derive(Clone, Debug)]
enum Act {
    Call(u8, String, Option<i32>),
    Speak(u8, u8, i64, u8),
    Issue(u8),
    Wait(u64),
    /// Clocks are not all monotonic.
    Jump(u64),
    Tick,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (
            0..4_u8,
            "(read|full|strict|x[0-9]|\\PC{0,5})",
            any::<Option<i32>>()
        )
            .prop_map(|(agent, tool, result)| Act::Call(agent, tool, result)),
        (0..4_u8, 0..4_u8, any::<i64>(), 0..3_u8)
            .prop_map(|(source, target, at, status)| Act::Speak(source, target, at, status)),
        (0..4_u8).prop_map(Act::Issue),
        (0..5000_u64).prop_map(Act::Wait),
        any::<u64>().prop_map(Act::Jump),
        Just(Act::Tick),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_stream_is_watched(acts in prop::collection::vec(act(), 0..300), room in 1..200_usize) {
        let watch = Watch::with_room(POLICY, room);
        let name = |number: u8| agent(&format!("spiffe://example.org/agent/{number}"));
        for act in acts {
            match act {
                Act::Call(number, tool, result) => {
                    let session = watch.guard.vouched_session(name(number)).unwrap();
                    let args = r#"{"path": "a", "to": "x@b.example"}"#;
                    let _ = session.run(&tool, args, |_| {
                        result.ok_or_else(|| Box::<dyn std::error::Error>::from("failed"))
                    });
                }
                Act::Speak(source, target, at, status) => {
                    let offset = Duration::from_secs(at.unsigned_abs() / 4);
                    let at = if at < 0 {
                        watch.wall().checked_sub(offset)
                    } else {
                        watch.wall().checked_add(offset)
                    };
                    watch.monitor.interaction(&AgentInteraction {
                        source: &name(source),
                        target: &name(target),
                        action: "\u{1b}",
                        payload: None,
                        at: at.unwrap_or(std::time::SystemTime::UNIX_EPOCH),
                        latency: offset,
                        status: match status {
                            0 => InteractionStatus::Succeeded,
                            1 => InteractionStatus::Failed,
                            _ => InteractionStatus::Denied,
                        },
                    });
                }
                Act::Issue(number) => watch.issued(&name(number)),
                Act::Wait(seconds) => watch.clock.advance(Duration::from_secs(seconds)),
                Act::Jump(nanos) => watch.clock.set(Duration::from_nanos(nanos)),
                Act::Tick => watch.monitor.tick(),
            }
        }
        let numbers: Vec<u64> = watch.alerts.try_iter().map(|alert| alert.number).collect();
        prop_assert_eq!(numbers.len() as u64, watch.monitor.counts().told);
        prop_assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]));
    }
}
