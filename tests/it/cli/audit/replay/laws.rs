//! Laws that hold whatever was called, and under whichever policies.

use std::path::Path;
use std::sync::Arc;

use portcullis::{Code, Guard, Permit, Refusal, RingRecorder, Session, Verdict};
use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::{Value, json};

use super::{Traffic, listed, load, replay};
use crate::cli::run::{Folder, Ran};
use crate::support::{AGENT, agent, secs, user};

/// One call, and what becomes of it if it may run.
#[derive(Clone, Debug)]
struct Step {
    /// Seconds since the step before.
    after: u64,
    second_agent: bool,
    for_user: bool,
    tool: &'static str,
    eur: u32,
    /// So many steps later, at once if 0. A permit may have lapsed by then.
    ends_after: usize,
    /// Or is given up.
    runs: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let after = prop_oneof![4 => 0..4u64, 1 => 4..70u64];
    let who = (any::<bool>(), any::<bool>());
    let tool = prop_oneof![
        4 => Just("pay"),
        2 => Just("look"),
        1 => Just("refund"),
        1 => Just("unheard")
    ];
    let end = (
        prop_oneof![1 => Just(0), 1 => 1..4usize],
        prop::bool::weighted(0.7),
    );
    let step = (after, who, tool, 0..60u32, end).prop_map(|(after, who, tool, eur, end)| Step {
        after,
        second_agent: who.0,
        for_user: who.1,
        tool,
        eur,
        ends_after: end.0,
        runs: end.1,
    });
    prop::collection::vec(step, 1..40)
}

/// Policies for two agents and a user, with every kind of limit.
fn policies() -> impl Strategy<Value = Vec<Value>> {
    let rates = (1..5u32, 1..5u32, 1..5u32);
    (rates, 20..200u32, 10..60u32, any::<bool>()).prop_map(|(rates, budget, most, ask)| {
        let permissions = json!([
            {"tool_name": "pay", "audit_level": "full", "effect": "read", "max_calls_per_minute": rates.0,
                "allowed_params": {"eur": {"max": most}},
                "budgets": [{"sum": "eur", "at_most": budget, "per": "2m", "by": ["agent"]}]},
            {"tool_name": "look", "audit_level": "full", "effect": "read",
                "limits": [{"calls": rates.1, "per": "30s", "by": ["tool", "param:eur"]}]},
            {"tool_name": "refund", "audit_level": "full", "effect": "read", "requires_human_approval": ask}]);
        vec![
            json!({"agent_id": AGENT, "permissions": permissions}),
            json!({"agent_id": format!("{AGENT}2"), "permissions": permissions}),
            json!({"user_id": "ann", "permissions": [
                {"tool_name": "*", "audit_level": "full", "effect": "read", "max_calls_per_minute": rates.2}]}),
        ]
    })
}

/// For each agent, a session of its own and one for the user.
type Sessions = [[Session; 2]; 2];

fn sessions(guard: &Guard) -> Sessions {
    [AGENT.to_owned(), format!("{AGENT}2")].map(|name| {
        let session = guard.vouched_session(agent(&name)).unwrap();
        [session.clone(), session.on_behalf_of(user("ann"))]
    })
}

impl Step {
    fn call(&self, sessions: &Sessions) -> Result<Permit, Refusal> {
        let session = &sessions[usize::from(self.second_agent)][usize::from(self.for_user)];
        session.call(self.tool, json!({ "eur": self.eur }))
    }
}

/// The permits of a step, on record and beside it.
struct Held {
    until: usize,
    runs: bool,
    permits: Vec<Permit>,
}

impl Held {
    fn end(self) {
        for permit in self.permits {
            if self.runs {
                let _: Result<(), Refusal> = permit.run(|_| Ok(()));
            }
        }
    }
}

/// A verdict and its code.
type Answer = (String, String);

fn answer(call: &Result<Permit, Refusal>) -> Answer {
    let (verdict, code) = match call {
        Ok(_) => (Verdict::Allow, Code::Allowed),
        Err(refusal) => (refusal.verdict(), refusal.code()),
    };
    (verdict.as_str().to_owned(), code.as_str().to_owned())
}

/// Makes the calls under some policies, on record, and beside it under others: what is decided there.
///
/// Under those, too, the permit of a call waits as long as it did; where there was none the call runs at once.
fn lockstep(directory: &Path, then: &[Value], now: &[Value], steps: &[Step]) -> Vec<Answer> {
    let recorded = Traffic::new(directory, then);
    let beside = Guard::builder()
        .policies(now.iter().map(load))
        .recorder(RingRecorder::new(1))
        .clock(Arc::clone(&recorded.clock))
        .build()
        .unwrap();
    let (sessions, others) = (sessions(&recorded.guard), sessions(&beside));
    let mut held: Vec<Held> = vec![];
    let mut answers = vec![];
    for (number, step) in steps.iter().enumerate() {
        recorded.clock.advance(secs(step.after));
        let due = held.extract_if(.., |held| held.until <= number);
        due.for_each(Held::end);
        let (permit, other) = (step.call(&sessions), step.call(&others));
        answers.push(answer(&other));
        let was_refused = permit.is_err();
        let ends = Held {
            until: number + step.ends_after,
            runs: step.runs || was_refused,
            permits: permit.into_iter().chain(other).collect(),
        };
        if step.ends_after == 0 || was_refused {
            ends.end();
        } else {
            held.push(ends);
        }
    }
    drop((held, sessions));
    recorded.close();
    answers
}

/// What a replay says to each call.
fn replayed(ran: &Ran) -> Vec<Answer> {
    let told = |value: &Value| {
        let text = value.as_str();
        text.unwrap_or_else(|| panic!("{ran:?}")).to_owned()
    };
    let (lines, _) = listed(ran);
    let now = lines.iter().map(|line| &line["now"]);
    now.map(|now| (told(&now["decision"]), told(&now["code"])))
        .collect()
}

proptest! {
    #![proptest_config(Config { cases: 64, failure_persistence: None, ..Config::default() })]

    /// Law: under the policies that decided them, all calls are decided as they were.
    #[test]
    fn a_replay_under_the_same_policies_differs_in_nothing(policies in policies(), steps in steps()) {
        let folder = Folder::new();
        let decided = lockstep(&folder.log(), &policies, &policies, &steps);
        let ran = replay(&folder, &policies, &["--json", "--all"]);
        prop_assert_eq!(replayed(&ran), decided);
        let (lines, summary) = listed(&ran);
        let as_recorded = |line: &Value| line["recorded"]["code"] == line["now"]["code"];
        prop_assert!(lines.iter().all(as_recorded) && ran.code == Some(0), "{:?}", ran);
        let counts = ["decisions", "same_policies", "same"].map(|key| summary[key].as_u64());
        prop_assert_eq!(counts, [Some(steps.len() as u64); 3]);
    }

    /// Law: under other policies, calls are decided as a guard under those would have decided them.
    #[test]
    fn a_replay_decides_as_a_guard_would_have(then in policies(), now in policies(), steps in steps()) {
        let folder = Folder::new();
        let decided = lockstep(&folder.log(), &then, &now, &steps);
        let ran = replay(&folder, &now, &["--json", "--all"]);
        prop_assert_eq!(replayed(&ran), decided);
        let (lines, _) = listed(&ran);
        let differs = |line: &Value| line["recorded"]["decision"] != line["now"]["decision"];
        prop_assert_eq!(ran.code, Some(if lines.iter().any(differs) { 2 } else { 0 }));
    }
}
