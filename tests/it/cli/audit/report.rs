//! `audit report`

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use super::log;
use crate::cli::run::{Folder, run};

/// The controls of a framework, by their ids.
fn controls(report: &Value, framework: usize) -> Vec<&str> {
    let controls = report["frameworks"][framework]["controls"]
        .as_array()
        .unwrap();
    controls
        .iter()
        .map(|control| control["control"].as_str().unwrap())
        .collect()
}

#[test]
fn a_report_has_every_control() {
    let folder = Folder::new();
    let (log, kept) = log(&folder);
    let report = run(
        ["audit", "report", "--json", "--checkpoint", &kept, &log],
        b"",
    )
    .one();
    assert_eq!(report["verified"], true);
    assert_eq!(
        (
            &report["verification"]["kept"],
            &report["own_checkpoints_only"]
        ),
        (&1.into(), &false.into())
    );
    assert_eq!(report["origin"], "example.org/agents");
    assert_eq!(report["log"]["count"], 9);
    let names: Vec<_> = report["frameworks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["framework"])
        .collect();
    assert_eq!(names, ["soc2", "hipaa", "pci", "gdpr"]);
    for (framework, wanted) in [
        "CC6.1 CC6.2 CC6.3 CC6.6 CC7.2 CC7.3 CC7.4 CC8.1",
        "164.312(a) 164.312(b) 164.312(c) 164.312(d) 164.312(e) 164.308(a)(1)(ii)(D) 164.316(b)(2)",
        "7.2 8.2 8.6 10.2.1 10.2.2 10.3.2 10.3.3 10.3.4 10.4 10.5.1 10.6",
        "5(1)(c) 5(1)(e) 5(1)(f) 5(2) 17 22 25 30 32 33",
    ]
    .into_iter()
    .enumerate()
    {
        let found: Vec<_> = controls(&report, framework)
            .into_iter()
            .map(|id| id.strip_prefix("Art ").unwrap_or(id))
            .collect();
        assert_eq!(found, wanted.split(' ').collect::<Vec<_>>());
    }
}

/// A checkpoint from long ago says nothing of what came since.
#[test]
fn what_nothing_vouches_for_is_told() {
    let folder = Folder::new();
    let (log, _) = log(&folder);
    let origin = "example.org/agents".parse().unwrap();
    let mut tree = portcullis::audit::Tree::new();
    portcullis::audit::read(&log, |entry| {
        if entry.index() < 3 {
            let leaf = portcullis::audit::LeafHash::of(entry.line().as_bytes());
            tree.append(leaf)?;
        }
        Ok::<_, portcullis::audit::LogError>(())
    })
    .unwrap();
    let old = portcullis::audit::Checkpoint::new(origin, tree.head());
    let old = folder.file("old", old.to_string());
    let report = ["audit", "report", "--checkpoint", &old, &log];
    let told = run(report, b"").out;
    assert!(
        told.contains("what was given vouches for the first 3 entries: "),
        "{told}"
    );
    let report = ["audit", "report", "--json", "--checkpoint", &old, &log];
    let report = run(report, b"").one();
    assert_eq!(
        (
            &report["verification"]["vouched"],
            &report["own_checkpoints_only"]
        ),
        (&3.into(), &false.into())
    );
}

/// Counts are those that `show` gives.
#[test]
fn evidence_is_counted_once_and_found_where_it_stands() {
    let folder = Folder::new();
    let (log, _) = log(&folder);
    let report = run(
        ["audit", "report", "--json", "--framework", "soc2", &log],
        b"",
    )
    .one();
    let denials = run(["audit", "show", "--json", "--decision", "deny", &log], b"").json();
    let evidence = &report["frameworks"][0]["controls"][3]["evidence"][0];
    assert_eq!(evidence["entries"], "calls that were denied");
    assert_eq!(evidence["count"], denials.len());
    assert_eq!(evidence["first"]["entry"], denials[0]["seq"]);
    assert_eq!(evidence["last"]["entry"], denials.last().unwrap()["seq"]);
    let shown = run(["audit", "show", "--decision", "deny", &log], b"").out;
    let time = evidence["first"]["time"].as_str().unwrap();
    assert!(shown.contains(time), "{time} in {shown}");
    // Whatever is counted for one control and for another is the same.
    let mut counts = BTreeSet::new();
    for control in report["frameworks"][0]["controls"].as_array().unwrap() {
        for evidence in control["evidence"].as_array().unwrap() {
            counts.insert((
                evidence["entries"].to_string(),
                evidence["count"].to_string(),
            ));
        }
    }
    let names: BTreeSet<_> = counts.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), counts.len(), "{counts:?}");

    let period = [
        "audit",
        "report",
        "--json",
        "--framework",
        "soc2",
        "--until",
        "1",
        &log,
    ];
    let report = run(period, b"").one();
    let evidence = &report["frameworks"][0]["controls"][3]["evidence"][0];
    assert_eq!(
        evidence,
        &json!({"entries": "calls that were denied", "count": 0, "first": null, "last": null})
    );
    assert_eq!(
        (&report["until"], &report["log"]["count"]),
        (&1.into(), &9.into())
    );
}

#[test]
fn a_report_for_people_claims_nothing() {
    let folder = Folder::new();
    let (log, _) = log(&folder);
    let ran = run(["audit", "report", &log], b"");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    for wanted in [
        "It does not say that a control is met.",
        "audit log of example.org/agents",
        "held against its own checkpoints only",
        "the whole log: entries 0 to 8, ",
        "evidence for SOC 2",
        "evidence for HIPAA",
        "evidence for PCI DSS 4.0.1",
        "evidence for GDPR",
        "CC8.1  ",
        "elsewhere: ",
    ] {
        assert!(ran.out.contains(wanted), "{wanted} in {}", ran.out);
    }
    assert!(!ran.out.to_lowercase().contains("complian"), "{}", ran.out);
    assert!(ran.out.starts_with("verified: 9 entries"), "{}", ran.out);
}

#[test]
fn nothing_is_counted_in_a_log_that_does_not_verify() {
    let folder = Folder::new();
    let (log, kept) = log(&folder);
    let segment = format!("{log}/journal-{:020}.log", 0);
    let bytes = fs::read(&segment).unwrap();
    let mut changed = bytes.clone();
    changed[200] ^= 1;
    fs::write(&segment, changed).unwrap();
    let ran = run(["audit", "report", &log], b"");
    assert_eq!((ran.code, ran.err.as_str()), (Some(2), ""), "{ran:?}");
    assert!(ran.out.starts_with("NOT VERIFIED: "), "{ran:?}");
    assert!(!ran.out.contains("evidence for"), "{ran:?}");
    let ran = run(["audit", "report", "--json", &log], b"");
    assert_eq!((ran.code, &ran.one()["verified"]), (Some(2), &false.into()));

    fs::write(&segment, &bytes[..900]).unwrap();
    let ran = run(["audit", "report", "--checkpoint", &kept, &log], b"");
    assert_eq!(ran.code, Some(2));
    assert!(ran.out.contains("its end was cut off"), "{ran:?}");
}

#[test]
fn what_is_no_framework_is_an_error() {
    let folder = Folder::new();
    let (log, _) = log(&folder);
    let ran = run(["audit", "report", "--framework", "iso", &log], b"");
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
    let empty = folder.path().to_str().unwrap();
    let ran = run(["audit", "report", empty], b"");
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
}
