//! The guard that decides anew, at the times and in the order of the log.

use std::collections::HashMap;
use std::sync::Arc;

use portcullis::audit::LogEntry;
use portcullis::{
    AgentId, AgentPolicy, Args, Guard, ManualClock, Permit, Refusal, Session, TaskId, UserId,
    Verdict,
};

use super::recorded::{Asked, at, call};
use crate::Failure;
use crate::policies::{guard, session};

/// A guard under the given policies, which begins anew wherever the recorded one did.
///
/// A call that was allowed holds its places in limits from its decision on, as it did then: until it is recorded to have
/// been given up, or for good once it has begun.
pub(super) struct Rerun<'p> {
    policies: &'p [AgentPolicy],
    clock: Arc<ManualClock>,
    /// None until there is something to decide.
    life: Option<Life>,
    /// Whether a guard has begun since the log was opened.
    has_begun: bool,
    doubts: Doubts,
}

/// What is decided now: the call may run, or why not.
pub(super) type Answer = Result<(), Refusal>;

/// Why limits may not count as they did.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub(super) struct Doubts {
    /// Calls that may have counted and could not be decided anew.
    pub(super) not_replayed: u64,
    /// Guards that began while another may have gone on.
    pub(super) other_guards: u64,
    /// Calls that waited to run when too many did. They count, whatever became of them.
    pub(super) not_followed: u64,
}

/// A guard, from its beginning to that of the next.
struct Life {
    guard: Guard,
    /// By caller: nothing else of a session decides.
    sessions: HashMap<Who, Session>,
    /// By call: permits that wait, and how long their arguments are.
    waiting: HashMap<u64, (Permit, usize)>,
    /// The sum of those lengths.
    waiting_bytes: usize,
}

type Who = (AgentId, Option<UserId>, Option<TaskId>);

/// Sessions that are kept at a time. They hold nothing that would be lost.
const MAX_SESSIONS: usize = 1024;

/// Permits that wait at a time: in an honest log as many as the agents had open.
const MAX_WAITING: usize = 4096;

/// Bytes of arguments that wait at a time. As values they take more, by a factor.
const MAX_WAITING_BYTES: usize = 4 << 20;

impl<'p> Rerun<'p> {
    pub(super) fn new(policies: &'p [AgentPolicy]) -> Self {
        Self {
            policies,
            clock: Arc::new(ManualClock::new()),
            life: None,
            has_begun: false,
            doubts: Doubts::default(),
        }
    }

    pub(super) fn doubts(&self) -> Doubts {
        self.doubts
    }

    /// Learns that a call which may have counted is not decided anew.
    pub(super) fn miss(&mut self) {
        self.doubts.not_replayed += 1;
    }

    /// Learns what an entry that is no decision says.
    pub(super) fn follow(&mut self, entry: &LogEntry<'_>) {
        match entry.kind() {
            "log_opened" => {
                self.life = None;
                self.has_begun = false;
            }
            "policy_loaded" if entry.number("epoch") == Some(1) => {
                self.life = None;
                self.doubts.other_guards += u64::from(self.has_begun);
                self.has_begun = true;
            }
            "executing" | "abandoned" | "refused" => self.follow_call(entry),
            _ => {}
        }
    }

    fn follow_call(&mut self, entry: &LogEntry<'_>) {
        if let Some(at) = at(entry) {
            self.clock.set(at);
        }
        let waited = call(entry).and_then(|call| self.life.as_mut()?.take(call));
        if let (Some(permit), "executing") = (waited, entry.kind()) {
            run(permit);
        }
    }

    /// Decides a call. If it may run it does, at once or when the log says so of the call that it waits as.
    pub(super) fn decide(
        &mut self,
        asked: &Asked,
        (args, bytes): (Args, usize),
        waits_as: Option<u64>,
    ) -> Result<Answer, Failure> {
        let life = self.life_at(asked)?;
        let permit = match life.session(asked)?.call(asked.tool.as_str(), args) {
            Ok(permit) => permit,
            Err(refusal) => return Ok(Err(refusal)),
        };
        match waits_as {
            Some(call) if life.has_room(call, bytes) => life.wait(call, permit, bytes),
            Some(_) => {
                run(permit);
                self.doubts.not_followed += 1;
            }
            None => run(permit),
        }
        Ok(Ok(()))
    }

    /// Decides a call whose arguments are not known; `None` if they could matter.
    pub(super) fn decide_without_arguments(
        &mut self,
        asked: &Asked,
    ) -> Result<Option<Answer>, Failure> {
        let session = self.life_at(asked)?.session(asked)?;
        let tool = asked.tool.as_str();
        if session.may_call(tool) {
            return Ok(None);
        }
        Ok(Some(session.call(tool, Args::empty()).map(drop)))
    }

    /// The guard, at the time of a call.
    fn life_at(&mut self, asked: &Asked) -> Result<&mut Life, Failure> {
        self.clock.set(asked.at);
        let life = match self.life.take() {
            Some(life) => life,
            None => Life::begin(self.policies, &self.clock)?,
        };
        Ok(self.life.insert(life))
    }
}

impl Life {
    fn begin(policies: &[AgentPolicy], clock: &Arc<ManualClock>) -> Result<Self, Failure> {
        Ok(Self {
            guard: guard(policies, Arc::clone(clock))?,
            sessions: HashMap::new(),
            waiting: HashMap::new(),
            waiting_bytes: 0,
        })
    }

    fn session(&mut self, asked: &Asked) -> Result<Session, Failure> {
        let caller = &asked.caller;
        let who = (
            caller.agent.clone(),
            caller.user.clone(),
            caller.task.clone(),
        );
        if let Some(session) = self.sessions.get(&who) {
            return Ok(session.clone());
        }
        if self.sessions.len() >= MAX_SESSIONS {
            self.sessions.clear();
        }
        let session = session(&self.guard, caller)?;
        self.sessions.insert(who, session.clone());
        Ok(session)
    }

    fn has_room(&self, call: u64, bytes: usize) -> bool {
        self.waiting.len() < MAX_WAITING
            && self.waiting_bytes.saturating_add(bytes) <= MAX_WAITING_BYTES
            && !self.waiting.contains_key(&call)
    }

    fn wait(&mut self, call: u64, permit: Permit, bytes: usize) {
        self.waiting_bytes = self.waiting_bytes.saturating_add(bytes);
        self.waiting.insert(call, (permit, bytes));
    }

    fn take(&mut self, call: u64) -> Option<Permit> {
        let (permit, bytes) = self.waiting.remove(&call)?;
        self.waiting_bytes = self.waiting_bytes.saturating_sub(bytes);
        Some(permit)
    }
}

/// The call counts as made, unless its permit is refused now: then it was given too late, by a clock that makes no sense.
fn run(permit: Permit) {
    let _: Result<(), Refusal> = permit.run(|_| Ok(()));
}

pub(super) fn verdict(answer: &Answer) -> Verdict {
    match answer {
        Ok(()) => Verdict::Allow,
        Err(refusal) => refusal.verdict(),
    }
}
