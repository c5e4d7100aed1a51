//! A decision as a log holds it.

use std::time::Duration;

use portcullis::audit::{LogEntry, LogError, Payload, PayloadForm, PayloadKind, Payloads};
use portcullis::json::Limits;
use portcullis::{AgentId, Args, Caller, TaskId, ToolName, UserId, Verdict};
use serde::Serialize;

/// What was decided.
#[derive(Clone, Copy)]
pub(super) struct Recorded<'e> {
    pub(super) verdict: Verdict,
    /// As the entry says it, which may be anything.
    pub(super) code: &'e str,
    /// The call, where it can be followed.
    pub(super) call: Option<u64>,
    /// Whether the given policies decided.
    pub(super) same_policies: bool,
}

/// Who asked for which tool, and when.
pub(super) struct Asked {
    pub(super) caller: Caller,
    pub(super) tool: ToolName,
    pub(super) at: Duration,
}

/// Why a decision cannot be made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Skipped {
    Standard,
    Detailed,
    Secrets,
    /// Nothing was kept, since no policy spoke of the call, or its session had ended.
    Unnamed,
    Malformed,
    /// Decided by the deny list or another part that is no policy.
    NoPolicy,
    Erased,
    Missing,
    Damaged,
    Unreadable,
}

impl<'e> Recorded<'e> {
    /// `None` if the entry does not say all of it. `policies`: the digest of the given ones.
    pub(super) fn of(entry: &'e LogEntry<'_>, policies: &str) -> Option<Self> {
        let verdict = match entry.decision()? {
            "allow" => Verdict::Allow,
            "ask" => Verdict::Ask,
            "deny" => Verdict::Deny,
            _ => return None,
        };
        Some(Self {
            verdict,
            code: entry.text("code")?,
            call: call(entry),
            same_policies: entry.text("policy") == Some(policies),
        })
    }

    /// Why there is nothing for policies to decide: the call was none, or something beside them decided.
    pub(super) fn beside_policies(&self) -> Option<Skipped> {
        match self.code {
            "malformed" => Some(Skipped::Malformed),
            "indicator" | "revoked" | "quarantined" | "anomaly" | "fault" => {
                Some(Skipped::NoPolicy)
            }
            _ => None,
        }
    }
}

/// Which call an entry is about.
pub(super) fn call(entry: &LogEntry<'_>) -> Option<u64> {
    u64::from_str_radix(entry.call()?, 16).ok()
}

/// Monotonic time.
pub(super) fn at(entry: &LogEntry<'_>) -> Option<Duration> {
    entry.number("mono_ns").map(Duration::from_nanos)
}

impl Asked {
    /// `None` if a name in the entry cannot be one, as that of a tool that was given to deceive.
    pub(super) fn of(entry: &LogEntry<'_>) -> Option<Self> {
        let mut caller = Caller::from(AgentId::parse(entry.text("agent")?).ok()?);
        if let Some(user) = entry.text("user") {
            caller.user = Some(UserId::parse(user).ok()?);
        }
        if let Some(task) = entry.text("task") {
            caller.task = Some(TaskId::parse(task).ok()?);
        }
        Some(Self {
            caller,
            tool: ToolName::parse(entry.text("tool")?).ok()?,
            at: at(entry)?,
        })
    }
}

/// The arguments of a decided call, if they were kept whole and still are, and their length in bytes.
///
/// # Errors
/// The outer one if the system refuses to read.
pub(super) fn arguments(
    entry: &LogEntry<'_>,
    payloads: &mut Payloads,
) -> Result<Result<(Args, usize), Skipped>, LogError> {
    let Some(payload) = entry.payload(PayloadKind::Arguments) else {
        return Ok(Err(nothing_kept(entry)));
    };
    match payload.form {
        PayloadForm::Whole => {}
        PayloadForm::WithoutSecrets => return Ok(Err(Skipped::Secrets)),
        PayloadForm::Shapes => return Ok(Err(Skipped::Detailed)),
        _ => return Ok(Err(Skipped::Unreadable)),
    }
    Ok(match payloads.read(entry, PayloadKind::Arguments)? {
        Some(Payload::Kept(text)) => parse(&text).ok_or(Skipped::Unreadable),
        Some(Payload::Erased) => Err(Skipped::Erased),
        Some(Payload::Missing) => Err(Skipped::Missing),
        Some(Payload::Damaged) => Err(Skipped::Damaged),
        _ => Err(Skipped::Unreadable),
    })
}

fn nothing_kept(entry: &LogEntry<'_>) -> Skipped {
    match (entry.text("audit_level"), entry.text("code")) {
        (_, Some("unknown_tool" | "identity")) => Skipped::Unnamed,
        (Some("standard"), _) => Skipped::Standard,
        _ => Skipped::Unreadable,
    }
}

/// Arguments that are Rust values may be longer than a text may be, so what was kept may be too.
fn parse(text: &str) -> Option<(Args, usize)> {
    let limits = Limits {
        max_bytes: text.len(),
        ..Limits::default()
    };
    let args = Args::parse_within(text, &limits).ok()?;
    Some((args, text.len()))
}

impl Skipped {
    /// For people.
    pub(super) fn why(self) -> &'static str {
        match self {
            Self::Standard => "the audit level was `standard`: no arguments were kept",
            Self::Detailed => {
                "the audit level was `detailed`: only kinds and sizes of arguments were kept"
            }
            Self::Secrets => "secret arguments were not kept",
            Self::Unnamed => {
                "no policy spoke of the call, or its session had ended: nothing was kept"
            }
            Self::Malformed => "the call was not well-formed, which no policy allows",
            Self::NoPolicy => "not a policy but the deny list or a fault decided",
            Self::Erased => "the arguments were erased",
            Self::Missing => "the arguments are gone: they expired, or their file was removed",
            Self::Damaged => "the arguments are not those that were recorded",
            Self::Unreadable => "the entry or its arguments cannot be read",
        }
    }
}
