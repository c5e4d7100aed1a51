//! The mistakes of a naive design, each by name: that it was one, and that it cannot be made here.

use portcullis::privacy::{Adjacency, Clip, Delta, Epsilon, Gaussian, L1, L2, Mu};

/// What the naive design takes for the deviation of Gaussian noise, where one record moves the result by 1.
fn naive_sigma(epsilon: f64, delta: f64) -> f64 {
    (2.0 * (1.25 / delta).ln()).sqrt() / epsilon
}

fn within(epsilon: f64, delta: f64) -> Mu {
    Mu::within(Epsilon::new(epsilon).unwrap(), Delta::new(delta).unwrap()).unwrap()
}

/// That it does not compile is tested in the documentation of `Clip`.
#[test]
fn mistake_one_laplace_noise_on_a_vector_clipped_in_l2() {
    // One coordinate of each sign, all of the same size: as far apart in L1 as two such vectors can be.
    let dimensions = 384;
    let size = 1.0 / f64::from(dimensions).sqrt();
    let moved_in_l1 = f64::from(dimensions) * 2.0 * size;
    let charged_for = 1.0;
    assert!(moved_in_l1 / charged_for > 39.0);

    let (clip, other) = (Clip::<L1>::new(1.0).unwrap(), Clip::<L2>::new(1.0).unwrap());
    let l1: L1 = clip.sensitivity(Adjacency::ReplaceOne);
    let l2: L2 = other.sensitivity(Adjacency::ReplaceOne);
    assert_eq!((l1.value(), l2.value()), (2.0, 2.0));
}

#[test]
fn mistake_two_a_sensitivity_of_c_where_a_record_may_be_replaced() {
    let clip = Clip::<L2>::new(3.0).unwrap();
    assert_eq!(clip.sensitivity(Adjacency::ReplaceOne).value(), 6.0);
    assert_eq!(clip.sensitivity(Adjacency::AddRemove).value(), 3.0);

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
