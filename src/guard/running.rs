//! How calls begin and end: on record, or not at all.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Gatehouse;
use super::gate::{Denied, Issued, Request, Ticket, fault, subject};
use crate::anomaly::{Monitor, Note};
use crate::decision::Verdict;
use crate::ids::AgentId;
use crate::record::{
    Ended, Event, Executing, Outcome, RecordError, ResultReading, SessionId, SessionRecord,
    ToolResult,
};
use crate::refusal::Refusal;
use crate::session::SessionState;

impl Gatehouse {
    /// Records that a call begins, at this time. What cannot be recorded does not run, nor what has come to be forbidden
    /// while it was being recorded, which may take as long as the disk does: its places are to be given back.
    pub(crate) fn begin(
        &self,
        session: &SessionState,
        request: Request<'_>,
        ticket: &mut Ticket,
        now: u64,
    ) -> Result<(), Denied> {
        if !self.keeps_beginnings {
            return Ok(());
        }
        let effect = ticket.effect;
        let event = Event::Executing(Executing {
            subject: subject(ticket.call, session, request.tool),
            effect,
        });
        let deny = |message: String| (Verdict::Deny, fault(&message));
        self.write(now, event)
            .map_err(|error| deny(format!("the call was not recorded: {error}")))?;
        self.recheck(session, ticket, request)?;
        if ticket.effect != effect {
            // It was not recorded as durably as the new policies want it.
            return Err(deny("the policies changed meanwhile".to_owned()));
        }
        Ok(())
    }

    /// Gives back what a call that may not begin had reserved, and tells why.
    pub(crate) fn turn_away(
        &self,
        session: &SessionState,
        tool: &str,
        ticket: Ticket,
        (verdict, reason): Denied,
    ) -> Refusal {
        let refusal = Refusal::new(ticket.call, tool, verdict, reason);
        self.give_back(session, tool, ticket, Outcome::Refused(refusal.code()));
        refusal
    }

    /// Records that a session was closed, as far as that can be.
    pub(crate) fn record_closed(&self, session: SessionId, agent: &AgentId) {
        let event = Event::SessionClosed(SessionRecord { session, agent });
        self.record_or_stop(self.timing.now(), event);
    }

    /// Gives back what a call that never ran had reserved.
    pub(crate) fn give_back(
        &self,
        session: &SessionState,
        tool: &str,
        ticket: Ticket,
        outcome: Outcome,
    ) {
        let issued = ticket.give_up();
        self.record_end(session, tool, issued, outcome, None);
    }

    /// Records that a tool returned a value, and what of it a log may know. `show` shows it to the reading.
    pub(crate) fn record_completed(
        &self,
        session: &SessionState,
        tool: &str,
        issued: Issued,
        show: impl FnOnce(&mut ResultReading),
    ) {
        if !self.keeps_results {
            return self.record_end(session, tool, issued, Outcome::Completed, None);
        }
        let mut reading = ResultReading::new(&self.digest_key);
        show(&mut reading);
        reading.tell(issued.audit_level, |result| {
            self.record_end(session, tool, issued, Outcome::Completed, result);
        });
    }

    /// Records how a call ended. What cannot be recorded stops all later calls; a recorder that panics has not recorded.
    pub(crate) fn record_end(
        &self,
        session: &SessionState,
        tool: &str,
        issued: Issued,
        outcome: Outcome,
        result: Option<ToolResult<'_>>,
    ) {
        let now = self.timing.now();
        let latency = Duration::from_nanos(now.saturating_sub(issued.at));
        let event = Event::Ended(Ended {
            subject: subject(issued.call, session, tool),
            outcome,
            latency,
            audit_level: issued.audit_level,
            result,
        });
        self.record_or_stop(now, event);
    }

    /// Writes a record, and what a monitor has to say behind it.
    pub(super) fn write(&self, now: u64, event: Event<'_>) -> Result<(), RecordError> {
        let record = self.timing.record(now, event);
        self.recorder.record(&record)?;
        if let Some(monitor) = &self.monitor {
            for note in monitor.see_recorded(&record) {
                self.write_note(monitor, now, &note);
            }
        }
        self.write_notes();
        Ok(())
    }

    /// Writes what a monitor tells and does that no call led to.
    pub(super) fn write_notes(&self) {
        let Some(monitor) = &self.monitor else {
            return;
        };
        while let Some(note) = monitor.take_note() {
            self.write_note(monitor, self.timing.now(), &note);
        }
    }

    /// It holds whether or not it can be written.
    fn write_note(&self, monitor: &Monitor, now: u64, note: &Note) {
        let record = self.timing.record(now, note.event());
        if self.recorder.record(&record).is_err() {
            monitor.lose_note();
        }
    }

    /// What cannot be recorded any more stops all later calls.
    fn record_or_stop(&self, now: u64, event: Event<'_>) {
        // This may run while a tool's panic unwinds, where a second panic would end the process.
        let record = || self.write(now, event);
        let recorded = catch_unwind(AssertUnwindSafe(record));
        if !matches!(recorded, Ok(Ok(()))) {
            self.poisoned.store(true, Ordering::Release);
        }
    }
}
