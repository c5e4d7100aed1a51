use std::fmt;

/// What a decision rests on, for machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Code {
    /// Every rule that applies allows it.
    Allowed,
    /// Allowed, but a person must approve.
    ApprovalRequired,
    /// No permission names the tool.
    UnknownTool,
    /// A parameter that must be there is absent.
    MissingParameter,
    /// A parameter that no rule names.
    UnexpectedParameter,
    /// A value that its constraint does not admit.
    Constraint,
    /// A limit on the number of calls is used up.
    Limit,
    /// A budget is used up, or the call does not say what it would spend.
    Budget,
    /// Name or arguments are not well-formed.
    Malformed,
    /// The session's agent, user or task is not one that a policy speaks of, or the session has ended.
    Identity,
    /// Authority was withdrawn.
    Revoked,
    /// The agent is shut out until a person lets it back in.
    Quarantined,
    /// Behaviour out of the ordinary.
    Anomaly,
    /// An indicator of the host's deny list matched.
    Indicator,
    /// The permit was not run within its five seconds.
    Lapsed,
    /// Something broke, and so the call was refused.
    Fault,
}

impl Code {
    /// All of them, in their order.
    pub(crate) const ALL: [Self; 16] = [
        Self::Allowed,
        Self::ApprovalRequired,
        Self::UnknownTool,
        Self::MissingParameter,
        Self::UnexpectedParameter,
        Self::Constraint,
        Self::Limit,
        Self::Budget,
        Self::Malformed,
        Self::Identity,
        Self::Revoked,
        Self::Quarantined,
        Self::Anomaly,
        Self::Indicator,
        Self::Lapsed,
        Self::Fault,
    ];

    /// The code as policies, records and tools write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::ApprovalRequired => "approval_required",
            Self::UnknownTool => "unknown_tool",
            Self::MissingParameter => "missing_parameter",
            Self::UnexpectedParameter => "unexpected_parameter",
            Self::Constraint => "constraint",
            Self::Limit => "limit",
            Self::Budget => "budget",
            Self::Malformed => "malformed",
            Self::Identity => "identity",
            Self::Revoked => "revoked",
            Self::Quarantined => "quarantined",
            Self::Anomaly => "anomaly",
            Self::Indicator => "indicator",
            Self::Lapsed => "lapsed",
            Self::Fault => "fault",
        }
    }
}

impl Code {
    /// What the code says where no more is known.
    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::Allowed => "every rule that applies allows it",
            Self::ApprovalRequired => "a person must approve this very call",
            Self::UnknownTool => "no permission names the tool",
            Self::MissingParameter => "a parameter that must be there is absent",
            Self::UnexpectedParameter => "a parameter that no rule names",
            Self::Constraint => "a value that its constraint does not admit",
            Self::Limit => "a limit on the number of calls is used up",
            Self::Budget => "a budget is used up",
            Self::Malformed => "the call is not well-formed",
            Self::Identity => "no policy speaks of the session's agent, user or task",
            Self::Revoked => "authority was withdrawn",
            Self::Quarantined => "the agent is shut out",
            Self::Anomaly => "behaviour out of the ordinary",
            Self::Indicator => "an indicator of the host's deny list matched",
            Self::Lapsed => "the permit was not run in time",
            Self::Fault => "something broke, and so the call was refused",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
