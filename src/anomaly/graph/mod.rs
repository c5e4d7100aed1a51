//! Who calls what, and who speaks to whom: the traffic between agents, tools and destinations as a graph.
//!
//! [`memory`] holds what was seen, in bounded space. A [`GraphView`] is what it looks like at one moment: it is what
//! [`walk`] asks and what [`dot`], [`mermaid`] and [`json`] write down.

mod charted;
mod counts;
mod dot;
mod endpoint;
mod expectation;
mod json;
mod label;
mod latency;
mod memory;
mod mermaid;
#[cfg(test)]
mod tests;
mod view;
mod walk;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

pub use charted::Charted;
pub use counts::{Suspicion, Traffic};
pub use endpoint::Endpoint;
pub use expectation::Expectation;
pub use memory::Dropped;
pub use view::{GraphEdge, GraphNode, GraphView};
pub use walk::Reached;

use self::memory::{Memory, Source};
use super::alert::Alert;
use super::event::AgentInteraction;
use super::policy::MonitorPolicy;
use super::rules::destinations;
use super::tags::{About, Tags};
use crate::clock::{Clock, SystemClock};
use crate::decision::{AuditLevel, Code};
use crate::ids::AgentId;
use crate::record::{Decided, Ended, Event, Record, Recorder};

/// Draws who calls which tool, which agent speaks to which, and where their calls lead: a cheap handle, to be cloned and
/// shared between threads.
///
/// It sees the records of a guard whose recorder it [watches](Self::watch), and what the host tells it beside them; it
/// decides nothing. Edges go from an agent
/// - to each tool that it called, also where the call was refused;
/// - to each agent that it spoke to;
/// - to each host and mail domain in the arguments of its calls, where the audit level is `full`: at other levels nobody may
///   learn them, and those in secret parameters nobody may learn at all. Only calls are counted of these: what ends does not
///   say where it led.
///
/// Its memory is bounded: see [`GraphBuilder`]. Each agent has room of its own, so that a flood of names by one takes away no
/// edge of another. Events are counted in place, behind one of 64 locks that is chosen by the agent. That is why it can be
/// shared, and why two threads that work for different agents seldom wait for each other.
///
/// ```
/// use portcullis::anomaly::{CommunicationGraph, MonitorPolicy};
/// use portcullis::{AgentId, AgentPolicy, Guard, RingRecorder};
///
/// let graph = CommunicationGraph::new();
/// let policy = AgentPolicy::from_json(
///     r#"{"agent_id": "spiffe://example.org/agent/reporter", "permissions": [{"tool_name": "add"}]}"#,
/// )?;
/// let guard = Guard::builder().policy(policy).recorder(graph.watch(RingRecorder::new(1000))).build()?;
/// let session = guard.vouched_session(AgentId::parse("spiffe://example.org/agent/reporter")?)?;
/// session.run("add", "{}", |_| Ok::<_, portcullis::Refusal>(3))?;
/// assert!(session.call("transfer", "{}").is_err());
///
/// let view = graph.view(&MonitorPolicy::new());
/// let unexpected: Vec<_> = view.unexpected().map(|edge| edge.target.name()).collect();
/// assert_eq!(unexpected, ["transfer"]);
/// assert!(view.mermaid().starts_with("flowchart LR\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct CommunicationGraph(Arc<Chart>);

/// What all handles of one graph share.
struct Chart {
    memory: Memory,
    tags: Tags,
    clock: Box<dyn Clock>,
}

/// Says how much a [`CommunicationGraph`] has room for.
///
/// An edge takes at most about 200 bytes, its name and, once it has a latency, 272 bytes more.
#[derive(Debug)]
#[must_use]
pub struct GraphBuilder {
    agents: usize,
    edges: usize,
    clock: Option<Box<dyn Clock>>,
}

impl Default for GraphBuilder {
    fn default() -> Self {
        Self {
            agents: 4096,
            edges: 32,
            clock: None,
        }
    }
}

impl GraphBuilder {
    /// For about how many agents there is room, from 64; 4,096 where nothing is said. Beyond that a new agent costs a look at
    /// one in 64 of those that are there, and the one among them that was seen longest ago is dropped with its edges.
    pub fn agents(mut self, agents: usize) -> Self {
        self.agents = agents;
        self
    }

    /// How many edges may begin at each agent, at least 1; 32 where nothing is said. Beyond that the edge of this agent that
    /// was used longest ago is dropped; of edges that alerts are about, only if there are no others.
    pub fn edges(mut self, edges: usize) -> Self {
        self.edges = edges;
        self
    }

    /// The clock; the operating system's where none is given. Interactions that are ahead of it count as of now. Records
    /// bring their own time.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Some(Box::new(clock));
        self
    }

    /// Builds the graph.
    #[must_use]
    pub fn build(self) -> CommunicationGraph {
        let clock = self
            .clock
            .unwrap_or_else(|| Box::new(SystemClock::new()) as Box<dyn Clock>);
        CommunicationGraph(Arc::new(Chart {
            memory: Memory::new(self.agents, self.edges),
            tags: Tags::random(),
            clock,
        }))
    }
}

impl Default for CommunicationGraph {
    fn default() -> Self {
        Self::new()
    }
}

impl CommunicationGraph {
    /// An empty graph with the usual room.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Begins a graph.
    pub fn builder() -> GraphBuilder {
        GraphBuilder::default()
    }

    /// A recorder that writes to another one and lets this graph see what was written.
    pub fn watch<R: Recorder>(&self, recorder: R) -> Charted<R> {
        Charted::new(self.clone(), recorder)
    }

    /// A record was written. Records of other things than calls and alerts are passed over.
    pub fn see(&self, record: &Record<'_>) {
        match &record.event {
            Event::Decided(decided) => self.decided(decided, record.wall),
            Event::Ended(ended) => self.ended(ended, record.wall),
            Event::Alerted(told) => self.suspect(told.agent, told.target, &told.into()),
            _ => {}
        }
    }

    /// One agent spoke to another.
    pub fn interaction(&self, interaction: &AgentInteraction<'_>) {
        let Chart { memory, tags, .. } = &*self.0;
        let at = interaction.at.min(self.0.clock.wall());
        let tag = About::Agent(interaction.target).tag(tags);
        memory.with(
            tags.long(interaction.source),
            interaction.source,
            |source| {
                let target = || Endpoint::Agent(interaction.target.clone());
                if let Some(edge) = source.edge(tag, at, target) {
                    edge.counts
                        .speak(at, interaction.status, interaction.latency);
                }
            },
        );
    }

    /// A monitor told an alert. It counts for the edges that lead from its agent to what it names; where there is none, for
    /// the agent. One about an agent that is not in the graph counts for nothing.
    ///
    /// This is for alerts that are not put on record: of those that are, their records tell.
    pub fn alert(&self, alert: &Alert) {
        self.suspect(&alert.agent, alert.target.as_deref(), &alert.into());
    }

    /// What the graph looks like now, held against what is expected of agents. Events go on while it is made, and wait for a
    /// part of the agents at a time.
    #[must_use]
    pub fn view(&self, policy: &MonitorPolicy) -> GraphView {
        GraphView::of(&self.0.memory, policy)
    }

    fn decided(&self, decided: &Decided<'_>, at: SystemTime) {
        let Chart { memory, tags, .. } = &*self.0;
        let (agent, tool) = (decided.subject.agent, decided.subject.tool);
        memory.with(tags.long(agent), agent, |source| {
            let tag = About::Tool(tool).tag(tags);
            if let Some(edge) = source.edge(tag, at, || Endpoint::tool(tool)) {
                edge.counts.ask(at, decided.verdict);
                edge.is_named = is_named(decided.code).or(edge.is_named);
            }
            told_destinations(decided, |host| {
                let tag = About::Destination(host).tag(tags);
                // A call that names it twice is one call.
                if let Some(edge) = source.edge(tag, at, || Endpoint::destination(host)) {
                    edge.counts.ask(at, decided.verdict);
                }
            });
        });
    }

    fn suspect(&self, agent: &AgentId, target: Option<&str>, told: &Suspicion) {
        let hash = self.0.tags.long(agent);
        let add = |source: &mut Source| source.suspect(target, told);
        self.0.memory.with_known(hash, add);
    }

    fn ended(&self, ended: &Ended<'_>, at: SystemTime) {
        let Chart { memory, tags, .. } = &*self.0;
        let tag = About::Tool(ended.subject.tool).tag(tags);
        memory.with_known(tags.long(ended.subject.agent), |source| {
            if let Some(edge) = source.known_edge(tag) {
                edge.counts.end(at, ended.outcome, ended.latency);
            }
        });
    }
}

/// The destinations in arguments that a log may keep.
fn told_destinations(decided: &Decided<'_>, mut tell: impl FnMut(&str)) {
    if decided.audit_level < AuditLevel::Full {
        return;
    }
    let Some(arguments) = decided.arguments else {
        return;
    };
    for (name, value) in arguments.iter() {
        if !decided.secret.contains(&name) {
            destinations(value, &mut tell);
        }
    }
}

/// Whether a policy names the tool, where a decision says so: it does if anything but the name decided.
fn is_named(code: Code) -> Option<bool> {
    match code {
        Code::UnknownTool => Some(false),
        Code::Allowed
        | Code::ApprovalRequired
        | Code::MissingParameter
        | Code::UnexpectedParameter
        | Code::Constraint
        | Code::Limit
        | Code::Budget => Some(true),
        Code::Malformed
        | Code::Identity
        | Code::Revoked
        | Code::Quarantined
        | Code::Anomaly
        | Code::Indicator
        | Code::Lapsed
        | Code::Fault => None,
    }
}

impl fmt::Debug for CommunicationGraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommunicationGraph").finish_non_exhaustive()
    }
}
