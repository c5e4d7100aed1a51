//! What holds an agent back.

use super::Asked;
use super::breaker::Breaker;
use super::throttle::Throttle;
use crate::anomaly::alert::AlertKind;
use crate::anomaly::response::Response;
use crate::anomaly::snapshot::{Input, Stored, stored};

/// All that holds one agent back, and why.
#[derive(Clone, Debug, Default)]
pub(super) struct Restrained {
    /// Sessions that were opened before so many responses are refused.
    pub(super) sessions: Option<Sessions>,
    pub(super) step_up: Option<(u32, AlertKind)>,
    pub(super) throttle: Option<(Throttle, AlertKind)>,
    pub(super) breakers: Vec<Closed>,
}

/// Sessions that make no more calls.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sessions {
    pub(super) opened_before: u64,
    /// Whether the credentials they were opened with are withdrawn too.
    pub(super) are_revoked: bool,
}

/// One tool, or one path to another agent; all of them where there is no tag.
#[derive(Clone, Debug)]
pub(super) struct Closed {
    tag: Option<u64>,
    breaker: Breaker,
    kind: AlertKind,
}

/// Breakers of one agent. One more closes everything, until it has been tried.
const MOST_BREAKERS: usize = 16;

stored!(Closed { tag, breaker, kind }, |_| true);

/// Sessions do not outlive the process, so none is left to be refused.
impl Stored for Restrained {
    fn store(&self, out: &mut Vec<u8>) {
        self.step_up.store(out);
        self.throttle.store(out);
        self.breakers.store(out);
    }

    fn load(input: &mut Input<'_>) -> Option<Self> {
        let loaded = Self {
            sessions: None,
            step_up: Stored::load(input)?,
            throttle: Stored::load(input)?,
            breakers: Stored::load(input)?,
        };
        (loaded.breakers.len() <= MOST_BREAKERS).then_some(loaded)
    }
}

impl Restrained {
    /// Calls need approval until then. Tells whether that is worth telling.
    pub(super) fn step_up(&mut self, kind: AlertKind, second: u32, lasts: u32) -> bool {
        let left = self
            .step_up
            .map_or(0, |(until, _)| until.saturating_sub(second));
        let is_new = left < lasts / 2 || left == 0;
        if is_new {
            self.step_up = Some((second.saturating_add(lasts), kind));
        }
        is_new
    }

    pub(super) fn throttle(
        &mut self,
        kind: AlertKind,
        calls: u32,
        second: u32,
        lasts: u32,
    ) -> bool {
        let until = second.saturating_add(lasts);
        match &mut self.throttle {
            Some((throttle, _)) if throttle.is_on(second) => {
                let left = throttle.until.saturating_sub(second);
                let is_new = left < lasts / 2 || calls < throttle.calls;
                if is_new {
                    throttle.tighten(until, calls);
                }
                is_new
            }
            _ => {
                self.throttle = Some((Throttle::new(until, calls), kind));
                true
            }
        }
    }

    pub(super) fn close(
        &mut self,
        kind: AlertKind,
        tag: Option<u64>,
        second: u32,
        lasts: u32,
    ) -> bool {
        self.breakers
            .retain(|closed| !closed.breaker.is_stale(second));
        let mut known = self.breakers.iter_mut();
        if let Some(closed) = known.find(|closed| closed.tag == tag) {
            return closed.breaker.close_again(second, lasts);
        }
        let tag = tag.filter(|_| self.breakers.len() < MOST_BREAKERS);
        let mut breaker = Breaker::new(second, lasts);
        if tag.is_none() {
            // One that closes everything takes the place of all, and is no milder than any.
            let former = self.breakers.drain(..);
            breaker = former.fold(breaker, |joined, closed| joined.join(closed.breaker));
        }
        self.breakers.push(Closed { tag, breaker, kind });
        true
    }

    /// Why calls need approval now, if they do.
    pub(super) fn stepped_up(&self, second: u32) -> Option<AlertKind> {
        let (until, kind) = self.step_up?;
        (until > second).then_some(kind)
    }

    pub(super) fn holds(&self, asked: Asked<'_>) -> bool {
        let throttle = self.throttle.as_ref();
        self.stepped_up(asked.second).is_some()
            || throttle.is_some_and(|(throttle, _)| throttle.is_on(asked.second))
            || self.closed_for(asked).is_some()
    }

    /// The breaker that keeps a call from its target, and for how many seconds.
    pub(super) fn closed_for(&self, asked: Asked<'_>) -> Option<(u32, AlertKind)> {
        let about = self
            .breakers
            .iter()
            .filter(|closed| closed.is_about(asked.tag));
        let closed = about.filter_map(|closed| {
            let seconds = closed.breaker.closed_for(asked.call, asked.second)?;
            Some((seconds, closed.kind))
        });
        closed.max_by_key(|(seconds, _)| *seconds)
    }

    /// What makes a call wait that all else allows, if anything does, and for how many seconds. Nothing is counted.
    pub(super) fn waits(&self, asked: Asked<'_>) -> Option<(Response, AlertKind, u32)> {
        if let Some((seconds, kind)) = self.closed_for(asked) {
            return Some((Response::CircuitBreak, kind, seconds));
        }
        let throttle = self.throttle.as_ref();
        let (throttle, kind) = throttle.filter(|(throttle, _)| throttle.is_on(asked.second))?;
        let seconds = throttle.full_for(asked.second)?;
        Some((Response::Throttle, *kind, seconds))
    }

    /// A call that nothing makes wait counts, and tries what is half open.
    pub(super) fn admit(&mut self, asked: Asked<'_>) {
        if let Some((throttle, _)) = &mut self.throttle
            && throttle.is_on(asked.second)
        {
            throttle.take(asked.second);
        }
        let about = self.breakers.iter_mut();
        for closed in about.filter(|closed| closed.is_about(asked.tag)) {
            // One that has no number is known by what it is about.
            let trial = asked.call.unwrap_or(asked.tag);
            closed.breaker.begin_trial(trial, asked.second);
        }
    }

    pub(super) fn ended(&mut self, call: u64, was_good: Option<bool>, second: u32) {
        self.breakers
            .retain_mut(|closed| !closed.breaker.ended(call, was_good, second));
    }

    /// Whether calls that are let through are counted, or watched to their end.
    pub(super) fn counts(&self) -> bool {
        self.throttle.is_some() || !self.breakers.is_empty()
    }

    /// Whether nothing holds it back any more.
    pub(super) fn is_over(&mut self, second: u32) -> bool {
        self.step_up = self.step_up.filter(|(until, _)| *until > second);
        self.throttle
            .take_if(|(throttle, _)| !throttle.is_on(second));
        self.breakers
            .retain(|closed| !closed.breaker.is_stale(second));
        self.sessions.is_none() && self.is_free_but_for_sessions()
    }

    pub(super) fn is_free_but_for_sessions(&self) -> bool {
        self.step_up.is_none() && self.throttle.is_none() && self.breakers.is_empty()
    }
}

impl Closed {
    fn is_about(&self, tag: u64) -> bool {
        self.tag.is_none_or(|about| about == tag)
    }
}
