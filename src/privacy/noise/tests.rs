use std::collections::BTreeSet;

use super::*;
use crate::privacy::numeric::log_tail;
use crate::privacy::sampler::{Coins as _, Scale};
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
fn no_more_is_drawn_ahead_than_memory_is_kept_for() {
    let mut noise = seeded(laplace(), 2);
    for count in [MAX_READY + 1, usize::MAX] {
        let fault = MechanismError::TooMuchAhead { count };
        assert_eq!(noise.draw_ahead(count), Err(fault));
    }
    assert_eq!(noise.ready(), 0);
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
fn what_leaves_no_room_for_noise_is_cut() {
    let mut noise = seeded(laplace(), 5);
    for _ in 0..50 {
        let found = one(&mut noise, u64::MAX);
        assert!(found.abs_diff(1 << 62) < 1000, "{found}");
    }
}

/// The widest noise there is, with the largest draws there are: the last step of the last round, and the whole of a step more.
#[test]
fn no_noise_is_as_large_as_the_room_for_it() {
    let widest = Laplace::new(Count.l1(), epsilon(2.0_f64.powi(-43) * 1.01)).unwrap();
    let Scale { numerator, shift } = widest.in_steps();
    let most = (u128::from(numerator) * (32 * 64 + 1)) >> (shift + 3);
    assert!((1 << 50..1 << 53).contains(&most), "{most}");
    let wider = Laplace::new(Count.l1(), epsilon(2.0_f64.powi(-43) * 0.99));
    assert!(matches!(wider, Err(MechanismError::TooMuchNoise { .. })));
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

/// Near 0, one plus a float is a multiple of 2^-53, whatever the float, and noise added to 0 is not: one look at such a sum tells
/// which of two neighbouring counts it was. With a lattice both reach the same sums: whole steps, of either parity, all of the
/// middle. The other mistakes of a naive design are among the tests of the public interface.
#[test]
fn mistake_four_noise_of_floats_which_tells_what_it_was_added_to() {
    let near_zero = |count: f64| -> Vec<f64> {
        let mut coins = Generator::from_seed(&[7; 32]);
        let sums = (0..100_000).map(|_| {
            let size = -((coins.bits(53).unwrap() as f64 + 0.5) / 2.0_f64.powi(53)).ln();
            let sign = [-1.0, 1.0][coins.bits(1).unwrap() as usize];
            count + sign * size
        });
        sums.filter(|sum| sum.abs() < 0.001).collect()
    };
    let is_multiple = |sum: &f64| (sum * 2.0_f64.powi(53)).fract() == 0.0;
    let (of_zero, of_one) = (near_zero(0.0), near_zero(1.0));
    assert!(of_zero.len() > 50 && of_one.len() > 20);
    assert!(of_one.iter().all(is_multiple));
    assert!(!of_zero.iter().any(is_multiple));

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
pub(in crate::privacy) fn an_audit_finds_nine_tenths_of_mu_and_no_more_than_all_of_it() {
    const RELEASES: usize = 500_000;
    let clip = Clip::<L2>::new(1.0).unwrap();
    let (east, west) = (clip.vector(&[1.0]).unwrap(), clip.vector(&[-1.0]).unwrap());
    let sum = |vector| clip.sum([vector], 1, Adjacency::ReplaceOne).unwrap();
    let truth = Mu::new(1.0).unwrap();
    let mechanism = Gaussian::with_mu(*sum(&east).sensitivity(), truth).unwrap();
    let above = |seed, bounded: &Bounded<L2>| {
        let mut noise = seeded(mechanism, seed);
        noise.draw_ahead(RELEASES).unwrap();
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
