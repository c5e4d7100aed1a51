//! From a document to a policy.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use super::classes::read_classes;
use super::hours::parse_time;
use super::{
    Denials, DestinationPattern, ExpectedAgent, ExpectedPath, Hours, Lateral, Learning, Loops,
    MonitorPolicy, Probing, Ratio, ResponseRule, Rules,
};
use crate::error::{LoadError, Unseen};
use crate::ids::AgentPattern;
use crate::json::{Member, Node, Span};
use crate::reading::{Reading, parse_duration};

const POLICY_KEYS: [&str; 7] = [
    "version",
    "agents",
    "paths",
    "resource_classes",
    "rules",
    "learned",
    "responses",
];
const AGENT_KEYS: [&str; 6] = [
    "agent_id",
    "calls_per_minute",
    "credentials_per_minute",
    "hours",
    "destinations",
    "sensitive_arguments",
];
const HOURS_KEYS: [&str; 3] = ["days", "from", "to"];
const PATH_KEYS: [&str; 3] = ["source", "target", "calls_per_minute"];
const RULE_KEYS: [&str; 10] = [
    "unexpected_path",
    "rate_anomaly",
    "repeated_denials",
    "scope_violation",
    "loop",
    "first_contact",
    "off_hours",
    "credential_spike",
    "probing",
    "lateral_movement",
];
const SWITCH_KEYS: [&str; 1] = ["enabled"];
const RATIO_KEYS: [&str; 3] = ["enabled", "ratio", "significance"];
const DENIALS_KEYS: [&str; 3] = ["enabled", "more_than", "of"];
const LOOP_KEYS: [&str; 3] = ["enabled", "repeats", "within"];
const PROBING_KEYS: [&str; 3] = ["enabled", "at_least", "within"];
const LATERAL_KEYS: [&str; 4] = ["enabled", "hops", "within", "after"];
const LEARNED_KEYS: [&str; 7] = [
    "enabled",
    "ratio",
    "endpoints",
    "deviations",
    "significance",
    "novelty",
    "oddity",
];
const DAYS: [(&str, u16); 7] = [
    ("mon", 0),
    ("tue", 1),
    ("wed", 2),
    ("thu", 3),
    ("fri", 4),
    ("sat", 5),
    ("sun", 6),
];

/// Decisions that are looked back at, and entries of the lists in which an agent's last steps and refusals are kept.
pub(in crate::anomaly) const MOST_DECISIONS: u32 = 128;
pub(in crate::anomaly) const MOST_REMEMBERED: u32 = 16;
/// The longest time that those lists reach back.
const LONGEST: Duration = Duration::from_secs(3600);

/// Reads one policy document.
pub(super) fn read_policy(reading: &Reading, node: &Node) -> Result<MonitorPolicy, LoadError> {
    let members = reading.members(node, "a monitor policy", &POLICY_KEYS)?;
    if let Some(version) = find(members, "version")
        && reading.count(version)? != 1
    {
        let message = "only version 1 of the monitor policy format exists";
        return Err(reading.error(version.span, message));
    }
    let agents = read_list(reading, members, "agents", read_agent)?;
    refuse_repeated_agents(reading, &agents)?;
    let paths = read_list(reading, members, "paths", read_path)?;
    refuse_repeated_paths(reading, &paths)?;
    let classes = find(members, "resource_classes").map(|node| read_classes(reading, node));
    let classes = classes.transpose()?.unwrap_or_default().into();
    let (mut rules, mut named_rules) = (Rules::default(), Vec::new());
    if let Some(node) = find(members, "rules") {
        for rule in reading.members(node, "the rules", &RULE_KEYS)? {
            read_rule(reading, rule, &mut rules)?;
            named_rules.push((rule.key.as_str().into(), rule.key_span));
        }
    }
    if let Some(learned) = find(members, "learned") {
        rules.learning = read_learning(reading, learned)?;
    }
    Ok(MonitorPolicy {
        agents,
        paths,
        classes,
        rules,
        responses: read_list(reading, members, "responses", ResponseRule::read)?,
        named_rules: Unseen(named_rules),
        source: Unseen(reading.source.clone()),
    })
}

fn read_list<T>(
    reading: &Reading,
    members: &[Member],
    key: &str,
    read: fn(&Reading, &Node) -> Result<T, LoadError>,
) -> Result<Vec<T>, LoadError> {
    let Some(node) = find(members, key) else {
        return Ok(Vec::new());
    };
    let nodes = reading.list(node, "a list")?;
    nodes.iter().map(|node| read(reading, node)).collect()
}

pub(super) fn refuse_repeated_agents(
    reading: &Reading,
    agents: &[ExpectedAgent],
) -> Result<(), LoadError> {
    refuse_repeated(reading, agents, |agent| (&agent.agent, agent.span.0))
}

pub(super) fn refuse_repeated_paths(
    reading: &Reading,
    paths: &[ExpectedPath],
) -> Result<(), LoadError> {
    refuse_repeated(reading, paths, |path| {
        ((&path.source, &path.target), path.span.0)
    })
}

fn refuse_repeated<'t, T, K: Eq + Hash>(
    reading: &Reading,
    entries: &'t [T],
    key: impl Fn(&'t T) -> (K, Span),
) -> Result<(), LoadError> {
    let mut seen = HashSet::new();
    let mut keys = entries.iter().map(key);
    match keys.find_map(|(key, span)| (!seen.insert(key)).then_some(span)) {
        None => Ok(()),
        Some(span) => Err(reading
            .error(span, "an entry for the same stands above")
            .help("put everything that is expected into one entry")),
    }
}

pub(super) fn read_agent(reading: &Reading, node: &Node) -> Result<ExpectedAgent, LoadError> {
    let members = reading.members(node, "an expected agent", &AGENT_KEYS)?;
    let (agent, span) = read_pattern(reading, node, members, "agent_id")?;
    let expected = ExpectedAgent {
        agent,
        calls_per_minute: read_rate(reading, members, "calls_per_minute")?,
        credentials_per_minute: read_rate(reading, members, "credentials_per_minute")?,
        hours: find(members, "hours")
            .map(|node| read_hours(reading, node))
            .transpose()?,
        destinations: find(members, "destinations")
            .map(|node| read_destinations(reading, node))
            .transpose()?,
        sensitive_arguments: find(members, "sensitive_arguments")
            .map(|node| read_names(reading, node))
            .transpose()?
            .unwrap_or_default(),
        span: Unseen(span),
    };
    if members.len() == 1 {
        let error = reading.error(span, "nothing is expected of this agent");
        return Err(error.help("add `calls_per_minute`, `hours` or `destinations`"));
    }
    Ok(expected)
}

pub(super) fn read_path(reading: &Reading, node: &Node) -> Result<ExpectedPath, LoadError> {
    let members = reading.members(node, "an expected path", &PATH_KEYS)?;
    let (source, span) = read_pattern(reading, node, members, "source")?;
    let (target, _) = read_pattern(reading, node, members, "target")?;
    // Whoever writes the policy has nothing to gain from a collision.
    let mut hasher = DefaultHasher::new();
    (&source, &target).hash(&mut hasher);
    Ok(ExpectedPath {
        source,
        target,
        calls_per_minute: read_rate(reading, members, "calls_per_minute")?,
        key: hasher.finish(),
        span: Unseen(span),
    })
}

fn read_pattern(
    reading: &Reading,
    node: &Node,
    members: &[Member],
    key: &str,
) -> Result<(AgentPattern, Span), LoadError> {
    let Some(text) = find(members, key) else {
        let start = node.span.start;
        let end = start.saturating_add(1).min(node.span.end);
        return Err(reading.error(Span { start, end }, format!("the entry has no `{key}`")));
    };
    AgentPattern::parse(reading.string(text)?)
        .map(|pattern| (pattern, text.span))
        .map_err(|error| reading.error(text.span, error.to_string()))
}

/// Events a minute; what is expected to happen never is no rate.
fn read_rate(reading: &Reading, members: &[Member], key: &str) -> Result<Option<f64>, LoadError> {
    let rate = find(members, key).map(|node| read_number(reading, node, 1e-6, 1e6));
    rate.transpose()
}

fn read_number(reading: &Reading, node: &Node, least: f64, most: f64) -> Result<f64, LoadError> {
    let number = reading.number(node)?.to_f64_lossy();
    if (least..=most).contains(&number) {
        Ok(number)
    } else {
        let message = format!("expected a number from {least} to {most}");
        Err(reading.error(node.span, message))
    }
}

pub(super) fn read_count(
    reading: &Reading,
    node: &Node,
    least: u32,
    most: u32,
) -> Result<u32, LoadError> {
    let count = reading.count(node)?;
    u32::try_from(count)
        .ok()
        .filter(|count| (least..=most).contains(count))
        .ok_or_else(|| {
            let message = format!("expected an integer from {least} to {most}");
            reading.error(node.span, message)
        })
}

fn read_within(reading: &Reading, node: &Node) -> Result<Duration, LoadError> {
    read_time_span(reading, node, LONGEST, "1h")
}

/// At least a second, and at most this, which is called so.
pub(super) fn read_time_span(
    reading: &Reading,
    node: &Node,
    longest: Duration,
    name: &str,
) -> Result<Duration, LoadError> {
    let second = Duration::from_secs(1);
    parse_duration(reading.string(node)?)
        .filter(|span| (second..=longest).contains(span))
        .ok_or_else(|| {
            let message = format!("expected a length of time from 1s to {name}");
            let error = reading.error(node.span, message);
            error.help("write it as `120s` or `5m`")
        })
}

fn read_hours(reading: &Reading, node: &Node) -> Result<Hours, LoadError> {
    let mut hours = Hours::default();
    for span in reading.list(node, "a list of spans of hours")? {
        let members = reading.members(span, "a span of hours", &HOURS_KEYS)?;
        let from = read_time(reading, members, "from", "00:00")?;
        let to = read_time(reading, members, "to", "24:00")?;
        if from >= to {
            return Err(reading
                .error(span.span, "a span of hours must end after it begins")
                .help("write one that passes midnight as two"));
        }
        match find(members, "days") {
            None => (0..7).for_each(|day| hours.add(day, from, to)),
            Some(days) => {
                for day in reading.list(days, "a list of days")? {
                    hours.add(reading.word(day, &DAYS)?, from, to);
                }
            }
        }
    }
    Ok(hours)
}

fn read_time(
    reading: &Reading,
    members: &[Member],
    key: &str,
    default: &str,
) -> Result<u16, LoadError> {
    let Some(node) = find(members, key) else {
        return Ok(parse_time(default).unwrap_or_default());
    };
    parse_time(reading.string(node)?)
        .ok_or_else(|| reading.error(node.span, "expected a time of day, such as `08:00`"))
}

fn read_destinations(reading: &Reading, node: &Node) -> Result<Vec<DestinationPattern>, LoadError> {
    let read = |node: &Node| {
        DestinationPattern::parse(reading.string(node)?).ok_or_else(|| {
            reading
                .error(
                    node.span,
                    "expected a host name, without scheme, port or path",
                )
                .help("`*.example.org` is any name below `example.org`")
        })
    };
    let nodes = reading.list(node, "a list of host names")?;
    nodes.iter().map(read).collect()
}

fn read_names(reading: &Reading, node: &Node) -> Result<Vec<Box<str>>, LoadError> {
    let nodes = reading.list(node, "a list of names of parameters")?;
    nodes
        .iter()
        .map(|node| reading.string(node).map(Box::from))
        .collect()
}

pub(super) fn read_learning(reading: &Reading, node: &Node) -> Result<Option<Learning>, LoadError> {
    let members = reading.members(node, "what is learned", &LEARNED_KEYS)?;
    let mut learning = Learning::default();
    for (key, value, least, most) in [
        ("ratio", &mut learning.ratio, 1.0, 1e6),
        ("endpoints", &mut learning.endpoints, 1.0, 1e6),
        ("deviations", &mut learning.deviations, 0.0, 1e6),
        ("significance", &mut learning.significance, 1e-15, 1.0),
        ("novelty", &mut learning.novelty, 5e-4, 1.0),
        ("oddity", &mut learning.oddity, 1e-5, 1.0),
    ] {
        if let Some(node) = find(members, key) {
            *value = read_number(reading, node, least, most)?;
        }
    }
    Ok(is_enabled(reading, members)?.then_some(learning))
}

/// Reads one rule, by its name.
pub(super) fn read_rule(
    reading: &Reading,
    member: &Member,
    rules: &mut Rules,
) -> Result<(), LoadError> {
    let node = &member.value;
    let switch = || {
        let members = reading.members(node, "a rule", &SWITCH_KEYS)?;
        is_enabled(reading, members)
    };
    match member.key.as_str() {
        "unexpected_path" => rules.unexpected_path = switch()?,
        "scope_violation" => rules.scope_violation = switch()?,
        "first_contact" => rules.first_contact = switch()?,
        "off_hours" => rules.off_hours = switch()?,
        "rate_anomaly" => rules.rate_anomaly = read_ratio(reading, node)?,
        "credential_spike" => rules.credential_spike = read_ratio(reading, node)?,
        "repeated_denials" => rules.repeated_denials = read_denials(reading, node)?,
        "loop" => rules.loops = read_loops(reading, node)?,
        "lateral_movement" => rules.lateral = read_lateral(reading, node)?,
        "probing" => rules.probing = read_probing(reading, node)?,
        _ => return Err(reading.unknown_key(member, "the rules", &RULE_KEYS)),
    }
    Ok(())
}

fn read_ratio(reading: &Reading, node: &Node) -> Result<Option<Ratio>, LoadError> {
    let members = reading.members(node, "a rule on rates", &RATIO_KEYS)?;
    let mut rule = Ratio::default();
    if let Some(node) = find(members, "ratio") {
        rule.ratio = read_number(reading, node, 1.0, 1e6)?;
    }
    if let Some(node) = find(members, "significance") {
        rule.significance = read_number(reading, node, 1e-15, 1.0)?;
    }
    Ok(is_enabled(reading, members)?.then_some(rule))
}

fn read_denials(reading: &Reading, node: &Node) -> Result<Option<Denials>, LoadError> {
    let members = reading.members(node, "a rule on denials", &DENIALS_KEYS)?;
    let mut rule = Denials::default();
    if let Some(node) = find(members, "more_than") {
        rule.more_than = read_count(reading, node, 0, MOST_DECISIONS - 1)?;
    }
    if let Some(node) = find(members, "of") {
        rule.of = read_count(reading, node, 1, MOST_DECISIONS)?;
    }
    if rule.more_than >= rule.of {
        let message = "`more_than` must be below `of`, or the rule can never speak";
        return Err(reading.error(node.span, message));
    }
    Ok(is_enabled(reading, members)?.then_some(rule))
}

fn read_loops(reading: &Reading, node: &Node) -> Result<Option<Loops>, LoadError> {
    let members = reading.members(node, "a rule on loops", &LOOP_KEYS)?;
    let mut rule = Loops::default();
    if let Some(node) = find(members, "repeats") {
        // Three steps, as often as this, are the most that is remembered.
        rule.repeats = read_count(reading, node, 2, MOST_REMEMBERED / 3)?;
    }
    if let Some(node) = find(members, "within") {
        rule.within = read_within(reading, node)?;
    }
    Ok(is_enabled(reading, members)?.then_some(rule))
}

fn read_probing(reading: &Reading, node: &Node) -> Result<Option<Probing>, LoadError> {
    let members = reading.members(node, "a rule on probing", &PROBING_KEYS)?;
    let mut rule = Probing::default();
    if let Some(node) = find(members, "at_least") {
        rule.at_least = read_count(reading, node, 2, MOST_REMEMBERED)?;
    }
    if let Some(node) = find(members, "within") {
        rule.within = read_within(reading, node)?;
    }
    Ok(is_enabled(reading, members)?.then_some(rule))
}

fn read_lateral(reading: &Reading, node: &Node) -> Result<Option<Lateral>, LoadError> {
    const MONTH: Duration = Duration::from_secs(30 * 86_400);
    let seconds = |span: Duration| u32::try_from(span.as_secs()).unwrap_or(u32::MAX);
    let members = reading.members(node, "a rule on lateral movement", &LATERAL_KEYS)?;
    let mut rule = Lateral::default();
    if let Some(node) = find(members, "hops") {
        rule.hops = read_count(reading, node, 2, 3)?;
    }
    if let Some(node) = find(members, "within") {
        rule.within = seconds(read_within(reading, node)?);
    }
    if let Some(node) = find(members, "after") {
        rule.after = seconds(read_time_span(reading, node, MONTH, "30d")?);
    }
    Ok(is_enabled(reading, members)?.then_some(rule))
}

fn is_enabled(reading: &Reading, members: &[Member]) -> Result<bool, LoadError> {
    find(members, "enabled").map_or(Ok(true), |node| reading.boolean(node))
}

/// Whether a switch that is off where it is absent is on.
pub(super) fn is_set(reading: &Reading, members: &[Member], key: &str) -> Result<bool, LoadError> {
    find(members, key).map_or(Ok(false), |node| reading.boolean(node))
}

pub(super) fn find<'n>(members: &'n [Member], key: &str) -> Option<&'n Node> {
    let member = members.iter().find(|member| member.key == key)?;
    Some(&member.value)
}
