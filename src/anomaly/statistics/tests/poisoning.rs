//! What somebody who wants to be learned can reach, and how long that takes.

use super::super::cusum::Cusum;
use super::super::rate::{HOT, Rate, Shift};
use super::super::sustained::Sustained;
use super::super::tail::NegativeBinomial;

/// A rate that has seen four hours of about ten events a minute, and the next tick.
fn settled() -> (Rate, u32) {
    let mut rate = Rate::new(0);
    for tick in 0..240 {
        ordinary(&mut rate, tick);
    }
    (rate, 240)
}

fn ordinary(rate: &mut Rate, tick: u32) {
    repeat(rate, tick, 6 + tick * 7 % 9);
}

fn repeat(rate: &mut Rate, tick: u32, count: u32) -> Option<Shift> {
    (0..count).fold(None, |shift, _| shift.or(rate.observe(tick, 1.0)))
}

fn mean(rate: &Rate) -> f64 {
    rate.expected().unwrap().mean()
}

#[test]
fn a_burst_is_not_learned() {
    let (mut rate, start) = settled();
    let before = mean(&rate);
    for tick in start..start + 600 {
        assert_eq!(repeat(&mut rate, tick, 200), None);
        let surprise = rate.expected().unwrap().surprise(rate.count());
        assert!(surprise > 50.0, "minute {tick}: {surprise}");
    }
    // Twice a day's fading of the half event that the prior adds.
    assert!(mean(&rate) < before * 1.002, "{} {before}", mean(&rate));
}

/// Whoever stays just below what one minute shows needs half the time that was learned, where that was hours, to be taken for
/// ordinary at three times the rate, and two days where it was a week.
#[test]
fn a_slow_ramp_takes_as_long_as_what_was_learned() {
    for (learned, least) in [(240, 120), (7 * 1440, 2 * 1440)] {
        let took = ramp(learned, |_, _| true);
        assert!(took >= least, "{took} minutes after {learned}");
    }
}

/// Whoever also has to stay below what some minutes together show needs half a day, or ten days.
#[test]
fn a_ramp_that_no_sum_of_minutes_shows_takes_longer() {
    for (learned, least) in [(240, 720), (7 * 1440, 10 * 1440)] {
        let mut sustained = Sustained::default();
        let took = ramp(learned, |expected, count| {
            sustained.begin(expected, 3.0);
            let is_quiet = sustained.score(count) < HOT;
            if is_quiet {
                sustained.end(u32::try_from(count).unwrap(), 0, HOT);
            }
            is_quiet
        });
        assert!(took >= least, "{took} minutes after {learned}");
    }
}

/// How many minutes it takes to triple what is learned, by the most events in each that are not too surprising; after so many
/// ordinary ones. `admits` may ask for fewer, from the most downwards.
fn ramp(learned: u32, mut admits: impl FnMut(NegativeBinomial, u64) -> bool) -> u32 {
    let mut rate = Rate::new(0);
    (0..learned).for_each(|tick| ordinary(&mut rate, tick));
    let ordinary_mean = mean(&rate);
    let (mut minute, mut hot) = (learned, 1_u64);
    while mean(&rate) < 3.0 * ordinary_mean {
        let expected = rate.expected().unwrap();
        // It seldom falls, and never by much.
        hot = (hot.max(21) - 20..)
            .find(|count| expected.reaches(*count, HOT))
            .unwrap();
        let count = (0..hot).rev().find(|count| admits(expected, *count));
        repeat(&mut rate, minute, count.unwrap_or(0) as u32);
        minute += 1;
        assert!(minute < 200_000);
    }
    minute - learned
}

/// Work that comes in heaps is ordinary, however large they are and however long it rests between them.
#[test]
fn heaps_at_any_interval_are_ordinary() {
    for (interval, size) in (1..=60).flat_map(|interval| [5, 40, 1000].map(|size| (interval, size)))
    {
        let (mut rate, mut sustained) = (Rate::new(0), Sustained::default());
        let mut most = 0.0_f64;
        for heap in 0..200 {
            let minute = heap * interval;
            if let Some(ended) = rate.ended_by(minute) {
                sustained.end(ended.count, ended.silent, HOT);
            }
            repeat(&mut rate, minute, size);
            if let Some(expected) = rate.expected() {
                sustained.begin(expected, 3.0);
                let surprise = expected.surprise(rate.count());
                most = most.max(surprise).max(sustained.score(rate.count()));
            }
        }
        assert!(most < HOT, "{size} every {interval} minutes: {most}");
    }
}

#[test]
fn a_level_that_stays_is_taken_over_once() {
    let (mut rate, start) = settled();
    let before = mean(&rate);
    let mut shifts = Vec::new();
    for tick in start..start + 3000 {
        let shift = repeat(&mut rate, tick, 60 + tick * 11 % 7);
        shifts.extend(shift.map(|shift| (tick - start, shift)));
    }
    let [(after, Shift { from, to })] = shifts[..] else {
        panic!("{shifts:?}");
    };
    assert_eq!(after, 1441);
    assert!((from / before - 1.0).abs() < 0.01);
    assert!((62.0..64.0).contains(&to), "{to}");
    assert!((62.0..64.0).contains(&mean(&rate)));
}

/// Nor does a level that keeps moving settle, nor one with an hour of ordinary minutes between.
#[test]
fn what_does_not_stay_is_not_taken_over() {
    let (mut rate, start) = settled();
    for tick in start..start + 2000 {
        let rising = 100 + (tick - start) * 4;
        assert_eq!(repeat(&mut rate, tick, rising), None, "minute {tick}");
    }
    let (mut rate, start) = settled();
    for tick in start..start + 4000 {
        if (tick / 100) % 2 == 0 {
            assert_eq!(repeat(&mut rate, tick, 100), None, "minute {tick}");
        } else {
            ordinary(&mut rate, tick);
        }
    }
}

/// However many refusals an agent has collected, a tenth is the most that becomes ordinary.
#[test]
fn refusals_cannot_be_made_ordinary() {
    let mut cusum = Cusum::new();
    for event in 0..100_000 {
        cusum.observe(event % 8 == 0);
    }
    assert!(cusum.ordinary_share() <= 0.100_001);
    let needed = (1..).find(|_| cusum.observe(true) >= 13.8).unwrap();
    assert!(needed <= 10, "{needed}");
}
