//! A comparison as it is told: for people on a line, for machines as JSON.

use std::io;

use portcullis::audit::LogEntry;
use portcullis::{Plain, Verdict};
use serde::Serialize;

use super::Finding;
use super::recorded::{Recorded, Skipped};
use super::rerun::{Answer, verdict};
use crate::output::Output;
use crate::report::RuleJson;

/// A decision, and how it compares with what was recorded.
pub(super) struct Told<'t, 'l> {
    pub(super) entry: &'t LogEntry<'l>,
    /// `None` where the entry does not say it.
    pub(super) recorded: Option<Recorded<'t>>,
    pub(super) finding: &'t Finding,
}

impl Told<'_, '_> {
    pub(super) fn line(&self, output: &mut Output) -> io::Result<()> {
        let (index, time) = (self.entry.index(), self.entry.time());
        let (word, who, then, now) = (self.word(), self.who(), self.then(), self.now(output));
        output.line(format_args!(
            "{index:>7} {time} {word:<7} {who}: {then} -> {now}"
        ))
    }

    fn word(&self) -> &'static str {
        match self.finding {
            Finding::Skipped(_) => "skipped",
            Finding::Decided(_) if self.finding.differs_from(self.recorded) => "differs",
            Finding::Decided(_) => "same",
        }
    }

    /// Who called what.
    fn who(&self) -> String {
        let text = |key| Plain(self.entry.text(key).unwrap_or_default()).to_string();
        let mut who = format!("`{}` by {}", text("tool"), text("agent"));
        for (key, word) in [("user", "for"), ("task", "on")] {
            if self.entry.text(key).is_some() {
                who.push_str(&format!(" {word} {}", text(key)));
            }
        }
        who
    }

    fn then(&self) -> String {
        match self.recorded {
            Some(recorded) if recorded.verdict == Verdict::Allow => "allow".to_owned(),
            Some(recorded) => format!("{} ({})", recorded.verdict, Plain(recorded.code)),
            None => "not known".to_owned(),
        }
    }

    fn now(&self, output: &Output) -> String {
        match self.finding {
            Finding::Decided(Ok(())) => output.verdict(Verdict::Allow).to_string(),
            Finding::Decided(Err(refusal)) => {
                let verdict = output.verdict(refusal.verdict());
                format!("{verdict}: {}", refusal.reason())
            }
            Finding::Skipped(why) => format!("not replayed: {}", why.why()),
        }
    }

    pub(super) fn json(&self, output: &mut Output) -> io::Result<()> {
        let entry = self.entry;
        let (now, skipped) = match self.finding {
            Finding::Decided(answer) => (Some(NowJson::new(answer)), None),
            Finding::Skipped(why) => (None, Some(*why)),
        };
        output.json(&ComparisonJson {
            entry: entry.index(),
            time: entry.time().to_string(),
            finding: self.word(),
            agent: entry.text("agent"),
            user: entry.text("user"),
            task: entry.text("task"),
            tool: entry.text("tool"),
            session: entry.text("session"),
            call: entry.call(),
            same_policies: self.recorded.is_some_and(|recorded| recorded.same_policies),
            recorded: RecordedJson {
                decision: entry.decision(),
                code: entry.text("code"),
            },
            now,
            skipped,
        })
    }
}

#[derive(Serialize)]
struct ComparisonJson<'e> {
    entry: u64,
    time: String,
    finding: &'static str,
    agent: Option<&'e str>,
    user: Option<&'e str>,
    task: Option<&'e str>,
    tool: Option<&'e str>,
    session: Option<&'e str>,
    call: Option<&'e str>,
    same_policies: bool,
    recorded: RecordedJson<'e>,
    now: Option<NowJson<'e>>,
    skipped: Option<Skipped>,
}

#[derive(Serialize)]
struct RecordedJson<'e> {
    decision: Option<&'e str>,
    code: Option<&'e str>,
}

#[derive(Serialize)]
struct NowJson<'a> {
    decision: Verdict,
    code: &'static str,
    message: Option<String>,
    rule: Option<RuleJson<'a>>,
}

impl<'a> NowJson<'a> {
    fn new(answer: &'a Answer) -> Self {
        let reason = answer.as_ref().err().map(|refusal| refusal.reason());
        Self {
            decision: verdict(answer),
            code: reason.map_or("allowed", |reason| reason.code().as_str()),
            message: reason.map(|reason| reason.message()),
            rule: reason.and_then(|reason| reason.rule()).map(RuleJson::new),
        }
    }
}
