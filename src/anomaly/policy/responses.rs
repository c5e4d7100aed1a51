//! What is to be done about which alerts.

use std::time::Duration;

use super::document::{find, is_set, read_count, read_time_span};
use crate::anomaly::agent::Sighted;
use crate::anomaly::alert::AlertKind;
use crate::anomaly::response::Response;
use crate::error::{LoadError, Unseen};
use crate::ids::{AgentId, AgentPattern};
use crate::json::{Member, Node, Span};
use crate::reading::Reading;

/// What is done about alerts of these kinds, for these agents.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::anomaly) struct ResponseRule {
    /// A bit for each kind.
    kinds: u32,
    /// `None` for all.
    agents: Option<Vec<AgentPattern>>,
    pub(in crate::anomaly) response: Response,
    /// Of a throttle.
    pub(in crate::anomaly) calls_per_minute: u32,
    /// Seconds; of what ends by itself.
    pub(in crate::anomaly) lasts: u32,
    /// Whether one alert is enough, whatever it rests on.
    pub(in crate::anomaly) alone: bool,
    pub(super) span: Unseen<Span>,
}

const KEYS: [&str; 6] = [
    "on",
    "agents",
    "response",
    "calls_per_minute",
    "for",
    "alone",
];
const DEFAULT_LASTS: Duration = Duration::from_secs(600);
const LONGEST: Duration = Duration::from_secs(7 * 86_400);
/// As many calls are remembered, each with its second.
pub(in crate::anomaly) const MOST_CALLS: u32 = 600;

impl ResponseRule {
    pub(super) fn read(reading: &Reading, node: &Node) -> Result<Self, LoadError> {
        let members = reading.members(node, "a response", &KEYS)?;
        let need = |key: &str| {
            let missing = || reading.error(start(node), format!("the response has no `{key}`"));
            find(members, key).ok_or_else(missing)
        };
        let kinds = read_kinds(reading, need("on")?)?;
        let word = need("response")?;
        let words = Response::ALL.map(|response| (response.as_str(), response));
        let response = reading.word(word, &words)?;
        Ok(Self {
            kinds,
            agents: read_agents(reading, members)?,
            response,
            calls_per_minute: read_calls(reading, members, word, response)?,
            lasts: read_lasts(reading, members, response)?,
            alone: is_set(reading, members, "alone")?,
            span: Unseen(word.span),
        })
    }

    /// Whether it is about alerts of this kind.
    pub(in crate::anomaly) const fn answers(&self, kind: AlertKind) -> bool {
        self.kinds & bit(kind) != 0
    }

    /// Whether it follows something that was seen, where what was seen is this agent's alone or not.
    pub(in crate::anomaly) fn follows(&self, seen: Sighted, is_shared: bool) -> bool {
        if is_shared {
            return self.response.is_mild();
        }
        let is_quarantine = self.response == Response::Quarantine;
        let is_plain = !is_quarantine && !self.is_in_doubt(seen.kind);
        let is_backed = seen.is_backed && !(is_quarantine && seen.kind.is_tools_doing());
        let is_enough = self.alone || self.response.is_mild() || is_backed || is_plain;
        // What goes on keeps up what ends by itself. Who is shut out already is not shut out again. The rest follows alerts.
        let is_repeatable = self.response.lasts() || is_quarantine;
        is_enough && (seen.is_told || is_repeatable)
    }

    pub(in crate::anomaly) fn covers(&self, agent: &AgentId) -> bool {
        let covers = |patterns: &Vec<AgentPattern>| patterns.iter().any(|it| it.covers(agent));
        self.agents.as_ref().is_none_or(covers)
    }

    /// Whether it is only about alerts that are too little for it by themselves.
    pub(super) fn is_all_in_doubt(&self) -> bool {
        let mut kinds = AlertKind::ALL.into_iter();
        kinds.all(|kind| !self.answers(kind) || self.is_in_doubt(kind))
    }

    /// Whether an alert of this kind is too little for it by itself, where it is not mild. What was learned can err; what others can
    /// bring about closes the path that was taken, and no more.
    fn is_in_doubt(&self, kind: AlertKind) -> bool {
        let is_path_closed = self.response == Response::CircuitBreak;
        kind.is_learned() || (kind.is_others_doing() && !is_path_closed)
    }
}

fn read_kinds(reading: &Reading, node: &Node) -> Result<u32, LoadError> {
    let words = AlertKind::ALL.map(|kind| (kind.as_str(), kind));
    let mut kinds = 0;
    for node in reading.list(node, "a list of kinds of alerts")? {
        kinds |= bit(reading.word(node, &words)?);
    }
    match kinds {
        0 => Err(reading.error(node.span, "the response is to no kind of alert")),
        kinds => Ok(kinds),
    }
}

fn read_agents(
    reading: &Reading,
    members: &[Member],
) -> Result<Option<Vec<AgentPattern>>, LoadError> {
    let Some(node) = find(members, "agents") else {
        return Ok(None);
    };
    let nodes = reading.list(node, "a list of agents")?;
    if nodes.is_empty() {
        return Err(reading.error(node.span, "the response is for no agent"));
    }
    let read = |node: &Node| {
        let pattern = AgentPattern::parse(reading.string(node)?);
        pattern.map_err(|error| reading.error(node.span, error.to_string()))
    };
    nodes.iter().map(read).collect::<Result<_, _>>().map(Some)
}

fn read_calls(
    reading: &Reading,
    members: &[Member],
    word: &Node,
    response: Response,
) -> Result<u32, LoadError> {
    match (find(members, "calls_per_minute"), response) {
        (Some(node), Response::Throttle) => read_count(reading, node, 1, MOST_CALLS),
        (Some(node), _) => {
            let message = format!("`{response}` has no `calls_per_minute`");
            Err(reading.error(node.span, message))
        }
        (None, Response::Throttle) => {
            let message = "a throttle needs `calls_per_minute`";
            Err(reading.error(word.span, message))
        }
        (None, _) => Ok(0),
    }
}

fn read_lasts(reading: &Reading, members: &[Member], response: Response) -> Result<u32, LoadError> {
    let lasts = match find(members, "for") {
        None => DEFAULT_LASTS,
        Some(node) if response.lasts() => read_time_span(reading, node, LONGEST, "7d")?,
        Some(node) => {
            let message = format!("`{response}` does not end by itself");
            return Err(reading.error(node.span, message));
        }
    };
    Ok(u32::try_from(lasts.as_secs()).unwrap_or(u32::MAX))
}

/// The first character of an entry, for what is missing in it.
fn start(node: &Node) -> Span {
    let start = node.span.start;
    let end = start.saturating_add(1).min(node.span.end);
    Span { start, end }
}

const fn bit(kind: AlertKind) -> u32 {
    1 << kind as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anomaly::policy::MonitorPolicy;

    #[test]
    fn what_a_tool_does_shuts_nobody_out() {
        let follows = |response: &str, kind| {
            let kinds = r#"["RATE_ANOMALY", "LATENCY", "RESULT_LENGTH"]"#;
            let text = format!(r#"{{"responses": [{{"on": {kinds}, "response": "{response}"}}]}}"#);
            let policy = MonitorPolicy::from_json(&text).unwrap();
            let seen = Sighted {
                kind,
                is_backed: true,
                is_told: true,
            };
            policy.responses()[0].follows(seen, false)
        };
        assert!(follows("quarantine", AlertKind::RateAnomaly));
        for kind in [AlertKind::Latency, AlertKind::ResultLength] {
            assert!(follows("circuit_break", kind) && !follows("quarantine", kind));
        }
    }
}
