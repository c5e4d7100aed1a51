//! Reading a log beside its writer.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::entry::PAYLOADS;
use super::payload::{PayloadKind, PayloadRef, Place};
use super::utc::Utc;
use super::{LogError, PURPOSE, kind};
use crate::journal::{Directory, Files, Reader};
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
    /// Reads a line as it stands in a log, such as an export holds, at its position from 0.
    ///
    /// # Errors
    /// [`LogError::NotAnEntry`] if it is no entry, or one of another position.
    pub fn parse(index: u64, bytes: &'l [u8]) -> Result<Self, LogError> {
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

    /// The type of an entry at its place and whether it has payloads, without reading more of it than that: what verifying
    /// needs of most entries.
    pub(super) fn head_at(index: u64, bytes: &'l [u8]) -> Result<Head<'l>, LogError> {
        let head = || {
            let (seq, rest) = split_at_byte(bytes.strip_prefix(b"{\"seq\":")?, b',')?;
            let (kind, rest) = split_at_byte(rest.strip_prefix(b",\"type\":\"")?, b'"')?;
            let seq = std::str::from_utf8(seq).ok()?;
            (seq.parse() == Ok(index) && rest.ends_with(b"}")).then_some(Head {
                kind: std::str::from_utf8(kind).ok()?,
                has_payloads: rest.strip_prefix(b"\"")?.starts_with(PAYLOADS.as_bytes()),
            })
        };
        head().ok_or(LogError::NotAnEntry { index })
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
    /// `unknown`, `erased`, `erasures_done`, `expired`, `payloads_not_removed`, `payload_lost`, `policy_loaded`,
    /// `session_opened`, `session_closed`, `alerted`, `responded`, `released`, `alert_not_taken`, `anchored`, `log_opened`, `log_closed`,
    /// `recovered`, `checkpoint_not_kept` or `checkpoint_not_signed`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.text("type").unwrap_or_default()
    }

    /// Time of day at which it went on record, since the Unix epoch.
    #[must_use]
    pub fn wall(&self) -> Duration {
        Duration::from_nanos(self.number("wall_ns").unwrap_or(0))
    }

    /// Time of day as people write it: RFC 3339, in UTC.
    #[must_use]
    pub fn time(&self) -> impl fmt::Display + use<> {
        Utc(self.wall())
    }

    /// When it happened, since the Unix epoch. Alerts and responses may go on record later than that: see [`wall`](Self::wall).
    #[must_use]
    pub fn at(&self) -> Duration {
        let at = self.number("at_ns").map(Duration::from_nanos);
        at.unwrap_or_else(|| self.wall())
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

    /// What it says of one of its payloads, if it has that: see [`Payloads`](super::Payloads) to read it.
    #[must_use]
    pub fn payload(&self, kind: PayloadKind) -> Option<PayloadRef> {
        PayloadRef::parse(kind, self.members.get("payloads")?.as_object()?)
    }

    /// All that it says of its payloads.
    pub fn payloads(&self) -> impl Iterator<Item = PayloadRef> {
        PayloadKind::ALL
            .into_iter()
            .filter_map(|kind| self.payload(kind))
    }

    /// The places that an entry about erasing names.
    pub(super) fn places(&self) -> Vec<Place> {
        let places = self.members.get("places").and_then(Value::as_array);
        let number = |value: &Value| value.as_number()?.as_u64();
        let place = |value: &Value| match value.as_array()? {
            [volume, offset, length] => Some(Place {
                volume: number(volume)?,
                offset: number(offset)?,
                length: number(length)?,
            }),
            _ => None,
        };
        places
            .unwrap_or_default()
            .iter()
            .filter_map(place)
            .collect()
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

    /// All that it says.
    pub(in crate::audit) fn members(&self) -> &Object {
        &self.members
    }
}

/// The beginning of an entry.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head<'l> {
    pub(super) kind: &'l str,
    pub(super) has_payloads: bool,
}

/// Before the first such byte, and from there on. It stands near the start, where a faster search would cost more.
fn split_at_byte(bytes: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    bytes.split_at_checked(bytes.iter().position(|found| *found == byte)?)
}

/// One line for people; what came from outside is shown plainly.
impl fmt::Display for LogEntry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (index, time) = (self.index, self.time());
        let kind = Plain(self.kind()).to_string();
        write!(f, "{index:>7} {time} {kind:<15}")?;
        if self.at() != self.wall() {
            write!(f, " at={}", Utc(self.at()))?;
        }
        for key in [
            "decision", "code", "alert", "response", "tool", "agent", "user", "task", "session",
            "call", "target", "by", "reason",
        ] {
            if let Some(value) = self.text(key) {
                write!(f, " {key}={}", Plain(value))?;
            }
        }
        Ok(())
    }
}

/// Calls `visit` with each entry in order, in bounded memory, also while the log is being written. Frames are checked,
/// entries not verified: see [`VerifyOptions`](super::VerifyOptions).
///
/// # Errors
/// [`LogError`] if the log cannot be read, and whatever `visit` answers.
pub fn read<E: From<LogError>>(
    directory: impl AsRef<Path>,
    visit: impl FnMut(&LogEntry<'_>) -> Result<(), E>,
) -> Result<(), E> {
    read_in(Arc::new(Directory::existing(directory.as_ref())), visit)
}

/// As [`read`], over any files.
pub(crate) fn read_in<E: From<LogError>>(
    files: Arc<dyn Files>,
    mut visit: impl FnMut(&LogEntry<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut index = 0;
    let visited: Result<_, Stopped<E>> = Reader::over(files, PURPOSE).read(|frame| {
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
pub(super) struct Stopped<E>(pub(super) E);

impl<E: From<LogError>> From<crate::journal::JournalError> for Stopped<E> {
    fn from(error: crate::journal::JournalError) -> Self {
        Self(LogError::from(error).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_told_only_of_an_entry_at_its_place() {
        let head = |text: &'static str| LogEntry::head_at(7, text.as_bytes()).ok();
        let decided = |has_payloads| {
            Some(Head {
                kind: "decided",
                has_payloads,
            })
        };
        assert_eq!(head(r#"{"seq":7,"type":"decided"}"#), decided(false));
        let with = r#"{"seq":7,"type":"decided","payloads":{},"wall_ns":1}"#;
        assert_eq!(head(with), decided(true));
        for other in [
            "",
            "{}",
            r#"{"seq":8,"type":"decided"}"#,
            r#"{"seq":7}"#,
            r#"{"type":"decided","seq":7}"#,
            r#"{"seq":7,"type":"decided""#,
            r#" {"seq":7,"type":"decided"}"#,
        ] {
            assert_eq!(head(other), None, "{other}");
        }
        assert!(LogEntry::head_at(7, b"{\"seq\":7,\"type\":\"\xff\"}").is_err());
    }
}
