//! When an alert is told, and when it is only counted.

use crate::anomaly::snapshot::{Input, Stored, stored};
use std::sync::Arc;

use super::alert::AlertKind;

/// The alerts of one agent: what was told of late, and what was held back since.
///
/// The same kind about the same target is told again after 10 minutes, then after 20, and so on up to 4 hours, or after one
/// minute if it has become half as surprising again. Whatever happens in between is counted and told with the next, or by
/// itself when the time is over. After twice its silence without a new event a target begins anew. No kind is told more than
/// [`PER_HOUR`] times an hour, so that a flood of one does not hide another.
///
/// It takes no memory before the first alert, and at most that of [`TARGETS`] targets.
#[derive(Clone, Debug, Default)]
pub(super) struct Desk {
    topics: Vec<Topic>,
    hour: u32,
    told: [u8; AlertKind::COUNT],
    held_back: [u32; AlertKind::COUNT],
}

/// One kind of alert about one target.
#[derive(Clone, Debug)]
struct Topic {
    kind: AlertKind,
    tag: u32,
    target: Option<Arc<str>>,
    /// Seconds.
    told_at: u32,
    seen_at: u32,
    doublings: u8,
    surprise: f64,
    more: u64,
}

/// What is to be told that was held back.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Update {
    pub(super) kind: AlertKind,
    pub(super) target: Option<Arc<str>>,
    pub(super) more: u64,
}

stored!(
    Desk {
        topics,
        hour,
        told,
        held_back
    },
    |desk| { desk.topics.len() <= TARGETS }
);
stored!(
    Topic {
        kind,
        tag,
        target,
        told_at,
        seen_at,
        doublings,
        surprise,
        more
    },
    |_| true
);

impl Stored for AlertKind {
    fn store(&self, out: &mut Vec<u8>) {
        (*self as u8).store(out);
    }

    fn load(input: &mut Input<'_>) -> Option<Self> {
        Self::ALL.get(usize::from(u8::load(input)?)).copied()
    }
}

impl Desk {
    /// Whether something that happened is to be told, and if so, how often it happened since the last time. What else has to
    /// be told because of it goes to `updates`.
    pub(super) fn admit(
        &mut self,
        kind: AlertKind,
        tag: u32,
        target: impl FnOnce() -> Option<Arc<str>>,
        surprise: Option<f64>,
        second: u32,
        updates: &mut Vec<Update>,
    ) -> Option<u64> {
        self.turn_hour(second, updates);
        let surprise = surprise.unwrap_or(0.0);
        let found = self
            .topics
            .iter()
            .position(|topic| topic.kind == kind && topic.tag == tag);
        if let Some(topic) = found.and_then(|at| self.topics.get_mut(at)) {
            let is_due = topic.observe(surprise, second);
            if is_due && take(&mut self.told, kind) {
                return Some(topic.tell(surprise, second));
            }
            topic.more = topic.more.saturating_add(1);
            return None;
        }
        if !take(&mut self.told, kind) {
            let held_back = self.held_back.get_mut(kind as usize);
            if let Some(held_back) = held_back {
                *held_back = held_back.saturating_add(1);
            }
            return None;
        }
        self.make_room(updates);
        self.topics.push(Topic {
            kind,
            tag,
            target: target(),
            told_at: second,
            seen_at: second,
            doublings: 0,
            surprise,
            more: 0,
        });
        Some(0)
    }

    /// One more of what was told before, to be counted only.
    pub(super) fn hold_back(&mut self, kind: AlertKind, tag: u32, second: u32) {
        let mut topics = self.topics.iter_mut();
        if let Some(topic) = topics.find(|topic| topic.kind == kind && topic.tag == tag) {
            topic.seen_at = second;
            topic.more = topic.more.saturating_add(1);
        }
    }

    /// What was held back and is due by now.
    pub(super) fn flush(&mut self, second: u32, updates: &mut Vec<Update>) {
        self.turn_hour(second, updates);
        for topic in &mut self.topics {
            if topic.more > 0
                && second.saturating_sub(topic.told_at) >= topic.silence()
                && take(&mut self.told, topic.kind)
            {
                let more = topic.tell(topic.surprise, second);
                updates.push(Update {
                    kind: topic.kind,
                    target: topic.target.clone(),
                    more,
                });
            }
        }
    }

    /// Lets go of everything, telling what was held back.
    pub(super) fn close(&mut self, updates: &mut Vec<Update>) {
        self.tell_held_back(updates);
        while let Some(topic) = self.topics.pop() {
            updates.extend(topic.into_update());
        }
    }

    fn turn_hour(&mut self, second: u32, updates: &mut Vec<Update>) {
        let hour = second / 3600;
        if hour > self.hour {
            self.hour = hour;
            self.told = Default::default();
            self.tell_held_back(updates);
        }
    }

    fn tell_held_back(&mut self, updates: &mut Vec<Update>) {
        for (kind, more) in AlertKind::ALL.iter().zip(&mut self.held_back) {
            let more = std::mem::take(more).into();
            if more > 0 {
                updates.push(Update {
                    kind: *kind,
                    target: None,
                    more,
                });
            }
        }
    }

    /// Where there are as many topics as may be, the one told longest ago goes.
    fn make_room(&mut self, updates: &mut Vec<Update>) {
        if self.topics.len() < TARGETS {
            return;
        }
        let oldest = (0..)
            .zip(&self.topics)
            .min_by_key(|(_, topic)| topic.told_at)
            .map(|(at, _)| at);
        if let Some(at) = oldest {
            updates.extend(self.topics.swap_remove(at).into_update());
        }
    }
}

impl Topic {
    /// Seconds for which it is not told again.
    fn silence(&self) -> u32 {
        (FIRST_SILENCE << self.doublings.min(16)).min(LONGEST_SILENCE)
    }

    /// One more of the same. Tells whether it is due.
    fn observe(&mut self, surprise: f64, second: u32) -> bool {
        let quiet = second.saturating_sub(self.seen_at.max(self.told_at));
        if quiet >= 2 * self.silence() {
            self.doublings = 0;
            self.surprise = 0.0;
        }
        self.seen_at = second;
        let silent = second.saturating_sub(self.told_at);
        let is_worse = surprise > 0.0 && surprise >= WORSE * self.surprise;
        silent >= self.silence() || (is_worse && silent >= LEAST_SILENCE)
    }

    fn tell(&mut self, surprise: f64, second: u32) -> u64 {
        if second.saturating_sub(self.told_at) < 2 * self.silence() {
            self.doublings = self.doublings.saturating_add(1);
        }
        self.told_at = second;
        self.surprise = surprise;
        std::mem::take(&mut self.more)
    }

    fn into_update(self) -> Option<Update> {
        (self.more > 0).then_some(Update {
            kind: self.kind,
            target: self.target,
            more: self.more,
        })
    }
}

/// Uses up one of the alerts that this kind may still tell in this hour.
fn take(told: &mut [u8; AlertKind::COUNT], kind: AlertKind) -> bool {
    match told.get_mut(kind as usize) {
        Some(told) if *told < PER_HOUR => {
            *told += 1;
            true
        }
        _ => false,
    }
}

const TARGETS: usize = 16;
const PER_HOUR: u8 = 12;
/// Seconds.
const LEAST_SILENCE: u32 = 60;
const FIRST_SILENCE: u32 = 600;
const LONGEST_SILENCE: u32 = 4 * 3600;
const WORSE: f64 = 1.5;

#[cfg(test)]
mod tests;
