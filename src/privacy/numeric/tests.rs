//! Against values that were computed apart from this code, with mpmath 1.3 at 60 to 420 digits: closed forms where there
//! are some, else 400 steps of bisection. Arguments are the floats as written, values have 17 digits.

#![allow(
    clippy::excessive_precision,
    reason = "reference values stand as they were computed"
)]

use proptest::prelude::*;

use super::{gaussian, mills, pure, zcdp};

/// At least the true value, and above it by at most this part of it.
fn assert_just_above(found: f64, truth: f64, excess: f64, what: &str) {
    // The truth was rounded to 17 digits.
    assert!(
        found >= truth * (1.0 - 1e-16) - 1e-320,
        "{what}: {found:e} is below {truth:e}"
    );
    assert!(
        found <= truth + excess * truth.abs() + 1e-320,
        "{what}: {found:e} is far above {truth:e}"
    );
}

fn assert_just_below(found: f64, truth: f64, excess: f64, what: &str) {
    assert!(
        found <= truth * (1.0 + 1e-16),
        "{what}: {found:e} is above {truth:e}"
    );
    assert!(
        found >= truth * (1.0 - excess),
        "{what}: {found:e} is far below {truth:e}"
    );
}

/// `sqrt(pi/2) e^(z²/2) erfc(z/sqrt 2)`, and 1 less z times that; for the last the asymptotic series.
#[test]
fn mills_ratio_and_slope() {
    for (z, ratio, slope) in [
        (-1.0, 3.4770518117036945, 4.4770518117036945),
        (-0.25, 1.5483726215476582, 1.3870931553869145),
        (0.0, 1.2533141373155003, 1.0),
        (1e-09, 1.2533141363155003, 0.99999999874668586),
        (0.3, 1.0018374009921557, 0.69944877970235329),
        (1.2499, 0.57845804341555787, 0.27698529153489421),
        (1.25, 0.57843034604763108, 0.27696206744046115),
        (2.0, 0.42136922928805447, 0.15726154142389105),
        (5.0, 0.19280810471531576, 0.035959476423421176),
        (12.0, 0.082766286501369177, 0.006804561983569873),
        (40.0, 0.024984404205720571, 0.0006238317711771541),
        (1000000.0, 9.99999999999e-7, 9.99999999997e-13),
    ] {
        assert!((mills::ratio(z) / ratio - 1.0).abs() < 1e-14, "ratio({z})");
        assert!((mills::slope(z) / slope - 1.0).abs() < 2e-14, "slope({z})");
    }
}

/// `ln(Phi(mu/2 - e/mu) - exp(e) Phi(-mu/2 - e/mu))`.
#[test]
fn gaussian_profile() {
    for (epsilon, mu, log_delta) in [
        (0.0, 1e-09, -21.642204370151084),
        (0.0, 0.5, -1.6224590640372049),
        (1e-12, 1e-06, -14.734450344482911),
        (0.001, 0.0002, -25.260994358759029),
        (0.1, 0.49, -1.8625561186497607),
        (0.1, 0.51, -1.8125092505209602),
        (1.0, 0.03, -566.49697162437516),
        (1.0, 0.2, -17.85842083655742),
        (1.0, 3.0, -0.23876399092712643),
        (5.0, 0.7, -28.332377246208992),
        (40.0, 4.0, -36.128713973555365),
        (300.0, 20.0, -15.297094150887325),
        (1000.0, 60.0, -9.533327827101288e-41),
        (700.0, 37.0, -1.115111301184866),
    ] {
        let found = gaussian::log_delta(epsilon, mu);
        assert!(
            found >= log_delta,
            "{epsilon} {mu}: {found} is below {log_delta}"
        );
        assert!(
            found <= log_delta + 1e-11 * (1.0 - log_delta),
            "{epsilon} {mu}: {found} is far above {log_delta}"
        );
    }
}

#[test]
fn gaussian_mu() {
    for (epsilon, delta, mu) in [
        (0.0, 1e-06, 2.5066282746316566e-6),
        (0.0, 0.9, 3.2897072539029456),
        (1e-300, 1e-06, 2.5066282746316566e-6),
        (1e-09, 1e-12, 4.1044032638217211e-10),
        (0.001, 1e-10, 0.00021813970244091254),
        (0.3, 1e-09, 0.057338432029275611),
        (1.0, 1e-06, 0.23670438066343571),
        (3.0, 1e-300, 0.081251851397390764),
        (10.0, 1e-15, 1.2063310064741037),
        (50.0, 1e-06, 6.3859867789524093),
        (709.0, 1e-06, 33.226358312520446),
        (1000.0, 1e-06, 40.24085489753497),
        (100000.0, 1e-09, 441.25822728201901),
        (1.0, 0.999, 6.8522893144451738),
    ] {
        let found = gaussian::mu(epsilon, f64::ln(delta));
        assert_just_below(found, mu, 1e-10, &format!("mu({epsilon}, {delta:e})"));
    }
}

#[test]
fn gaussian_epsilon() {
    for (mu, delta, epsilon) in [
        (0.001, 1e-06, 0.0027182190888139952),
        (1e-07, 1e-06, 0.0),
        (0.2, 1e-12, 1.3241111431653735),
        (1.0, 1e-06, 4.886554117462212),
        (6.0, 1e-300, 239.96345227952392),
        (40.0, 1e-06, 989.19222071767355),
        (1000.0, 1e-06, 504752.42667835933),
    ] {
        let found = gaussian::epsilon(mu, f64::ln(delta));
        assert_just_above(found, epsilon, 1e-11, &format!("epsilon({mu}, {delta:e})"));
    }
}

/// `rho a + ln(1 - 1/a) - ln(a delta)/(a - 1)` at the order where its slope is 0.
#[test]
fn zcdp_epsilon() {
    for (rho, delta, epsilon) in [
        (1e-09, 1e-06, 8.9533618867799176e-5),
        (0.0001, 1e-12, 0.090659571145794557),
        (0.02, 1e-06, 0.89993526766064188),
        (1.0, 1e-06, 7.7662166253117207),
        (30.0, 1e-09, 78.344665691264555),
        (1000000.0, 1e-06, 1007427.2475952043),
        (0.1, 0.5, 0.0),
        (0.5, 1e-300, 37.54455896592212),
    ] {
        let found = zcdp::epsilon(rho, f64::ln(delta));
        assert_just_above(found, epsilon, 1e-10, &format!("epsilon({rho}, {delta:e})"));
    }
}

#[test]
fn zcdp_rho() {
    for (epsilon, delta, rho) in [
        (0.001, 1e-06, 6.5493061789009654e-8),
        (0.1, 1e-09, 0.00017713844718502088),
        (1.0, 1e-06, 0.024355970359538373),
        (3.0, 1e-06, 0.18506984065340148),
        (10.0, 1e-10, 0.99389139889954048),
        (300.0, 1e-12, 166.4475180145776),
        (100000.0, 1e-06, 97682.05470334707),
    ] {
        let found = zcdp::rho(epsilon, f64::ln(delta));
        assert_just_below(found, rho, 1e-9, &format!("rho({epsilon}, {delta:e})"));
    }
}

/// `(a - 1)(a rho - e) + a ln(1 - 1/a) - ln(a - 1)` at the order where its slope is 0.
#[test]
fn zcdp_delta() {
    for (rho, epsilon, log_delta) in [
        (0.001, 0.5, -68.775678681286282),
        (0.05, 1.0, -7.8604269342964893),
        (0.1, 0.0, -1.3213297137344459),
        (1.0, 10.0, -22.867636605288686),
        (10.0, 12.0, -0.54156800654712311),
        (5.0, 90.0, -364.4473274897013),
    ] {
        let found = zcdp::log_delta(rho, epsilon);
        assert!(
            found >= log_delta && found <= log_delta + 1e-10 * (1.0 - log_delta),
            "{rho} {epsilon}: {found}, not {log_delta}"
        );
    }
}

/// `-2 Phi^-1(1/(1 + e^epsilon))` and `epsilon tanh(epsilon/2)`.
#[test]
fn pure_epsilon_in_other_currencies() {
    for (epsilon, mu, rho) in [
        (1e-300, 1.2533141373155003e-300, 5.0000000000000003e-601),
        (1e-09, 1.2533141373155003e-9, 5.0000000000000006e-19),
        (0.01, 0.012533118959649839, 4.999958333749996e-5),
        (0.999, 1.2308437235826522, 0.46126211870501704),
        (1.0, 1.232035385344901, 0.46211715726000976),
        (3.0, 3.3406837122406007, 2.7154447609345993),
        (20.0, 11.758418713653101, 19.999999917553855),
        (700.0, 74.590159265294834, 700.0),
        (10000.0, 282.75967974625433, 10000.0),
    ] {
        assert_just_above(pure::mu(epsilon), mu, 1e-12, &format!("mu({epsilon:e})"));
        assert_just_above(pure::rho(epsilon), rho, 1e-12, &format!("rho({epsilon:e})"));
        assert_just_above(
            pure::bounded_range_rho(epsilon),
            rho.min(epsilon * epsilon / 8.0),
            1e-12,
            "bounded range",
        );
    }
    assert_eq!(
        (pure::mu(0.0), pure::rho(0.0), pure::bounded_range_rho(0.0)),
        (0.0, 0.0, 0.0)
    );
}

#[test]
fn what_no_float_holds_is_still_an_answer() {
    for epsilon in [
        0.0,
        5e-324,
        1e-300,
        1e-9,
        1.0,
        709.8,
        1e8,
        1e100,
        1e300,
        f64::MAX,
    ] {
        for delta in [5e-324_f64, 1e-300, 1e-6, 0.5, 1.0 - f64::EPSILON / 2.0] {
            let mu = gaussian::mu(epsilon, delta.ln());
            assert!(mu.is_finite() && mu >= 0.0, "{epsilon:e} {delta:e}");
            if mu > 0.0 {
                assert!(
                    gaussian::log_delta(epsilon, mu) <= delta.ln(),
                    "{epsilon:e} {delta:e}"
                );
            }
            let rho = zcdp::rho(epsilon, delta.ln());
            assert!(rho.is_finite() && rho >= 0.0, "{epsilon:e} {delta:e}");
            if rho > 0.0 {
                assert!(
                    zcdp::epsilon(rho, delta.ln()) <= epsilon,
                    "{epsilon:e} {delta:e}"
                );
            }
        }
        assert!(pure::mu(epsilon) >= 0.0, "{epsilon:e}");
        assert!(pure::rho(epsilon) >= 0.0, "{epsilon:e}");
    }
    assert_eq!(gaussian::epsilon(f64::MAX, -1.0), f64::INFINITY);
    assert_eq!(zcdp::epsilon(f64::MAX, -1.0), f64::INFINITY);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// A budget that a promise is turned into never promises less than that, and not much more.
    #[test]
    fn there_and_back_stays_on_the_safe_side(log_epsilon in -6.0..5.0_f64, log_delta in -300.0..-0.01_f64) {
        let (epsilon, log_delta) = (10.0_f64.powf(log_epsilon), log_delta * std::f64::consts::LN_10);
        let mu = gaussian::mu(epsilon, log_delta);
        prop_assert!(gaussian::log_delta(epsilon, mu) <= log_delta);
        prop_assert!(gaussian::log_delta(epsilon, mu * (1.0 + 1e-9)) > log_delta);
        let back = gaussian::epsilon(mu, log_delta);
        prop_assert!(back <= epsilon * (1.0 + 1e-9) && back >= epsilon * (1.0 - 1e-6), "{} {}", back, epsilon);
        let rho = zcdp::rho(epsilon, log_delta);
        prop_assert!(zcdp::epsilon(rho, log_delta) <= epsilon);
        // What zCDP promises of Gaussian noise is never more than what that noise keeps.
        prop_assert!(rho <= mu * mu / 2.0);
    }

    /// Noise for a stricter promise is never less.
    #[test]
    fn stricter_is_never_cheaper(epsilon in 0.0..20.0_f64, more in 0.0..1.0_f64, log_delta in -100.0..-0.1_f64) {
        let mu = gaussian::mu(epsilon, log_delta);
        prop_assert!(gaussian::mu(epsilon + more, log_delta) >= mu * (1.0 - 1e-12));
        prop_assert!(gaussian::mu(epsilon, log_delta - more) <= mu * (1.0 + 1e-12));
        prop_assert!(pure::mu(epsilon + more) >= pure::mu(epsilon) * (1.0 - 1e-12));
    }
}
