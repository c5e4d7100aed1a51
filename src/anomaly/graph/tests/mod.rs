mod bounds;
mod escapes;
mod golden;
mod questions;
mod sight;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::*;
use crate::anomaly::alert::AlertKind;
use crate::anomaly::event::InteractionStatus;
use crate::call::Args;
use crate::clock::ManualClock;
use crate::decision::{Effect, Verdict};
use crate::digest::Digest;
use crate::record::{Alerted, CallId, Outcome, SessionId, Subject};

/// A graph, with the clock that it reads.
struct Stage {
    graph: CommunicationGraph,
    clock: Arc<ManualClock>,
}

impl Stage {
    fn new() -> Self {
        Self::with(CommunicationGraph::builder())
    }

    fn with(builder: GraphBuilder) -> Self {
        let clock = Arc::new(ManualClock::new());
        let graph = builder.clock(Arc::clone(&clock)).build();
        Self { graph, clock }
    }

    fn at(&self, seconds: u64) {
        self.clock.set(Duration::from_secs(seconds));
    }

    fn see(&self, event: Event<'_>) {
        let (at, wall) = (self.clock.monotonic(), self.clock.wall());
        self.graph.see(&Record { at, wall, event });
    }

    fn decided(&self, agent: &AgentId, tool: &str, code: Code) {
        self.see(Event::Decided(decided(agent, tool, code)));
    }

    fn called(&self, agent: &AgentId, tool: &str, micros: u64) {
        self.decided(agent, tool, Code::Allowed);
        self.ended(agent, tool, Outcome::Completed, micros);
    }

    fn ended(&self, agent: &AgentId, tool: &str, outcome: Outcome, micros: u64) {
        self.see(Event::Ended(Ended {
            subject: subject(agent, tool),
            outcome,
            latency: Duration::from_micros(micros),
            audit_level: AuditLevel::Standard,
            result: None,
        }));
    }

    /// A call at this audit level.
    fn named(&self, agent: &AgentId, args: &str, level: AuditLevel, secret: &[&str]) {
        let args = Args::parse(args).unwrap();
        self.see(Event::Decided(Decided {
            arguments: Some(args.view()),
            secret,
            audit_level: level,
            ..decided(agent, "send", Code::Allowed)
        }));
    }

    fn spoke(&self, source: &AgentId, target: &AgentId, status: InteractionStatus) {
        self.graph.interaction(&AgentInteraction {
            source,
            target,
            action: "ask",
            payload: None,
            at: self.clock.wall(),
            latency: Duration::from_millis(5),
            status,
        });
    }

    fn view(&self) -> GraphView {
        self.graph.view(&MonitorPolicy::new())
    }

    fn view_under(&self, policy: &str) -> GraphView {
        self.graph.view(&MonitorPolicy::from_json(policy).unwrap())
    }

    /// Targets and counts of an agent's edges.
    fn edges(&self, agent: &AgentId) -> Vec<(String, u64)> {
        let view = self.view();
        let edges = view.edges().iter().filter(|edge| edge.source == *agent);
        edges
            .map(|edge| (edge.target.name().to_owned(), edge.traffic.count))
            .collect()
    }
}

fn agent(name: &str) -> AgentId {
    AgentId::parse(&format!("spiffe://example.org/{name}")).unwrap()
}

fn subject<'a>(agent: &'a AgentId, tool: &'a str) -> Subject<'a> {
    Subject {
        call: CallId(1),
        session: SessionId(1),
        agent,
        user: None,
        task: None,
        tool,
    }
}

fn decided<'a>(agent: &'a AgentId, tool: &'a str, code: Code) -> Decided<'a> {
    let verdict = match code {
        Code::Allowed => Verdict::Allow,
        Code::ApprovalRequired => Verdict::Ask,
        _ => Verdict::Deny,
    };
    Decided {
        subject: subject(agent, tool),
        verdict,
        code,
        rule: None,
        digest: None,
        epoch: 1,
        policy: Digest::from([0; 32]),
        effect: Effect::Write,
        audit_level: AuditLevel::Standard,
        context_digest: None,
        arguments: None,
        secret: &[],
        context: None,
    }
}

fn alert(kind: AlertKind, agent: &AgentId, target: &str, surprise: Option<f64>) -> Alert {
    Alert {
        number: 1,
        kind,
        agent: agent.clone(),
        target: (!target.is_empty()).then(|| target.into()),
        at: SystemTime::UNIX_EPOCH,
        observed: 1.0,
        expected: 0.0,
        surprise,
        baseline: None,
        call: None,
        more: 0,
        is_update: false,
        lost: 0,
    }
}
