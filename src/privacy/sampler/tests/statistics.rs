//! With digits of 64 bits: a million draws of a fixed seed against the distribution, in its middle and as a whole. Each check
//! fails for a right sampler with a probability of at most 1e-9, if its seed is drawn anew.

use std::collections::BTreeMap;

use super::references;
use crate::privacy::generator::Generator;
use crate::privacy::numeric::log_tail;
use crate::privacy::sampler::laplace::Geometric;
use crate::privacy::sampler::uniform::Uniform;
use crate::privacy::sampler::{Laplace, Rounded, Scale, choose};

const DRAWS: usize = 1_000_000;
/// `ln 1e9`.
const LOG_ALARM: f64 = 20.73;
/// A normal variable is as far out as this with a probability below 1e-9.
const DEVIATIONS: f64 = 6.11;

fn normals(sigma: Scale) -> Vec<i64> {
    let (sampler, mut coins) = (Rounded::new(sigma), Generator::from_seed(&[1; 32]));
    (0..DRAWS)
        .map(|_| sampler.draw(&mut coins).unwrap())
        .collect()
}

fn laplaces(scale: Scale) -> Vec<i64> {
    let (sampler, mut coins) = (Laplace::new(scale), Generator::from_seed(&[2; 32]));
    (0..DRAWS)
        .map(|_| sampler.draw(&mut coins).unwrap())
        .collect()
}

/// `sum of (found - expected)² / expected` over the integers that are expected at least 20 times, and all others together.
/// Above `k + 2 sqrt(k x) + 2x` for k degrees of freedom it is with a probability below `exp(-x)` (Laurent and Massart, 2000).
fn assert_chi_square(draws: &[i64], probability: impl Fn(i64) -> f64) {
    let count = draws.len() as f64;
    let mut found = BTreeMap::<i64, u32>::new();
    for &draw in draws {
        *found.entry(draw).or_default() += 1;
    }
    let (mut statistic, mut degrees) = (0.0, 0.0);
    let (mut others, mut expected_others) = (count, count);
    for n in -1000..=1000 {
        let expected = count * probability(n);
        if expected < 20.0 {
            continue;
        }
        let found = found.get(&n).copied().map_or(0.0, f64::from);
        statistic += (found - expected).powi(2) / expected;
        degrees += 1.0;
        others -= found;
        expected_others -= expected;
    }
    if expected_others > 5.0 {
        statistic += (others - expected_others).powi(2) / expected_others;
    }
    assert!(degrees > 5.0);
    let most = degrees + 2.0 * (degrees * LOG_ALARM).sqrt() + 2.0 * LOG_ALARM;
    assert!(
        statistic <= most,
        "{statistic} with {degrees} degrees of freedom"
    );
}

/// The largest distance between the found distribution and the true one. Above `sqrt(ln(2/a) / 2n)` it is with a probability
/// of at most `a` (Massart, 1990).
fn assert_kolmogorov_smirnov(mut draws: Vec<i64>, below: impl Fn(f64) -> f64) {
    draws.sort_unstable();
    let count = draws.len() as f64;
    let distance = draws
        .iter()
        .enumerate()
        .map(|(rank, &draw)| {
            let (least, most) = (below(draw as f64 - 0.5), below(draw as f64 + 0.5));
            (rank as f64 / count - most).max(least - (rank + 1) as f64 / count)
        })
        .fold(0.0, f64::max);
    let most = ((LOG_ALARM + 2.0_f64.ln()) / (2.0 * count)).sqrt();
    assert!(distance <= most, "{distance} is more than {most}");
}

/// Mean and mean square of draws in units in which the variance is 1 and the fourth moment is `fourth`.
fn assert_moments(draws: &[i64], unit: f64, fourth: f64) {
    let count = draws.len() as f64;
    let moment = |power: i32| {
        draws
            .iter()
            .map(|&n| (n as f64 / unit).powi(power))
            .sum::<f64>()
            / count
    };
    let mean = moment(1) * count.sqrt();
    let variance = (moment(2) - 1.0) * (count / (fourth - 1.0)).sqrt();
    assert!(mean.abs() < DEVIATIONS, "the mean is {mean} deviations off");
    // The mean square of a skewed variable: a little more room above, for what is not normal in a sum of a million.
    assert!(
        variance.abs() < DEVIATIONS + 0.5,
        "the variance is {variance} deviations off"
    );
}

fn normal_below(x: f64) -> f64 {
    log_tail(-x).exp()
}

fn laplace_below(x: f64) -> f64 {
    if x < 0.0 {
        x.exp() / 2.0
    } else {
        1.0 - (-x).exp() / 2.0
    }
}

#[test]
fn narrow_normals() {
    let draws = normals(Scale {
        numerator: 3,
        shift: 0,
    });
    assert_chi_square(&draws, |n| references::rounded_normal(n, 3.0));
    // Rounding adds a twelfth to the variance.
    assert_moments(&draws, (9.0_f64 + 1.0 / 12.0).sqrt(), 3.0);
}

#[test]
fn wide_normals() {
    let sigma = Scale {
        numerator: (1 << 44) - 77,
        shift: 17,
    };
    let unit = sigma.numerator as f64 / f64::from(1 << sigma.shift);
    let draws = normals(sigma);
    assert_moments(&draws, unit, 3.0);
    assert_kolmogorov_smirnov(draws, |x| normal_below(x / unit));
}

#[test]
pub(in crate::privacy) fn narrow_laplaces() {
    let draws = laplaces(Scale {
        numerator: 5,
        shift: 1,
    });
    assert_chi_square(&draws, |n| references::laplace(n, 2.5));
}

#[test]
fn wide_laplaces() {
    let scale = Scale {
        numerator: (1 << 44) - 77,
        shift: 17,
    };
    let unit = scale.numerator as f64 / f64::from(1 << scale.shift);
    let draws = laplaces(scale);
    assert_moments(&draws, unit * 2.0_f64.sqrt(), 6.0);
    assert_kolmogorov_smirnov(draws, |x| laplace_below(x / unit));
}

/// Draws choices among these many times, and holds them against the exponential mechanism.
fn assert_choices(choose: impl Fn(&[i64], Scale, &mut Generator) -> usize) {
    let scores: Vec<i64> = (0..40).map(|place| (place * 7) % 11).collect();
    let scale = Scale {
        numerator: 9,
        shift: 2,
    };
    let mut coins = Generator::from_seed(&[3; 32]);
    let draws: Vec<i64> = (0..DRAWS / 10)
        .map(|_| choose(&scores, scale, &mut coins) as i64)
        .collect();
    assert_chi_square(&draws, |place| match usize::try_from(place) {
        Ok(place) if place < scores.len() => references::choice(place, &scores, 2.25),
        _ => 0.0,
    });
}

#[test]
fn choices_among_many() {
    assert_choices(|scores, scale, coins| choose(scores, scale, coins).unwrap().unwrap());
}

/// It chooses better for its epsilon, but is not of bounded range: at the price of the exponential mechanism it would be sold
/// too cheap.
#[test]
#[should_panic(expected = "degrees of freedom")]
fn permute_and_flip_is_no_exponential_mechanism() {
    assert_choices(|scores, scale, coins| {
        let best = scores.iter().max().unwrap();
        let mut left: Vec<usize> = (0..scores.len()).collect();
        loop {
            let count = left.len() as u64;
            let index = Uniform::draw(coins).unwrap().scaled(0, count, 0, coins);
            // The exponential mechanism would put it back.
            let place = left.swap_remove(index.unwrap() as usize);
            let reached = Geometric::new(scale).draw(coins).unwrap();
            if reached >= best.abs_diff(scores[place]) {
                return place;
            }
        }
    });
}
