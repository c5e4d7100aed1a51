//! What must hold beside the policies, and what must still hold when a permit is run.

use std::sync::atomic::Ordering;

use super::gate::{DECISIONS, Denied, LAPSES_AFTER, Request, Ticket, fault, find};
use super::{Gatehouse, InForce, timing};
use crate::call::digest;
use crate::decision::{Code, Detail, Reason, Verdict};
use crate::digest::Encoder;
use crate::indicator::Hit;
use crate::policy::{Matches, approval_required};
use crate::record::CallId;
use crate::session::SessionState;

impl Gatehouse {
    pub(super) fn check_indicators(
        &self,
        session: &SessionState,
        request: Request<'_>,
    ) -> Result<(), Reason> {
        if !self.has_indicators.load(Ordering::Acquire) {
            return Ok(());
        }
        let fingerprint = || digest(request.tool, request.arguments, Encoder::call());
        match self
            .indicators
            .load()
            .hit(&session.caller().agent, request.arguments, fingerprint)
        {
            None => Ok(()),
            Some(hit) => Err(listed_reason(hit)),
        }
    }

    pub(super) fn check_recorder(&self) -> Result<(), Reason> {
        if self.poisoned.load(Ordering::Acquire) {
            return Err(fault("an earlier outcome could not be recorded"));
        }
        Ok(())
    }

    /// What must still hold when a permit that waited is run; tells the time at which it held.
    pub(crate) fn recheck(
        &self,
        session: &SessionState,
        ticket: &mut Ticket,
        request: Request<'_>,
    ) -> Result<u64, Denied> {
        let deny = |reason| (Verdict::Deny, reason);
        self.check_recorder().map_err(deny)?;
        let now = self.timing.now();
        if now.saturating_sub(ticket.issued_at) >= timing::nanos(LAPSES_AFTER) {
            let detail = Detail::Message("the permit was not run in time".to_owned());
            return Err(deny(Reason::new(Code::Lapsed, None, detail)));
        }
        session.check_open(now).map_err(deny)?;
        let step_up = self.check_unchanged(session, request, ticket.call);
        let step_up = step_up.map_err(deny)?;
        // What they deny is not asked about.
        self.recheck_policies(session, ticket, request, now)?;
        ask_about(step_up)?;
        Ok(now)
    }

    /// Policies that came into force meanwhile must allow the call too, with places in their limits instead of those
    /// it has. If they change again under that, the next ones must.
    fn recheck_policies(
        &self,
        session: &SessionState,
        ticket: &mut Ticket,
        request: Request<'_>,
        now: u64,
    ) -> Result<(), Denied> {
        for _ in 0..DECISIONS {
            let settled = self.changes.settled();
            let in_force = self.in_force.load();
            let epoch = in_force.version().epoch;
            if epoch == ticket.epoch {
                return Ok(());
            }
            self.move_to(session, ticket, request, now, &in_force)?;
            if !self.changes.since(settled) {
                ticket.epoch = epoch;
                return Ok(());
            }
        }
        Err((Verdict::Deny, fault("the policies keep changing")))
    }

    /// Decides the call by other policies, and takes places in their limits for those it has.
    fn move_to(
        &self,
        session: &SessionState,
        ticket: &mut Ticket,
        request: Request<'_>,
        now: u64,
        in_force: &InForce,
    ) -> Result<(), Denied> {
        let deny = |reason| (Verdict::Deny, reason);
        let mut matches = Matches::default();
        find(session, in_force, request.tool, &mut matches).map_err(deny)?;
        matches
            .check(request.arguments, request.secret)
            .map_err(deny)?;
        if let Some(matched) = matches.approval() {
            return Err((Verdict::Ask, approval_required(matched)));
        }
        ticket.places.give_back();
        ticket.places = self
            .reserve(session, request, now, in_force, &matches)
            .map_err(deny)?;
        ticket.effect = ticket.effect.max(matches.effect());
        ticket.audit_level = matches.audit_level();
        Ok(())
    }

    /// Whether the session was closed, the call has come onto the deny list, or behaviour has come to forbid it.
    pub(super) fn check_withdrawn(
        &self,
        session: &SessionState,
        request: Request<'_>,
        call: CallId,
    ) -> Result<(), Denied> {
        let deny = |reason| (Verdict::Deny, reason);
        session.check_not_closed().map_err(deny)?;
        let step_up = self.check_unchanged(session, request, call);
        ask_about(step_up.map_err(deny)?)
    }

    fn check_unchanged(
        &self,
        session: &SessionState,
        request: Request<'_>,
        call: CallId,
    ) -> Result<Option<Reason>, Reason> {
        let step_up = self.check_behaviour(session, request.tool, Some(call))?;
        self.check_indicators(session, request)?;
        Ok(step_up)
    }

    /// Whether the agent is shut out or held back; if not, why its behaviour wants the approval of a person, if it does.
    pub(super) fn check_behaviour(
        &self,
        session: &SessionState,
        tool: &str,
        call: Option<CallId>,
    ) -> Result<Option<Reason>, Reason> {
        self.check_quarantine(session)?;
        let (agent, endings) = (&session.caller().agent, session.endings());
        match &self.monitor {
            Some(monitor) => monitor.check(agent, endings, tool, call),
            None => Ok(None),
        }
    }

    pub(super) fn check_quarantine(&self, session: &SessionState) -> Result<(), Reason> {
        if self.quarantine.holds(&session.caller().agent) {
            return Err(Reason::new(Code::Quarantined, None, Detail::None));
        }
        Ok(())
    }

    /// Why no call of this session could run now, whatever the policies say; if none, why its behaviour wants the approval of a
    /// person.
    pub(crate) fn check_beside_policies(
        &self,
        session: &SessionState,
        request: Request<'_>,
    ) -> Result<Option<Reason>, Reason> {
        self.check_recorder()?;
        session.check_open(self.timing.now())?;
        let step_up = self.check_behaviour(session, request.tool, None)?;
        self.check_indicators(session, request)?;
        Ok(step_up)
    }

    /// Whether the agent is on the deny list.
    pub(super) fn check_agent(&self, session: &SessionState) -> Result<(), Reason> {
        let listed = self.has_indicators.load(Ordering::Acquire)
            && self.indicators.load().covers_agent(&session.caller().agent);
        if listed {
            Err(listed_reason(Hit::Agent))
        } else {
            Ok(())
        }
    }
}

fn ask_about(step_up: Option<Reason>) -> Result<(), Denied> {
    step_up.map_or(Ok(()), |reason| Err((Verdict::Ask, reason)))
}

fn listed_reason(hit: Hit) -> Reason {
    Reason::new(
        Code::Indicator,
        None,
        Detail::Message(hit.message().to_owned()),
    )
}
