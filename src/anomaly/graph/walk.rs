//! Questions to a graph: what is unexpected, what an agent reaches, who reaches what is worth protecting.

use std::collections::{BTreeMap, BTreeSet};

use super::endpoint::Endpoint;
use super::expectation::Expectation;
use super::view::{GraphEdge, GraphView};
use crate::ids::{AgentId, ToolPattern};

/// Something that an agent reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Reached<'g> {
    /// Over how many edges, at least.
    pub hops: usize,
    /// What it is.
    pub endpoint: &'g Endpoint,
}

impl GraphView {
    /// The edges that are not expected, in their order.
    pub fn unexpected(&self) -> impl Iterator<Item = &GraphEdge> {
        let is_unexpected = |edge: &&GraphEdge| edge.expectation == Expectation::Unexpected;
        self.edges.iter().filter(is_unexpected)
    }

    /// Everything that an agent reaches over at most so many edges along which something passed, the nearest first. The agent
    /// itself is not among it.
    ///
    /// It says what could have been asked for by way of others, not that it was: the graph does not know what the words from
    /// one agent to another led to.
    #[must_use]
    pub fn reach(&self, agent: &AgentId, hops: usize) -> Vec<Reached<'_>> {
        let start = Endpoint::Agent(agent.clone());
        let mut seen = BTreeSet::from([&start]);
        let mut reached: Vec<Reached<'_>> = Vec::new();
        let mut front = BTreeSet::from([agent]);
        for hop in 1..=hops {
            let ways = front.iter().flat_map(|agent| self.edges_of(agent));
            let next: BTreeSet<&Endpoint> = ways
                .filter(|edge| edge.traffic.passed())
                .map(|edge| &edge.target)
                .filter(|target| !seen.contains(target))
                .collect();
            if next.is_empty() {
                break;
            }
            front = next
                .iter()
                .filter_map(|endpoint| agent_of(endpoint))
                .collect();
            seen.extend(&next);
            reached.extend(next.into_iter().map(|endpoint| Reached {
                hops: hop,
                endpoint,
            }));
        }
        reached
    }

    /// From each agent that reaches one of these tools over at most so many edges along which something passed, a shortest
    /// path to one: of several, the first in the order of edges. Sorted by agent.
    #[must_use]
    pub fn paths_to_tool(&self, tool: &ToolPattern, hops: usize) -> Vec<Vec<&GraphEdge>> {
        self.paths(|name| tool.covers(name), hops)
    }

    /// The same for all tools of a resource class of the policy; `None` if it has no class of this name.
    #[must_use]
    pub fn paths_to_class(&self, class: &str, hops: usize) -> Option<Vec<Vec<&GraphEdge>>> {
        let class = self.classes.iter().find(|known| *known.name == *class)?;
        Some(self.paths(|name| class.covers(name), hops))
    }

    /// The edges that begin at an agent, in their order.
    fn edges_of(&self, agent: &AgentId) -> &[GraphEdge] {
        let start = self.edges.partition_point(|edge| edge.source < *agent);
        let from = self.edges.get(start..).unwrap_or_default();
        let length = from.partition_point(|edge| edge.source == *agent);
        from.get(..length).unwrap_or_default()
    }

    /// Goes back from the tools, a hop at a time.
    fn paths(&self, is_wanted: impl Fn(&str) -> bool, hops: usize) -> Vec<Vec<&GraphEdge>> {
        let mut first_steps: BTreeMap<&AgentId, &GraphEdge> = BTreeMap::new();
        for hop in 1..=hops {
            let mut found = BTreeMap::new();
            for edge in self.edges.iter().filter(|edge| edge.traffic.passed()) {
                let leads_there = match &edge.target {
                    Endpoint::Tool(name) => hop == 1 && is_wanted(name),
                    Endpoint::Agent(agent) => first_steps.contains_key(agent),
                    Endpoint::Destination(_) => false,
                };
                if leads_there && !first_steps.contains_key(&edge.source) {
                    found.entry(&edge.source).or_insert(edge);
                }
            }
            if found.is_empty() {
                break;
            }
            first_steps.append(&mut found);
        }
        first_steps
            .values()
            .map(|first| path(first, &first_steps))
            .collect()
    }
}

/// Follows first steps to the end; each is one hop nearer to it.
fn path<'g>(
    first: &'g GraphEdge,
    first_steps: &BTreeMap<&AgentId, &'g GraphEdge>,
) -> Vec<&'g GraphEdge> {
    let next = |edge: &&'g GraphEdge| first_steps.get(agent_of(&edge.target)?).copied();
    std::iter::successors(Some(first), next).collect()
}

fn agent_of(endpoint: &Endpoint) -> Option<&AgentId> {
    match endpoint {
        Endpoint::Agent(agent) => Some(agent),
        _ => None,
    }
}
