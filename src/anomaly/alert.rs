//! What is told: one alert, its kind and how bad it is.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::ids::AgentId;
use crate::record::CallId;
use crate::text::Plain;

/// What sort of behaviour an [`Alert`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AlertKind {
    /// An agent spoke to another one, and no declared path leads there.
    UnexpectedPath,
    /// Far more events a minute than declared, and more than chance explains.
    RateAnomaly,
    /// Too many of the last decisions were refusals.
    RepeatedDenials,
    /// A call of a tool that no policy of the agent names, or of something on the deny list.
    ScopeViolation,
    /// The same call with the same result again and again, or a short cycle of them.
    Loop,
    /// An argument names a host or mail domain that was not declared, for the first time.
    FirstContact,
    /// An agent at work outside its declared hours.
    OffHours,
    /// Far more credentials issued than declared, and more than chance explains.
    CredentialSpike,
    /// Several different targets were refused within a short time.
    Probing,
    /// There are more agents at work than the monitor has room for; those beyond share one memory.
    CrowdedOut,
}

impl AlertKind {
    /// How many kinds there are.
    pub(super) const COUNT: usize = 10;

    /// In the order of their numbers.
    pub(super) const ALL: [Self; Self::COUNT] = [
        Self::UnexpectedPath,
        Self::RateAnomaly,
        Self::RepeatedDenials,
        Self::ScopeViolation,
        Self::Loop,
        Self::FirstContact,
        Self::OffHours,
        Self::CredentialSpike,
        Self::Probing,
        Self::CrowdedOut,
    ];

    /// The name for machines.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnexpectedPath => "UNEXPECTED_PATH",
            Self::RateAnomaly => "RATE_ANOMALY",
            Self::RepeatedDenials => "REPEATED_DENIALS",
            Self::ScopeViolation => "SCOPE_VIOLATION",
            Self::Loop => "LOOP",
            Self::FirstContact => "FIRST_CONTACT",
            Self::OffHours => "OFF_HOURS",
            Self::CredentialSpike => "CREDENTIAL_SPIKE",
            Self::Probing => "PROBING",
            Self::CrowdedOut => "CROWDED_OUT",
        }
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::Loop | Self::OffHours => Severity::Low,
            Self::RateAnomaly | Self::ScopeViolation | Self::CrowdedOut => Severity::Medium,
            Self::UnexpectedPath
            | Self::RepeatedDenials
            | Self::FirstContact
            | Self::CredentialSpike
            | Self::Probing => Severity::High,
        }
    }

    fn meaning(self) -> &'static str {
        match self {
            Self::UnexpectedPath => "no declared path leads there",
            Self::RateAnomaly => "events in the last minute",
            Self::RepeatedDenials => "refusals among the last decisions",
            Self::ScopeViolation => "outside of what its policies name",
            Self::Loop => "times the same",
            Self::FirstContact => "a destination that was not declared",
            Self::OffHours => "outside its declared hours",
            Self::CredentialSpike => "credentials in the last minute",
            Self::Probing => "different refused targets",
            Self::CrowdedOut => "more agents than there is room for",
        }
    }
}

impl fmt::Display for AlertKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How bad an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// To be looked at some day.
    Low,
    /// To be looked at today.
    Medium,
    /// To be looked at now.
    High,
}

/// Behaviour out of the ordinary, as it is told.
///
/// `Display` gives one line for people. Names in it that came from outside are escaped and cut short.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Alert {
    /// Counts the alerts of this monitor, from 1. One that is missing was lost on the way; [`lost`](Self::lost) says so too.
    pub number: u64,
    /// What sort of behaviour.
    pub kind: AlertKind,
    /// The agent that behaves so.
    pub agent: AgentId,
    /// What it is about, if there is more to say than the agent: a tool, another agent, a destination.
    pub target: Option<Arc<str>>,
    /// The time of day.
    pub at: SystemTime,
    /// What was counted.
    pub observed: f64,
    /// What was declared or allowed.
    pub expected: f64,
    /// How surprising that is by chance alone: `-ln p`, in nats; `None` where nothing is left to chance.
    pub surprise: Option<f64>,
    /// The last call that it rests on; the log has its records under this number.
    pub call: Option<CallId>,
    /// How often the same happened since the last alert about it, without being told.
    pub more: u64,
    /// Whether this only tells that: nothing new has happened.
    pub is_update: bool,
    /// How many alerts were lost before this one because whoever gets them was too slow.
    pub lost: u64,
}

impl Alert {
    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.kind.severity()
    }
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: `{:#}`", self.kind, Plain(self.agent.as_str()))?;
        if let Some(target) = &self.target {
            write!(f, ", `{}`", Plain(target))?;
        }
        match self.kind {
            AlertKind::RateAnomaly
            | AlertKind::CredentialSpike
            | AlertKind::RepeatedDenials
            | AlertKind::Loop
            | AlertKind::Probing => write!(
                f,
                ": {} {}, expected {}",
                self.observed,
                self.kind.meaning(),
                self.expected
            )?,
            _ => write!(f, ": {}", self.kind.meaning())?,
        }
        if let Some(surprise) = self.surprise {
            write!(f, " (p = {:.1e})", (-surprise).exp())?;
        }
        match (self.more, self.is_update) {
            (0, _) => Ok(()),
            (more, false) => write!(f, "; {more} more since the last alert"),
            (more, true) => write!(f, "; nothing new but {more} more since the last alert"),
        }
    }
}
