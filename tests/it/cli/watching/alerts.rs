//! `alerts`

use portcullis::anomaly::Alert;
use portcullis::audit::{LogEntry, OcsfFindings, read};
use serde_json::{Value, json};

use super::{NOON, Office, check_trouble, watch};
use crate::cli::run::run;

/// What a log tells is what a monitor told that was there when it happened.
#[test]
fn a_log_tells_what_was_told() {
    let office = Office::new();
    office.work();
    let (folder, log, alerts, _) = office.close();
    let ran = watch(&folder, "alerts", &log, &["--format", "jsonl"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(2), ""), "{ran:?}");
    assert!(ran.out.is_ascii());
    let told = |alert: &Alert| {
        json!([
            alert.kind.as_str(),
            alert.agent,
            alert.target.as_deref(),
            alert.observed,
            alert.to_string()
        ])
    };
    let expected: Vec<Value> = alerts
        .iter()
        .filter(|alert| !alert.is_update && !is_nameless(alert))
        .map(told)
        .collect();
    let lines = ran.json();
    let is_new = |line: &&Value| line["is_update"] == false;
    let found: Vec<Value> = lines
        .iter()
        .filter(is_new)
        .map(|line| {
            json!([
                line["kind"],
                line["agent"],
                line["target"],
                line["observed"],
                line["message"]
            ])
        })
        .collect();
    assert_eq!(found, expected);
    for kind in ["RATE_ANOMALY", "SCOPE_VIOLATION", "FIRST_CONTACT"] {
        assert!(
            found.iter().any(|told| told[0] == kind),
            "{kind}: {found:?}"
        );
    }
    // Each names the entry and the call that it rests on.
    for line in lines.iter().filter(is_new) {
        let call = line["call"].as_str().unwrap();
        let mut is_its_own = false;
        read(&log, |entry: &LogEntry<'_>| {
            if Some(entry.index()) == line["entry"].as_u64() {
                is_its_own = entry.call() == Some(call) && entry.time().to_string() == line["time"];
            }
            Ok::<_, portcullis::audit::LogError>(())
        })
        .unwrap();
        assert!(is_its_own, "{line}");
    }
    // What was held back is told too, of a log that has ended.
    let more: Vec<_> = lines
        .iter()
        .filter(|line| line["is_update"] == true)
        .collect();
    assert!(
        more.iter().any(|line| line["kind"] == "RATE_ANOMALY"),
        "{lines:?}"
    );
}

#[test]
fn alerts_are_told_plainly() {
    let office = Office::new();
    office.work();
    let (folder, log, ..) = office.close();
    let ran = watch(&folder, "alerts", &log, &[]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(2), ""), "{ran:?}");
    assert!(
        ran.out
            .chars()
            .all(|character| character == '\n' || !character.is_control())
    );
    let lines: Vec<_> = ran.out.lines().collect();
    assert!(
        lines[0].starts_with("2026-01-09T12:00:00.")
            && lines[0].contains("Z low    LOOP: `spiffe://example.org/agent/analyst`, `query`: ")
            && lines[0].contains(" [entry 12, call "),
        "{}",
        lines[0]
    );
    assert_eq!(
        lines[lines.len() - 1],
        format!("{} alerts", lines.len() - 1)
    );
}

#[test]
fn alerts_are_findings_of_the_log() {
    let office = Office::new();
    office.work();
    let (folder, log, alerts, _) = office.close();
    let ran = watch(&folder, "alerts", &log, &["--format", "ocsf"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(2), ""), "{ran:?}");
    let found = ran.json();
    let finding = OcsfFindings::new("example.org/office").finding(&alerts[0]);
    assert_eq!(found[0], finding);
}

#[test]
fn silence_is_said_and_fine() {
    let office = Office::new();
    office.work();
    let (folder, log, ..) = office.close();
    let ran = watch(&folder, "alerts", &log, &["--until", "5"]);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (Some(0), "no alerts\n"),
        "{ran:?}"
    );
    let ran = watch(
        &folder,
        "alerts",
        &log,
        &["--until", "5", "--format", "jsonl"],
    );
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{ran:?}");
    let since = (NOON + 600).to_string();
    let all = watch(&folder, "alerts", &log, &["--format", "jsonl"]).json();
    let late = watch(
        &folder,
        "alerts",
        &log,
        &["--format", "jsonl", "--since", &since],
    )
    .json();
    assert!(!late.is_empty() && late.len() < all.len());
    assert_eq!(late, all[all.len() - late.len()..]);
    // Without a policy the rules that need none speak.
    let ran = run(["alerts", &log], b"");
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.out.contains("SCOPE_VIOLATION") && !ran.out.contains("RATE_ANOMALY"),
        "{ran:?}"
    );
}

#[test]
fn what_is_no_log_or_a_damaged_one_is_said() {
    check_trouble("alerts");
}

/// Whether it names a destination that is in no log.
pub(super) fn is_nameless(alert: &Alert) -> bool {
    let target = alert.target.as_deref();
    target.is_some_and(|target| target.starts_with("value "))
}
