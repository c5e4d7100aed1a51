//! Which entries are evidence, as data.

use portcullis::audit::LogEntry;

/// Entries that show one thing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Evidence {
    /// What they are, for people.
    pub(super) what: &'static str,
    /// Of one of these types; of any if there is none.
    kinds: &'static [&'static str],
    /// With this decision.
    decision: Option<&'static str>,
    /// With one of these codes; with any or none if there is none.
    codes: &'static [&'static str],
    /// With this member.
    member: Option<&'static str>,
}

/// What an entry says that decides which evidence it is, looked up once for all.
pub(super) struct Said<'e> {
    entry: &'e LogEntry<'e>,
    kind: &'e str,
    decision: Option<&'e str>,
    code: Option<&'e str>,
}

impl<'e> Said<'e> {
    pub(super) fn new(entry: &'e LogEntry<'e>) -> Self {
        Self {
            entry,
            kind: entry.kind(),
            decision: entry.decision(),
            code: entry.text("code"),
        }
    }
}

impl Evidence {
    /// Whether an entry is one of them.
    pub(super) fn holds(&self, said: &Said<'_>) -> bool {
        let one_of = |wanted: &[&str], said: Option<&str>| {
            wanted.is_empty() || said.is_some_and(|said| wanted.contains(&said))
        };
        one_of(self.kinds, Some(said.kind))
            && self
                .decision
                .is_none_or(|decision| said.decision == Some(decision))
            && one_of(self.codes, said.code)
            && self
                .member
                .is_none_or(|member| said.entry.text(member).is_some())
    }
}

const ANY: Evidence = Evidence {
    what: "entries of any type",
    kinds: &[],
    decision: None,
    codes: &[],
    member: None,
};

const DECIDED: Evidence = Evidence {
    kinds: &["decided"],
    ..ANY
};

pub(super) static ALL: Evidence = ANY;

pub(super) static DECISIONS: Evidence = Evidence {
    what: "decisions on calls, each with agent, tool, time and the digest of the policies",
    ..DECIDED
};

pub(super) static ALLOWED: Evidence = Evidence {
    what: "calls that the policies allow",
    decision: Some("allow"),
    ..DECIDED
};

pub(super) static DENIED: Evidence = Evidence {
    what: "calls that were denied",
    decision: Some("deny"),
    ..DECIDED
};

pub(super) static ASKED: Evidence = Evidence {
    what: "calls that had to wait for a person",
    decision: Some("ask"),
    ..DECIDED
};

pub(super) static OUTSIDE: Evidence = Evidence {
    what: "calls denied as outside of what the policies allow: tools, parameters, values",
    decision: Some("deny"),
    codes: &[
        "unknown_tool",
        "missing_parameter",
        "unexpected_parameter",
        "constraint",
    ],
    ..DECIDED
};

pub(super) static LIMITED: Evidence = Evidence {
    what: "calls denied by a limit or a budget",
    decision: Some("deny"),
    codes: &["limit", "budget"],
    ..DECIDED
};

pub(super) static SHUT_OUT: Evidence = Evidence {
    what: "calls refused for who made them: unknown, revoked or quarantined",
    kinds: &["decided", "refused"],
    codes: &["identity", "revoked", "quarantined"],
    ..ANY
};

pub(super) static SUSPICIOUS: Evidence = Evidence {
    what: "calls refused as out of the ordinary, or by an indicator of a deny list",
    kinds: &["decided", "refused"],
    codes: &["anomaly", "indicator"],
    ..ANY
};

pub(super) static FOR_USERS: Evidence = Evidence {
    what: "decisions on calls on behalf of a named user",
    member: Some("user"),
    ..DECIDED
};

pub(super) static FOR_TASKS: Evidence = Evidence {
    what: "decisions on calls for a named task",
    member: Some("task"),
    ..DECIDED
};

pub(super) static DIGESTS: Evidence = Evidence {
    what: "decisions that hold a keyed digest of the arguments",
    member: Some("digest"),
    ..DECIDED
};

pub(super) static BEGINNINGS: Evidence = Evidence {
    what: "calls that began, recorded before they ran",
    kinds: &["executing"],
    ..ANY
};

pub(super) static OUTCOMES: Evidence = Evidence {
    what: "outcomes of calls: success, failure, or that they never ran",
    kinds: &[
        "completed",
        "failed",
        "panicked",
        "cancelled",
        "abandoned",
        "refused",
        "unknown",
    ],
    ..ANY
};

pub(super) static LOST_OUTCOMES: Evidence = Evidence {
    what: "calls whose outcome a crash took",
    kinds: &["unknown"],
    ..ANY
};

pub(super) static SESSIONS: Evidence = Evidence {
    what: "sessions opened and closed, each with its agent",
    kinds: &["session_opened", "session_closed"],
    ..ANY
};

pub(super) static POLICY_CHANGES: Evidence = Evidence {
    what: "policies loaded, each with the digest of all of them",
    kinds: &["policy_loaded"],
    ..ANY
};

pub(super) static OPENINGS: Evidence = Evidence {
    what: "the log opened and closed",
    kinds: &["log_opened", "log_closed"],
    ..ANY
};

pub(super) static REPAIRS: Evidence = Evidence {
    what: "ends of the log that a crash tore, cut off and recorded by digest",
    kinds: &["recovered"],
    ..ANY
};

pub(super) static UNKEPT: Evidence = Evidence {
    what: "checkpoints that could not be signed or kept elsewhere",
    kinds: &["checkpoint_not_signed", "checkpoint_not_kept"],
    ..ANY
};

pub(super) static ERASURES: Evidence = Evidence {
    what: "erasures of what was kept of a call, each with its reason",
    kinds: &["erased"],
    ..ANY
};

pub(super) static EXPIRIES: Evidence = Evidence {
    what: "removals of what was kept of calls and has outlived its time",
    kinds: &["expired"],
    ..ANY
};

pub(super) static NOT_REMOVED: Evidence = Evidence {
    what: "removals that the system refused",
    kinds: &["payloads_not_removed"],
    ..ANY
};

pub(super) static LOST: Evidence = Evidence {
    what: "arguments, contexts and results that a crash took",
    kinds: &["payload_lost"],
    ..ANY
};
