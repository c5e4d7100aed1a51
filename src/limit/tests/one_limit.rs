//! One counter, one demand.

use super::*;

#[test]
fn a_place_is_free_again_exactly_one_window_later() {
    let counter = single(60);
    for now in [100, 110, 120] {
        drop(reserve(now, &[Demand::call(&counter, 3)]).unwrap());
    }
    let refused = reserve(159, &[Demand::call(&counter, 3)]).unwrap_err();
    let expected = Exceeded {
        demand: 0,
        kind: ExceededKind::Rate,
        limit: Amount::from_u64(3),
        window: nanos(60),
        used: Amount::from_u64(3),
        retry_after: Some(nanos(1)),
    };
    assert_eq!(refused, expected);
    drop(reserve(160, &[Demand::call(&counter, 3)]).unwrap());
    assert_eq!(
        reserve(160, &[Demand::call(&counter, 3)])
            .unwrap_err()
            .retry_after,
        Some(nanos(10))
    );
}

#[test]
fn a_clock_that_jumps_back_opens_nothing() {
    let counter = single(60);
    drop(reserve(1000, &[Demand::call(&counter, 1)]).unwrap());
    let refused = reserve(0, &[Demand::call(&counter, 1)]).unwrap_err();
    // By the caller's clock: it has to come back first.
    assert_eq!(refused.retry_after, Some(nanos(1060)));
    assert!(reserve(1059, &[Demand::call(&counter, 1)]).is_err());
    drop(reserve(1060, &[Demand::call(&counter, 1)]).unwrap());
}

#[test]
fn a_budget_is_spent_to_the_last_unit() {
    let counter = single(60);
    let of = |value| Amount::from_f64(value, Rounding::Up).unwrap();
    drop(reserve(0, &[Demand::sum(&counter, of(0.3), of(0.1))]).unwrap());
    drop(reserve(1, &[Demand::sum(&counter, of(0.3), of(0.2))]).unwrap());
    let refused = reserve(2, &[Demand::sum(&counter, of(0.3), of(0.15))]).unwrap_err();
    assert_eq!(
        (refused.kind, refused.used, refused.retry_after),
        (ExceededKind::Budget, of(0.3), Some(nanos(59)))
    );
    assert!(reserve(2, &[Demand::sum(&counter, of(0.3), Amount::ZERO)]).is_ok());
    let never = reserve(2, &[Demand::sum(&counter, of(0.3), of(0.31))]).unwrap_err();
    assert_eq!(never.retry_after, None);
}

#[test]
fn a_sum_too_large_to_count_is_refused() {
    let counter = single(60);
    let all = Demand::sum(&counter, Amount::MAX, Amount::MAX);
    let one = Demand::sum(&counter, Amount::MAX, units(1));
    assert_eq!(reserve(0, &[all, one]).unwrap_err().retry_after, None);
    drop(reserve(0, &[all]).unwrap());
    assert_eq!(reserve(0, &[one]).unwrap_err().retry_after, Some(nanos(60)));
    drop(reserve(60, &[one]).unwrap());
}

#[test]
fn a_limit_that_is_lowered_holds_at_once() {
    let counter = single(60);
    for now in 0..5 {
        drop(reserve(now, &[Demand::call(&counter, 5)]).unwrap());
    }
    let refused = reserve(10, &[Demand::call(&counter, 2)]).unwrap_err();
    assert_eq!(
        (refused.used, refused.retry_after),
        (Amount::from_u64(5), Some(nanos(53)))
    );
    drop(reserve(10, &[Demand::call(&counter, 6)]).unwrap());
}

#[test]
fn cancelling_too_late_frees_nobody_elses_place() {
    let counter = single(60);
    let early = reserve(0, &[Demand::call(&counter, 1)]).unwrap();
    drop(reserve(60, &[Demand::call(&counter, 1)]).unwrap());
    early.cancel();
    assert!(reserve(61, &[Demand::call(&counter, 1)]).is_err());

    let keyed = Counter::keyed(nanos(60), 1);
    let early = reserve(0, &[Demand::call(&keyed, 1).on(key(1, 1))]).unwrap();
    drop(reserve(100, &[Demand::call(&keyed, 1).on(key(1, 2))]).unwrap());
    drop(reserve(160, &[Demand::call(&keyed, 1).on(key(1, 1))]).unwrap());
    early.cancel();
    assert!(reserve(161, &[Demand::call(&keyed, 1).on(key(1, 1))]).is_err());
}

#[test]
fn a_reservation_outlives_its_counter() {
    let counter = single(60);
    let held = reserve(0, &[Demand::call(&counter, 1)]).unwrap();
    drop(counter);
    held.cancel();
}

#[test]
fn hoarding_and_cancelling_leaves_nothing_behind() {
    let counter = single(1_000_000_000);
    drop(reserve(0, &[Demand::call(&counter, u64::MAX)]).unwrap());
    for round in 0..300_u64 {
        let held: Vec<_> = (0..100)
            .map(|i| reserve(round * 100 + i, &[Demand::call(&counter, 102)]).unwrap())
            .collect();
        // Live neighbours on both sides keep most of them from being trimmed at once.
        let last = reserve(round * 100 + 100, &[Demand::call(&counter, 102)]).unwrap();
        held.into_iter().rev().for_each(Reservation::cancel);
        last.cancel();
    }
    assert!(counter.bytes() <= MAX_LOG_BYTES);
    assert_eq!(
        reserve(40_000, &[Demand::call(&counter, 1)])
            .unwrap_err()
            .used,
        Amount::ONE
    );
}

#[test]
fn limits_of_up_to_4096_calls_are_exact_and_larger_logs_bounded() {
    let span = 60_000_000_000;
    let counter = single(span);
    let all: Vec<_> = (0..4096)
        .map(|i| reserve(i, &[Demand::call(&counter, 4096)]).unwrap())
        .collect();
    assert_eq!(
        reserve(4096, &[Demand::call(&counter, 4096)])
            .unwrap_err()
            .retry_after,
        Some(nanos(span - 4096))
    );
    drop(all);
    for i in 0..20_000 {
        drop(reserve(4096 + i * 1_000_000, &[Demand::call(&counter, u64::MAX)]).unwrap());
    }
    assert!(
        counter.bytes() <= MAX_LOG_BYTES,
        "{} bytes",
        counter.bytes()
    );
}

proptest! {
    /// Nothing that a caller can say makes it panic.
    #[test]
    fn any_times_windows_and_amounts(span: u64, limit: u128, steps in vec((any::<u64>(), any::<u128>(), any::<bool>()), 1..60)) {
        let counter = Counter::new(nanos(span), Shape::Single, 4);
        for (now, amount, cancel) in steps {
            match reserve(now, &[Demand::sum(&counter, units(limit), units(amount))]) {
                Ok(held) if cancel => held.cancel(),
                Ok(_) => prop_assert!(amount <= limit),
                Err(refused) => prop_assert_eq!(refused.retry_after.is_none(), amount > limit),
            }
        }
    }
}
