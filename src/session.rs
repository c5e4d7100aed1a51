//! An agent at work.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::call::Arguments;
use crate::call::{Args, ArgsError, Call, TypedArguments};
use crate::decision::{Code, Decision, Detail, Reason};
use crate::guard::{Guard, InForce, Request};
use crate::ids::{Caller, TaskId, ToolName, UserId};
use crate::permit::{Clearance, Permit};
use crate::policy::{Explanation, Group, Groups, Matches};
use crate::record::Outcome;
use crate::refusal::Refusal;
use crate::tool::ToolSpec;

/// An agent at work: who it is, on whose behalf and what task it acts. Calls are made through it.
///
/// A cheap handle, to be cloned and shared between threads. It is opened by [`Guard::vouched_session`].
///
/// ```
/// # use portcullis::{AgentId, AgentPolicy, Guard, RingRecorder, UserId};
/// # let guard = Guard::builder()
/// #     .policy(AgentPolicy::from_json(r#"{"agent_id": "spiffe://example.org/a", "permissions": [{"tool_name": "ping"}]}"#)?)
/// #     .policy(AgentPolicy::from_json(r#"{"user_id": "ann@example.org", "permissions": [{"tool_name": "p*"}]}"#)?)
/// #     .recorder(RingRecorder::new(8)).build()?;
/// # let agent = AgentId::parse("spiffe://example.org/a")?;
/// let session = guard.vouched_session(agent)?.on_behalf_of(UserId::parse("ann@example.org")?);
/// let permit = session.call("ping", "{}")?;
/// let answer: Result<&str, Box<dyn std::error::Error>> = permit.run(|_args| Ok("pong"));
/// assert_eq!(answer?, "pong");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Session(Arc<SessionState>);

/// What all handles of one session share.
pub(crate) struct SessionState {
    guard: Guard,
    caller: Caller,
    /// What stands for the agent where it counts by keys.
    owner: u64,
    /// Monotonic nanoseconds; `u64::MAX` for never.
    expires_at: u64,
    /// A second user or task was named: nobody's authority covers that.
    contradictory: bool,
    /// Shared with the sessions that were made from this one.
    closed: Arc<AtomicBool>,
    agent_group: CachedGroup,
    user_group: CachedGroup,
    task_group: CachedGroup,
}

impl Session {
    pub(crate) fn new(guard: Guard, caller: Caller) -> Self {
        let owner = guard.0.owner(&caller.agent);
        Self(Arc::new(SessionState {
            guard,
            caller,
            owner,
            expires_at: u64::MAX,
            contradictory: false,
            closed: Arc::default(),
            agent_group: CachedGroup::default(),
            user_group: CachedGroup::default(),
            task_group: CachedGroup::default(),
        }))
    }

    /// A session that ends with this one.
    fn but(&self, change: impl FnOnce(&mut SessionState)) -> Self {
        let mut state = SessionState {
            guard: self.0.guard.clone(),
            caller: self.0.caller.clone(),
            owner: self.0.owner,
            expires_at: self.0.expires_at,
            contradictory: self.0.contradictory,
            closed: Arc::clone(&self.0.closed),
            agent_group: CachedGroup::default(),
            user_group: CachedGroup::default(),
            task_group: CachedGroup::default(),
        };
        change(&mut state);
        Self(Arc::new(state))
    }

    /// The same session acting for a person: what the person may not do, the agent may not do for them.
    ///
    /// Denied as long as no policy is loaded for that user. A session that acts for one user and is made to act for
    /// another is denied everything.
    #[must_use]
    pub fn on_behalf_of(self, user: UserId) -> Self {
        self.but(|state| {
            let former = state.caller.user.replace(user);
            state.contradictory |= former.is_some() && former != state.caller.user;
        })
    }

    /// The same session working on a task: what the task's policy does not allow is denied.
    ///
    /// Denied as long as no policy is loaded for that task. A session that works on one task and is made to work on
    /// another is denied everything.
    #[must_use]
    pub fn task(self, task: TaskId) -> Self {
        self.but(|state| {
            let former = state.caller.task.replace(task);
            state.contradictory |= former.is_some() && former != state.caller.task;
        })
    }

    /// The same session, ending by itself after this time; an earlier end stays.
    #[must_use]
    pub fn expires_in(self, after: Duration) -> Self {
        let end = self.0.guard.0.deadline(after);
        self.but(|state| state.expires_at = end.min(state.expires_at))
    }

    /// Who calls.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.0.caller
    }

    /// The guard that it was opened from.
    #[must_use]
    pub fn guard(&self) -> &Guard {
        &self.0.guard
    }

    /// Ends the session, and every other that was made from the same one: their calls are denied, and permits not
    /// yet run do not run.
    pub fn close(&self) {
        self.0.closed.store(true, Ordering::SeqCst);
    }

    /// Asks whether a call may run. The permit owns the arguments, and waits 5 seconds to be run.
    ///
    /// Arguments are JSON text, a `serde_json` value, or [`Args`].
    ///
    /// # Errors
    /// [`Refusal`], also for arguments that are not well-formed.
    pub fn call<A>(&self, tool: &str, args: A) -> Result<Permit, Refusal>
    where
        A: TryInto<Args>,
        A::Error: Into<ArgsError>,
    {
        let args = self.read(tool, args)?;
        let state = &self.0;
        let ticket = state.guard.0.with_secrets(tool, |secret| {
            state.guard.0.authorize(
                state,
                Request {
                    tool,
                    arguments: args.view(),
                    secret,
                },
            )
        })?;
        // The name passed the policy, so it is one.
        match ToolName::parse(tool) {
            Ok(name) => Ok(Permit::new(Arc::clone(state), name, args, ticket)),
            Err(error) => {
                state
                    .guard
                    .0
                    .give_back(state, tool, ticket, Outcome::Abandoned);
                Err(state.guard.0.refuse_malformed(state, tool, &error))
            }
        }
    }

    /// Runs a tool if the call may run, on the very arguments that were checked.
    ///
    /// # Errors
    /// The tool's own error, or the refusal turned into one.
    pub fn run<A, T, E>(
        &self,
        tool: &str,
        args: A,
        run: impl FnOnce(Args) -> Result<T, E>,
    ) -> Result<T, E>
    where
        A: TryInto<Args>,
        A::Error: Into<ArgsError>,
        E: From<Refusal>,
    {
        let (clearance, args) = self.clear(tool, args)?;
        clearance.run(|| run(args))
    }

    /// As [`run`](Self::run), for a tool that returns a future. No particular runtime is needed.
    ///
    /// # Errors
    /// The tool's own error, or the refusal turned into one.
    pub async fn run_async<A, T, E, F>(
        &self,
        tool: &str,
        args: A,
        run: impl FnOnce(Args) -> F,
    ) -> Result<T, E>
    where
        A: TryInto<Args>,
        A::Error: Into<ArgsError>,
        E: From<Refusal>,
        F: Future<Output = Result<T, E>>,
    {
        let (clearance, args) = self.clear(tool, args)?;
        // The closure is the tool too: it must not be entered before the call counts as made.
        clearance.run_async(async move { run(args).await }).await
    }

    fn clear<'s, A>(&'s self, tool: &'s str, args: A) -> Result<(Clearance<'s>, Args), Refusal>
    where
        A: TryInto<Args>,
        A::Error: Into<ArgsError>,
    {
        let args = self.read(tool, args)?;
        let state = &*self.0;
        let ticket = state.guard.0.with_secrets(tool, |secret| {
            state.guard.0.authorize(
                state,
                Request {
                    tool,
                    arguments: args.view(),
                    secret,
                },
            )
        })?;
        Ok((Clearance::new(state, tool, ticket), args))
    }

    fn read<A>(&self, tool: &str, args: A) -> Result<Args, Refusal>
    where
        A: TryInto<Args>,
        A::Error: Into<ArgsError>,
    {
        args.try_into().map_err(|error| {
            self.0
                .guard
                .0
                .refuse_malformed(&self.0, tool, &error.into())
        })
    }

    /// What `#[guard]` calls: the arguments stay where they are, and are looked at in place.
    #[doc(hidden)]
    pub fn authorize<'s>(
        &'s self,
        tool: &'s str,
        call: &TypedArguments<'_>,
    ) -> Result<Clearance<'s>, Refusal> {
        let arguments = Arguments::Typed(call.fields);
        let guard = &self.0.guard.0;
        let ticket = guard.with_secrets(tool, |listed| match listed {
            [] => guard.authorize(
                &self.0,
                Request {
                    tool,
                    arguments,
                    secret: call.secret,
                },
            ),
            // Secret is what the function or the specification says.
            _ => {
                let secret: Vec<&str> = listed.iter().chain(call.secret).copied().collect();
                guard.authorize(
                    &self.0,
                    Request {
                        tool,
                        arguments,
                        secret: &secret,
                    },
                )
            }
        })?;
        Ok(Clearance::new(&self.0, tool, ticket))
    }

    /// Decides a call without making it, and gives the trace of every rule that was consulted.
    /// Nothing is counted or recorded.
    #[must_use]
    pub fn explain(&self, call: &Call) -> Explanation {
        let in_force = self.0.guard.0.in_force.load();
        let explanation = self.0.guard.0.with_secrets(call.tool().as_str(), |secret| {
            in_force.set().explain_hiding(&self.0.caller, call, secret)
        });
        let request = Request {
            tool: call.tool().as_str(),
            arguments: call.args().view(),
            secret: &[],
        };
        match self.0.guard.0.check_beside_policies(&self.0, request) {
            Ok(()) => explanation,
            Err(reason) => explanation.with_decision(Decision::Deny(reason)),
        }
    }

    /// The guard's tools that this session could call with some arguments; for showing a model only those.
    /// Hiding a tool is a courtesy: calling it is denied all the same.
    #[must_use]
    pub fn visible_tools(&self) -> Vec<&ToolSpec> {
        self.0
            .guard
            .tools()
            .iter()
            .filter(|tool| self.may_call(tool.name()))
            .collect()
    }

    /// Whether this session could call a tool with some arguments, now or with a person's approval.
    #[must_use]
    pub fn may_call(&self, tool: &str) -> bool {
        let in_force = self.0.guard.0.in_force.load();
        let found = self
            .0
            .groups(&in_force)
            .and_then(|groups| Matches::find(in_force.set(), groups, tool));
        found.is_ok() && self.0.guard.0.check_session(&self.0).is_ok()
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("caller", &self.0.caller)
            .finish_non_exhaustive()
    }
}

impl SessionState {
    pub(crate) fn guard(&self) -> &Guard {
        &self.guard
    }

    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
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
