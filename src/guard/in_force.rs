//! One version of the policies, with the counters of their limits.

use std::sync::Arc;

use super::PolicyVersion;
use super::metering::{Meter, Metering};
use crate::policy::{Matched, PolicySet};

/// What decides at one time: immutable, replaced as a whole.
pub(crate) struct InForce {
    set: Arc<PolicySet>,
    /// For each permission of the set, in order, the limits that it counts against.
    meters: Box<[Box<[Meter]>]>,
    version: PolicyVersion,
}

impl InForce {
    /// Takes over the counters, so that it must not be made unless it comes into force.
    pub(super) fn new(set: Arc<PolicySet>, version: PolicyVersion, metering: &Metering) -> Self {
        let meters = metering.meters(&set);
        Self {
            set,
            meters,
            version,
        }
    }

    pub(crate) fn set(&self) -> &Arc<PolicySet> {
        &self.set
    }

    pub(crate) fn version(&self) -> PolicyVersion {
        self.version
    }

    /// The limits that a permission counts against.
    pub(super) fn meters(&self, matched: Matched<'_>) -> &[Meter] {
        self.meters
            .get(matched.compiled.first + matched.index)
            .map_or(&[], |meters| meters)
    }
}
