//! What is a parameter, what bounds a sensitivity, and what is neither.

use std::num::{NonZeroU32, NonZeroU64};

use portcullis::privacy::{
    Adjacency, BoundError, Clip, Count, Delta, Epsilon, Exponential, Gaussian, Histogram, L1, L2,
    Laplace, Lattice, Mechanism, MechanismError, Mu, Noise, ParameterError, Rho, Votes,
};
use proptest::prelude::*;

fn epsilon(value: f64) -> Epsilon {
    Epsilon::new(value).unwrap()
}

#[test]
fn what_is_no_number_is_no_parameter() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let fault = ParameterError::NotFinite { name: "epsilon" };
        assert_eq!(Epsilon::new(value), Err(fault));
        assert!(Delta::new(value).is_err());
        assert!(Rho::new(value).is_err());
        assert!(Mu::new(value).is_err());
    }
    for value in [-1.0, -f64::from_bits(1)] {
        let fault = ParameterError::Negative { name: "rho", value };
        assert_eq!(Rho::new(value), Err(fault));
    }
    for text in ["", "one", "1e", "0x1", "1,5"] {
        let fault = ParameterError::NotANumber { name: "mu" };
        assert_eq!(text.parse::<Mu>(), Err(fault), "{text}");
    }
    for delta in [1.0, 1.5, f64::MAX] {
        assert_eq!(Delta::new(delta), Err(ParameterError::NoPromise { delta }));
    }
}

#[test]
fn a_negative_zero_is_zero() {
    assert_eq!(Epsilon::new(-0.0), Ok(Epsilon::ZERO));
    assert_eq!(Epsilon::new(-0.0).unwrap().to_string(), "0");
}

#[test]
fn a_delta_must_be_small_for_the_population() {
    let delta = Delta::default();
    assert_eq!(delta.value(), 1e-6);
    for (records, fits) in [
        (1, true),
        (99_999, true),
        (100_000, false),
        (u64::MAX, false),
    ] {
        let records = NonZeroU64::new(records).unwrap();
        assert_eq!(delta.check_population(records).is_ok(), fits, "{records}");
        assert_eq!(Delta::ZERO.check_population(records), Ok(()));
    }
}

#[test]
fn nothing_costs_nothing() {
    assert_eq!(Mu::ZERO.epsilon(Delta::ZERO), Ok(Epsilon::ZERO));
    assert_eq!(Rho::ZERO.delta(Epsilon::ZERO), Ok(Delta::ZERO));
    assert_eq!(Epsilon::ZERO.rho(), Ok(Rho::ZERO));
    assert_eq!(Epsilon::ZERO.mu(), Ok(Mu::ZERO));
}

#[test]
fn without_a_delta_gaussian_noise_promises_nothing() {
    let fault = ParameterError::NeedsDelta;
    assert_eq!(Mu::within(epsilon(1.0), Delta::ZERO), Err(fault));
    assert_eq!(Rho::within(epsilon(1.0), Delta::ZERO), Err(fault));
    assert_eq!(Mu::new(0.1).unwrap().epsilon(Delta::ZERO), Err(fault));
    assert_eq!(Rho::new(0.1).unwrap().epsilon(Delta::ZERO), Err(fault));
}

#[test]
fn what_counts_once_moves_little() {
    let (replace, add) = (Adjacency::ReplaceOne, Adjacency::AddRemove);
    assert_eq!(Count.l1().steps(), 1);
    assert_eq!(Count.l2().steps_squared(), 1);
    let histogram = Histogram;
    assert_eq!(
        (histogram.l1(replace).steps(), histogram.l1(add).steps()),
        (2, 1)
    );
    assert_eq!(
        (
            histogram.l2(replace).steps_squared(),
            histogram.l2(add).steps_squared()
        ),
        (2, 1)
    );
    assert_eq!(
        (
            histogram.range(replace).steps(),
            histogram.range(add).steps()
        ),
        (2, 1)
    );
    assert_eq!((Votes.l1().steps(), Votes.range().steps()), (2, 2));
    assert_eq!(Votes.l2().steps_squared(), 2);
}

#[test]
fn a_subject_with_many_records_moves_as_much_more() {
    let three = NonZeroU32::new(3).unwrap();
    let l2 = Clip::<L2>::new(1.0)
        .unwrap()
        .sensitivity(Adjacency::AddRemove);
    assert_eq!(l2.times(three).unwrap().value(), 3.0);
    assert_eq!(Votes.range().times(three).unwrap().steps(), 6);
    let mut l1 = Clip::<L1>::new(1.0)
        .unwrap()
        .sensitivity(Adjacency::AddRemove);
    let records = u32::MAX;
    let most = NonZeroU32::new(records).unwrap();
    l1 = l1.times(most).unwrap();
    assert_eq!(l1.times(most), Err(BoundError::Group { records }));
    let l2 = l2.times(most).unwrap();
    assert_eq!(l2.times(most), Err(BoundError::Group { records }));
}

#[test]
fn what_is_bounded_for_one_record_is_bounded_for_several() {
    let three = NonZeroU32::new(3).unwrap();
    let bins = Histogram.l1_of(&[1, 2], Adjacency::AddRemove).unwrap();
    let noise = Laplace::new(*bins.sensitivity(), epsilon(1.0)).unwrap();
    let bins = bins.of_subjects(three).unwrap();
    assert_eq!(bins.sensitivity().steps(), 3);
    // Noise for one record is not taken for three.
    let mut noise = Noise::new(noise).unwrap();
    assert_eq!(noise.release(&bins), Err(MechanismError::OtherSensitivity));
    let mut noise = Noise::new(Laplace::new(*bins.sensitivity(), epsilon(1.0)).unwrap()).unwrap();
    assert_eq!(noise.release(&bins).unwrap().steps().len(), 2);
    let most = NonZeroU32::MAX;
    let fault = BoundError::Group { records: u32::MAX };
    assert_eq!(
        bins.of_subjects(most).and_then(|it| it.of_subjects(most)),
        Err(fault)
    );
}

/// Whoever charges a release can tell for which neighbours it was priced.
#[test]
fn what_holds_for_which_neighbours_is_told() {
    let (replace, add) = (Adjacency::ReplaceOne, Adjacency::AddRemove);
    let clip = Clip::<L2>::new(1.0).unwrap();
    let clip_l1 = Clip::<L1>::new(1.0).unwrap();
    for adjacency in [replace, add] {
        let gaussian = Gaussian::with_mu(clip.sensitivity(adjacency), Mu::new(1.0).unwrap());
        assert_eq!(gaussian.unwrap().cost().adjacency(), adjacency);
        let laplace = Laplace::new(clip_l1.sensitivity(adjacency), epsilon(1.0));
        assert_eq!(laplace.unwrap().cost().adjacency(), adjacency);
        let choice = Exponential::new(Histogram.range(adjacency), epsilon(1.0));
        assert_eq!(choice.unwrap().cost().adjacency(), adjacency);
        assert_eq!(clip_l1.l2_sensitivity(adjacency).adjacency(), adjacency);
    }
    // One record moves these as far by either.
    assert_eq!(
        (Count.l1().adjacency(), Count.l2().adjacency()),
        (replace, replace)
    );
    assert_eq!(
        (Votes.l1().adjacency(), Votes.range().adjacency()),
        (replace, replace)
    );
}

#[test]
fn a_norm_has_a_size() {
    for norm in [
        f64::NAN,
        f64::INFINITY,
        -1.0,
        0.0,
        1e-31,
        1e31,
        f64::MIN_POSITIVE,
    ] {
        assert!(
            matches!(Clip::<L2>::new(norm), Err(BoundError::Norm { .. })),
            "{norm}"
        );
        assert!(Clip::<L1>::on(norm, Lattice::INTEGERS).is_err(), "{norm}");
    }
    for norm in [255.0, 2.0_f64.powi(31)] {
        let clip = Clip::<L1>::on(norm, Lattice::INTEGERS);
        assert!(matches!(clip, Err(BoundError::Lattice { .. })), "{norm}");
    }
    assert!(Lattice::new(i32::MIN).is_err() && Lattice::new(i32::MAX).is_err());
}

#[test]
fn more_noise_than_the_lattice_holds_is_refused() {
    let l2 = Clip::<L2>::new(1.0)
        .unwrap()
        .sensitivity(Adjacency::ReplaceOne);
    for epsilon in [0.0, f64::from_bits(1), 1e-300] {
        let laplace = Laplace::new(Count.l1(), self::epsilon(epsilon));
        assert!(matches!(laplace, Err(MechanismError::TooMuchNoise { .. })));
        let choice = Exponential::new(Votes.range(), self::epsilon(epsilon));
        assert!(matches!(choice, Err(MechanismError::TooMuchNoise { .. })));
    }
    let gaussian = Gaussian::with_mu(l2, Mu::ZERO);
    assert!(matches!(gaussian, Err(MechanismError::TooMuchNoise { .. })));
    let gaussian = Gaussian::new(l2, epsilon(1.0), Delta::ZERO);
    assert_eq!(
        gaussian,
        Err(MechanismError::Parameter(ParameterError::NeedsDelta))
    );
}

/// There is a least noise, of about a hundredth of a step. It costs less than what promises nothing.
#[test]
fn what_is_as_good_as_no_noise_is_more_than_was_asked() {
    let cost = Exponential::new(Votes.range(), epsilon(5000.0))
        .unwrap()
        .cost();
    let charged = cost.epsilon().unwrap().value();
    assert!((200.0..5000.0).contains(&charged), "{charged}");
}

proptest! {
    /// The radius in steps never exceeds the norm, and is within a millionth of it.
    #[test]
    fn a_clip_is_within_its_norm(norm in prop_oneof![1e-30..1e30_f64, 1e-6..1e6_f64, 1e-30..1e-20_f64]) {
        let clip = Clip::<L2>::new(norm).unwrap();
        let radius = f64::from(clip.radius()) * clip.lattice().step();
        prop_assert!(radius <= norm && radius >= norm * (1.0 - 1e-6));
        prop_assert!((1 << 20..1 << 21).contains(&clip.radius()));
    }

    /// A mechanism costs at most what it was made for, and hardly less.
    #[test]
    fn noise_costs_what_was_asked_and_no_more(log in -4.0..2.0_f64, norm in 0.001..1000.0_f64) {
        let value = 10.0_f64.powf(log);
        let l2 = Clip::<L2>::new(norm).unwrap().sensitivity(Adjacency::ReplaceOne);
        let gaussian = Gaussian::with_mu(l2, Mu::new(value).unwrap()).unwrap();
        let cost = gaussian.cost();
        prop_assert_eq!(cost.mechanism(), Mechanism::Gaussian);
        let squared = cost.mu_squared().unwrap();
        prop_assert!(squared <= value * value && squared >= value * value * (1.0 - 1e-11));
        prop_assert!(cost.rho().unwrap().value() >= squared / 2.0);
        prop_assert_eq!(cost.epsilon(), None);

        let l1 = Clip::<L1>::new(norm).unwrap().sensitivity(Adjacency::ReplaceOne);
        let cost = Laplace::new(l1, epsilon(value)).unwrap().cost();
        let charged = cost.epsilon().unwrap().value();
        prop_assert!(charged <= value && charged >= value * (1.0 - 1e-11));
        prop_assert_eq!(cost.rho(), cost.epsilon().unwrap().rho());

        let cost = Exponential::new(Votes.range(), epsilon(value)).unwrap().cost();
        let charged = cost.epsilon().unwrap().value();
        prop_assert!(charged <= value && charged >= value * (1.0 - 1e-11));
        prop_assert_eq!(cost.rho(), cost.epsilon().unwrap().bounded_range_rho());
        prop_assert_eq!(cost.delta(), Delta::ZERO);
    }

    #[test]
    fn any_parameter_prints_as_it_reads(value in 0.0..f64::MAX) {
        let rho = Rho::new(value).unwrap();
        prop_assert_eq!(rho.to_string().parse::<Rho>(), Ok(rho));
    }
}
