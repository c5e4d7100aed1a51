//! From an entry back to the record that it was written from.

use std::time::{Duration, SystemTime};

use super::LogEntry;
use crate::call::Args;
use crate::decision::{AuditLevel, Code, Effect, Verdict};
use crate::digest::Digest;
use crate::ids::{AgentId, TaskId, UserId};
use crate::record::{
    CallId, Decided, Ended, Event, Executing, Outcome, Record, SessionId, Subject, ToolResult,
};

/// The record of a call that an entry was written from, as far as the entry holds it: what a
/// [`Monitor`](crate::anomaly::Monitor) or a [`CommunicationGraph`](crate::anomaly::CommunicationGraph) would have seen.
///
/// An entry does not say which permission decided, and how long names that no tool can have really were. Arguments, results
/// and context are in none, but as digests: arguments that were kept beside it can be [given back](Self::with_arguments).
///
/// ```
/// use portcullis::anomaly::{CommunicationGraph, MonitorPolicy};
/// use portcullis::audit::{EntryRecord, LogEntry};
///
/// let line = r#"{"seq":0,"type":"decided","wall_ns":5,"mono_ns":5,"call":"1f","session":"1","agent":"spiffe://example.org/a","tool":"pay","decision":"allow","code":"allowed","policy":"0000000000000000000000000000000000000000000000000000000000000000","epoch":1,"effect":"write","audit_level":"standard"}"#;
/// let entry = LogEntry::parse(0, line.as_bytes())?;
/// let graph = CommunicationGraph::new();
/// if EntryRecord::is_in(&entry) {
///     let recorded = EntryRecord::of(&entry).ok_or("this entry says too little")?;
///     graph.see(&recorded.record());
/// }
/// assert_eq!(graph.view(&MonitorPolicy::new()).edges()[0].target.name(), "pay");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct EntryRecord {
    at: Duration,
    wall: SystemTime,
    call: CallId,
    session: SessionId,
    agent: AgentId,
    user: Option<UserId>,
    task: Option<TaskId>,
    tool: Box<str>,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Decided(Box<Decision>),
    Executing(Effect),
    Ended(End),
}

#[derive(Clone, Debug)]
struct Decision {
    verdict: Verdict,
    code: Code,
    digest: Option<Digest>,
    epoch: u64,
    policy: Digest,
    effect: Effect,
    audit_level: AuditLevel,
    context_digest: Option<Digest>,
    arguments: Option<Args>,
}

#[derive(Clone, Copy, Debug)]
struct End {
    outcome: Outcome,
    latency: Duration,
    result: Option<(Digest, u64)>,
}

impl EntryRecord {
    /// Whether an entry is of a type that records of calls have: a decision, a beginning or an end.
    ///
    /// One that says `unknown` is none: nobody saw how that call ended.
    #[must_use]
    pub fn is_in(entry: &LogEntry<'_>) -> bool {
        matches!(entry.kind(), "decided" | "executing") || is_end(entry.kind())
    }

    /// The record; `None` if the entry is of another type, or does not say what this version writes of it.
    #[must_use]
    pub fn of(entry: &LogEntry<'_>) -> Option<Self> {
        let what = match entry.kind() {
            "decided" => What::Decided(Box::new(Decision::of(entry)?)),
            "executing" => What::Executing(effect(entry)?),
            _ => What::Ended(End::of(entry)?),
        };
        Some(Self {
            at: Duration::from_nanos(entry.number("mono_ns")?),
            wall: SystemTime::UNIX_EPOCH
                .checked_add(Duration::from_nanos(entry.number("wall_ns")?))?,
            call: CallId::parse(entry.call()?)?,
            session: SessionId(entry.text("session")?.parse().ok()?),
            agent: AgentId::parse(entry.text("agent")?).ok()?,
            user: optional(entry.text("user"), UserId::parse)?,
            task: optional(entry.text("task"), TaskId::parse)?,
            tool: entry.text("tool")?.into(),
            what,
        })
    }

    /// Whether the arguments were kept as they are, so that they can be given back.
    #[must_use]
    pub fn keeps_arguments(&self) -> bool {
        matches!(&self.what, What::Decided(decision) if decision.audit_level >= AuditLevel::Full)
    }

    /// With the arguments of the call, as they were kept beside a decision at the audit level `full`; at other levels they
    /// are not what was kept, and are passed over.
    #[must_use]
    pub fn with_arguments(mut self, arguments: Args) -> Self {
        if self.keeps_arguments()
            && let What::Decided(decision) = &mut self.what
        {
            decision.arguments = Some(arguments);
        }
        self
    }

    /// The record.
    #[must_use]
    pub fn record(&self) -> Record<'_> {
        Record {
            at: self.at,
            wall: self.wall,
            event: self.event(),
        }
    }

    fn event(&self) -> Event<'_> {
        let subject = self.subject();
        match &self.what {
            What::Decided(decision) => Event::Decided(decision.decided(subject)),
            What::Executing(effect) => Event::Executing(Executing {
                subject,
                effect: *effect,
            }),
            What::Ended(end) => Event::Ended(Ended {
                subject,
                outcome: end.outcome,
                latency: end.latency,
                audit_level: AuditLevel::Standard,
                result: end.result.map(|(digest, size)| ToolResult {
                    size,
                    digest,
                    text: None,
                }),
            }),
        }
    }

    fn subject(&self) -> Subject<'_> {
        Subject {
            call: self.call,
            session: self.session,
            agent: &self.agent,
            user: self.user.as_ref(),
            task: self.task.as_ref(),
            tool: &self.tool,
        }
    }
}

impl Decision {
    fn of(entry: &LogEntry<'_>) -> Option<Self> {
        Some(Self {
            verdict: one_of(entry.decision()?, Verdict::ALL, Verdict::as_str)?,
            code: code(entry)?,
            digest: optional(entry.text("digest"), str::parse)?,
            epoch: entry.number("epoch")?,
            policy: entry.text("policy")?.parse().ok()?,
            effect: effect(entry)?,
            audit_level: one_of(
                entry.text("audit_level")?,
                [AuditLevel::Standard, AuditLevel::Detailed, AuditLevel::Full],
                AuditLevel::as_str,
            )?,
            context_digest: optional(entry.text("context_digest"), str::parse)?,
            arguments: None,
        })
    }

    fn decided<'r>(&'r self, subject: Subject<'r>) -> Decided<'r> {
        Decided {
            subject,
            verdict: self.verdict,
            code: self.code,
            rule: None,
            digest: self.digest,
            epoch: self.epoch,
            policy: self.policy,
            effect: self.effect,
            audit_level: self.audit_level,
            context_digest: self.context_digest,
            arguments: self.arguments.as_ref().map(Args::view),
            // Of secret parameters nothing but the name was kept.
            secret: &[],
            context: None,
        }
    }
}

impl End {
    fn of(entry: &LogEntry<'_>) -> Option<Self> {
        let outcome = match entry.kind() {
            "completed" => Outcome::Completed,
            "failed" => Outcome::Failed,
            "panicked" => Outcome::Panicked,
            "cancelled" => Outcome::Cancelled,
            "abandoned" => Outcome::Abandoned,
            "refused" => Outcome::Refused(code(entry)?),
            _ => return None,
        };
        let digest = optional(entry.text("result_digest"), str::parse)?;
        Some(Self {
            outcome,
            latency: Duration::from_nanos(entry.number("latency_ns")?),
            result: digest.zip(entry.number("result_bytes")),
        })
    }
}

fn is_end(kind: &str) -> bool {
    matches!(
        kind,
        "completed" | "failed" | "panicked" | "cancelled" | "abandoned" | "refused"
    )
}

fn code(entry: &LogEntry<'_>) -> Option<Code> {
    one_of(entry.text("code")?, Code::ALL, Code::as_str)
}

fn effect(entry: &LogEntry<'_>) -> Option<Effect> {
    one_of(
        entry.text("effect")?,
        [Effect::Read, Effect::Write],
        Effect::as_str,
    )
}

fn one_of<T: Copy, const N: usize>(
    word: &str,
    all: [T; N],
    as_str: fn(T) -> &'static str,
) -> Option<T> {
    all.into_iter().find(|known| as_str(*known) == word)
}

/// What need not be there, but if it is, must be what it should.
fn optional<T, E>(
    text: Option<&str>,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Option<Option<T>> {
    text.map(parse).transpose().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::log::entry::EntryText;

    /// An entry written anew from what was read of it.
    fn rewritten(line: &str) -> Option<String> {
        let entry = LogEntry::parse(7, line.as_bytes()).unwrap();
        let recorded = EntryRecord::of(&entry)?;
        assert!(EntryRecord::is_in(&entry));
        let mut text = String::new();
        EntryText::record(&mut text, &recorded.record(), &[]);
        Some(format!("{{\"seq\":7,{text}}}"))
    }

    const ZEROS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

    fn entries() -> Vec<String> {
        let begin = |kind: &str| {
            format!(
                r#"{{"seq":7,"type":"{kind}","wall_ns":1000000005,"mono_ns":5,"call":"1f","session":"3","agent":"spiffe://example.org/a","user":"u","task":"t","tool":"x\\u{{1b}}\"pay"#
            )
        };
        let mut entries = Vec::new();
        for verdict in Verdict::ALL {
            for code in Code::ALL {
                for level in ["standard", "detailed", "full"] {
                    let begin = begin("decided");
                    entries.push(format!(r#"{begin}","decision":"{verdict}","code":"{code}","digest":"{ZEROS}","policy":"{ZEROS}","epoch":2,"effect":"read","audit_level":"{level}","context_digest":"{ZEROS}"}}"#));
                }
            }
        }
        entries.push(format!(r#"{}","effect":"write"}}"#, begin("executing")));
        for kind in ["completed", "failed", "panicked", "cancelled", "abandoned"] {
            entries.push(format!(r#"{}","latency_ns":9}}"#, begin(kind)));
        }
        entries.push(format!(
            r#"{}","code":"lapsed","latency_ns":9}}"#,
            begin("refused")
        ));
        entries.push(format!(
            r#"{}","latency_ns":9,"result_digest":"{ZEROS}","result_bytes":4}}"#,
            begin("completed")
        ));
        entries
    }

    #[test]
    fn an_entry_says_the_same_after_it_was_read() {
        for entry in entries() {
            assert_eq!(rewritten(&entry), Some(entry));
        }
    }

    /// Whatever is missing or wrong, nothing is made up.
    #[test]
    fn an_entry_that_says_too_little_is_no_record() {
        let needed = [
            "wall_ns",
            "mono_ns",
            "call",
            "session",
            "agent",
            "tool",
            "decision",
            "code",
            "policy",
            "epoch",
            "effect",
            "audit_level",
            "latency_ns",
        ];
        for line in entries() {
            let whole: serde_json::Map<_, _> = serde_json::from_str(&line).unwrap();
            for key in whole.keys().filter(|key| *key != "seq" && *key != "type") {
                let read = |members: &serde_json::Map<_, _>| {
                    let line = serde_json::to_string(members).unwrap();
                    let entry = LogEntry::parse(7, line.as_bytes()).unwrap();
                    EntryRecord::of(&entry).is_some()
                };
                let mut members = whole.clone();
                members.insert(key.clone(), "\u{1}".into());
                assert!(
                    !read(&members) || ["tool", "result_bytes"].contains(&key.as_str()),
                    "{key}: {line}"
                );
                members.remove(key);
                assert_eq!(
                    read(&members),
                    !needed.contains(&key.as_str()),
                    "{key}: {line}"
                );
            }
        }
    }

    #[test]
    fn arguments_come_back_where_they_were_kept() {
        let entries = entries();
        let of = |level: &str| {
            let line = entries.iter().find(|line| line.contains(level)).unwrap();
            let entry = LogEntry::parse(7, line.as_bytes()).unwrap();
            let args = Args::parse(r#"{"to": "x"}"#).unwrap();
            let recorded = EntryRecord::of(&entry).unwrap().with_arguments(args);
            let Event::Decided(decided) = recorded.record().event else {
                panic!("{line}");
            };
            let mut shown = String::new();
            decided.write_arguments(&mut shown);
            (decided.arguments.is_some(), shown)
        };
        assert_eq!(of("full"), (true, r#"{"to":"x"}"#.to_owned()));
        assert_eq!(of("detailed"), (false, String::new()));
        assert_eq!(of("standard"), (false, String::new()));
    }
}
