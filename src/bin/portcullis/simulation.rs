//! Calls at a gate of their own, with a clock that moves as it is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use portcullis::{Args, Call, Clock, Explanation, Refusal, Session, ToolName};

use crate::Failure;
use crate::policies::Policies;
use crate::report::Decided;

/// Which time counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ClockKind {
    /// One call a second, whatever it takes.
    Simulated,
    /// As the calls come in.
    Wall,
}

/// A guard whose limits can be emptied between one trace and the next.
pub(crate) struct Simulation<'p> {
    policies: &'p Policies,
    session: Session,
    clock: Arc<SimulatedClock>,
    /// After so long nothing of any limit is used.
    window: Duration,
}

impl<'p> Simulation<'p> {
    pub(crate) fn new(policies: &'p Policies, kind: ClockKind) -> Result<Self, Failure> {
        let clock = Arc::new(SimulatedClock::new(kind));
        Ok(Self {
            session: policies.session(Arc::clone(&clock))?,
            window: policies.longest_window(),
            policies,
            clock,
        })
    }

    /// A call that runs, if it may, and does nothing.
    pub(crate) fn call(&self, tool: &str, args: &str) -> Result<(), Refusal> {
        self.session.run(tool, args, |_| Ok(()))
    }

    /// How a call would be decided now. Nothing is used up.
    pub(crate) fn decide(&self, tool: &str, args: &str) -> Decided {
        match self.explain(tool, args) {
            Ok(explanation) => Decided::from(explanation.decision()),
            Err(refusal) => Decided::from(&refusal),
        }
    }

    /// As [`decide`](Self::decide), with the trace of all rules.
    ///
    /// # Errors
    /// The gate's refusal of what is not well-formed; there are no rules to trace for that.
    pub(crate) fn explain(&self, tool: &str, args: &str) -> Result<Explanation, Refusal> {
        let call = match (ToolName::parse(tool), Args::parse(args)) {
            (Ok(tool), Ok(args)) => Call::new(tool, args),
            _ => {
                let permit = self.session.call(tool, args)?;
                Call::new(permit.tool().clone(), permit.args().clone())
            }
        };
        Ok(self.session.explain(&call))
    }

    /// The second between two calls.
    pub(crate) fn pass_a_second(&self) {
        if self.clock.started.is_none() {
            self.clock.skip(Duration::from_secs(1));
        }
    }

    /// Empties all limits. Once the longest window has passed without a call, a guard cannot be told from a new one;
    /// that is much cheaper than to build one, which is only done when the clock has come far.
    pub(crate) fn renew(&mut self) -> Result<(), Failure> {
        if self.clock.monotonic() < FAR {
            self.clock.skip(self.window);
        } else {
            self.clock.skipped.store(0, Ordering::Relaxed);
            self.session = self.policies.session(Arc::clone(&self.clock))?;
        }
        Ok(())
    }
}

/// The clock's range is 584 years, and a window lasts at most one.
const FAR: Duration = Duration::from_secs(500 * 365 * 24 * 3600);

/// Time that was skipped, and the real time since the start where that counts.
#[derive(Debug)]
struct SimulatedClock {
    started: Option<Instant>,
    /// Nanoseconds.
    skipped: AtomicU64,
}

impl SimulatedClock {
    fn new(kind: ClockKind) -> Self {
        Self {
            started: (kind == ClockKind::Wall).then(Instant::now),
            skipped: AtomicU64::new(0),
        }
    }

    fn skip(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.skipped.fetch_add(nanos, Ordering::Relaxed);
    }
}

impl Clock for SimulatedClock {
    fn monotonic(&self) -> Duration {
        let real = self.started.map_or(Duration::ZERO, |start| start.elapsed());
        real + Duration::from_nanos(self.skipped.load(Ordering::Relaxed))
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + self.monotonic()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The law that `renew` rests on, over so many traces that the guard is built anew more than once.
    #[test]
    fn every_trace_meets_empty_limits() {
        let policy = r#"{"agent_id": "spiffe://example.org/a", "permissions": [{"tool_name": "pay",
            "budgets": [{"sum": "amount", "at_most": 10, "per": "366d", "by": ["param:to"]}],
            "limits": [{"calls": 2, "per": "60s"}]}]}"#;
        let policies = Policies::from_json(&[policy]).unwrap();
        let mut simulation = Simulation::new(&policies, ClockKind::Simulated).unwrap();
        for trace in 0..2000 {
            let code = |amount: u32| {
                let args = format!(r#"{{"amount": {amount}, "to": "account {trace}"}}"#);
                let outcome = simulation.call("pay", &args);
                simulation.pass_a_second();
                outcome.map_or_else(|refusal| refusal.code().as_str(), |()| "allowed")
            };
            let codes = [code(6), code(5), code(4), code(0)];
            assert_eq!(codes, ["allowed", "budget", "allowed", "limit"], "{trace}");
            simulation.renew().unwrap();
        }
    }
}
