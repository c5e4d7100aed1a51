//! The edges of all agents, in a space that is bounded.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::time::SystemTime;

use parking_lot::Mutex;

use super::counts::{Counts, Suspicion};
use super::endpoint::Endpoint;
use crate::anomaly::table::{Prehashed, shard_of};
use crate::ids::AgentId;

/// Edges by the agent that they begin at, in shards, so that threads that work for different agents seldom meet.
///
/// Each agent has room for so many edges of its own, and no agent takes room from another one's. Where an agent has as many
/// as may be, a new edge takes the place of one of its own: of those that no alert is about, or the mildest one, the one that
/// was used longest ago. Where there are as many agents as may be, a new one takes the place of the one that was seen longest
/// ago. What is dropped is counted.
#[derive(Debug)]
pub(super) struct Memory {
    shards: Box<[Shard]>,
    bounds: Bounds,
}

/// How much there is room for.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    /// In each shard.
    agents: usize,
    /// Of each agent.
    edges: usize,
}

/// Alone on its cache lines.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard(Mutex<Sources>);

#[derive(Debug, Default)]
struct Sources {
    by_hash: HashMap<u64, Kept, BuildHasherDefault<Prehashed>>,
    /// Counts what happens, so that it has an order whatever the clocks say.
    turn: u64,
    dropped: Dropped,
}

#[derive(Debug)]
struct Kept {
    /// The turn in which it was seen last.
    turn: u64,
    source: Box<Source>,
}

/// An agent, with the edges that begin at it.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) agent: AgentId,
    pub(super) edges: Vec<Edge>,
    /// Edges that had to give way.
    pub(super) dropped: u64,
    /// What was told about the agent, and about no edge of it.
    pub(super) told: Suspicion,
    turn: u64,
    room: usize,
}

/// One way out of an agent.
#[derive(Debug)]
pub(super) struct Edge {
    tag: u64,
    /// The turn in which it was used last.
    turn: u64,
    pub(super) target: Endpoint,
    pub(super) counts: Counts,
    pub(super) told: Suspicion,
    /// Whether a policy of the agent names the tool, as far as decisions say so; the last one counts.
    pub(super) is_named: Option<bool>,
}

/// What a graph had no room for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dropped {
    /// Agents, with all of their edges.
    pub agents: u64,
    /// Edges, with those of such agents.
    pub edges: u64,
}

impl Memory {
    pub(super) fn new(agents: usize, edges: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            bounds: Bounds {
                agents: agents.div_ceil(SHARDS).max(1),
                edges: edges.max(1),
            },
        }
    }

    /// Something began at this agent.
    pub(super) fn with(&self, hash: u64, agent: &AgentId, then: impl FnOnce(&mut Source)) {
        if let Some(shard) = self.shards.get(shard_of(hash, SHARDS)) {
            shard.0.lock().with(hash, agent, self.bounds, then);
        }
    }

    /// Something became known of this agent, if it is known itself.
    pub(super) fn with_known(&self, hash: u64, then: impl FnOnce(&mut Source)) {
        if let Some(shard) = self.shards.get(shard_of(hash, SHARDS))
            && let Some(kept) = shard.0.lock().by_hash.get_mut(&hash)
        {
            then(&mut kept.source);
        }
    }

    /// Looks at every agent, a shard at a time, and tells what was dropped.
    pub(super) fn for_each(&self, mut then: impl FnMut(&Source)) -> Dropped {
        let mut dropped = Dropped::default();
        for shard in &self.shards {
            let sources = shard.0.lock();
            dropped.agents += sources.dropped.agents;
            dropped.edges += sources.dropped.edges;
            sources.by_hash.values().for_each(|kept| then(&kept.source));
        }
        dropped
    }
}

impl Sources {
    fn with(&mut self, hash: u64, agent: &AgentId, bounds: Bounds, then: impl FnOnce(&mut Source)) {
        self.turn += 1;
        if !self.by_hash.contains_key(&hash) && self.by_hash.len() >= bounds.agents {
            self.make_room();
        }
        let turn = self.turn;
        let kept = self.by_hash.entry(hash).or_insert_with(|| Kept {
            turn,
            source: Box::new(Source::new(agent.clone(), bounds.edges)),
        });
        kept.turn = turn;
        kept.source.turn = turn;
        let before = kept.source.dropped;
        then(&mut kept.source);
        self.dropped.edges += kept.source.dropped - before;
    }

    /// Only a new agent where there are as many as may be pays for this.
    fn make_room(&mut self) {
        let oldest = self.by_hash.iter().min_by_key(|(_, kept)| kept.turn);
        let Some(hash) = oldest.map(|(hash, _)| *hash) else {
            return;
        };
        if let Some(gone) = self.by_hash.remove(&hash) {
            self.dropped.agents += 1;
            self.dropped.edges += gone.source.edges.len() as u64;
        }
    }
}

impl Source {
    fn new(agent: AgentId, room: usize) -> Self {
        Self {
            agent,
            edges: Vec::new(),
            dropped: 0,
            told: Suspicion::default(),
            turn: 0,
            room,
        }
    }

    /// The edge of this tag, or a new one; `None` if it was used in this turn already.
    pub(super) fn edge(
        &mut self,
        tag: u64,
        at: SystemTime,
        target: impl FnOnce() -> Endpoint,
    ) -> Option<&mut Edge> {
        let found = self.edges.iter().position(|edge| edge.tag == tag);
        let place = found.unwrap_or_else(|| {
            if self.edges.len() >= self.room {
                self.make_room();
            }
            self.edges.push(Edge::new(tag, at, target()));
            self.edges.len() - 1
        });
        let edge = self.edges.get_mut(place)?;
        let is_again = std::mem::replace(&mut edge.turn, self.turn) == self.turn;
        (!is_again).then_some(edge)
    }

    pub(super) fn known_edge(&mut self, tag: u64) -> Option<&mut Edge> {
        self.edges.iter_mut().find(|edge| edge.tag == tag)
    }

    /// What an alert names and there is no edge to counts for the agent, so that nothing is lost.
    pub(super) fn suspect(&mut self, target: Option<&str>, told: &Suspicion) {
        let Some(target) = target else {
            return self.told.merge(told);
        };
        let edges = self.edges.iter_mut();
        let mut named = edges.filter(|edge| edge.target.is_called(target));
        match named.next() {
            Some(edge) => {
                edge.told.merge(told);
                named.for_each(|edge| edge.told.merge(told));
            }
            None => self.told.merge(told),
        }
    }

    fn make_room(&mut self) {
        let mildest = (0..)
            .zip(&self.edges)
            .min_by_key(|(_, edge)| (edge.told.severity, edge.turn))
            .map(|(place, _)| place);
        if let Some(place) = mildest {
            self.edges.swap_remove(place);
            self.dropped += 1;
        }
    }
}

impl Edge {
    fn new(tag: u64, at: SystemTime, target: Endpoint) -> Self {
        Self {
            tag,
            turn: 0,
            target,
            counts: Counts::new(at),
            told: Suspicion::default(),
            is_named: None,
        }
    }
}

const SHARDS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_takes_less_than_it_is_said_to() {
        let bytes = size_of::<Edge>();
        assert!(bytes <= 192, "{bytes}");
    }
}
