use proptest::prelude::*;

use super::*;

const MINUTE: u32 = 60;

/// Something of a kind about a target, at a second: what is told of it.
fn happen(desk: &mut Desk, kind: AlertKind, tag: u32, surprise: f64, second: u32) -> Option<u64> {
    let surprise = (surprise > 0.0).then_some(surprise);
    desk.admit(kind, tag, || None, surprise, second, &mut Vec::new())
}

/// An event each second: told at once, after 10 minutes, after 20 more, 40 more, and so on up to 4 hours.
#[test]
fn silence_doubles_up_to_four_hours() {
    let mut desk = Desk::default();
    let mut told = Vec::new();
    let mut counted = 0;
    for second in 0..60 * 3600 {
        if let Some(more) = happen(&mut desk, AlertKind::Loop, 1, 0.0, second) {
            told.push(second / MINUTE);
            counted += more + 1;
        }
    }
    assert_eq!(told[..8], [0, 10, 30, 70, 150, 310, 550, 790]);
    assert!(told[5..].windows(2).all(|pair| pair[1] - pair[0] == 240));
    let last = u64::from(told.last().unwrap() * MINUTE);
    assert_eq!(counted, last + 1, "nothing is lost");
}

#[test]
fn what_has_become_worse_is_told_soon() {
    let mut desk = Desk::default();
    // Half a minute apart.
    let surprises = [20.0, 30.0, 29.9, 30.0, 44.0, 46.0, 46.0];
    let told: Vec<_> = (0..)
        .zip(surprises)
        .map(|(second, surprise)| {
            happen(&mut desk, AlertKind::RateAnomaly, 1, surprise, second * 30)
        })
        .collect();
    assert_eq!(told, [Some(0), None, None, Some(2), None, Some(1), None]);
}

#[test]
fn after_a_long_quiet_it_begins_anew() {
    let mut desk = Desk::default();
    assert_eq!(happen(&mut desk, AlertKind::Loop, 1, 0.0, 0), Some(0));
    assert_eq!(happen(&mut desk, AlertKind::Loop, 1, 0.0, 600), Some(0));
    let later = 600 + 2400;
    assert_eq!(happen(&mut desk, AlertKind::Loop, 1, 0.0, later), Some(0));
    assert_eq!(
        happen(&mut desk, AlertKind::Loop, 1, 0.0, later + 599),
        None
    );
    assert_eq!(
        happen(&mut desk, AlertKind::Loop, 1, 0.0, later + 600),
        Some(1)
    );
}

#[test]
fn one_kind_does_not_hide_another() {
    let mut desk = Desk::default();
    let told =
        (0..1000).filter(|tag| happen(&mut desk, AlertKind::FirstContact, *tag, 0.0, 5).is_some());
    assert_eq!(told.count(), usize::from(PER_HOUR));
    assert_eq!(happen(&mut desk, AlertKind::Probing, 0, 0.0, 5), Some(0));
    let mut updates = Vec::new();
    desk.flush(3600, &mut updates);
    let update = Update {
        kind: AlertKind::FirstContact,
        target: None,
        more: 1000 - u64::from(PER_HOUR),
    };
    assert_eq!(updates, [update]);
}

#[test]
fn what_is_held_back_is_told_when_its_time_has_come() {
    let mut desk = Desk::default();
    for second in 0..5 {
        happen(&mut desk, AlertKind::Loop, 7, 0.0, second);
    }
    let mut updates = Vec::new();
    desk.flush(599, &mut updates);
    assert_eq!(updates, []);
    desk.flush(600, &mut updates);
    assert_eq!(updates.pop().map(|update| update.more), Some(4));
    desk.flush(100_000, &mut updates);
    assert_eq!(updates, []);
}

proptest! {
    /// Whatever happens is told or counted, once, also where targets are many and time goes back.
    #[test]
    fn nothing_is_dropped(
        events in prop::collection::vec(
            (0..AlertKind::COUNT, 0..40_u32, 0.0..90.0_f64, any::<u16>(), any::<bool>()), 0..300),
    ) {
        let mut desk = Desk::default();
        let (mut told, mut updates) = (0, Vec::new());
        let all = events.len() as u64;
        for (kind, tag, surprise, second, flushes) in events {
            let kind = AlertKind::ALL[kind];
            if flushes {
                desk.flush(second.into(), &mut updates);
            }
            let more = desk.admit(kind, tag, || None, Some(surprise), second.into(), &mut updates);
            told += more.map_or(0, |more| more + 1);
            prop_assert!(desk.topics.len() <= TARGETS);
        }
        desk.close(&mut updates);
        prop_assert_eq!(told + updates.iter().map(|update| update.more).sum::<u64>(), all);
    }
}
