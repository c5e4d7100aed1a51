//! `audit export`

use super::log;
use crate::cli::run::{Folder, program, run};

#[test]
fn entries_are_exported_as_they_stand() {
    let folder = Folder::new();
    let (log, _) = log(&folder);
    let shown = run(["audit", "show", "--json", &log], b"");
    let exported = run(["audit", "export", "--format", "jsonl", &log], b"");
    assert_eq!((exported.code, exported.out), (Some(0), shown.out));
    let ran = run(
        [
            "audit", "export", "--format", "jsonl", "--tool", "pay", "--type", "decided", &log,
        ],
        b"",
    );
    assert_eq!(ran.one()["decision"], "allow");
}

/// Whose log it is stands in an entry that the filter may leave out.
#[test]
fn entries_are_exported_as_ocsf() {
    let folder = Folder::new();
    let (log, _) = log(&folder);
    let ran = run(["audit", "export", "--format", "ocsf", &log], b"");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.is_ascii());
    let events = ran.json();
    let classes: Vec<_> = events
        .iter()
        .map(|event| event["class_uid"].as_u64().unwrap())
        .collect();
    assert_eq!(
        classes,
        [6002, 6003, 6003, 6003, 6003, 6003, 6003, 6003, 6002]
    );
    for event in &events {
        assert_eq!(event["metadata"]["version"], "1.8.0");
        assert_eq!(event["metadata"]["log_name"], "example.org/agents");
    }

    let ran = run(
        [
            "audit",
            "export",
            "--format",
            "ocsf",
            "--decision",
            "deny",
            &log,
        ],
        b"",
    );
    let denied = ran.json();
    let operations: Vec<_> = denied
        .iter()
        .map(|event| &event["api"]["operation"])
        .collect();
    assert_eq!(operations, [r"x\u{1b}[2J", "steal"]);
    for event in &denied {
        assert_eq!(event["metadata"]["log_name"], "example.org/agents");
        assert_eq!(
            (&event["status_id"], &event["disposition_id"]),
            (&2.into(), &2.into())
        );
    }
}

#[test]
fn a_format_must_be_said() {
    let folder = Folder::new();
    let (log, _) = log(&folder);
    for args in [
        vec!["audit", "export", &log],
        vec!["audit", "export", "--format", "xml", &log],
    ] {
        let ran = run(&args, b"");
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
        assert!(ran.err.contains("--format"), "{ran:?}");
    }
}

/// A reader that has seen enough ends it, without a complaint.
#[test]
fn a_closed_pipe_is_no_error() {
    let folder = Folder::new();
    let (log, _) = log(&folder);
    let mut child = program()
        .args(["audit", "export", "--format", "ocsf", &log])
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(
        (ended.status.code(), ended.stderr.as_slice()),
        (Some(0), &b""[..])
    );
}
