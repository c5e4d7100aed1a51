//! At which hours of the week an agent is at work.

use crate::anomaly::snapshot::stored;

/// In which hours of the week an agent was ever at work. 48 bytes, constant time.
///
/// Hours count, not events, so that one busy night makes no habit. An hour is odd if the agent was never at work in it, nor in
/// the one before or after. How surprising that is depends on how often it happens: `P(odd) = (odd + 1/2) / (hours + 1)`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Week {
    /// One bit for each.
    slots: [u64; WORDS],
    /// Hours since the Unix epoch.
    begun: u32,
    /// The last hour with an event.
    last: Option<u32>,
    /// Hours with events, and odd ones among them.
    hours: u32,
    odd: u16,
}

stored!(
    Week {
        slots,
        begun,
        last,
        hours,
        odd
    },
    |week| { u32::from(week.odd) <= week.hours }
);

impl Week {
    pub(crate) fn new(hour: u32) -> Self {
        Self {
            slots: [0; WORDS],
            begun: hour,
            last: None,
            hours: 0,
            odd: 0,
        }
    }

    /// One more event, in an hour counted from the Unix epoch. Tells the surprise of the first event in an odd hour; in the
    /// first two weeks, none is odd. An hour that is past is none that begins.
    pub(crate) fn observe(&mut self, hour: u32) -> Option<f64> {
        if self.last.is_some_and(|last| hour <= last) {
            return None;
        }
        self.last = Some(hour);
        let is_learned = hour.saturating_sub(self.begun) >= MIN_HOURS;
        let is_odd = is_learned && self.is_odd(slot(hour));
        let share = (f64::from(self.odd) + 0.5) / (f64::from(self.hours) + 1.0);
        self.hours = self.hours.saturating_add(1);
        self.odd = self.odd.saturating_add(u16::from(is_odd));
        if let Some(word) = self.slots.get_mut(slot(hour) / 64) {
            *word |= 1 << (slot(hour) % 64);
        }
        is_odd.then(|| -share.ln())
    }

    fn is_odd(&self, slot: usize) -> bool {
        let around = [slot + SLOTS - 1, slot, slot + 1];
        let is_known = |slot: usize| {
            let word = self.slots.get(slot / 64).copied().unwrap_or(0);
            word >> (slot % 64) & 1 == 1
        };
        !around.into_iter().any(|slot| is_known(slot % SLOTS))
    }
}

/// Monday, midnight, is 0. The Unix epoch was a Thursday.
fn slot(hour: u32) -> usize {
    (hour as usize + 3 * 24) % SLOTS
}

const SLOTS: usize = 7 * 24;
const WORDS: usize = SLOTS.div_ceil(64);
const MIN_HOURS: u32 = 2 * 7 * 24;
