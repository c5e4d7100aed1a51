//! `test`: a policy's own examples, and case files.

use super::run::{Folder, run};
use super::{POLICY, example};

#[test]
fn the_policys_own_examples() {
    let policy = example("trading.toml");
    let ran = run(
        [
            std::ffi::OsStr::new("test"),
            "--policy".as_ref(),
            policy.as_ref(),
        ],
        b"",
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out.ends_with(" passed, 0 failed\n") && !ran.out.starts_with("0 "),
        "{ran:?}"
    );
}

#[test]
fn every_wrong_example_is_told() {
    let folder = Folder::new();
    let wrong = POLICY.to_owned()
        + "examples = { allow = [{ amount = 1 }, { amount = -1 }], deny = [{}], ask = [{ amount = 2 }] }\n";
    let text = wrong.replace(
        "amount = { min = 0 }\nexamples",
        "amount = { min = 0 }\n[permissions.examples]\n#",
    );
    let policy = folder.file(
        "p.toml",
        text.replace(
            "#",
            "allow = [{ amount = 1 }, { amount = -1 }]\nask = [{ amount = 2 }]\n#",
        ),
    );
    let ran = run(["test", "--policy", &policy], b"");
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(
        ran.out.contains("should be decided `allow`, but is `deny`"),
        "{ran:?}"
    );
    assert!(
        ran.out.contains("should be decided `ask`, but is `allow`"),
        "{ran:?}"
    );
    assert!(ran.out.contains("by permission 3 `spend`"), "{ran:?}");
    assert!(ran.out.ends_with("0 passed, 2 failed\n"), "{ran:?}");

    let ran = run(["test", "--json", "--policy", &policy], b"");
    assert_eq!(ran.code, Some(2));
    let lines = ran.json();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["line"], lines[1]["line"].as_u64().unwrap() - 1);
    assert_eq!(lines[2]["summary"]["failed"], 2);
    // Elsewhere such a policy does not load at all.
    let call = r#"{"tool": "spend", "args": {"amount": 1}}"#;
    assert_eq!(
        run(["check", "--policy", &policy, "--call", call], b"").code,
        Some(1)
    );
}

#[test]
fn cases_from_files() {
    let folder = Folder::new();
    let policy = folder.file("p.toml", POLICY);
    let read = r#""call": {"tool": "read", "args": {"path": "/workspace"}}"#;
    let cases = folder.file(
        "cases.jsonl",
        format!(
            "{{{read}, \"expect\": \"allow\"}}\n{{{read}, \"expect\": \"allow\", \"code\": \"allowed\"}}\n\
             {{{read}, \"expect\": \"deny\"}}\n{{{read}, \"expect\": \"allow\", \"code\": \"alowed\"}}\n\
             {{\"call\": {{\"tool\": \"pay\", \"args\": {{\"amount\": 1}}}}, \"expect\": \"ask\"}}\n"
        ),
    );
    let ran = run(["test", "--policy", &policy, &cases], b"");
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(
        lines[0].contains(
            "cases.jsonl:3: `read` should be deny, but is allow: allowed, by permission 1 `read`"
        ),
        "{ran:?}"
    );
    assert!(
        lines[1].contains("cases.jsonl:4: `read` should be allow with code `alowed`, but is allow"),
        "{ran:?}"
    );
    assert_eq!(lines[2], "3 passed, 2 failed");

    let ran = run(["test", "--json", "--policy", &policy, &cases], b"");
    let lines = ran.json();
    assert!(
        lines[0]["case"]
            .as_str()
            .unwrap()
            .ends_with("cases.jsonl:3")
    );
    assert_eq!(lines[0]["expect"], "deny");
    assert_eq!(lines[0]["got"]["decision"], "allow");
    assert_eq!(lines[2]["summary"]["passed"], 3);
}

/// Two calls a minute are allowed, and a hundred in a day; no case is in the way of the next.
#[test]
fn each_case_meets_empty_limits() {
    let folder = Folder::new();
    let policy = folder.file("p.toml", POLICY);
    let read = r#"{"call": {"tool": "read", "args": {"path": "/workspace"}}, "expect": "allow"}"#;
    let spend = r#"{"call": {"tool": "spend", "args": {"amount": 100}}, "expect": "allow"}"#;
    let over = r#"{"call": {"tool": "spend", "args": {"amount": 101}}, "expect": "deny", "code": "budget"}"#;
    let cases = format!("{read}\n{spend}\n{over}\n").repeat(5);
    let ran = run(["test", "--policy", &policy, "-"], cases.as_bytes());
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (Some(0), "15 passed, 0 failed\n"),
        "{ran:?}"
    );
}

#[test]
fn a_bad_case_is_an_error() {
    let folder = Folder::new();
    let policy = folder.file("p.toml", POLICY);
    let call = r#""call": {"tool": "read", "args": {}}"#;
    for (case, reason) in [
        (format!("{{{call}}}"), "missing field `expect`"),
        (
            format!("{{{call}, \"expect\": \"maybe\"}}"),
            "expected `allow`, `ask` or `deny`",
        ),
        (
            format!("{{{call}, \"expect\": \"deny\", \"cod\": \"x\"}}"),
            "unknown field `cod`",
        ),
        (
            r#"{"call": {"tool": "read"}, "expect": "deny"}"#.to_owned(),
            "missing field `args`",
        ),
        ("nonsense".to_owned(), "standard input:1:"),
    ] {
        let ran = run(["test", "--policy", &policy, "-"], case.as_bytes());
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.err.contains(reason), "{ran:?}");
    }
}
