//! `explain`: every rule with its place.

use serde_json::json;

use super::POLICY;
use super::run::{Folder, run};

#[test]
fn every_rule_is_told_with_its_place() {
    let folder = Folder::new();
    let policy = folder.file("p.toml", POLICY);
    let call = r#"{"tool": "read", "args": {"path": "/etc", "mode": "r"}}"#;
    let ran = run(["explain", "--policy", &policy, "--call", call], b"");
    assert_eq!((ran.code, ran.err.as_str()), (Some(2), ""));
    let lines: Vec<&str> = ran.out.lines().collect();
    let [decision, heading, path, mode, limit] = lines[..] else {
        panic!("{ran:?}");
    };
    assert!(decision.starts_with("deny: "), "{ran:?}");
    assert!(
        heading.starts_with("  permission 1 `read` of agent "),
        "{ran:?}"
    );
    assert!(heading.ends_with("p.toml:4:13)"), "{ran:?}");
    assert!(path.starts_with("    deny  `path` must be"), "{ran:?}");
    assert!(path.ends_with("p.toml:8:1)"), "{ran:?}");
    assert_eq!(mode, "    deny  `mode` is not one of the named parameters");
    assert_eq!(limit, "    allow counts against the limit of 2 calls in 1m");
}

#[test]
fn the_trace_as_json() {
    let folder = Folder::new();
    let policy = folder.file("p.toml", POLICY);
    let explain = |call| {
        run(
            ["explain", "--json", "--policy", &policy, "--call", call],
            b"",
        )
    };
    let ran = explain(r#"{"tool": "pay", "args": {"amount": 2}}"#);
    assert_eq!(ran.code, Some(3));
    let answer = ran.one();
    assert_eq!(answer["decision"], "ask");
    let decisions: Vec<_> = answer["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| &step["decision"])
        .collect();
    assert_eq!(decisions, ["allow", "ask", "allow"]);
    assert!(
        answer["steps"][0]["place"]
            .as_str()
            .unwrap()
            .ends_with("p.toml:14:1")
    );
    assert_eq!(answer["steps"][0]["rule"]["tool_name"], "pay");

    let answer = explain(r#"{"tool": "rm", "args": {}}"#).one();
    assert_eq!(answer["steps"][0]["rule"], json!(null));
    assert_eq!(
        answer["steps"][0]["policy"]["agent_id"],
        "spiffe://example.org/agent/a"
    );
    // No rule is asked about what is not a call.
    let answer = explain(r#"{"tool": "read", "args": {"a": 1, "a": 2}}"#).one();
    assert_eq!(
        (&answer["code"], &answer["steps"]),
        (&json!("malformed"), &json!([]))
    );
}

#[test]
fn a_budget_that_one_call_exceeds_decides() {
    let folder = Folder::new();
    let policy = folder.file("p.toml", POLICY);
    let call = r#"{"tool": "spend", "args": {"amount": 101}}"#;
    let ran = run(["explain", "--policy", &policy, "--call", call], b"");
    assert_eq!(ran.code, Some(2));
    assert!(ran.out.starts_with("deny: budget: "), "{ran:?}");
}
