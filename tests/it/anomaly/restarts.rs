//! What is held back is held back after a restart too.

use std::sync::{Arc, Barrier};

use portcullis::anomaly::{Monitor, MonitorPolicy};
use portcullis::audit::{self, AuditLog, LogError, Origin};
use portcullis::{Code, Guard, ManualClock, Quarantine, Quarantined, ReleaseError, Session};

use super::guard;
use super::quarantine::guard_with;
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
