//! `audit`: verifying, showing, exporting, proving, reporting and replaying, by exit code and output.

mod export;
mod prove;
mod replay;
mod report;
mod show;

use std::fs;
use std::sync::Arc;

use portcullis::audit::{AuditLog, EntryFilter, Origin};
use portcullis::{Guard, Refusal};

use crate::cli::run::{Folder, run};
use crate::support::{AGENT, agent, agent_policy};

/// A closed log of a few calls, and the file with the checkpoint that was kept.
fn log(folder: &Folder) -> (String, String) {
    let directory = folder.log();
    let origin = Origin::parse("example.org/agents").unwrap();
    let log = Arc::new(AuditLog::options(origin).open(&directory).unwrap());
    let guard = Guard::builder()
        .policy(agent_policy(r#"[{"tool_name": "pay"}]"#))
        .recorder(Arc::clone(&log))
        .build()
        .unwrap();
    let session = guard.vouched_session(agent(AGENT)).unwrap();
    let paid: Result<(), Refusal> = session.run("pay", "{}", |_| Ok(()));
    paid.unwrap();
    session.call("x\u{1b}[2J", "{}").unwrap_err();
    session.call("steal", "{}").unwrap_err();
    drop((guard, session));
    let kept = log.close().unwrap().to_string();
    (
        directory.to_str().unwrap().to_owned(),
        folder.file("kept", kept),
    )
}

#[test]
fn what_has_become_of_payloads_is_told() {
    let folder = Folder::new();
    let origin = Origin::parse("example.org/agents").unwrap();
    let log = Arc::new(AuditLog::options(origin).open(folder.log()).unwrap());
    let guard = Guard::builder()
        .policy(agent_policy(
            r#"[{"tool_name": "pay", "audit_level": "full"}]"#,
        ))
        .recorder(Arc::clone(&log))
        .build()
        .unwrap();
    let session = guard.vouched_session(agent(AGENT)).unwrap();
    session.run("pay", "{}", |_| Ok::<_, Refusal>(1)).unwrap();
    let permit = session.call("pay", "{}").unwrap();
    let call = permit.call().to_string();
    permit.run(|_| Ok::<_, Refusal>(2)).unwrap();
    log.erase(&EntryFilter::new().call(&call), "asked to")
        .unwrap();
    log.close().unwrap();
    let path = folder.log().to_str().unwrap().to_owned();
    let ran = run(["audit", "verify", &path], b"");
    assert!(
        ran.out.contains(
            "payloads: 2 are what was recorded; 2 erased, 0 expired and 0 lost in a crash, all on record\n"
        ),
        "{}",
        ran.out
    );
    let told = run(["audit", "verify", "--json", &path], b"").one();
    assert_eq!(
        told["payloads"],
        serde_json::json!({"kept": 2, "erased": 2, "expired": 0, "lost": 0})
    );
}

#[test]
fn a_log_is_verified() {
    let folder = Folder::new();
    let (log, kept) = log(&folder);
    let ran = run(["audit", "verify", &log], b"");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(
        ran.out
            .starts_with("verified: 9 entries, 1 checkpoints over 9 of them"),
        "{ran:?}"
    );
    let answer = run(
        ["audit", "verify", "--json", "--checkpoint", &kept, &log],
        b"",
    )
    .one();
    assert_eq!(
        (&answer["verified"], &answer["entries"], &answer["kept"]),
        (&true.into(), &9.into(), &1.into())
    );
}

#[test]
fn what_was_tampered_with_is_told() {
    let folder = Folder::new();
    let (log, kept) = log(&folder);
    let segment = format!("{log}/journal-{:020}.log", 0);
    let bytes = fs::read(&segment).unwrap();
    let mut changed = bytes.clone();
    changed[200] ^= 1;
    fs::write(&segment, changed).unwrap();
    let ran = run(["audit", "verify", &log], b"");
    assert_eq!((ran.code, ran.err.as_str()), (Some(2), ""), "{ran:?}");
    assert!(ran.out.starts_with("NOT VERIFIED: "), "{ran:?}");
    assert_eq!(
        run(["audit", "verify", "--json", &log], b"").one()["verified"],
        false
    );

    fs::write(&segment, &bytes[..900]).unwrap();
    assert_eq!(run(["audit", "verify", &log], b"").code, Some(0));
    let ran = run(["audit", "verify", "--checkpoint", &kept, &log], b"");
    assert_eq!(ran.code, Some(2));
    assert!(ran.out.contains("its end was cut off"), "{ran:?}");
}

#[test]
fn entries_are_shown_plainly_and_filtered() {
    let folder = Folder::new();
    let (log, _) = log(&folder);
    let ran = run(["audit", "show", &log], b"");
    assert_eq!((ran.code, ran.out.lines().count()), (Some(0), 9), "{ran:?}");
    assert!(
        ran.out
            .chars()
            .all(|character| character == '\n' || !character.is_control())
    );
    let ran = run(["audit", "show", "--json", "--decision", "deny", &log], b"");
    let tools: Vec<_> = ran
        .json()
        .iter()
        .map(|entry| entry["tool"].clone())
        .collect();
    assert_eq!(tools, [r"x\u{1b}[2J", "steal"]);
    let ran = run(
        [
            "audit",
            "show",
            "--tool",
            "pay",
            "--type",
            "completed",
            "--since",
            "1",
            &log,
        ],
        b"",
    );
    assert_eq!(ran.out.lines().count(), 1, "{ran:?}");
}

#[test]
fn a_directory_without_a_log_is_an_error() {
    let folder = Folder::new();
    let empty = folder.path().to_str().unwrap();
    for args in [
        vec!["verify"],
        vec!["show"],
        vec!["export", "--format", "ocsf"],
        vec!["show", "--payloads"],
        vec!["prove", "0"],
    ] {
        let ran = run(["audit", args[0], empty].iter().chain(&args[1..]), b"");
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
    }
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let folder = Folder::new();
    let (log, kept) = log(&folder);
    let absent = format!("{log}-absent");
    for args in [
        vec!["audit", "verify", &absent],
        vec!["audit", "show", &absent],
        vec!["audit", "prove", &absent, "0"],
        vec!["audit", "verify", "--checkpoint", &absent, &log],
        vec!["audit", "verify", "--checkpoint", &log, &log],
        vec![
            "audit",
            "verify",
            "--key",
            "nonsense",
            "--checkpoint",
            &kept,
            &log,
        ],
        vec!["audit", "prove", &log, "-1"],
        vec!["audit"],
    ] {
        let ran = run(&args, b"");
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (Some(1), ""),
            "{args:?}: {ran:?}"
        );
        assert!(!ran.err.is_empty(), "{args:?}");
    }
}
