//! Laws that hold whatever a policy says, over generated policies and calls.

use portcullis::{AgentPolicy, Args, Constraint, Guard, PolicySet, RingRecorder, ToolPermission};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::oracle::agreement::{call, caller, cases, load, load_all, session};
use crate::oracle::aim::{self, Choices};
use crate::oracle::generate;
use crate::oracle::reference::{self, Who};

/// Calls for each generated set of policies.
const CALLS: usize = 12;

/// One call that is aimed at the policies.
#[derive(Debug)]
struct Shot {
    who: Who,
    tool: &'static str,
    args: Map<String, Value>,
}

fn shots(policies: &[Value], seed: u64) -> impl Iterator<Item = Shot> {
    let mut choices = Choices(seed);
    std::iter::repeat_with(move || {
        let who = aim::who(policies, &mut choices);
        let tool = aim::tool(policies, &who, &mut choices);
        let args = aim::arguments(policies, tool, &mut choices);
        Shot { who, tool, args }
    })
    .take(CALLS)
}

impl Shot {
    fn at(&self, set: &PolicySet) -> portcullis::Decision {
        set.decide(&caller(&self.who), &call(self.tool, &self.args))
    }

    fn names(&self, principal: &Value) -> bool {
        let is =
            |key: &str, name: Option<&String>| name.is_some_and(|name| principal[key] == **name);
        is("agent_id", Some(&self.who.agent))
            || is("user_id", self.who.user.as_ref())
            || is("task_id", self.who.task.as_ref())
    }

    /// The permissions that speak of the tool in the policies that apply.
    fn permissions<'p>(&self, policies: &'p [Value]) -> Vec<&'p Value> {
        let applying = policies.iter().filter(|policy| self.names(policy));
        applying
            .flat_map(|policy| policy["permissions"].as_array().unwrap())
            .filter(|permission| {
                reference::names(permission["tool_name"].as_str().unwrap(), self.tool)
            })
            .collect()
    }
}

/// Whether the permission's policy leaves room for parameters that it does not name.
fn is_open(permission: &Value) -> bool {
    permission.get("allowed_params").is_none()
        || permission
            .get("other_params")
            .is_some_and(|word| word == "allow")
}

fn principal(policy: &Value) -> (&String, &Value) {
    policy
        .as_object()
        .unwrap()
        .iter()
        .find(|(key, _)| key.ends_with("_id"))
        .unwrap()
}

proptest! {
    #![proptest_config(cases())]

    /// Law: one more policy for someone who has one never widens what any call is allowed.
    #[test]
    fn another_layer_never_widens(documents in generate::policies(), more in generate::policy(), seed in any::<u64>()) {
        let known = documents.iter().any(|policy| principal(policy) == principal(&more));
        let set = load_all(&documents);
        let narrower = load_all(&[documents.as_slice(), std::slice::from_ref(&more)].concat());
        for shot in shots(&documents, seed) {
            let (before, after) = (shot.at(&set).verdict(), shot.at(&narrower).verdict());
            if known || !shot.names(&more) {
                prop_assert!(after >= before, "{shot:?}: {before} became {after}");
            }
            if !shot.names(&more) {
                prop_assert_eq!(after, before);
            }
        }
    }

    /// Law: acting for a user or on a task never widens, but for a policy that asks for a user.
    #[test]
    fn naming_a_user_or_task_never_widens(documents in generate::policies(), seed in any::<u64>()) {
        let mut documents = documents;
        documents.iter_mut().for_each(|policy| drop(policy.as_object_mut().unwrap().remove("require_user")));
        let set = load_all(&documents);
        for mut shot in shots(&documents, seed) {
            let named = shot.at(&set).verdict();
            shot.who.task = None;
            let without_task = shot.at(&set).verdict();
            shot.who.user = None;
            let alone = shot.at(&set).verdict();
            prop_assert!(alone <= without_task && without_task <= named, "{shot:?}");
        }
    }

    /// Law: the order of policies and of permissions decides nothing, neither the verdict nor the code; the order of
    /// policies does not show in the digest either.
    #[test]
    fn order_does_not_matter(documents in generate::policies(), turn in 0..4_usize, seed in any::<u64>()) {
        let set = load_all(&documents);
        let mut turned = documents.clone();
        turned.rotate_left(turn % documents.len());
        let by_policy = load_all(&turned);
        prop_assert_eq!(by_policy.digest(), set.digest());
        turned.reverse();
        turned.iter_mut().for_each(|policy| policy["permissions"].as_array_mut().unwrap().reverse());
        let by_permission = load_all(&turned);
        for shot in shots(&documents, seed) {
            let expected = shot.at(&set);
            for other in [&by_policy, &by_permission] {
                let decision = shot.at(other);
                prop_assert_eq!(decision.verdict(), expected.verdict(), "{:?}", shot);
                prop_assert_eq!(decision.reason().code(), expected.reason().code(), "{:?}", shot);
            }
        }
    }

    /// Law: an allowed call stays allowed without one of its arguments exactly if no permission asks for it, and with
    /// one that nobody named exactly if every permission leaves room for it.
    #[test]
    fn absent_and_extra_arguments(documents in generate::policies(), seed in any::<u64>()) {
        let set = load_all(&documents);
        for mut shot in shots(&documents, seed).filter(|shot| shot.at(&set).verdict() < portcullis::Verdict::Deny) {
            let before = shot.at(&set).verdict();
            let permissions = shot.permissions(&documents);
            for name in shot.args.keys().cloned().collect::<Vec<_>>() {
                let value = shot.args.remove(&name).unwrap();
                let required = |permission: &&Value| {
                    permission["allowed_params"].get(&name).is_some_and(|constraint| constraint["optional"] != true)
                };
                let allowed = shot.at(&set).verdict() == before;
                prop_assert_eq!(allowed, !permissions.iter().any(required), "{:?} without {}", shot, name);
                shot.args.insert(name, value);
            }
            shot.args.insert("nobody named this".to_owned(), json!(1));
            let allowed = shot.at(&set).verdict() == before;
            prop_assert_eq!(allowed, permissions.iter().all(|permission| is_open(permission)), "{:?}", shot);
        }
    }

    /// Law: two calls have one digest exactly if tool and arguments are equal by kind and value.
    #[test]
    fn digests_are_equal_exactly_for_equal_calls(seed in any::<u64>()) {
        let mut choices = Choices(seed);
        let tools = ["a", "aa"];
        for _ in 0..64 {
            let mut args = Map::new();
            for name in ["p", "q", "pp"] {
                if choices.one_in(2) {
                    args.insert(name.to_owned(), choices.pick(&generate::values()));
                }
            }
            let mut near = args.clone();
            let changed = near.keys().next().cloned().filter(|_| !choices.one_in(4));
            if let Some((name, value)) = changed.and_then(|name| near.remove_entry(&name)) {
                let name = if choices.one_in(6) { format!("{name}p") } else { name };
                near.insert(name, aim::beside(value, &mut choices));
            }
            let (one, other) = (call(choices.pick(&tools), &args), call(choices.pick(&tools), &near));
            let same = one.tool() == other.tool() && reference::same(&args.into(), &near.into());
            prop_assert_eq!(one == other, same);
            prop_assert_eq!(one.digest() == other.digest(), same);
        }
    }

    /// Law: a policy written out reads back as the same policy, by the crate's reader, by serde, and as TOML.
    #[test]
    fn documents_round_trip(document in generate::policy()) {
        let mut document = document;
        add_limits(&mut document);
        let policy = load(&document);
        let mut forms = Vec::new();
        let text = serde_json::to_string(&policy).unwrap();
        forms.push(AgentPolicy::from_json(&text).unwrap());
        forms.push(AgentPolicy::from_json(&serde_json::to_string_pretty(&document).unwrap()).unwrap());
        forms.push(AgentPolicy::from_json(&backwards(&document)).unwrap());
        forms.push(serde_json::from_str(&text).unwrap());
        forms.push(serde_json::from_value(document.clone()).unwrap());
        forms.push(serde_json::from_str(&document.to_string()).unwrap());
        #[cfg(feature = "toml")]
        if let Some(text) = toml_document(&document) {
            forms.push(AgentPolicy::from_toml(&text).unwrap_or_else(|error| panic!("{text}\n{error}")));
        }
        for form in forms {
            prop_assert_eq!(&form, &policy);
            prop_assert_eq!(form.digest(), policy.digest());
            prop_assert_eq!(serde_json::to_string(&form).unwrap(), text.clone());
        }
    }

    /// Law: two policies have one digest exactly if they are equal, however small the change.
    #[test]
    fn the_digest_follows_the_meaning(document in generate::policy(), seed in any::<u64>()) {
        let policy = load(&document);
        let mut choices = Choices(seed);
        for _ in 0..8 {
            let mut near = document.clone();
            let depth = 3 + choices.below(6);
            change_somewhere(&mut near, depth, &mut choices);
            if let Ok(other) = AgentPolicy::from_json(&near.to_string()) {
                prop_assert_eq!(policy == other, policy.digest() == other.digest(), "{} {}", document, near);
            }
        }
    }

    /// Law: at the standard audit level no text that the library makes holds a value of the call, and what the model
    /// is shown holds nothing of the policy's values either.
    #[test]
    fn no_value_leaks(documents in generate::policies(), seed in any::<u64>()) {
        let mut documents = documents;
        documents.iter_mut().for_each(make_standard);
        let set = load_all(&documents);
        let (guard, recorder) = guard(&documents);
        for mut shot in shots(&documents, seed) {
            shot.args.values_mut().for_each(mark);
            let call = call(shot.tool, &shot.args);
            let explained = set.explain(&caller(&shot.who), &call);
            let mut texts = vec![format!("{explained}\n{explained:?}\n{}\n{:?}", explained.decision(), explained.decision())];
            texts.push(format!("{call:?} {:?}", call.args()));
            let session = session(&guard, &shot.who);
            let shown = match session.call(shot.tool, call.args().clone()) {
                Ok(permit) => {
                    texts.push(format!("{permit:?}"));
                    String::new()
                }
                Err(refusal) => {
                    let shown = refusal.for_model();
                    texts.push(format!("{refusal} {refusal:?} {} {:?} {shown}", refusal.for_operator(), refusal.reason()));
                    shown
                }
            };
            texts.push(format!("{session:?} {guard:?} {:?}", recorder.records()));
            for text in texts {
                prop_assert!(!has_mark(&text), "{}", text);
            }
            prop_assert!(!POLICY_MARKS.iter().any(|mark| shown.contains(mark)), "{}", shown);
        }
    }

    /// Law: text that is refused is not repeated by the error.
    #[test]
    fn refused_text_is_not_repeated(cut in 0..200_usize, tail in "[\\x00-\\x7f]{0,4}") {
        let text = json!({"p": MARK, "q": [MARKED_NUMBER, {"r": MARK}], "s": {"t": MARKED_NUMBER}}).to_string();
        let (before, after) = text.split_at(cut.min(text.len()));
        for broken in [format!("{before}{tail}"), format!("{before}{tail}{after}")] {
            if let Err(error) = Args::parse(&broken) {
                let text = format!("{error} {error:?}");
                prop_assert!(!has_mark(&text), "{}", text);
            }
        }
    }
}

/// Puts another value in the place of one that lies about so deep.
fn change_somewhere(value: &mut Value, depth: usize, choices: &mut Choices) {
    let parts: Vec<&mut Value> = match value {
        Value::Array(elements) if depth > 0 => elements.iter_mut().collect(),
        Value::Object(members) if depth > 0 => members.values_mut().collect(),
        _ => Vec::new(),
    };
    let chosen = choices.below(parts.len());
    match parts.into_iter().nth(chosen) {
        Some(part) => change_somewhere(part, depth - 1, choices),
        None => *value = aim::beside(value.take(), choices),
    }
}

/// Limits of every kind, so that they too are written and read.
fn add_limits(document: &mut Value) {
    let agent = document.get("agent_id").is_some();
    for (index, permission) in document["permissions"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .enumerate()
    {
        let permission = permission.as_object_mut().unwrap();
        if index == 0 {
            permission.insert("max_calls_per_minute".to_owned(), json!(7));
            permission.insert("limits".to_owned(), json!([{"calls": 9, "per": "90s", "by": ["tool", "user"]}, {"calls": 1, "per": "1d"}]));
        } else if agent && !permission.contains_key("allowed_params") {
            let budgets = json!([{"sum": "amount", "at_most": 0.3, "per": "24h", "by": ["param:to", "agent"]}]);
            permission.insert("budgets".to_owned(), budgets);
        }
    }
}

/// JSON with the members of every object in reverse.
fn backwards(value: &Value) -> String {
    match value {
        Value::Array(elements) => format!(
            "[{}]",
            elements.iter().map(backwards).collect::<Vec<_>>().join(",")
        ),
        Value::Object(members) => {
            let members = members
                .iter()
                .rev()
                .map(|(name, value)| format!("{}:{}", json!(name), backwards(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        leaf => leaf.to_string(),
    }
}

/// The same document in TOML, which has no null.
#[cfg(feature = "toml")]
fn toml_document(document: &Value) -> Option<String> {
    let entries = document
        .as_object()?
        .iter()
        .map(|(key, value)| Some(format!("{key} = {}\n", toml_value(value)?)));
    entries.collect()
}

#[cfg(feature = "toml")]
fn toml_value(value: &Value) -> Option<String> {
    let string = |text: &str| {
        Some(
            serde_json::to_string(text)
                .ok()?
                .replace('\u{7f}', "\\u007f"),
        )
    };
    match value {
        Value::Null => None,
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::String(text) => string(text),
        Value::Array(elements) => {
            let elements: Option<Vec<_>> = elements.iter().map(toml_value).collect();
            Some(format!("[{}]", elements?.join(", ")))
        }
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| Some(format!("{} = {}", string(name)?, toml_value(value)?)));
            Some(format!(
                "{{{}}}",
                members.collect::<Option<Vec<_>>>()?.join(", ")
            ))
        }
    }
}

const MARK: &str = "s3cr3t-m4rk";
const MARKED_NUMBER: u64 = 918_273_645_546;
const MARKED_FLOAT: f64 = 918_273_645.25;

fn has_mark(text: &str) -> bool {
    [MARK, "918273645", "918_273_645"]
        .iter()
        .any(|mark| text.contains(mark))
}

/// Texts that stand in generated policies as values, and in no name.
const POLICY_MARKS: [&str; 7] = [
    "[A-Z]",
    "abbcd",
    "gs://",
    "reports",
    "/w",
    "9007199254740992",
    "a|ab",
];

/// Puts a mark into every leaf.
fn mark(value: &mut Value) {
    match value {
        Value::String(text) => text.push_str(MARK),
        Value::Number(number) if number.is_f64() => *value = json!(MARKED_FLOAT),
        Value::Number(_) => *value = json!(MARKED_NUMBER),
        Value::Array(elements) => elements.iter_mut().for_each(mark),
        Value::Object(members) => members.values_mut().for_each(mark),
        Value::Null | Value::Bool(_) => {}
    }
}

fn make_standard(policy: &mut Value) {
    for permission in policy["permissions"].as_array_mut().unwrap() {
        permission.as_object_mut().unwrap().remove("audit_level");
    }
}

fn guard(documents: &[Value]) -> (Guard, std::sync::Arc<RingRecorder>) {
    let recorder = std::sync::Arc::new(RingRecorder::new(8));
    let builder = Guard::builder()
        .policies(documents.iter().map(load))
        .recorder(std::sync::Arc::clone(&recorder));
    (builder.build().unwrap(), recorder)
}

/// A constraint that code puts together is one that a document can say.
#[test]
fn constraints_made_in_code_round_trip() {
    let from = |text: &str| Constraint::from_json(text).unwrap();
    let low = || Constraint::at_least(1).unwrap();
    let mixed = Constraint::at_most(9).unwrap().and(&low());
    assert_eq!(mixed, from(r#"{"max": 9, "min": 1}"#));
    for constraint in [
        mixed,
        low().and(&Constraint::at_least(2).unwrap()),
        low().and(&low()).and(&low()),
        low().and(&Constraint::at_most(0).unwrap()),
        Constraint::any().and(&Constraint::any()),
        Constraint::one_of(["a"])
            .unwrap()
            .and(&from(r#"{"one_of": ["a"], "max_length": 2}"#)),
    ] {
        let permission = ToolPermission::new("t")
            .unwrap()
            .param("v", constraint.clone())
            .optional_param("w", constraint);
        let policy = AgentPolicy::new(generate::AGENTS[0].parse().unwrap())
            .permit(permission)
            .unwrap();
        let again = AgentPolicy::from_json(&serde_json::to_string(&policy).unwrap()).unwrap();
        assert_eq!(again, policy);
        assert_eq!(again.digest(), policy.digest());
    }
}

/// Budgets sum amounts, and a sum of one amount is that amount: it must not show either.
#[test]
fn a_spent_budget_shows_no_amount() {
    let document = json!({"agent_id": generate::AGENTS[0], "permissions": [
        {"tool_name": "pay", "budgets": [{"sum": "amount", "at_most": 1_000_000_000_000_u64, "per": "1h"}]}]});
    let (guard, recorder) = guard(&[document]);
    let session = guard
        .vouched_session(generate::AGENTS[0].parse().unwrap())
        .unwrap();
    let pay = || session.call("pay", json!({"amount": MARKED_NUMBER}));
    pay()
        .unwrap()
        .run(|_| Ok::<_, portcullis::Refusal>(()))
        .unwrap();
    let refusal = pay().unwrap_err();
    for text in [
        refusal.for_model(),
        refusal.for_operator(),
        format!("{refusal:?} {:?} {}", refusal.reason(), refusal.reason()),
        format!("{:?}", recorder.records()),
    ] {
        assert!(!has_mark(&text), "{text}");
    }
}
