//! `graph` and `alerts`: what logs say, against a monitor and a graph that saw it happen.

mod alerts;
mod graph;

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use portcullis::anomaly::{Alert, CommunicationGraph, Monitor, MonitorPolicy};
use portcullis::audit::{AuditLog, Origin};
use portcullis::{AgentId, Guard, ManualClock, Refusal, Session};

use crate::cli::run::{Folder, Ran, run};
use crate::support::{agent, policy};

const MONITOR_POLICY: &str = r#"{
    "agents": [
        {"agent_id": "spiffe://example.org/agent/*", "calls_per_minute": 5},
        {"agent_id": "spiffe://example.org/agent/mailer", "destinations": ["*.example.com"]}
    ]
}"#;

/// A guard whose log, monitor and graph see the same; its clock begins at a Friday noon.
struct Office {
    folder: Folder,
    clock: Arc<ManualClock>,
    log: Arc<AuditLog>,
    guard: Guard,
    alerts: Receiver<Alert>,
    graph: CommunicationGraph,
}

const NOON: u64 = 1_767_960_000;

impl Office {
    fn new() -> Self {
        let folder = Folder::new();
        let clock = Arc::new(ManualClock::new());
        clock.set(Duration::from_secs(NOON));
        let origin = Origin::parse("example.org/office").unwrap();
        let options = AuditLog::options(origin).clock(Arc::clone(&clock));
        let log = Arc::new(options.open(folder.log()).unwrap());
        let builder = Monitor::builder().policy(MonitorPolicy::from_json(MONITOR_POLICY).unwrap());
        let monitor = builder.clock(Arc::clone(&clock)).build();
        let graph = CommunicationGraph::builder()
            .clock(Arc::clone(&clock))
            .build();
        let guard = Guard::builder()
            .policies([
                policy(r#"{"agent_id": "spiffe://example.org/agent/analyst", "permissions": [
                    {"tool_name": "query", "effect": "read", "max_calls_per_minute": 25}]}"#),
                policy(r#"{"agent_id": "spiffe://example.org/agent/mailer", "permissions": [
                    {"tool_name": "send", "audit_level": "full"}, {"tool_name": "look", "audit_level": "detailed"}]}"#),
            ])
            .clock(Arc::clone(&clock))
            .recorder(monitor.watch(graph.watch(Arc::clone(&log))))
            .build()
            .unwrap();
        Self {
            alerts: monitor.subscribe(1000),
            folder,
            clock,
            log,
            guard,
            graph,
        }
    }

    fn session(&self, name: &str) -> Session {
        let agent: AgentId = agent(&format!("spiffe://example.org/agent/{name}"));
        self.guard.vouched_session(agent).unwrap()
    }

    /// A call whose tool takes so many milliseconds.
    fn call(&self, session: &Session, tool: &str, args: &str, millis: u64) {
        let run = |_| {
            self.clock.advance(Duration::from_millis(millis));
            Ok::<_, Refusal>("done")
        };
        // That some are refused is what this is about.
        let _ = session.run(tool, args, run);
    }

    /// A minute in which much goes wrong, and one a while later.
    fn work(&self) {
        let (analyst, mailer) = (self.session("analyst"), self.session("mailer"));
        for _ in 0..30 {
            self.call(&analyst, "query", "{}", 40);
        }
        self.call(&analyst, "steal", "{}", 0);
        self.call(&analyst, "x\"]; click\u{1b}[2J", "{}", 0);
        let good = r#"{"to": "a@mail.example.com"}"#;
        self.call(&mailer, "send", good, 200);
        self.call(
            &mailer,
            "send",
            r#"{"to": "see http://evil.example/?q"}"#,
            300,
        );
        self.call(&mailer, "look", r#"{"at": "http://hidden.example"}"#, 1);
        self.clock.advance(Duration::from_secs(1200));
        let failed: Result<(), Refusal> = mailer.run("send", good, |_| {
            self.session("nobody").run("query", "{}", |_| Ok(()))
        });
        failed.unwrap_err();
    }

    /// The log's directory, once nobody writes to it any more, and what was told.
    fn close(self) -> (Folder, String, Vec<Alert>, CommunicationGraph) {
        drop(self.guard);
        self.log.close().unwrap();
        let path = self.folder.log().to_str().unwrap().to_owned();
        (
            self.folder,
            path,
            self.alerts.try_iter().collect(),
            self.graph,
        )
    }
}

/// Runs a verb on a log, under the policy of the office.
fn watch(folder: &Folder, verb: &str, log: &str, options: &[&str]) -> Ran {
    let policy = folder.file("monitor.json", MONITOR_POLICY);
    run([&[verb, log, "--policy", &policy], options].concat(), b"")
}

/// What both verbs do with what is no log, or a damaged one.
fn check_trouble(verb: &str) {
    let folder = Folder::new();
    let empty = folder.path().to_str().unwrap();
    let absent = folder.log().to_str().unwrap().to_owned();
    for log in [empty, &absent] {
        let ran = run([verb, log], b"");
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
        assert!(ran.err.starts_with("error: "), "{ran:?}");
    }

    let office = Office::new();
    office.work();
    let (folder, log, ..) = office.close();
    let wrong = folder.file("wrong.json", r#"{"agent": []}"#);
    let ran = run([verb, &log, "--policy", &wrong], b"");
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
    assert!(ran.err.contains("did you mean `agents`?"), "{ran:?}");

    let segment = format!("{log}/journal-{:020}.log", 0);
    let mut bytes = std::fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let ran = watch(&folder, verb, &log, &[]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("error: "), "{ran:?}");
    // What was read before it is told.
    assert!(ran.out.contains("agent/analyst"), "{ran:?}");
}
