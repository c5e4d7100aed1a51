//! At which hours of the week an agent is at work.

use crate::anomaly::snapshot::stored;

/// In how many weeks an agent was at work in each hour of the week. 184 bytes, constant time.
///
/// Hours count, not events, so that one busy night makes no habit. An hour is odd if the agent was never at work in it, nor in
/// the one before or after. How surprising that is depends on how often it happens: `P(odd) = (odd + 1/2) / (hours + 1)`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Week {
    slots: [u8; SLOTS],
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
            slots: [0; SLOTS],
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
        if let Some(weeks) = self.slots.get_mut(slot(hour)) {
            *weeks = weeks.saturating_add(1);
        }
        is_odd.then(|| -share.ln())
    }

    fn is_odd(&self, slot: usize) -> bool {
        let around = [slot + SLOTS - 1, slot, slot + 1];
        let weeks = |slot: usize| self.slots.get(slot % SLOTS).copied().unwrap_or(0);
        around.into_iter().all(|slot| weeks(slot) == 0)
    }
}

/// Monday, midnight, is 0. The Unix epoch was a Thursday.
fn slot(hour: u32) -> usize {
    (hour as usize + 3 * 24) % SLOTS
}

const SLOTS: usize = 7 * 24;
const MIN_HOURS: u32 = 2 * 7 * 24;
