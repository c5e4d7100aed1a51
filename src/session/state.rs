//! What a session is, and whether it still stands.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::decision::{Code, Detail, Reason};
use crate::guard::{Gatehouse, Guard, InForce};
use crate::ids::Caller;
use crate::policy::{Group, Groups};
use crate::record::{Attached, SessionId};

/// What all handles of one session share.
pub(crate) struct SessionState {
    guard: Guard,
    id: SessionId,
    pub(super) caller: Caller,
    /// What stands for the agent where it counts by keys.
    owner: u64,
    /// Monotonic nanoseconds; `u64::MAX` for never.
    pub(super) expires_at: u64,
    /// A second user or task was named: nobody's authority covers that.
    pub(super) contradictory: bool,
    pub(super) context: Option<Attached>,
    /// What tells it from sessions that were opened before a response ended these.
    endings: u64,
    /// Shared with the sessions that were made from this one.
    closed: Arc<AtomicBool>,
    agent_group: CachedGroup,
    user_group: CachedGroup,
    task_group: CachedGroup,
}

impl SessionState {
    pub(super) fn new(guard: Guard, id: SessionId, caller: Caller) -> Self {
        let endings = guard.0.endings();
        Self {
            id,
            owner: guard.0.owner(&caller.agent),
            guard,
            caller,
            expires_at: u64::MAX,
            contradictory: false,
            context: None,
            endings,
            closed: Arc::default(),
            agent_group: CachedGroup::default(),
            user_group: CachedGroup::default(),
            task_group: CachedGroup::default(),
        }
    }

    /// Another session that is closed together with this one.
    pub(super) fn derive(&self) -> Self {
        Self {
            expires_at: self.expires_at,
            contradictory: self.contradictory,
            context: self.context.clone(),
            endings: self.endings,
            closed: Arc::clone(&self.closed),
            ..Self::new(self.guard.clone(), self.id, self.caller.clone())
        }
    }

    pub(super) fn close(&self) {
        if !self.closed.swap(true, Ordering::SeqCst) {
            self.gate().record_closed(self.id, &self.caller.agent);
        }
    }

    /// What all handles of the guard share.
    pub(crate) fn gate(&self) -> &Gatehouse {
        &self.guard.0
    }

    pub(crate) fn guard(&self) -> &Guard {
        &self.guard
    }

    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    pub(crate) fn id(&self) -> SessionId {
        self.id
    }

    /// Why its calls are asked for.
    pub(crate) fn context(&self) -> Option<&Attached> {
        self.context.as_ref()
    }

    pub(crate) fn endings(&self) -> u64 {
        self.endings
    }

    pub(crate) fn owner(&self) -> u64 {
        self.owner
    }

    pub(crate) fn check_open(&self, now: u64) -> Result<(), Reason> {
        self.check_not_closed()?;
        if self.contradictory {
            return Err(ended("the session was made to act for two users or tasks"));
        }
        if now >= self.expires_at {
            return Err(ended("the session has expired"));
        }
        Ok(())
    }

    pub(crate) fn check_not_closed(&self) -> Result<(), Reason> {
        if self.closed.load(Ordering::Acquire) {
            return Err(ended("the session was closed"));
        }
        Ok(())
    }

    /// Whose policies apply: the agent's, and those of the user and the task that the session names.
    pub(crate) fn groups(&self, in_force: &InForce) -> Result<Groups, Reason> {
        let epoch = in_force.version().epoch;
        let set = in_force.set();
        let Caller { agent, user, task } = &self.caller;
        let agent = self.agent_group.at(epoch, || set.agent_group(agent))?;
        let user = user
            .as_ref()
            .map(|user| self.user_group.at(epoch, || set.user_group(user)))
            .transpose()?;
        let task = task
            .as_ref()
            .map(|task| self.task_group.at(epoch, || set.task_group(task)))
            .transpose()?;
        if user.is_none() {
            set.check_user_not_required(agent)?;
        }
        Ok([Some(agent), user, task])
    }
}

fn ended(message: &str) -> Reason {
    Reason::new(Code::Identity, None, Detail::Message(message.to_owned()))
}

/// Where a principal's policies stand in the set of one epoch; spares each call a look-up by name.
///
/// One word of epoch and position, both 32 bits, so that no thread sees the one without the other. Epoch 0 is never
/// in force, and an epoch that does not fit is looked up each time.
#[derive(Default)]
struct CachedGroup(AtomicU64);

impl CachedGroup {
    fn at(
        &self,
        epoch: u64,
        look_up: impl FnOnce() -> Result<Group, Reason>,
    ) -> Result<Group, Reason> {
        let word = self.0.load(Ordering::Relaxed);
        if word >> 32 == epoch {
            return Ok(word as Group);
        }
        let group = look_up()?;
        if epoch <= u64::from(u32::MAX) {
            self.0
                .store(epoch << 32 | u64::from(group), Ordering::Relaxed);
        }
        Ok(group)
    }
}
