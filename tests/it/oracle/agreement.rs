//! The law: for any policies and any call, the engine decides what the reference rules.

use portcullis::__private::TypedArguments;
use portcullis::{
    AgentId, AgentPolicy, Args, Call, Caller, Decision, Guard, PolicySet, Refusal, RingRecorder,
    Session, TaskId, ToolName, UserId, Verdict,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::aim::{self, Choices};
use super::generate::{self, AGENTS};
use super::reference::{self, Answer, Ruling, Who};
use super::typed::typed;

/// Calls for each generated set of policies.
const CALLS: usize = 24;

/// 512 unless the environment says otherwise.
pub(crate) fn cases() -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 512;
    }
    config.failure_persistence = None;
    config
}

pub(crate) fn load(document: &Value) -> AgentPolicy {
    AgentPolicy::from_json(&document.to_string())
        .unwrap_or_else(|error| panic!("{document}\n{error}"))
}

pub(crate) fn load_all(documents: &[Value]) -> PolicySet {
    PolicySet::new(documents.iter().map(load))
}

pub(crate) fn caller(who: &Who) -> Caller {
    Caller {
        agent: AgentId::parse(&who.agent).unwrap(),
        user: who.user.as_deref().map(|user| UserId::parse(user).unwrap()),
        task: who.task.as_deref().map(|task| TaskId::parse(task).unwrap()),
    }
}

pub(crate) fn call(tool: &str, args: &Map<String, Value>) -> Call {
    let text = Value::Object(args.clone()).to_string();
    Call::new(ToolName::parse(tool).unwrap(), Args::parse(&text).unwrap())
}

pub(crate) fn session(guard: &Guard, who: &Who) -> Session {
    let caller = caller(who);
    let mut session = guard.vouched_session(caller.agent).unwrap();
    if let Some(user) = caller.user {
        session = session.on_behalf_of(user);
    }
    if let Some(task) = caller.task {
        session = session.task(task);
    }
    session
}

/// Verdict and code of a session's answer.
fn answer<T>(result: Result<T, Refusal>) -> (Verdict, &'static str) {
    match result {
        Ok(_) => (Verdict::Allow, "allowed"),
        Err(refusal) => (refusal.verdict(), refusal.code().as_str()),
    }
}

fn agrees(decision: &Decision, ruling: &Ruling) -> bool {
    let code = decision.reason().code().as_str();
    match ruling {
        Ruling::Allow => decision.verdict() == Verdict::Allow && code == "allowed",
        Ruling::Ask => decision.verdict() == Verdict::Ask && code == "approval_required",
        Ruling::Deny(codes) => decision.verdict() == Verdict::Deny && codes.contains(code),
    }
}

proptest! {
    #![proptest_config(cases())]

    /// Law: the engine decides as the reference rules; a trace comes to the same; and it does not matter whether the
    /// arguments come as text, as a `serde_json` value or as Rust values.
    #[test]
    fn the_engine_agrees_with_the_reference(documents in generate::policies(), seed in any::<u64>()) {
        let set = load_all(&documents);
        let mut choices = Choices(seed);
        for _ in 0..CALLS {
            let who = aim::who(&documents, &mut choices);
            let tool = aim::tool(&documents, &who, &mut choices);
            let args = aim::arguments(&documents, tool, &mut choices);
            let call = call(tool, &args);
            let decision = set.decide(&caller(&who), &call);
            let ruling = reference::rule(&documents, &who, tool, &args);
            let ruling = ruling.expect("the generator writes nothing that the reference does not know");
            prop_assert!(agrees(&decision, &ruling), "{who:?} {tool} {args:?}\n{decision}\n{ruling:?}");

            let explained = set.explain(&caller(&who), &call);
            prop_assert_eq!(explained.decision().verdict(), decision.verdict());
            prop_assert_eq!(explained.decision().reason().code(), decision.reason().code());
            if let Some(strictest) = explained.steps().iter().map(|step| step.verdict).max() {
                prop_assert_eq!(strictest, decision.verdict());
            }
            prop_assert_eq!(&Args::try_from(&Value::Object(args.clone())).unwrap(), call.args());
        }
    }

    /// Law: a single constraint, however nested, admits what the reference says it does, also inside `not`.
    #[test]
    fn constraints_agree_with_the_reference(constraint in generate::constraint(), seed in any::<u64>()) {
        let mut choices = Choices(seed);
        let who = Who { agent: AGENTS[0].to_owned(), user: None, task: None };
        for constraint in [constraint.clone(), json!({"not": constraint})] {
            let params = json!([{"tool_name": "c", "allowed_params": {"v": constraint}}]);
            let document = json!({"agent_id": AGENTS[0], "permissions": params});
            let set = load_all(&[document]);
            for _ in 0..64 {
                let value = aim::value_near(&constraint, &mut choices);
                let args = Map::from_iter([("v".to_owned(), value.clone())]);
                let admitted = set.decide(&caller(&who), &call("c", &args)).is_allow();
                let expected = reference::answer(&constraint, &value).unwrap();
                prop_assert_eq!(admitted, expected == Answer::Match, "{} {} {:?}", constraint, value, expected);
            }
        }
    }

    /// Law: a session decides Rust values as it decides the same values in JSON, and both as the policies alone do.
    #[test]
    fn typed_arguments_are_decided_alike(documents in generate::policies(), seed in any::<u64>()) {
        let set = load_all(&documents);
        let mut choices = Choices(seed);
        let who = aim::who(&documents, &mut choices);
        let guard = Guard::builder().policies(documents.iter().map(load)).recorder(RingRecorder::new(64)).build().unwrap();
        let session = session(&guard, &who);
        for _ in 0..CALLS {
            let tool = aim::tool(&documents, &who, &mut choices);
            let args = aim::arguments(&documents, tool, &mut choices);
            let decision = set.decide(&caller(&who), &call(tool, &args));
            let expected = (decision.verdict(), decision.reason().code().as_str());
            let fields = typed(&args);
            let fields: Vec<_> =
                fields.iter().map(|(name, value)| (*name, value.as_ref().map(|value| value.view()))).collect();
            let by_type = answer(session.authorize(tool, &TypedArguments { fields: &fields, secret: &[] }));
            let by_text = answer(session.call(tool, &Value::Object(args.clone()).to_string()));
            let by_value = answer(session.call(tool, Value::Object(args.clone())));
            prop_assert_eq!(by_type, expected);
            prop_assert_eq!(by_text, expected);
            prop_assert_eq!(by_value, expected);
        }
    }
}

/// The generator is of use only if all answers are common.
#[test]
fn the_generator_reaches_every_answer() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut seen = std::collections::BTreeMap::<&str, u32>::new();
    for seed in 0..200 {
        let documents = generate::policies()
            .new_tree(&mut runner)
            .unwrap()
            .current();
        let mut choices = Choices(seed);
        for _ in 0..CALLS {
            let who = aim::who(&documents, &mut choices);
            let tool = aim::tool(&documents, &who, &mut choices);
            let args = aim::arguments(&documents, tool, &mut choices);
            let keys = match reference::rule(&documents, &who, tool, &args).unwrap() {
                Ruling::Allow if args.is_empty() => vec!["allowed, no arguments"],
                Ruling::Allow => vec!["allowed"],
                Ruling::Ask => vec!["approval_required"],
                Ruling::Deny(codes) => codes.into_iter().collect(),
            };
            keys.into_iter()
                .for_each(|key| *seen.entry(key).or_default() += 1);
        }
    }
    println!("{seen:?}");
    for key in [
        "allowed",
        "approval_required",
        "constraint",
        "missing_parameter",
        "unexpected_parameter",
        "unknown_tool",
        "identity",
    ] {
        assert!(
            seen.get(key).is_some_and(|count| *count >= 50),
            "{key}: {seen:?}"
        );
    }
}
