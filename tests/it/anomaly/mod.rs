//! The monitor: which behaviour it tells, and which it does not.

mod bounds;
mod built;
mod document;
mod framed;
mod held;
mod learned;
mod quarantine;
mod quiet;
mod recorded;
mod responses;
mod restarts;
mod rules;
mod sinks;
mod snapshot;
mod streams;
mod warm;

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, SystemTime};

use portcullis::anomaly::{
    AgentInteraction, Alert, AlertKind, CredentialIssued, InteractionStatus, Monitor, MonitorPolicy,
};
use portcullis::{AgentId, Clock, Guard, ManualClock, Recorder, RingRecorder, Session};

use crate::support::{AGENT, agent, agent_policy};

/// A guard that a monitor watches, with one clock and one reader of alerts.
struct Watch {
    monitor: Monitor,
    clock: Arc<ManualClock>,
    alerts: Receiver<Alert>,
    guard: Guard,
}

const PERMISSIONS: &str = r#"[
    {"tool_name": "read", "max_calls_per_minute": 100000},
    {"tool_name": "full", "audit_level": "full"},
    {"tool_name": "strict", "allowed_params": {"path": ["a"]}, "max_calls_per_minute": 100000}
]"#;

impl Watch {
    /// For agents of which this is expected, as JSON.
    fn new(policy: &str) -> Self {
        Self::with_room(policy, 10_000)
    }

    fn with_room(policy: &str, agents: usize) -> Self {
        let clock = Arc::new(ManualClock::new());
        let policy = MonitorPolicy::from_json(policy).unwrap_or_else(|error| panic!("{error}"));
        let builder = Monitor::builder().policy(policy).agents(agents);
        Self::of(builder.clock(Arc::clone(&clock)).build(), clock)
    }

    /// The same after a restart, with what is expected now.
    fn restarted(&self, policy: MonitorPolicy) -> Self {
        let builder = Monitor::builder()
            .policy(policy)
            .clock(Arc::clone(&self.clock));
        let monitor = builder.restore(&self.monitor.snapshot()).unwrap();
        Self::of(monitor, Arc::clone(&self.clock))
    }

    fn of(monitor: Monitor, clock: Arc<ManualClock>) -> Self {
        Self {
            alerts: monitor.subscribe(10_000),
            guard: guard(&monitor, Arc::clone(&clock), RingRecorder::new(10)),
            monitor,
            clock,
        }
    }

    fn session(&self) -> Session {
        self.guard.vouched_session(agent(AGENT)).unwrap()
    }

    fn at(&self, seconds: f64) {
        self.clock.set(Duration::from_secs_f64(seconds));
    }

    fn wall(&self) -> SystemTime {
        self.clock.wall()
    }

    /// What was told since the last time, of all kinds.
    fn told(&self) -> Vec<AlertKind> {
        self.alerts.try_iter().map(|alert| alert.kind).collect()
    }

    /// What was told since the last time, of one kind.
    fn told_of(&self, kind: AlertKind) -> Vec<Alert> {
        let of_kind = |alert: &Alert| alert.kind == kind;
        self.alerts.try_iter().filter(of_kind).collect()
    }

    fn spoke(&self, source: &AgentId, target: &AgentId, status: InteractionStatus) {
        self.monitor.interaction(&AgentInteraction {
            source,
            target,
            action: "ask",
            payload: None,
            at: self.wall(),
            latency: Duration::from_millis(5),
            status,
        });
    }

    fn issued(&self, to: &AgentId) {
        self.monitor.credential(&CredentialIssued {
            agent: to,
            at: self.wall(),
        });
    }
}

/// A guard with the usual permissions that a monitor was given to.
fn guard(
    monitor: &Monitor,
    clock: impl Clock + 'static,
    recorder: impl Recorder + 'static,
) -> Guard {
    Guard::builder()
        .policy(agent_policy(PERMISSIONS))
        .clock(clock)
        .recorder(recorder)
        .monitor(monitor)
        .build()
        .unwrap()
}

/// One expected agent, with these keys.
fn expecting(keys: &str) -> String {
    format!(r#"{{"agents": [{{"agent_id": "spiffe://example.org/agent/*", {keys}}}]}}"#)
}
