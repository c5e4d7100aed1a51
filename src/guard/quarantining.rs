//! Shutting agents out, and letting them back in: what a person does about them.

use super::{Gatehouse, Guard};
use crate::ids::{AgentId, UserId};
use crate::quarantine::{QuarantineFull, Quarantined};
use crate::record::{Event, RecordError, Released, Responded};

/// Why an agent was not shut out, or that it is but not on record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShutOutError {
    /// There is no room for one more.
    #[error(transparent)]
    Full(#[from] QuarantineFull),
    /// It is shut out, but that could not be recorded.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// What ended when an agent was released.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Release {
    /// The quarantine, if the agent was shut out.
    pub quarantine: Option<Quarantined>,
    /// Whether other responses held it back.
    pub was_held_back: bool,
}

impl Release {
    /// Whether anything held the agent back.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.quarantine.is_some() || self.was_held_back
    }
}

/// Why an agent was not released.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// It is not shut out: somebody else has let it back in.
    #[error("the agent is not shut out")]
    NotShutOut,
    /// There is something new about it, or another person has shut it out too.
    #[error("the agent was shut out again, by quarantine {number}")]
    Renewed {
        /// The number of the quarantine that holds.
        number: u64,
    },
    /// It could not be recorded.
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl Guard {
    /// Shuts an agent out, of all guards that have the same [`Quarantine`](crate::Quarantine), for a person who says so. Tells
    /// whether it was not before; if it was, this is a quarantine of its own all the same.
    ///
    /// When this returns, no call of the agent gets through the gate any more; one that got through just before may begin after it.
    ///
    /// # Errors
    /// [`ShutOutError`] if there is no room, or if it could not be recorded: the agent is shut out all the same.
    pub fn shut_out(&self, agent: &AgentId, by: &UserId) -> Result<bool, ShutOutError> {
        let at = self.0.timing.wall();
        let laid = self.0.quarantine.shut_out(agent, at, true)?;
        self.0.write_notes();
        let event = Event::Responded(Responded {
            agent,
            at,
            response: "quarantine",
            because: None,
            by: Some(by),
            target: None,
            lasts: None,
            quarantine: laid.map(|laid| laid.number),
        });
        self.0.write(self.0.timing.now(), event)?;
        Ok(laid.is_some_and(|laid| laid.is_new))
    }

    /// Lets an agent back in that is shut out, and ends all else that responses of this guard's monitor hold against it, for a person
    /// who says so. That comes on record first. Sessions that a response ended stay ended, and what was seen before backs no further
    /// quarantine.
    ///
    /// What ends is what holds the agent back when this is called, whether or not the person knows of it: see
    /// [`release_seen`](Self::release_seen).
    ///
    /// # Errors
    /// [`ReleaseError`] if it could not be recorded, or the agent was shut out again meanwhile. Then all is as it was.
    pub fn release(&self, agent: &AgentId, by: &UserId) -> Result<Release, ReleaseError> {
        // What was done before comes before it on record too.
        self.0.write_notes();
        let quarantine = self.0.quarantine.of(agent);
        let quarantine = self.0.let_in(agent, quarantine, by)?;
        let monitor = self.0.monitor.as_ref();
        let was_held_back = monitor.is_some_and(|monitor| monitor.release(agent));
        Ok(Release {
            quarantine,
            was_held_back,
        })
    }

    /// Ends the quarantine of an agent that a person has seen on the [list](crate::Quarantine::agents) and decided on, and no other:
    /// if there is something new about the agent since, or another person has shut it out too, nothing happens. Nor does anything else end
    /// that holds the agent back. What was seen before backs no further quarantine.
    ///
    /// ```
    /// # use portcullis::{AgentId, Guard, Quarantine, ReleaseError, RingRecorder, UserId};
    /// # let quarantine = Quarantine::new();
    /// # let guard = Guard::builder().recorder(RingRecorder::new(8)).quarantine(&quarantine).build()?;
    /// # let (agent, ann, bob) = (AgentId::parse("spiffe://example.org/a")?, UserId::parse("ann")?, UserId::parse("bob")?);
    /// guard.shut_out(&agent, &ann)?;
    /// let seen = quarantine.of(&agent).ok_or("not shut out")?;
    /// guard.shut_out(&agent, &bob)?;
    /// assert_eq!(guard.release_seen(&seen, &ann), Err(ReleaseError::Renewed { number: 2 }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ReleaseError`] if the agent is not shut out, or was shut out again, or it could not be recorded. Then all is as it was.
    pub fn release_seen(&self, seen: &Quarantined, by: &UserId) -> Result<(), ReleaseError> {
        self.0.write_notes();
        match self.0.quarantine.of(&seen.agent) {
            None => return Err(ReleaseError::NotShutOut),
            Some(now) if now.number != seen.number => return Err(renewed(&now)),
            Some(_) => {}
        }
        let ended = self.0.let_in(&seen.agent, Some(seen.clone()), by)?;
        ended.ok_or(ReleaseError::NotShutOut)?;
        if let Some(monitor) = &self.0.monitor {
            monitor.settle(&seen.agent);
        }
        Ok(())
    }
}

impl Gatehouse {
    /// Records that a person lets an agent back in, then does it: out of this quarantine, if out of any, and no later one. Tells
    /// whether this did it.
    fn let_in(
        &self,
        agent: &AgentId,
        seen: Option<Quarantined>,
        by: &UserId,
    ) -> Result<Option<Quarantined>, ReleaseError> {
        let event = Event::Released(Released {
            agent,
            by,
            quarantine: seen.as_ref().map(|seen| seen.number),
        });
        self.write(self.timing.now(), event)?;
        let ended = seen.filter(|seen| self.quarantine.let_in(seen));
        match self.quarantine.of(agent) {
            // Laid while that was recorded.
            Some(now) => Err(renewed(&now)),
            None => Ok(ended),
        }
    }
}

fn renewed(now: &Quarantined) -> ReleaseError {
    let number = now.number;
    ReleaseError::Renewed { number }
}
