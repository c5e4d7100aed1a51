//! What holds for the findings of any policy.

use portcullis::{AgentPolicy, Finding, Lint, PolicySet, Verdict};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::oracle::agreement::{call, caller, cases, load};
use crate::oracle::aim::{self, Choices};
use crate::oracle::generate::{self, AGENTS, TOOLS};
use crate::oracle::reference::{Who, names};

/// Calls that are aimed at each permission with a finding.
const CALLS: usize = 96;

/// The permission whose tool name is written where the finding points. Each is on a line of its own.
fn permission_of<'d>(document: &'d Value, finding: &Finding) -> &'d Value {
    &document["permissions"][finding.line().unwrap() - 2]
}

/// A document with a line for each permission, from the second on.
fn in_lines(document: &Value) -> String {
    let permissions: Vec<String> = document["permissions"]
        .as_array()
        .unwrap()
        .iter()
        .map(Value::to_string)
        .collect();
    format!(
        "{{\"agent_id\": {}, \"permissions\": [\n{}\n]}}",
        document["agent_id"],
        permissions.join(",\n")
    )
}

fn without(document: &Value, permission: &Value) -> Value {
    let mut rest = document.clone();
    let permissions = rest["permissions"].as_array_mut().unwrap();
    permissions.retain(|one| one["tool_name"] != permission["tool_name"]);
    rest
}

fn who() -> Who {
    Who {
        agent: AGENTS[0].to_owned(),
        user: None,
        task: None,
    }
}

fn verdict(set: &PolicySet, tool: &str, args: &serde_json::Map<String, Value>) -> Verdict {
    set.decide(&caller(&who()), &call(tool, args)).verdict()
}

/// Policies of one agent, in which pairs of permissions agree or contradict each other more often than by chance: one of
/// them may be said again, as it is, for a pattern that covers it.
fn policy() -> impl Strategy<Value = Value> {
    (generate::policies(), 0..6_u8, 0..TOOLS.len()).prop_map(|(mut documents, how, tool)| {
        let mut document = documents.swap_remove(0);
        let permissions = document["permissions"].as_array_mut().unwrap();
        let mut again = permissions[0].clone();
        if how < 4 {
            let (name, pattern) = (TOOLS[tool], ["*", "**", "a*", "*a*"][usize::from(how)]);
            permissions.retain(|one| one["tool_name"] != name && one["tool_name"] != pattern);
            again["tool_name"] = json!(pattern);
            permissions.push(again.clone());
            again["tool_name"] = json!(name);
            permissions.push(again);
        }
        document
    })
}

/// Decides calls aimed at a permission, by its policy and by one without it.
fn aimed(document: &Value, permission: &Value, seed: u64) -> Vec<(Verdict, Verdict)> {
    let name = permission["tool_name"].as_str().unwrap();
    let tools: Vec<&str> = TOOLS.into_iter().filter(|tool| names(name, tool)).collect();
    let documents = [document.clone()];
    let set = PolicySet::new([load(document)]);
    let rest = PolicySet::new([load(&without(document, permission))]);
    let mut choices = Choices(seed);
    if tools.is_empty() {
        return Vec::new();
    }
    (0..CALLS)
        .map(|_| {
            let tool = choices.pick(&tools);
            let args = aim::arguments(&documents, tool, &mut choices);
            (verdict(&set, tool, &args), verdict(&rest, tool, &args))
        })
        .collect()
}

proptest! {
    #![proptest_config(cases())]

    /// Law: any policy that loads has findings, the same each time, whatever it was read from; each can be shown, and they
    /// stand in the order of the document.
    #[test]
    fn any_policy_has_findings(document in generate::policy()) {
        let policy = load(&document);
        let found = |policy: &AgentPolicy| -> Vec<_> {
            policy.lint().iter().map(|finding| (finding.kind(), finding.message().to_owned(), finding.why().to_owned())).collect()
        };
        let findings = policy.lint();
        prop_assert_eq!(found(&policy), found(&load(&document)));
        let places: Vec<_> = findings.iter().map(|finding| (finding.line().unwrap(), finding.column().unwrap())).collect();
        prop_assert!(places.is_sorted(), "{places:?}");
        for finding in &findings {
            let code = format!("warning[{}]", finding.kind());
            prop_assert!(finding.to_string().contains(&code));
            prop_assert!(!finding.instead().is_empty());
        }
        // Without places they come in another order, and do not name lines, but are about the same things.
        let placeless: AgentPolicy = serde_json::from_value(document.clone()).unwrap();
        let mut kinds = [findings, placeless.lint()].map(|all| all.iter().map(Finding::kind).collect::<Vec<_>>());
        kinds.iter_mut().for_each(|kinds| kinds.sort());
        prop_assert_eq!(&kinds[0], &kinds[1]);
        prop_assert!(placeless.lint().iter().all(|finding| finding.line().is_none()));
    }

    /// Law: leaving out a permission that is said to be a duplicate changes no decision, and one that is said to be
    /// unreachable lets no call pass.
    #[test]
    fn what_is_said_of_permissions_is_true(document in policy(), seed in any::<u64>()) {
        let findings = AgentPolicy::from_json(&in_lines(&document)).unwrap().lint();
        for finding in findings {
            let permission = permission_of(&document, &finding);
            let is_about_permission = finding.message().contains("says nothing beyond");
            match finding.kind() {
                Lint::Duplicate if is_about_permission => {
                    for (before, after) in aimed(&document, permission, seed) {
                        prop_assert_eq!(before, after, "{}\n{}", finding, document);
                    }
                }
                Lint::Unreachable | Lint::ApprovalNeverReached => {
                    for (before, _) in aimed(&document, permission, seed) {
                        prop_assert_eq!(before, Verdict::Deny, "{}\n{}", finding, document);
                    }
                }
                _ => {}
            }
        }
    }

    /// Law: all permissions that are said to be duplicates can be left out together.
    #[test]
    fn duplicates_can_all_be_left_out(document in policy(), seed in any::<u64>()) {
        let findings = AgentPolicy::from_json(&in_lines(&document)).unwrap().lint();
        let is_duplicate = |finding: &&Finding| finding.kind() == Lint::Duplicate && finding.message().contains("says nothing beyond");
        let rest = findings.iter().filter(is_duplicate).fold(document.clone(), |rest, finding| {
            without(&rest, permission_of(&document, finding))
        });
        let (set, rest) = (PolicySet::new([load(&document)]), PolicySet::new([load(&rest)]));
        let mut choices = Choices(seed);
        for tool in TOOLS {
            for _ in 0..8 {
                let args = aim::arguments(std::slice::from_ref(&document), tool, &mut choices);
                prop_assert_eq!(verdict(&set, tool, &args), verdict(&rest, tool, &args), "{}", document);
            }
        }
    }

    /// Law: no value that is tried holds to a constraint that is said to contradict itself.
    #[test]
    fn contradictions_admit_nothing(one in generate::constraint(), other in generate::constraint(), seed in any::<u64>()) {
        let both = json!({"all_of": [one, other]});
        let params = json!([{"tool_name": "c", "allowed_params": {"v": both}, "requires_human_approval": true}]);
        let document = json!({"agent_id": AGENTS[0], "permissions": params});
        let policy = load(&document);
        if policy.lint().iter().all(|finding| finding.kind() != Lint::ApprovalNeverReached) {
            return Ok(());
        }
        let set = PolicySet::new([policy]);
        let mut choices = Choices(seed);
        for _ in 0..CALLS {
            let value = aim::value_near(&both, &mut choices);
            let args = serde_json::Map::from_iter([("v".to_owned(), value)]);
            prop_assert_eq!(verdict(&set, "c", &args), Verdict::Deny, "{}", document);
        }
    }
}

/// The laws above say something only if such findings are common.
#[test]
fn the_generator_reaches_what_is_proved() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut seen = std::collections::BTreeMap::<Lint, u32>::new();
    for _ in 0..400 {
        let document = policy().new_tree(&mut runner).unwrap().current();
        for finding in load(&document).lint() {
            *seen.entry(finding.kind()).or_default() += 1;
        }
    }
    for kind in [
        Lint::Duplicate,
        Lint::Unreachable,
        Lint::ApprovalNeverReached,
        Lint::Contradiction,
    ] {
        assert!(
            seen.get(&kind).is_some_and(|count| *count >= 20),
            "{kind}: {seen:?}"
        );
    }
}
