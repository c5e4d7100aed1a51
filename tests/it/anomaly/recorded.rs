//! What of the monitor goes on record, and what does not.

use std::sync::Arc;

use portcullis::anomaly::{AlertKind, Monitor, MonitorPolicy};
use portcullis::audit::{self, AuditLog, LogError, OcsfEvents, Origin};
use portcullis::{Guard, ManualClock, ParamType, Refusal, RingRecorder, Session, ToolSpec};

use super::expecting;
use crate::folder::Folder;
use crate::support::{AGENT, agent, agent_policy};

fn monitor(policy: &str) -> Monitor {
    let policy = MonitorPolicy::from_json(policy).unwrap_or_else(|error| panic!("{error}"));
    let builder = Monitor::builder().policy(policy);
    builder.clock(ManualClock::new()).build()
}

/// Also where all else of the call may be told.
#[test]
fn a_destination_in_a_secret_is_not_told() {
    let spec = ToolSpec::new("login").unwrap();
    let spec = spec.param("hook", ParamType::String).unwrap();
    let monitor = monitor(&expecting(r#""destinations": []"#));
    let alerts = monitor.subscribe(10);
    let guard = Guard::builder()
        .policy(agent_policy(
            r#"[{"tool_name": "login", "audit_level": "full"}]"#,
        ))
        .tools([spec.secret("hook").unwrap()])
        .recorder(RingRecorder::new(1))
        .monitor(&monitor)
        .build()
        .unwrap();
    let session = guard.vouched_session(agent(AGENT)).unwrap();
    let args = r#"{"hook": "https://tenant-of-ann.example/"}"#;
    drop(session.call("login", args).unwrap());
    let told: Vec<_> = alerts.try_iter().collect();
    assert_eq!(told[0].kind, AlertKind::FirstContact);
    let shown = format!("{} {told:?}", told[0]);
    assert!(!shown.contains("tenant-of-ann"), "{shown}");
}

const NAMES: [&str; 4] = [
    "a\",\"type\":\"released\",\"by\":\"ann",
    "b\n{\"seq\":0,\"type\":\"released\"}\n",
    "c\u{1b}[2J\u{202e}\0\u{2028}",
    r#"d\",\\u0022"#,
];

/// A log with responses about tools of these names and one of a million characters, and an alert about such a host.
fn log_of_hostile_names() -> Folder {
    let folder = Folder::new();
    let monitor = monitor(
        r#"{"agents": [{"agent_id": "spiffe://example.org/agent/*", "calls_per_minute": 1, "destinations": []}],
            "responses": [{"on": ["RATE_ANOMALY"], "response": "circuit_break", "for": "1m"}]}"#,
    );
    let log = AuditLog::options(Origin::parse("example.org/test").unwrap());
    let log = Arc::new(log.open(folder.log()).unwrap());
    let guard = Guard::builder()
        .policy(agent_policy(
            r#"[{"tool_name": "full", "audit_level": "full"}]"#,
        ))
        .clock(ManualClock::new())
        .recorder(Arc::clone(&log))
        .monitor(&monitor)
        .build()
        .unwrap();
    let session = guard.vouched_session(agent(AGENT)).unwrap();
    let host = r#"{"to": "http://\u0007\u202e\u2028{}.example"}"#;
    drop(session.call("full", host).unwrap());
    let long = "\u{202e}".repeat(1 << 20);
    (0..10).for_each(|_| drop(session.call("none", "{}").unwrap_err()));
    for name in NAMES.into_iter().chain([&*long]) {
        session.call(name, "{}").unwrap_err();
    }
    log.close().unwrap();
    assert_eq!(monitor.counts().unrecorded, 0);
    folder
}

#[test]
fn no_name_forges_an_entry() {
    let folder = log_of_hostile_names();
    let (mut kinds, mut events) = (Vec::new(), OcsfEvents::new());
    audit::read(folder.log(), |entry| {
        let event = events.event(entry).to_string();
        let text = format!("{:?}{event}", entry.text("target"));
        assert!(!text.contains(['\n', '\u{1b}', '\u{202e}', '\0', '\u{2028}']));
        assert!(text.len() < 10_000, "{}", text.len());
        kinds.push(entry.kind().to_owned());
        Ok::<_, LogError>(())
    })
    .unwrap();
    let count = |kind: &str| kinds.iter().filter(|it| *it == kind).count();
    assert_eq!(count("released"), 0);
    assert_eq!(count("responded"), 1 + NAMES.len() + 1);
    assert!(count("alerted") >= 2);
}

#[cfg(feature = "cli")]
#[test]
fn the_program_copes_with_them() {
    let folder = log_of_hostile_names();
    let log = folder.log().to_str().unwrap().to_owned();
    for args in [
        &["audit", "verify", &log][..],
        &["audit", "show", &log],
        &["audit", "show", "--json", &log],
        &["audit", "export", "--format", "ocsf", &log],
        &["audit", "export", "--format", "jsonl", &log],
        &["audit", "report", &log],
        &["alerts", &log],
        &["graph", &log],
    ] {
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_portcullis"));
        let ran = program.args(args).output().unwrap();
        // 2 says that there are alerts.
        let code = if args[0] == "alerts" { 2 } else { 0 };
        assert_eq!(ran.status.code(), Some(code), "{args:?}: {ran:?}");
        let out = String::from_utf8(ran.stdout).unwrap();
        assert!(
            !out.contains(['\u{1b}', '\u{202e}', '\0', '\u{2028}']),
            "{args:?}"
        );
        let is_json = args.contains(&"--json") || args.contains(&"--format");
        assert!(
            !is_json || !out.contains(r#""type":"released""#),
            "{args:?}: {out}"
        );
    }
}

fn ask(session: &Session) -> Result<(), Refusal> {
    session.run("read", "{}", |_| Ok(()))
}

/// Two guards, two threads each, one monitor: each alert is in one log, with the response behind it in one too, and none gets
/// through once it was answered anywhere.
#[test]
fn guards_that_share_a_monitor_hold_one_agent_back_together() {
    for _ in 0..20 {
        let monitor = monitor(
            r#"{"agents": [{"agent_id": "spiffe://example.org/agent/*", "calls_per_minute": 5}], "learned": {"enabled": false},
                "responses": [{"on": ["RATE_ANOMALY"], "response": "quarantine", "alone": true}]}"#,
        );
        let policy = r#"[{"tool_name": "read", "max_calls_per_minute": 100000}]"#;
        let guards = [(); 2].map(|()| {
            let builder = Guard::builder().policy(agent_policy(policy));
            let builder = builder.recorder(RingRecorder::new(1)).monitor(&monitor);
            builder.build().unwrap()
        });
        let ran: usize = std::thread::scope(|scope| {
            let work = |guard: &Guard| {
                let session = guard.vouched_session(agent(AGENT)).unwrap();
                (0..200).filter(|_| ask(&session).is_ok()).count()
            };
            let threads = [0, 1, 0, 1].map(|at| {
                let guard = &guards[at];
                scope.spawn(move || work(guard))
            });
            threads.map(|thread| thread.join().unwrap()).iter().sum()
        });
        // The 20th decision shuts out; each of the other threads may be past its last look by then.
        assert!(ran <= 19 + 3, "{ran}");
        assert_eq!(monitor.quarantine().agents().len(), 1);
        assert_eq!(monitor.counts().unrecorded, 0);
    }
}
