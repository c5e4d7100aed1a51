//! A scripted life of a log: what is given to it, and what it says to that.

use std::ops::Range;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use super::super::entry::EntryText;
use super::super::{AuditLog, AuditLogOptions};
use super::{after_the_process, laws};
use crate::decision::{AuditLevel, Code, Effect, Verdict};
use crate::digest::Digest;
use crate::ids::AgentId;
use crate::journal::disk::Disk;
use crate::record::{
    CallId, Decided, Ended, Event, Executing, Outcome, Record, Recorder, SessionId, SessionRecord,
    Subject,
};

/// What the log was given, and what was acknowledged.
#[derive(Clone, Default)]
pub(super) struct Told {
    /// The members of each record that a log was given and is not known to have lost, in order.
    pub(super) tried: Vec<String>,
    /// So many of these were acknowledged as durable.
    pub(super) durable: usize,
    /// The operations of logs that were dropped, of whose failure nobody is told.
    pub(super) silent: Vec<Range<usize>>,
}

/// The log refused something.
#[derive(Debug)]
pub(super) struct Refused;

static AGENT: LazyLock<AgentId> =
    LazyLock::new(|| AgentId::parse("spiffe://example.org/agent/a").unwrap());

/// Two lives, of which the first ends without `close`. Stops at the first refusal; then everything that follows must be
/// refused too.
pub(super) fn live(
    disk: &Disk,
    options: impl Fn() -> AuditLogOptions,
    told: &mut Told,
) -> Result<(), Refused> {
    for life in 0..2 {
        let log = options()
            .open_in(Arc::new(disk.clone()))
            .map_err(|_| Refused)?;
        let seen = laws::hold(&after_the_process(disk), told);
        *told = told.seen(seen);
        if let Err(refused) = one_life(&log, told, 100 * life) {
            assert_stopped(&log);
            return Err(refused);
        }
        if life == 1 {
            log.close().map_err(|_| Refused)?;
            told.all_durable();
        }
        let before = disk.operations();
        drop(log);
        told.silent.push(before..disk.operations());
    }
    Ok(())
}

/// Calls of every kind, some of which never end. Some steps are syncs, some make checkpoints.
fn one_life(log: &AuditLog, told: &mut Told, first: u64) -> Result<(), Refused> {
    let call = |number| first + number;
    told.policy_loaded(log, 1)?;
    told.give(log, Event::SessionOpened(session()))?;
    told.read(log, call(1))?;
    told.write(log, call(2))?;
    told.denied(log, call(3))?;
    log.tick().map_err(|_| Refused)?;
    told.all_durable();
    told.begin(log, call(4), Effect::Write)?;
    told.decided(log, call(5), Effect::Read, Verdict::Allow)?;
    told.decided(log, call(6), Effect::Write, Verdict::Allow)?;
    told.policy_loaded(log, 2)?;
    told.begin(log, call(7), Effect::Read)?;
    told.read(log, call(8))?;
    told.write(log, call(9))?;
    log.flush().map_err(|_| Refused)?;
    told.ended(log, call(6), Outcome::Abandoned)?;
    log.checkpoint().map_err(|_| Refused)?;
    told.all_durable();
    told.read(log, call(10))?;
    log.flush().map_err(|_| Refused)?;
    told.give(log, Event::SessionClosed(session()))
}

impl Told {
    /// Of a log that was opened anew and has so many of the records: they are durable, and the rest never was there.
    pub(super) fn seen(&self, count: usize) -> Self {
        let mut told = self.clone();
        told.tried.truncate(count);
        told.durable = count;
        told
    }

    fn all_durable(&mut self) {
        self.durable = self.tried.len();
    }

    fn give(&mut self, log: &AuditLog, event: Event<'_>) -> Result<(), Refused> {
        let record = record(event);
        let mut members = String::new();
        EntryText::record(&mut members, &record, &[]);
        self.tried.push(members);
        log.record(&record).map_err(|_| Refused)?;
        if let Event::Executing(Executing {
            effect: Effect::Write,
            ..
        })
        | Event::PolicyLoaded { .. } = event
        {
            self.all_durable();
        }
        Ok(())
    }

    pub(super) fn policy_loaded(&mut self, log: &AuditLog, epoch: u64) -> Result<(), Refused> {
        let policy = Digest::from([epoch as u8; 32]);
        self.give(log, Event::PolicyLoaded { epoch, policy })
    }

    fn decided(
        &mut self,
        log: &AuditLog,
        call: u64,
        effect: Effect,
        verdict: Verdict,
    ) -> Result<(), Refused> {
        self.give(log, Event::Decided(decided(call, effect, verdict)))
    }

    fn denied(&mut self, log: &AuditLog, call: u64) -> Result<(), Refused> {
        self.decided(log, call, Effect::Write, Verdict::Deny)
    }

    fn begin(&mut self, log: &AuditLog, call: u64, effect: Effect) -> Result<(), Refused> {
        self.decided(log, call, effect, Verdict::Allow)?;
        let subject = subject(call);
        self.give(log, Event::Executing(Executing { subject, effect }))
    }

    fn ended(&mut self, log: &AuditLog, call: u64, outcome: Outcome) -> Result<(), Refused> {
        self.give(log, Event::Ended(ended(call, outcome)))
    }

    fn read(&mut self, log: &AuditLog, call: u64) -> Result<(), Refused> {
        self.begin(log, call, Effect::Read)?;
        self.ended(log, call, Outcome::Completed)
    }

    fn write(&mut self, log: &AuditLog, call: u64) -> Result<(), Refused> {
        self.begin(log, call, Effect::Write)?;
        self.ended(log, call, Outcome::Failed)
    }
}

/// A log that has refused once refuses whatever it is given from then on.
pub(super) fn assert_stopped(log: &AuditLog) {
    let subject = subject(99);
    let executing = |effect| Event::Executing(Executing { subject, effect });
    let (epoch, policy) = (9, Digest::from([9; 32]));
    for event in [
        Event::Decided(decided(99, Effect::Read, Verdict::Allow)),
        Event::Decided(decided(99, Effect::Write, Verdict::Deny)),
        executing(Effect::Read),
        executing(Effect::Write),
        Event::Ended(ended(99, Outcome::Completed)),
        Event::SessionOpened(session()),
        Event::SessionClosed(session()),
        Event::PolicyLoaded { epoch, policy },
    ] {
        let answer = log.record(&record(event)).unwrap_err().to_string();
        assert!(answer.contains("stopped at its first failure"), "{answer}");
    }
    assert!(log.tick().is_err() && log.flush().is_err());
    assert!(log.checkpoint().is_err() && log.close().is_err());
}

pub(super) fn record(event: Event<'_>) -> Record<'_> {
    Record {
        at: Duration::from_millis(1500),
        wall: SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000),
        event,
    }
}

fn subject(call: u64) -> Subject<'static> {
    Subject {
        call: CallId(call),
        session: SessionId(1),
        agent: &AGENT,
        user: None,
        task: None,
        tool: "pay",
    }
}

fn session() -> SessionRecord<'static> {
    SessionRecord {
        session: SessionId(1),
        agent: &AGENT,
    }
}

pub(super) fn decided(call: u64, effect: Effect, verdict: Verdict) -> Decided<'static> {
    let is_allowed = verdict == Verdict::Allow;
    Decided {
        subject: subject(call),
        verdict,
        code: if is_allowed {
            Code::Allowed
        } else {
            Code::Constraint
        },
        rule: None,
        digest: Some(Digest::from([call as u8; 32])),
        epoch: 1,
        policy: Digest::from([1; 32]),
        effect,
        audit_level: AuditLevel::Standard,
        context_digest: None,
        arguments: None,
        secret: &[],
        context: None,
    }
}

fn ended(call: u64, outcome: Outcome) -> Ended<'static> {
    Ended {
        subject: subject(call),
        outcome,
        latency: Duration::from_micros(70),
        audit_level: AuditLevel::Standard,
        result: None,
    }
}
