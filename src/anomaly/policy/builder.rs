//! A policy in code. Every entry goes the way that one of a document goes, so that both mean the same and are refused for the same.

use std::sync::Arc;
use std::time::Duration;

use super::document::{
    read_agent, read_learning, read_path, read_rule, refuse_repeated_agents, refuse_repeated_paths,
};
use super::{MonitorPolicy, ResponseRule, classes};
use crate::anomaly::alert::AlertKind;
use crate::anomaly::response::Response;
use crate::error::LoadError;
use crate::json::{Member, Node, NodeValue, Number, Span};
use crate::reading::{Reading, duration_text};

impl MonitorPolicy {
    /// Expects this of an agent too, or of all agents below a path.
    ///
    /// # Errors
    /// [`LoadError`] as for a document: if something in it is not what it should be, nothing is expected, or there is an entry for
    /// the same already.
    pub fn expect(mut self, agent: AgentExpectation) -> Result<Self, LoadError> {
        let reading = Reading::default();
        self.agents.push(read_agent(&reading, &agent.0.node())?);
        refuse_repeated_agents(&reading, &self.agents)?;
        Ok(self)
    }

    /// Expects one agent to speak to another. With the first path, all others become unexpected.
    ///
    /// # Errors
    /// [`LoadError`] as for a document.
    pub fn expect_path(mut self, path: PathExpectation) -> Result<Self, LoadError> {
        let reading = Reading::default();
        self.paths.push(read_path(&reading, &path.0.node())?);
        refuse_repeated_paths(&reading, &self.paths)?;
        Ok(self)
    }

    /// Names what is worth protecting, by the tools that reach it, such as `pay` and `refund_*`.
    ///
    /// # Errors
    /// [`LoadError`] as for a document.
    pub fn resource_class(mut self, name: &str, tools: &[&str]) -> Result<Self, LoadError> {
        let member = member(name, list(tools));
        let class = classes::read_class(&Reading::default(), &member)?;
        let classes = self.classes.iter().cloned().chain([class]).collect();
        self.classes = Arc::from(classes::in_order(&Reading::default(), classes)?);
        Ok(self)
    }

    /// Sets the rule behind a kind of alert; what is not said of it is as it was in the beginning.
    ///
    /// # Errors
    /// [`LoadError`] as for a document: if there is no rule for this kind, or it has no such setting.
    pub fn rule(mut self, kind: AlertKind, settings: RuleSettings) -> Result<Self, LoadError> {
        let name = kind.as_str().to_ascii_lowercase();
        let rule = member(&name, settings.0.node().value);
        read_rule(&Reading::default(), &rule, &mut self.rules)?;
        self.named_rules.0.push((name.into(), Span::default()));
        Ok(self)
    }

    /// Sets from when on what differs from what was learned is told; what is not said is as it was in the beginning.
    ///
    /// # Errors
    /// [`LoadError`] as for a document.
    pub fn learned(mut self, settings: LearningSettings) -> Result<Self, LoadError> {
        self.rules.learning = read_learning(&Reading::default(), &settings.0.node())?;
        Ok(self)
    }

    /// Responds to alerts.
    ///
    /// # Errors
    /// [`LoadError`] as for a document.
    pub fn respond(mut self, response: ResponseSettings) -> Result<Self, LoadError> {
        let rule = ResponseRule::read(&Reading::default(), &response.0.node())?;
        self.responses.push(rule);
        Ok(self)
    }
}

/// What is usual for an agent, for [`MonitorPolicy::expect`]. Whether it makes sense is found when it is added there.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct AgentExpectation(Entry);

impl AgentExpectation {
    /// Of one agent, or all below a path: `spiffe://example.org/agent/*`.
    pub fn new(agent: &str) -> Self {
        Self(Entry::default().with("agent_id", text(agent)))
    }

    /// How many calls a minute are usual.
    pub fn calls_per_minute(self, calls: f64) -> Self {
        Self(self.0.with("calls_per_minute", number(calls)))
    }

    /// How many credentials a minute are usual.
    pub fn credentials_per_minute(self, credentials: f64) -> Self {
        Self(self.0.with("credentials_per_minute", number(credentials)))
    }

    /// A span of hours at which it works, in UTC, on these days or, with none, every day: `&["mon"]`, `"08:00"`, `"24:00"`. May be
    /// repeated.
    pub fn hours(self, days: &[&str], from: &str, to: &str) -> Self {
        let span = Entry::default().with("from", text(from));
        let mut span = span.with("to", text(to));
        if !days.is_empty() {
            span = span.with("days", list(days));
        }
        Self(self.0.and("hours", span.node()))
    }

    /// The hosts and mail domains that it sends things to, and no others; `*.example.org` is any name below that.
    pub fn destinations(self, hosts: &[&str]) -> Self {
        Self(self.0.with("destinations", list(hosts)))
    }

    /// Parameters whose values are learned.
    pub fn sensitive_arguments(self, names: &[&str]) -> Self {
        Self(self.0.with("sensitive_arguments", list(names)))
    }
}

/// Who may speak to whom, for [`MonitorPolicy::expect_path`]. Whether it makes sense is found when it is added there.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct PathExpectation(Entry);

impl PathExpectation {
    /// From one agent to another; each may be all below a path.
    pub fn new(source: &str, target: &str) -> Self {
        let entry = Entry::default().with("source", text(source));
        Self(entry.with("target", text(target)))
    }

    /// How often a minute is usual.
    pub fn calls_per_minute(self, calls: f64) -> Self {
        Self(self.0.with("calls_per_minute", number(calls)))
    }
}

/// From when on a rule speaks, for [`MonitorPolicy::rule`]. Which rule has which settings stands with [`MonitorPolicy`].
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct RuleSettings(Entry);

impl RuleSettings {
    /// As it is in the beginning.
    pub fn new() -> Self {
        Self::default()
    }

    /// Turns the rule off.
    pub fn off(self) -> Self {
        Self(self.0.with("enabled", NodeValue::Bool(false)))
    }

    /// Above so many times what was declared.
    pub fn ratio(self, ratio: f64) -> Self {
        Self(self.0.with("ratio", number(ratio)))
    }

    /// With at most this probability by chance.
    pub fn significance(self, significance: f64) -> Self {
        Self(self.0.with("significance", number(significance)))
    }

    /// More refusals than this.
    pub fn more_than(self, refusals: u32) -> Self {
        Self(self.0.with("more_than", count(refusals)))
    }

    /// Among the last so many decisions.
    pub fn of(self, decisions: u32) -> Self {
        Self(self.0.with("of", count(decisions)))
    }

    /// So many times the same.
    pub fn repeats(self, times: u32) -> Self {
        Self(self.0.with("repeats", count(times)))
    }

    /// So many different targets.
    pub fn at_least(self, targets: u32) -> Self {
        Self(self.0.with("at_least", count(targets)))
    }

    /// In up to so many steps.
    pub fn hops(self, hops: u32) -> Self {
        Self(self.0.with("hops", count(hops)))
    }

    /// Within this time.
    pub fn within(self, time: Duration) -> Self {
        Self(self.0.with("within", span(time)))
    }

    /// Of agents that have been watched for so long.
    pub fn after(self, time: Duration) -> Self {
        Self(self.0.with("after", span(time)))
    }
}

/// From when on what differs from what was learned is told, for [`MonitorPolicy::learned`].
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct LearningSettings(Entry);

impl LearningSettings {
    /// As it is in the beginning.
    pub fn new() -> Self {
        Self::default()
    }

    /// Nothing of it is told.
    pub fn off(self) -> Self {
        Self(self.0.with("enabled", NodeValue::Bool(false)))
    }

    /// Above so many times the learned rate.
    pub fn ratio(self, ratio: f64) -> Self {
        Self(self.0.with("ratio", number(ratio)))
    }

    /// Above so many times as many different endpoints.
    pub fn endpoints(self, ratio: f64) -> Self {
        Self(self.0.with("endpoints", number(ratio)))
    }

    /// Lengths and latencies by at least so many deviations.
    pub fn deviations(self, deviations: f64) -> Self {
        Self(self.0.with("deviations", number(deviations)))
    }

    /// All of these with at most this probability.
    pub fn significance(self, significance: f64) -> Self {
        Self(self.0.with("significance", number(significance)))
    }

    /// New destinations and values, where a new one is at most so probable.
    pub fn novelty(self, probability: f64) -> Self {
        Self(self.0.with("novelty", number(probability)))
    }

    /// Steps so rare, or rarer, where such a one is at most so probable.
    pub fn oddity(self, probability: f64) -> Self {
        Self(self.0.with("oddity", number(probability)))
    }
}

/// What is done about alerts, for [`MonitorPolicy::respond`]. Whether it makes sense is found when it is added there.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct ResponseSettings(Entry);

impl ResponseSettings {
    /// This, about alerts of these kinds.
    pub fn new(response: Response, on: &[AlertKind]) -> Self {
        let on: Vec<_> = on.iter().map(|kind| kind.as_str()).collect();
        let entry = Entry::default().with("on", list(&on));
        Self(entry.with("response", text(response.as_str())))
    }

    /// How many calls a minute a throttle lets through.
    pub fn calls_per_minute(self, calls: u32) -> Self {
        Self(self.0.with("calls_per_minute", count(calls)))
    }

    /// For how long, of what ends by itself.
    pub fn lasting(self, time: Duration) -> Self {
        Self(self.0.with("for", span(time)))
    }

    /// Only for these agents; each may be all below a path.
    pub fn agents(self, agents: &[&str]) -> Self {
        Self(self.0.with("agents", list(agents)))
    }

    /// One alert is enough, whatever it rests on.
    pub fn alone(self) -> Self {
        Self(self.0.with("alone", NodeValue::Bool(true)))
    }
}

/// An object of a document, as far as it has come.
#[derive(Clone, Debug, Default, PartialEq)]
struct Entry(Vec<Member>);

impl Entry {
    /// A key that is there already gets this value.
    fn with(mut self, key: &str, value: NodeValue) -> Self {
        self.0.retain(|member| member.key != key);
        self.0.push(member(key, value));
        self
    }

    /// One more element of the list under a key.
    fn and(mut self, key: &str, element: Node) -> Self {
        let known = self.0.iter_mut().find(|member| member.key == key);
        match known.map(|member| &mut member.value.value) {
            Some(NodeValue::Array(elements)) => {
                elements.push(element);
                self
            }
            _ => self.with(key, NodeValue::Array(vec![element])),
        }
    }

    fn node(self) -> Node {
        node(NodeValue::Object(self.0))
    }
}

fn member(key: &str, value: NodeValue) -> Member {
    Member {
        key: key.to_owned(),
        key_span: Span::default(),
        value: node(value),
    }
}

fn node(value: NodeValue) -> Node {
    let span = Span::default();
    Node { span, value }
}

fn text(text: &str) -> NodeValue {
    NodeValue::String(text.to_owned())
}

fn list(texts: &[&str]) -> NodeValue {
    NodeValue::Array(texts.iter().map(|it| node(text(it))).collect())
}

/// What is no number in a document is none here.
fn number(number: f64) -> NodeValue {
    Number::try_from(number).map_or(NodeValue::Null, NodeValue::Number)
}

fn count(count: u32) -> NodeValue {
    NodeValue::Number(u64::from(count).into())
}

fn span(time: Duration) -> NodeValue {
    NodeValue::String(duration_text(time))
}
