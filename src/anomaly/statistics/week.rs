//! At which hours of the week an agent is at work.

/// Events by hour of the week. 176 bytes, constant time.
///
/// The share of an hour is smoothed: each counts one event more than it had, and half of those of its neighbours, so that
/// an hour next to a busy one is no surprise and no hour is impossible.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Week {
    slots: [u8; SLOTS],
    total: u32,
    /// Hours since the Unix epoch.
    begun: u32,
}

impl Week {
    pub(crate) fn new(hour: u32) -> Self {
        Self {
            slots: [0; SLOTS],
            total: 0,
            begun: hour,
        }
    }

    /// One more event, in an hour counted from the Unix epoch. Tells the share of events that fell in this hour of the week
    /// before; `None` before two weeks and two hundred events.
    pub(crate) fn observe(&mut self, hour: u32) -> Option<f64> {
        let is_learned = self.total >= MIN_EVENTS && hour.saturating_sub(self.begun) >= MIN_HOURS;
        let share = is_learned.then(|| self.share(hour));
        if self.slots.get(slot(hour)) == Some(&u8::MAX) {
            self.halve();
        }
        if let Some(slot) = self.slots.get_mut(slot(hour)) {
            *slot += 1;
            self.total += 1;
        }
        share
    }

    /// Makes room where an hour is full; what was long ago counts less and less.
    fn halve(&mut self) {
        self.slots.iter_mut().for_each(|slot| *slot /= 2);
        self.total = self.slots.iter().map(|slot| u32::from(*slot)).sum();
    }

    /// `(n + (before + after)/2 + 1) / (2 total + 168)`: these add up to 1.
    pub(crate) fn share(&self, hour: u32) -> f64 {
        let slot = slot(hour);
        let count = |slot: usize| f64::from(self.slots.get(slot % SLOTS).copied().unwrap_or(0));
        let beside = count(slot + SLOTS - 1) + count(slot + 1);
        (count(slot) + beside / 2.0 + 1.0) / (2.0 * f64::from(self.total) + SLOTS as f64)
    }
}

/// Monday, midnight, is 0. The Unix epoch was a Thursday.
fn slot(hour: u32) -> usize {
    (hour as usize + 3 * 24) % SLOTS
}

const SLOTS: usize = 7 * 24;
const MIN_HOURS: u32 = 2 * 7 * 24;
const MIN_EVENTS: u32 = 200;
