//! The tail of the negative binomial distribution, and what it is made of.

use super::super::stirling::{deviance, rest};
use super::super::tail::NegativeBinomial;
use super::assert_close;

/// `ln Gamma(n + 1) - (n + 1/2) ln n + n - ln(2 pi)/2`.
#[test]
fn what_stirling_lacks() {
    for (n, truth) in [
        (1e-06, 5.9888309840731799),
        (0.001, 2.5422704679670945),
        (0.3, 0.23606490074821559),
        (0.5, 0.15342640972002735),
        (1.0, 0.081061466795327258),
        (2.5, 0.033162873519936287),
        (9.0, 0.0092554621827127329),
        (15.0, 0.0055547335519628014),
        (16.0, 0.0052076559196096404),
        (40.5, 0.0020575713609730649),
        (1000.0, 8.3333330555556349e-5),
        (1e9, 8.3333333333333333e-11),
    ] {
        // What is added up below the series has an error of its own.
        let error = (rest(n) - truth).abs();
        assert!(error <= 1e-14 * truth + 3e-15, "rest({n}): {}", rest(n));
    }
}

/// `x ln(x/y) + y - x`.
#[test]
fn deviances() {
    for (x, y, truth) in [
        (1.0, 1e-09, 19.723265837946411),
        (5.0, 5.0001, 9.9998666686200240e-10),
        (5.0, 4.6, 0.016908044695255323),
        (5.0, 50.0, 33.487074535029772),
        (0.001, 2.0, 1.9913990975404579),
        (0.0, 3.0, 3.0),
        (1e6, 1000100.0, 0.0049996666916646668),
        (7.0, 6.999999, 7.1428578251261530e-14),
    ] {
        // The difference of the last pair is not exact in binary.
        assert_close(deviance(x, y), truth, 1e-9, &format!("deviance({x}, {y})"));
        if x != 7.0 && y != 5.0001 {
            assert_close(deviance(x, y), truth, 1e-13, &format!("deviance({x}, {y})"));
        }
    }
}

/// `c ln(c/m) - (r + c) ln((r + c)/(r + m))` and `-ln I(m/(r + m); c, r)`, the regularised incomplete beta function.
#[test]
fn tails() {
    for (count, shape, mean, bound, surprise) in [
        (1, 0.5, 0.1, 0.92814899518281304, 2.4403646870363290),
        (4, 2.0, 0.05, 11.084588482229097, 13.264555425462463),
        (5, 1e6, 0.05, 18.075838678711284, 19.807785113823414),
        (10, 1e9, 1.0, 14.025850889440457, 16.009909788809013),
        (15, 2.0, 1.0, 11.132535074935342, 14.081289057223275),
        (24, 2.0, 2.0, 10.970902995470630, 14.070582975977151),
        (20, 1e9, 5.0, 12.725887109897814, 14.879102425825924),
        (50, 2.0, 5.0, 10.851909034344354, 14.096693145654054),
        (29, 1e9, 10.0, 11.876611192280425, 14.084087272521833),
        (92, 2.0, 10.0, 10.678236079751168, 13.980375215601309),
        (60, 1e9, 30.0, 11.588830383596737, 13.893269638589518),
        (259, 2.0, 30.0, 10.525590449187684, 13.871294599204143),
        (3, 0.01, 0.2, 0.10976124396001747, 4.1162794313644063),
        (11, 7.25, 10.5, 0.0047431270296897601, 0.80150884306199512),
        (1200, 1e9, 1000.0, 18.785848152766885, 21.481634590238680),
        (
            1001,
            300.0,
            1000.0,
            0.00011531661341769003,
            0.71492820232070565,
        ),
        (100000, 1.5, 20000.0, 3.5856631412482690, 6.3105147498806544),
        (500, 20.0, 10.0, 472.64315915914784, 477.87803379352562),
    ] {
        let expected = NegativeBinomial::new(mean, shape);
        let what = format!("{count} of {expected:?}");
        assert_close(expected.bound(count), bound, 2e-8, &what);
        // One of 100,000 with a shape of 1.5 is summed to a bound of its tail only.
        let part = if count == 100_000 { 1e-3 } else { 1e-10 };
        assert_close(expected.surprise(count), surprise, part, &what);
        assert!(expected.reaches(count, surprise * 0.998), "{what}");
        assert!(!expected.reaches(count, surprise * 1.000_001), "{what}");
    }
}

/// `-ln P(c, m)`, the regularised lower incomplete gamma function.
#[test]
fn a_known_rate_is_a_poisson_rate() {
    for (count, mean, surprise) in [
        (10, 1.0, 16.009909825202022),
        (60, 30.0, 13.893270086876107),
        (29, 10.0, 14.084087447828455),
    ] {
        let found = NegativeBinomial::poisson(mean).surprise(count);
        assert_close(found, surprise, 1e-9, &format!("{count} of {mean}"));
    }
}
