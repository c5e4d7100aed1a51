//! Names, arguments and permits that are not what they seem.

use std::time::Duration;

use portcullis::json::ErrorKind;
use portcullis::{
    AgentId, AgentPolicy, Args, ArgsError, Code, Constraint, Refusal, ToolPermission,
};
use serde_json::{Value, json};

use super::{AGENT, code, guard, session};

#[test]
fn absent_is_not_null() {
    let permission = |params: &str| format!(r#"{{"tool_name": "t", "allowed_params": {params}}}"#);
    let (required, _) = session(&permission(
        r#"{"v": {"not": ["evil"]}, "n": {"any": true}}"#,
    ));
    assert_eq!(
        code(required.call("t", r#"{"n": null}"#)),
        Code::MissingParameter
    );
    assert_eq!(
        code(required.call("t", r#"{"v": "x"}"#)),
        Code::MissingParameter
    );
    assert_eq!(code(required.call("t", "{}")), Code::MissingParameter);
    assert_eq!(
        code(required.call("t", r#"{"v": null, "n": null}"#)),
        Code::Constraint
    );
    assert_eq!(
        code(required.call("t", r#"{"v": "x", "n": null}"#)),
        Code::Allowed
    );
    let (optional, _) = session(&permission(r#"{"v": {"max": 5, "optional": true}}"#));
    assert_eq!(code(optional.call("t", "{}")), Code::Allowed);
    assert_eq!(code(optional.call("t", r#"{"v": null}"#)), Code::Constraint);
    for extra in [
        r#"{"V": 1}"#,
        r#"{"v ": 1}"#,
        r#"{"": 1}"#,
        r#"{"v\u0000": 1}"#,
        r#"{"optional": true}"#,
        r#"{"v": 1, "w": null}"#,
    ] {
        assert_eq!(
            code(optional.call("t", extra)),
            Code::UnexpectedParameter,
            "{extra}"
        );
    }
    let (none, _) = session(&permission("{}"));
    assert_eq!(code(none.call("t", "{}")), Code::Allowed);
    assert_eq!(
        code(none.call("t", r#"{"": null}"#)),
        Code::UnexpectedParameter
    );
    let (empty_name, _) = session(&permission(r#"{"": [1]}"#));
    assert_eq!(code(empty_name.call("t", r#"{"": 1}"#)), Code::Allowed);
    assert_eq!(code(empty_name.call("t", r#"{"": 2}"#)), Code::Constraint);
}

#[test]
fn arguments_with_two_readings() {
    let (session, _) = session(r#"{"tool_name": "t"}"#);
    let deep = format!(r#"{{"v": {}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let deep_objects = format!("{}1{}", r#"{"v":"#.repeat(100_000), "}".repeat(100_000));
    let large = format!(r#"{{"v": "{}"}}"#, "x".repeat(1 << 20));
    let wide = format!(r#"{{"v": [{}1]}}"#, "1,".repeat(1 << 19));
    for text in [
        r#"{"v": "a", "v": "b"}"#,
        r#"{"v": "a", "\u0076": "b"}"#,
        r#"{"v": {"x": 1, "\u0078": 2}}"#,
        r#"{"v": [[{"x": 1, "x": 1}]]}"#,
        r#"{"$serde_json::private::Number": "1e400"}"#,
        r#"{"v": {"$serde_json::private::Number": "1"}}"#,
        r#"{"v": {"$serde_json::private::RawValue": "{}"}}"#,
        r#"{"v": {"\u0024serde_json::private::RawValue": "{}"}}"#,
        r#"{"v": 1}{"v": 2}"#,
        "{\"v\": \"a\nb\"}",
        r#"{"v": 1} x"#,
        r#"{"v": 1,}"#,
        r#"{v: 1}"#,
        "\u{feff}{\"v\": 1}",
        r#"{"v": 1 /* 2 */}"#,
        "",
        " ",
        "null",
        "[]",
        r#""{}""#,
        "1",
        "{",
        deep.as_str(),
        deep_objects.as_str(),
        large.as_str(),
        wide.as_str(),
    ] {
        let shown: String = text.chars().take(60).collect();
        assert_eq!(code(session.call("t", text)), Code::Malformed, "{shown}");
    }
    assert_eq!(
        code(session.call("t", r#"{"$serde_json": 1, "private::Number": 2}"#)),
        Code::Allowed
    );
    assert_eq!(
        code(session.call("t", " {\"v\" :\t[ ] }\r\n")),
        Code::Allowed
    );
    let value = json!({"v": {"$serde_json::private::Number": "1"}});
    assert_eq!(code(session.call("t", &value)), Code::Malformed);
    let mut nested = Value::Null;
    for _ in 0..100_000 {
        nested = Value::Array(vec![nested]);
    }
    let nested = Value::from_iter([("v", nested)]);
    assert_eq!(code(session.call("t", &nested)), Code::Malformed);
    // `serde_json` frees by recursion.
    std::mem::forget(nested);
}

#[test]
fn the_error_names_the_trick() {
    let kind = |text: &str| match Args::parse(text) {
        Err(ArgsError::Json(error)) => Some(error.kind()),
        _ => None,
    };
    assert_eq!(
        kind(r#"{"v": 1, "\u0076": 2}"#),
        Some(ErrorKind::DuplicateKey)
    );
    assert_eq!(
        kind(r#"{"$serde_json::private::Number": "1"}"#),
        Some(ErrorKind::ReservedKey)
    );
    assert_eq!(kind(r#"{"v": 1e400}"#), Some(ErrorKind::InexactFloat));
    assert_eq!(
        kind(r#"{"v": 18446744073709551616}"#),
        Some(ErrorKind::IntegerRange)
    );
    assert_eq!(
        kind(&"[".repeat(33)),
        Some(ErrorKind::TooDeep { limit: 32 })
    );
    assert_eq!(
        kind(&" ".repeat((1 << 20) + 1)),
        Some(ErrorKind::TooLarge { limit: 1 << 20 })
    );
}

#[test]
fn tool_names() {
    let (all, _) = session(r#"{"tool_name": "*"}"#);
    let long = "a".repeat(129);
    for tool in [
        "",
        " ",
        "a b",
        "a\n",
        "a\0",
        "é",
        "a*",
        "*",
        "a\u{202e}b",
        "a\\b",
        "а",
        "a?",
        "$(a)",
        "a;b",
        long.as_str(),
    ] {
        let found = code(all.call(tool, "{}"));
        assert_eq!(found, Code::Malformed, "{tool:?}");
    }
    for tool in ["a", "..", "/", "a/../b", "-", ":", &"a".repeat(128)] {
        assert_eq!(code(all.call(tool, "{}")), Code::Allowed, "{tool:?}");
    }
    let (one, _) = session(r#"{"tool_name": "files/*"}, {"tool_name": "Read"}"#);
    for tool in [
        "read",
        "READ",
        "Read/",
        "files",
        "files.read",
        "xfiles/a",
        "Read\0",
        "Files/a",
    ] {
        let found = code(one.call(tool, "{}"));
        assert!(
            matches!(found, Code::UnknownTool | Code::Malformed),
            "{tool:?} {found}"
        );
    }
    assert_eq!(code(one.call("files/", "{}")), Code::Allowed);
}

#[test]
fn every_entry_that_names_the_tool_counts() {
    let (session, _) = session(
        r#"{"tool_name": "files/read", "allowed_params": {"v": {"any": true}}},
           {"tool_name": "files/*", "allowed_params": {"v": ["a", "b"]}},
           {"tool_name": "*read", "allowed_params": {"v": ["a"], "w": {"any": true, "optional": true}}},
           {"tool_name": "*/w*", "requires_human_approval": true}"#,
    );
    assert_eq!(
        code(session.call("files/read", r#"{"v": "a"}"#)),
        Code::Allowed
    );
    assert_eq!(
        code(session.call("files/read", r#"{"v": "b"}"#)),
        Code::Constraint
    );
    assert_eq!(
        code(session.call("files/read", r#"{"v": "a", "w": 1}"#)),
        Code::UnexpectedParameter
    );
    assert_eq!(
        code(session.call("files/write", r#"{"v": "a"}"#)),
        Code::ApprovalRequired
    );
    assert_eq!(
        code(session.call("files/write", r#"{"v": "c"}"#)),
        Code::Constraint
    );
    assert_eq!(code(session.call("x/w", "{}")), Code::ApprovalRequired);
}

#[test]
fn amounts() {
    let (session, clock) = session(
        r#"{"tool_name": "pay", "max_calls_per_minute": 1000,
            "budgets": [{"sum": "amount", "at_most": 10, "per": "1h"}]}"#,
    );
    let pay = |args: &str| {
        session
            .call("pay", args)
            .map(|permit| permit.run(|_| Ok::<_, Refusal>(())).unwrap())
            .map_err(|refusal| refusal.code())
    };
    for odd in [
        r#"{"amount": -1}"#,
        r#"{"amount": -0.5}"#,
        r#"{"amount": -9223372036854775808}"#,
        r#"{"amount": "1"}"#,
        r#"{"amount": null}"#,
        r#"{"amount": true}"#,
        r#"{"amount": [1]}"#,
        r#"{"amount": {"amount": 1}}"#,
        "{}",
        r#"{"Amount": 1}"#,
        r#"{"amount": 1e300}"#,
        r#"{"amount": 10.000000001}"#,
        r#"{"amount": 18446744073709551615}"#,
        r#"{"amount": 11}"#,
        r#"{"amount": -5e-324}"#,
    ] {
        assert_eq!(pay(odd), Err(Code::Budget), "{odd}");
    }
    assert_eq!(pay(r#"{"amount": 1e400}"#), Err(Code::Malformed));
    // What was refused has cost nothing; nothing is as little as it looks.
    assert_eq!(pay(r#"{"amount": 9.7}"#), Ok(()));
    assert_eq!(pay(r#"{"amount": -0}"#), Ok(()));
    assert_eq!(pay(r#"{"amount": 0.1}"#), Ok(()));
    assert_eq!(pay(r#"{"amount": 0.2}"#), Ok(()));
    assert_eq!(pay(r#"{"amount": 1e-300}"#), Err(Code::Budget));
    assert_eq!(pay(r#"{"amount": 0}"#), Ok(()));
    clock.advance(Duration::from_secs(3600));
    assert_eq!(pay(r#"{"amount": 10}"#), Ok(()));
}

#[test]
fn a_hoard_of_permits() {
    let (session, clock) = session(r#"{"tool_name": "t", "max_calls_per_minute": 3}"#);
    let call = || session.call("t", "{}");
    // Held, they take their places; dropped, they give them back.
    let held = [call().unwrap(), call().unwrap(), call().unwrap()];
    assert_eq!(code(call()), Code::Limit);
    drop(held);
    // Held past five seconds, they no longer run, and so count no more.
    let hoard = [call().unwrap(), call().unwrap(), call().unwrap()];
    clock.advance(Duration::from_secs(5));
    for permit in hoard {
        let mut ran = false;
        let result = permit.run(|_| {
            ran = true;
            Ok::<_, Refusal>(())
        });
        assert_eq!(result.unwrap_err().code(), Code::Lapsed);
        assert!(!ran);
    }
    // One that runs in time counts for the whole window.
    for _ in 0..3 {
        let permit = call().unwrap();
        clock.advance(Duration::from_millis(4_999) / 3);
        permit.run(|_| Ok::<_, Refusal>(())).unwrap();
    }
    assert_eq!(code(call()), Code::Limit);
    clock.advance(Duration::from_secs(56));
    let last = call().unwrap();
    assert_eq!(code(call()), Code::Limit);
    // Authority that ends while a permit waits is gone.
    session.close();
    assert_eq!(
        last.run(|_| Ok::<_, Refusal>(())).unwrap_err().code(),
        Code::Identity
    );
}

#[test]
fn nobody_else() {
    let (guard, _) = guard(r#"{"tool_name": "t"}"#);
    for agent in [
        "spiffe://example.org/agent/A",
        "spiffe://example.org/agent/a/b",
        "spiffe://example.org/agent",
        "spiffe://example.com/agent/a",
    ] {
        let session = guard
            .vouched_session(AgentId::parse(agent).unwrap())
            .unwrap();
        assert_eq!(code(session.call("t", "{}")), Code::Identity, "{agent}");
    }
    let own = guard
        .vouched_session(AgentId::parse(AGENT).unwrap())
        .unwrap();
    assert_eq!(
        code(
            own.clone()
                .on_behalf_of("ann".parse().unwrap())
                .call("t", "{}")
        ),
        Code::Identity
    );
    assert_eq!(
        code(own.clone().task("t".parse().unwrap()).call("t", "{}")),
        Code::Identity
    );
    assert_eq!(code(own.call("t", "{}")), Code::Allowed);
}

/// A parameter that no argument can have would not show in the policy's digest.
#[test]
fn reserved_names_in_policies() {
    let name = "$serde_json::private::Number";
    let fields = format!(r#"{{"fields": {{"{name}": ["a"]}}}}"#);
    assert!(Constraint::from_json(&fields).is_err());
    let named = |name: &str| {
        let permission = ToolPermission::new("t")
            .unwrap()
            .param(name, Constraint::any());
        AgentPolicy::new(AgentId::parse(AGENT).unwrap()).permit(permission)
    };
    assert!(named(name).is_err());
    assert_ne!(named("a").unwrap().digest(), named("b").unwrap().digest());
    #[cfg(feature = "toml")]
    for params in [
        format!("'{name}' = ['a']"),
        format!("v = {{ fields = {{ '{name}' = ['a'] }} }}"),
    ] {
        let text = format!(
            "agent_id = '{AGENT}'\n[[permissions]]\ntool_name = 't'\n[permissions.allowed_params]\n{params}"
        );
        assert!(AgentPolicy::from_toml(&text).is_err());
    }
}
