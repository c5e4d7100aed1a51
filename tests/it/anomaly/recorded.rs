//! What of the monitor goes on record, and what does not.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use portcullis::anomaly::{AlertKind, InteractionStatus, Monitor, MonitorPolicy};
use portcullis::audit::{self, AuditLog, LogError, OcsfEvents, Origin};
use portcullis::{
    CallId, Event, Guard, ManualClock, ParamType, Record, RecordError, Recorder, Refusal,
    RingRecorder, Session, ToolSpec,
};

use super::{Watch, expecting, guard};
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

/// Keeps which calls were decided, and what was told and done of which call, and when.
#[derive(Debug, Default)]
struct Evidence {
    decided: Mutex<HashSet<CallId>>,
    alerts: Mutex<Vec<(Option<CallId>, SystemTime, SystemTime)>>,
    responses: Mutex<Vec<(SystemTime, SystemTime)>>,
}

impl Recorder for Evidence {
    fn record(&self, record: &Record<'_>) -> Result<(), RecordError> {
        let wall = record.wall;
        match &record.event {
            Event::Decided(decided) => {
                self.decided.lock().unwrap().insert(decided.subject.call);
            }
            Event::Alerted(alerted) => {
                let told = (alerted.call, alerted.at, wall);
                self.alerts.lock().unwrap().push(told);
            }
            Event::Responded(responded) => {
                self.responses.lock().unwrap().push((responded.at, wall));
            }
            _ => {}
        }
        Ok(())
    }
}

/// Whoever writes next would else have the alert in its log, and the log of the call would not.
#[test]
fn an_alert_is_in_the_log_of_the_guard_whose_call_raised_it() {
    for _ in 0..20 {
        let monitor = monitor(
            r#"{"agents": [{"agent_id": "spiffe://example.org/agent/*", "calls_per_minute": 1}],
                "responses": [{"on": ["RATE_ANOMALY", "SCOPE_VIOLATION"], "response": "circuit_break"}]}"#,
        );
        let guards = [(); 2].map(|()| {
            let evidence = Arc::new(Evidence::default());
            let guard = guard(&monitor, ManualClock::new(), Arc::clone(&evidence));
            (guard, evidence)
        });
        std::thread::scope(|scope| {
            for at in 0..4 {
                let guard = &guards[at % 2].0;
                scope.spawn(move || {
                    let session = guard.vouched_session(agent(AGENT)).unwrap();
                    for number in 0..100 {
                        drop(session.call("read", "{}"));
                        drop(session.call(&format!("{at}-{number}"), "{}"));
                    }
                });
            }
        });
        let told: Vec<usize> = guards
            .iter()
            .map(|(_, evidence)| {
                let (decided, alerts) = (
                    evidence.decided.lock().unwrap(),
                    evidence.alerts.lock().unwrap(),
                );
                for (call, ..) in alerts.iter() {
                    assert!(decided.contains(&call.unwrap()), "{call:?}");
                }
                alerts.len()
            })
            .collect();
        assert!(told.iter().sum::<usize>() >= 2, "{told:?}");
        assert_eq!(monitor.counts().told, told.iter().sum::<usize>() as u64);
        assert_eq!(monitor.counts().unrecorded, 0);
    }
}

/// Of what no call led to, nobody knows when a guard will next write something.
#[test]
fn an_entry_says_when_the_alert_was_raised() {
    let watch = Watch::new(
        r#"{"paths": [{"source": "spiffe://example.org/agent/a", "target": "spiffe://example.org/agent/b"}],
            "responses": [{"on": ["UNEXPECTED_PATH"], "response": "circuit_break", "for": "1m"}]}"#,
    );
    let evidence = Arc::new(Evidence::default());
    let guard = guard(
        &watch.monitor,
        Arc::clone(&watch.clock),
        Arc::clone(&evidence),
    );
    let other = agent("spiffe://example.org/agent/c");
    watch.at(100.0);
    watch.spoke(&agent(AGENT), &other, InteractionStatus::Succeeded);
    watch.at(5000.0);
    guard.tick();
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    assert_eq!(
        *evidence.alerts.lock().unwrap(),
        [(None, at(100), at(5000))]
    );
    assert_eq!(*evidence.responses.lock().unwrap(), [(at(100), at(5000))]);
}

/// Also in the log on disk, and in the finding that is made of it.
#[test]
fn a_log_says_when_an_alert_was_raised() {
    let folder = Folder::new();
    let watch = Watch::new(
        r#"{"paths": [{"source": "spiffe://example.org/agent/a", "target": "spiffe://example.org/agent/b"}],
            "responses": [{"on": ["UNEXPECTED_PATH"], "response": "circuit_break", "for": "1m"}]}"#,
    );
    let log = AuditLog::options(Origin::parse("example.org/test").unwrap());
    let log = Arc::new(log.open(folder.log()).unwrap());
    let guard = guard(&watch.monitor, Arc::clone(&watch.clock), Arc::clone(&log));
    let other = agent("spiffe://example.org/agent/c");
    watch.at(100.0);
    watch.spoke(&agent(AGENT), &other, InteractionStatus::Succeeded);
    watch.at(5000.0);
    guard.tick();
    log.close().unwrap();
    let (mut events, mut seen) = (OcsfEvents::new(), 0);
    audit::read(folder.log(), |entry| {
        let event = events.event(entry);
        if matches!(entry.kind(), "alerted" | "responded") {
            seen += 1;
            assert_eq!(entry.number("at_ns"), Some(100_000_000_000));
            assert_eq!(entry.wall(), Duration::from_secs(5000));
            assert!(entry.to_string().contains(" at=1970-01-01T00:01:40"));
        }
        if entry.kind() == "alerted" {
            assert_eq!(event["time"], 100_000);
            assert_eq!(event["metadata"]["original_time"], "5000000000000");
        }
        Ok::<_, LogError>(())
    })
    .unwrap();
    assert_eq!(seen, 2);
}

/// Or an agent could hide behind the alerts of many that it is shut out, and be free after a restart.
#[test]
fn a_flood_of_alerts_keeps_no_quarantine_off_the_record() {
    let bad = "spiffe://example.org/agent/bad";
    let watch = Watch::new(&format!(
        r#"{{"paths": [{{"source": "{bad}", "target": "{AGENT}"}}],
            "responses": [{{"on": ["UNEXPECTED_PATH"], "response": "quarantine", "alone": true, "agents": ["{bad}"]}}]}}"#
    ));
    let evidence = Arc::new(Evidence::default());
    let guard = guard(
        &watch.monitor,
        Arc::clone(&watch.clock),
        Arc::clone(&evidence),
    );
    for number in 0..3000 {
        let source = agent(&format!("spiffe://example.org/flood/{number}"));
        watch.spoke(&source, &agent(AGENT), InteractionStatus::Succeeded);
    }
    let other = agent("spiffe://example.org/agent/c");
    watch.spoke(&agent(bad), &other, InteractionStatus::Succeeded);
    assert!(watch.monitor.quarantine().holds(&agent(bad)));
    guard.tick();
    assert_eq!(evidence.responses.lock().unwrap().len(), 1);
    let counts = watch.monitor.counts();
    let recorded = evidence.alerts.lock().unwrap().len() as u64;
    assert_eq!((counts.told, counts.unrecorded), (3001, 3001 - recorded));
}
