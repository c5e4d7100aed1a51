//! What is held back is held back after a restart too.

use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use portcullis::anomaly::{CredentialIssuer, HostError, Monitor, MonitorBuilder, MonitorPolicy};
use portcullis::audit::{self, AuditLog, LogError, Origin};
use portcullis::{
    AgentId, Args, Call, Clock, Code, Decision, Guard, ManualClock, Quarantine, Quarantined,
    ReleaseError, RingRecorder, Session, ToolName, Verdict,
};

use super::guard;
use super::quarantine::guard_with;
use super::snapshot::Restarted;
use crate::folder::Folder;
use crate::support::{AGENT, agent, user};

fn open(folder: &Folder) -> Arc<AuditLog> {
    let log = AuditLog::options(Origin::parse("example.org/test").unwrap());
    Arc::new(log.open(folder.log()).unwrap())
}

fn restored(folder: &Folder) -> Quarantine {
    let list = Quarantine::new();
    let agents = audit::restore_quarantine(folder.log(), &list).unwrap();
    assert_eq!(agents, list.agents().len());
    list
}

const ALONE: &str = r#"{"agents": [{"agent_id": "spiffe://example.org/agent/*", "calls_per_minute": 5}], "learned": {"enabled": false},
    "responses": [{"on": ["RATE_ANOMALY"], "response": "quarantine", "alone": true}]}"#;

#[test]
fn a_restart_frees_nobody() {
    let folder = Folder::new();
    let run = |list: &Quarantine, then: &dyn Fn(&Guard)| {
        let builder = Monitor::builder().policy(MonitorPolicy::from_json(ALONE).unwrap());
        let monitor = builder.quarantine(list).clock(ManualClock::new()).build();
        then(&guard(&monitor, ManualClock::new(), open(&folder)));
    };
    let code = |session: &Session| session.call("read", "{}").err().map(|it| it.code());
    let ann = user("ann@example.org");
    run(&Quarantine::new(), &|guard| {
        let session = guard.vouched_session(agent(AGENT)).unwrap();
        (0..20).for_each(|_| drop(session.call("read", "{}")));
        assert_eq!(code(&session), Some(Code::Quarantined));
        guard
            .shut_out(&agent("spiffe://example.org/b"), &ann)
            .unwrap();
        guard
            .release(&agent("spiffe://example.org/b"), &ann)
            .unwrap();
    });
    let list = restored(&folder);
    let seen = list.of(&agent(AGENT)).unwrap();
    assert_eq!((list.agents().len(), seen.number), (1, 1));
    run(&list, &|guard| {
        let session = guard.vouched_session(agent(AGENT)).unwrap();
        assert_eq!(code(&session), Some(Code::Quarantined));
        // As the person saw it before the restart.
        guard.release_seen(&seen, &ann).unwrap();
        assert_eq!(code(&session), None);
        // Numbers are not given twice.
        guard.shut_out(&agent(AGENT), &ann).unwrap();
        assert_eq!(
            guard.release_seen(&seen, &ann),
            Err(ReleaseError::Renewed { number: 3 })
        );
        guard.release(&agent(AGENT), &ann).unwrap();
    });
    assert!(restored(&folder).agents().is_empty());
}

/// The process may end at any time: nothing waits in its memory.
#[test]
fn a_quarantine_is_on_disk_when_it_holds() {
    let (folder, list) = (Folder::new(), Quarantine::new());
    let (log, ann) = (open(&folder), user("ann@example.org"));
    let guard = guard_with(&list, Arc::clone(&log));
    guard.shut_out(&agent(AGENT), &ann).unwrap();
    assert!(restored(&folder).holds(&agent(AGENT)));
    guard.release(&agent(AGENT), &ann).unwrap();
    assert!(!restored(&folder).holds(&agent(AGENT)));
}

/// Four threads that shut out and let in, over two guards with one log.
#[test]
fn the_log_tells_the_list_whatever_threads_do() {
    for _ in 0..20 {
        let (folder, list) = (Folder::new(), Quarantine::new());
        let log = open(&folder);
        let guards = [(); 2].map(|()| guard_with(&list, Arc::clone(&log)));
        let barrier = Barrier::new(4);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (guard, barrier, list) = (&guards[thread % 2], &barrier, &list);
                scope.spawn(move || {
                    barrier.wait();
                    for number in 0..20 {
                        let name = agent(&format!("spiffe://example.org/{}", number % 2));
                        let ann = user("ann@example.org");
                        match (thread + number) % 3 {
                            0 => drop(guard.shut_out(&name, &ann).unwrap()),
                            1 => drop(guard.release(&name, &ann)),
                            _ => {
                                if let Some(seen) = list.of(&name) {
                                    drop(guard.release_seen(&seen, &ann));
                                }
                            }
                        }
                    }
                });
            }
        });
        let held = |list: &Quarantine| -> Vec<_> {
            let agents = list.agents().into_iter();
            agents.map(|it| (it.agent, it.number)).collect()
        };
        assert_eq!(held(&restored(&folder)), held(&list));
    }
}

#[test]
fn what_is_no_log_is_an_error_and_frees_nobody() {
    let (folder, list) = (Folder::new(), Quarantine::new());
    list.restore([Quarantined::new(
        agent(AGENT),
        std::time::SystemTime::UNIX_EPOCH,
        1,
    )])
    .unwrap();
    let read = audit::restore_quarantine(folder.log(), &list);
    assert!(
        matches!(read, Err(LogError::NoLog | LogError::Storage(_))),
        "{read:?}"
    );
    assert!(list.holds(&agent(AGENT)));
}

/// A monitor with these responses, at the same time of day as the clock, which began then.
fn monitor(clock: &Arc<ManualClock>, responses: &str, issuer: &Asked) -> MonitorBuilder {
    let since = clock.monotonic();
    let policy = format!(
        r#"{{"agents": [{{"agent_id": "spiffe://example.org/agent/*", "calls_per_minute": 5}}],
             "learned": {{"enabled": false}}, "responses": [{responses}]}}"#
    );
    let clock = Arc::clone(clock);
    let builder = Monitor::builder().policy(MonitorPolicy::from_json(&policy).unwrap());
    builder
        .clock(Restarted { clock, since })
        .credential_issuer(issuer.clone())
}

/// Keeps what it was asked.
#[derive(Clone, Default)]
struct Asked(Arc<Mutex<Vec<&'static str>>>);

impl CredentialIssuer for Asked {
    fn revoke(&self, _: &AgentId) -> Result<(), HostError> {
        self.0.lock().unwrap().push("revoke");
        Ok(())
    }

    fn rotate(&self, _: &AgentId) -> Result<(), HostError> {
        self.0.lock().unwrap().push("rotate");
        Ok(())
    }
}

/// A session of a guard with this monitor.
fn session(monitor: &Monitor, clock: &Arc<ManualClock>) -> Session {
    let guard = guard(monitor, Arc::clone(clock), RingRecorder::new(1));
    guard.vouched_session(agent(AGENT)).unwrap()
}

/// What a call would be told that nobody sees.
fn asked(session: &Session, tool: &str) -> Option<(Verdict, Option<Duration>)> {
    let call = Call::new(ToolName::parse(tool).unwrap(), Args::empty());
    match session.explain(&call).decision() {
        Decision::Allow(_) => None,
        Decision::Ask(reason) => Some((Verdict::Ask, reason.retry_after())),
        Decision::Deny(reason) => Some((Verdict::Deny, reason.retry_after())),
    }
}

/// What calls of two tools are told, 30 seconds after 20 calls of one that led to these responses, without a restart and with one.
#[test]
fn what_is_held_back_goes_on() {
    for (responses, read, full) in [
        (
            r#"{"on": ["RATE_ANOMALY"], "response": "step_up", "for": "40s"}"#,
            Some((Verdict::Ask, None)),
            Some((Verdict::Ask, None)),
        ),
        (
            r#"{"on": ["RATE_ANOMALY"], "response": "throttle", "calls_per_minute": 2, "for": "40s"}"#,
            Some((Verdict::Deny, Some(Duration::from_secs(30)))),
            Some((Verdict::Deny, Some(Duration::from_secs(30)))),
        ),
        (
            r#"{"on": ["RATE_ANOMALY"], "response": "circuit_break", "for": "40s"}"#,
            Some((Verdict::Deny, Some(Duration::from_secs(10)))),
            None,
        ),
        // A session that was opened later is fine, and after a restart there is no other.
        (
            r#"{"on": ["RATE_ANOMALY"], "response": "reauthenticate"}"#,
            None,
            None,
        ),
    ] {
        for is_restarted in [false, true] {
            let (clock, issuer) = (Arc::new(ManualClock::new()), Asked::default());
            clock.set(Duration::from_secs(1_000_000));
            let mut monitor = monitor(&clock, responses, &issuer).build();
            let first = session(&monitor, &clock);
            (0..25).for_each(|_| drop(first.call("read", "{}")));
            clock.advance(Duration::from_secs(30));
            if is_restarted {
                let snapshot = monitor.snapshot();
                monitor = self::monitor(&clock, responses, &issuer)
                    .restore(&snapshot)
                    .unwrap();
            }
            let then = session(&monitor, &clock);
            assert_eq!(asked(&then, "read"), read, "{responses} {is_restarted}");
            assert_eq!(asked(&then, "full"), full, "{responses} {is_restarted}");
            clock.advance(Duration::from_secs(10));
            assert_eq!(asked(&then, "full"), None);
            assert_eq!(asked(&then, "read"), None);
        }
    }
}

/// While nobody watches, time goes on.
#[test]
fn what_ends_while_the_program_is_down_has_ended() {
    let responses = r#"{"on": ["RATE_ANOMALY"], "response": "step_up", "for": "10m"}"#;
    let (clock, issuer) = (Arc::new(ManualClock::new()), Asked::default());
    let monitor = monitor(&clock, responses, &issuer).build();
    let first = session(&monitor, &clock);
    (0..25).for_each(|_| drop(first.call("read", "{}")));
    let snapshot = monitor.snapshot();
    for (seconds, is_free) in [(599, false), (600, true)] {
        clock.set(Duration::from_secs(seconds));
        let restored = self::monitor(&clock, responses, &issuer);
        let restored = restored.restore(&snapshot).unwrap();
        assert_eq!(
            asked(&session(&restored, &clock), "read").is_none(),
            is_free
        );
    }
}

#[test]
fn credentials_that_were_to_be_withdrawn_are() {
    let responses = r#"{"on": ["RATE_ANOMALY"], "response": "revoke"}, {"on": ["RATE_ANOMALY"], "response": "rotate"}"#;
    let (clock, issuer) = (Arc::new(ManualClock::new()), Asked::default());
    let monitor = monitor(&clock, responses, &issuer).build();
    let first = session(&monitor, &clock);
    (0..25).for_each(|_| drop(first.call("read", "{}")));
    assert_eq!(monitor.counts().unanswered, 2);
    let restored = self::monitor(&clock, responses, &issuer)
        .restore(&monitor.snapshot())
        .unwrap();
    assert_eq!(restored.counts().unanswered, 2);
    restored.tick();
    assert_eq!(*issuer.0.lock().unwrap(), ["revoke", "rotate"]);
}
