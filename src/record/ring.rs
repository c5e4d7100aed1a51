//! The last records, kept in memory.

use std::fmt;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

use super::{CallId, Event, Outcome, Record, RecordError, Recorder, Subject};
use crate::decision::{Code, Verdict};
use crate::digest::Digest;
use crate::text::{Plain, push_plain};
use crate::thread_id;

/// Threads write to different shards, so that none waits for another.
const SHARDS: usize = 16;

/// Keeps the last records in memory: for tests, demonstrations and short-lived agents.
///
/// It keeps decisions, outcomes and changes of policy, and forgets when the process ends. It keeps up to `capacity` records for each of 16 groups of threads and
/// reuses their memory, so recording allocates nothing once it is full.
#[derive(Debug)]
pub struct RingRecorder {
    capacity: usize,
    shards: [Shard; SHARDS],
}

/// Alone on its cache lines.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard(Mutex<Ring>);

/// Once full, the oldest record is overwritten in place.
#[derive(Debug, Default)]
struct Ring {
    slots: Vec<RecordedCall>,
    /// Where the next record goes: behind the last or, once full, over the oldest.
    next: usize,
}

impl RingRecorder {
    /// Keeps the last `capacity` records, at least one.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            shards: Default::default(),
        }
    }

    /// The last records, oldest first, at most `capacity`. Records that different threads made at the same time come in
    /// any order.
    #[must_use]
    pub fn records(&self) -> Vec<RecordedCall> {
        let mut all: Vec<RecordedCall> = Vec::new();
        for shard in &self.shards {
            all.extend(shard.0.lock().oldest_first().cloned());
        }
        // Stable: records of one thread keep their order even where the clock stands still.
        all.sort_by_key(|record| record.at);
        let surplus = all.len().saturating_sub(self.capacity);
        all.drain(..surplus);
        all
    }
}

impl Recorder for RingRecorder {
    fn record(&self, record: &Record<'_>) -> Result<(), RecordError> {
        if !is_kept(&record.event) {
            return Ok(());
        }
        let Some(shard) = self.shards.get(thread_id::index::<SHARDS>()) else {
            return Err(RecordError("no shard for this thread".into()));
        };
        shard.0.lock().push(self.capacity, record);
        Ok(())
    }

    fn keeps_beginnings(&self) -> bool {
        false
    }

    fn keeps_results(&self) -> bool {
        false
    }
}

/// That a call begins is only worth a record that outlives the process.
fn is_kept(event: &Event<'_>) -> bool {
    matches!(
        event,
        Event::Decided(_) | Event::Ended(_) | Event::PolicyLoaded { .. }
    )
}

impl Ring {
    fn oldest_first(&self) -> impl Iterator<Item = &RecordedCall> {
        let (newer, older) = self.slots.split_at_checked(self.next).unwrap_or_default();
        older.iter().chain(newer)
    }

    /// `capacity` is at least 1, and the same each time.
    fn push(&mut self, capacity: usize, record: &Record<'_>) {
        if self.next == self.slots.len() {
            self.slots.push(RecordedCall::default());
        }
        if let Some(slot) = self.slots.get_mut(self.next) {
            slot.assign(record);
        }
        self.next = if self.next + 1 < capacity {
            self.next + 1
        } else {
            0
        };
    }
}

/// An owned record, as [`RingRecorder`] keeps it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RecordedCall {
    /// Monotonic time.
    pub at: Duration,
    /// Time of day.
    pub wall: SystemTime,
    /// The call; `None` where the record is not about one.
    pub call: Option<CallId>,
    /// The acting agent.
    pub agent: String,
    /// On whose behalf, or empty.
    pub user: String,
    /// On what task, or empty.
    pub task: String,
    /// The tool, or what was given as its name, made plain and cut.
    pub tool: String,
    /// What happened.
    pub event: RecordedEvent,
    /// The tool name or pattern of the permission that decided, or empty.
    pub rule: String,
    /// What the audit level lets a log keep of the arguments: a JSON object, or empty. Over 4 KiB, only its size.
    pub arguments: String,
    /// The digest of tool and arguments under the guard's key.
    pub digest: Option<Digest>,
    /// Which policies decided; 0 in records of outcomes.
    pub epoch: u64,
}

/// What an owned record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordedEvent {
    /// A call was decided.
    Decided(Verdict, Code),
    /// An allowed call ended, this long after its decision.
    Ended(Outcome, Duration),
    /// Policies were loaded; the digest of all of them is in `digest`.
    PolicyLoaded,
}

impl Default for RecordedCall {
    fn default() -> Self {
        Self {
            at: Duration::ZERO,
            wall: SystemTime::UNIX_EPOCH,
            call: None,
            agent: String::new(),
            user: String::new(),
            task: String::new(),
            tool: String::new(),
            event: RecordedEvent::PolicyLoaded,
            rule: String::new(),
            arguments: String::new(),
            digest: None,
            epoch: 0,
        }
    }
}

impl RecordedCall {
    /// Overwrites, keeping the memory of the strings.
    fn assign(&mut self, record: &Record<'_>) {
        self.at = record.at;
        self.wall = record.wall;
        self.rule.clear();
        self.arguments.clear();
        match record.event {
            Event::Decided(decided) => {
                self.assign_subject(Some(decided.subject));
                self.event = RecordedEvent::Decided(decided.verdict, decided.code);
                if let Some(rule) = decided.rule {
                    self.rule.push_str(rule.tool.as_str());
                }
                decided.write_arguments(&mut self.arguments);
                bound(&mut self.arguments);
                self.digest = decided.digest;
                self.epoch = decided.epoch;
            }
            Event::Ended(ended) => {
                self.assign_subject(Some(ended.subject));
                self.event = RecordedEvent::Ended(ended.outcome, ended.latency);
                self.digest = None;
                self.epoch = 0;
            }
            Event::PolicyLoaded { epoch, policy } => {
                self.assign_subject(None);
                self.event = RecordedEvent::PolicyLoaded;
                self.digest = Some(policy);
                self.epoch = epoch;
            }
            // See `is_kept`.
            Event::Executing(_)
            | Event::SessionOpened(_)
            | Event::SessionClosed(_)
            | Event::Alerted(_)
            | Event::Responded(_)
            | Event::Released(_)
            | Event::AlertNotTaken(_) => {}
        }
    }

    fn assign_subject(&mut self, subject: Option<Subject<'_>>) {
        for text in [
            &mut self.agent,
            &mut self.user,
            &mut self.task,
            &mut self.tool,
        ] {
            text.clear();
        }
        self.call = subject.map(|subject| subject.call);
        let Some(subject) = subject else { return };
        self.agent.push_str(subject.agent.as_str());
        self.user
            .push_str(subject.user.map_or("", |user| user.as_str()));
        self.task
            .push_str(subject.task.map_or("", |task| task.as_str()));
        push_plain(&mut self.tool, subject.tool);
    }
}

/// The longest arguments that are kept, in bytes, so that the ring's memory is bounded whatever a model sends.
const MAX_ARGUMENTS: usize = 4096;

fn bound(arguments: &mut String) {
    if arguments.len() > MAX_ARGUMENTS {
        *arguments = format!("\"<{} bytes>\"", arguments.len());
    }
}

/// One line, for people.
impl fmt::Display for RecordedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.at.as_secs_f64();
        match self.event {
            RecordedEvent::PolicyLoaded => {
                write!(f, "{seconds:9.3}s  policy loaded      epoch {}", self.epoch)?;
            }
            RecordedEvent::Decided(verdict, code) => {
                write!(f, "{seconds:9.3}s  {verdict:<5} {:<12}", self.tool)?;
                if verdict != Verdict::Allow {
                    write!(f, " {code}")?;
                }
            }
            RecordedEvent::Ended(outcome, _) => {
                write!(
                    f,
                    "{seconds:9.3}s    -> {:<12} {}",
                    self.tool,
                    outcome.as_str()
                )?;
                if let Outcome::Refused(code) = outcome {
                    write!(f, " {code}")?;
                }
            }
        }
        if !self.arguments.is_empty() {
            write!(f, " {}", Plain(&self.arguments))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_records_are_kept_in_order() {
        for capacity in [1, 2, 3, 7] {
            let mut ring = Ring::default();
            for epoch in 1..=20 {
                let event = Event::PolicyLoaded {
                    epoch,
                    policy: Digest::from([0; 32]),
                };
                ring.push(
                    capacity,
                    &Record {
                        at: Duration::ZERO,
                        wall: SystemTime::UNIX_EPOCH,
                        event,
                    },
                );
                let kept: Vec<u64> = ring.oldest_first().map(|record| record.epoch).collect();
                let first = epoch.saturating_sub(capacity as u64) + 1;
                assert_eq!(kept, (first..=epoch).collect::<Vec<_>>());
            }
        }
    }
}
