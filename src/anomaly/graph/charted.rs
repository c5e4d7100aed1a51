//! A recorder that a graph looks at.

use super::CommunicationGraph;
use crate::digest::DigestKey;
use crate::record::{Record, RecordError, Recorder};

/// Writes to another recorder, and lets a [`CommunicationGraph`] see what was written; made by
/// [`CommunicationGraph::watch`]. Whether something is recorded does not depend on the graph.
#[derive(Debug)]
pub struct Charted<R> {
    graph: CommunicationGraph,
    recorder: R,
}

impl<R> Charted<R> {
    pub(super) fn new(graph: CommunicationGraph, recorder: R) -> Self {
        Self { graph, recorder }
    }

    /// The other recorder.
    pub fn recorder(&self) -> &R {
        &self.recorder
    }
}

impl<R: Recorder> Recorder for Charted<R> {
    fn record(&self, record: &Record<'_>) -> Result<(), RecordError> {
        self.recorder.record(record)?;
        self.graph.see(record);
        Ok(())
    }

    fn digest_key(&self) -> Option<DigestKey> {
        self.recorder.digest_key()
    }

    fn keeps_beginnings(&self) -> bool {
        self.recorder.keeps_beginnings()
    }

    fn keeps_results(&self) -> bool {
        self.recorder.keeps_results()
    }

    fn tick(&self) -> Result<(), RecordError> {
        self.recorder.tick()
    }
}
