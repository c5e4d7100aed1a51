//! What exact noise and charging cost, as ratios within one run: a table, medians over rounds.
//!
//! The floor beside noise is what one must not do: noise in floats, by `rand_distr`, from the same generator.
//! `PORTCULLIS_BENCH_QUICK=1` makes the run short. What is asserted, and fails the run: charging in memory does not allocate.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on should stop"
)]

mod memory;

use std::hint::black_box;
use std::time::{Duration, Instant};

use chacha20::ChaCha12Rng;
use portcullis::privacy::{
    AddedNoise, Adjacency, Bounded, Budget, BudgetPlan, Charge, Clip, Count, Delta, Epsilon,
    Gaussian, L1, L2, Laplace, Ledger, Noise, Rho, Scope,
};
use rand::SeedableRng as _;
use rand_distr::{Distribution, Exp1, Normal};

/// As many as an embedding has.
const DIMENSION: usize = 1536;

fn main() {
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    let quick = std::env::var_os("PORTCULLIS_BENCH_QUICK").is_some_and(|value| value != "0");
    let rounds = if quick { 31 } else { 301 };
    println!("\n| what | beside | ratio | goal | time |\n|---|---|--:|---|--:|");
    gaussian(rounds);
    laplace(rounds);
    drawn_ahead(rounds);
    clipping(rounds);
    memory::vote(rounds);
    charging(if quick { 100_000 } else { 1_000_000 });
}

fn gaussian(rounds: usize) {
    let sum = sum::<L2>();
    let mechanism = Gaussian::new(*sum.sensitivity(), epsilon(), Delta::default()).unwrap();
    let normal = Normal::new(0.0, mechanism.sigma()).unwrap();
    let floor = floats(normal);
    row(
        "Gaussian noise on 1536 coordinates",
        "floats on ChaCha12",
        "≤ 20",
        exact(Noise::new(mechanism).unwrap(), &sum),
        floor,
        rounds,
    );
}

fn laplace(rounds: usize) {
    let sum = sum::<L1>();
    let mechanism = Laplace::new(*sum.sensitivity(), epsilon()).unwrap();
    let floor = floats(FloatLaplace(mechanism.scale()));
    row(
        "Laplace noise on 1536 coordinates",
        "floats on ChaCha12",
        "≤ 7",
        exact(Noise::new(mechanism).unwrap(), &sum),
        floor,
        rounds,
    );
}

fn drawn_ahead(rounds: usize) {
    let sum = sum::<L2>();
    let mechanism = Gaussian::new(*sum.sensitivity(), epsilon(), Delta::default()).unwrap();
    let mut noise = Noise::new(mechanism).unwrap();
    let (left, right) = (vec![3_i64; DIMENSION], vec![4_i64; DIMENSION]);
    noise.draw_ahead(DIMENSION * (rounds + 1)).unwrap();
    row(
        "release with noise that is ready",
        "copy and add",
        "",
        || drop(black_box(noise.release(&sum).unwrap())),
        || {
            let sums = left.iter().zip(&right).map(|(left, right)| left + right);
            black_box(sums.collect::<Vec<i64>>());
        },
        rounds,
    );
}

fn clipping(rounds: usize) {
    let clip = Clip::<L2>::new(1.0).unwrap();
    let vector = [0.5_f32; DIMENSION];
    row(
        "clip 1536 coordinates",
        "the same in floats, unchecked",
        "",
        || drop(black_box(clip.vector(black_box(&vector)).unwrap())),
        || {
            let values = black_box(&vector).iter().map(|&value| f64::from(value));
            let norm = values
                .clone()
                .map(|value| value * value)
                .sum::<f64>()
                .sqrt();
            black_box(values.map(|value| value / norm).collect::<Vec<f64>>());
        },
        rounds,
    );
}

/// Charges, at the beginning and after a million.
fn charging(charges: u32) {
    let budget = Budget::zcdp(Rho::new(1e12).unwrap(), Delta::ZERO);
    let partition = "tickets".parse().unwrap();
    let ledger =
        Ledger::that_forgets(BudgetPlan::new(budget).partition(partition, budget)).unwrap();
    let mechanism = Laplace::new(Count.l1(), epsilon()).unwrap();
    let charge = Charge::new(Scope::Partition(partition), mechanism.cost());
    let spend = || ledger.spend(black_box(&charge)).unwrap();
    let counted = allocation_counter::measure(spend);
    assert_eq!(counted.count_total, 0, "charging in memory allocates");
    let some = |count: u32| {
        let start = Instant::now();
        (0..count).for_each(|_| spend());
        start.elapsed() / count
    };
    let (first, _, last) = (some(10_000), some(charges), some(10_000));
    let ratio = last.as_secs_f64() / first.as_secs_f64();
    println!(
        "| charge in memory, after {charges} charges | after none | {ratio:.2} | 1 | {last:.0?} |"
    );
}

fn epsilon() -> Epsilon {
    Epsilon::new(1.0).unwrap()
}

trait Clipping: Sized {
    fn sum() -> Bounded<Self>;
}

impl Clipping for L1 {
    fn sum() -> Bounded<Self> {
        let clip = Clip::<L1>::new(1.0).unwrap();
        let vector = clip.vector(&[0.5; DIMENSION]).unwrap();
        clip.sum([&vector], DIMENSION, Adjacency::ReplaceOne)
            .unwrap()
    }
}

impl Clipping for L2 {
    fn sum() -> Bounded<Self> {
        let clip = Clip::<L2>::new(1.0).unwrap();
        let vector = clip.vector(&[0.5; DIMENSION]).unwrap();
        clip.sum([&vector], DIMENSION, Adjacency::ReplaceOne)
            .unwrap()
    }
}

fn sum<N: Clipping>() -> Bounded<N> {
    N::sum()
}

fn exact<M: AddedNoise>(mut noise: Noise<M>, sum: &Bounded<M::Sensitivity>) -> impl FnMut() {
    move || {
        black_box(noise.release(sum).unwrap());
    }
}

fn floats(distribution: impl Distribution<f64>) -> impl FnMut() {
    let mut rng = ChaCha12Rng::from_seed([1; 32]);
    let values = vec![0.5; DIMENSION];
    move || {
        let noised = values
            .iter()
            .map(|value| value + distribution.sample(&mut rng));
        black_box(noised.collect::<Vec<f64>>());
    }
}

/// The difference of two exponential variables.
struct FloatLaplace(f64);

impl Distribution<f64> for FloatLaplace {
    fn sample<R: rand::Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        let (one, other): (f64, f64) = (Exp1.sample(rng), Exp1.sample(rng));
        self.0 * (one - other)
    }
}

/// Both in turn, so that whatever slows the machine slows both.
fn row(
    what: &str,
    beside: &str,
    goal: &str,
    mut ours: impl FnMut(),
    mut floor: impl FnMut(),
    rounds: usize,
) {
    let mut timed: Vec<(Duration, Duration)> = (0..rounds)
        .map(|_| (time(&mut ours), time(&mut floor)))
        .collect();
    let ratio = |(ours, floor): &(Duration, Duration)| ours.as_secs_f64() / floor.as_secs_f64();
    timed.sort_by(|one, other| ratio(one).total_cmp(&ratio(other)));
    let median = timed.get(rounds / 2).unwrap();
    println!(
        "| {what} | {beside} | {:.1} | {goal} | {:.0?} |",
        ratio(median),
        median.0
    );
}

fn time(work: &mut impl FnMut()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}
