//! A limit that is said never to bind never does.

use std::sync::Arc;
use std::time::Duration;

use portcullis::{AgentId, AgentPolicy, Code, Guard, Lint, ManualClock, Refusal, RingRecorder};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::oracle::agreement::cases;

const AGENT: &str = "spiffe://example.org/a";
const WINDOWS: [&str; 6] = ["500ms", "1s", "2s", "5s", "7s", "1m"];

/// The limits of one tool, whose only parameter `x` is from 0 to `most`.
#[derive(Clone, Debug)]
struct Limits {
    per_minute: Option<u32>,
    calls: Vec<Value>,
    sums: Vec<Value>,
    most: u32,
}

/// Which limit a line of the document says.
#[derive(Clone, Copy, Debug)]
enum Stated {
    PerMinute,
    Calls(usize),
    Sum(usize),
}

impl Limits {
    /// A document with each limit on a line of its own, and what each line says from the second on.
    fn document(&self) -> (String, Vec<Stated>) {
        let params = json!({"x": {"type": "integer", "min": 0, "max": self.most}});
        let mut lines = vec![format!(
            "{{\"agent_id\": \"{AGENT}\", \"permissions\": [{{\"tool_name\": \"t\", \"allowed_params\": {params}"
        )];
        let mut stated = Vec::new();
        if let Some(calls) = self.per_minute {
            lines.push(format!(",\"max_calls_per_minute\": {calls}"));
            stated.push(Stated::PerMinute);
        }
        let mut list = |key: &str, limits: &[Value], of: fn(usize) -> Stated| {
            for (index, limit) in limits.iter().enumerate() {
                let before = if index == 0 {
                    format!(",\"{key}\": [")
                } else {
                    ",".to_owned()
                };
                let after = if index + 1 == limits.len() { "]" } else { "" };
                lines.push(format!("{before}{limit}{after}"));
                stated.push(of(index));
            }
        };
        list("limits", &self.calls, Stated::Calls);
        list("budgets", &self.sums, Stated::Sum);
        lines.push("}]}".to_owned());
        (lines.join("\n"), stated)
    }

    fn policy(&self) -> AgentPolicy {
        let (text, _) = self.document();
        AgentPolicy::from_json(&text).unwrap_or_else(|error| panic!("{text}\n{error}"))
    }

    /// Without one of them. An agent's limit by the minute cannot be left out, but be set as high as can be.
    fn without(&self, limit: Stated) -> Self {
        let mut rest = self.clone();
        match limit {
            Stated::PerMinute => rest.per_minute = Some(u32::MAX),
            Stated::Calls(index) => drop(rest.calls.remove(index)),
            Stated::Sum(index) => drop(rest.sums.remove(index)),
        }
        rest
    }
}

fn limits() -> impl Strategy<Value = Limits> {
    let by = || {
        select(vec![
            json!(null),
            json!(["agent"]),
            json!(["tool"]),
            json!(["param:x"]),
            json!(["param:x", "tool"]),
        ])
    };
    let with_key = |mut limit: Value, by: Value| {
        if !by.is_null() {
            limit["by"] = by;
        }
        limit
    };
    let calls = (1..12_u32, select(&WINDOWS[..]), by())
        .prop_map(move |(calls, per, by)| with_key(json!({"calls": calls, "per": per}), by));
    let sums = (1..30_u32, select(&WINDOWS[..]), by(), any::<bool>()).prop_map(
        move |(most, per, by, half)| {
            let at_most = if half {
                json!(f64::from(most) + 0.5)
            } else {
                json!(most)
            };
            with_key(json!({"sum": "x", "at_most": at_most, "per": per}), by)
        },
    );
    (
        proptest::option::of(1..40_u32),
        vec(calls, 0..4),
        vec(sums, 0..4),
        0..4_u32,
    )
        .prop_map(|(per_minute, calls, sums, most)| Limits {
            per_minute,
            calls,
            sums,
            most,
        })
}

/// Codes of the calls, each with its amount, after so many milliseconds.
fn run(policy: AgentPolicy, calls: &[(u32, u64)]) -> Vec<Option<Code>> {
    let clock = Arc::new(ManualClock::new());
    let guard = Guard::builder()
        .policy(policy)
        .clock(Arc::clone(&clock))
        .recorder(RingRecorder::new(64))
        .build()
        .unwrap();
    let session = guard
        .vouched_session(AgentId::parse(AGENT).unwrap())
        .unwrap();
    calls
        .iter()
        .map(|(amount, pause)| {
            clock.advance(Duration::from_millis(*pause));
            let result = session.run("t", json!({"x": amount}), |_| Ok::<(), Refusal>(()));
            result.err().map(|refusal| refusal.code())
        })
        .collect()
}

proptest! {
    #![proptest_config(cases())]

    /// Law: calls go as they would without a limit that is said never to bind.
    #[test]
    fn an_idle_limit_changes_nothing(
        limits in limits(),
        calls in vec((0..4_u32, select(vec![0_u64, 0, 0, 1, 499, 500, 501, 999, 1000, 2000, 6999, 60_000])), 0..80),
    ) {
        let (_, stated) = limits.document();
        let policy = limits.policy();
        let before = run(policy.clone(), &calls);
        for finding in policy.lint() {
            if finding.kind() != Lint::LimitNeverBinds {
                continue;
            }
            let limit = stated[finding.line().unwrap() - 2];
            let after = run(limits.without(limit).policy(), &calls);
            let allowed = |codes: &[Option<Code>]| codes.iter().map(Option::is_none).collect::<Vec<_>>();
            prop_assert_eq!(allowed(&before), allowed(&after), "{}\n{}", limits.document().0, finding);
        }
    }
}

/// The law above says something only if both sorts of limits are found idle, and only if limits do bind.
#[test]
fn idle_limits_are_common() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut of_calls, mut of_sums, mut denied) = (0, 0, 0);
    for _ in 0..200 {
        let limits = limits().new_tree(&mut runner).unwrap().current();
        let calls = [(1, 0), (2, 1), (3, 500), (1, 0), (1, 0), (2, 0)].repeat(8);
        let ran = run(limits.policy(), &calls);
        denied += usize::from(ran.iter().any(Option::is_some) && ran.iter().any(Option::is_none));
        for finding in limits.policy().lint() {
            match finding.kind() {
                Lint::LimitNeverBinds if finding.message().contains("of `x`") => of_sums += 1,
                Lint::LimitNeverBinds => of_calls += 1,
                _ => {}
            }
        }
    }
    assert!(
        of_calls > 50 && of_sums > 50 && denied > 50,
        "{of_calls} {of_sums} {denied}"
    );
}
