//! What one key has used lately: the log behind a sliding window.

use std::collections::VecDeque;

use super::amount::Amount;

/// Live entries up to which a log is exact.
pub(crate) const EXACT_ENTRIES: usize = 4096;

/// How long and how finely a log remembers.
#[derive(Clone, Copy)]
pub(super) struct Retention {
    /// Nanoseconds after which an entry is forgotten; at least 1.
    pub(super) span: u64,
    /// Live entries that are never merged; at least 2.
    pub(super) exact: usize,
}

impl Retention {
    /// Entries a log may hold at most. A quarter more than are exact, so that each compaction, which frees
    /// at least that quarter, is paid for by as many calls.
    const fn max_entries(self) -> usize {
        self.exact + self.exact / 4 + 1
    }

    /// A live log touches at most `exact / 2 + 1` stretches of this length.
    fn quantum(self) -> u64 {
        let parts = u64::try_from(self.exact / 2).unwrap_or(u64::MAX);
        self.span.div_ceil(parts.max(1))
    }
}

/// Bytes that the entries of one log may take up.
#[cfg(test)]
pub(super) const MAX_LOG_BYTES: usize = Retention {
    span: 1,
    exact: EXACT_ENTRIES,
}
.max_entries()
    * size_of::<Entry>();

/// The entries of one key that have not expired, oldest first, their times strictly increasing.
///
/// Entries made at the same time are one. When there are too many, neighbours within one quantum become one with the
/// later of their times: such an entry expires late by less than a quantum, never early.
pub(super) struct Window {
    entries: VecDeque<Entry>,
    sum: Amount,
    /// Whatever was entered before this has expired.
    live_from: u64,
}

/// An amount in halves: a `u128` would pad the entry from 24 to 32 bytes.
#[derive(Clone)]
struct Entry {
    at: u64,
    high: u64,
    low: u64,
}

/// Why an amount is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It does not fit.
    Full {
        used: Amount,
        /// The time of the entry that must expire first; `None`: waiting does not help.
        blocker: Option<u64>,
    },
    /// Its key is new, and the owner has as many as it may.
    KeysFull,
}

impl Refused {
    pub(super) fn never(used: Amount) -> Self {
        Self::Full {
            used,
            blocker: None,
        }
    }
}

impl Window {
    /// An empty log for entries made at `now` or later.
    pub(super) fn new(now: u64) -> Self {
        Self {
            entries: VecDeque::new(),
            sum: Amount::ZERO,
            live_from: now,
        }
    }

    /// The same history, to go its own way from here.
    pub(super) fn fork(&self) -> Self {
        Self {
            entries: self.entries.clone(),
            sum: self.sum,
            live_from: self.live_from,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// When the last live entry was made.
    pub(super) fn newest(&self) -> Option<u64> {
        self.entries.back().map(|entry| entry.at)
    }

    pub(super) fn expire(&mut self, now: u64, kept: Retention) {
        while let Some(oldest) = self.entries.front()
            && has_expired(oldest.at, now, kept.span)
        {
            self.sum = self.sum.saturating_sub(oldest.amount());
            self.live_from = oldest.at.saturating_add(1);
            self.entries.pop_front();
        }
    }

    /// Whether `amount` more keeps the use of the last `span` nanoseconds within `limit`. Expects an expired log.
    pub(super) fn check(
        &self,
        now: u64,
        span: u64,
        kept: Retention,
        limit: Amount,
        amount: Amount,
    ) -> Result<(), Refused> {
        if span < kept.span {
            // Others look further back: what they see has to stay countable too.
            fits(self.sum, Amount::MAX, amount)
                .map_err(|_| self.refused(now, kept.span, self.sum, Amount::MAX, amount))?;
        }
        let used = if span < kept.span {
            self.used_within(now, span)
        } else {
            self.sum
        };
        fits(used, limit, amount).map_err(|_| self.refused(now, span, used, limit, amount))
    }

    /// Enters `amount` if it fits.
    pub(super) fn reserve(
        &mut self,
        now: u64,
        span: u64,
        kept: Retention,
        limit: Amount,
        amount: Amount,
    ) -> Result<(), Refused> {
        self.check(now, span, kept, limit, amount)?;
        self.add(now, amount, kept);
        Ok(())
    }

    /// Enters `amount`, which has passed [`check`](Self::check), at `now`.
    pub(super) fn add(&mut self, now: u64, amount: Amount, kept: Retention) {
        self.sum = self.sum.saturating_add(amount);
        if let Some(newest) = self.entries.back_mut()
            && newest.at >= now
        {
            newest.set(newest.amount().saturating_add(amount));
            return;
        }
        if self.entries.len() >= kept.max_entries() {
            self.compact(kept);
        }
        self.grow(kept);
        self.entries.push_back(Entry::new(now, amount));
    }

    /// Takes back `amount`, entered at `at`. Does nothing once that has expired.
    pub(super) fn give_back(&mut self, at: u64, amount: Amount) {
        if at < self.live_from {
            return;
        }
        // Merging joins neighbours under the last of their times, so the first entry at or after `at` holds the amount.
        let index = self.entries.partition_point(|entry| entry.at < at);
        let Some(entry) = self.entries.get_mut(index) else {
            return;
        };
        let Some(rest) = entry.amount().checked_sub(amount) else {
            return;
        };
        entry.set(rest);
        self.sum = self.sum.saturating_sub(amount);
        self.trim();
    }

    fn used_within(&self, now: u64, span: u64) -> Amount {
        let live = self
            .entries
            .iter()
            .rev()
            .take_while(|entry| !has_expired(entry.at, now, span));
        live.fold(Amount::ZERO, |sum, entry| {
            sum.saturating_add(entry.amount())
        })
    }

    #[cold]
    fn refused(&self, now: u64, span: u64, used: Amount, limit: Amount, amount: Amount) -> Refused {
        let blocker = limit.checked_sub(amount).and_then(|room| {
            let mut left = used;
            let mut live = self
                .entries
                .iter()
                .skip_while(|entry| has_expired(entry.at, now, span));
            live.find(|entry| {
                left = left.saturating_sub(entry.amount());
                left <= room
            })
        });
        Refused::Full {
            used,
            blocker: blocker.map(|entry| entry.at),
        }
    }

    /// Empty entries at the ends go at once, those in between when the log is compacted.
    fn trim(&mut self) {
        while self.entries.front().is_some_and(Entry::is_empty) {
            self.entries.pop_front();
        }
        while self.entries.back().is_some_and(Entry::is_empty) {
            self.entries.pop_back();
        }
    }

    fn compact(&mut self, kept: Retention) {
        self.entries.retain(|entry| !entry.is_empty());
        if self.entries.len() <= kept.exact {
            return;
        }
        let quantum = kept.quantum();
        // Neither conversion allocates.
        let mut entries = Vec::from(std::mem::take(&mut self.entries));
        entries.dedup_by(|later, earlier| {
            let same = later.at / quantum == earlier.at / quantum;
            if same {
                *earlier = Entry::new(later.at, later.amount().saturating_add(earlier.amount()));
            }
            same
        });
        self.entries = entries.into();
    }

    /// Doubles the room as usual, but not past what a log may hold.
    fn grow(&mut self, kept: Retention) {
        let len = self.entries.len();
        if len == self.entries.capacity() {
            let more = len.max(2).min(kept.max_entries().saturating_sub(len));
            self.entries.reserve_exact(more.max(1));
        }
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>()
    }
}

impl Entry {
    fn new(at: u64, amount: Amount) -> Self {
        let mut entry = Self {
            at,
            high: 0,
            low: 0,
        };
        entry.set(amount);
        entry
    }

    fn amount(&self) -> Amount {
        Amount::from_units(u128::from(self.high) << 64 | u128::from(self.low))
    }

    fn set(&mut self, amount: Amount) {
        self.high = (amount.units() >> 64) as u64;
        self.low = amount.units() as u64;
    }

    fn is_empty(&self) -> bool {
        self.high == 0 && self.low == 0
    }
}

fn has_expired(at: u64, now: u64, span: u64) -> bool {
    now.saturating_sub(at) >= span
}

fn fits(used: Amount, limit: Amount, amount: Amount) -> Result<(), ()> {
    let room = limit.checked_sub(amount).ok_or(())?;
    if used <= room { Ok(()) } else { Err(()) }
}
