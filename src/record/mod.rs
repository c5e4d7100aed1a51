//! What is written down about every call, before it runs and after.

mod context;
mod result;
mod ring;
mod shown;

use std::time::{Duration, SystemTime};

pub(crate) use context::Attached;
pub use context::{ContextError, DecisionContext};
pub use result::{ResultReading, ToolResult};
pub use ring::{RecordedCall, RecordedEvent, RingRecorder};
pub(crate) use shown::ShownArguments;

use crate::call::Arguments;
use crate::decision::{AuditLevel, Code, Effect, RuleRef, Verdict};
use crate::digest::{Digest, DigestKey};
use crate::ids::{AgentId, TaskId, UserId};

/// Where decisions and outcomes are written.
///
/// A decision is recorded before its call may run: if [`record`](Recorder::record) fails, the call is refused.
/// It is called on the thread of the call, by many threads at once, and should not panic: a panic on an outcome counts as
/// one that could not be written.
pub trait Recorder: Send + Sync + std::fmt::Debug {
    /// Writes one record. When this returns, the record counts as written.
    ///
    /// # Errors
    /// [`RecordError`] if it could not be written. A decision then becomes a refusal; after an outcome that could
    /// not be written, every later call is refused.
    fn record(&self, record: &Record<'_>) -> Result<(), RecordError>;

    /// The key under which the digests of arguments are made, if this log keeps one.
    /// Without one, each guard makes its own at random.
    fn digest_key(&self) -> Option<DigestKey> {
        None
    }

    /// Whether it wants [`Event::Executing`]. One that forgets when the process ends has no use for it.
    fn keeps_beginnings(&self) -> bool {
        true
    }

    /// Whether it wants [`Ended::result`], for which each result is serialised and hashed.
    fn keeps_results(&self) -> bool {
        true
    }

    /// What must happen in time; [`Guard::tick`](crate::Guard::tick) calls it.
    ///
    /// # Errors
    /// [`RecordError`] if nothing can be recorded any more; every later call is then refused.
    fn tick(&self) -> Result<(), RecordError> {
        Ok(())
    }
}

/// As what they point to does.
macro_rules! recorder_behind {
    ($($pointer:ty),+) => {$(
        impl<R: Recorder + ?Sized> Recorder for $pointer {
            fn record(&self, record: &Record<'_>) -> Result<(), RecordError> {
                (**self).record(record)
            }

            fn digest_key(&self) -> Option<DigestKey> {
                (**self).digest_key()
            }

            fn keeps_beginnings(&self) -> bool {
                (**self).keeps_beginnings()
            }

            fn keeps_results(&self) -> bool {
                (**self).keeps_results()
            }

            fn tick(&self) -> Result<(), RecordError> {
                (**self).tick()
            }
        }
    )+};
}
recorder_behind!(std::sync::Arc<R>, Box<R>);

/// A record could not be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record could not be written: {0}")]
pub struct RecordError(pub String);

/// Links the records of one call. Unique in this process, until a thread has made 2^40 calls or 2^24 threads have
/// made any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub(crate) u64);

impl CallId {
    /// As `Display` writes it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        u64::from_str_radix(text, 16).ok().map(Self)
    }
}

impl std::fmt::Display for CallId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

/// Links the records of one session. Unique for one guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub(crate) u64);

impl std::fmt::Display for SessionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// One record, borrowed from the call that it is about.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Record<'a> {
    /// Monotonic time.
    pub at: Duration,
    /// Time of day: the monotonic time, counted from the last reading of the wall clock.
    pub wall: SystemTime,
    /// What happened.
    pub event: Event<'a>,
}

/// What happened.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A call was decided.
    Decided(Decided<'a>),
    /// An allowed call is about to run. If this cannot be written, it does not.
    Executing(Executing<'a>),
    /// A call that was allowed ended, or never began.
    Ended(Ended<'a>),
    /// A session was opened.
    SessionOpened(SessionRecord<'a>),
    /// A session was closed by its host.
    SessionClosed(SessionRecord<'a>),
    /// A monitor saw behaviour out of the ordinary.
    Alerted(Alerted<'a>),
    /// Something was done about it, or about an agent by a person.
    Responded(Responded<'a>),
    /// A person ended all that held an agent back.
    Released(Released<'a>),
    /// A sink did not take an alert, and is not asked to any more.
    AlertNotTaken(AlertNotTaken<'a>),
    /// The policies changed.
    PolicyLoaded {
        /// Counts the policy changes of this guard; the first policies are 1.
        epoch: u64,
        /// The digest of all policies together.
        policy: Digest,
    },
}

/// Who called what.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Subject<'a> {
    /// The call.
    pub call: CallId,
    /// The session that it was made through.
    pub session: SessionId,
    /// The acting agent.
    pub agent: &'a AgentId,
    /// On whose behalf.
    pub user: Option<&'a UserId>,
    /// On what task.
    pub task: Option<&'a TaskId>,
    /// The tool, or what was given as its name.
    pub tool: &'a str,
}

/// A decision, with what it rests on.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Decided<'a> {
    /// Who called what.
    pub subject: Subject<'a>,
    /// The answer.
    pub verdict: Verdict,
    /// Its code.
    pub code: Code,
    /// The permission that decided.
    pub rule: Option<RuleRef<'a>>,
    /// The digest of tool and arguments under the log's key; absent if they were malformed.
    pub digest: Option<Digest>,
    /// Which policies decided.
    pub epoch: u64,
    /// The digest of those policies.
    pub policy: Digest,
    /// What the tool does.
    pub effect: Effect,
    /// How much the policy lets a log keep.
    pub audit_level: AuditLevel,
    /// The digest of the [`DecisionContext`] under the log's key, if the session has one.
    pub context_digest: Option<Digest>,
    pub(crate) arguments: Option<Arguments<'a>>,
    pub(crate) secret: &'a [&'a str],
    pub(crate) context: Option<&'a str>,
}

impl<'a> Decided<'a> {
    /// What the host knows of why, as a JSON object; at the audit level `full` only.
    #[must_use]
    pub fn context(&self) -> Option<&'a str> {
        self.context
            .filter(|_| self.audit_level >= AuditLevel::Full)
    }

    /// Whether the call has parameters that are in no record.
    pub(crate) fn has_secrets(&self) -> bool {
        self.arguments.is_some_and(|arguments| {
            arguments
                .iter()
                .any(|(name, _)| self.secret.contains(&name))
        })
    }

    /// Appends what the audit level lets a log keep of the arguments, as a JSON object: nothing at `standard`,
    /// kinds and sizes at `detailed`, values at `full`. Secret parameters appear only by name.
    pub fn write_arguments(&self, out: &mut String) {
        if let Some(arguments) = self.arguments {
            ShownArguments {
                arguments,
                secret: self.secret,
                level: self.audit_level,
            }
            .write(out);
        }
    }
}

/// The beginning of a call that was allowed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Executing<'a> {
    /// Who called what.
    pub subject: Subject<'a>,
    /// What the tool does. A log makes `Write` durable before it returns.
    pub effect: Effect,
}

/// A session, as it is opened or closed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SessionRecord<'a> {
    /// The session.
    pub session: SessionId,
    /// The acting agent.
    pub agent: &'a AgentId,
}

/// The end of a call that was allowed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Ended<'a> {
    /// Who called what.
    pub subject: Subject<'a>,
    /// How it ended.
    pub outcome: Outcome,
    /// From the decision to the end.
    pub latency: Duration,
    /// How much the policy that allowed the call lets a log keep.
    pub audit_level: AuditLevel,
    /// What the tool returned, if it completed, the recorder wants it and it could be read.
    pub result: Option<ToolResult<'a>>,
}

/// Behaviour out of the ordinary, as a [`Monitor`](crate::anomaly::Monitor) tells it: see
/// [`Alert`](crate::anomaly::Alert).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Alerted<'a> {
    /// The agent that behaves so.
    pub agent: &'a AgentId,
    /// When it was told. The record may come later.
    pub at: SystemTime,
    /// Counts the alerts of the monitor.
    pub number: u64,
    /// What sort of behaviour.
    pub kind: &'static str,
    /// How bad it is.
    pub severity: &'static str,
    /// What it is about, if there is more to say than the agent.
    pub target: Option<&'a str>,
    /// What was counted.
    pub observed: f64,
    /// What was declared or learned.
    pub expected: f64,
    /// How surprising that is by chance, in nats.
    pub surprise: Option<f64>,
    /// How many events the expectation was learned from, and for how long.
    pub baseline: Option<(u64, Duration)>,
    /// The last call that it rests on.
    pub call: Option<CallId>,
    /// How often the same happened since the last alert about it.
    pub more: u64,
    /// Whether it only tells that.
    pub is_update: bool,
}

/// What is done about an agent: see [`Response`](crate::anomaly::Response).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Responded<'a> {
    /// The agent.
    pub agent: &'a AgentId,
    /// When it was done. The record may come later.
    pub at: SystemTime,
    /// What is done.
    pub response: &'static str,
    /// The kind of alert that led to it.
    pub because: Option<&'static str>,
    /// The person who did it, where it was one.
    pub by: Option<&'a UserId>,
    /// What of the agent's is held back, if not all.
    pub target: Option<&'a str>,
    /// For how long, where it ends by itself.
    pub lasts: Option<Duration>,
    /// The number of the quarantine, where it is one: see [`Quarantined`](crate::Quarantined).
    pub quarantine: Option<u64>,
}

/// Who let whom go.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Released<'a> {
    /// The agent.
    pub agent: &'a AgentId,
    /// The person.
    pub by: &'a UserId,
    /// Which quarantine ends with this, and those of the agent before it; `None` where it was not shut out.
    pub quarantine: Option<u64>,
}

/// An alert that a sink did not take, however often it was handed to it: see
/// [`MonitorBuilder::sink`](crate::anomaly::MonitorBuilder::sink).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AlertNotTaken<'a> {
    /// The agent that the alert is about.
    pub agent: &'a AgentId,
    /// The number of the alert.
    pub number: u64,
    /// What sort of behaviour it is about.
    pub kind: &'static str,
    /// Which sink, counted from 1 in the order in which the monitor was given them.
    pub sink: u64,
    /// How often it was asked to.
    pub attempts: u64,
}

/// How an allowed call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The tool returned a value.
    Completed,
    /// The tool returned an error.
    Failed,
    /// The tool panicked.
    Panicked,
    /// The tool's future was dropped before it was ready.
    Cancelled,
    /// The permit was dropped before it ran; its places in limits were given back.
    Abandoned,
    /// The permit was refused when it was to run: it had lapsed, or something had come to forbid the call. Its places
    /// in limits were given back.
    Refused(Code),
}

impl Outcome {
    /// The outcome as records write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Panicked => "panicked",
            Self::Cancelled => "cancelled",
            Self::Abandoned => "abandoned",
            Self::Refused(_) => "refused",
        }
    }
}
