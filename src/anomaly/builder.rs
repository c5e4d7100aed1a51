//! Building a monitor.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::alert::Alert;
use super::credentials::{CredentialIssuer, Requests};
use super::monitor::Monitor;
use super::notes::Notes;
use super::outbox::Outbox;
use super::policy::MonitorPolicy;
use super::reaches::Reaches;
use super::responding::Responding;
use super::restraints::Restraints;
use super::sinks::{HostError, Sinks, Take};
use super::snapshot::{self, Remembered, SnapshotError};
use super::table::Table;
use super::tags::Tags;
use super::watchtower::{InForce, Oddities, Watchtower};
use crate::clock::{Clock, SystemClock};
use crate::quarantine::Quarantine;

/// Collects what a [`Monitor`] is made of. Nothing is required.
#[must_use]
pub struct MonitorBuilder {
    policy: MonitorPolicy,
    clock: Option<Box<dyn Clock>>,
    agents: usize,
    sinks: Vec<Take>,
    quarantine: Quarantine,
    issuer: Option<Box<dyn CredentialIssuer>>,
}

impl Default for MonitorBuilder {
    fn default() -> Self {
        Self {
            policy: MonitorPolicy::new(),
            clock: None,
            agents: 10_000,
            sinks: Vec::new(),
            quarantine: Quarantine::new(),
            issuer: None,
        }
    }
}

impl MonitorBuilder {
    /// What is expected of agents.
    pub fn policy(mut self, policy: MonitorPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// The clock; the operating system's where none is given. It tells when an event came, whatever its record says.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Some(Box::new(clock));
        self
    }

    /// For about how many agents there is room, from 64; 10,000 where nothing is said. Those beyond share a memory, and an
    /// alert says so; one that has been silent for more than three hours gives way to them.
    pub fn agents(mut self, agents: usize) -> Self {
        self.agents = agents;
        self
    }

    /// Hands each alert on, on the time of whoever calls [`Monitor::tick`], so that no decision waits for it. At most 1,024 wait; those
    /// beyond are lost, and the next that arrives says how many were.
    ///
    /// One that is not taken, since the sink fails or panics, is tried again with every tick, before those behind it, which are tried
    /// all the same: up to four may be left behind before a sink is given a rest until the next tick. It is given up after 10 ticks
    /// in which the sink took another one, or 60 in which it took none, as when it is out of reach. That goes on record;
    /// see [`Monitor::take_given_up`].
    ///
    /// ```
    /// use portcullis::anomaly::Monitor;
    ///
    /// let monitor = Monitor::builder().sink(|alert| { eprintln!("{alert}"); Ok(()) }).build();
    /// monitor.tick();
    /// ```
    pub fn sink(
        mut self,
        take: impl FnMut(&Alert) -> Result<(), HostError> + Send + 'static,
    ) -> Self {
        self.sinks.push(Box::new(take));
        self
    }

    /// The list that agents come onto who are shut out; one of its own where none is given.
    pub fn quarantine(mut self, quarantine: &Quarantine) -> Self {
        self.quarantine = quarantine.clone();
        self
    }

    /// Who withdraws credentials and makes new ones, for the responses `revoke` and `rotate`. Where there is nobody, they wait.
    pub fn credential_issuer(mut self, issuer: impl CredentialIssuer + 'static) -> Self {
        self.issuer = Some(Box::new(issuer));
        self
    }

    /// The same, but that nothing is told and nothing done: for what is over already.
    pub(crate) fn observing(mut self) -> Self {
        self.policy = self.policy.observing();
        self.sinks = Vec::new();
        self.issuer = None;
        self
    }

    /// Builds the monitor.
    #[must_use]
    pub fn build(self) -> Monitor {
        let remembered = Remembered {
            table: Table::new(self.agents),
            reaches: Reaches::new(self.agents),
            tags: Tags::random(),
            restraints: Restraints::default(),
            requests: Requests::default(),
        };
        self.build_with(remembered, |_| 0)
    }

    /// Builds the monitor from what another one remembered: see [`Monitor::snapshot`]. As much time has passed since then as
    /// the wall clock says, and none if it has gone back.
    ///
    /// # Errors
    /// [`SnapshotError`] if this is no snapshot, or of another version, or damaged, or too large.
    pub fn restore(self, snapshot: &[u8]) -> Result<Monitor, SnapshotError> {
        let restored = snapshot::read(snapshot, self.agents)?;
        let behind = |clock: &dyn Clock| {
            let passed = clock.wall().duration_since(restored.wall);
            let passed = passed.map_or(0, |passed| passed.as_secs());
            let then = u64::from(restored.second).saturating_add(passed);
            let behind = then.saturating_sub(clock.monotonic().as_secs());
            u32::try_from(behind).unwrap_or(u32::MAX)
        };
        Ok(self.build_with(restored.remembered, behind))
    }

    fn build_with(self, remembered: Remembered, behind: impl FnOnce(&dyn Clock) -> u32) -> Monitor {
        let in_force = InForce {
            policy: self.policy,
            epoch: 1,
        };
        let clock = self
            .clock
            .unwrap_or_else(|| Box::new(SystemClock::new()) as Box<dyn Clock>);
        let outbox = Outbox::default();
        Monitor(Arc::new(Watchtower {
            in_force: ArcSwap::from_pointee(in_force),
            table: remembered.table,
            reaches: remembered.reaches,
            tags: remembered.tags,
            behind: behind(&*clock),
            clock,
            sinks: Sinks::new(self.sinks, &outbox),
            outbox,
            notes: Notes::default(),
            responding: Responding::new(
                self.quarantine,
                remembered.restraints,
                remembered.requests.to(self.issuer),
            ),
            oddities: Oddities::default(),
        }))
    }
}

impl fmt::Debug for MonitorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitorBuilder").finish_non_exhaustive()
    }
}
