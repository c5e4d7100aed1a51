//! With digits of few bits, every sequence of coins up to some length is tried. What was then drawn for sure has an exact
//! probability, a multiple of a power of two, and so has what is still open. The true probability of each outcome must lie
//! between the two: a proof for the code at that width, which does not depend on the width but by [`Coins`].

use std::collections::BTreeMap;

use super::references;
use crate::privacy::sampler::exponential::Exponential;
use crate::privacy::sampler::laplace::Geometric;
use crate::privacy::sampler::normal::Normal;
use crate::privacy::sampler::table::{EXPONENTIAL, NORMAL};
use crate::privacy::sampler::uniform::Uniform;
use crate::privacy::sampler::{Coins, Exhausted, Laplace, Rounded, Scale, choose, falls, normal};

const DEPTH: u32 = 22;

/// One sequence of coins, the first one in the highest of `length` bits.
struct Script<const WIDTH: u32> {
    coins: u64,
    length: u32,
    used: u32,
    /// How many coins it would have taken, where there were too few.
    wanted: Option<u32>,
}

impl<const WIDTH: u32> Coins for Script<WIDTH> {
    const WIDTH: u32 = WIDTH;

    fn digit(&mut self) -> Result<u64, Exhausted> {
        self.bits(WIDTH)
    }

    fn bits(&mut self, count: u32) -> Result<u64, Exhausted> {
        self.used += count;
        if self.used > self.length {
            self.wanted = Some(self.used);
            return Err(Exhausted);
        }
        Ok((self.coins >> (self.length - self.used)) & !(u64::MAX << count))
    }
}

/// What is known of a distribution, in units of 2^-depth.
struct Masses<T> {
    depth: u32,
    of: BTreeMap<T, u64>,
    open: u64,
}

/// Tries all sequences of up to `depth` coins.
fn masses<const WIDTH: u32, T: Ord>(
    depth: u32,
    draw: impl Fn(&mut Script<WIDTH>) -> Result<T, Exhausted>,
) -> Masses<T> {
    let mut masses = Masses {
        depth,
        of: BTreeMap::new(),
        open: 0,
    };
    let mut begun = vec![(0_u64, 0_u32)];
    while let Some((coins, length)) = begun.pop() {
        let mut script = Script {
            coins,
            length,
            used: 0,
            wanted: None,
        };
        let drawn = draw(&mut script);
        let mass = 1 << (depth - length);
        match (drawn, script.wanted) {
            (Ok(outcome), None) => {
                assert_eq!(script.used, length, "coins were thrown and not looked at");
                *masses.of.entry(outcome).or_default() += mass;
            }
            (Err(Exhausted), Some(wanted)) if wanted <= depth => {
                let more = wanted - length;
                begun.extend((0..1 << more).map(|next| ((coins << more) | next, wanted)));
            }
            // Too long a sequence, or digits that decide nothing.
            (Err(Exhausted), _) => masses.open += mass,
            (Ok(_), Some(_)) => panic!("something was drawn without the coins for it"),
        }
    }
    masses
}

impl<T: Ord + std::fmt::Debug> Masses<T> {
    /// Holds each outcome against its probability, and the open rest against a limit, so that little is left to believe.
    fn assert_exact(&self, what: &str, open: f64, probability: impl Fn(&T) -> f64) {
        let units = 2.0_f64.powi(self.depth as i32);
        let total: u64 = self.of.values().sum();
        assert_eq!(total + self.open, 1 << self.depth, "{what}");
        assert!(
            self.open as f64 <= open * units,
            "too much is open, {what}: {}",
            self.open as f64 / units
        );
        for (outcome, &mass) in &self.of {
            let truth = probability(outcome) * units;
            let error = 1e-12 * units;
            assert!(
                mass as f64 <= truth + error,
                "{what}: {outcome:?} has {mass}, not {truth}"
            );
            let most = (mass + self.open) as f64;
            assert!(
                truth <= most + error,
                "{what}: {outcome:?} has at most {most}, not {truth}"
            );
        }
    }
}

/// Not nearly: each sequence of coins has another one that differs in the sign only.
fn assert_symmetric(found: &Masses<i64>) {
    assert!(found.of.len() > 4);
    for (n, mass) in &found.of {
        assert_eq!(found.of.get(&-n), Some(mass), "{n}");
    }
}

#[test]
fn steps_of_the_normal_table() {
    let found = masses::<4, _>(20, |coins| NORMAL.step(&mut Uniform::draw(coins)?, coins));
    found.assert_exact("normal steps", 1e-4, |step| match step {
        Some(step) => (-((step * step) as f64) / 128.0).exp() / 11.0,
        None => {
            1.0 - (0..200)
                .map(|j| (-f64::from(j * j) / 128.0).exp())
                .sum::<f64>()
                / 11.0
        }
    });
}

#[test]
fn steps_of_the_exponential_table() {
    let found = masses::<3, _>(15, |coins| {
        EXPONENTIAL.step(&mut Uniform::draw(coins)?, coins)
    });
    found.assert_exact("exponential steps", 3e-3, |step| match step {
        Some(step) => (-(*step as f64) / 8.0).exp() * -(-0.125_f64).exp_m1(),
        None => (-8.0_f64).exp(),
    });
}

/// The first digit of a fraction together with whether it is kept: the density, cut into pieces.
#[test]
fn fractions_of_an_exponential_step() {
    let found = masses::<3, _>(DEPTH, |coins| {
        let mut fraction = Uniform::draw(coins)?;
        let kept = falls::are_even(&mut fraction, coins, |_, coins| Ok(coins.bits(3)? == 0))?;
        Ok((fraction.first(), kept))
    });
    found.assert_exact("exponential fractions", 0.003, |&(digit, kept)| {
        let start = digit as f64 / 64.0;
        let mass = -8.0 * (-start).exp() * (-1.0_f64 / 64.0).exp_m1();
        if kept { mass } else { 1.0 / 8.0 - mass }
    });
}

#[test]
fn fractions_of_a_normal_step() {
    for (steps, open) in [(0, 0.003), (1, 0.004), (9, 0.03), (40, 0.22), (63, 0.5)] {
        let found = masses::<3, _>(DEPTH, |coins| {
            let mut fraction = Uniform::draw(coins)?;
            let kept = normal::is_kept(steps, &mut fraction, coins)?;
            Ok((fraction.first(), kept))
        });
        found.assert_exact(
            &format!("fractions of step {steps}"),
            open,
            |&(digit, kept)| {
                let density = |x: f64| (-x * (2.0 * steps as f64 + x) / 128.0).exp();
                let mass = integral(digit as f64 / 8.0, 1.0 / 8.0, density);
                if kept { mass } else { 1.0 / 8.0 - mass }
            },
        );
    }
}

/// From 8 deviations on a fraction is kept by four parts in a row, which are alike: more coins than can be tried, so one part
/// is.
#[test]
fn a_part_of_a_far_normal_step() {
    for steps in [64, 191] {
        let found = masses::<3, _>(DEPTH, |coins| {
            let mut fraction = Uniform::draw(coins)?;
            let even = falls::are_even(&mut fraction, coins, |fraction, coins| {
                normal::counts(steps, 9, fraction, coins)
            })?;
            Ok((fraction.first(), even))
        });
        found.assert_exact(&format!("a part of step {steps}"), 0.4, |&(digit, even)| {
            let density = |x: f64| (-x * (2.0 * steps as f64 + x) / 512.0).exp();
            let mass = integral(digit as f64 / 8.0, 1.0 / 8.0, density);
            if even { mass } else { 1.0 / 8.0 - mass }
        });
    }
}

/// Digits that are given, and then a script.
struct After<'s, const WIDTH: u32> {
    given: &'s [u64],
    script: &'s mut Script<WIDTH>,
}

impl<const WIDTH: u32> Coins for After<'_, WIDTH> {
    const WIDTH: u32 = WIDTH;

    fn digit(&mut self) -> Result<u64, Exhausted> {
        match self.given.split_first() {
            Some((&digit, rest)) => {
                self.given = rest;
                Ok(digit)
            }
            None => self.script.digit(),
        }
    }

    fn bits(&mut self, count: u32) -> Result<u64, Exhausted> {
        assert_eq!(self.given, [0; 0]);
        self.script.bits(count)
    }
}

/// Digits of 3 bits for which the table gives step 24, and no fewer would do.
const STEP_24: [u64; 4] = [7, 5, 0, 4];

/// A whole draw, where its first step is known. A fraction that is not kept leads to another step, which is the same with a
/// probability below 0.002; so what is drawn with this one has the density, and no more than that.
#[test]
pub(in crate::privacy) fn normal_steps_that_are_not_kept_are_drawn_again() {
    let found = masses::<3, _>(DEPTH, |script| {
        let given = &STEP_24;
        let mut coins = After { given, script };
        let (steps, fraction) = Normal::new().draw(&mut coins)?;
        Ok((steps, fraction.first()))
    });
    let units = 2.0_f64.powi(DEPTH as i32);
    for digit in 0..8 {
        let density = |x: f64| (-x * (48.0 + x) / 128.0).exp();
        let truth = integral(digit as f64 / 8.0, 1.0 / 8.0, density);
        let mass = found.of[&(24, digit)] as f64 / units;
        let open = found.open as f64 / units;
        assert!(
            mass <= truth * 1.002 && truth <= mass + open,
            "{digit} has {mass}, not {truth}"
        );
    }
}

#[test]
pub(in crate::privacy) fn exponential_fractions_that_are_not_kept_are_drawn_again() {
    let found = masses::<3, _>(DEPTH, |script| {
        // Below the first bound by their second digit.
        let given = &[0, 0];
        let mut coins = After { given, script };
        let (steps, fraction) = Exponential::new().draw(&mut coins)?;
        assert_eq!(steps, 0);
        Ok(fraction.first())
    });
    found.assert_exact("fractions that are kept", 0.013, |&digit| {
        let start = digit as f64 / 64.0;
        (-start).exp() * (-1.0_f64 / 64.0).exp_m1() / (-1.0_f64 / 8.0).exp_m1()
    });
}

/// Simpson's rule, on functions that hardly bend.
fn integral(start: f64, width: f64, f: impl Fn(f64) -> f64) -> f64 {
    const PIECES: u32 = 200;
    let step = width / f64::from(PIECES);
    let piece = |index: u32| {
        let at = start + f64::from(index) * step;
        f(at) + 4.0 * f(at + step / 2.0) + f(at + step)
    };
    (0..PIECES).map(piece).sum::<f64>() * step / 6.0
}

#[test]
fn scaled_and_rounded_down() {
    for (start, slope, shift) in [
        (0, 1, 0),
        (0, 7, 0),
        (5, 7, 2),
        (100, 3, 4),
        (3, 48, 1),
        (1, 17, 0),
        (9, 250, 4),
    ] {
        let found = masses::<4, _>(20, |coins| {
            Uniform::draw(coins)?.scaled(start, slope, shift, coins)
        });
        found.assert_exact(&format!("({start} + {slope} u) / 2^{shift}"), 2e-4, |&n| {
            let unit = f64::from(1 << shift);
            let place = |n: u64| ((n as f64 * unit - start as f64) / slope as f64).clamp(0.0, 1.0);
            place(n + 1) - place(n)
        });
    }
}

#[test]
fn one_uniform_number_below_another() {
    let found = masses::<2, _>(20, |coins| {
        let (mut one, mut other) = (Uniform::draw(coins)?, Uniform::draw(coins)?);
        one.is_below(&mut other, coins)
    });
    found.assert_exact("below", 1e-3, |_| 0.5);
}

#[test]
fn geometric_variables() {
    for (numerator, shift) in [(5, 1), (3, 2)] {
        let scale = Scale { numerator, shift };
        let geometric = Geometric::new(scale);
        let found = masses::<2, _>(DEPTH, |coins| geometric.draw(coins));
        let scale = numerator as f64 / f64::from(1 << shift);
        found.assert_exact("geometric", 0.1, |&n| {
            references::geometric(n as i64, scale)
        });
    }
}

#[test]
pub(in crate::privacy) fn laplace_variables() {
    for (numerator, shift) in [(13, 1), (3, 0)] {
        let sampler = Laplace::new(Scale { numerator, shift });
        let found = masses::<2, _>(DEPTH, |coins| sampler.draw(coins));
        let scale = numerator as f64 / f64::from(1 << shift);
        found.assert_exact("laplace", 0.2, |&n| references::laplace(n, scale));
        assert_symmetric(&found);
    }
}

#[test]
fn rounded_normal_variables() {
    for (numerator, shift) in [(5, 1), (3, 2)] {
        let sampler = Rounded::new(Scale { numerator, shift });
        let found = masses::<2, _>(20, |coins| sampler.draw(coins));
        let sigma = numerator as f64 / f64::from(1 << shift);
        found.assert_exact("rounded normal", 0.2, |&n| {
            references::rounded_normal(n, sigma)
        });
        assert_symmetric(&found);
    }
}

#[test]
fn choices() {
    for scores in [&[0, 0, 0][..], &[2, 1, 0], &[7]] {
        let scale = Scale {
            numerator: 3,
            shift: 0,
        };
        let found = masses::<2, _>(DEPTH, |coins| choose(scores, scale, coins));
        found.assert_exact("choice", 0.36, |&place| {
            references::choice(place.unwrap(), scores, 3.0)
        });
    }
}

/// Each branch that is not taken at once, and the end of all digits.
#[test]
fn digits_that_decide_nothing_are_refused() {
    /// The same digit, again and again.
    struct Stuck(u64);
    impl Coins for Stuck {
        const WIDTH: u32 = 64;
        fn digit(&mut self) -> Result<u64, Exhausted> {
            Ok(self.0)
        }
        fn bits(&mut self, count: u32) -> Result<u64, Exhausted> {
            Ok(self.0 & !(u64::MAX << count))
        }
    }
    let mut stuck = Stuck(0);
    let (mut one, mut other) = (
        Uniform::draw(&mut stuck).unwrap(),
        Uniform::draw(&mut stuck).unwrap(),
    );
    assert_eq!(one.is_below(&mut other, &mut stuck), Err(Exhausted));
    // A third is the same digit again and again.
    let third = u64::MAX / 3;
    let mut stuck = Stuck(third);
    let mut one = Uniform::draw(&mut stuck).unwrap();
    assert_eq!(one.scaled(0, 3, 0, &mut stuck), Err(Exhausted));
    // Beyond the table, for ever.
    let mut stuck = Stuck(u64::MAX);
    let sampler = Laplace::new(Scale {
        numerator: 1 << 43,
        shift: 20,
    });
    assert_eq!(sampler.draw(&mut stuck), Err(Exhausted));
    assert_eq!(
        choose(
            &[],
            Scale {
                numerator: 1,
                shift: 0
            },
            &mut stuck
        ),
        Ok(None)
    );
}
