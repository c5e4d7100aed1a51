//! How calls end: on record, or not at all.

use std::sync::atomic::{AtomicBool, Ordering};
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
            reservation,
            ..
        } = ticket;
        reservation.cancel();
        self.record_end(session, tool, call, issued_at, outcome);
    }

    /// Records how a call ended. What cannot be recorded stops all later calls, also where the recorder panics.
    pub(crate) fn record_end(
        &self,
        session: &SessionState,
        tool: &str,
        call: CallId,
        issued_at: u64,
        outcome: Outcome,
    ) {
        let mut recorded = Recorded {
            poisoned: &self.poisoned,
            done: false,
        };
        let now = self.timing.now();
        let latency = Duration::from_nanos(now.saturating_sub(issued_at));
        let event = Event::Ended(Ended {
            subject: subject(call, session, tool),
            outcome,
            latency,
        });
        recorded.done = self
            .recorder
            .record(&self.timing.record(now, event))
            .is_ok();
    }
}

/// Poisons the guard unless it is told that the record was written.
struct Recorded<'g> {
    poisoned: &'g AtomicBool,
    done: bool,
}

impl Drop for Recorded<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.poisoned.store(true, Ordering::Release);
        }
    }
}
