//! What must hold whatever is seen.

use proptest::prelude::*;

use crate::anomaly::snapshot::{Input, Stored};

use super::super::cusum::Cusum;
use super::super::deviation::Deviation;
use super::super::distinct::Distinct;
use super::super::novelty::Novelty;
use super::super::novelty::ShareOfNew;
use super::super::rate::Rate;
use super::super::sustained::Sustained;
use super::super::tail::NegativeBinomial;
use super::super::transitions::Transitions;
use super::super::week::Week;

/// Spreads consecutive numbers over all hashes (Steele and others, *Fast splittable pseudorandom number generators*, 2014).
fn hash(number: u64) -> u64 {
    let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

proptest! {
    /// The bound never exceeds the surprise, both grow with the count, and both are finite.
    #[test]
    fn a_tail_is_monotone_and_bounded_from_below(
        mean in prop::num::f64::ANY,
        shape in prop::num::f64::ANY,
        count in any::<u64>(),
        step in 0..1000_u64,
    ) {
        prop_assume!(!mean.is_nan() && !shape.is_nan());
        let expected = NegativeBinomial::new(mean, shape);
        let (low, high) = (count, count.saturating_add(step));
        prop_assert!(expected.surprise(low).is_finite());
        prop_assert!(expected.bound(low) <= expected.bound(high) * (1.0 + 1e-9) + 1e-6);
        prop_assert!(expected.bound(low) <= expected.surprise(low) * (1.0 + 1e-9) + 1e-6);
    }

    #[test]
    fn reaching_is_surprise_compared(
        mean in 1e-3..1e3_f64,
        shape in 1e-3..1e6_f64,
        times in 0.0..20.0_f64,
        least in 0.0..40.0_f64,
    ) {
        let expected = NegativeBinomial::new(mean, shape);
        let count = (mean * times) as u64;
        prop_assert_eq!(expected.reaches(count, least), expected.surprise(count) >= least);
    }

    /// Any order of ticks, also backwards and at the end of the range.
    #[test]
    fn a_rate_takes_any_ticks(ticks in prop::collection::vec(prop_oneof![0..200_u32, any::<u32>()], 0..400)) {
        let mut rate = Rate::new(0);
        for tick in ticks {
            rate.observe(tick, 1.0);
            if let Some(expected) = rate.expected() {
                prop_assert!(expected.surprise(rate.count()).is_finite());
            }
        }
    }

    #[test]
    fn lengths_stay_finite(values in prop::collection::vec(any::<u64>(), 0..200)) {
        let mut deviation = Deviation::new();
        for value in values {
            prop_assert!(deviation.observe(value).is_none_or(f64::is_finite));
        }
        prop_assert!(deviation.center().is_finite());
    }

    #[test]
    fn a_cusum_score_is_within_its_range(events in prop::collection::vec(any::<bool>(), 0..600)) {
        let mut cusum = Cusum::new();
        for event in events {
            let score = cusum.observe(event);
            prop_assert!((0.0..=64.0).contains(&score));
        }
    }

    /// What a minute adds is the logarithm of a likelihood ratio: of ordinary minutes, its exponential is 1 on average. That is all
    /// that the bound on how often a sum reaches a score rests on.
    #[test]
    fn a_minute_adds_a_likelihood_ratio(
        mean in 0.05..30.0_f64,
        shape in 0.5..100.0_f64,
        ratio in 1.1..10.0_f64,
    ) {
        let mut sustained = Sustained::default();
        sustained.begin(NegativeBinomial::new(mean, shape), ratio);
        // P(X = 0), and what each further term is multiplied by.
        let (mut probability, share) = ((shape / (shape + mean)).powf(shape), mean / (shape + mean));
        let mut sum = 0.0;
        for count in 0_u32..20_000 {
            let term = probability * sustained.score(count.into()).exp();
            if f64::from(count) > mean * ratio && term < 1e-12 {
                break;
            }
            sum += term;
            probability *= (f64::from(count) + shape) / (f64::from(count) + 1.0) * share;
        }
        prop_assert!((sum - 1.0).abs() < 1e-3, "{sum}");
    }

    /// Whatever is expected, what is remembered can be written down and read again.
    #[test]
    fn a_sum_stays_finite(
        mean in 0.0..1e300_f64,
        shape in prop_oneof![0.0..10.0_f64, 0.0..1e300_f64],
        ratio in 0.0..1e300_f64,
        counts in prop::collection::vec(any::<u32>(), 1..20),
    ) {
        let mut sustained = Sustained::default();
        for count in counts {
            sustained.begin(NegativeBinomial::new(mean, shape), ratio);
            prop_assert!(!sustained.score(count.into()).is_nan());
            sustained.end(count, count, 13.8);
            let mut stored = Vec::new();
            sustained.store(&mut stored);
            prop_assert!(Sustained::load(&mut Input::new(&stored)).is_some(), "{sustained:?}");
        }
    }

    /// Against a list of all minutes, whose best end is looked for anew each time: the score is the largest sum of the last so many
    /// of them, or 0.
    #[test]
    fn a_sum_agrees_with_a_list(minutes in prop::collection::vec((0..12_u32, 0..4_u32), 1..60)) {
        let expected = NegativeBinomial::new(2.0, 3.0);
        let (mut sustained, mut steps) = (Sustained::default(), Vec::new());
        sustained.begin(expected, 3.0);
        let step = |count: u32| {
            let (ordinary, raised) = (2.0_f64, 6.0_f64);
            f64::from(count) * (raised * (ordinary + 3.0) / (ordinary * (raised + 3.0))).ln()
                - 3.0 * ((raised + 3.0) / (ordinary + 3.0)).ln()
        };
        for (count, silent) in minutes {
            steps.push(step(count));
            let last_sums = steps.iter().rev().scan(0.0, |sum, step| {
                *sum += step;
                Some(*sum)
            });
            // This minute belongs to every sum.
            let truth = last_sums.fold(f64::MIN, f64::max);
            let score = sustained.score(count.into());
            prop_assert!((score - truth).abs() < 1e-3, "{score} {truth}");
            steps.extend((0..silent).map(|_| step(0)));
            sustained.end(count, silent, f64::MAX);
        }
    }

    /// Among the last `N` distinct, in any order, is known; the model is a list.
    #[test]
    fn novelty_agrees_with_a_list(tags in prop::collection::vec(0..12_u32, 0..200)) {
        let mut novelty = Novelty::<5>::new();
        let mut model: Vec<u32> = Vec::new();
        for tag in tags {
            let known = model.iter().position(|known| *known == tag);
            known.map(|at| model.remove(at));
            model.insert(0, tag);
            model.truncate(5);
            let seen = novelty.observe(tag);
            prop_assert_eq!(seen == super::super::novelty::Seen::Known, known.is_some());
        }
    }

    #[test]
    fn any_tool_may_follow_any(tools in prop::collection::vec(0..300_u16, 0..2000)) {
        let mut transitions = Transitions::new();
        for tool in tools {
            prop_assert!(transitions.observe(tool).is_none_or(|surprise| surprise >= 0.0));
        }
    }

    #[test]
    fn any_hour_may_come(hours in prop::collection::vec(any::<u32>(), 0..500)) {
        let mut week = Week::new(0);
        for hour in hours {
            prop_assert!(week.observe(hour).is_none_or(|surprise| surprise >= 0.0));
        }
    }
}

/// 40 counts of 10 to 10,000 are each within four standard errors of 13%; by the central limit theorem an honest sketch
/// is outside one time in 16,000, and these hashes are fixed, so the outcome is too.
#[test]
fn distinct_counts_are_close() {
    for exponent in 0..40_u32 {
        let count = (10.0 * 1000_f64.powf(f64::from(exponent) / 39.0)) as u64;
        let mut distinct = Distinct::new(0);
        for thing in 0..count {
            distinct.observe(0, hash(thing + 1_000_000 * u64::from(exponent)));
        }
        let part = distinct.estimate() / count as f64;
        assert!((part - 1.0).abs() < 0.52, "{count}: {part}");
    }
}

#[test]
fn a_distinct_window_turns() {
    let mut distinct = Distinct::new(0);
    for thing in 0..100 {
        distinct.observe(0, hash(thing));
    }
    let full = distinct.estimate();
    assert!(distinct.observe(1, hash(1)));
    assert_eq!(distinct.estimate(), full);
    distinct.observe(2, hash(1));
    assert!(distinct.estimate() < 2.0);
    // A half that is past is the present one.
    distinct.observe(0, hash(2));
    assert!(distinct.estimate() > 1.5);
    distinct.observe(9, hash(3));
    assert!(distinct.estimate() < 1.5);
}

/// What one agent costs.
#[test]
fn sizes_are_as_documented() {
    assert_eq!(size_of::<Rate>(), 48);
    assert_eq!(size_of::<Sustained>(), 24);
    assert_eq!(size_of::<ShareOfNew>(), 8);
    assert_eq!(size_of::<Cusum>(), 40);
    assert_eq!(size_of::<Distinct>(), 132);
    assert_eq!(size_of::<Deviation>(), 12);
    assert_eq!(size_of::<Week>(), 48);
    assert_eq!(size_of::<Transitions>(), 300);
    assert_eq!(size_of::<Novelty<64>>(), 268);
}
