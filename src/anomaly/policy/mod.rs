//! What is expected of agents: the typed document that the rules on what was declared go by.

mod builder;
mod classes;
mod destination;
mod document;
mod hours;
mod lint;
mod responses;
mod rules;

use std::path::Path;
use std::sync::Arc;

pub use builder::{
    AgentExpectation, LearningSettings, PathExpectation, ResponseSettings, RuleSettings,
};
pub(super) use classes::ResourceClass;
pub(super) use destination::DestinationPattern;
pub(super) use document::MOST_REMEMBERED;
pub(super) use hours::Hours;
pub(super) use responses::{MOST_CALLS, ResponseRule};
pub(super) use rules::{Denials, Lateral, Learning, Loops, Probing, Ratio, Rules};

use crate::error::{LoadError, Source, Unseen};
use crate::ids::{AgentId, AgentPattern};
use crate::json::{Node, Span};
use crate::reading::{self, Format, Reading};

/// What is expected of agents, and from when on a [`Monitor`](super::Monitor) says that something is not.
///
/// ```toml
/// version = 1                                # optional; only 1 exists
///
/// [[agents]]                                 # all entries that cover an agent hold together
/// agent_id = "spiffe://example.org/agent/*"  # one agent, or all below a path
/// calls_per_minute = 40                      # what is usual; RATE_ANOMALY goes by it
/// credentials_per_minute = 0.5               # CREDENTIAL_SPIKE
/// hours = [{ days = ["mon", "tue", "wed", "thu", "fri"], from = "08:00", to = "18:00" }]  # UTC; OFF_HOURS
/// destinations = ["api.example.com", "*.example.org"]  # hosts and mail domains; FIRST_CONTACT
/// sensitive_arguments = ["recipient", "account"]  # whose values NEW_VALUE learns
///
/// [[paths]]                                  # who may speak to whom; with none, nothing is said of paths
/// source = "spiffe://example.org/agent/planner"
/// target = "spiffe://example.org/agent/*"
/// calls_per_minute = 30                      # optional
///
/// [resource_classes]                         # what is worth protecting, by the tools that reach it
/// payments = ["pay", "refund_*"]             # a name of your choice; `*` stands for any run of characters
///
/// [rules]                                    # all optional; these are the defaults
/// unexpected_path = {}
/// rate_anomaly = { ratio = 3, significance = 1e-6 }
/// repeated_denials = { more_than = 10, of = 100 }
/// scope_violation = {}
/// loop = { repeats = 3, within = "120s" }
/// first_contact = {}
/// off_hours = {}
/// credential_spike = { ratio = 3, significance = 1e-6 }
/// probing = { at_least = 5, within = "5m" }
/// lateral_movement = { hops = 3, within = "10m", after = "24h" }
///
/// [learned]                                  # what is told beside the rules; all optional, these are the defaults
/// ratio = 3                                  # CALL_RATE: above so many times the learned rate
/// endpoints = 2                              # ENDPOINTS: above so many times as many different ones
/// deviations = 2.5                           # RESULT_LENGTH, LATENCY
/// significance = 1e-6                        # all of these, and DENIAL_RATE, with at most this probability
/// novelty = 1e-3                             # NEW_DESTINATION, NEW_VALUE: where a new one is at most so probable
/// oddity = 1e-4                              # ODD_STEP: where one so rare, or rarer, is at most so probable
///
/// [[responses]]                              # what is done beside telling; with none, nothing
/// on = ["RATE_ANOMALY", "CALL_RATE"]         # kinds of alerts
/// response = "step_up"                       # see `Response`
/// for = "10m"                                # of step_up, throttle and circuit_break; this is the default
/// agents = ["spiffe://example.org/agent/*"]  # all where absent
///
/// [[responses]]
/// on = ["REPEATED_DENIALS"]
/// response = "throttle"
/// calls_per_minute = 6                       # of a throttle only
/// alone = true                               # see below
/// ```
///
/// `enabled = false` turns a rule off. JSON has the same keys. Unknown and repeated keys are errors.
///
/// - `*.example.org` is any name below `example.org`, not that name itself.
/// - A span of hours lies within one day, from a minute on and up to another; `24:00` is its end.
/// - A rate is compared with the events of the last 60 seconds: more than `ratio` times as many, and so many that chance
///   alone reaches that number with a probability of at most `significance` where the rate is as declared (Poisson). Without
///   the second, a rate of one a minute would be called exceeded many times a day.
/// - What was learned can err, and can be taught. An alert that rests on it leads to no more than `notify` and `step_up`, and
///   none at all leads to `quarantine` by itself: for these, alerts about something else must have come within the last hour.
///   LATERAL_MOVEMENT leads to no more than those two and `circuit_break` by itself, since whoever is asked something can bring it
///   about for who asked. `alone = true` says that one is enough.
/// - Where `calls_per_minute` of an agent is raised, by [`swap`](super::Monitor::swap) or over a restart, its rates are learned anew,
///   and what is declared speaks alone for half an hour at least: that is how to say that a deploy makes it busier.
/// - An agent moves laterally that comes to a resource class in up to `hops` steps, agents first and a tool last, within this time,
///   never came to it before, and takes at least one step that is new and that no path declares. It is told of agents that have
///   been watched for as long as `after` says, since everything is new in the beginning.
/// - Agents that share one memory, since there are more of them than the monitor has room for, are stepped up at most.
///
/// ```
/// use portcullis::anomaly::MonitorPolicy;
///
/// let policy = MonitorPolicy::from_json(
///     r#"{"agents": [{"agent_id": "spiffe://example.org/agent/reporter", "calls_per_minute": 40}]}"#,
/// )?;
/// assert!(policy.lint().is_empty());
///
/// let error = MonitorPolicy::from_json(r#"{"rules": {"probing": {"atleast": 5}}}"#).unwrap_err();
/// assert!(error.to_string().contains("did you mean `at_least`?"));
/// # Ok::<(), portcullis::LoadError>(())
/// ```
///
/// The same in code:
///
/// ```
/// use portcullis::anomaly::{AgentExpectation, AlertKind, MonitorPolicy, Response, ResponseSettings, RuleSettings};
/// use std::time::Duration;
///
/// let policy = MonitorPolicy::new()
///     .expect(AgentExpectation::new("spiffe://example.org/agent/*").calls_per_minute(40.0))?
///     .rule(AlertKind::Probing, RuleSettings::new().at_least(4).within(Duration::from_secs(60)))?
///     .respond(ResponseSettings::new(Response::StepUp, &[AlertKind::RateAnomaly]).lasting(Duration::from_secs(600)))?;
///
/// let text = r#"{"agents": [{"agent_id": "spiffe://example.org/agent/*", "calls_per_minute": 40}],
///     "rules": {"probing": {"at_least": 4, "within": "1m"}},
///     "responses": [{"on": ["RATE_ANOMALY"], "response": "step_up", "for": "10m"}]}"#;
/// assert_eq!(MonitorPolicy::from_json(text)?, policy);
/// # Ok::<(), portcullis::LoadError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MonitorPolicy {
    agents: Vec<ExpectedAgent>,
    paths: Vec<ExpectedPath>,
    classes: Arc<[ResourceClass]>,
    rules: Rules,
    responses: Vec<ResponseRule>,
    /// Which of them the author named, and where: what rules say does not tell that they were said.
    named_rules: Unseen<Vec<(Box<str>, Span)>>,
    source: Unseen<Option<Arc<Source>>>,
}

/// What is usual for one agent, or all agents below a path.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ExpectedAgent {
    pub(super) agent: AgentPattern,
    pub(super) calls_per_minute: Option<f64>,
    pub(super) credentials_per_minute: Option<f64>,
    pub(super) hours: Option<Hours>,
    pub(super) destinations: Option<Vec<DestinationPattern>>,
    pub(super) sensitive_arguments: Vec<Box<str>>,
    span: Unseen<Span>,
}

/// Who may speak to whom.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ExpectedPath {
    pub(super) source: AgentPattern,
    pub(super) target: AgentPattern,
    pub(super) calls_per_minute: Option<f64>,
    /// Tells it from other paths, also those of other policies.
    pub(super) key: u64,
    span: Unseen<Span>,
}

impl MonitorPolicy {
    /// Expects nothing in particular: only the rules that need no declaration speak.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a JSON document.
    ///
    /// # Errors
    /// [`LoadError`] with line, column and what was expected.
    pub fn from_json(text: &str) -> Result<Self, LoadError> {
        read(reading::read_text(text, Format::Json)?)
    }

    /// Reads a TOML document. Needs the feature `toml`, which is on by default.
    ///
    /// # Errors
    /// [`LoadError`] with line, column and what was expected.
    #[cfg(feature = "toml")]
    pub fn from_toml(text: &str) -> Result<Self, LoadError> {
        read(reading::read_text(text, Format::Toml)?)
    }

    /// Reads a file; its extension, `.json` or `.toml`, says what it is.
    ///
    /// # Errors
    /// [`LoadError`] if it cannot be read, has another extension, or is not such a policy.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        read(reading::read_file(path.as_ref())?)
    }

    /// The same, without responses.
    pub(super) fn observing(mut self) -> Self {
        self.responses = Vec::new();
        self
    }

    pub(super) fn responses(&self) -> &[ResponseRule] {
        &self.responses
    }

    pub(super) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The entries that cover an agent, and the paths that begin with it, by their places.
    pub(super) fn about<'p>(
        &'p self,
        agent: &'p AgentId,
    ) -> (
        impl Iterator<Item = usize> + use<'p>,
        impl Iterator<Item = usize> + use<'p>,
    ) {
        let agents = self.agents.iter().map(|expected| &expected.agent);
        let sources = self.paths.iter().map(|path| &path.source);
        (places(agents, agent), places(sources, agent))
    }

    pub(super) fn expected(&self, place: usize) -> Option<&ExpectedAgent> {
        self.agents.get(place)
    }

    /// The rule on lateral movement, where it has something to go by.
    pub(super) fn lateral(&self) -> Option<Lateral> {
        self.rules.lateral.filter(|_| !self.classes.is_empty())
    }

    /// Whether a declared path leads from one agent to another.
    pub(super) fn declares_path(&self, source: &AgentId, target: &AgentId) -> bool {
        let leads = |path: &ExpectedPath| path.source.covers(source) && path.target.covers(target);
        self.paths.iter().any(leads)
    }

    /// Whether anything is said of paths at all.
    pub(super) fn declares_paths(&self) -> bool {
        !self.paths.is_empty()
    }

    pub(super) fn path(&self, place: usize) -> Option<&ExpectedPath> {
        self.paths.get(place)
    }

    /// Sorted by name.
    pub(super) fn classes(&self) -> &Arc<[ResourceClass]> {
        &self.classes
    }
}

fn places<'p>(
    patterns: impl Iterator<Item = &'p AgentPattern>,
    agent: &'p AgentId,
) -> impl Iterator<Item = usize> {
    patterns
        .enumerate()
        .filter(|(_, pattern)| pattern.covers(agent))
        .map(|(place, _)| place)
}

fn read((reading, node): (Reading, Node)) -> Result<MonitorPolicy, LoadError> {
    document::read_policy(&reading, &node)
}
