//! Which counters there are, so that a change of policy does not refill them.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::counter::{Counter, Shape};
use super::window::EXACT_ENTRIES;

/// Which limit a counter belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CounterId {
    /// What is counted: principal, entry, kind of limit, parameter summed, key. Limits with equal bases count the same calls.
    pub(crate) base: String,
    pub(crate) window: Duration,
    /// Tells limits with equal bases apart within one policy.
    pub(crate) ordinal: u32,
}

/// Every counter in use, by what it counts.
///
/// A limit whose window changes goes on with the counts it has: both windows look at one log, kept for as long as the wider
/// one needs, so calls under way under the former policy count for the new one and the other way round.
pub(crate) struct CounterRegistry {
    counters: Mutex<HashMap<(String, Shape), Vec<Limit>>>,
    exact: usize,
}

/// One limit and the windows it has had that may still matter.
struct Limit {
    ordinal: u32,
    views: Vec<Arc<Counter>>,
}

impl CounterRegistry {
    pub(crate) fn new() -> Self {
        Self::with_exact(EXACT_ENTRIES)
    }

    pub(super) fn with_exact(exact: usize) -> Self {
        Self {
            counters: Mutex::default(),
            exact,
        }
    }

    /// The counter of this limit: the one there is, with its counts, or a new one.
    ///
    /// A limit whose window is new shares the counts it had under other windows. A limit that is new altogether begins with a
    /// copy of the longest history under its base, so that adding a second limit or changing the order does not refill either.
    pub(crate) fn counter(&self, id: CounterId, shape: Shape) -> Arc<Counter> {
        let mut counters = self.counters.lock();
        let limits = counters.entry((id.base, shape)).or_default();
        if let Some(limit) = limits.iter_mut().find(|limit| limit.ordinal == id.ordinal) {
            return limit.view(id.window);
        }
        let longest = limits
            .iter()
            .filter_map(Limit::longest)
            .max_by_key(|counter| counter.span());
        let counter = Arc::new(match longest {
            Some(longest) => longest.fork(id.window),
            None => Counter::new(id.window, shape, self.exact),
        });
        limits.push(Limit {
            ordinal: id.ordinal,
            views: vec![Arc::clone(&counter)],
        });
        counter
    }

    /// Forgets counters that nobody holds and in whose window nothing stands.
    pub(crate) fn prune(&self, now: u64) {
        self.counters.lock().retain(|_, limits| {
            limits.retain_mut(|limit| limit.prune(now));
            !limits.is_empty()
        });
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.counters
            .lock()
            .values()
            .flatten()
            .map(|limit| limit.views.len())
            .sum()
    }
}

impl fmt::Debug for CounterRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CounterRegistry").finish_non_exhaustive()
    }
}

impl Limit {
    fn view(&mut self, window: Duration) -> Arc<Counter> {
        if let Some(counter) = self.views.iter().find(|counter| counter.window() == window) {
            return Arc::clone(counter);
        }
        let counter = match self.views.first() {
            Some(first) => Arc::new(first.with_window(window)),
            None => Arc::new(Counter::single(window)),
        };
        self.views.push(Arc::clone(&counter));
        counter
    }

    fn longest(&self) -> Option<&Arc<Counter>> {
        self.views.iter().max_by_key(|counter| counter.span())
    }

    fn prune(&mut self, now: u64) -> bool {
        self.views
            .retain(|counter| Arc::strong_count(counter) > 1 || counter.is_live(now));
        let Some(longest) = self.longest() else {
            return false;
        };
        longest.tidy(now, longest.span());
        true
    }
}
