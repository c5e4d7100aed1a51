//! A monitor that learns from a log what was usual before it was there.

use std::sync::Arc;
use std::time::Duration;

use portcullis::anomaly::{AlertKind, Monitor, MonitorPolicy};
use portcullis::audit::{AuditLog, Origin, warm_up};
use portcullis::{Guard, ManualClock, RingRecorder};

use super::{PERMISSIONS, guard};
use crate::folder::Folder;
use crate::support::{AGENT, agent, agent_policy};

const POLICY: &str =
    r#"{"responses": [{"on": ["CALL_RATE", "LOOP"], "response": "quarantine", "alone": true}]}"#;

/// Two days of work: a call every 20 seconds in every third hour, at their end a burst.
fn log_of_work(folder: &Folder, clock: &Arc<ManualClock>) {
    let log = AuditLog::options(Origin::parse("example.org/test").unwrap());
    let log = log.clock(Arc::clone(clock)).open(folder.log());
    let log = Arc::new(log.unwrap());
    let guard = Guard::builder()
        .policy(agent_policy(PERMISSIONS))
        .clock(Arc::clone(clock))
        .recorder(Arc::clone(&log))
        .build()
        .unwrap();
    let session = guard.vouched_session(agent(AGENT)).unwrap();
    for second in (0..2 * 86_400).step_by(20) {
        if second / 3600 % 3 == 0 {
            clock.set(Duration::from_secs(second));
            drop(session.call("read", "{}").unwrap());
        }
    }
    (0..60).for_each(|_| drop(session.call("read", "{}").unwrap()));
    log.close().unwrap();
}

#[test]
fn a_monitor_that_saw_a_log_knows_what_is_usual() {
    let (folder, clock) = (Folder::new(), Arc::new(ManualClock::new()));
    log_of_work(&folder, &clock);
    let policy = || MonitorPolicy::from_json(POLICY).unwrap();
    let usual = warm_up(folder.log(), Monitor::builder().policy(policy())).unwrap();
    // So much later that what was told before may be told again.
    clock.advance(Duration::from_secs(5 * 3600));
    let burst = |monitor: &Monitor| {
        let guard = guard(monitor, Arc::clone(&clock), RingRecorder::new(1));
        let alerts = monitor.subscribe(100);
        // Nothing was done about what is over, nor is any of it done now.
        assert!(monitor.quarantine().agents().is_empty());
        let session = guard.vouched_session(agent(AGENT)).unwrap();
        for number in 0..60 {
            let _ = session.call("read", format!(r#"{{"n": {number}}}"#).as_str());
        }
        alerts
            .try_iter()
            .any(|alert| alert.kind == AlertKind::CallRate)
    };
    let builder = || {
        Monitor::builder()
            .policy(policy())
            .clock(Arc::clone(&clock))
    };
    let warm = builder().restore(&usual).unwrap();
    assert!(burst(&warm));
    assert_eq!(warm.quarantine().agents().len(), 1);
    assert!(!burst(&builder().build()));
}

#[test]
fn what_is_no_log_warms_nobody_up() {
    let folder = Folder::new();
    assert!(warm_up(folder.path().join("nowhere"), Monitor::builder()).is_err());
}
