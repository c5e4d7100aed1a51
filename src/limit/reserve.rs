//! Several limits at once: all of them or none.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::MutexGuard;
use smallvec::SmallVec;

use super::amount::Amount;
use super::counter::{Cell, Counter, State};
use super::table::{Admissions, Key};
use super::window::Refused;

/// What a call wants of one counter, and how much there may be.
#[derive(Clone, Copy)]
pub(crate) struct Demand<'a> {
    counter: &'a Counter,
    key: Key,
    kind: ExceededKind,
    limit: Amount,
    amount: Amount,
}

impl<'a> Demand<'a> {
    /// One call where `max` are allowed in a window.
    pub(crate) fn call(counter: &'a Counter, max: u64) -> Self {
        Self {
            counter,
            key: NO_KEY,
            kind: ExceededKind::Rate,
            limit: Amount::from_u64(max),
            amount: Amount::ONE,
        }
    }

    /// `amount` where the sum of a window may be `max`.
    pub(crate) fn sum(counter: &'a Counter, max: Amount, amount: Amount) -> Self {
        Self {
            counter,
            key: NO_KEY,
            kind: ExceededKind::Budget,
            limit: max,
            amount,
        }
    }

    /// For a keyed counter: which key. Demands that name none share one; a counter of a single key pays no heed.
    pub(crate) fn on(self, key: Key) -> Self {
        Self { key, ..self }
    }

    fn cell(&self) -> &'a Arc<Cell> {
        self.counter.cell(self.key.hash)
    }

    /// Of demands on one cell.
    fn shares_key_with(&self, other: &Self) -> bool {
        !self.counter.is_keyed() || self.key.hash == other.key.hash
    }

    #[cold]
    fn exceeded(&self, index: usize, now: u64, refused: Refused) -> Exceeded {
        let (kind, used, blocker) = match refused {
            Refused::Full { used, blocker } => (self.kind, used, blocker),
            Refused::KeysFull => (ExceededKind::KeysFull, Amount::ZERO, None),
        };
        let retry_after =
            blocker.map(|at| Duration::from_nanos(wait(at, now, self.counter.span())));
        Exceeded {
            demand: index,
            kind,
            limit: self.limit,
            window: self.counter.window(),
            used,
            retry_after,
        }
    }
}

const NO_KEY: Key = Key { owner: 0, hash: 0 };

/// Which limit stands against a call: of several, the one that does so longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub(crate) struct Exceeded {
    /// Its place in the list of demands.
    pub(crate) demand: usize,
    pub(crate) kind: ExceededKind,
    /// What a window may hold: calls or a sum.
    pub(crate) limit: Amount,
    pub(crate) window: Duration,
    /// What the window holds.
    pub(crate) used: Amount,
    /// How long until the same demands fit if nothing else happens: not sooner, and exactly then unless entries were merged.
    /// `None`: waiting is of no use, or of no certain use where there are too many keys.
    pub(crate) retry_after: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExceededKind {
    /// Too many calls.
    Rate,
    /// Too large a sum.
    Budget,
    /// The owner has as many live keys as it may.
    KeysFull,
}

impl fmt::Display for ExceededKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rate => "call limit reached",
            Self::Budget => "budget would be exceeded",
            Self::KeysFull => "too many keys counted at a time",
        })
    }
}

/// Places taken in every counter that was asked. Dropped, it counts; [cancelled](Self::cancel), it never was.
#[must_use = "dropping a reservation spends it; call `cancel` to give it back"]
pub(crate) struct Reservation {
    places: Places,
}

enum Places {
    One(Place),
    Many(SmallVec<[Place; 2]>),
}

struct Place {
    /// The shard rather than the counter: its reference count is shared by nobody who does not share the lock.
    cell: Arc<Cell>,
    hash: u128,
    at: u64,
    amount: Amount,
}

impl Reservation {
    /// Gives back what is still live of it.
    pub(crate) fn cancel(self) {
        self.places.as_slice().iter().for_each(Place::give_back);
    }

    #[cfg(test)]
    pub(super) fn times(&self) -> impl Iterator<Item = u64> {
        self.places.as_slice().iter().map(|place| place.at)
    }
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation")
            .field("places", &self.places.as_slice().len())
            .finish()
    }
}

impl Places {
    fn as_slice(&self) -> &[Place] {
        match self {
            Self::One(place) => std::slice::from_ref(place),
            Self::Many(places) => places,
        }
    }
}

impl Place {
    fn new(demand: &Demand<'_>, at: u64) -> Self {
        Self {
            cell: Arc::clone(demand.cell()),
            hash: demand.key.hash,
            at,
            amount: demand.amount,
        }
    }

    fn give_back(&self) {
        self.cell.lock().give_back(self.hash, self.at, self.amount);
    }
}

/// Takes what all `demands` ask for, or nothing. Demands on one key add up. `now`: nanoseconds on a monotonic clock.
///
/// # Errors
/// [`Exceeded`] if any of them does not fit; then nothing has changed.
pub(crate) fn reserve(now: u64, demands: &[Demand<'_>]) -> Result<Reservation, Exceeded> {
    match demands {
        [demand] if demand.amount > Amount::ZERO => {
            let at = attempt(now, demands, || reserve_one(now, demand))?;
            Ok(Reservation {
                places: Places::One(Place::new(demand, at)),
            })
        }
        demands => {
            let places = attempt(now, demands, || reserve_all(now, demands))?;
            Ok(Reservation {
                places: Places::Many(places),
            })
        }
    }
}

/// Whether [`reserve`] would take what all `demands` ask for. Takes nothing.
///
/// # Errors
/// As [`reserve`].
pub(crate) fn would_fit(now: u64, demands: &[Demand<'_>]) -> Result<(), Exceeded> {
    attempt(now, demands, || with_room(now, demands, |_, _| ()))
}

fn attempt<T>(
    now: u64,
    demands: &[Demand<'_>],
    reserve: impl Fn() -> Result<T, Exceeded>,
) -> Result<T, Exceeded> {
    let outcome = reserve();
    match outcome {
        Err(Exceeded {
            kind: ExceededKind::KeysFull,
            ..
        }) => {
            // Keys in other shards may have run out unnoticed. Their locks must not be taken while holding these.
            demands.iter().for_each(|demand| demand.counter.sweep(now));
            reserve()
        }
        _ => outcome,
    }
}

/// What [`reserve_all`] does, for the usual call that has one limit.
fn reserve_one(now: u64, demand: &Demand<'_>) -> Result<u64, Exceeded> {
    let mut state = demand.cell().lock();
    state.observe_call(now);
    state
        .reserve(
            demand.key,
            demand.counter.span(),
            demand.limit,
            demand.amount,
        )
        .map_err(|refused| demand.exceeded(0, now, refused))
}

fn reserve_all(now: u64, demands: &[Demand<'_>]) -> Result<SmallVec<[Place; 2]>, Exceeded> {
    with_room(now, demands, |room, mut admissions| {
        admissions.commit();
        let mut places = SmallVec::new();
        for (run, state) in runs(room.wanted).zip(room.states) {
            for Wanted { demand, .. } in run
                .iter()
                .filter(|wanted| wanted.demand.amount > Amount::ZERO)
            {
                places.push(Place::new(demand, state.add(demand.key, demand.amount)));
            }
        }
        places
    })
}

/// What is locked while all demands are known to fit.
struct Room<'r, 'd, 'a> {
    wanted: &'r [Wanted<'d, 'a>],
    states: &'r mut States<'a>,
}

/// Locks what the demands are about, and goes on if all of them fit.
fn with_room<'a, T>(
    now: u64,
    demands: &[Demand<'a>],
    then: impl FnOnce(Room<'_, '_, 'a>, Admissions<'a>) -> T,
) -> Result<T, Exceeded> {
    let wanted = by_cell(demands);
    // In the order of ids, each once, so that no two callers can wait for each other.
    let mut states: States<'_> = runs(&wanted)
        .filter_map(|run| run.first())
        .map(|first| first.demand.cell().lock())
        .collect();
    // All of it before `check` locks the first account, since this may lock any.
    for (run, state) in runs(&wanted).zip(&mut states) {
        run.iter()
            .for_each(|wanted| state.prepare(now, wanted.demand.key));
    }
    let mut admissions = Admissions::default();
    let mut worst: Option<Exceeded> = None;
    for (run, state) in runs(&wanted).zip(&mut states) {
        for wanted in run {
            if let Err(refused) = check(wanted.demand, run, state, &mut admissions) {
                let exceeded = wanted.demand.exceeded(wanted.index, now, refused);
                worst = Some(worst.map_or(exceeded, |worst| longer(worst, exceeded)));
            }
        }
    }
    match worst {
        Some(worst) => Err(worst),
        None => {
            let room = Room {
                wanted: &wanted,
                states: &mut states,
            };
            Ok(then(room, admissions))
        }
    }
}

type States<'a> = SmallVec<[MutexGuard<'a, State>; 4]>;

/// A demand, its place in the list, and what it has to lock.
struct Wanted<'d, 'a> {
    cell: u64,
    index: usize,
    demand: &'d Demand<'a>,
}

fn by_cell<'d, 'a>(demands: &'d [Demand<'a>]) -> SmallVec<[Wanted<'d, 'a>; 4]> {
    let wanted = demands.iter().enumerate().map(|(index, demand)| Wanted {
        cell: demand.cell().id(),
        index,
        demand,
    });
    let mut wanted: SmallVec<[_; 4]> = wanted.collect();
    wanted.sort_unstable_by_key(|wanted| (wanted.cell, wanted.index));
    wanted
}

/// The demands on each cell in turn.
fn runs<'w, 'd, 'a>(wanted: &'w [Wanted<'d, 'a>]) -> impl Iterator<Item = &'w [Wanted<'d, 'a>]> {
    wanted.chunk_by(|a, b| a.cell == b.cell)
}

/// Whether a demand fits together with those of its `run` that are on the same key.
fn check<'a>(
    demand: &Demand<'a>,
    run: &[Wanted<'_, 'a>],
    state: &State,
    admissions: &mut Admissions<'a>,
) -> Result<(), Refused> {
    let mut same = run
        .iter()
        .filter(|other| other.demand.shares_key_with(demand));
    let total = same.try_fold(Amount::ZERO, |sum, other| {
        sum.checked_add(other.demand.amount)
    });
    // A sum too large to count is above any limit.
    let total = total.ok_or(Refused::never(Amount::ZERO))?;
    let known = state.check(demand.key, demand.counter.span(), demand.limit, total)?;
    if known || demand.amount == Amount::ZERO {
        return Ok(());
    }
    match demand.counter.owners() {
        Some(owners) if !admissions.admit(owners, demand.key) => Err(Refused::KeysFull),
        _ => Ok(()),
    }
}

/// Nanoseconds from `now`, which may lie before the time the counter has seen, until an entry made at `at` expires.
fn wait(at: u64, now: u64, span: u64) -> u64 {
    if at >= now {
        span.saturating_add(at - now)
    } else {
        span.saturating_sub(now - at)
    }
}

/// The one that stands longer; of equals, the first.
fn longer(a: Exceeded, b: Exceeded) -> Exceeded {
    let rank = |exceeded: &Exceeded| {
        (
            exceeded.retry_after.is_none(),
            exceeded.retry_after,
            std::cmp::Reverse(exceeded.demand),
        )
    };
    if rank(&b) > rank(&a) { b } else { a }
}
