//! One version of the policies, with the counters of their limits.

use std::sync::Arc;

use super::PolicyVersion;
use super::metering::{Meter, Metering};
use crate::policy::{AgentPolicy, Matched, PolicySet};

/// What decides at one time: immutable, replaced as a whole.
pub(crate) struct InForce {
    parts: Parts,
    epoch: u64,
}

/// Policies and their counters; shared by the versions that have them in common after a step back.
#[derive(Clone)]
pub(super) struct Parts {
    set: Arc<PolicySet>,
    /// For each permission of the set, in order, the limits that it counts against.
    meters: Arc<[Box<[Meter]>]>,
}

impl Parts {
    pub(super) fn new(policies: Vec<AgentPolicy>, metering: &Metering) -> Self {
        let set = PolicySet::new(policies);
        let meters = metering.meters(&set);
        Self { set: Arc::new(set), meters: meters.into() }
    }
}

impl InForce {
    pub(super) fn new(parts: Parts, epoch: u64) -> Self {
        Self { parts, epoch }
    }

    pub(super) fn parts(&self) -> &Parts {
        &self.parts
    }

    pub(crate) fn set(&self) -> &PolicySet {
        &self.parts.set
    }

    pub(crate) fn version(&self) -> PolicyVersion {
        PolicyVersion { epoch: self.epoch, digest: self.parts.set.digest() }
    }

    /// The limits that a permission counts against.
    pub(super) fn meters(&self, matched: Matched<'_>) -> &[Meter] {
        self.parts.meters.get(matched.compiled.first + matched.index).map_or(&[], |meters| meters)
    }
}
