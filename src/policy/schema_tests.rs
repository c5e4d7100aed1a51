use std::collections::BTreeSet;

use proptest::prelude::*;
use regex::Regex;

use super::*;
use crate::ids::ToolPattern;
use crate::policy::document::{
    BUDGET_KEYS, EXAMPLE_KEYS, LIMIT_KEYS, PERMISSION_KEYS, POLICY_KEYS,
};
use crate::policy::limits::KeyPart;
use crate::reading::parse_duration;

fn schema() -> Value {
    schemars::schema_for!(AgentPolicy).to_value()
}

#[test]
fn the_keys_are_those_of_the_reader() {
    let schema = schema();
    let permission = &schema["$defs"]["ToolPermission"]["properties"];
    for (properties, known) in [
        (&schema["properties"], &POLICY_KEYS[..]),
        (permission, &PERMISSION_KEYS),
        (&permission["limits"]["items"]["properties"], &LIMIT_KEYS),
        (&permission["budgets"]["items"]["properties"], &BUDGET_KEYS),
        (&permission["examples"]["properties"], &EXAMPLE_KEYS),
    ] {
        let described: BTreeSet<&str> = properties
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(described, known.iter().copied().collect());
    }
}

#[test]
fn defaults_are_those_of_the_reader() {
    let schema = schema();
    let properties = schema["$defs"]["ToolPermission"]["properties"]
        .as_object()
        .unwrap();
    let defaults = properties
        .iter()
        .filter_map(|(key, schema)| Some((key, schema.get("default")?)));
    let permission = |keys: Value| {
        let mut permission = json!({"tool_name": "t", "allowed_params": {}});
        permission
            .as_object_mut()
            .unwrap()
            .extend(keys.as_object().unwrap().clone());
        let text = json!({"agent_id": "spiffe://d", "permissions": [permission]}).to_string();
        AgentPolicy::from_json(&text).unwrap()
    };
    let rules = |policy: &AgentPolicy| -> Vec<_> {
        policy.permissions()[0]
            .limit_rules(policy.principal())
            .collect()
    };
    let plain = permission(json!({}));
    let mut count = 0;
    for (key, default) in defaults {
        let written = permission(json!({key: default}));
        if key == "max_calls_per_minute" {
            assert_eq!(rules(&written), rules(&plain));
        } else {
            assert_eq!(written, plain, "{key}");
        }
        count += 1;
    }
    assert_eq!(count, 5);
}

/// Runs of pieces that matter to the names, some of them broken.
fn text(pieces: &'static [&'static str]) -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(pieces), 0..7)
        .prop_map(|pieces| pieces.concat())
}

/// How a validator reads it: the pattern finds a match somewhere, and the length is in characters.
fn fits(pattern: &str, longest: usize, text: &str) -> bool {
    text.chars().count() <= longest && Regex::new(pattern).unwrap().is_match(text)
}

proptest! {
    #[test]
    fn agent_ids_are_those_of_the_reader(
        start in prop_oneof![9 => Just("spiffe://d"), 1 => Just("spiffe://"), 1 => Just("SPIFFE://d"), 1 => Just("a")],
        rest in text(&["/", "a", ".", "..", "/a", "/.", "/..", "/...", "/-", "-", "Z", "é", " ", "\n", "*", "%2e"]),
    ) {
        let id = format!("{start}{rest}");
        prop_assert_eq!(fits(AGENT_ID, AgentId::MAX_LEN, &id), AgentId::parse(&id).is_ok());
    }

    #[test]
    fn opaque_ids_are_those_of_the_reader(
        id in text(&["a", "é", " ", "/", "\0", "\n", "\u{1f}", "\u{7f}", "\u{85}", "\u{9f}", "\u{a0}", "\u{2028}"]),
    ) {
        prop_assert_eq!(fits(OPAQUE_ID, UserId::MAX_LEN, &id), UserId::parse(&id).is_ok());
    }

    #[test]
    fn tool_names_are_those_of_the_reader(
        name in text(&["a", "Z", "9", "_", ".", ":", "/", "-", "*", " ", "é", "\n", "?", "\\"]),
        times in prop_oneof![9 => Just(1), 1 => 20..80_usize],
    ) {
        let name = name.repeat(times);
        prop_assert_eq!(fits(TOOL_NAME, ToolName::MAX_LEN, &name), ToolPattern::parse(&name).is_ok());
    }

    #[test]
    fn windows_are_those_of_the_reader(
        window in text(&["0", "1", "60", "ms", "s", "m", "h", "d", "w", " ", "-", ".", "١", "\n"]),
    ) {
        let read = parse_duration(&window).is_some_and(|window| !window.is_zero());
        // What is too long for the reader is still of the form.
        prop_assume!(read || window.len() < 6);
        prop_assert_eq!(fits(WINDOW, usize::MAX, &window), read);
    }

    #[test]
    fn key_parts_are_those_of_the_reader(
        part in text(&["agent", "user", "task", "session", "tool", "param:", "a", "\n", " "]),
    ) {
        let words = &key()["items"]["anyOf"][0]["enum"];
        let fits = words.as_array().unwrap().contains(&json!(part)) || fits(PARAMETER_PART, usize::MAX, &part);
        prop_assert_eq!(fits, KeyPart::parse(&part).is_ok());
    }
}
