//! Text that would play tricks on a terminal.

use super::POLICY;
use super::run::{Folder, Ran, run};

const TRICKS: &str =
    "x\u{1b}[2J\u{1b}]0;t\u{7}\u{9b}31m\u{202e}\u{2066}\u{200b}\r\n\u{2028}\u{85}\u{7f}";

/// No character but a line feed that a terminal acts on, and no line that was not meant.
fn assert_plain(ran: &Ran, lines: usize) {
    for text in [&ran.out, &ran.err] {
        for character in text.chars() {
            let hidden = matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            assert!(
                character == '\n' || !character.is_control() && !hidden,
                "{character:?} in {text:?}"
            );
        }
    }
    assert_eq!(
        ran.out.lines().count() + ran.err.lines().count(),
        lines,
        "{ran:?}"
    );
}

fn call(tool: &str, key: &str, value: &str) -> String {
    let args = serde_json::json!({key: value});
    serde_json::json!({"tool": tool, "args": args}).to_string()
}

#[test]
fn names_and_values_of_a_call() {
    let folder = Folder::new();
    let policy = folder.file(
        "p.toml",
        POLICY.replace("effect = \"read\"", "audit_level = \"full\""),
    );
    for call in [
        call(TRICKS, "a", "b"),
        call("read", TRICKS, "b"),
        call("read", "path", TRICKS),
        call("read", "path", &TRICKS.repeat(10_000)),
        call(&"n".repeat(100_000), "path", "b"),
    ] {
        for verb in ["check", "explain"] {
            for json in [&["--json"][..], &[]] {
                let args = [&[verb, "--policy", &policy, "--call", "-"], json].concat();
                let ran = run(args, call.as_bytes());
                assert_eq!(ran.code, Some(2), "{ran:?}");
                assert_plain(&ran, ran.out.lines().count());
                assert!(ran.out.len() < 4000, "{} bytes", ran.out.len());
            }
        }
        let traces = format!(
            "{{\"id\": {}, \"calls\": [{call}]}}\n",
            serde_json::json!(TRICKS)
        );
        assert_plain(&run(["replay", "--policy", &policy], traces.as_bytes()), 4);
        assert_plain(
            &run(["replay", "--json", "--policy", &policy], traces.as_bytes()),
            2,
        );
        let case = format!(
            "{{\"call\": {call}, \"expect\": \"ask\", \"code\": {}}}",
            serde_json::json!(TRICKS)
        );
        assert_plain(&run(["test", "--policy", &policy, "-"], case.as_bytes()), 2);
        assert_plain(
            &run(
                ["test", "--json", "--policy", &policy, "-"],
                case.as_bytes(),
            ),
            2,
        );
    }
}

#[test]
fn fields_that_are_not_known() {
    let folder = Folder::new();
    let policy = folder.file("p.toml", POLICY);
    let field = serde_json::json!({"tool": "read", "args": {}, TRICKS: 1}).to_string();
    let ran = run(["check", "--policy", &policy, "--call", &field], b"");
    assert_eq!(ran.code, Some(1));
    assert_plain(&ran, 1);
    let unknown = serde_json::json!({"agent_id": "spiffe://example.org/a", TRICKS: 1}).to_string();
    let bad = folder.file("bad.json", unknown);
    let ran = run(["check", "--policy", &bad, "--call", "{}"], b"");
    assert_eq!(ran.code, Some(1));
    assert_plain(&ran, ran.err.lines().count());
    assert_plain(
        &run(["lint", "--policy", &bad], b""),
        ran.err.lines().count(),
    );
}

#[cfg(unix)]
#[test]
fn names_of_files() {
    let folder = Folder::new();
    let name = TRICKS.replace('/', "");
    let policy = folder.file(&format!("{name}.toml"), POLICY);
    let call = call("read", "path", "/etc");
    for verb in ["check", "explain"] {
        let ran = run([verb, "--policy", &policy, "--call", &call], b"");
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert_plain(&ran, ran.out.lines().count());
    }
    let traces = folder.file(&format!("{name}.jsonl"), "{");
    let ran = run(["replay", "--policy", &policy, &traces], b"");
    assert_eq!(ran.code, Some(1));
    assert_plain(&ran, 1);
    let gone = format!("{traces}.gone");
    assert_plain(&run(["replay", "--policy", &policy, &gone], b""), 1);
    assert_plain(&run(["check", "--policy", &gone, "--call", "{}"], b""), 1);
}
