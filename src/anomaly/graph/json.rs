//! A graph for machines.

use std::time::{Duration, SystemTime};

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::counts::{Suspicion, Traffic};
use super::memory::Dropped;
use super::view::{GraphEdge, GraphNode, GraphView};

/// `{"version": 1, "nodes": [..], "edges": [..], "dropped": {"agents": 0, "edges": 0}}`.
///
/// A node has `kind` (`agent`, `tool` or `destination`), `name` and `dropped`; an edge has `source` and `target`, which are
/// places in `nodes`, and `expectation`. Both have `count`, `errors`, `asked`, `denied`, `timed`, `mean_us` and `p95_us` (null where
/// nothing was timed), `first_seen_ms` and `last_seen_ms` (since the Unix epoch), `alerts`, `severity` (null without any) and
/// `score`. Names are whole.
impl Serialize for GraphView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let edges = self.edges.iter().filter_map(|edge| {
            let (source, target) = self.ends(edge)?;
            Some(Edge {
                source,
                target,
                edge,
            })
        });
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("version", &1)?;
        map.serialize_entry("nodes", &self.nodes)?;
        map.serialize_entry("edges", &edges.collect::<Vec<_>>())?;
        map.serialize_entry("dropped", &self.dropped)?;
        map.end()
    }
}

impl Serialize for GraphNode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", self.endpoint.kind())?;
        map.serialize_entry("name", self.endpoint.name())?;
        traffic(&mut map, &self.traffic)?;
        suspicion(&mut map, &self.suspicion)?;
        map.serialize_entry("dropped", &self.dropped)?;
        map.end()
    }
}

impl Serialize for Dropped {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([("agents", self.agents), ("edges", self.edges)])
    }
}

/// An edge between nodes that have numbers.
struct Edge<'g> {
    source: usize,
    target: usize,
    edge: &'g GraphEdge,
}

impl Serialize for Edge<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("source", &self.source)?;
        map.serialize_entry("target", &self.target)?;
        map.serialize_entry("expectation", self.edge.expectation.as_str())?;
        traffic(&mut map, &self.edge.traffic)?;
        suspicion(&mut map, &self.edge.suspicion)?;
        map.end()
    }
}

fn traffic<M: SerializeMap>(map: &mut M, traffic: &Traffic) -> Result<(), M::Error> {
    let micros = |latency: Duration| u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
    map.serialize_entry("count", &traffic.count)?;
    map.serialize_entry("errors", &traffic.errors)?;
    map.serialize_entry("asked", &traffic.asked)?;
    map.serialize_entry("denied", &traffic.denied)?;
    map.serialize_entry("timed", &traffic.timed)?;
    map.serialize_entry("mean_us", &traffic.mean.map(micros))?;
    map.serialize_entry("p95_us", &traffic.p95.map(micros))?;
    map.serialize_entry("first_seen_ms", &millis(traffic.first))?;
    map.serialize_entry("last_seen_ms", &millis(traffic.last))
}

fn suspicion<M: SerializeMap>(map: &mut M, suspicion: &Suspicion) -> Result<(), M::Error> {
    map.serialize_entry("alerts", &suspicion.alerts)?;
    map.serialize_entry(
        "severity",
        &suspicion.severity.map(|severity| severity.as_str()),
    )?;
    map.serialize_entry("score", &suspicion.score)
}

fn millis(at: SystemTime) -> u64 {
    let since = at
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
