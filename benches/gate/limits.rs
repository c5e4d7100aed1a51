//! One reservation, with the reading of the clock that it needs, against `governor`'s keyed limiter.
//!
//! `governor` keeps one word for each key and so cannot tell the calls of a window apart (GCRA): it admits bursts past the
//! limit at the edge of its window. Ours is exact, and keeps each call.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::Criterion;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use portcullis::json::View;

use crate::limit::{Counted, Counter, CounterRegistry, Demand, Key, Shape, reserve};
use crate::rounds::{Batch, Contender, Rounds, Team, median, on_two_threads, repeated, report};
use crate::table::{Goal, Table};

const KEYS: usize = 64;
const MINUTE: Duration = Duration::from_secs(60);
const NAMES: [[&str; 3]; 2] = [
    [
        "admit, governor",
        "admit, a counter each",
        "admit, keyed counter",
    ],
    [
        "refuse, governor",
        "refuse, a counter each",
        "refuse, keyed counter",
    ],
];

/// Admitting, or with 120 a minute used up.
#[derive(Clone, Copy, PartialEq)]
enum Case {
    Admit,
    Refuse,
}

const CASES: [Case; 2] = [Case::Admit, Case::Refuse];

/// The limiters of one case, shared by all threads.
struct Limiters {
    case: Case,
    /// Reads the system's clock.
    start: Instant,
    keys: Vec<String>,
    governor: DefaultKeyedRateLimiter<String>,
    single: Vec<Arc<Counter>>,
    keyed: Arc<Counter>,
    hasher: RandomState,
}

impl Limiters {
    fn new(case: Case) -> Self {
        let per_minute = NonZeroU32::new(120).unwrap();
        let quota = if case == Case::Admit {
            Quota::per_second(NonZeroU32::MAX)
        } else {
            Quota::per_minute(per_minute)
        };
        let registry = CounterRegistry::new();
        let counter = |name: &str, shape| {
            registry
                .counters(&[Counted {
                    base: name.to_owned(),
                    window: MINUTE,
                    shape,
                }])
                .remove(0)
        };
        let keys: Vec<String> = (0..KEYS).map(|index| format!("tool_{index:05}")).collect();
        let limiters = Self {
            case,
            start: Instant::now(),
            governor: RateLimiter::dashmap(quota),
            single: keys.iter().map(|key| counter(key, Shape::Single)).collect(),
            keyed: counter("keyed", Shape::KEYED),
            keys,
            hasher: RandomState::new(),
        };
        limiters.fill();
        limiters
    }

    /// To the state in which they are measured.
    fn fill(&self) {
        for index in 0..KEYS {
            let admits = |yes: &dyn Fn() -> bool| (0..200).filter(|_| yes()).count();
            let expected = if self.case == Case::Admit { 200 } else { 120 };
            assert_eq!(admits(&|| self.governor(index)), expected);
            assert_eq!(admits(&|| self.single(index)), expected);
            assert_eq!(admits(&|| self.keyed(index)), expected);
        }
    }

    /// Nanoseconds. While admitting, time passes so fast that each window holds about a hundred calls.
    fn now(&self) -> u64 {
        let speed = if self.case == Case::Admit { 120_000 } else { 1 };
        u64::try_from(self.start.elapsed().as_nanos())
            .unwrap()
            .saturating_mul(speed)
    }

    fn max(&self) -> u64 {
        if self.case == Case::Admit {
            1_000_000
        } else {
            120
        }
    }

    fn governor(&self, index: usize) -> bool {
        self.governor.check_key(&self.keys[index]).is_ok()
    }

    fn single(&self, index: usize) -> bool {
        reserve(self.now(), &[Demand::call(&self.single[index], self.max())]).is_ok()
    }

    fn keyed(&self, index: usize) -> bool {
        let demand =
            Demand::call(&self.keyed, self.max()).on(self.key(View::String(&self.keys[index])));
        reserve(self.now(), &[demand]).is_ok()
    }

    /// As the guard makes it of a parameter.
    fn key(&self, view: View<'_>) -> Key {
        let mut hasher = self.hasher.build_hasher();
        if let (Some(kind), View::String(text)) = (view.kind(), view) {
            kind.hash(&mut hasher);
            text.hash(&mut hasher);
        }
        let hash = hasher.finish();
        let spread = hash.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(32);
        Key {
            // A session knows its own.
            owner: 7,
            hash: u128::from(hash) | u128::from(spread) << 64,
        }
    }

    fn batch(
        &self,
        check: impl Fn(&Self, usize) -> bool + Send + 'static,
        first: usize,
    ) -> Batch<'_> {
        let mut at = first;
        repeated(move || {
            at = (at + 1) % KEYS;
            check(self, at)
        })
    }

    fn batches(&self, first: usize) -> [Batch<'_>; 3] {
        [
            self.batch(Self::governor, first),
            self.batch(Self::single, first),
            self.batch(Self::keyed, first),
        ]
    }
}

fn contenders(limiters: &[Limiters; 2]) -> Vec<Contender<'_>> {
    let all = limiters.iter().zip(NAMES);
    all.flat_map(|(limiters, names)| names.into_iter().zip(limiters.batches(0)))
        .map(|(name, batch)| Contender::new(name, batch))
        .collect()
}

fn teams(limiters: &[Limiters; 2]) -> Vec<Team<'_>> {
    let all = limiters.iter().zip(NAMES);
    all.flat_map(|(limiters, names)| {
        names.into_iter().enumerate().map(move |(at, name)| {
            Team::new(name, move |thread| {
                let [governor, single, keyed] = limiters.batches(thread * 31);
                [Some(governor), Some(single), Some(keyed)][at]
                    .take()
                    .unwrap()
            })
        })
    })
    .collect()
}

pub(crate) fn groups(criterion: &mut Criterion) {
    report(criterion, "limits", contenders(&CASES.map(Limiters::new)));
}

pub(crate) fn compare(table: &mut Table, rounds: usize) {
    let limiters = CASES.map(Limiters::new);
    let alone = Rounds::run(contenders(&limiters), rounds);
    for [governor, ours @ ..] in NAMES {
        for name in ours {
            let what = format!("limit, {name}, 1 thread / governor");
            table.ratio(&what, alone.against(name, &[governor]), Goal::AtMost(1.0));
        }
    }
    let limiters = CASES.map(Limiters::new);
    let mut teams = teams(&limiters);
    let together = on_two_threads(&mut teams, rounds / 4);
    for (at, [_, ours @ ..]) in NAMES.into_iter().enumerate() {
        for (place, name) in ours.into_iter().enumerate() {
            let floor = at * 3;
            let of = |figure: &dyn Fn(&[[f64; 2]]) -> f64| {
                median(together.iter().map(|round| figure(round)))
            };
            let figures = [
                of(&|round| round[floor + 1 + place][1]),
                of(&|round| round[floor][1]),
                of(&|round| round[floor + 1 + place][1] / round[floor][1]),
            ];
            table.ratio(
                &format!("limit, {name}, 2 threads / governor"),
                figures,
                Goal::AtMost(1.0),
            );
        }
    }
}
