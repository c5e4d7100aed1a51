//! An agent at work.

mod state;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

pub(crate) use state::SessionState;

use crate::call::{Args, ArgsError, Arguments, Call, TypedArguments};
use crate::decision::Decision;
use crate::guard::{Guard, Request, Ticket};
use crate::ids::{Caller, TaskId, ToolName, UserId};
use crate::permit::{Clearance, Permit, read};
use crate::policy::{Explanation, Matches};
use crate::record::{ContextError, DecisionContext, Outcome, SessionId};
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

impl Session {
    pub(crate) fn new(guard: Guard, id: SessionId, caller: Caller) -> Self {
        Self(Arc::new(SessionState::new(guard, id, caller)))
    }

    /// A session that ends with this one.
    fn but(&self, change: impl FnOnce(&mut SessionState)) -> Self {
        let mut state = self.0.derive();
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
        let end = self.0.gate().deadline(after);
        self.but(|state| state.expires_at = end.min(state.expires_at))
    }

    /// The same session with what its host knows of why: the model, what it was asked, what else it considered. It goes
    /// on record with the decisions made through the session that this returns, and decides nothing. It takes the place of
    /// what was attached before.
    ///
    /// # Errors
    /// [`ContextError`] if it is longer than [`DecisionContext::MAX_LEN`].
    pub fn because(&self, context: &DecisionContext) -> Result<Self, ContextError> {
        let attached = self.0.gate().attached(context)?;
        Ok(self.but(|state| state.context = Some(attached)))
    }

    /// Who calls.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        self.0.caller()
    }

    /// The session, as records name it; those made from it have the same.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.0.id()
    }

    /// The guard that it was opened from.
    #[must_use]
    pub fn guard(&self) -> &Guard {
        self.0.guard()
    }

    /// Ends the session, and every other that was made from the same one: their calls are denied, and permits not
    /// yet run do not run.
    pub fn close(&self) {
        self.0.close();
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
        let ticket = self.ticket(tool, &args)?;
        // The name passed the policy, so it is one.
        match ToolName::parse(tool) {
            Ok(name) => Ok(Permit::new(Arc::clone(&self.0), name, args, ticket)),
            Err(error) => {
                let gate = self.0.gate();
                gate.give_back(&self.0, tool, ticket, Outcome::Abandoned);
                Err(gate.refuse_malformed(&self.0, tool, &error))
            }
        }
    }

    /// Runs a tool if the call may run, on the very arguments that were checked.
    ///
    /// What it returns goes on record as a digest and a size and, at the audit level `full`, as it is, if the recorder keeps
    /// that; a tool whose result does not serialise runs on the [permit](Self::call) of its call.
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
        T: Serialize,
        E: From<Refusal>,
    {
        let (clearance, args) = self.clear(tool, args)?;
        clearance.run(|| run(args), read)
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
        T: Serialize,
        E: From<Refusal>,
        F: Future<Output = Result<T, E>>,
    {
        let (clearance, args) = self.clear(tool, args)?;
        // The closure is the tool too: it must not be entered before the call counts as made.
        clearance
            .run_async(async move { run(args).await }, read)
            .await
    }

    fn clear<'s, A>(&'s self, tool: &'s str, args: A) -> Result<(Clearance<'s>, Args), Refusal>
    where
        A: TryInto<Args>,
        A::Error: Into<ArgsError>,
    {
        let args = self.read(tool, args)?;
        let arguments = args.view();
        let clearance = self.0.gate().with_secrets(tool, |secret| {
            let request = Request {
                tool,
                arguments,
                secret,
            };
            self.clearance(tool, request)
        })?;
        Ok((clearance, args))
    }

    fn clearance<'s>(
        &'s self,
        tool: &'s str,
        request: Request<'_>,
    ) -> Result<Clearance<'s>, Refusal> {
        let ticket = self.0.gate().authorize(&self.0, request)?;
        Clearance::begin(&self.0, request, tool, ticket)
    }

    fn ticket(&self, tool: &str, args: &Args) -> Result<Ticket, Refusal> {
        let gate = self.0.gate();
        let arguments = args.view();
        gate.with_secrets(tool, |secret| {
            let request = Request {
                tool,
                arguments,
                secret,
            };
            gate.authorize(&self.0, request)
        })
    }

    fn read<A>(&self, tool: &str, args: A) -> Result<Args, Refusal>
    where
        A: TryInto<Args>,
        A::Error: Into<ArgsError>,
    {
        args.try_into()
            .map_err(|error| self.0.gate().refuse_malformed(&self.0, tool, &error.into()))
    }

    /// What `#[guard]` calls: the arguments stay where they are, and are looked at in place.
    #[doc(hidden)]
    pub fn authorize<'s>(
        &'s self,
        tool: &'s str,
        call: &TypedArguments<'_>,
    ) -> Result<Clearance<'s>, Refusal> {
        let arguments = Arguments::Typed(call.fields);
        let authorize = |secret: &[&str]| {
            let request = Request {
                tool,
                arguments,
                secret,
            };
            self.clearance(tool, request)
        };
        self.0.gate().with_secrets(tool, |listed| match listed {
            [] => authorize(call.secret),
            // Secret is what the function or the specification says.
            _ => authorize(
                &listed
                    .iter()
                    .chain(call.secret)
                    .copied()
                    .collect::<Vec<_>>(),
            ),
        })
    }

    /// Decides a call without making it, and gives the trace of every rule that was consulted.
    /// Nothing is counted or recorded: limits, and what responses of a monitor hold back, are looked at as they stand.
    #[must_use]
    pub fn explain(&self, call: &Call) -> Explanation {
        let gate = self.0.gate();
        let in_force = gate.in_force.load();
        gate.with_secrets(call.tool().as_str(), |secret| {
            let explanation = in_force.set().explain_hiding(self.caller(), call, secret);
            let request = Request {
                tool: call.tool().as_str(),
                arguments: call.args().view(),
                secret,
            };
            let is_allowed = explanation.decision().is_allow();
            let decision = match gate.check_beside_policies(&self.0, request) {
                Err(reason) => Decision::Deny(reason),
                Ok(Some(step_up)) if is_allowed => Decision::Ask(step_up),
                Ok(None) if is_allowed => {
                    let has_room = gate.check_limits(&self.0, request, &in_force);
                    match has_room.and_then(|()| gate.check_admission(&self.0, request.tool)) {
                        Err(reason) => Decision::Deny(reason),
                        Ok(()) => return explanation,
                    }
                }
                Ok(_) => return explanation,
            };
            explanation.with_decision(decision)
        })
    }

    /// The guard's tools that this session could call with some arguments; for showing a model only those.
    /// Hiding a tool is a courtesy: calling it is denied all the same.
    #[must_use]
    pub fn visible_tools(&self) -> Vec<&ToolSpec> {
        self.guard()
            .tools()
            .iter()
            .filter(|tool| self.may_call(tool.name()))
            .collect()
    }

    /// Whether this session could call a tool with some arguments, now or with a person's approval.
    #[must_use]
    pub fn may_call(&self, tool: &str) -> bool {
        let in_force = self.0.gate().in_force.load();
        let found = self
            .0
            .groups(&in_force)
            .and_then(|groups| Matches::find(in_force.set(), groups, tool));
        found.is_ok() && self.0.gate().check_tool(&self.0, tool).is_ok()
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("caller", self.caller())
            .finish_non_exhaustive()
    }
}
