//! Building a guard: all errors here, none at decision time.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use arc_swap::ArcSwap;
use parking_lot::Mutex;

use super::changes::Changes;
use super::in_force::InForce;
use super::metering::Metering;
use super::timing::Timing;
use super::{Gatehouse, Guard, PolicyVersion};
use crate::anomaly::Monitor;
use crate::clock::{Clock, SystemClock};
use crate::digest::{DigestKey, EntropyError};
use crate::error::LoadError;
use crate::indicator::Indicators;
use crate::policy::{AgentPolicy, PolicySet};
use crate::quarantine::Quarantine;
use crate::record::{Event, RecordError, Recorder};
use crate::tool::ToolSpec;

/// Collects what a [`Guard`] is made of. A recorder is required; without policies everything is denied.
#[derive(Debug, Default)]
#[must_use]
pub struct GuardBuilder {
    policies: Vec<AgentPolicy>,
    load_error: Option<LoadError>,
    tools: Vec<ToolSpec>,
    recorder: Option<Box<dyn Recorder>>,
    clock: Option<Box<dyn Clock>>,
    indicators: Indicators,
    quarantine: Option<Quarantine>,
    monitor: Option<Monitor>,
    require_credentials: bool,
}

/// Why a guard was not built.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A policy did not load, or does not fit the tools.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// No recorder was given: what is not recorded must not run.
    #[error("a guard needs a recorder; give it one with `recorder`")]
    NoRecorder,
    /// The first record could not be written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The key for digests could not be made.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The monitor shuts agents out on another list than the guard looks at.
    #[error("the monitor and the guard have different quarantines; give both the same")]
    OtherQuarantine,
    /// Two tools have one name.
    #[error("the tool `{name}` is given twice")]
    DuplicateTool {
        /// The name.
        name: String,
    },
}

impl GuardBuilder {
    /// Adds a policy. All that apply to a call apply together.
    pub fn policy(mut self, policy: AgentPolicy) -> Self {
        self.policies.push(policy);
        self
    }

    /// Adds policies.
    pub fn policies(mut self, policies: impl IntoIterator<Item = AgentPolicy>) -> Self {
        self.policies.extend(policies);
        self
    }

    /// Adds the policy in a file; see [`AgentPolicy::from_file`]. An error is reported by [`build`](Self::build).
    pub fn policy_file(mut self, path: impl AsRef<Path>) -> Self {
        match AgentPolicy::from_file(path) {
            Ok(policy) => self.policies.push(policy),
            Err(error) => self.load_error = self.load_error.or(Some(error)),
        }
        self
    }

    /// Says which tools there are. Then a policy that names another tool, a parameter that a tool does not have, or
    /// a value of the wrong type does not load.
    pub fn tools(mut self, tools: impl IntoIterator<Item = ToolSpec>) -> Self {
        self.tools.extend(tools);
        self
    }

    /// Where decisions and outcomes are written.
    pub fn recorder(mut self, recorder: impl Recorder + 'static) -> Self {
        self.recorder = Some(Box::new(recorder));
        self
    }

    /// The clock; the operating system's where none is given.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Some(Box::new(clock));
        self
    }

    /// The first deny list.
    pub fn indicators(mut self, indicators: Indicators) -> Self {
        self.indicators = indicators;
        self
    }

    /// The list of agents that are shut out, where it is to be shared with other guards; that of the monitor, if there is one, where
    /// none is given.
    pub fn quarantine(mut self, quarantine: &Quarantine) -> Self {
        self.quarantine = Some(quarantine.clone());
        self
    }

    /// Lets a monitor see all that is recorded, and asks it about each call: it may refuse it, or ask for the approval of a person, as
    /// its policy says.
    ///
    /// Its alerts and responses go on record too. What a call of this guard led to comes right behind the record of that, wherever
    /// else the monitor is used. What interactions, credentials and the passing of time led to comes when a guard of the monitor next
    /// writes something, so with [`Guard::tick`] at the latest, and in its log: where several guards share a monitor, their recorders
    /// should come to one. Each entry says when it was, as `at_ns`.
    pub fn monitor(mut self, monitor: &Monitor) -> Self {
        self.monitor = Some(monitor.clone());
        self
    }

    /// Forbids [`Guard::vouched_session`]: sessions need a verified credential.
    pub fn require_credentials(mut self) -> Self {
        self.require_credentials = true;
        self
    }

    /// Checks everything and builds the guard.
    ///
    /// # Errors
    /// [`BuildError`] for the first thing that is wrong.
    pub fn build(self) -> Result<Guard, BuildError> {
        if let Some(error) = self.load_error {
            return Err(error.into());
        }
        let recorder = self.recorder.ok_or(BuildError::NoRecorder)?;
        let quarantine = quarantine(self.quarantine, self.monitor.as_ref())?;
        let tools = self.tools;
        refuse_repeated_tools(&tools)?;
        self.policies
            .iter()
            .try_for_each(|policy| check_tools(policy, &tools))?;
        let digest_key = recorder.digest_key().map_or_else(DigestKey::random, Ok)?;
        let timing = Timing::new(self.clock.unwrap_or_else(|| Box::new(SystemClock::new())));
        let metering = Metering::new();
        let set = PolicySet::new(self.policies);
        let version = PolicyVersion {
            epoch: 1,
            digest: set.digest(),
        };
        let event = Event::PolicyLoaded {
            epoch: version.epoch,
            policy: version.digest,
        };
        recorder.record(&timing.record(timing.now(), event))?;
        if let Some(monitor) = &self.monitor {
            monitor.want_notes();
        }
        Ok(Guard(Arc::new(Gatehouse {
            in_force: ArcSwap::from_pointee(InForce::new(Arc::new(set), version, &metering)),
            changes: Changes::default(),
            before: Mutex::new(None),
            metering,
            has_indicators: AtomicBool::new(!self.indicators.is_empty()),
            indicators: ArcSwap::from_pointee(self.indicators),
            quarantine,
            // Without results no loop can be told from progress.
            keeps_results: recorder.keeps_results() || self.monitor.is_some(),
            monitor: self.monitor,
            secrets: secrets(&tools),
            tools,
            keeps_beginnings: recorder.keeps_beginnings(),
            recorder,
            digest_key,
            timing,
            sessions: AtomicU64::new(0),
            poisoned: AtomicBool::new(false),
            require_credentials: self.require_credentials,
        })))
    }
}

/// One list for both, or shutting an agent out would do nothing.
fn quarantine(
    given: Option<Quarantine>,
    monitor: Option<&Monitor>,
) -> Result<Quarantine, BuildError> {
    match (given, monitor.map(Monitor::quarantine)) {
        (Some(given), Some(of_monitor)) if !given.is_same(of_monitor) => {
            Err(BuildError::OtherQuarantine)
        }
        (given, of_monitor) => Ok(given.or(of_monitor.cloned()).unwrap_or_default()),
    }
}

/// A host that names no tools is not held to any.
pub(super) fn check_tools(policy: &AgentPolicy, tools: &[ToolSpec]) -> Result<(), LoadError> {
    if tools.is_empty() {
        Ok(())
    } else {
        policy.check_tools(tools)
    }
}

fn refuse_repeated_tools(tools: &[ToolSpec]) -> Result<(), BuildError> {
    let mut seen = HashSet::new();
    match tools.iter().find(|tool| !seen.insert(tool.name())) {
        None => Ok(()),
        Some(tool) => Err(BuildError::DuplicateTool {
            name: tool.name().to_owned(),
        }),
    }
}

fn secrets(tools: &[ToolSpec]) -> HashMap<String, Vec<String>> {
    let of = |tool: &ToolSpec| -> Vec<String> {
        tool.params()
            .iter()
            .filter(|param| param.is_secret())
            .map(|param| param.name().to_owned())
            .collect()
    };
    tools
        .iter()
        .map(|tool| (tool.name().to_owned(), of(tool)))
        .filter(|(_, names)| !names.is_empty())
        .collect()
}
