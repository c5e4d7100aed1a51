//! Which counters there are, so that a change of policy does not refill them.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::counter::{Counter, Shape};
use super::window::EXACT_ENTRIES;

/// A limit that a set of policies states, by what it counts. How much it allows is not part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    /// What is counted: principal, entry, kind of limit, parameter summed, key. Limits with equal bases count the same calls.
    pub(crate) base: String,
    pub(crate) window: Duration,
    pub(crate) shape: Shape,
}

/// Every counter in use, by what it counts.
///
/// Limits with one base count the same calls, so any of their logs can stand in for another as far back as it reaches.
/// That is what keeps a swap from refilling, however limits and windows come, go and change places.
pub(crate) struct CounterRegistry {
    logs: Mutex<HashMap<(String, Shape), Vec<Log>>>,
    exact: usize,
}

/// One log, and the windows through which limits have looked at it that may still matter.
struct Log(Vec<Arc<Counter>>);

impl CounterRegistry {
    pub(crate) fn new() -> Self {
        Self::with_exact(EXACT_ENTRIES)
    }

    pub(super) fn with_exact(exact: usize) -> Self {
        Self {
            logs: Mutex::default(),
            exact,
        }
    }

    /// The counters of all limits of a set of policies, in their order: the ones there are, with their counts, or new ones.
    pub(crate) fn counters(&self, limits: &[Counted]) -> Vec<Arc<Counter>> {
        let mut by_base: HashMap<(&str, Shape), Vec<usize>> = HashMap::new();
        for (index, limit) in limits.iter().enumerate() {
            let key = (limit.base.as_str(), limit.shape);
            by_base.entry(key).or_default().push(index);
        }
        let mut logs = self.logs.lock();
        let mut counters = vec![None; limits.len()];
        for ((base, shape), mut indices) in by_base {
            indices.sort_by_key(|index| limits.get(*index).map(|limit| Reverse(limit.window)));
            let of_base = logs.entry((base.to_owned(), shape)).or_default();
            let windows: Vec<Duration> = indices
                .iter()
                .filter_map(|index| limits.get(*index).map(|limit| limit.window))
                .collect();
            let found = self.counters_of_base(of_base, &windows, shape);
            for (index, counter) in indices.into_iter().zip(found) {
                if let Some(place) = counters.get_mut(index) {
                    *place = Some(counter);
                }
            }
        }
        counters.into_iter().flatten().collect()
    }

    /// The longest window goes on with the log that reaches back furthest, the next with the next if that reaches back far
    /// enough. Otherwise it begins with a copy of the longest. A log too many is forgotten: the others hold the same calls.
    fn counters_of_base(
        &self,
        logs: &mut Vec<Log>,
        windows: &[Duration],
        shape: Shape,
    ) -> Vec<Arc<Counter>> {
        logs.sort_by_key(|log| Reverse(log.reach()));
        logs.truncate(windows.len());
        let mut counters = Vec::with_capacity(windows.len());
        for (rank, window) in windows.iter().enumerate() {
            let claimed = match logs.get_mut(rank) {
                Some(log) if rank == 0 || log.reach() >= *window => log.view(*window),
                _ => None,
            };
            let counter = claimed.unwrap_or_else(|| {
                let longest = logs.first().and_then(Log::longest);
                let counter = match longest {
                    Some(longest) => longest.fork(*window),
                    None => Counter::new(*window, shape, self.exact),
                };
                let counter = Arc::new(counter);
                let log = Log(vec![Arc::clone(&counter)]);
                match logs.get_mut(rank) {
                    Some(shorter) => *shorter = log,
                    None => logs.push(log),
                }
                counter
            });
            counters.push(counter);
        }
        counters
    }

    /// Forgets counters that nobody holds and in whose window nothing stands.
    pub(crate) fn prune(&self, now: u64) {
        self.logs.lock().retain(|_, logs| {
            logs.retain_mut(|log| log.prune(now));
            !logs.is_empty()
        });
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let logs = self.logs.lock();
        logs.values().flatten().map(|log| log.0.len()).sum()
    }
}

impl fmt::Debug for CounterRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CounterRegistry").finish_non_exhaustive()
    }
}

impl Log {
    /// `None` only for a log without views, which is never kept.
    fn view(&mut self, window: Duration) -> Option<Arc<Counter>> {
        if let Some(counter) = self.0.iter().find(|counter| counter.window() == window) {
            return Some(Arc::clone(counter));
        }
        let counter = Arc::new(self.0.first()?.with_window(window));
        self.0.push(Arc::clone(&counter));
        Some(counter)
    }

    /// How far back it is kept.
    fn reach(&self) -> Duration {
        self.longest()
            .map_or(Duration::ZERO, |counter| counter.window())
    }

    fn longest(&self) -> Option<&Arc<Counter>> {
        self.0.iter().max_by_key(|counter| counter.span())
    }

    fn prune(&mut self, now: u64) -> bool {
        self.0
            .retain(|counter| Arc::strong_count(counter) > 1 || counter.is_live(now));
        let Some(longest) = self.longest() else {
            return false;
        };
        longest.tidy(now, longest.span());
        true
    }
}
