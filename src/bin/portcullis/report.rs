//! Decisions as they are told: for people on a line, for machines as JSON.

use std::io;

use portcullis::{Decision, Principal, Reason, Refusal, Rule, Verdict};
use serde::{Serialize, Serializer};

use crate::Exit;
use crate::output::Output;

/// A decision and what it rests on, from whichever side it comes.
#[derive(Debug)]
pub(crate) struct Decided {
    pub(crate) verdict: Verdict,
    pub(crate) reason: Reason,
}

impl From<&Refusal> for Decided {
    fn from(refusal: &Refusal) -> Self {
        Self {
            verdict: refusal.verdict(),
            reason: refusal.reason().clone(),
        }
    }
}

impl From<&Decision> for Decided {
    fn from(decision: &Decision) -> Self {
        Self {
            verdict: decision.verdict(),
            reason: decision.reason().clone(),
        }
    }
}

/// The JSON form of a decision.
#[derive(Serialize)]
pub(crate) struct DecisionJson<'a> {
    decision: Verdict,
    code: &'static str,
    message: String,
    rule: Option<RuleJson<'a>>,
}

/// The JSON form of a rule: whose, for which tool, and where.
#[derive(Serialize)]
pub(crate) struct RuleJson<'a> {
    #[serde(flatten)]
    principal: PrincipalJson<'a>,
    tool_name: &'a str,
    /// From 0.
    index: usize,
    place: Option<String>,
}

impl Decided {
    pub(crate) fn exit(&self) -> Exit {
        match self.verdict {
            Verdict::Allow => Exit::Fine,
            Verdict::Ask => Exit::Ask,
            Verdict::Deny => Exit::Denied,
        }
    }

    pub(crate) fn json(&self) -> DecisionJson<'_> {
        DecisionJson {
            decision: self.verdict,
            code: self.reason.code().as_str(),
            message: self.reason.message(),
            rule: self.reason.rule().map(RuleJson::new),
        }
    }

    pub(crate) fn write(&self, output: &mut Output) -> io::Result<()> {
        let verdict = output.verdict(self.verdict);
        output.line(format_args!("{verdict}: {}", self.reason))
    }
}

impl<'a> RuleJson<'a> {
    pub(crate) fn new(rule: &'a Rule) -> Self {
        Self {
            principal: PrincipalJson(rule.principal()),
            tool_name: rule.tool().as_str(),
            index: rule.index(),
            place: rule.place(),
        }
    }
}

/// `"agent_id": "spiffe://.."`, as the policy says it.
pub(crate) struct PrincipalJson<'a>(pub(crate) &'a Principal);

impl Serialize for PrincipalJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.0.key(), self.0.as_str())])
    }
}
