//! `graph`

use portcullis::anomaly::MonitorPolicy;
use serde_json::Value;

use super::alerts::is_nameless;
use super::{MONITOR_POLICY, NOON, Office, check_trouble, watch};

/// A log tells what a graph sees that is there when it happens.
#[test]
fn a_log_draws_what_happened() {
    let office = Office::new();
    office.work();
    let (folder, log, alerts, graph) = office.close();
    for alert in alerts.iter().filter(|alert| !is_nameless(alert)) {
        graph.alert(alert);
    }
    let view = graph.view(&MonitorPolicy::from_json(MONITOR_POLICY).unwrap());
    let ran = watch(&folder, "graph", &log, &["--format", "json"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    assert!(ran.out.is_ascii());
    assert_eq!(ran.one(), serde_json::to_value(&view).unwrap());
    let ran = watch(&folder, "graph", &log, &["--format", "dot"]);
    assert_eq!((ran.code, ran.out), (Some(0), view.dot()));
}

const PICTURE: &str = r##"flowchart LR
  n0("spiffe://example.org/agent/analyst<br>4 alerts (medium)")
  n1("spiffe://example.org/agent/mailer<br>1 alert (high)")
  n2("spiffe://example.org/agent/nobody")
  n3["look"]
  n4["query"]
  n5["send"]
  n6["steal"]
  n7["x#34;#93;#59;#32;click#92;u#123;1b#125;#91;2J"]
  n8{{"evil.example"}}
  n9{{"mail.example.com"}}
  n0 -->|"30 calls, 5 denied, 40 ms (p95 40 ms), 1 alert (low)"| n4
  n0 -.->|"1 call, 1 denied, 1 alert (medium)"| n6
  n0 -->|"1 call, 1 denied"| n7
  n1 -->|"1 call, 1.0 ms (p95 1.0 ms)"| n3
  n1 -->|"3 calls, 1 error, 167 ms (p95 300 ms)"| n5
  n1 -.->|"1 call, 1 alert (high)"| n8
  n1 -->|"2 calls"| n9
  n2 -->|"1 call, 1 denied"| n4
  linkStyle 1,5 stroke:red
"##;

#[test]
fn a_picture_is_as_it_was() {
    let office = Office::new();
    office.work();
    let (folder, log, ..) = office.close();
    let ran = watch(&folder, "graph", &log, &[]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    assert_eq!(ran.out, PICTURE, "{}", ran.out);
}

#[test]
fn only_a_time_is_drawn() {
    let office = Office::new();
    office.work();
    let (folder, log, ..) = office.close();
    let since = (NOON + 600).to_string();
    let told = watch(
        &folder,
        "graph",
        &log,
        &["--format", "json", "--since", &since],
    )
    .one();
    let names: Vec<&Value> = told["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| &node["name"])
        .collect();
    assert_eq!(
        names,
        [
            "spiffe://example.org/agent/mailer",
            "spiffe://example.org/agent/nobody",
            "query",
            "send",
            "mail.example.com"
        ]
    );
    let told = watch(
        &folder,
        "graph",
        &log,
        &["--format", "json", "--until", "5"],
    )
    .one();
    assert_eq!(told["nodes"], Value::Array(vec![]));
}

#[test]
fn what_there_is_no_room_for_is_told() {
    let office = Office::new();
    office.work();
    let (folder, log, ..) = office.close();
    let ran = watch(&folder, "graph", &log, &["--edges", "1"]);
    assert_eq!(ran.code, Some(0));
    assert!(
        ran.err.starts_with("warning: there was no room for "),
        "{ran:?}"
    );
    assert!(ran.out.contains(" edges were dropped\"]\n"), "{ran:?}");
    for wrong in [["--edges", "x"], ["--format", "svg"]] {
        assert_eq!(watch(&folder, "graph", &log, &wrong).code, Some(1));
    }
}

#[test]
fn what_is_no_log_or_a_damaged_one_is_said() {
    check_trouble("graph");
}
