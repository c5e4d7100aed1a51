//! Handing alerts on to where they are kept, on the time of whoever calls `tick`.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Receiver;

use parking_lot::Mutex;

use super::alert::Alert;
use super::notes::GivenUp;
use super::outbox::Outbox;

/// What went wrong in the host's own code: in a sink of alerts, or in an issuer of credentials.
pub type HostError = Box<dyn std::error::Error + Send + Sync>;

/// Takes one alert.
pub(super) type Take = Box<dyn FnMut(&Alert) -> Result<(), HostError> + Send>;

/// Everything that alerts are handed on to.
#[derive(Default)]
pub(super) struct Sinks {
    sinks: Mutex<Vec<Sink>>,
    failed: AtomicU64,
    given_up: AtomicU64,
    /// The last that were given up.
    kept: Mutex<VecDeque<Alert>>,
}

struct Sink {
    waiting: Receiver<Alert>,
    /// Those that were not taken, oldest first, to be tried again; at most [`BEHIND`].
    refused: Vec<Refused>,
    /// Given up, which the next one that is taken tells.
    untold: u64,
    take: Take,
}

/// An alert that a sink did not take yet.
struct Refused {
    alert: Alert,
    attempts: u64,
    patience: u64,
}

/// Alerts that wait for a sink.
const WAITING: usize = 1024;
/// Alerts that a sink may leave behind and be handed the next one. Several, or two that it never takes would hold up all others.
const BEHIND: usize = 4;
/// How often a sink is asked to take an alert while it takes no other one either.
const PATIENCE: u64 = 60;
/// What it costs in patience where the sink took another one: that it is out of reach is not the reason then.
const WHILE_OTHERS_PASS: u64 = 6;
/// Alerts that were given up and can still be had.
const KEPT: usize = 64;

impl Sinks {
    pub(super) fn new(takes: Vec<Take>, outbox: &Outbox) -> Self {
        let sink = |take| Sink {
            waiting: outbox.subscribe(WAITING),
            refused: Vec::new(),
            untold: 0,
            take,
        };
        Self {
            sinks: Mutex::new(takes.into_iter().map(sink).collect()),
            ..Self::default()
        }
    }

    /// Hands on what waits, unless somebody is at it already, and tells what is given up. A sink that fails is tried again the next
    /// time; it keeps no other one waiting.
    pub(super) fn deliver(&self) -> Vec<GivenUp> {
        let Some(mut sinks) = self.sinks.try_lock() else {
            return Vec::new();
        };
        let mut notes = Vec::new();
        for (number, sink) in (1..).zip(sinks.iter_mut()) {
            let given_up = sink.deliver();
            let failed = sink.refused.len().saturating_add(given_up.len()) as u64;
            self.failed.fetch_add(failed, Ordering::Relaxed);
            notes.extend(given_up.into_iter().map(|it| self.give_up(it, number)));
        }
        notes
    }

    fn give_up(&self, refused: Refused, sink: u64) -> GivenUp {
        let (alert, attempts) = (refused.alert, refused.attempts);
        let given_up = GivenUp {
            agent: alert.agent.clone(),
            number: alert.number,
            kind: alert.kind,
            sink,
            attempts,
        };
        self.given_up.fetch_add(1, Ordering::Relaxed);
        let mut kept = self.kept.lock();
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back(alert);
        given_up
    }

    /// How often a sink did not take an alert.
    pub(super) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// How many alerts were given up, each for each sink.
    pub(super) fn given_up(&self) -> u64 {
        self.given_up.load(Ordering::Relaxed)
    }

    /// The last that were given up, oldest first, once.
    pub(super) fn take_given_up(&self) -> Vec<Alert> {
        self.kept.lock().drain(..).collect()
    }
}

impl Sink {
    /// Hands on what it did not take before, then what waits, until too many are left behind; and what is given up then. No more
    /// than can wait is handed on, so that one call ends.
    fn deliver(&mut self) -> Vec<Refused> {
        let mut former = std::mem::take(&mut self.refused).into_iter();
        let mut has_taken = false;
        for _ in 0..=WAITING {
            let fresh = || self.waiting.try_recv().ok().map(Refused::new);
            let Some(mut next) = former.next().or_else(fresh) else {
                break;
            };
            if self.takes(&mut next) {
                has_taken = true;
                continue;
            }
            self.refused.push(next);
            if self.refused.len() >= BEHIND {
                break;
            }
        }
        let cost = if has_taken { WHILE_OTHERS_PASS } else { 1 };
        let bear = |refused: &mut Refused| {
            refused.patience = refused.patience.saturating_sub(cost);
            refused.patience == 0
        };
        let given_up: Vec<_> = self.refused.extract_if(.., bear).collect();
        self.untold = self.untold.saturating_add(given_up.len() as u64);
        given_up
    }

    fn takes(&mut self, next: &mut Refused) -> bool {
        next.attempts = next.attempts.saturating_add(1);
        let lost = next.alert.lost;
        next.alert.lost = lost.saturating_add(self.untold);
        let taken = catch_unwind(AssertUnwindSafe(|| (self.take)(&next.alert)));
        let is_taken = matches!(taken, Ok(Ok(())));
        if is_taken {
            self.untold = 0;
        } else {
            next.alert.lost = lost;
        }
        is_taken
    }
}

impl Refused {
    fn new(alert: Alert) -> Self {
        Self {
            alert,
            attempts: 0,
            patience: PATIENCE,
        }
    }
}

impl fmt::Debug for Sinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sinks").finish_non_exhaustive()
    }
}
