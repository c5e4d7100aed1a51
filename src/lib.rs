#![doc = include_str!("../README.md")]

// L0, vocabulary
mod call;
mod clock;
mod constraint;
mod decision;
mod digest;
mod error;
mod finding;
mod ids;
pub mod json;
mod quarantine;
mod reading;
mod record;
mod sieve;
mod text;
mod thread_id;
mod tool;

// L1, deciders
pub mod anomaly;
mod indicator;
#[allow(
    dead_code,
    unused_imports,
    reason = "the mechanism is whole; the audit log does not use every part of it"
)]
mod journal;
mod limit;
mod policy;

// L2, effects
pub mod audit;
pub mod privacy;

// L3, composition
mod guard;
mod permit;
mod refusal;
mod session;

// L4, faces
mod glue;

// The public interface is:
pub use call::{Args, ArgsError, Call};
pub use clock::{Clock, ManualClock, SystemClock};
pub use constraint::Constraint;
pub use decision::{AuditLevel, Code, Decision, Effect, Reason, Rule, RuleRef, Verdict};
pub use digest::{Digest, DigestError, DigestKey, EntropyError};
pub use error::{LoadError, LoadErrorKind};
pub use finding::{Finding, Lint};
pub use guard::{
    BuildError, Guard, GuardBuilder, PolicyVersion, Release, ReleaseError, SessionError,
    ShutOutError, SwapError,
};
pub use ids::{
    AgentId, AgentPattern, Caller, IdError, Principal, TaskId, ToolName, ToolPattern, UserId,
};
pub use indicator::{IndicatorError, Indicators};
pub use permit::Permit;
pub use policy::{AgentPolicy, Explanation, PolicySet, Step, ToolPermission};
/// Puts the gate in front of a tool function: its body is reached only with arguments that the session's policies
/// allow.
///
/// ```
/// use portcullis::{Refusal, Session, guard};
///
/// /// Adds two numbers.
/// #[guard]
/// async fn add(session: &Session, a: i64, b: i64) -> Result<i64, Refusal> {
///     Ok(a + b)
/// }
///
/// // Beside the function stands its specification, for `GuardBuilder::tools`.
/// assert_eq!(add_tool().name(), "add");
/// assert_eq!(add_tool().json_schema()["required"], serde_json::json!(["a", "b"]));
/// ```
///
/// Parameters are looked at in place, or serialised once, and then handed to the body. A type that another thread can
/// change through a shared reference (`&Mutex<T>`, `&AtomicU64`) may hold something else by then, and what a type does not
/// serialise no policy sees: take such things as `skip`ped parameters, or by value.
///
/// Parameters named in `secret(..)` are kept out of records and messages of calls through this function. Give the guard
/// its specification too, so that calls by JSON keep them out as well.
///
#[doc(inline)]
pub use portcullis_macros::guard;
pub use quarantine::{Quarantine, QuarantineFull, Quarantined};
pub use record::{
    AlertNotTaken, Alerted, CallId, ContextError, Decided, DecisionContext, Ended, Event,
    Executing, Outcome, Record, RecordError, RecordedCall, RecordedEvent, Recorder, Released,
    Responded, RingRecorder, SessionId, SessionRecord, Subject, ToolResult,
};
pub use refusal::{Refusal, RefusalKind};
pub use session::Session;
pub use text::Plain;
pub use tool::{ParamSpec, ParamType, ToolSpec, ToolSpecError};

#[doc = include_str!("../docs/policy.md")]
pub mod policy_format {}

/// What `#[guard]` expands to. Not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use crate::call::TypedArguments;
    pub use crate::glue::*;
    pub use crate::permit::Clearance;
    pub use crate::record::ResultReading;
}
