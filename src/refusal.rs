//! Why a call did not run, told once for the model and once for the operator.

use std::fmt;
use std::time::Duration;

use crate::decision::{Code, Detail, HumanDuration, Reason, Rule, Verdict};
use crate::record::CallId;
use crate::text::Plain;

/// Why a call did not run.
///
/// It has two renderings. `Display`, and [`for_model`](Self::for_model), may be shown to the model: short, says
/// that it is policy and whether to try again, and holds no value and nothing of the policy.
/// [`for_operator`](Self::for_operator) names the rule, its place and what was expected.
///
/// ```
/// # use portcullis::{AgentId, AgentPolicy, Guard, RingRecorder};
/// # let text = r#"{"agent_id": "spiffe://example.org/agent/a", "permissions": [
/// #     {"tool_name": "quote", "allowed_params": {"exchange": ["NYSE"]}}]}"#;
/// # let guard = Guard::builder().policy(AgentPolicy::from_json(text)?).recorder(RingRecorder::new(8)).build()?;
/// # let session = guard.vouched_session(AgentId::parse("spiffe://example.org/agent/a")?)?;
/// let refusal = session.call("quote", r#"{"exchange": "TSE"}"#).unwrap_err();
/// assert_eq!(
///     refusal.for_model(),
///     "Refused by policy: the value of `exchange` is not allowed for `quote`. Do not retry this call.",
/// );
/// assert!(refusal.for_operator().contains(r#"`exchange` must be one of "NYSE", got a string of 3 characters"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Refusal(Box<Facts>);

#[derive(Clone)]
struct Facts {
    call: CallId,
    tool: String,
    verdict: Verdict,
    reason: Reason,
}

/// What kind of refusal it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalKind {
    /// A rule forbids it.
    Rule,
    /// Nothing allows it.
    Default,
    /// A limit or budget is used up.
    Limit,
    /// A person must approve it first.
    ApprovalRequired,
    /// Something broke, and so the call was refused.
    Fault,
}

impl Refusal {
    pub(crate) fn new(call: CallId, tool: &str, verdict: Verdict, reason: Reason) -> Self {
        Self(Box::new(Facts {
            call,
            tool: Plain(tool).to_string(),
            verdict,
            reason,
        }))
    }

    /// What kind of refusal it is.
    #[must_use]
    pub fn kind(&self) -> RefusalKind {
        match self.code() {
            _ if self.verdict() == Verdict::Ask => RefusalKind::ApprovalRequired,
            Code::UnknownTool | Code::Identity => RefusalKind::Default,
            Code::Limit | Code::Budget => RefusalKind::Limit,
            Code::Fault => RefusalKind::Fault,
            _ => RefusalKind::Rule,
        }
    }

    /// The code of the decision.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.reason.code()
    }

    /// `Ask` if a person could approve the call, otherwise `Deny`.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.0.verdict
    }

    /// The whole reason.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        &self.0.reason
    }

    /// The permission that decided, if it was one.
    #[must_use]
    pub fn rule(&self) -> Option<&Rule> {
        self.0.reason.rule()
    }

    /// How long to wait until the same call could be allowed, where waiting helps.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.reason.retry_after()
    }

    /// The call, as records name it.
    #[must_use]
    pub fn call(&self) -> CallId {
        self.0.call
    }

    /// One or two sentences that are safe to show to the model.
    #[must_use]
    pub fn for_model(&self) -> String {
        self.to_string()
    }

    /// One line for the operator: the rule, its place, what was expected.
    #[must_use]
    pub fn for_operator(&self) -> String {
        format!("{} `{}`: {}", self.0.verdict, self.0.tool, self.0.reason)
    }
}

/// The text for the model.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tool = &self.0.tool;
        if self.code() == Code::Fault {
            return f.write_str(
                "Refused: the policy check could not be completed. Do not retry this call.",
            );
        }
        f.write_str("Refused by policy: ")?;
        match (self.code(), self.0.reason.detail()) {
            (Code::UnknownTool, _) => write!(f, "the tool `{tool}` is not available")?,
            (_, Detail::MissingParameter { name }) => {
                write!(f, "the parameter `{}` of `{tool}` is missing", Plain(name))?;
            }
            (_, Detail::UnexpectedParameter { name }) => {
                write!(
                    f,
                    "the parameter `{}` is not allowed for `{tool}`",
                    Plain(name)
                )?;
            }
            (
                _,
                Detail::Constraint { path, .. }
                | Detail::NotCountable {
                    parameter: path, ..
                },
            ) => {
                write!(
                    f,
                    "the value of `{}` is not allowed for `{tool}`",
                    Plain(path)
                )?;
            }
            (Code::Limit, _) => write!(f, "`{tool}` was called too often")?,
            (Code::Budget, _) => write!(f, "the budget for `{tool}` is used up")?,
            _ if self.0.verdict == Verdict::Ask => {
                write!(f, "`{tool}` needs the approval of a person")?;
            }
            (Code::Malformed, _) => f.write_str("the call is not well-formed")?,
            (Code::Lapsed, _) => write!(f, "the permit for `{tool}` has lapsed")?,
            _ => write!(f, "`{tool}` is not allowed")?,
        }
        match self.retry_after() {
            Some(wait) => write!(f, ". It may be retried in {}.", HumanDuration(wait)),
            None => f.write_str(". Do not retry this call."),
        }
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Refusal({})", self.for_operator())
    }
}

impl std::error::Error for Refusal {}
