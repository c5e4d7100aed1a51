//! Several demands at once, and several threads.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::*;

#[test]
fn a_refusal_takes_nothing_and_names_the_longest_wait() {
    let (minute, hour, free) = (single(60), single(3600), single(60));
    drop(reserve(0, &[Demand::call(&minute, 1)]).unwrap());
    drop(reserve(0, &[Demand::call(&hour, 1)]).unwrap());
    let refused = reserve(
        10,
        &[
            Demand::call(&free, 1),
            Demand::call(&minute, 1),
            Demand::call(&hour, 1),
        ],
    )
    .unwrap_err();
    assert_eq!(
        (refused.demand, refused.retry_after),
        (2, Some(nanos(3590)))
    );
    assert_eq!(refused.to_string(), "call limit reached");
    drop(reserve(10, &[Demand::call(&free, 1)]).unwrap());
}

#[test]
fn one_key_twice_adds_up() {
    let counter = single(60);
    let demand = Demand::call(&counter, 3);
    let held = reserve(0, &[demand, demand]).unwrap();
    assert!(reserve(0, &[demand, demand]).is_err());
    drop(reserve(0, &[demand]).unwrap());
    held.cancel();
    drop(reserve(0, &[demand, demand]).unwrap());

    let keyed = Counter::keyed(nanos(60), 1);
    let demand = Demand::call(&keyed, 2).on(key(1, 1));
    drop(reserve(0, &[demand, demand]).unwrap());
    assert_eq!((keyed.keys(), keyed.owners().unwrap().count(1)), (1, 1));
    assert!(reserve(0, &[demand]).is_err());
}

#[test]
fn no_demand_at_all_is_granted() {
    reserve(0, &[]).unwrap().cancel();
}

/// Four threads, overlapping lists of demands in every order, some cancelled: by the times under which the places stand,
/// no window ever held more than its limit.
#[test]
fn threads_never_exceed_a_limit_together() {
    const SPAN: u64 = 400;
    const MAX: u64 = 5;
    let counters: Vec<_> = (0..4).map(|_| single(SPAN)).collect();
    let keyed = Arc::new(Counter::keyed(nanos(SPAN), 3));
    let clock = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    let work = |seed: u64| {
        let mut random = seed;
        let mut accepted: Vec<(usize, u64)> = Vec::new();
        while !stop.load(Ordering::Relaxed) && accepted.len() < 100_000 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let bits = random >> 33;
            let places = [bits % 4, bits / 4 % 4, bits / 16 % 4];
            let names = [bits / 64 % 5, bits / 512 % 5];
            let now = clock.fetch_add(1, Ordering::Relaxed);
            let mut demands: Vec<_> = places
                .iter()
                .map(|place| Demand::call(&counters[*place as usize], MAX))
                .collect();
            demands.extend(
                names
                    .iter()
                    .map(|name| Demand::call(&keyed, MAX).on(key(name % 2, *name))),
            );
            demands.truncate(1 + (bits / 4096 % 5) as usize);
            let Ok(held) = reserve(now, &demands) else {
                continue;
            };
            if (bits / 65536).is_multiple_of(8) {
                held.cancel();
                continue;
            }
            // Places are listed by cell. The ids of the single counters are the lower ones, in their order.
            let singles = places
                .iter()
                .take(demands.len())
                .map(|place| *place as usize);
            let mut singles: Vec<_> = singles.collect();
            singles.sort_unstable();
            accepted.extend(singles.into_iter().zip(held.times()));
        }
        accepted
    };
    let logs: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (1..=4)
            .map(|seed| scope.spawn(move || work(seed)))
            .collect();
        std::thread::sleep(Duration::from_millis(700));
        stop.store(true, Ordering::Relaxed);
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(logs.len() > 100);
    for place in 0..4 {
        let mut times: Vec<_> = logs
            .iter()
            .filter(|(at, _)| *at == place)
            .map(|(_, time)| *time)
            .collect();
        times.sort_unstable();
        let over = times
            .windows(MAX as usize + 1)
            .find(|window| window[MAX as usize] - window[0] < SPAN);
        assert_eq!(over, None, "counter {place}");
    }
    assert!(keyed.owners().unwrap().count(0) <= 3 && keyed.owners().unwrap().count(1) <= 3);
}

/// Owners' accounts of two keyed counters, taken in both orders by lists that need new keys in both.
#[test]
fn new_keys_in_several_counters_do_not_deadlock() {
    let counters = [
        Arc::new(Counter::keyed(nanos(50), 4)),
        Arc::new(Counter::keyed(nanos(50), 4)),
    ];
    let clock = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for thread in 0..4_usize {
            let (counters, clock) = (&counters, &clock);
            scope.spawn(move || {
                for i in 0..20_000 {
                    let now = clock.fetch_add(1, Ordering::Relaxed);
                    let (first, second) = (&counters[thread % 2], &counters[(thread + 1) % 2]);
                    let outcome = reserve(
                        now,
                        &[
                            Demand::call(first, 2).on(key(1, i)),
                            Demand::call(second, 2).on(key(1, i + 7)),
                        ],
                    );
                    if let (Ok(held), 0) = (outcome, i % 3) {
                        held.cancel();
                    }
                }
            });
        }
    });
    for counter in &counters {
        assert_eq!(counter.keys(), counter.owners().unwrap().count(1) as usize);
        assert!(counter.keys() <= 4);
    }
}
