//! The proof that one call may run, once and soon.

use std::borrow::Borrow;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use serde::Serialize;

use crate::call::Args;
use crate::guard::{Issued, Request, Ticket};
use crate::ids::ToolName;
use crate::record::{CallId, Outcome, ResultReading};
use crate::refusal::Refusal;
use crate::session::SessionState;

/// The proof that a call may run: for this call only, once, within 5 seconds.
///
/// It owns the arguments that were checked, and is consumed by running. Dropped without running it is recorded as
/// abandoned, and its places in limits are given back.
///
/// A permit cannot be copied, so a call cannot run twice:
/// ```compile_fail
/// fn twice(permit: portcullis::Permit) {
///     let _: Result<(), portcullis::Refusal> = permit.run(|_| Ok(()));
///     let _: Result<(), portcullis::Refusal> = permit.run(|_| Ok(()));
/// }
/// ```
/// ```
/// fn once(permit: portcullis::Permit) {
///     let _: Result<(), portcullis::Refusal> = permit.run(|_| Ok(()));
/// }
/// ```
#[must_use = "a permit that is not run is given back"]
pub struct Permit {
    call: CallId,
    args: Args,
    pass: Pass<Arc<SessionState>, ToolName>,
}

impl Permit {
    pub(crate) fn new(
        session: Arc<SessionState>,
        tool: ToolName,
        args: Args,
        ticket: Ticket,
    ) -> Self {
        Self {
            call: ticket.call,
            args,
            pass: Pass {
                session,
                tool,
                ticket: Some(ticket),
            },
        }
    }

    /// The arguments that were checked, and will be run on.
    #[must_use]
    pub fn args(&self) -> &Args {
        &self.args
    }

    /// The tool.
    #[must_use]
    pub fn tool(&self) -> &ToolName {
        &self.pass.tool
    }

    /// The call, as records name it.
    #[must_use]
    pub fn call(&self) -> CallId {
        self.call
    }

    /// Runs the tool on the checked arguments, and records how it ended and what it returned.
    ///
    /// # Errors
    /// The tool's own error; or a refusal, if the permit lapsed, the session ended, or the deny list or other policies have
    /// come to forbid the call meanwhile. Then the tool did not run.
    pub fn run<T, E>(self, run: impl FnOnce(Args) -> Result<T, E>) -> Result<T, E>
    where
        T: Serialize,
        E: From<Refusal>,
    {
        let running = self.pass.recheck(&self.args)?.start();
        running.finish(run(self.args), read)
    }

    /// As [`run`](Self::run), for a tool that returns a future. Dropping the future is recorded as cancelling.
    ///
    /// # Errors
    /// As for [`run`](Self::run).
    pub async fn run_async<T, E, F>(self, run: impl FnOnce(Args) -> F) -> Result<T, E>
    where
        T: Serialize,
        E: From<Refusal>,
        F: Future<Output = Result<T, E>>,
    {
        let running = self.pass.recheck(&self.args)?.start();
        running.finish(run(self.args).await, read)
    }

    /// As [`run`](Self::run), for a tool whose result cannot be serialised, or is not to be: that it completed goes on
    /// record, and nothing of what it returned.
    ///
    /// # Errors
    /// As for [`run`](Self::run).
    pub fn run_unread<T, E>(self, run: impl FnOnce(Args) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Refusal>,
    {
        let running = self.pass.recheck(&self.args)?.start();
        running.finish(run(self.args), leave_unread)
    }

    /// As [`run_unread`](Self::run_unread), for a tool that returns a future.
    ///
    /// # Errors
    /// As for [`run`](Self::run).
    pub async fn run_async_unread<T, E, F>(self, run: impl FnOnce(Args) -> F) -> Result<T, E>
    where
        E: From<Refusal>,
        F: Future<Output = Result<T, E>>,
    {
        let running = self.pass.recheck(&self.args)?.start();
        running.finish(run(self.args).await, leave_unread)
    }
}

/// Reads a result for the record.
pub(crate) fn read<T: Serialize>(value: &T, reading: &mut ResultReading) {
    reading.read(value);
}

fn leave_unread<T>(_: &T, _: &mut ResultReading) {}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("tool", self.tool())
            .field("args", &self.args)
            .finish()
    }
}

/// A permit for a call that runs at once, on arguments that stay where they are. What `#[guard]` works with.
#[doc(hidden)]
#[must_use]
pub struct Clearance<'s>(Pass<&'s SessionState, &'s str>);

impl<'s> Clearance<'s> {
    /// Records that the call begins; the decision's reading of the clock serves for that too.
    pub(crate) fn begin(
        session: &'s SessionState,
        request: Request<'_>,
        tool: &'s str,
        mut ticket: Ticket,
    ) -> Result<Self, Refusal> {
        let gate = session.gate();
        let now = ticket.issued_at;
        if let Err(denied) = gate.begin(session, request, &mut ticket, now) {
            return Err(gate.turn_away(session, tool, ticket, denied));
        }
        Ok(Self(Pass {
            session,
            tool,
            ticket: Some(ticket),
        }))
    }

    /// Runs the tool and records how it ended. `show` shows what it returned to the reading, as far as that can be.
    ///
    /// # Errors
    /// The tool's own.
    pub fn run<T, E>(
        self,
        run: impl FnOnce() -> Result<T, E>,
        show: impl FnOnce(&T, &mut ResultReading),
    ) -> Result<T, E> {
        let running = self.0.start();
        running.finish(run(), show)
    }

    /// As [`run`](Self::run), for the tool's future.
    ///
    /// # Errors
    /// The tool's own.
    pub async fn run_async<T, E, F: Future<Output = Result<T, E>>>(
        self,
        run: F,
        show: impl FnOnce(&T, &mut ResultReading),
    ) -> Result<T, E> {
        let running = self.0.start();
        running.finish(run.await, show)
    }
}

impl fmt::Debug for Clearance<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clearance")
            .field("tool", &self.0.tool)
            .finish()
    }
}

/// A ticket that is given back unless it is used. The session is owned or borrowed, as the holder needs.
struct Pass<S: Borrow<SessionState>, N: AsRef<str>> {
    session: S,
    tool: N,
    ticket: Option<Ticket>,
}

impl<S: Borrow<SessionState> + Clone, N: AsRef<str> + Clone> Pass<S, N> {
    fn recheck(mut self, args: &Args) -> Result<Self, Refusal> {
        let Some(mut ticket) = self.ticket.take() else {
            return Ok(self);
        };
        let session = self.session.borrow();
        let gate = session.gate();
        let tool = self.tool.as_ref();
        let arguments = args.view();
        let checked = gate.with_secrets(tool, |secret| {
            let request = Request {
                tool,
                arguments,
                secret,
            };
            let now = gate.recheck(session, &mut ticket, request)?;
            gate.begin(session, request, &mut ticket, now)
        });
        match checked {
            Ok(()) => {
                self.ticket = Some(ticket);
                Ok(self)
            }
            Err(denied) => Err(gate.turn_away(session, tool, ticket, denied)),
        }
    }

    /// From here on the call counts as made.
    fn start(mut self) -> Running<S, N> {
        let issued = self.ticket.take().map(Ticket::spend);
        Running {
            session: self.session.clone(),
            tool: self.tool.clone(),
            issued,
        }
    }
}

impl<S: Borrow<SessionState>, N: AsRef<str>> Drop for Pass<S, N> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            let session = self.session.borrow();
            let tool = self.tool.as_ref();
            session
                .gate()
                .give_back(session, tool, ticket, Outcome::Abandoned);
        }
    }
}

/// A tool at work. Dropped before it finished, the tool panicked or its future was cancelled.
struct Running<S: Borrow<SessionState>, N: AsRef<str>> {
    session: S,
    tool: N,
    /// Until the end of the call is recorded.
    issued: Option<Issued>,
}

impl<S: Borrow<SessionState>, N: AsRef<str>> Running<S, N> {
    fn finish<T, E>(
        mut self,
        result: Result<T, E>,
        show: impl FnOnce(&T, &mut ResultReading),
    ) -> Result<T, E> {
        match &result {
            Ok(value) => self.completed(|reading| show(value, reading)),
            Err(_) => self.end(Outcome::Failed),
        }
        result
    }

    /// Serialising is the tool's own code: where it panics, the call is recorded as one that did.
    fn completed(&mut self, show: impl FnOnce(&mut ResultReading)) {
        if let Some(issued) = self.issued {
            let session = self.session.borrow();
            let tool = self.tool.as_ref();
            session.gate().record_completed(session, tool, issued, show);
            self.issued = None;
        }
    }

    fn end(&mut self, outcome: Outcome) {
        if let Some(issued) = self.issued.take() {
            let session = self.session.borrow();
            session
                .gate()
                .record_end(session, self.tool.as_ref(), issued, outcome, None);
        }
    }
}

impl<S: Borrow<SessionState>, N: AsRef<str>> Drop for Running<S, N> {
    fn drop(&mut self) {
        self.end(if std::thread::panicking() {
            Outcome::Panicked
        } else {
            Outcome::Cancelled
        });
    }
}
