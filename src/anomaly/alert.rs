//! What is told: one alert, its kind and how bad it is.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

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
    /// An agent has come, through others and over a new path, to a class of resources that it never came to before. Those others may
    /// have gone there of themselves.
    LateralMovement,
    /// There are more agents at work than the monitor has room for; those beyond share one memory.
    CrowdedOut,
    /// Far more calls a minute than learned, of all tools or of one, or to another agent.
    CallRate,
    /// A rate that was far above the learned one has stayed for a day, and is what is expected from now on.
    BaselineShift,
    /// Refusals come more often than learned.
    DenialRate,
    /// Far more different tools and agents than learned.
    Endpoints,
    /// A result much longer or shorter than learned.
    ResultLength,
    /// A call that took much longer than learned.
    Latency,
    /// An argument names a host or mail domain for the first time, or another agent is spoken to for the first time, and this
    /// agent seldom does that.
    NewDestination,
    /// A sensitive argument has a value for the first time, and this agent seldom does that.
    NewValue,
    /// An hour of the week at which, and around which, this agent was never at work.
    OddHour,
    /// A tool that hardly ever follows the one before it.
    OddStep,
}

impl AlertKind {
    /// How many kinds there are.
    pub(crate) const COUNT: usize = 21;

    /// In the order of their numbers.
    pub(crate) const ALL: [Self; Self::COUNT] = [
        Self::UnexpectedPath,
        Self::RateAnomaly,
        Self::RepeatedDenials,
        Self::ScopeViolation,
        Self::Loop,
        Self::FirstContact,
        Self::OffHours,
        Self::CredentialSpike,
        Self::Probing,
        Self::LateralMovement,
        Self::CrowdedOut,
        Self::CallRate,
        Self::BaselineShift,
        Self::DenialRate,
        Self::Endpoints,
        Self::ResultLength,
        Self::Latency,
        Self::NewDestination,
        Self::NewValue,
        Self::OddHour,
        Self::OddStep,
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
            Self::LateralMovement => "LATERAL_MOVEMENT",
            Self::CrowdedOut => "CROWDED_OUT",
            Self::CallRate => "CALL_RATE",
            Self::BaselineShift => "BASELINE_SHIFT",
            Self::DenialRate => "DENIAL_RATE",
            Self::Endpoints => "ENDPOINTS",
            Self::ResultLength => "RESULT_LENGTH",
            Self::Latency => "LATENCY",
            Self::NewDestination => "NEW_DESTINATION",
            Self::NewValue => "NEW_VALUE",
            Self::OddHour => "ODD_HOUR",
            Self::OddStep => "ODD_STEP",
        }
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::Loop
            | Self::OffHours
            | Self::BaselineShift
            | Self::ResultLength
            | Self::Latency
            | Self::OddHour
            | Self::OddStep => Severity::Low,
            Self::RateAnomaly
            | Self::ScopeViolation
            | Self::CrowdedOut
            | Self::CallRate
            | Self::DenialRate
            | Self::Endpoints
            | Self::NewDestination
            | Self::NewValue => Severity::Medium,
            Self::UnexpectedPath
            | Self::RepeatedDenials
            | Self::FirstContact
            | Self::CredentialSpike
            | Self::Probing
            | Self::LateralMovement => Severity::High,
        }
    }

    /// Whether it rests on what was learned, not on what was declared.
    #[must_use]
    pub fn is_learned(self) -> bool {
        self as usize > Self::CrowdedOut as usize
    }

    /// What it comes from; `None` for what says nothing against the agent.
    pub(super) fn cause(self) -> Option<Cause> {
        Some(match self {
            // A burst of one call is a loop too.
            Self::RateAnomaly | Self::CallRate | Self::Loop => Cause::Rate,
            Self::RepeatedDenials | Self::ScopeViolation | Self::Probing | Self::DenialRate => {
                Cause::Refusals
            }
            Self::UnexpectedPath
            | Self::LateralMovement
            | Self::FirstContact
            | Self::NewDestination
            | Self::NewValue
            | Self::Endpoints => Cause::Contacts,
            Self::OffHours | Self::OddHour => Cause::Times,
            Self::OddStep => Cause::Order,
            Self::CredentialSpike => Cause::Credentials,
            Self::ResultLength | Self::Latency => Cause::Sizes,
            Self::CrowdedOut | Self::BaselineShift => return None,
        })
    }

    /// Whether a tool can bring it about by itself, by what it returns and how soon.
    pub(super) fn is_tools_doing(self) -> bool {
        self.cause().is_some_and(|cause| !cause.is_agents_doing())
    }

    /// Whether other agents can bring it about by themselves: who was asked something goes where who asked never was.
    pub(super) fn is_others_doing(self) -> bool {
        self == Self::LateralMovement
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
            Self::LateralMovement => "resources that it never came to before, over a new path",
            Self::CrowdedOut => "more agents than there is room for",
            Self::CallRate => "calls a minute",
            Self::BaselineShift => "calls a minute are usual now",
            Self::DenialRate => "refusals in a hundred decisions",
            Self::Endpoints => "different tools and agents in ten minutes",
            Self::ResultLength => "bytes of result",
            Self::Latency => "milliseconds",
            Self::NewDestination => "a destination that it never named before",
            Self::NewValue => "a value that it never gave before",
            Self::OddHour => "an hour at which it was never at work",
            Self::OddStep => "a tool that hardly ever follows the one before it",
        }
    }
}

impl fmt::Display for AlertKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What alerts come from. Two of one cause say the same twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    Rate,
    Refusals,
    Contacts,
    Times,
    Order,
    Credentials,
    Sizes,
}

impl Cause {
    pub(super) const COUNT: usize = 7;

    /// Whether it says something about the agent, and not about what it uses.
    pub(super) const fn is_agents_doing(self) -> bool {
        !matches!(self, Self::Sizes)
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

impl Severity {
    /// As records write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
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
    /// What was learned, where the expectation was; `None` where it was declared.
    pub baseline: Option<Baseline>,
    /// The last call that it rests on; the log has its records under this number.
    pub call: Option<CallId>,
    /// How often the same happened since the last alert about it, without being told.
    pub more: u64,
    /// Whether this only tells that: nothing new has happened.
    pub is_update: bool,
    /// How many alerts were lost before this one because whoever gets them was too slow, or did not take them.
    pub lost: u64,
}

/// What an expectation was learned from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Baseline {
    /// How many events.
    pub events: u64,
    /// For how long the agent has been watched.
    pub age: Duration,
}

/// A number with as many digits as people read.
struct Short(f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.fract() == 0.0 || self.0 >= 1000.0 {
            write!(f, "{:.0}", self.0)
        } else {
            write!(f, "{:.2}", self.0)
        }
    }
}

impl Alert {
    /// Whether it rests on what was learned, not on what was declared.
    #[must_use]
    pub fn is_learned(&self) -> bool {
        self.kind.is_learned()
    }

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
        if self.is_update {
            let more = self.more;
            return write!(f, ": nothing new but {more} more since the last alert");
        }
        match self.kind {
            AlertKind::RateAnomaly
            | AlertKind::CredentialSpike
            | AlertKind::RepeatedDenials
            | AlertKind::Loop
            | AlertKind::Probing
            | AlertKind::CallRate
            | AlertKind::BaselineShift
            | AlertKind::DenialRate
            | AlertKind::Endpoints
            | AlertKind::ResultLength
            | AlertKind::Latency => write!(
                f,
                ": {} {}, expected {}",
                Short(self.observed),
                self.kind.meaning(),
                Short(self.expected)
            )?,
            _ => write!(f, ": {}", self.kind.meaning())?,
        }
        if let Some(surprise) = self.surprise {
            write!(f, " (p = {:.1e})", (-surprise).exp())?;
        }
        match self.more {
            0 => Ok(()),
            more => write!(f, "; {more} more since the last alert"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_compares_nothing() {
        let alert = |more, is_update| Alert {
            number: 1,
            kind: AlertKind::Loop,
            agent: AgentId::parse("spiffe://d/a").unwrap(),
            target: Some("read".into()),
            at: SystemTime::UNIX_EPOCH,
            observed: 3.0,
            expected: 2.0,
            surprise: None,
            baseline: None,
            call: None,
            more,
            is_update,
            lost: 0,
        };
        for (alert, text) in [
            (alert(0, false), "3 times the same, expected 2"),
            (
                alert(5, false),
                "3 times the same, expected 2; 5 more since the last alert",
            ),
            (
                alert(5, true),
                "nothing new but 5 more since the last alert",
            ),
        ] {
            assert_eq!(
                alert.to_string(),
                format!("LOOP: `spiffe://d/a`, `read`: {text}")
            );
        }
    }
}
