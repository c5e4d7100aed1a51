//! The mistakes of a naive design, each by name: that it was one, and that it cannot be made here. Noise of floats is among the
//! unit tests of noise, which can be seeded.

use portcullis::privacy::{Adjacency, Clip, Delta, Epsilon, Gaussian, L1, L2, Mu};

/// What the naive design takes for the deviation of Gaussian noise, where one record moves the result by 1.
fn naive_sigma(epsilon: f64, delta: f64) -> f64 {
    (2.0 * (1.25 / delta).ln()).sqrt() / epsilon
}

fn within(epsilon: f64, delta: f64) -> Mu {
    Mu::within(Epsilon::new(epsilon).unwrap(), Delta::new(delta).unwrap()).unwrap()
}

/// That it does not compile is tested in the documentation of `Clip`; this is what it would cost.
#[test]
fn mistake_one_laplace_noise_on_a_vector_clipped_in_l2() {
    // All coordinates of the same size: replaced by its opposite, it moves as far in L1 as such a vector can.
    let clip = Clip::<L2>::new(1.0).unwrap();
    let clipped = clip.vector(&[1.0; 384]).unwrap();
    let moved_in_l1: i64 = clipped.steps().iter().map(|&it| 2 * i64::from(it)).sum();
    let charged_for = f64::from(clip.radius());
    assert!((39.0..39.2).contains(&(moved_in_l1 as f64 / charged_for)));

    let l1: L1 = Clip::new(1.0).unwrap().sensitivity(Adjacency::ReplaceOne);
    let cut = Clip::<L1>::new(1.0).unwrap().vector(&[1.0; 384]).unwrap();
    let moved: u64 = cut
        .steps()
        .iter()
        .map(|&it| 2 * u64::from(it.unsigned_abs()))
        .sum();
    assert!(moved <= l1.steps());
}

#[test]
fn mistake_two_a_sensitivity_of_c_where_a_record_may_be_replaced() {
    let clip = Clip::<L2>::new(3.0).unwrap();
    assert_eq!(clip.sensitivity(Adjacency::ReplaceOne).value(), 6.0);
    assert_eq!(clip.sensitivity(Adjacency::AddRemove).value(), 3.0);
    // It is reached: from one end of the ball to the other.
    let at = |value| i64::from(clip.vector(&[value]).unwrap().steps()[0]);
    let moved = u128::from((at(9.0) - at(-9.0)).unsigned_abs());
    let sensitivity = clip.sensitivity(Adjacency::ReplaceOne);
    assert_eq!(sensitivity.steps_squared(), moved.pow(2));

    let (epsilon, delta) = (Epsilon::new(1.0).unwrap(), Delta::default());
    let noise = Gaussian::new(clip.sensitivity(Adjacency::ReplaceOne), epsilon, delta).unwrap();
    assert!(noise.sigma() >= 6.0 / within(1.0, 1e-6).value());
    // With half the noise, more than twice the epsilon.
    let half = Mu::new(2.0 * within(1.0, 1e-6).value()).unwrap();
    assert!(half.epsilon(delta).unwrap().value() > 2.0);
}

#[test]
fn mistake_three_a_formula_that_holds_below_one_only() {
    // Too little noise for large epsilons: what is promised is not kept.
    for (epsilon, delta) in [(10.0, 1e-5), (50.0, 1e-6), (700.0, 1e-6)] {
        let mu = within(epsilon, delta).value();
        assert!(naive_sigma(epsilon, delta) < 1.0 / mu, "{epsilon}");
        let claimed = Mu::new(1.0 / naive_sigma(epsilon, delta)).unwrap();
        let real = claimed.epsilon(Delta::new(delta).unwrap()).unwrap();
        assert!(real.value() > epsilon, "{epsilon}");
    }
    // Too much for small ones.
    for epsilon in [0.01, 0.1, 1.0] {
        assert!(naive_sigma(epsilon, 1e-6) > 1.2 / within(epsilon, 1e-6).value());
    }
}
