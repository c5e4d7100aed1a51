//! One call through the gate: decide, reserve, record.

use std::time::Duration;

use super::metering::Subject as Metered;
use super::{Gatehouse, InForce};
use crate::call::{Arguments, digest};
use crate::decision::{AuditLevel, Code, Detail, Effect, Reason, Verdict};
use crate::digest::{Digest, Encoder};
use crate::ids::ToolName;
use crate::limit::Reservation;
use crate::policy::{Matches, approval_required};
use crate::record::{CallId, Decided, Event, Outcome, Subject};
use crate::refusal::Refusal;
use crate::session::SessionState;
use crate::thread_id;

/// What a session asks for.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) tool: &'a str,
    pub(crate) arguments: Arguments<'a>,
    /// Parameters that must never be recorded.
    pub(crate) secret: &'a [&'a str],
}

/// The right to run one call once, soon. Dropped, it gives its places in limits back.
#[derive(Debug)]
pub(crate) struct Ticket {
    pub(crate) call: CallId,
    /// Monotonic nanoseconds.
    pub(crate) issued_at: u64,
    /// Of the policies that allowed the call.
    pub(super) epoch: u64,
    /// By the policies that allowed the call.
    pub(super) effect: Effect,
    /// By the policies that allowed the call.
    pub(super) audit_level: AuditLevel,
    pub(super) places: Places,
}

impl Ticket {
    /// From here on the call counts as made.
    pub(crate) fn spend(self) -> Issued {
        let issued = self.issued();
        self.places.spend();
        issued
    }

    /// The call will not be made: its places are free again.
    pub(super) fn give_up(self) -> Issued {
        self.issued()
    }

    fn issued(&self) -> Issued {
        Issued {
            call: self.call,
            at: self.issued_at,
            audit_level: self.audit_level,
        }
    }
}

/// What a ticket was for, for the record of how the call ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Issued {
    pub(super) call: CallId,
    /// Monotonic nanoseconds.
    pub(super) at: u64,
    pub(super) audit_level: AuditLevel,
}

/// Places in limits that are given back unless they are spent, also where a recorder panics.
#[derive(Debug)]
pub(super) struct Places(Option<Reservation>);

impl Places {
    fn spend(mut self) {
        // A reservation that is dropped counts.
        self.0 = None;
    }

    pub(super) fn give_back(&mut self) {
        if let Some(reservation) = self.0.take() {
            reservation.cancel();
        }
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// Why a call may not run, and whether a person could change that.
pub(crate) type Denied = (Verdict, Reason);

/// How long a permit waits to be run.
pub(crate) const LAPSES_AFTER: Duration = Duration::from_secs(5);

/// How often a call is decided again because the policies changed meanwhile.
pub(super) const DECISIONS: usize = 16;

impl Gatehouse {
    /// Decides a call and records the decision. On success the call may run.
    pub(crate) fn authorize(
        &self,
        session: &SessionState,
        request: Request<'_>,
    ) -> Result<Ticket, Refusal> {
        let call = CallId(thread_id::next_call());
        let refusal = |(verdict, reason)| Refusal::new(call, request.tool, verdict, reason);
        self.check_recorder()
            .map_err(|reason| refusal((Verdict::Deny, reason)))?;
        let now = self.timing.now();
        for _ in 0..DECISIONS {
            if let Some(decided) = self.decide(call, session, request, now) {
                return decided.map_err(refusal);
            }
        }
        Err(refusal((
            Verdict::Deny,
            fault("the policies keep changing"),
        )))
    }

    /// `None` if the policies changed while the call took its places in limits.
    fn decide(
        &self,
        call: CallId,
        session: &SessionState,
        request: Request<'_>,
        now: u64,
    ) -> Option<Result<Ticket, Denied>> {
        let settled = self.changes.settled();
        let in_force = self.in_force.load();
        let mut matches = Matches::default();
        let standing = session
            .check_open(now)
            .and_then(|()| self.check_behaviour(session, request.tool, Some(call)));
        let found = standing.and_then(|step_up| {
            find(session, &in_force, request.tool, &mut matches)?;
            Ok(step_up)
        });
        let examined = match found {
            Ok(step_up) => self.examine(session, request, now, &in_force, &matches, step_up),
            Err(reason) => Err((Verdict::Deny, reason)),
        };
        if examined.is_ok() && self.changes.since(settled) {
            return None;
        }
        // What it takes is not given back, so only once the policies are known not to have changed.
        let result = examined.and_then(|places| self.admit(call, session, request.tool, places));
        let recorded =
            self.record_decision(call, session, request, now, &in_force, &matches, &result);
        Some(match (result, recorded) {
            (Err(denied), Ok(())) => Err(denied),
            (_, Err(reason)) => Err((Verdict::Deny, reason)),
            (Ok(places), Ok(())) => {
                let epoch = in_force.version().epoch;
                let ticket = Ticket {
                    call,
                    issued_at: now,
                    epoch,
                    effect: matches.effect(),
                    audit_level: matches.audit_level(),
                    places,
                };
                self.unless_withdrawn(session, request, ticket)
            }
        })
    }

    /// What was withdrawn while the record was being written must not run.
    fn unless_withdrawn(
        &self,
        session: &SessionState,
        request: Request<'_>,
        ticket: Ticket,
    ) -> Result<Ticket, Denied> {
        match self.check_withdrawn(session, request, ticket.call) {
            Ok(()) => Ok(ticket),
            Err((verdict, reason)) => {
                let outcome = Outcome::Refused(reason.code());
                self.give_back(session, request.tool, ticket, outcome);
                Err((verdict, reason))
            }
        }
    }

    /// Records and returns the refusal of a call whose arguments could not be read.
    pub(crate) fn refuse_malformed(
        &self,
        session: &SessionState,
        tool: &str,
        problem: &dyn std::fmt::Display,
    ) -> Refusal {
        let call = CallId(thread_id::next_call());
        let reason = Reason::new(Code::Malformed, None, Detail::Message(problem.to_string()));
        let refused = |reason| Refusal::new(call, tool, Verdict::Deny, reason);
        if let Err(reason) = self.check_recorder() {
            return refused(reason);
        }
        let in_force = self.in_force.load();
        let request = Request {
            tool,
            arguments: Arguments::Typed(&[]),
            secret: &[],
        };
        let result = Err((Verdict::Deny, reason.clone()));
        let now = self.timing.now();
        match self.record_decision(
            call,
            session,
            request,
            now,
            &in_force,
            &Matches::default(),
            &result,
        ) {
            Ok(()) => refused(reason),
            Err(fault) => refused(fault),
        }
    }

    /// Everything after the tool was found: only the last step takes anything. `step_up` is why behaviour wants the approval of a
    /// person.
    fn examine(
        &self,
        session: &SessionState,
        request: Request<'_>,
        now: u64,
        in_force: &InForce,
        matches: &Matches<'_>,
        step_up: Option<Reason>,
    ) -> Result<Places, Denied> {
        let deny = |reason| (Verdict::Deny, reason);
        check_representable(request.arguments).map_err(deny)?;
        matches
            .check(request.arguments, request.secret)
            .map_err(deny)?;
        self.check_indicators(session, request).map_err(deny)?;
        if let Some(matched) = matches.approval() {
            return Err((Verdict::Ask, approval_required(matched)));
        }
        if let Some(reason) = step_up {
            return Err((Verdict::Ask, reason));
        }
        self.reserve(session, request, now, in_force, matches)
            .map_err(deny)
    }

    /// Whether a call that all else allows may run by what responses hold back. Where not, its places are given back.
    fn admit(
        &self,
        call: CallId,
        session: &SessionState,
        tool: &str,
        places: Places,
    ) -> Result<Places, Denied> {
        let Some(monitor) = &self.monitor else {
            return Ok(places);
        };
        let admitted = monitor.admit(&session.caller().agent, tool, call);
        admitted.map_err(|reason| (Verdict::Deny, reason))?;
        Ok(places)
    }

    /// Whether what responses hold back would let a call run that all else allows. Takes nothing.
    pub(crate) fn check_admission(&self, session: &SessionState, tool: &str) -> Result<(), Reason> {
        match &self.monitor {
            Some(monitor) => monitor.would_admit(&session.caller().agent, tool),
            None => Ok(()),
        }
    }

    pub(super) fn reserve(
        &self,
        session: &SessionState,
        request: Request<'_>,
        now: u64,
        in_force: &InForce,
        matches: &Matches<'_>,
    ) -> Result<Places, Reason> {
        let subject = metered(session, request);
        let reservation = self.metering.reserve(now, in_force, matches, subject)?;
        Ok(Places(Some(reservation)))
    }

    /// Whether the limits have room for a call that the policies allow. Takes nothing.
    pub(crate) fn check_limits(
        &self,
        session: &SessionState,
        request: Request<'_>,
        in_force: &InForce,
    ) -> Result<(), Reason> {
        let mut matches = Matches::default();
        find(session, in_force, request.tool, &mut matches)?;
        let subject = metered(session, request);
        self.metering
            .check(self.timing.now(), in_force, &matches, subject)
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "a record is about all that the decision rested on"
    )]
    fn record_decision(
        &self,
        call: CallId,
        session: &SessionState,
        request: Request<'_>,
        now: u64,
        in_force: &InForce,
        matches: &Matches<'_>,
        result: &Result<Places, Denied>,
    ) -> Result<(), Reason> {
        let version = in_force.version();
        let (verdict, code, rule) = match result {
            Ok(_) => (
                Verdict::Allow,
                Code::Allowed,
                matches.first().map(|matched| matched.rule()),
            ),
            Err((verdict, reason)) => (
                *verdict,
                reason.code(),
                reason.rule().map(crate::decision::Rule::as_ref),
            ),
        };
        let readable = code != Code::Malformed;
        let event = Event::Decided(Decided {
            subject: subject(call, session, request.tool),
            verdict,
            code,
            rule,
            digest: readable.then(|| self.keyed_digest(request)),
            epoch: version.epoch,
            policy: version.digest,
            effect: matches.effect(),
            audit_level: matches.audit_level(),
            context_digest: session.context().map(|context| context.digest),
            arguments: readable.then_some(request.arguments),
            secret: request.secret,
            context: session.context().map(|context| &*context.json),
        });
        let recorded = self.write(now, event);
        recorded.map_err(|error| fault(&format!("the decision was not recorded: {error}")))
    }

    fn keyed_digest(&self, request: Request<'_>) -> Digest {
        digest(
            request.tool,
            request.arguments,
            Encoder::keyed_call(&self.digest_key),
        )
    }
}

/// The permissions that speak of the tool, in every policy that applies.
pub(super) fn find<'p>(
    session: &SessionState,
    in_force: &'p InForce,
    tool: &str,
    matches: &mut Matches<'p>,
) -> Result<(), Reason> {
    let groups = session.groups(in_force)?;
    matches
        .fill(in_force.set(), groups, tool)
        .map_err(|reason| match ToolName::check(tool) {
            Ok(()) => reason,
            Err(error) => Reason::new(Code::Malformed, None, Detail::Message(error.to_string())),
        })
}

fn metered<'a>(session: &'a SessionState, request: Request<'a>) -> Metered<'a> {
    Metered {
        caller: session.caller(),
        session: session.id(),
        owner: session.owner(),
        tool: request.tool,
        arguments: request.arguments,
        secret: request.secret,
    }
}

/// JSON holds only what can be written; a Rust value may hold a number that is not finite.
fn check_representable(arguments: Arguments<'_>) -> Result<(), Reason> {
    let Arguments::Typed(fields) = arguments else {
        return Ok(());
    };
    let odd = fields
        .iter()
        .find(|(_, view)| view.is_some_and(|view| !view.is_representable()));
    match odd {
        None => Ok(()),
        Some((name, _)) => {
            let message = format!("the parameter `{name}` has no form in JSON");
            Err(Reason::new(Code::Malformed, None, Detail::Message(message)))
        }
    }
}

pub(super) fn subject<'a>(call: CallId, session: &'a SessionState, tool: &'a str) -> Subject<'a> {
    let caller = session.caller();
    Subject {
        call,
        session: session.id(),
        agent: &caller.agent,
        user: caller.user.as_ref(),
        task: caller.task.as_ref(),
        tool,
    }
}

pub(super) fn fault(message: &str) -> Reason {
    Reason::new(Code::Fault, None, Detail::Message(message.to_owned()))
}
