//! Reading a log beside its writer, and proving what is in it.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use super::{LogError, PURPOSE, kind};
use crate::audit::{
    Checkpoint, InclusionProof, InclusionProver, LeafHash, SignedCheckpoint, TreeHead,
};
use crate::journal::Reader;
use crate::json::{self, Limits, Object, Value};
use crate::text::Plain;

/// One entry of a log.
#[derive(Debug)]
pub struct LogEntry<'l> {
    index: u64,
    line: &'l str,
    members: Object,
}

impl<'l> LogEntry<'l> {
    pub(super) fn parse(index: u64, bytes: &'l [u8]) -> Result<Self, LogError> {
        let wrong = LogError::NotAnEntry { index };
        let Ok(line) = std::str::from_utf8(bytes) else {
            return Err(wrong);
        };
        // JSON may have line feeds between its tokens, but an entry is one line, wherever it is printed.
        if line.contains(['\n', '\r']) {
            return Err(wrong);
        }
        let limits = Limits {
            max_bytes: bytes.len(),
            ..Limits::default()
        };
        let Ok(Value::Object(members)) = json::parse(line, &limits) else {
            return Err(wrong);
        };
        let entry = Self {
            index,
            line,
            members,
        };
        if entry.number("seq") != Some(index) || entry.text("type").is_none() {
            return Err(wrong);
        }
        Ok(entry)
    }

    /// The type of an entry at its place, without reading more of it than that: what verifying needs of most entries.
    pub(super) fn kind_at(index: u64, bytes: &'l [u8]) -> Result<&'l str, LogError> {
        let kind = || {
            let line = std::str::from_utf8(bytes).ok()?;
            let (seq, rest) = line.strip_prefix("{\"seq\":")?.split_once(',')?;
            let (kind, _) = rest.strip_prefix("\"type\":\"")?.split_once('"')?;
            (seq.parse() == Ok(index) && rest.ends_with('}')).then_some(kind)
        };
        kind().ok_or(LogError::NotAnEntry { index })
    }

    /// Its position in the log, from 0.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The entry as it stands in the log: one line of JSON, which is what the tree's leaf is made of.
    #[must_use]
    pub fn line(&self) -> &'l str {
        self.line
    }

    /// What it is: `decided`, `executing`, `completed`, `failed`, `panicked`, `cancelled`, `abandoned`, `refused`,
    /// `unknown`, `policy_loaded`, `session_opened`, `session_closed`, `log_opened`, `log_closed`, `recovered`,
    /// `checkpoint_not_kept` or `checkpoint_not_signed`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.text("type").unwrap_or_default()
    }

    /// Time of day, since the Unix epoch.
    #[must_use]
    pub fn wall(&self) -> Duration {
        Duration::from_nanos(self.number("wall_ns").unwrap_or(0))
    }

    /// The call that it is about. Unique between two `log_opened`.
    #[must_use]
    pub fn call(&self) -> Option<&str> {
        self.text("call")
    }

    /// `allow`, `ask` or `deny`, in a decision.
    #[must_use]
    pub fn decision(&self) -> Option<&str> {
        self.text("decision")
    }

    /// A member that is a string, such as `agent`, `user`, `task`, `session`, `tool` or `code`.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.members.get(key)?.as_str()
    }

    /// A member that is a whole number, such as `epoch` or `latency_ns`.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<u64> {
        self.members.get(key)?.as_number()?.as_u64()
    }
}

/// One line for people; what came from outside is shown plainly.
impl fmt::Display for LogEntry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (index, time) = (self.index, Utc(self.wall()));
        let kind = Plain(self.kind()).to_string();
        write!(f, "{index:>7} {time} {kind:<15}")?;
        for key in [
            "decision", "code", "tool", "agent", "user", "task", "session", "call", "reason",
        ] {
            if let Some(value) = self.text(key) {
                write!(f, " {key}={}", Plain(value))?;
            }
        }
        Ok(())
    }
}

/// A time since the Unix epoch as RFC 3339 writes it.
struct Utc(Duration);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.0.as_secs(), self.0.subsec_millis());
        let (day, second) = (seconds / 86_400, seconds % 86_400);
        // Years begin in March here, so that a leap day is a year's last: 146,097 days are 400 years.
        let day = day + 719_468;
        let (era, day) = (day / 146_097, day % 146_097);
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let (month, carry) = if month < 10 {
            (month + 3, 0)
        } else {
            (month - 9, 1)
        };
        let year = era * 400 + year + carry;
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z"
        )
    }
}

/// Which entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct EntryFilter {
    texts: Vec<(&'static str, String)>,
    since: Duration,
    until: Option<Duration>,
}

impl EntryFilter {
    /// All of them.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only entries of this agent.
    pub fn agent(self, agent: &str) -> Self {
        self.with("agent", agent)
    }

    /// Only entries on behalf of this user.
    pub fn user(self, user: &str) -> Self {
        self.with("user", user)
    }

    /// Only entries about this tool.
    pub fn tool(self, tool: &str) -> Self {
        self.with("tool", tool)
    }

    /// Only entries of this session.
    pub fn session(self, session: &str) -> Self {
        self.with("session", session)
    }

    /// Only entries about this call.
    pub fn call(self, call: &str) -> Self {
        self.with("call", call)
    }

    /// Only decisions that say this: `allow`, `ask` or `deny`.
    pub fn decision(self, decision: &str) -> Self {
        self.with("decision", decision)
    }

    /// Only entries of this type.
    pub fn kind(self, kind: &str) -> Self {
        self.with("type", kind)
    }

    /// Only entries from this time on, since the Unix epoch.
    pub fn since(self, since: Duration) -> Self {
        Self { since, ..self }
    }

    /// Only entries before this time, since the Unix epoch.
    pub fn until(self, until: Duration) -> Self {
        Self {
            until: Some(until),
            ..self
        }
    }

    fn with(mut self, key: &'static str, value: &str) -> Self {
        self.texts.push((key, value.to_owned()));
        self
    }

    /// Whether an entry is one of those.
    #[must_use]
    pub fn matches(&self, entry: &LogEntry<'_>) -> bool {
        let wall = entry.wall();
        wall >= self.since
            && self.until.is_none_or(|until| wall < until)
            && self
                .texts
                .iter()
                .all(|(key, value)| entry.text(key) == Some(value))
    }
}

/// Calls `visit` with each entry in order, in bounded memory, also while the log is being written. Frames are checked,
/// entries not verified: see [`VerifyOptions`](super::VerifyOptions).
///
/// # Errors
/// [`LogError`] if the log cannot be read, and whatever `visit` answers.
pub fn read<E: From<LogError>>(
    directory: impl AsRef<Path>,
    mut visit: impl FnMut(&LogEntry<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut index = 0;
    let visited: Result<_, Stopped<E>> = Reader::new(directory.as_ref(), PURPOSE).read(|frame| {
        if frame.kind != kind::ENTRY {
            return Ok(());
        }
        let entry = LogEntry::parse(index, frame.payload).map_err(|error| Stopped(error.into()))?;
        index += 1;
        visit(&entry).map_err(Stopped)
    });
    match visited {
        Ok(report) if report.id.is_none() => Err(LogError::NoLog.into()),
        Ok(_) => Ok(()),
        Err(Stopped(error)) => Err(error),
    }
}

/// Carries a visitor's error through the journal.
struct Stopped<E>(E);

impl<E: From<LogError>> From<crate::journal::JournalError> for Stopped<E> {
    fn from(error: crate::journal::JournalError) -> Self {
        Self(LogError::from(error).into())
    }
}

/// An entry with the proof that it is in the log that a checkpoint speaks of.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProvenEntry {
    /// The entry's line, of which the leaf is made.
    pub line: String,
    /// The proof, for `checkpoint`.
    pub proof: InclusionProof,
    /// The last checkpoint in the log that covers the entry; the last signed one, if there is any.
    pub checkpoint: Checkpoint,
    /// The same, signed, if there is one.
    pub signed: Option<SignedCheckpoint>,
}

/// Proves that an entry is in a log, in two passes over it and bounded memory.
///
/// # Errors
/// [`LogError::NotCovered`] if there is no such entry under a checkpoint, and as for [`read`].
pub fn prove(directory: impl AsRef<Path>, index: u64) -> Result<ProvenEntry, LogError> {
    let reader = Reader::new(directory.as_ref(), PURPOSE);
    let mut covered = 0;
    let mut last: Option<Checkpoint> = None;
    let mut signed: Option<SignedCheckpoint> = None;
    let covers = |checkpoint: &Checkpoint| index < checkpoint.head().size;
    reader.read(|frame| {
        match frame.kind {
            kind::CHECKPOINT => {
                if let Some(checkpoint) = parse(frame.payload) {
                    covered = checkpoint.head().size;
                    last = Some(checkpoint);
                }
            }
            kind::SIGNED => {
                let found = SignedCheckpoint::parse(frame.payload).ok();
                signed = found
                    .filter(|found| covers(found.unverified()))
                    .or(signed.take());
            }
            _ => {}
        }
        Ok::<_, LogError>(())
    })?;
    // One that is signed convinces others, also if a later one is not.
    let best = signed.as_ref().map(|signed| signed.unverified().clone());
    let Some(checkpoint) = best.or(last.filter(covers)) else {
        return Err(LogError::NotCovered { index, covered });
    };
    let covered = checkpoint.head().size;
    let not_covered = |_| LogError::NotCovered { index, covered };
    let mut prover = InclusionProver::new(index, covered).map_err(not_covered)?;
    let (mut at, mut line) = (0, String::new());
    reader.read(|frame| {
        if frame.kind == kind::ENTRY && at < covered {
            if at == index {
                LogEntry::parse(at, frame.payload)?
                    .line()
                    .clone_into(&mut line);
            }
            prover.push(LeafHash::of(frame.payload));
            at += 1;
        }
        Ok::<_, LogError>(())
    })?;
    let proof = prover.finish().map_err(not_covered)?;
    let leaf = LeafHash::of(line.as_bytes());
    let head: &TreeHead = checkpoint.head();
    // What would not convince others must not be handed out.
    proof.verify(leaf, head).map_err(|_| LogError::Mismatch {
        checkpoint: *head,
        found: *head,
    })?;
    Ok(ProvenEntry {
        line,
        proof,
        checkpoint,
        signed,
    })
}

fn parse(text: &[u8]) -> Option<Checkpoint> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (951_868_799, "2000-02-29T23:59:59.000Z"),
            (951_868_800, "2000-03-01T00:00:00.000Z"),
            (1_735_689_599, "2024-12-31T23:59:59.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
            (18_446_744_073, "2554-07-21T23:34:33.000Z"),
        ] {
            assert_eq!(Utc(Duration::from_secs(seconds)).to_string(), text);
        }
    }

    #[test]
    fn a_type_is_told_only_of_an_entry_at_its_place() {
        let kind = |text: &'static str| LogEntry::kind_at(7, text.as_bytes()).ok();
        assert_eq!(kind(r#"{"seq":7,"type":"decided"}"#), Some("decided"));
        for other in [
            "",
            "{}",
            r#"{"seq":8,"type":"decided"}"#,
            r#"{"seq":7}"#,
            r#"{"type":"decided","seq":7}"#,
            r#"{"seq":7,"type":"decided""#,
            r#" {"seq":7,"type":"decided"}"#,
        ] {
            assert_eq!(kind(other), None, "{other}");
        }
        assert!(LogEntry::kind_at(7, b"{\"seq\":7,\"type\":\"\xff\"}").is_err());
    }
}
