//! What the author of a policy that does not load is told.

use portcullis::{AgentPolicy, LoadError, LoadErrorKind};

const A: &str = r#""agent_id": "spiffe://example.org/a""#;

fn error(text: &str) -> LoadError {
    AgentPolicy::from_json(text).expect_err(text)
}

/// A permission with these keys, on the fourth line of a document.
fn permission(keys: &str) -> String {
    format!("{{\n  {A},\n  \"permissions\": [\n{{\"tool_name\": \"t\", {keys}}}]}}")
}

/// The same, for one parameter.
fn param(constraint: &str) -> String {
    permission(&format!(r#""allowed_params": {{"x": {constraint}}}"#))
}

#[test]
fn reports_point_at_the_place() {
    for (text, expected) in [
        (
            format!("{{{A}, \"permisions\": []}}"),
            "line 1 column 40: unknown field `permisions` in a policy\n  |\n1 | {\"agent_id\": \"spiffe://example.org/a\", \"permisions\": []}\n  |                                        ^^^^^^^^^^^^\n  = did you mean `permissions`?",
        ),
        (
            param(r#"[1], "x": [2]"#),
            "line 4 column 49: duplicate key\n  |\n4 | {\"tool_name\": \"t\", \"allowed_params\": {\"x\": [1], \"x\": [2]}}]}\n  |                                                 ^",
        ),
        (
            param(r#"{"patern": "a"}"#),
            "line 4 column 45: unknown field `patern` in a constraint\n  |\n4 | {\"tool_name\": \"t\", \"allowed_params\": {\"x\": {\"patern\": \"a\"}}}]}\n  |                                             ^^^^^^^^\n  = did you mean `pattern`?",
        ),
        (
            param(r#"{"min": 5, "max": 4}"#),
            "line 4 column 44: no number is within these bounds\n  |\n4 | {\"tool_name\": \"t\", \"allowed_params\": {\"x\": {\"min\": 5, \"max\": 4}}}]}\n  |                                            ^^^^^^^^^^^^^^^^^^^^",
        ),
        (
            permission(r#""max_calls_per_minute": 0"#),
            "line 4 column 44: the limit must be from 1 to 4294967295\n  |\n4 | {\"tool_name\": \"t\", \"max_calls_per_minute\": 0}]}\n  |                                            ^\n  = leave the permission out to allow no calls",
        ),
        (
            permission(r#""examples": {"allow": [{}], "deny": [{"a": 1}]}"#),
            "line 4 column 57: this example of `t` should be decided `deny`, but is `allow`\n  |\n4 | {\"tool_name\": \"t\", \"examples\": {\"allow\": [{}], \"deny\": [{\"a\": 1}]}}]}\n  |                                                         ^^^^^^^^\n  = the reason is: allowed, by permission 1 `t` of agent `spiffe://example.org/a` (line 4 column 15)",
        ),
        (
            format!(
                "{{{A}, \"permissions\": [{{\"tool_name\": \"t\"}},\n{{\"tool_name\": \"t\"}}]}}"
            ),
            "line 2 column 15: the tool name `t` stands twice in this policy\n  |\n2 | {\"tool_name\": \"t\"}]}\n  |               ^^^\n  = put everything about a tool into one permission",
        ),
    ] {
        assert_eq!(error(&text).to_string(), expected);
    }
}

#[test]
fn every_mistake_is_told() {
    use LoadErrorKind::{Example, Policy, Syntax};
    let whole = |rest: &str| format!("{{{A}, {rest}}}");
    for (text, kind, message, help) in [
        (String::new(), Syntax, "unexpected end of text", None),
        ("{".to_owned(), Syntax, "unexpected end of text", None),
        (
            "\u{feff}{}".to_owned(),
            Syntax,
            "unexpected character",
            None,
        ),
        (
            "[]".to_owned(),
            Policy,
            "expected a policy, found an array",
            None,
        ),
        (
            whole(r#""permissions": [], "permissions": []"#),
            Syntax,
            "duplicate key",
            None,
        ),
        (
            format!("{{{A}}}"),
            Policy,
            "the policy has no `permissions`",
            Some("write `permissions = []` for a policy that denies everything"),
        ),
        (
            r#"{"permissions": []}"#.to_owned(),
            Policy,
            "the policy does not say whose it is",
            Some("name one of `agent_id`, `user_id` or `task_id`"),
        ),
        (
            r#"{"agent_id": "spiffe://Example.org/a", "permissions": []}"#.to_owned(),
            Policy,
            "a trust domain must be 1 to 255 characters out of `a-z 0-9 . _ -`",
            None,
        ),
        (
            r#"{"agent_id": "spiffe://example.org/a/", "permissions": []}"#.to_owned(),
            Policy,
            "a path must not have an empty segment or end in `/`",
            None,
        ),
        (
            r#"{"agent_id": "trader", "permissions": []}"#.to_owned(),
            Policy,
            "an agent id must begin with `spiffe://`",
            None,
        ),
        (
            whole(r#""user_id": "ann", "permissions": []"#),
            Policy,
            "a policy is for one principal, but this names `agent_id` and `user_id`",
            None,
        ),
        (
            r#"{"user_id": "ann", "require_user": true, "permissions": []}"#.to_owned(),
            Policy,
            "`require_user` belongs in an agent's policy",
            None,
        ),
        (
            whole(r#""version": 2, "permissions": []"#),
            Policy,
            "only version 1 of the policy format exists",
            None,
        ),
        (
            whole(r#""version": "1", "permissions": []"#),
            Policy,
            "expected an integer from 0, found a string",
            None,
        ),
        (
            whole(r#""permissions": {}"#),
            Policy,
            "expected a list of permissions, found an object",
            None,
        ),
        (
            whole(r#""permissions": [{}]"#),
            Policy,
            "the permission has no `tool_name`",
            None,
        ),
        (
            whole(r#""permissions": [{"tool_name": "a b"}]"#),
            Policy,
            "a tool name must be 1 to 128 characters out of `A-Z a-z 0-9 _ . : / -`",
            Some("`*` stands for any run of these"),
        ),
        (
            permission(r#""alowed_params": {}"#),
            Policy,
            "unknown field `alowed_params` in a permission",
            Some("did you mean `allowed_params`?"),
        ),
        (
            permission(r#""tool_name": "t""#),
            Syntax,
            "duplicate key",
            None,
        ),
        (
            permission(r#""allowed_params": null"#),
            Policy,
            "expected a table of names and constraints, found null",
            None,
        ),
        (
            permission(r#""other_params": "allow""#),
            Policy,
            "`other_params` needs `allowed_params` beside it: without, any arguments are allowed",
            None,
        ),
        (
            permission(r#""requires_human_approval": "true""#),
            Policy,
            "expected `true` or `false`, found a string",
            None,
        ),
        (
            permission(r#""audit_level": "ful""#),
            Policy,
            "`ful` is not `standard`, `detailed` or `full`",
            Some("did you mean `full`?"),
        ),
        (
            permission(r#""effect": "delete""#),
            Policy,
            "`delete` is not `read` or `write`",
            None,
        ),
        (
            permission(r#""max_calls_per_minute": -1"#),
            Policy,
            "expected an integer from 0",
            None,
        ),
        (
            permission(r#""max_calls_per_minute": 1.5"#),
            Policy,
            "expected an integer from 0",
            None,
        ),
        (
            permission(r#""max_calls_per_minute": 4294967296"#),
            Policy,
            "the limit must be from 1 to 4294967295",
            Some("leave the permission out to allow no calls"),
        ),
        (
            permission(r#""limits": []"#),
            Policy,
            "the list must not be empty",
            None,
        ),
        (
            permission(r#""limits": [{"calls": 0, "per": "1h"}]"#),
            Policy,
            "the limit must be at least 1",
            None,
        ),
        (
            permission(r#""limits": [{"calls": 1}]"#),
            Policy,
            "`per` is missing",
            None,
        ),
        (
            permission(r#""limits": [{"calls": 1, "per": "0s"}]"#),
            Policy,
            "a window must be whole milliseconds, at least 1 and at most 366 days",
            None,
        ),
        (
            permission(r#""limits": [{"calls": 1, "per": "1 hour"}]"#),
            Policy,
            "the window is not a duration",
            Some("write a whole number and a unit: `500ms`, `60s`, `10m`, `24h` or `7d`"),
        ),
        (
            permission(r#""limits": [{"calls": 1, "per": "1h", "by": []}]"#),
            Policy,
            "the key must not be empty",
            Some("leave `by` out for a single count"),
        ),
        (
            permission(r#""limits": [{"calls": 1, "per": "1h", "by": ["usr"]}]"#),
            Policy,
            "a key is made of `agent`, `user`, `task`, `session`, `tool` and `param:NAME`",
            None,
        ),
        (
            permission(r#""limits": [{"calls": 1, "per": "1h", "by": ["user", "user"]}]"#),
            Policy,
            "a key must not name the same thing twice",
            None,
        ),
        (
            permission(r#""budgets": [{"sum": "x", "at_most": 0, "per": "1h"}]"#),
            Policy,
            "a budget must be from 1e-9 to 1e27",
            None,
        ),
        (
            permission(
                r#""allowed_params": {"y": [1]}, "budgets": [{"sum": "x", "at_most": 1, "per": "1h"}]"#,
            ),
            Policy,
            "a limit counts by the parameter `x`, which is not among `allowed_params`",
            None,
        ),
        (
            permission(r#""examples": {"ask": [{}]}"#),
            Example,
            "this example of `t` should be decided `ask`, but is `allow`",
            Some(
                "the reason is: allowed, by permission 1 `t` of agent `spiffe://example.org/a` (line 4 column 15)",
            ),
        ),
        (
            permission(r#""examples": {"allow": [5]}"#),
            Policy,
            "expected an argument object, found an integer",
            None,
        ),
        (param("[]"), Policy, "an empty list admits nothing", None),
        (
            param("{}"),
            Policy,
            "an empty constraint says nothing of the value",
            Some("write `{ any = true }` if anything may be there"),
        ),
        (
            param(r#"{"optional": true}"#),
            Policy,
            "`optional` alone says nothing of the value",
            Some("write `any = true` beside it if anything may be there"),
        ),
        (
            param(r#"{"regex": "a"}"#),
            Policy,
            "unknown field `regex` in a constraint",
            Some("write `pattern`"),
        ),
        (
            param(r#""NYSE""#),
            Policy,
            "expected a list of values or a table of constraints, found a string",
            Some("write a list, such as `[\"a\"]`, for a single value"),
        ),
        (
            param(r#"{"pattern": "a("}"#),
            Policy,
            "pattern is not a regular expression: unclosed group",
            None,
        ),
        (
            param(r#"{"above": 4, "max": 4}"#),
            Policy,
            "no number is within these bounds",
            None,
        ),
        (
            param(r#"{"min_length": 5, "max_length": 4}"#),
            Policy,
            "the smallest size is above the largest",
            None,
        ),
        (
            param(r#"{"any_of": []}"#),
            Policy,
            "the list must not be empty",
            None,
        ),
        (
            param(r#"{"not": {"optional": true}}"#),
            Policy,
            "`optional` goes with a parameter or a field",
            Some("move it to the outermost table of the parameter"),
        ),
        (
            param("[1e999]"),
            Syntax,
            "number cannot be kept exactly as a 64-bit float",
            None,
        ),
    ] {
        let error = error(&text);
        assert_eq!(
            (error.kind(), error.message(), error.suggestion()),
            (kind, message, help),
            "{text}"
        );
        assert!(error.line().is_some() && error.column().is_some(), "{text}");
        let deserialized = serde_json::from_str::<AgentPolicy>(&text);
        assert!(
            deserialized.is_err(),
            "serde takes what the reader does not: {text}"
        );
    }
}

#[test]
fn a_constraint_of_a_missing_feature_is_an_error() {
    let loaded = AgentPolicy::from_json(&param(r#"{"host": ["example.org"]}"#));
    if cfg!(feature = "net") {
        assert!(loaded.is_ok());
    } else {
        let message = "`host` needs the crate feature `net`, which is not compiled in";
        assert_eq!(loaded.unwrap_err().message(), message);
    }
}
