//! Entries as they are written: one JSON object each, its sequence number first.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use super::payload::{PayloadRef, Place};
use crate::decision::RuleRef;
use crate::json::View;
use crate::record::{
    AlertNotTaken, Alerted, Decided, Ended, Event, Executing, Outcome, Record, Responded,
    SessionRecord, Subject,
};
use crate::text::{Plain, push_plain};

/// The members of an entry behind its number, without the brackets, appended to reused memory.
pub(super) struct EntryText<'t>(&'t mut String);

impl<'t> EntryText<'t> {
    /// Begins an entry of a type at a time.
    pub(super) fn begin(
        text: &'t mut String,
        kind: &str,
        wall: SystemTime,
        monotonic: Duration,
    ) -> Self {
        let mut entry = Self::begin_type(text, kind);
        entry.times(wall, monotonic);
        entry
    }

    /// Begins an entry that has payloads: they stand first, so that a reader sees at once whether there are any.
    fn begin_with(
        text: &'t mut String,
        kind: &str,
        record: &Record<'_>,
        payloads: &[PayloadRef],
    ) -> Self {
        let mut entry = Self::begin_type(text, kind);
        entry.payloads(payloads);
        entry.times(record.wall, record.at);
        entry
    }

    fn begin_type(text: &'t mut String, kind: &str) -> Self {
        text.clear();
        // Writing to a string cannot fail, here and below.
        let _ = write!(text, "\"type\":\"{kind}\"");
        Self(text)
    }

    fn payloads(&mut self, payloads: &[PayloadRef]) {
        if payloads.is_empty() {
            return;
        }
        self.0.push_str(PAYLOADS);
        for (index, payload) in payloads.iter().enumerate() {
            if index > 0 {
                self.0.push(',');
            }
            payload.write(self.0);
        }
        self.0.push('}');
    }

    fn times(&mut self, wall: SystemTime, monotonic: Duration) {
        let (wall, monotonic) = (nanos(since_epoch(wall)), nanos(monotonic));
        let _ = write!(self.0, ",\"wall_ns\":{wall},\"mono_ns\":{monotonic}");
    }

    /// Writes a record of the guard, with the payloads that were kept of it.
    pub(super) fn record(text: &'t mut String, record: &Record<'_>, payloads: &[PayloadRef]) {
        let begin =
            |text: &'t mut String, kind: &str| Self::begin_with(text, kind, record, payloads);
        match record.event {
            Event::Decided(decided) => begin(text, "decided").decided(&decided),
            Event::Executing(executing) => begin(text, "executing").executing(&executing),
            Event::Ended(ended) => begin(text, ended.outcome.as_str()).ended(&ended),
            Event::PolicyLoaded { epoch, policy } => {
                let mut entry = begin(text, "policy_loaded");
                entry.number("epoch", epoch);
                entry.hex("policy", policy.as_bytes());
            }
            Event::SessionOpened(session) => begin(text, "session_opened").session(&session),
            Event::SessionClosed(session) => begin(text, "session_closed").session(&session),
            Event::Alerted(alerted) => begin(text, "alerted").alerted(&alerted),
            Event::Responded(responded) => begin(text, "responded").responded(&responded),
            Event::Released(released) => {
                let mut entry = begin(text, "released");
                entry.text("agent", released.agent.as_str());
                entry.text("by", released.by.as_str());
                entry.quarantine(released.quarantine);
            }
            Event::AlertNotTaken(alert) => begin(text, "alert_not_taken").not_taken(&alert),
        }
    }

    fn decided(&mut self, decided: &Decided<'_>) {
        self.subject(&decided.subject);
        self.word("decision", decided.verdict.as_str());
        self.word("code", decided.code.as_str());
        if let Some(rule) = &decided.rule {
            self.rule(rule);
        }
        if let Some(digest) = &decided.digest {
            self.hex("digest", digest.as_bytes());
        }
        self.hex("policy", decided.policy.as_bytes());
        self.number("epoch", decided.epoch);
        self.word("effect", decided.effect.as_str());
        self.word("audit_level", decided.audit_level.as_str());
        if let Some(digest) = &decided.context_digest {
            self.hex("context_digest", digest.as_bytes());
        }
    }

    fn executing(&mut self, executing: &Executing<'_>) {
        self.subject(&executing.subject);
        self.word("effect", executing.effect.as_str());
    }

    fn ended(&mut self, ended: &Ended<'_>) {
        self.subject(&ended.subject);
        if let Outcome::Refused(code) = ended.outcome {
            self.word("code", code.as_str());
        }
        self.number("latency_ns", nanos(ended.latency));
        if let Some(result) = &ended.result {
            self.hex("result_digest", result.digest.as_bytes());
            self.number("result_bytes", result.size);
        }
    }

    fn alerted(&mut self, alerted: &Alerted<'_>) {
        if let Some(call) = alerted.call {
            let _ = write!(self.0, ",\"call\":\"{call}\"");
        }
        self.number("at_ns", nanos(since_epoch(alerted.at)));
        self.text("agent", alerted.agent.as_str());
        self.word("alert", alerted.kind);
        self.word("severity", alerted.severity);
        if let Some(target) = alerted.target {
            self.plain("target", target);
        }
        self.number("alert_number", alerted.number);
        self.float("observed", alerted.observed);
        self.float("expected", alerted.expected);
        if let Some(surprise) = alerted.surprise {
            self.float("surprise_nats", surprise);
        }
        if let Some((events, age)) = alerted.baseline {
            self.number("baseline_events", events);
            self.number("baseline_seconds", age.as_secs());
        }
        self.number("more", alerted.more);
        if alerted.is_update {
            self.0.push_str(",\"is_update\":true");
        }
    }

    fn not_taken(&mut self, alert: &AlertNotTaken<'_>) {
        self.text("agent", alert.agent.as_str());
        self.word("alert", alert.kind);
        self.number("alert_number", alert.number);
        self.number("sink", alert.sink);
        self.number("attempts", alert.attempts);
    }

    fn responded(&mut self, responded: &Responded<'_>) {
        self.number("at_ns", nanos(since_epoch(responded.at)));
        self.text("agent", responded.agent.as_str());
        self.word("response", responded.response);
        if let Some(kind) = responded.because {
            self.word("alert", kind);
        }
        if let Some(by) = responded.by {
            self.text("by", by.as_str());
        }
        if let Some(target) = responded.target {
            self.plain("target", target);
        }
        if let Some(lasts) = responded.lasts {
            self.number("lasts_seconds", lasts.as_secs());
        }
        self.quarantine(responded.quarantine);
    }

    fn quarantine(&mut self, number: Option<u64>) {
        if let Some(number) = number {
            self.number("quarantine", number);
        }
    }

    fn session(&mut self, session: &SessionRecord<'_>) {
        let _ = write!(self.0, ",\"session\":\"{}\"", session.session);
        self.text("agent", session.agent.as_str());
    }

    fn subject(&mut self, subject: &Subject<'_>) {
        let (call, session) = (subject.call, subject.session);
        let _ = write!(self.0, ",\"call\":\"{call}\",\"session\":\"{session}\"");
        self.word("agent", subject.agent.as_str());
        if let Some(user) = subject.user {
            self.text("user", user.as_str());
        }
        if let Some(task) = subject.task {
            self.text("task", task.as_str());
        }
        self.0.push_str(",\"tool\":\"");
        // What is shown plainly holds no control character; quotes and backslashes are for JSON to escape.
        let start = self.0.len();
        push_plain(self.0, subject.tool);
        let needs_escapes = self
            .0
            .get(start..)
            .is_some_and(|tool| tool.contains(['"', '\\']));
        if needs_escapes {
            let tool = self.0.split_off(start);
            self.0.pop();
            View::String(&tool).write_json(self.0);
        } else {
            self.0.push('"');
        }
    }

    fn rule(&mut self, rule: &RuleRef<'_>) {
        self.0.push_str(",\"rule\":{\"");
        self.0.push_str(rule.principal.key());
        self.0.push_str("\":");
        View::String(rule.principal.as_str()).write_json(self.0);
        let (tool, index) = (rule.tool, rule.index);
        let _ = write!(self.0, ",\"tool_name\":\"{tool}\",\"index\":{index}}}");
    }

    pub(super) fn number(&mut self, key: &str, number: u64) {
        let _ = write!(self.0, ",\"{key}\":{number}");
    }

    /// A text that needs no escapes: a word of ours, or a name whose characters are plain.
    pub(super) fn word(&mut self, key: &str, word: &str) {
        for part in [",\"", key, "\":\"", word, "\""] {
            self.0.push_str(part);
        }
    }

    pub(super) fn text(&mut self, key: &str, text: &str) {
        for part in [",\"", key, "\":"] {
            self.0.push_str(part);
        }
        View::String(text).write_json(self.0);
    }

    /// A name that came from outside.
    fn plain(&mut self, key: &str, name: &str) {
        self.text(key, &Plain(name).to_string());
    }

    /// What is no finite number is left out: JSON has none.
    fn float(&mut self, key: &str, value: f64) {
        if value.is_finite() {
            let _ = write!(self.0, ",\"{key}\":{value:?}");
        }
    }

    /// Where payloads stand, for what must be done with them after a crash.
    pub(super) fn places(&mut self, key: &str, places: &[Place]) {
        let _ = write!(self.0, ",\"{key}\":[");
        for (index, place) in places.iter().enumerate() {
            if index > 0 {
                self.0.push(',');
            }
            let (volume, offset, length) = (place.volume, place.offset, place.length);
            let _ = write!(self.0, "[{volume},{offset},{length}]");
        }
        self.0.push(']');
    }

    fn hex(&mut self, key: &str, bytes: &[u8]) {
        const DIGITS: [char; 16] = [
            '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
        ];
        let digit = |at: u8| DIGITS.get(usize::from(at)).copied().unwrap_or('0');
        for part in [",\"", key, "\":\""] {
            self.0.push_str(part);
        }
        for byte in bytes {
            self.0.push(digit(byte >> 4));
            self.0.push(digit(byte & 15));
        }
        self.0.push('"');
    }
}

/// What stands between the type of an entry and its payloads.
pub(super) const PAYLOADS: &str = ",\"payloads\":{";

/// A time of day as entries count it.
pub(super) fn since_epoch(wall: SystemTime) -> Duration {
    wall.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
