//! The enforcement point that composes all parts.

mod builder;
mod changes;
mod gate;
mod in_force;
mod metering;
mod quarantining;
mod running;
mod standing;
mod timing;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arc_swap::ArcSwap;
use parking_lot::Mutex;

pub use builder::{BuildError, GuardBuilder};
pub(crate) use gate::{Issued, Request, Ticket};
pub(crate) use in_force::InForce;
pub use quarantining::{Release, ReleaseError, ShutOutError};

use crate::anomaly::Monitor;
use crate::call::Call;
use crate::decision::Reason;
use crate::digest::{Digest, DigestKey};
use crate::error::LoadError;
use crate::ids::AgentId;
use crate::indicator::Indicators;
use crate::policy::{AgentPolicy, PolicySet};
use crate::quarantine::Quarantine;
use crate::record::{
    Attached, ContextError, DecisionContext, Event, RecordError, Recorder, SessionId, SessionRecord,
};
use crate::session::{Session, SessionState};
use crate::tool::ToolSpec;
use changes::Changes;
use metering::Metering;
use timing::Timing;

/// The gate that every call passes: a cheap handle, to be cloned and shared between threads.
///
/// A guard holds the policies in force, what has been used of their limits, and the recorder. Sessions are opened
/// from it; a session makes calls.
///
/// ```
/// use portcullis::{AgentId, AgentPolicy, Guard, RingRecorder};
///
/// let agent = AgentId::parse("spiffe://example.org/agent/reporter")?;
/// let policy = AgentPolicy::from_json(
///     r#"{"agent_id": "spiffe://example.org/agent/reporter", "permissions": [{"tool_name": "add"}]}"#,
/// )?;
/// let guard = Guard::builder().policy(policy).recorder(RingRecorder::new(1000)).build()?;
/// let session = guard.vouched_session(agent)?;
///
/// let sum: Result<i64, Box<dyn std::error::Error>> = session.run("add", r#"{"a": 2, "b": 3}"#, |args| {
///     let number = |name| args.get(name).and_then(|value| value.as_number()?.as_i64()).unwrap_or(0);
///     Ok(number("a") + number("b"))
/// });
/// assert_eq!(sum?, 5);
/// assert!(session.call("delete_everything", "{}").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Guard(pub(crate) Arc<Gatehouse>);

/// What all handles of one guard share.
pub(crate) struct Gatehouse {
    pub(crate) in_force: ArcSwap<InForce>,
    changes: Changes,
    /// Serialises changes; holds what was in force before, for one step back.
    before: Mutex<Option<Arc<PolicySet>>>,
    metering: Metering,
    indicators: ArcSwap<Indicators>,
    /// Spares the path of a call a look at an empty list.
    has_indicators: AtomicBool,
    quarantine: Quarantine,
    /// It sees all that is written to the recorder.
    monitor: Option<Monitor>,
    tools: Vec<ToolSpec>,
    /// The secret parameters of each tool that has any.
    secrets: HashMap<String, Vec<String>>,
    recorder: Box<dyn Recorder>,
    /// What the recorder says of itself; asked once.
    keeps_beginnings: bool,
    keeps_results: bool,
    digest_key: DigestKey,
    timing: Timing,
    /// How many sessions were opened.
    sessions: AtomicU64,
    /// Set once an outcome could not be recorded.
    poisoned: AtomicBool,
    require_credentials: bool,
}

/// What a change of policies led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PolicyVersion {
    /// Counts the changes of this guard; the first policies are 1.
    pub epoch: u64,
    /// The digest of all policies together.
    pub digest: Digest,
}

/// Why the policies were not changed. Those in force before still are.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SwapError {
    /// A policy does not fit the guard's tools.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The change could not be recorded.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// There is no step back to take.
    #[error("there are no former policies to go back to")]
    NoFormerPolicies,
}

/// Why a session was not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The guard was built with `require_credentials`.
    #[error("this guard opens sessions only for verified credentials")]
    CredentialsRequired,
    /// That it was opened could not be recorded.
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl Guard {
    /// Begins a guard.
    pub fn builder() -> GuardBuilder {
        GuardBuilder::default()
    }

    /// Opens a session for an agent whose identity the host vouches for.
    ///
    /// An agent for whom no policy is loaded gets a session too; its calls are denied.
    ///
    /// # Errors
    /// [`SessionError`] if the guard takes no host's word, or the session cannot be recorded.
    pub fn vouched_session(&self, agent: AgentId) -> Result<Session, SessionError> {
        if self.0.require_credentials {
            return Err(SessionError::CredentialsRequired);
        }
        let id = SessionId(self.0.sessions.fetch_add(1, Ordering::Relaxed) + 1);
        let event = Event::SessionOpened(SessionRecord {
            session: id,
            agent: &agent,
        });
        self.0.write(self.0.timing.now(), event)?;
        Ok(Session::new(self.clone(), id, agent.into()))
    }

    /// Puts other policies in force, for all sessions and from the next decision on.
    ///
    /// They are checked and compiled first; an error leaves everything as it was. What was used of limits stays
    /// used wherever principal, tool name and what is counted are the same. Several threads may decide meanwhile:
    /// each decision sees one set of policies, old or new. A permit not yet run runs only if the new ones allow it too.
    ///
    /// # Errors
    /// [`SwapError`] if a policy does not fit the guard's tools, or the change cannot be recorded.
    pub fn swap(
        &self,
        policies: impl IntoIterator<Item = AgentPolicy>,
    ) -> Result<PolicyVersion, SwapError> {
        let set = PolicySet::new(policies);
        set.policies()
            .try_for_each(|policy| builder::check_tools(policy, &self.0.tools))?;
        let mut before = self.0.before.lock();
        let (version, replaced) = self.0.put_in_force(Arc::new(set))?;
        *before = Some(replaced);
        Ok(version)
    }

    /// Goes back to the policies that were in force before the last [`swap`](Self::swap). Only one step is kept.
    ///
    /// # Errors
    /// [`SwapError`] if there is none, or the change cannot be recorded.
    pub fn roll_back(&self) -> Result<PolicyVersion, SwapError> {
        let mut before = self.0.before.lock();
        let former = before.clone().ok_or(SwapError::NoFormerPolicies)?;
        let (version, _) = self.0.put_in_force(former)?;
        *before = None;
        Ok(version)
    }

    /// Which policies are in force.
    #[must_use]
    pub fn version(&self) -> PolicyVersion {
        self.0.in_force.load().version()
    }

    /// Replaces the host's deny list; it holds from the next decision on, also for permits not yet run.
    pub fn set_indicators(&self, indicators: Indicators) {
        let any = !indicators.is_empty();
        // List and flag change together, or a list set meanwhile could end up unseen.
        let _serialised = self.0.before.lock();
        self.0.indicators.store(Arc::new(indicators));
        self.0.has_indicators.store(any, Ordering::SeqCst);
    }

    /// The tools that the guard was told of.
    #[must_use]
    pub fn tools(&self) -> &[ToolSpec] {
        &self.0.tools
    }

    /// Tools that no policy in force mentions, so that nobody can call them: likely an oversight.
    #[must_use]
    pub fn unmentioned_tools(&self) -> Vec<&ToolSpec> {
        let in_force = self.0.in_force.load();
        let mentioned = |tool: &ToolSpec| {
            in_force
                .set()
                .compiled()
                .iter()
                .any(|compiled| compiled.mentions(tool.name()))
        };
        self.0
            .tools
            .iter()
            .filter(|tool| !mentioned(tool))
            .collect()
    }

    /// The digest of a call as this guard's records carry it, to find the records of a call.
    #[must_use]
    pub fn recorded_digest(&self, call: &Call) -> Digest {
        call.keyed_digest(&self.0.digest_key)
    }

    /// What must happen in time: the wall clock is read again, counters that no policy uses any more are forgotten once
    /// they are empty, the recorder and the monitor do what is due, and what the monitor has told goes on record. Call it now and
    /// then, say every minute.
    pub fn tick(&self) {
        self.0.timing.read_wall_clock();
        self.0.metering.prune(self.0.timing.now());
        if let Some(monitor) = &self.0.monitor {
            monitor.tick();
        }
        if self.0.recorder.tick().is_err() {
            self.0.poisoned.store(true, Ordering::Release);
        }
        self.0.write_notes();
    }

    /// Whether an outcome could not be recorded, so that every call is refused. There is no way back but a new guard.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.0.poisoned.load(Ordering::Acquire)
    }
}

impl Gatehouse {
    /// Records the change, then makes it. Counters are taken over last, so that a change that fails leaves no trace.
    fn put_in_force(
        &self,
        set: Arc<PolicySet>,
    ) -> Result<(PolicyVersion, Arc<PolicySet>), RecordError> {
        let replaced = self.in_force.load_full();
        let version = PolicyVersion {
            epoch: replaced.version().epoch + 1,
            digest: set.digest(),
        };
        let event = Event::PolicyLoaded {
            epoch: version.epoch,
            policy: version.digest,
        };
        self.write(self.timing.now(), event)?;
        {
            let _changing = self.changes.begin();
            let next = InForce::new(set, version, &self.metering);
            self.in_force.store(Arc::new(next));
        }
        self.metering.prune(self.timing.now());
        Ok((version, Arc::clone(replaced.set())))
    }

    /// The parameters of a tool that must never be recorded.
    pub(crate) fn with_secrets<T>(&self, tool: &str, then: impl FnOnce(&[&str]) -> T) -> T {
        match self.secrets.get(tool) {
            None => then(&[]),
            Some(names) => {
                let names: smallvec::SmallVec<[&str; 4]> =
                    names.iter().map(String::as_str).collect();
                then(&names)
            }
        }
    }

    /// What stands for an agent where it counts by keys.
    pub(crate) fn owner(&self, agent: &AgentId) -> u64 {
        self.metering.owner(agent)
    }

    /// How many responses have ended sessions.
    pub(crate) fn endings(&self) -> u64 {
        self.monitor.as_ref().map_or(0, Monitor::endings)
    }

    /// What a host says of why, as records of this guard carry it.
    pub(crate) fn attached(&self, context: &DecisionContext) -> Result<Attached, ContextError> {
        Attached::new(context, &self.digest_key)
    }

    /// Monotonic nanoseconds after which something that lasts so long has ended.
    pub(crate) fn deadline(&self, after: std::time::Duration) -> u64 {
        self.timing.now().saturating_add(timing::nanos(after))
    }

    /// Whether the session is open, its agent not on the deny list, and the tool not closed to it.
    pub(crate) fn check_tool(&self, session: &SessionState, tool: &str) -> Result<(), Reason> {
        session.check_open(self.timing.now())?;
        self.check_behaviour(session, tool, None)?;
        self.check_agent(session)
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("version", &self.version())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;
    use crate::record::RingRecorder;

    /// Whichever list came last, it must not be one that holds something and is not looked at.
    #[test]
    fn lists_set_at_the_same_time_stay_in_force() {
        let builder = Guard::builder().recorder(RingRecorder::new(1));
        let guard = builder.build().unwrap();
        let agent = AgentId::parse("spiffe://example.org/a").unwrap();
        let barrier = Barrier::new(2);
        let set = |indicators: Indicators| {
            barrier.wait();
            guard.set_indicators(indicators);
        };
        for _ in 0..3000 {
            std::thread::scope(|scope| {
                scope.spawn(|| set(Indicators::new().agent(agent.clone())));
                set(Indicators::new());
            });
            let holds_any = !guard.0.indicators.load().is_empty();
            assert_eq!(guard.0.has_indicators.load(Ordering::SeqCst), holds_any);
        }
    }
}
