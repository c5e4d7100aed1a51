//! What waits to be put on record.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

use super::alert::{Alert, AlertKind};
use super::response::Response;
use crate::ids::AgentId;
use crate::record::{AlertNotTaken, Alerted, Event, Responded};

/// Something that a guard puts on record for the monitor.
#[derive(Debug)]
pub(crate) enum Note {
    Alert(Box<Alert>),
    Response(Done),
    GivenUp(GivenUp),
}

/// An alert that one of the sinks is not handed any more.
#[derive(Debug)]
pub(crate) struct GivenUp {
    pub(super) agent: AgentId,
    pub(super) number: u64,
    pub(super) kind: AlertKind,
    /// From 1.
    pub(super) sink: u64,
    pub(super) attempts: u64,
}

/// A response that has begun to hold.
#[derive(Debug)]
pub(crate) struct Done {
    pub(super) agent: AgentId,
    pub(super) at: SystemTime,
    pub(super) response: Response,
    pub(super) because: AlertKind,
    pub(super) target: Option<Box<str>>,
    /// Where it ends by itself.
    pub(super) lasts: Option<Duration>,
    /// The number of the quarantine, where it is one.
    pub(super) quarantine: Option<u64>,
}

/// What no call led to, and so no guard has at hand: first in, first out. Where no guard asks, nothing is kept.
#[derive(Debug, Default)]
pub(super) struct Notes {
    is_wanted: AtomicBool,
    count: AtomicUsize,
    waiting: Mutex<VecDeque<Note>>,
    lost: AtomicU64,
}

const MOST_WAITING: usize = 1024;

impl Notes {
    pub(super) fn want(&self) {
        self.is_wanted.store(true, Ordering::Relaxed);
    }

    /// Takes what one event led to, as far as there is room.
    pub(super) fn push(&self, notes: Vec<Note>) {
        if notes.is_empty() || !self.is_wanted.load(Ordering::Relaxed) {
            return;
        }
        let mut waiting = self.waiting.lock();
        let mut lost = 0;
        for note in notes {
            if waiting.len() < note.most_waiting() {
                waiting.push_back(note);
            } else {
                lost += 1;
            }
        }
        self.count.store(waiting.len(), Ordering::Release);
        self.lost.fetch_add(lost, Ordering::Relaxed);
    }

    pub(super) fn pop(&self) -> Option<Note> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let mut waiting = self.waiting.lock();
        let note = waiting.pop_front();
        self.count.store(waiting.len(), Ordering::Release);
        note
    }

    /// One that could not be put on record.
    pub(super) fn lose(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

impl Note {
    /// Where as many wait already, this one is lost. What alerts fill leaves room for who is shut out, which must be known after a
    /// restart.
    fn most_waiting(&self) -> usize {
        match self {
            Self::Response(done) if done.quarantine.is_some() => 2 * MOST_WAITING,
            _ => MOST_WAITING,
        }
    }

    /// As it is recorded.
    pub(crate) fn event(&self) -> Event<'_> {
        match self {
            Self::Alert(alert) => Event::Alerted(Alerted {
                agent: &alert.agent,
                at: alert.at,
                number: alert.number,
                kind: alert.kind.as_str(),
                severity: alert.severity().as_str(),
                target: alert.target.as_deref(),
                observed: alert.observed,
                expected: alert.expected,
                surprise: alert.surprise,
                baseline: alert
                    .baseline
                    .map(|baseline| (baseline.events, baseline.age)),
                call: alert.call,
                more: alert.more,
                is_update: alert.is_update,
            }),
            Self::Response(done) => Event::Responded(Responded {
                agent: &done.agent,
                at: done.at,
                response: done.response.as_str(),
                because: Some(done.because.as_str()),
                by: None,
                target: done.target.as_deref(),
                lasts: done.lasts,
                quarantine: done.quarantine,
            }),
            Self::GivenUp(given_up) => Event::AlertNotTaken(AlertNotTaken {
                agent: &given_up.agent,
                number: given_up.number,
                kind: given_up.kind.as_str(),
                sink: given_up.sink,
                attempts: given_up.attempts,
            }),
        }
    }
}
