//! `lint`: findings as they are told; what is found has tests of its own.

use super::example;
use super::run::{Folder, run};

const OPEN: &str =
    "agent_id = \"spiffe://example.org/agent/a\"\n[[permissions]]\ntool_name = \"read\"\n";

#[test]
fn findings_for_people_and_machines() {
    let folder = Folder::new();
    let policy = folder.file("p.toml", OPEN);
    let ran = run(["lint", "--policy", &policy], b"");
    assert_eq!((ran.code, ran.err.as_str()), (Some(2), ""), "{ran:?}");
    assert!(ran.out.contains("p.toml:3:13: "), "{ran:?}");
    assert!(ran.out.contains("open_world"), "{ran:?}");
    assert!(ran.out.ends_with("1 finding\n"), "{ran:?}");

    let ran = run(["lint", "--json", "--policy", &policy], b"");
    assert_eq!(ran.code, Some(2));
    let lines = ran.json();
    assert_eq!(lines[0]["lint"], "open_world");
    assert_eq!(lines[0]["line"], 3);
    for key in ["message", "why", "instead"] {
        assert!(!lines[0][key].as_str().unwrap().is_empty(), "{key}");
    }
    assert_eq!(lines[1]["summary"]["findings"], 1);
}

#[test]
fn the_examples_are_clean() {
    let mut args = vec!["lint".to_owned()];
    for name in [
        "trading",
        "policies/banking",
        "policies/slack",
        "policies/travel",
        "policies/workspace",
    ] {
        let path = example(&format!("{name}.toml"));
        args.extend(["--policy".to_owned(), path.to_str().unwrap().to_owned()]);
    }
    let monitor = example("monitors/trading.toml")
        .to_str()
        .unwrap()
        .to_owned();
    args.extend(["--monitor".to_owned(), monitor]);
    let ran = run(&args, b"");
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (Some(0), "no findings\n"),
        "{ran:?}"
    );
}

#[test]
fn a_policy_that_does_not_load_is_an_error() {
    let folder = Folder::new();
    let policy = folder.file("p.toml", "agent_id = 1");
    let ran = run(["lint", "--policy", &policy], b"");
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("p.toml:1:12"), "{ran:?}");
}

#[test]
fn monitor_policies_have_findings_of_their_own() {
    let folder = Folder::new();
    let text = r#"{"responses": [{"on": ["LATENCY"], "response": "revoke"}]}"#;
    let monitor = folder.file("m.json", text);
    let ran = run(["lint", "--monitor", &monitor], b"");
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.out.contains("m.json:1:48: "), "{ran:?}");
    assert!(ran.out.contains("waiting_response"), "{ran:?}");
    let ran = run(["lint"], b"");
    assert_eq!(ran.code, Some(1), "{ran:?}");
}
