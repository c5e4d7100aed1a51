//! `audit show --payloads`

use std::fs;
use std::sync::Arc;

use portcullis::audit::{AuditLog, EntryFilter, Origin};
use portcullis::{DecisionContext, Guard, Refusal};
use serde_json::{Value, json};

use crate::cli::run::{Folder, run};
use crate::support::{AGENT, agent, agent_policy};

/// A log of a call with all payloads, one whose payloads were erased and one that keeps kinds and sizes; its directory.
fn log(folder: &Folder) -> String {
    let origin = Origin::parse("example.org/agents").unwrap();
    let log = Arc::new(AuditLog::options(origin).open(folder.log()).unwrap());
    let guard = Guard::builder()
        .policy(agent_policy(
            r#"[{"tool_name": "pay", "audit_level": "full"}, {"tool_name": "look", "audit_level": "detailed"}]"#,
        ))
        .recorder(Arc::clone(&log))
        .build()
        .unwrap();
    let context = DecisionContext::new().model("m");
    let session = guard
        .vouched_session(agent(AGENT))
        .unwrap()
        .because(&context)
        .unwrap();
    let hostile = "\u{1b}[2J\u{202e}\u{9b}é";
    let args = json!({ "to": hostile });
    session
        .run("pay", &args, |_| Ok::<_, Refusal>(hostile))
        .unwrap();
    let permit = session.call("pay", "{}").unwrap();
    let erased = EntryFilter::new().call(&permit.call().to_string());
    permit.run(|_| Ok::<_, Refusal>(2)).unwrap();
    log.erase(&erased, "asked to").unwrap();
    session
        .run("look", r#"{"n": 1}"#, |_| Ok::<_, Refusal>(()))
        .unwrap();
    drop((guard, session));
    log.close().unwrap();
    folder.log().to_str().unwrap().to_owned()
}

/// The payloads of each decision, as JSON tells them.
fn payloads(log: &str) -> Vec<Value> {
    let ran = run(
        [
            "audit",
            "show",
            "--json",
            "--payloads",
            "--type",
            "decided",
            log,
        ],
        b"",
    );
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    assert!(ran.out.is_ascii());
    let told = |line: Value| {
        assert_eq!(line["entry"]["type"], "decided");
        line["payloads"].clone()
    };
    ran.json().into_iter().map(told).collect()
}

#[test]
fn payloads_are_shown_plainly() {
    let folder = Folder::new();
    let log = log(&folder);
    let told = payloads(&log);
    let arguments = &told[0]["arguments"];
    assert_eq!(
        (&arguments["form"], &arguments["state"]),
        (&json!("whole"), &json!("kept"))
    );
    let text: Value = serde_json::from_str(arguments["text"].as_str().unwrap()).unwrap();
    assert_eq!(text, json!({"to": "\u{1b}[2J\u{202e}\u{9b}é"}));
    assert_eq!(told[0]["context"]["text"], r#"{"model":"m"}"#);
    assert_eq!(
        told[1]["arguments"],
        json!({"form": "whole", "state": "erased", "text": null})
    );
    assert_eq!(
        told[2],
        json!({"arguments": {"form": "shapes", "state": "kept", "text": r#"{"n":"integer"}"#}})
    );

    let ran = run(["audit", "show", "--payloads", &log], b"");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    for line in [
        r#"        arguments (whole): {"to":"\u001b[2J\u{202e}\u{9b}é"}"#,
        r#"        context (whole): {"model":"m"}"#,
        r#"        result (whole): "\u001b[2J\u{202e}\u{9b}é""#,
        "        arguments (whole): erased",
        "        result (whole): erased",
        r#"        arguments (shapes): {"n":"integer"}"#,
    ] {
        assert!(
            ran.out.lines().any(|told| told == line),
            "{line}: {}",
            ran.out
        );
    }
    let is_plain = |character: char| character == '\n' || !character.is_control();
    assert!(ran.out.chars().all(is_plain) && !ran.out.contains('\u{202e}'));

    // Without the option nothing of them is shown.
    let ran = run(["audit", "show", &log], b"");
    assert!(!ran.out.contains("arguments"), "{ran:?}");
}

#[test]
fn what_is_gone_or_was_changed_is_said() {
    let folder = Folder::new();
    let log = log(&folder);
    let volume = folder.log().join(format!("payloads-{:020}.dat", 0));
    let bytes = fs::read(&volume).unwrap();
    let states = || -> Vec<Value> {
        let told = payloads(&log);
        told.iter()
            .map(|of| of["arguments"]["state"].clone())
            .collect()
    };
    let at = bytes.windows(4).position(|at| at == b"\"to\"").unwrap();
    let mut changed = bytes.clone();
    changed[at] ^= 1;
    fs::write(&volume, &changed).unwrap();
    assert_eq!(states(), ["damaged", "erased", "kept"]);
    fs::write(&volume, &bytes[..at]).unwrap();
    assert_eq!(states(), ["missing"; 3]);
    fs::remove_file(&volume).unwrap();
    assert_eq!(states(), ["missing"; 3]);
    let ran = run(["audit", "show", "--payloads", &log], b"");
    assert!(ran.out.contains("        arguments (whole): missing\n"));
}
