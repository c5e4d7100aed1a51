//! `check`: exit codes, both forms of output, and where its input comes from.

use serde_json::json;

use super::POLICY;
use super::run::{Folder, Ran, run};

const AGENT: &str = "spiffe://example.org/agent/a";

fn check(call: &str) -> Ran {
    let folder = Folder::new();
    let policy = folder.file("p.toml", POLICY);
    run(["check", "--policy", &policy, "--call", call], b"")
}

fn check_json(call: &str) -> (Option<i32>, serde_json::Value) {
    let folder = Folder::new();
    let policy = folder.file("p.toml", POLICY);
    let ran = run(
        ["check", "--json", "--policy", &policy, "--call", call],
        b"",
    );
    (ran.code, ran.one())
}

#[test]
fn an_allowed_call() {
    let call = r#"{"tool": "read", "args": {"path": "/workspace/a"}}"#;
    let ran = check(call);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(
        ran.out
            .starts_with("allow: allowed, by permission 1 `read`"),
        "{ran:?}"
    );
    assert!(ran.out.trim_end().ends_with("p.toml:4:13)"), "{ran:?}");

    let (code, answer) = check_json(call);
    assert_eq!(code, Some(0));
    assert_eq!(answer["decision"], "allow");
    assert_eq!(answer["code"], "allowed");
    assert_eq!(answer["message"], "every rule that applies allows it");
    assert_eq!(answer["rule"]["agent_id"], AGENT);
    assert_eq!(answer["rule"]["tool_name"], "read");
    assert_eq!(answer["rule"]["index"], 0);
    assert!(
        answer["rule"]["place"]
            .as_str()
            .unwrap()
            .ends_with("p.toml:4:13")
    );
    let keys: Vec<&String> = answer.as_object().unwrap().keys().collect();
    assert_eq!(keys.len(), 4, "{keys:?}");
}

#[test]
fn a_denied_call() {
    let call = r#"{"tool": "read", "args": {"path": "/etc/shadow"}}"#;
    let ran = check(call);
    assert_eq!((ran.code, ran.err.as_str()), (Some(2), ""));
    assert!(
        ran.out.starts_with("deny: constraint: `path` must be"),
        "{ran:?}"
    );
    let (code, answer) = check_json(call);
    assert_eq!(code, Some(2));
    assert_eq!(
        (&answer["decision"], &answer["code"]),
        (&json!("deny"), &json!("constraint"))
    );
    // Values of a call stay out unless the audit level is `full`.
    assert!(!answer.to_string().contains("shadow"));
}

#[test]
fn a_call_that_needs_a_person() {
    let call = r#"{"tool": "pay", "args": {"amount": 3}}"#;
    assert_eq!(check(call).code, Some(3));
    let (code, answer) = check_json(call);
    assert_eq!(code, Some(3));
    assert_eq!(answer["decision"], "ask");
    assert_eq!(answer["code"], "approval_required");
}

#[test]
fn a_tool_that_no_rule_names_has_no_rule() {
    let (code, answer) = check_json(r#"{"tool": "rm", "args": {}}"#);
    assert_eq!(code, Some(2));
    assert_eq!(answer["code"], "unknown_tool");
    assert_eq!(answer["rule"], json!(null));
}

#[test]
fn a_budget_that_one_call_exceeds_denies_it() {
    let (code, answer) = check_json(r#"{"tool": "spend", "args": {"amount": 100}}"#);
    assert_eq!((code, &answer["code"]), (Some(0), &json!("allowed")));
    let (code, answer) = check_json(r#"{"tool": "spend", "args": {"amount": 100.5}}"#);
    assert_eq!((code, &answer["code"]), (Some(2), &json!("budget")));
}

/// The envelope is the command line's to read, the arguments the gate's: what it calls malformed is denied.
#[test]
fn malformed_arguments_are_denied() {
    for call in [
        r#"{"tool": "read", "args": {"path": "/workspace", "path": "/etc"}}"#,
        r#"{"tool": "read", "args": []}"#,
        r#"{"tool": "read", "args": null}"#,
        r#"{"tool": "spend", "args": {"amount": 1e999}}"#,
        r#"{"tool": "spend", "args": {"amount": 18446744073709551616}}"#,
        r#"{"tool": "two words", "args": {}}"#,
        r#"{"tool": "", "args": {}}"#,
    ] {
        let (code, answer) = check_json(call);
        assert_eq!(
            (code, &answer["code"]),
            (Some(2), &json!("malformed")),
            "{call}"
        );
    }
    let deep = format!(
        r#"{{"tool": "read", "args": {{"path": {}1{}}}}}"#,
        "[".repeat(5000),
        "]".repeat(5000)
    );
    assert_eq!(check_json(&deep).1["code"], "malformed");
}

#[test]
fn what_is_no_call_is_an_error() {
    for (call, reason) in [
        ("", "EOF"),
        ("{", "EOF"),
        ("[]", "invalid type"),
        (r#"["read", {"path": "/workspace"}]"#, "expected an object"),
        (r#"{"tool": "read"}"#, "missing field `args`"),
        (r#"{"args": {}}"#, "missing field `tool`"),
        (
            r#"{"tool": "read", "args": {}, "id": 1}"#,
            "unknown field `id`",
        ),
        (
            r#"{"tool": "read", "tool": "pay", "args": {}}"#,
            "duplicate field `tool`",
        ),
        (
            r#"{"tool": "read", "args": {}, "args": {}}"#,
            "duplicate field `args`",
        ),
        (r#"{"tool": 1, "args": {}}"#, "invalid type"),
        (r#"{"tool": "read", "args": {}} x"#, "trailing characters"),
        (r#"{"tool": "read", "args": {"path": }}"#, "expected value"),
    ] {
        let ran = check(call);
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (Some(1), ""),
            "{call}: {ran:?}"
        );
        assert!(
            ran.err.starts_with("error: the call, line "),
            "{call}: {ran:?}"
        );
        assert!(ran.err.contains(reason), "{call}: {ran:?}");
    }
}

#[test]
fn the_call_may_come_by_standard_input() {
    let folder = Folder::new();
    let policy = folder.file("p.toml", POLICY);
    let args = ["check", "--policy", &policy, "--call", "-"];
    let call = b"\n {\"tool\": \"read\",\n \"args\": {\"path\": \"/workspace\"}}\n";
    assert_eq!(run(args, call).code, Some(0));
    let ran = run(args, b"\xff");
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.err, "error: standard input: is not UTF-8\n");
    assert_eq!(run(args, b"").code, Some(1));
}

#[test]
fn all_policies_apply_together() {
    let folder = Folder::new();
    let agent = folder.file("agent.toml", POLICY);
    let user = folder.file(
        "user.json",
        r#"{"user_id": "ann", "permissions": [{"tool_name": "read",
            "allowed_params": {"path": {"path": ["/workspace/ann"]}}}]}"#,
    );
    let code = |call| {
        run(
            [
                "check", "--policy", &agent, "--policy", &user, "--call", call,
            ],
            b"",
        )
        .code
    };
    assert_eq!(
        code(r#"{"tool": "read", "args": {"path": "/workspace/ann/x"}}"#),
        Some(0)
    );
    assert_eq!(
        code(r#"{"tool": "read", "args": {"path": "/workspace/bob/x"}}"#),
        Some(2)
    );
    assert_eq!(code(r#"{"tool": "pay", "args": {"amount": 1}}"#), Some(2));
}

#[test]
fn the_policies_must_agree_on_who_calls() {
    let folder = Folder::new();
    let call = r#"{"tool": "read", "args": {}}"#;
    let a = folder.file("a.toml", POLICY);
    let b = folder.file("b.toml", POLICY.replace("agent/a", "agent/b"));
    let user = folder.file("u.toml", "user_id = \"ann\"\npermissions = []");
    let other = folder.file("o.toml", "user_id = \"bob\"\npermissions = []");
    for (policies, reason) in [
        (
            vec![&a, &b],
            "the policies are for `spiffe://example.org/agent/a` and for `spiffe://example.org/agent/b`",
        ),
        (vec![&user], "no policy is for an agent"),
        (
            vec![&a, &user, &other],
            "the policies are for `ann` and for `bob`",
        ),
    ] {
        let mut args = vec!["check", "--call", call];
        args.extend(policies.iter().flat_map(|file| ["--policy", file.as_str()]));
        let ran = run(args, b"");
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.err.contains(reason), "{ran:?}");
    }
    // The same agent twice is one agent.
    let call = r#"{"tool": "read", "args": {"path": "/workspace"}}"#;
    assert_eq!(
        run(
            ["check", "--policy", &a, "--policy", &a, "--call", call],
            b""
        )
        .code,
        Some(0)
    );
}

#[test]
fn policy_errors_come_first() {
    let folder = Folder::new();
    let broken = folder.file(
        "p.toml",
        "agent_id = \"spiffe://example.org/a\"\npermision = []",
    );
    let ran = run(["check", "--policy", &broken, "--call", "{"], b"");
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.err.contains("p.toml:2:1: unknown field `permision`"),
        "{ran:?}"
    );
    assert!(ran.err.contains("did you mean `permissions`?"), "{ran:?}");
    assert!(!ran.err.contains("the call"), "{ran:?}");
}

#[test]
fn policy_files_that_cannot_be_read() {
    let folder = Folder::new();
    let call = r#"{"tool": "read", "args": {}}"#;
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::create_dir(at("d.toml")).unwrap();
    for (path, reason) in [
        (at("absent.toml"), "absent.toml: No such file"),
        (at("d.toml"), "d.toml: Is a directory"),
        (
            folder.file("p.yaml", POLICY),
            "a policy file ends in `.json` or `.toml`",
        ),
        (
            folder.file("empty.toml", ""),
            "the policy does not say whose it is",
        ),
        (folder.file("empty.json", ""), "empty.json:1:1: "),
        (
            folder.file("bad.toml", b"agent_id = \"\xff\""),
            "did not contain valid UTF-8",
        ),
    ] {
        let ran = run(["check", "--policy", &path, "--call", call], b"");
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
        assert!(
            ran.err.starts_with("error: ") && ran.err.contains(reason),
            "{ran:?}"
        );
    }
}

#[test]
fn bad_usage_is_an_error_and_help_is_not() {
    for args in [
        vec![],
        vec!["chek"],
        vec!["check"],
        vec!["check", "--policy", "p.toml"],
        vec!["check", "--polcy", "p.toml", "--call", "{}"],
        vec!["check", "--policy", "p.toml", "--call", "{}", "extra"],
        vec!["replay", "--policy", "p.toml", "--clock", "sundial"],
    ] {
        let ran = run(&args, b"");
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{args:?}");
        assert!(!ran.err.is_empty(), "{args:?}");
    }
    for args in [
        vec!["--help"],
        vec!["--version"],
        vec!["help", "check"],
        vec!["replay", "-h"],
    ] {
        let ran = run(&args, b"");
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{args:?}");
        assert!(!ran.out.is_empty(), "{args:?}");
    }
}
