//! What the tests of the gate share: a guard with a clock that stands still and a recorder that tells all.

use std::pin::pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use portcullis::{
    AgentId, AgentPolicy, Args, ArgsError, AuditLevel, CallId, Code, Decided, Digest, Effect,
    Ended, Event, Guard, ManualClock, Outcome, Record, RecordError, Recorder, Refusal, Session,
    TaskId, UserId, Verdict,
};

pub(crate) const AGENT: &str = "spiffe://example.org/agent/a";

pub(crate) fn agent(text: &str) -> AgentId {
    AgentId::parse(text).unwrap()
}

pub(crate) fn user(text: &str) -> UserId {
    UserId::parse(text).unwrap()
}

pub(crate) fn task(text: &str) -> TaskId {
    TaskId::parse(text).unwrap()
}

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn policy(json: &str) -> AgentPolicy {
    AgentPolicy::from_json(json).unwrap_or_else(|error| panic!("{error}"))
}

/// A policy for [`AGENT`] with these permissions.
pub(crate) fn agent_policy(permissions: &str) -> AgentPolicy {
    policy(&format!(
        r#"{{"agent_id": "{AGENT}", "permissions": {permissions}}}"#
    ))
}

pub(crate) fn user_policy(user: &str, permissions: &str) -> AgentPolicy {
    policy(&format!(
        r#"{{"user_id": "{user}", "permissions": {permissions}}}"#
    ))
}

/// A guard, with the handles to what was put into it.
pub(crate) struct Gate {
    pub(crate) guard: Guard,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) log: Arc<Trace>,
}

impl Gate {
    /// For [`AGENT`] with these permissions.
    pub(crate) fn new(permissions: &str) -> Self {
        Self::with([agent_policy(permissions)])
    }

    pub(crate) fn with(policies: impl IntoIterator<Item = AgentPolicy>) -> Self {
        let (clock, log) = (Arc::new(ManualClock::new()), Arc::new(Trace::default()));
        let builder = Guard::builder()
            .policies(policies)
            .clock(Arc::clone(&clock));
        let guard = builder.recorder(Arc::clone(&log)).build().unwrap();
        Self { guard, clock, log }
    }

    /// A session of [`AGENT`].
    pub(crate) fn session(&self) -> Session {
        self.guard.vouched_session(agent(AGENT)).unwrap()
    }

    pub(crate) fn at(&self, time: Duration) {
        self.clock.set(time);
    }
}

/// Makes a call whose tool does nothing, and tells how it was decided.
pub(crate) fn call<A>(session: &Session, tool: &str, args: A) -> Code
where
    A: TryInto<Args>,
    A::Error: Into<ArgsError>,
{
    match session.run(tool, args, |_| Ok::<(), Refusal>(())) {
        Ok(()) => Code::Allowed,
        Err(refusal) => refusal.code(),
    }
}

/// The refusal of a call that must not run.
pub(crate) fn refusal(session: &Session, tool: &str, args: &str) -> Refusal {
    let run = |_| panic!("the tool `{tool}` ran on {args}");
    session.run(tool, args, run).map(|(): ()| ()).unwrap_err()
}

/// How many of `calls` calls are allowed.
pub(crate) fn allowed(session: &Session, tool: &str, args: &str, calls: usize) -> usize {
    (0..calls)
        .filter(|_| call(session, tool, args) == Code::Allowed)
        .count()
}

/// Keeps every record, and fails on demand.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    entries: Mutex<Vec<Entry>>,
    pub(crate) refuse_decisions: AtomicBool,
    pub(crate) refuse_starts: AtomicBool,
    pub(crate) refuse_ends: AtomicBool,
    pub(crate) refuse_loads: AtomicBool,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) at: Duration,
    pub(crate) wall: SystemTime,
    pub(crate) call: Option<CallId>,
    pub(crate) tool: String,
    pub(crate) user: Option<String>,
    pub(crate) what: What,
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    Decided(Decision),
    Ended(Outcome, Duration),
    Loaded { epoch: u64, policy: Digest },
}

#[derive(Clone, Debug)]
pub(crate) struct Decision {
    pub(crate) verdict: Verdict,
    pub(crate) code: Code,
    pub(crate) rule: Option<String>,
    pub(crate) digest: Option<Digest>,
    pub(crate) epoch: u64,
    pub(crate) policy: Digest,
    pub(crate) effect: Effect,
    pub(crate) level: AuditLevel,
    pub(crate) arguments: String,
}

impl Trace {
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.entries.lock().unwrap().clone()
    }

    pub(crate) fn decisions(&self) -> Vec<Decision> {
        let decision = |entry: Entry| match entry.what {
            What::Decided(decision) => Some(decision),
            _ => None,
        };
        self.entries().into_iter().filter_map(decision).collect()
    }

    pub(crate) fn last_decision(&self) -> Decision {
        self.decisions().pop().unwrap()
    }

    pub(crate) fn outcomes(&self) -> Vec<Outcome> {
        let outcome = |entry: Entry| match entry.what {
            What::Ended(outcome, _) => Some(outcome),
            _ => None,
        };
        self.entries().into_iter().filter_map(outcome).collect()
    }
}

impl Recorder for Trace {
    fn record(&self, record: &Record<'_>) -> Result<(), RecordError> {
        let (broken, subject, what) = match record.event {
            Event::Decided(decided) => {
                let what = What::Decided(decision(&decided));
                (&self.refuse_decisions, Some(decided.subject), what)
            }
            Event::Ended(Ended {
                subject,
                outcome,
                latency,
                ..
            }) => (
                &self.refuse_ends,
                Some(subject),
                What::Ended(outcome, latency),
            ),
            Event::PolicyLoaded { epoch, policy } => {
                (&self.refuse_loads, None, What::Loaded { epoch, policy })
            }
            Event::Executing(_) => {
                if self.refuse_starts.load(Ordering::SeqCst) {
                    return Err(RecordError("the disk is full".into()));
                }
                return Ok(());
            }
            Event::SessionOpened(_) | Event::SessionClosed(_) => return Ok(()),
            _ => return Err(RecordError("a kind of record that no test knows".into())),
        };
        if broken.load(Ordering::SeqCst) {
            return Err(RecordError("the disk is full".into()));
        }
        self.entries.lock().unwrap().push(Entry {
            at: record.at,
            wall: record.wall,
            call: subject.map(|subject| subject.call),
            tool: subject.map_or("", |subject| subject.tool).to_owned(),
            user: subject.and_then(|subject| Some(subject.user?.to_string())),
            what,
        });
        Ok(())
    }
}

fn decision(decided: &Decided<'_>) -> Decision {
    let mut arguments = String::new();
    decided.write_arguments(&mut arguments);
    Decision {
        verdict: decided.verdict,
        code: decided.code,
        rule: decided.rule.map(|rule| rule.tool.to_string()),
        digest: decided.digest,
        epoch: decided.epoch,
        policy: decided.policy,
        effect: decided.effect,
        level: decided.audit_level,
        arguments,
    }
}

/// Runs a future on this thread, without any runtime.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

/// Ready when polled for the second time.
pub(crate) async fn pause() {
    let mut waited = false;
    std::future::poll_fn(|_| match std::mem::replace(&mut waited, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

pub(crate) fn assert_send<T: Send>(value: T) -> T {
    value
}
