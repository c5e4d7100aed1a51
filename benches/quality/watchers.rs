//! The monitor, as a host would set it up.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, SystemTime};

use portcullis::anomaly::{
    AgentInteraction, Alert, CredentialIssued, InteractionStatus, Monitor, MonitorPolicy,
};
use portcullis::{
    AgentId, AgentPolicy, Args, Clock, Guard, ManualClock, Refusal, RingRecorder, Session,
};

use crate::traffic::{Call, EVIL, Happening, Hours, Life, Listener, STRICT, TOOLS, What};

/// Looks at what happens, and tells what it takes to be an attack.
pub(crate) trait Watcher {
    fn see(&mut self, happening: &Happening);
    /// What it told since it was asked last.
    fn told(&mut self) -> Vec<Told>;
    /// Another one that goes on from here.
    fn fork(&self) -> Self;
}

#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) at: u64,
    pub(crate) kind: &'static str,
}

/// A monitor that sees the calls of two agents through their guard, and is told the rest.
pub(crate) struct Watched<'w> {
    /// What is declared by when.
    declare: &'w (dyn Fn(u64) -> MonitorPolicy + Sync),
    clock: Arc<ManualClock>,
    monitor: Monitor,
    expected: MonitorPolicy,
    sessions: [Session; 2],
    alerts: Receiver<Alert>,
}

impl<'w> Watched<'w> {
    pub(crate) fn new(declare: &'w (dyn Fn(u64) -> MonitorPolicy + Sync)) -> Self {
        let expected = declare(0);
        let clock = Arc::new(ManualClock::new());
        let builder = Monitor::builder().clock(Arc::clone(&clock));
        let monitor = builder.policy(expected.clone()).build();
        Self::with(monitor, clock, expected, declare)
    }

    fn with(
        monitor: Monitor,
        clock: Arc<ManualClock>,
        expected: MonitorPolicy,
        declare: &'w (dyn Fn(u64) -> MonitorPolicy + Sync),
    ) -> Self {
        let mut builder = Guard::builder();
        for agent in 0..2 {
            builder = builder.policy(AgentPolicy::from_json(&policy(agent)).unwrap());
        }
        let recorder = monitor.watch(RingRecorder::new(1));
        let guard = builder
            .clock(Arc::clone(&clock))
            .recorder(recorder)
            .build()
            .unwrap();
        let session = |agent| guard.vouched_session(name(Listener::Agent(agent))).unwrap();
        Self {
            sessions: [session(0), session(1)],
            alerts: monitor.subscribe(100_000),
            monitor,
            clock,
            expected,
            declare,
        }
    }

    fn call(&self, agent: usize, call: Call) {
        let mut args = String::new();
        write!(args, r#"{{"n": {}"#, call.number).unwrap();
        match call.host {
            Some(EVIL) => args.push_str(r#", "to": "https://evil.example/"}"#),
            Some(host) => write!(args, r#", "to": "https://host{host}.example/"}}"#).unwrap(),
            None => args.push('}'),
        }
        let _ = self.sessions[agent].run(TOOLS[call.tool], Args::parse(&args).unwrap(), |_| {
            self.clock.advance(Duration::from_millis(call.latency));
            Ok::<_, Refusal>("x".repeat(call.size))
        });
    }
}

impl Watcher for Watched<'_> {
    fn see(&mut self, happening: &Happening) {
        let at = Duration::from_millis(happening.at).max(self.clock.monotonic());
        self.clock.set(at);
        let (agent, wall) = (
            name(Listener::Agent(happening.agent)),
            SystemTime::UNIX_EPOCH + at,
        );
        match happening.what {
            What::Call(call) => self.call(happening.agent, call),
            What::Spoke(listener) => self.monitor.interaction(&AgentInteraction {
                source: &agent,
                target: &name(listener),
                action: "ask",
                payload: None,
                at: wall,
                latency: Duration::from_millis(100),
                status: InteractionStatus::Succeeded,
            }),
            What::Deployed => {
                self.expected = (self.declare)(happening.at);
                self.monitor.swap(self.expected.clone());
            }
            What::Issued => self.monitor.credential(&CredentialIssued {
                agent: &agent,
                at: wall,
            }),
        }
    }

    /// What only says that more of the same was held back is left out: nothing has happened at that time.
    fn told(&mut self) -> Vec<Told> {
        let told = |alert: Alert| {
            let at = alert.at.duration_since(SystemTime::UNIX_EPOCH).unwrap();
            Told {
                at: at.as_millis() as u64,
                kind: alert.kind.as_str(),
            }
        };
        self.alerts
            .try_iter()
            .filter(|alert| !alert.is_update)
            .map(told)
            .collect()
    }

    fn fork(&self) -> Self {
        let clock = Arc::new(ManualClock::new());
        clock.set(self.clock.monotonic());
        let builder = Monitor::builder()
            .clock(Arc::clone(&clock))
            .policy(self.expected.clone());
        let monitor = builder.restore(&self.monitor.snapshot()).unwrap();
        Self::with(monitor, clock, self.expected.clone(), self.declare)
    }
}

/// What may be done is wide, so that nothing but the monitor sees an attack.
fn policy(agent: usize) -> String {
    let tools: Vec<String> = (0..TOOLS.len())
        .filter(|tool| *tool != STRICT)
        .map(|tool| {
            let name = TOOLS[tool];
            format!(r#"{{"tool_name": "{name}", "max_calls_per_minute": 100000, "audit_level": "full"}}"#)
        })
        .collect();
    format!(
        r#"{{"agent_id": "{}", "permissions": [{}, {{"tool_name": "strict", "allowed_params": {{"path": ["a"]}}}}]}}"#,
        name(Listener::Agent(agent)),
        tools.join(",")
    )
}

/// What a careful owner declares of two agents: rates that are ordinary at the busiest hour, hours and hosts, where they have any,
/// whom they speak to, and which tool is worth protecting. It is declared anew with each deploy. `rest` ends the document.
pub(crate) fn declared(lives: &[Life; 2], at: u64, rest: &str) -> MonitorPolicy {
    let agents: Vec<String> = lives
        .iter()
        .enumerate()
        .map(|(agent, life)| {
            let office = r#"{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "18:00"}"#;
            let sunday = r#"{"days": ["sun"], "from": "23:00", "to": "24:00"}"#;
            let hours = match life.hours {
                Hours::Always => String::new(),
                Hours::Office => format!(r#", "hours": [{office}]"#),
                Hours::OfficeAndSunday => format!(r#", "hours": [{office}, {sunday}]"#),
            };
            let hosts: Vec<String> = (0..10).map(|host| format!(r#""host{host}.example""#)).collect();
            let destinations = if life.explores.is_some() {
                String::new()
            } else {
                format!(r#", "destinations": [{}]"#, hosts.join(","))
            };
            format!(
                r#"{{"agent_id": "{}", "calls_per_minute": {}, "credentials_per_minute": 0.05{hours}{destinations}}}"#,
                name(Listener::Agent(agent)),
                (life.mean_at(at) * 1.3).ceil()
            )
        })
        .collect();
    let text = format!(
        r#"{{"agents": [{}],
            "paths": [{{"source": "spiffe://example.org/agent/*", "target": "spiffe://example.org/peer/*"}}],
            "resource_classes": {{"vault": ["vault"]}}{rest}}}"#,
        agents.join(",")
    );
    MonitorPolicy::from_json(&text).unwrap()
}

fn name(listener: Listener) -> AgentId {
    let name = match listener {
        Listener::Agent(number) => format!("spiffe://example.org/agent/{number}"),
        Listener::Peer(number) => format!("spiffe://example.org/peer/{number}"),
    };
    AgentId::parse(&name).unwrap()
}
