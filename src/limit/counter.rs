//! One configured limit: its window, and the state that it shares with its former windows.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};

use super::amount::Amount;
use super::table::{Key, MAX_KEYS_PER_OWNER, Owners, Table};
use super::window::{EXACT_ENTRIES, Refused, Retention, Window};

const SHARDS: usize = 16;
/// Keys that a call looks at for others' benefit. It makes at most one a demand, so two keep up.
const RECLAIM_PER_CALL: usize = 2;

/// What has been used of one configured limit.
///
/// A counter holds the window; how much may be used in it is said at each reservation, since a change of policy changes that
/// while the use so far stands.
pub(crate) struct Counter {
    /// Nanoseconds, at least 1.
    span: u64,
    shards: Shards,
}

/// Whether a counter tells keys apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Shape {
    /// All calls count together.
    Single,
    /// Each [`Key`] counts for itself.
    Keyed {
        /// Live keys one owner may have; further ones are refused.
        max_keys_per_owner: u32,
    },
}

impl Shape {
    pub(crate) const KEYED: Self = Self::Keyed {
        max_keys_per_owner: MAX_KEYS_PER_OWNER,
    };
}

#[derive(Clone)]
enum Shards {
    One(Arc<Cell>),
    Many(Arc<Sharded>),
}

struct Sharded {
    cells: [Arc<Cell>; SHARDS],
    owners: Arc<Owners>,
}

/// What is locked at once. Aligned so that no two share a cache line, nor the pair of lines that is fetched together.
#[repr(align(128))]
pub(super) struct Cell {
    /// Lock order. The cells of one counter have consecutive ids.
    id: u64,
    state: Mutex<State>,
}

pub(super) struct State {
    /// The latest time seen; the clock of this cell never runs behind it.
    latest: u64,
    /// When something was last entered.
    last_entry: Option<u64>,
    kept: Retention,
    logs: Logs,
}

enum Logs {
    One(Window),
    Many(Table),
}

impl Counter {
    /// A counter of one key: no hashing, one lock.
    #[cfg(test)]
    pub(crate) fn single(window: Duration) -> Self {
        Self::new(window, Shape::Single, EXACT_ENTRIES)
    }

    /// A counter of many keys, of which each owner may have `max_keys_per_owner` with live entries.
    #[cfg(test)]
    pub(crate) fn keyed(window: Duration, max_keys_per_owner: u32) -> Self {
        Self::new(window, Shape::Keyed { max_keys_per_owner }, EXACT_ENTRIES)
    }

    /// `exact`: entries a log keeps before it merges any.
    pub(super) fn new(window: Duration, shape: Shape, exact: usize) -> Self {
        let kept = Retention {
            span: nanos(window),
            exact: exact.max(2),
        };
        let shards = match shape {
            Shape::Single => Shards::One(Cell::new(next_ids(), kept, Logs::One(Window::new(0)))),
            Shape::Keyed {
                max_keys_per_owner: max,
            } => Shards::many(max, |id, owners| {
                Cell::new(id, kept, Logs::Many(Table::new(Arc::clone(owners))))
            }),
        };
        Self {
            span: kept.span,
            shards,
        }
    }

    /// The same state seen through another window. What is older than the widest window so far is not known.
    pub(super) fn with_window(&self, window: Duration) -> Self {
        let counter = Self {
            span: nanos(window),
            shards: self.shards.clone(),
        };
        for cell in counter.cells() {
            let mut state = cell.lock();
            state.kept.span = state.kept.span.max(counter.span);
        }
        counter
    }

    /// A counter of its own that begins with the history of this one.
    pub(super) fn fork(&self, window: Duration) -> Self {
        let span = nanos(window);
        let shards = match &self.shards {
            Shards::One(cell) => Shards::One(cell.fork(next_ids(), span, None)),
            Shards::Many(sharded) => {
                let mut cells = sharded.cells.iter();
                Shards::many(sharded.owners.max(), |id, owners| match cells.next() {
                    Some(cell) => cell.fork(id, span, Some(owners)),
                    None => Cell::new(
                        id,
                        Retention {
                            span,
                            exact: EXACT_ENTRIES,
                        },
                        Logs::Many(Table::new(Arc::clone(owners))),
                    ),
                })
            }
        };
        Self { span, shards }
    }

    pub(crate) fn window(&self) -> Duration {
        Duration::from_nanos(self.span)
    }

    pub(super) fn span(&self) -> u64 {
        self.span
    }

    pub(super) fn cell(&self, hash: u128) -> &Arc<Cell> {
        match &self.shards {
            Shards::One(cell) => cell,
            Shards::Many(sharded) => {
                let [first, ..] = &sharded.cells;
                // The lower half picks the slot within the shard.
                let index = (hash >> 64) as usize % SHARDS;
                sharded.cells.get(index).unwrap_or(first)
            }
        }
    }

    pub(super) fn is_keyed(&self) -> bool {
        matches!(self.shards, Shards::Many(_))
    }

    pub(super) fn owners(&self) -> Option<&Owners> {
        match &self.shards {
            Shards::One(_) => None,
            Shards::Many(sharded) => Some(&sharded.owners),
        }
    }

    /// Drops every key whose entries have all expired.
    pub(super) fn sweep(&self, now: u64) {
        if self.is_keyed() {
            self.cells()
                .iter()
                .for_each(|cell| cell.lock().observe(now, usize::MAX));
        }
    }

    /// Whether anything may stand in the window. Entries that were given back may be taken for live ones.
    pub(super) fn is_live(&self, now: u64) -> bool {
        self.cells().iter().any(|cell| {
            let state = cell.lock();
            state
                .last_entry
                .is_some_and(|at| now.max(state.latest).saturating_sub(at) < self.span)
        })
    }

    /// From now on remembers no longer than `span` nanoseconds, and returns memory that is not needed.
    pub(super) fn tidy(&self, now: u64, span: u64) {
        for cell in self.cells() {
            let mut state = cell.lock();
            state.kept.span = span.max(1);
            state.observe(now, usize::MAX);
            if let Logs::Many(table) = &mut state.logs {
                table.shrink();
            }
        }
    }

    fn cells(&self) -> &[Arc<Cell>] {
        match &self.shards {
            Shards::One(cell) => std::slice::from_ref(cell),
            Shards::Many(sharded) => &sharded.cells,
        }
    }

    #[cfg(test)]
    pub(super) fn keys(&self) -> usize {
        let len = |cell: &Arc<Cell>| match &cell.lock().logs {
            Logs::One(_) => 1,
            Logs::Many(table) => table.len(),
        };
        self.cells().iter().map(len).sum()
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        let bytes = |cell: &Arc<Cell>| match &cell.lock().logs {
            Logs::One(window) => window.bytes(),
            Logs::Many(table) => table.bytes(),
        };
        self.cells().iter().map(bytes).sum()
    }
}

/// The window only: what has been used is a matter of arguments.
impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counter")
            .field("window", &self.window())
            .field("keyed", &self.is_keyed())
            .finish_non_exhaustive()
    }
}

impl Shards {
    fn many(max: u32, mut cell: impl FnMut(u64, &Arc<Owners>) -> Arc<Cell>) -> Self {
        let id = next_ids();
        let owners = Arc::new(Owners::new(id, max));
        let mut ids = id..;
        let cells = std::array::from_fn(|_| cell(ids.next().unwrap_or(id), &owners));
        Self::Many(Arc::new(Sharded { cells, owners }))
    }
}

impl Cell {
    fn new(id: u64, kept: Retention, logs: Logs) -> Arc<Self> {
        Arc::new(Self {
            id,
            state: Mutex::new(State {
                latest: 0,
                last_entry: None,
                kept,
                logs,
            }),
        })
    }

    fn fork(&self, id: u64, span: u64, owners: Option<&Arc<Owners>>) -> Arc<Self> {
        let state = self.lock();
        let kept = Retention { span, ..state.kept };
        let logs = match (&state.logs, owners) {
            (Logs::Many(table), Some(owners)) => Logs::Many(table.fork(owners)),
            (Logs::Many(_), None) => Logs::One(Window::new(state.latest)),
            (Logs::One(window), _) => Logs::One(window.fork()),
        };
        let state = State {
            latest: state.latest,
            last_entry: state.last_entry,
            kept,
            logs,
        };
        Arc::new(Self {
            id,
            state: Mutex::new(state),
        })
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl State {
    /// Tells the time, and lets go of what has expired, in a table of no more than `budget` keys.
    pub(super) fn observe(&mut self, now: u64, budget: usize) {
        self.latest = self.latest.max(now);
        match &mut self.logs {
            Logs::One(window) => window.expire(self.latest, self.kept),
            Logs::Many(table) => table.reclaim(self.latest, self.kept, budget),
        }
    }

    pub(super) fn observe_call(&mut self, now: u64) {
        self.observe(now, RECLAIM_PER_CALL);
    }

    /// [Observes](Self::observe_call), and puts `key` in order for [`check`](Self::check). May lock the accounts of owners.
    pub(super) fn prepare(&mut self, now: u64, key: Key) {
        self.observe_call(now);
        if let Logs::Many(table) = &mut self.logs {
            table.settle(self.latest, key, self.kept);
        }
    }

    /// Whether `amount` more fits into the last `span` nanoseconds; if so, whether the key is known. Locks nothing.
    pub(super) fn check(
        &self,
        key: Key,
        span: u64,
        limit: Amount,
        amount: Amount,
    ) -> Result<bool, Refused> {
        match &self.logs {
            Logs::One(window) => window
                .check(self.latest, span, self.kept, limit, amount)
                .map(|()| true),
            Logs::Many(table) => table.check(self.latest, key, span, self.kept, limit, amount),
        }
    }

    /// Enters `amount` if it fits; returns the time under which it stands.
    pub(super) fn reserve(
        &mut self,
        key: Key,
        span: u64,
        limit: Amount,
        amount: Amount,
    ) -> Result<u64, Refused> {
        let now = self.latest;
        match &mut self.logs {
            Logs::One(window) => window.reserve(now, span, self.kept, limit, amount)?,
            Logs::Many(table) => table.reserve(now, key, span, self.kept, limit, amount)?,
        }
        self.last_entry = Some(now);
        Ok(now)
    }

    /// Enters `amount`; returns the time under which it stands.
    pub(super) fn add(&mut self, key: Key, amount: Amount) -> u64 {
        let now = self.latest;
        self.last_entry = Some(now);
        match &mut self.logs {
            Logs::One(window) => window.add(now, amount, self.kept),
            Logs::Many(table) => table.add(now, key, amount, self.kept),
        }
        now
    }

    pub(super) fn give_back(&mut self, hash: u128, at: u64, amount: Amount) {
        match &mut self.logs {
            Logs::One(window) => window.give_back(at, amount),
            Logs::Many(table) => table.give_back(hash, at, amount),
        }
    }
}

/// Ids for the cells of one counter.
fn next_ids() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(SHARDS as u64, Ordering::Relaxed)
}

/// At least 1: a window of no length would limit nothing.
fn nanos(window: Duration) -> u64 {
    u64::try_from(window.as_nanos()).unwrap_or(u64::MAX).max(1)
}
