//! How calls end: on record, or not at all.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Gatehouse;
use super::gate::{Ticket, subject};
use crate::record::{CallId, Ended, Event, Outcome};
use crate::session::SessionState;

impl Gatehouse {
    /// Gives back what a call that never ran had reserved.
    pub(crate) fn give_back(
        &self,
        session: &SessionState,
        tool: &str,
        ticket: Ticket,
        outcome: Outcome,
    ) {
        let Ticket {
            call,
            issued_at,
            places,
            ..
        } = ticket;
        drop(places);
        self.record_end(session, tool, call, issued_at, outcome);
    }

    /// Records how a call ended. What cannot be recorded stops all later calls; a recorder that panics has not recorded.
    pub(crate) fn record_end(
        &self,
        session: &SessionState,
        tool: &str,
        call: CallId,
        issued_at: u64,
        outcome: Outcome,
    ) {
        let now = self.timing.now();
        let latency = Duration::from_nanos(now.saturating_sub(issued_at));
        let event = Event::Ended(Ended {
            subject: subject(call, session, tool),
            outcome,
            latency,
        });
        // This may run while a tool's panic unwinds, where a second panic would end the process.
        let record = || self.recorder.record(&self.timing.record(now, event));
        let recorded = catch_unwind(AssertUnwindSafe(record));
        if !matches!(recorded, Ok(Ok(()))) {
            self.poisoned.store(true, Ordering::Release);
        }
    }
}
