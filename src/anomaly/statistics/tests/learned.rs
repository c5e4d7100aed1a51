//! What is learned from a sequence, step by step.

use super::super::cusum::Cusum;
use super::super::deviation::{Deviation, surprise};
use super::super::distinct::estimate;
use super::super::novelty::{Novelty, Seen};
use super::super::rate::Rate;
use super::super::transitions::Transitions;
use super::super::week::Week;
use super::assert_close;

/// Minutes as `(minute, events)`: with `d = 2^(-gap/10080)` before each, `E = (E + gap) d`, or `(E + 1) d` over a pause,
/// `S = (S + c) d`, `Q = (Q + c²) d`; then `mean = (S + 1/2)/E` and `1/shape = 1/(S + 1/2) + max(0, Q/E - (S/E)² - mean)/mean²`.
/// Minute 200 teaches its mean only.
#[test]
fn a_rate() {
    let ordinary = (0_u32..60).map(|i| (i + i / 4, 2 + i * 7 % 11));
    let mut ticks: std::collections::BTreeMap<u32, u32> = ordinary.collect();
    ticks.extend([(200, 400), (201, 5), (1700, 6)]);
    let mut rate = Rate::new(0);
    let mut found = std::collections::BTreeMap::new();
    for (tick, count) in ticks {
        for _ in 0..count {
            assert_eq!(rate.observe(tick, 1.0), None);
        }
        found.insert(tick, rate.expected());
    }
    // From the twentieth minute with events that leaves 30 minutes and 50 events behind.
    assert_eq!(found.values().flatten().count(), 39);
    for (tick, mean, variance_shape) in [
        (41, 5.6463627313489875, 3.1147905026824287),
        (66, 5.5984338025384215, 3.0328643276896945),
        (73, 5.664506911292538, 3.103991044435851),
        (200, 5.696206735699047, 3.1925852498054246),
        (201, 5.696207199264459, 3.261195212980836),
        (1700, 5.687667271920838, 3.3131161207228335),
    ] {
        let expected = found[&tick].unwrap();
        let variance = mean + mean * mean / variance_shape;
        assert_close(expected.mean(), mean, 2e-5, &format!("mean at {tick}"));
        assert_close(
            expected.variance(),
            variance,
            1e-4,
            &format!("variance at {tick}"),
        );
    }
}

/// `L = max(0, L + ln(p1/p0))` for a refusal and `ln((1 - p1)/(1 - p0))` else, for p1 of 0.15 and 0.5; `p0` is
/// `(refused + 1)/(events + 20)`, fading by 1/4096, worked out every 64 events below a score of 3.
#[test]
fn refusals() {
    let events = (0..500)
        .map(|i| i % 23 == 7)
        .chain((0..30).map(|i| i % 2 == 0));
    let mut cusum = Cusum::new();
    let scores: Vec<f64> = events.map(|event| cusum.observe(event)).collect();
    for (at, score) in [
        (7, 1.6094379124341004),
        (8, 0.96758402626170560),
        (99, 1.6584103499951635),
        (505, 4.5953663974942286),
        (514, 14.056757501078563),
        (529, 25.749420709710924),
    ] {
        assert_close(scores[at], score, 1e-5, &format!("score {at}"));
    }
    assert!(scores[..514].iter().all(|score| *score < 13.8155));
    assert_close(cusum.ordinary_share(), 0.045991857188181049, 1e-5, "share");
}

/// The estimate of Ertl's algorithm 6, with its two series summed to 200 terms.
#[test]
fn distinct_things() {
    let of = |ranks: &[(usize, u8)]| {
        let mut counts = [0; 60];
        ranks
            .iter()
            .for_each(|(rank, count)| counts[*rank] = *count);
        assert_eq!(counts.iter().sum::<u8>(), 64);
        estimate(&counts)
    };
    assert_eq!(of(&[(0, 64)]), 0.0);
    for (ranks, truth) in [
        (&[(0, 63), (1, 1)][..], 1.0078314457723227),
        (&[(0, 60), (1, 2), (3, 2)], 4.1308592782256695),
        (
            &[(0, 20), (1, 22), (2, 11), (3, 6), (4, 3), (6, 2)],
            69.994021094722156,
        ),
        (
            &[(3, 10), (4, 20), (5, 18), (6, 9), (7, 5), (9, 2)],
            910.21383585751245,
        ),
        (&[(58, 30), (59, 34)], 2.1243291773422830e+19),
        (&[(0, 1), (10, 40), (11, 23)], 2771.9002610325245),
    ] {
        assert_close(of(ranks), truth, 1e-13, &format!("{ranks:?}"));
    }
}

/// `v = ln(1 + x)`; after thirty values `z = (v - mean)/sd`, what is learned is cut at three `sd`, the weight is
/// `1/min(n, 256)`, `variance = (1 - w)(variance + w d²)`.
#[test]
fn lengths() {
    let values: Vec<u64> = (0_u64..300)
        .map(|i| i * i * 37 % 101 + 20)
        .chain([100_000, 0, 60])
        .collect();
    let mut deviation = Deviation::new();
    let found: Vec<f64> = values
        .iter()
        .filter_map(|value| deviation.observe(*value))
        .collect();
    assert_eq!(found.len(), 273);
    for (at, truth) in [
        (0, 0.72177972115293919),
        (1, -1.8398794719803623),
        (200, -0.85262655349057568),
        (270, 14.834996798741448),
        (271, -8.2599625386795122),
    ] {
        assert_close(found[at], truth, 1e-4, &format!("value {at}"));
    }
    assert_close(deviation.center(), 62.704784399137066, 1e-4, "center");
}

#[test]
fn a_constant_length_is_no_trap() {
    let mut deviation = Deviation::new();
    for _ in 0..40 {
        deviation.observe(7);
    }
    assert_close(deviation.observe(8).unwrap(), 2.3556607131276691, 1e-4, "8");
    assert_close(
        deviation.observe(700).unwrap(),
        89.403871767750506,
        1e-4,
        "700",
    );
}

/// Never more than `-ln erfc(z/sqrt 2)`, by at most three and a half nats.
#[test]
fn the_surprise_of_a_length_is_conservative() {
    for (deviations, truth) in [
        (1.0, 1.1478744644493182),
        (2.5, 4.3885010967187452),
        (4.9, 13.858035508795367),
        (6.0, 20.043621769414760),
        (10.0, 52.538137969952525),
    ] {
        let short = truth - surprise(deviations);
        assert!((0.0..3.5).contains(&short), "{deviations}: {short}");
    }
}

/// `-ln((new + 1/2)/(seen + 1))`, both fading.
#[test]
fn new_things() {
    let mut novelty = Novelty::<4>::new();
    assert_eq!(novelty.observe(1), Seen::New(-(0.5_f64).ln()));
    for _ in 0..99 {
        assert_eq!(novelty.observe(1), Seen::Known);
    }
    let Seen::New(surprise) = novelty.observe(2) else {
        panic!("2 was never seen");
    };
    // One new thing, 99 things ago, of 100; d = 1 - 1/1024.
    let d = 1.0 - 1.0 / 1024.0_f64;
    let seen = (1.0 - d.powi(100)) / (1.0 - d);
    let truth = ((seen + 1.0) / (d.powi(99) + 0.5)).ln();
    assert_close(surprise, truth, 1e-5, "2");
    for tag in [3, 4, 2, 5] {
        novelty.observe(tag);
    }
    // 1 was used longest ago, and 4 others were met since.
    assert_eq!(novelty.observe(2), Seen::Known);
    assert!(matches!(novelty.observe(1), Seen::New(_)));
}

#[test]
fn an_explorer_is_no_surprise() {
    let mut novelty = Novelty::<64>::new();
    for tag in 0..10_000 {
        novelty.observe(tag);
    }
    let Seen::New(surprise) = novelty.observe(10_000) else {
        panic!("10,000 was never seen");
    };
    assert!(surprise < 0.01);
}

/// `-ln((odd + 1/2)/(hours + 1))`.
#[test]
fn hours_of_the_week() {
    // 1970-01-05 was a Monday.
    let monday = 4 * 24;
    let mut week = Week::new(monday);
    for day in 0..14 {
        for hour in 9..17 {
            for _ in 0..1000 {
                assert_eq!(week.observe(monday + day * 24 + hour), None);
            }
        }
    }
    // 112 hours, then 9 more.
    let next = monday + 14 * 24;
    assert_close(
        week.observe(next + 3).unwrap(),
        (113.0_f64 / 0.5).ln(),
        1e-12,
        "3",
    );
    assert_eq!(week.observe(next + 3), None, "told once");
    assert_eq!(week.observe(next + 1), None, "past");
    for hour in 8..=17 {
        assert_eq!(
            week.observe(next + hour),
            None,
            "beside or among those of work"
        );
    }
    assert_close(
        week.observe(next + 20).unwrap(),
        (124.0_f64 / 1.5).ln(),
        1e-12,
        "20",
    );
}

/// `-ln((new + 1/2)/(steps + 1) + n(no more often)/n(all))`, faded by 1/65,536.
#[test]
fn the_order_of_work() {
    let mut transitions = Transitions::new();
    for step in 0..80 {
        transitions.observe(step % 2);
    }
    // 79 steps, two of them new; 1 was followed by 0 in all of 39.
    assert_close(transitions.observe(0).unwrap(), 0.0, 1e-9, "1 to 0");
    let found = transitions.observe(2).unwrap();
    assert_close(found, (81.0_f64 / 2.5).ln(), 1e-3, "0 to 2");
    assert_eq!(transitions.observe(0), None);
    // 0 was followed by 1 in 40, by 2 in one: that, or anything new.
    let found = transitions.observe(2).unwrap();
    assert_close(
        found,
        -(1.0 / 41.0 + 4.5_f64 / 83.0).ln(),
        1e-3,
        "0 to 2 again",
    );
}
