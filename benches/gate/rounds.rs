//! Measuring contenders side by side, so that a slow spell of the machine falls on all of them.

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use criterion::Criterion;

/// Runs an operation so many times, and says how long that took. What is not part of it is left untimed.
pub(crate) type Batch<'a> = Box<dyn FnMut(u64) -> Duration + Send + 'a>;

/// One of those compared.
pub(crate) struct Contender<'a> {
    name: &'static str,
    batch: Batch<'a>,
}

impl<'a> Contender<'a> {
    pub(crate) fn new(name: &'static str, batch: Batch<'a>) -> Self {
        Self { name, batch }
    }
}

/// The loop is compiled together with the operation, so nothing is charged for a call through a pointer.
pub(crate) fn repeated<'a, R>(mut operation: impl FnMut() -> R + Send + 'a) -> Batch<'a> {
    Box::new(move |times| {
        let start = Instant::now();
        for _ in 0..times {
            black_box(operation());
        }
        start.elapsed()
    })
}

/// As [`repeated`], with an input made beforehand for each run, and outputs dropped afterwards.
pub(crate) fn prepared<'a, I, R>(
    mut input: impl FnMut() -> I + Send + 'a,
    mut operation: impl FnMut(I) -> R + Send + 'a,
) -> Batch<'a> {
    Box::new(move |times| {
        let inputs: Vec<I> = (0..times).map(|_| input()).collect();
        let mut outputs = Vec::with_capacity(inputs.len());
        let start = Instant::now();
        outputs.extend(inputs.into_iter().map(|input| black_box(operation(input))));
        start.elapsed()
    })
}

/// Reports each contender to criterion.
pub(crate) fn report(criterion: &mut Criterion, group: &str, contenders: Vec<Contender<'_>>) {
    let mut group = criterion.benchmark_group(group);
    for Contender { name, mut batch } in contenders {
        group.bench_function(name, |bencher| bencher.iter_custom(&mut batch));
    }
    group.finish();
}

/// Nanoseconds an operation: for each round, one figure of each contender.
pub(crate) struct Rounds {
    names: Vec<&'static str>,
    figures: Vec<Vec<f64>>,
}

/// Short enough that most batches are not interrupted.
const BATCH: Duration = Duration::from_micros(200);

impl Rounds {
    pub(crate) fn run(mut contenders: Vec<Contender<'_>>, rounds: usize) -> Self {
        let times: Vec<u64> = contenders
            .iter_mut()
            .map(|one| times(&mut |times| (one.batch)(times)))
            .collect();
        let count = contenders.len();
        let figures = (0..rounds.max(5)).map(|round| {
            let mut figures = vec![f64::NAN; count];
            for step in 0..count {
                let at = (step + round * 7) % count;
                figures[at] = nanos((contenders[at].batch)(times[at])) / times[at] as f64;
            }
            figures
        });
        let figures = figures.collect();
        Self {
            names: contenders.iter().map(|one| one.name).collect(),
            figures,
        }
    }

    /// The median over the rounds of whatever is made of the figures of one round.
    pub(crate) fn median(&self, of: impl Fn(&dyn Fn(&str) -> f64) -> f64) -> f64 {
        let at = |name: &str| self.names.iter().position(|known| *known == name);
        let value = |round: &Vec<f64>| {
            of(&|name| {
                at(name).map_or_else(|| panic!("there is no contender `{name}`"), |at| round[at])
            })
        };
        median(self.figures.iter().map(value))
    }

    /// What was measured, the floor, and the median of their ratios. A floor of several parts is the sum of them.
    pub(crate) fn against(&self, what: &str, floor: &[&str]) -> [f64; 3] {
        let sum = |figure: &dyn Fn(&str) -> f64| floor.iter().map(|part| figure(part)).sum::<f64>();
        [
            self.median(|figure| figure(what)),
            self.median(|figure| sum(figure)),
            self.median(|figure| figure(what) / sum(figure)),
        ]
    }
}

/// How many runs fill a batch.
fn times(batch: &mut dyn FnMut(u64) -> Duration) -> u64 {
    let mut times = 1;
    loop {
        // The least of three, so that one interruption does not pass for the cost.
        let took = (0..3).map(|_| batch(times)).min().unwrap_or_default();
        if took >= BATCH / 2 {
            return ((times as f64 * nanos(BATCH) / nanos(took)) as u64).max(1);
        }
        times *= 2;
    }
}

/// One operation for each of several threads, made anew by the thread's number.
pub(crate) struct Team<'a> {
    name: &'static str,
    one: Batch<'a>,
    two: [Batch<'a>; 2],
}

impl<'a> Team<'a> {
    pub(crate) fn new(name: &'static str, member: impl Fn(usize) -> Batch<'a>) -> Self {
        Self {
            name,
            one: member(0),
            two: [member(0), member(1)],
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }
}

/// For each round and team, nanoseconds an operation on one thread, and on each of two that run at once.
///
/// # Panics
/// If the machine hardly ever let two threads run at once: then nothing can be said.
pub(crate) fn on_two_threads(teams: &mut [Team<'_>], rounds: usize) -> Vec<Vec<[f64; 2]>> {
    let times: Vec<u64> = teams
        .iter_mut()
        .map(|team| times(&mut |times| (team.one)(times)))
        .collect();
    let mut kept = Vec::new();
    for round in 0..rounds * 4 {
        let mut figures = vec![[f64::NAN; 2]; teams.len()];
        for step in 0..teams.len() {
            let at = (step + round) % teams.len();
            let (team, times) = (&mut teams[at], times[at]);
            let one = nanos((team.one)(times)) / times as f64;
            let two = (0..30).find_map(|_| both(&mut team.two, times));
            figures[at] = [one, two.unwrap_or(f64::NAN)];
        }
        if figures.iter().all(|[_, two]| two.is_finite()) {
            kept.push(figures);
        }
        if kept.len() >= rounds {
            break;
        }
    }
    assert!(kept.len() >= 5, "too little room for two threads at once");
    kept
}

/// Runs two batches at once: nanoseconds an operation, unless they did not run side by side.
fn both(batches: &mut [Batch<'_>; 2], times: u64) -> Option<f64> {
    let ready = AtomicUsize::new(0);
    let spans: Vec<(Instant, Instant)> = std::thread::scope(|scope| {
        let threads: Vec<_> = batches
            .iter_mut()
            .map(|batch| {
                let ready = &ready;
                scope.spawn(move || {
                    // A new thread is cold.
                    batch(times / 8 + 1);
                    ready.fetch_add(1, Ordering::SeqCst);
                    while ready.load(Ordering::SeqCst) < 2 {
                        std::hint::spin_loop();
                    }
                    let start = Instant::now();
                    batch(times);
                    (start, Instant::now())
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let length = |span: &(Instant, Instant)| nanos(span.1 - span.0);
    let first = spans.iter().map(|span| span.0).max().unwrap();
    let last = spans.iter().map(|span| span.1).min().unwrap();
    let together = nanos(last.saturating_duration_since(first));
    let undisturbed = spans.iter().all(|span| together >= 0.9 * length(span));
    undisturbed.then(|| spans.iter().map(length).sum::<f64>() / 2.0 / times as f64)
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

pub(crate) fn nanos(duration: Duration) -> f64 {
    duration.as_nanos() as f64
}
