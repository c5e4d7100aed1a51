//! Counters across changes of policy.

use super::*;

fn counted(base: &str, span: u64, shape: Shape) -> Counted {
    Counted {
        base: base.to_owned(),
        window: nanos(span),
        shape,
    }
}

/// The counters of a set that states these limits on one base.
fn set(registry: &CounterRegistry, spans: &[u64], shape: Shape) -> Vec<Arc<Counter>> {
    let limits: Vec<Counted> = spans
        .iter()
        .map(|span| counted("a", *span, shape))
        .collect();
    registry.counters(&limits)
}

fn one(registry: &CounterRegistry, span: u64, shape: Shape) -> Arc<Counter> {
    set(registry, &[span], shape).remove(0)
}

#[test]
fn the_same_limit_is_the_same_counter() {
    let registry = CounterRegistry::new();
    let counter = one(&registry, 60, Shape::Single);
    assert!(Arc::ptr_eq(&counter, &one(&registry, 60, Shape::Single)));
    let others = registry.counters(&[
        counted("b", 60, Shape::Single),
        counted("a", 60, Shape::KEYED),
    ]);
    let twice = set(&registry, &[60, 60], Shape::Single);
    assert!(Arc::ptr_eq(&counter, &twice[0]));
    for other in others.iter().chain(&twice[1..]) {
        assert!(!Arc::ptr_eq(&counter, other));
    }
}

/// Whatever limits on the same calls come and go, each knows what the longest of them knew.
#[test]
fn limits_that_change_places_keep_their_use() {
    const HOUR: u64 = 3600;
    const DAY: u64 = 24 * HOUR;
    for then in [
        &[DAY][..],
        &[DAY, HOUR],
        &[10, HOUR, DAY],
        &[DAY, 7 * DAY],
        &[HOUR],
    ] {
        let registry = CounterRegistry::new();
        let before = set(&registry, &[HOUR, DAY], Shape::Single);
        let demands = |max| [Demand::call(&before[0], max), Demand::call(&before[1], max)];
        drop(reserve(0, &demands(9)).unwrap());
        drop(reserve(HOUR, &demands(9)).unwrap());
        let after = set(&registry, then, Shape::Single);
        for counter in after
            .iter()
            .filter(|counter| counter.window() >= nanos(DAY))
        {
            assert!(
                reserve(2 * HOUR, &[Demand::call(counter, 2)]).is_err(),
                "{then:?}"
            );
        }
        let demands: Vec<_> = after
            .iter()
            .map(|counter| Demand::call(counter, 9))
            .collect();
        drop(reserve(2 * HOUR, &demands).unwrap());
        let back = set(&registry, &[HOUR, DAY], Shape::Single);
        assert!(
            reserve(2 * HOUR, &[Demand::call(&back[0], 1)]).is_err(),
            "{then:?}"
        );
        assert!(
            reserve(2 * HOUR, &[Demand::call(&back[1], 3)]).is_err(),
            "{then:?}"
        );
        assert!(
            reserve(3 * HOUR, &[Demand::call(&back[0], 1)]).is_ok(),
            "{then:?}"
        );
    }
}

#[test]
fn another_window_does_not_refill() {
    let registry = CounterRegistry::new();
    let minute = one(&registry, 60, Shape::Single);
    drop(reserve(0, &[Demand::call(&minute, 2)]).unwrap());
    let hour = one(&registry, 3600, Shape::Single);
    // A call under way under the former policy counts too.
    drop(reserve(50, &[Demand::call(&minute, 2)]).unwrap());
    assert_eq!(
        reserve(70, &[Demand::call(&hour, 2)])
            .unwrap_err()
            .retry_after,
        Some(nanos(3530))
    );
    drop(reserve(70, &[Demand::call(&minute, 2)]).unwrap());
    assert_eq!(
        reserve(70, &[Demand::call(&minute, 2)])
            .unwrap_err()
            .retry_after,
        Some(nanos(40))
    );
    // Back and forth: the hour is remembered while anything stands in it, even if nobody holds it.
    drop(hour);
    registry.prune(3000);
    let hour = one(&registry, 3600, Shape::Single);
    assert_eq!(
        reserve(3000, &[Demand::call(&hour, 3)])
            .unwrap_err()
            .retry_after,
        Some(nanos(600))
    );
}

#[test]
fn a_further_limit_on_the_same_calls_begins_with_their_history() {
    let registry = CounterRegistry::new();
    let old = one(&registry, 3600, Shape::KEYED);
    drop(reserve(0, &[Demand::call(&old, 1).on(key(7, 1))]).unwrap());
    let new = set(&registry, &[3600, 3600], Shape::KEYED).remove(1);
    assert!(reserve(1, &[Demand::call(&new, 1).on(key(7, 1))]).is_err());
    drop(reserve(1, &[Demand::call(&new, 1).on(key(7, 2))]).unwrap());
    assert_eq!(
        (
            new.owners().unwrap().count(7),
            old.owners().unwrap().count(7)
        ),
        (2, 1)
    );
    drop(reserve(3600, &[Demand::call(&new, 1).on(key(7, 1))]).unwrap());
}

#[test]
fn unused_counters_are_pruned_once_empty() {
    let registry = CounterRegistry::new();
    let counter = one(&registry, 60, Shape::KEYED);
    let held = reserve(100, &[Demand::call(&counter, 1).on(key(1, 1))]).unwrap();
    drop(one(&registry, 30, Shape::KEYED));
    drop(registry.counters(&[counted("b", 60, Shape::Single)]));
    registry.prune(130);
    assert_eq!(registry.len(), 1);
    drop(counter);
    registry.prune(159);
    assert_eq!(registry.len(), 1);
    registry.prune(160);
    assert_eq!(registry.len(), 0);
    held.cancel();
}

#[test]
fn pruning_returns_the_memory_of_a_flood() {
    let registry = CounterRegistry::new();
    let counter = one(&registry, 60, Shape::KEYED);
    for i in 0..1000 {
        drop(reserve(0, &[Demand::call(&counter, 1).on(key(1, i))]).unwrap());
    }
    registry.prune(60);
    assert_eq!((counter.keys(), counter.owners().unwrap().count(1)), (0, 0));
    assert!(counter.bytes() < 16 * 1024, "{} bytes", counter.bytes());
}

#[derive(Clone, Debug)]
enum Op {
    Call {
        step: u64,
        limit: usize,
        view: prop::sample::Index,
    },
    Cancel(prop::sample::Index),
    Swap(usize),
    Release(prop::sample::Index),
    Prune,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (0..15_u64, 1..6_usize, any::<prop::sample::Index>()).prop_map(|(step, limit, view)| Op::Call { step, limit, view }),
        1 => any::<prop::sample::Index>().prop_map(Op::Cancel),
        1 => (0..4_usize).prop_map(Op::Swap),
        1 => any::<prop::sample::Index>().prop_map(Op::Release),
        1 => Just(Op::Prune),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    /// After any sequence of swaps a limit admits exactly what the calls still remembered leave room for: all calls of the last
    /// window, under whatever window they were made, as far back as some window in use reached.
    #[test]
    fn swaps_do_not_refill(ops in vec(op(), 1..120)) {
        const SPANS: [u64; 4] = [5, 20, 60, 200];
        let registry = CounterRegistry::new();
        let mut views = vec![one(&registry, SPANS[1], Shape::Single)];
        let mut log: Vec<u64> = Vec::new();
        let mut held = Vec::new();
        let mut now = 1000_u64;
        // Calls made up to this time may be forgotten.
        let mut unknown = 0_u64;
        for op in ops {
            let longest = views.iter().map(|view| view.span()).max().unwrap();
            unknown = unknown.max(now - longest);
            match op {
                Op::Call { step, limit, view } => {
                    now += step;
                    let view = &views[view.index(views.len())];
                    let within = |from: u64| log.iter().filter(|at| **at > from).count();
                    let known = within(unknown.max(now - view.span()).max(now - longest));
                    match reserve(now, &[Demand::call(view, limit as u64)]) {
                        Ok(reservation) => {
                            prop_assert!(known < limit);
                            log.push(now);
                            held.push((reservation, now));
                        }
                        Err(_) => prop_assert!(within(now - view.span()) >= limit),
                    }
                }
                Op::Cancel(index) if !held.is_empty() => {
                    let (reservation, at): (Reservation, u64) = held.swap_remove(index.index(held.len()));
                    reservation.cancel();
                    let found = log.iter().position(|time| *time == at).unwrap();
                    log.remove(found);
                }
                Op::Swap(span) => views.push(one(&registry, SPANS[span], Shape::Single)),
                Op::Release(index) if views.len() > 1 => drop(views.swap_remove(index.index(views.len()))),
                Op::Prune => registry.prune(now),
                Op::Cancel(_) | Op::Release(_) => {}
            }
        }
    }
}
