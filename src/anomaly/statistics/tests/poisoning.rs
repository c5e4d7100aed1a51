//! What somebody who wants to be learned can reach, and how long that takes.

use super::super::cusum::Cusum;
use super::super::rate::{Rate, Shift};

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
    (0..count).fold(None, |shift, _| shift.or(rate.observe(tick)))
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

/// Whoever stays just below what is noticed needs hours to be taken for ordinary at three times the rate where hours were
/// learned, and most of a day where a week was.
#[test]
fn a_slow_ramp_takes_as_long_as_what_was_learned() {
    for (learned, least) in [(240, 120), (7 * 1440, 1200)] {
        let mut rate = Rate::new(0);
        (0..learned).for_each(|tick| ordinary(&mut rate, tick));
        let ordinary_mean = mean(&rate);
        let mut tick = learned;
        while mean(&rate) < 3.0 * ordinary_mean {
            let expected = rate.expected().unwrap();
            let hot = (1..).find(|count| expected.reaches(*count, 9.2)).unwrap();
            repeat(&mut rate, tick, hot as u32 - 1);
            tick += 1;
            assert!(tick < 100_000);
        }
        let took = tick - learned;
        assert!(took >= least, "{took} minutes after {learned}");
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
