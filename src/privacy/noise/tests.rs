use std::collections::BTreeSet;

use super::*;
use crate::privacy::numeric::log_tail;
use crate::privacy::{Adjacency, Clip, Count, Delta, Epsilon, Histogram, Mu, Votes};

fn seeded<M>(mechanism: M, seed: u8) -> Noise<M> {
    Noise::from_generator(mechanism, Generator::from_seed(&[seed; 32]))
}

fn epsilon(value: f64) -> Epsilon {
    Epsilon::new(value).unwrap()
}

fn laplace() -> Laplace {
    Laplace::new(Count.l1(), epsilon(0.5)).unwrap()
}

fn one(noise: &mut Noise<Laplace>, count: u64) -> i64 {
    noise.release(&Count.l1_of(count)).unwrap().steps()[0]
}

#[test]
fn noise_is_added_and_none_is_used_twice() {
    let mut at_once = seeded(laplace(), 1);
    at_once.draw_ahead(8).unwrap();
    let drawn: Vec<i64> = at_once.ready.to_vec();
    let released: Vec<i64> = (0..8).map(|_| one(&mut at_once, 100) - 100).collect();
    assert_eq!(released, drawn.into_iter().rev().collect::<Vec<_>>());
    assert_eq!(at_once.ready(), 0);
    // Without anything ready, it is drawn.
    one(&mut at_once, 100);
    assert_eq!(at_once.ready(), 0);
}

#[test]
fn what_is_ready_stays_when_more_is_drawn() {
    let mut noise = seeded(laplace(), 2);
    noise.draw_ahead(3).unwrap();
    let before = noise.ready.to_vec();
    noise.draw_ahead(2).unwrap();
    assert_eq!(*noise.ready, before);
    noise.draw_ahead(500).unwrap();
    assert_eq!((noise.ready(), &noise.ready[..3]), (500, &before[..]));
}

#[test]
fn nothing_else_than_the_noise_was_made_for_is_released() {
    let mut noise = seeded(laplace(), 3);
    let votes = Votes.l1_of(&[1, 2]).unwrap();
    assert_eq!(noise.release(&votes), Err(MechanismError::OtherSensitivity));
    let range = Votes.range();
    let mut choice = seeded(Exponential::new(range, epsilon(1.0)).unwrap(), 3);
    let bins = Histogram.range_of(&[1, 2], Adjacency::AddRemove).unwrap();
    assert_eq!(choice.choose(&bins), Err(MechanismError::OtherSensitivity));
    assert!(choice.choose(&Votes.range_of(&[1, 2]).unwrap()).unwrap() < 2);
}

#[test]
fn a_forked_process_gets_neither_new_noise_nor_what_was_ready() {
    let mut noise = seeded(laplace(), 4);
    noise.draw_ahead(2).unwrap();
    noise.generator.fork_for_test();
    assert_eq!(noise.release(&Count.l1_of(1)), Err(MechanismError::Forked));
    assert_eq!(noise.draw_ahead(1), Err(MechanismError::Forked));
    let mut choice = seeded(Exponential::new(Votes.range(), epsilon(1.0)).unwrap(), 3);
    choice.generator.fork_for_test();
    let votes = Votes.range_of(&[1]).unwrap();
    assert_eq!(choice.choose(&votes), Err(MechanismError::Forked));
}

#[test]
fn sums_that_do_not_fit_are_cut() {
    let mut noise = seeded(laplace(), 5);
    for _ in 0..50 {
        let found = one(&mut noise, u64::MAX);
        assert!(found > i64::MAX - 1000, "{found}");
    }
}

#[test]
fn nothing_of_the_data_or_the_noise_is_shown() {
    let mut noise = seeded(laplace(), 6);
    noise.draw_ahead(2).unwrap();
    let shown = format!("{noise:?} {:?}", Count.l1_of(77));
    assert!(
        shown.contains("ready: 2, ..") && !shown.contains("77"),
        "{shown}"
    );
}

/// Fault 1 of the naive design: Laplace noise on a vector that was clipped in L2. That it does not compile is in the docs of
/// [`Clip`]; this is what it would have cost.
#[test]
fn naive_l2_clipping_under_laplace_would_cost_39_times_as_much() {
    let ones = vec![1.0; 384];
    let clipped = Clip::<L2>::new(1.0).unwrap().vector(&ones).unwrap();
    let moved: i64 = clipped
        .steps()
        .iter()
        .map(|&steps| 2 * i64::from(steps))
        .sum();
    let claimed = f64::from(clipped.clip().radius());
    assert!((39.0..39.2).contains(&(moved as f64 / claimed)));
}

/// Fault 2: a sensitivity of C, where replacing a record moves the sum by 2C.
#[test]
fn naive_sensitivity_of_one_norm_is_half_of_what_a_replaced_record_moves() {
    let clip = Clip::<L2>::new(1.0).unwrap();
    let (east, west) = (clip.vector(&[1.0]).unwrap(), clip.vector(&[-1.0]).unwrap());
    let sum = |vector| clip.sum([vector], 1, Adjacency::ReplaceOne).unwrap();
    let moved = (sum(&east).steps()[0] - sum(&west).steps()[0]).unsigned_abs();
    assert_eq!(moved, u64::from(2 * clip.radius()));
    let bound = sum(&east).sensitivity().steps_squared();
    assert_eq!(bound, u128::from(moved).pow(2));
}

/// Fault 3: the classic formula, which promises too much from an epsilon of about 10 on, and is wasteful below.
#[test]
fn naive_formula_for_gaussian_noise_is_too_little_at_large_epsilon() {
    let delta = Delta::new(1e-5).unwrap();
    let classic = |epsilon: f64| (2.0 * (1.25 / delta.value()).ln()).sqrt() / epsilon;
    let sigma = |value| {
        Gaussian::new(Count.l2(), epsilon(value), delta)
            .unwrap()
            .sigma()
    };
    assert!(classic(10.0) < sigma(10.0));
    assert!(classic(0.5) > sigma(0.5));
}

/// Fault 4: noise of floats, whose last bits tell what it was added to. Here neighbours reach the same outputs: whole steps, of
/// either parity, all of the middle.
#[test]
fn naive_float_noise_leaks_and_steps_of_a_lattice_do_not() {
    let reached = |count| -> BTreeSet<i64> {
        let mut noise = seeded(laplace(), 7);
        let outputs = (0..20_000).map(|_| one(&mut noise, count));
        outputs
            .filter(|output| (95..=106).contains(output))
            .collect()
    };
    assert_eq!(reached(100), (95..=106).collect());
    assert_eq!(reached(101), reached(100));
    let clip = Clip::<L2>::new(1.0).unwrap();
    let sum = |value: f32| {
        let vector = clip.vector(&[value]).unwrap();
        clip.sum([&vector], 1, Adjacency::ReplaceOne).unwrap()
    };
    let mechanism = Gaussian::new(*sum(0.0).sensitivity(), epsilon(1.0), Delta::default()).unwrap();
    let mut noise = seeded(mechanism, 8);
    let odd = |noise: &mut Noise<Gaussian>, value| {
        let steps = (0..1000).map(|_| noise.release(&sum(value)).unwrap().steps()[0]);
        steps.filter(|steps| steps % 2 != 0).count()
    };
    // Whichever it is added to: as many odd steps as even ones, up to 6 deviations.
    for value in [0.0, 0.333_333_34, 1.0e-30, -0.7] {
        assert!(odd(&mut noise, value).abs_diff(500) < 96);
    }
}

/// Whoever sees releases of two neighbours tells them apart no better than their mu says, and almost that well: the threshold
/// in the middle is the best test there is. Each bound on a probability is off with a probability of at most 1e-9.
#[test]
fn an_audit_finds_nine_tenths_of_mu_and_no_more_than_all_of_it() {
    const RELEASES: usize = 500_000;
    let clip = Clip::<L2>::new(1.0).unwrap();
    let (east, west) = (clip.vector(&[1.0]).unwrap(), clip.vector(&[-1.0]).unwrap());
    let sum = |vector| clip.sum([vector], 1, Adjacency::ReplaceOne).unwrap();
    let truth = Mu::new(1.0).unwrap();
    let mechanism = Gaussian::with_mu(*sum(&east).sensitivity(), truth).unwrap();
    let above = |seed, bounded: &Bounded<L2>| {
        let mut noise = seeded(mechanism, seed);
        let above = (0..RELEASES).filter(|_| noise.release(bounded).unwrap().steps()[0] > 0);
        above.count() as f64 / RELEASES as f64
    };
    let (true_positives, false_positives) = (above(9, &sum(&east)), above(10, &sum(&west)));
    // A mean of this many is further off with a probability below 1e-9 (Hoeffding).
    let error = (1e9_f64.ln() / (2.0 * RELEASES as f64)).sqrt();
    let least = quantile(true_positives - error) - quantile(false_positives + error);
    assert!((0.9..=1.0).contains(&least), "mu is at least {least}");
}

/// The `x` below which a normal variable is with this probability.
fn quantile(probability: f64) -> f64 {
    let (mut least, mut most) = (-10.0, 10.0);
    for _ in 0..100 {
        let middle = (least + most) / 2.0;
        if log_tail(-middle).exp() < probability {
            least = middle;
        } else {
            most = middle;
        }
    }
    least
}
