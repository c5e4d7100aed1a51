//! Keyed counters and the accounts of their owners.

use std::collections::HashMap;

use super::*;

#[test]
fn keys_count_for_themselves() {
    let counter = Counter::keyed(nanos(60), 10);
    drop(reserve(0, &[Demand::call(&counter, 1).on(key(1, 1))]).unwrap());
    assert!(reserve(0, &[Demand::call(&counter, 1).on(key(1, 1))]).is_err());
    drop(reserve(0, &[Demand::call(&counter, 1).on(key(1, 2))]).unwrap());
    // The same key for another owner is the same key.
    assert!(reserve(0, &[Demand::call(&counter, 1).on(key(2, 1))]).is_err());
}

#[test]
fn an_owner_with_too_many_keys_stands_in_nobodys_way() {
    let counter = Counter::keyed(nanos(1_000_000), MAX_KEYS_PER_OWNER);
    let mut admitted = 0;
    for i in 0..20_000 {
        match reserve(i, &[Demand::call(&counter, 1).on(key(1, i))]) {
            Ok(_) => admitted += 1,
            Err(refused) => assert_eq!(
                (refused.kind, refused.retry_after),
                (ExceededKind::KeysFull, None)
            ),
        }
    }
    assert_eq!(admitted, MAX_KEYS_PER_OWNER);
    assert_eq!(counter.keys(), MAX_KEYS_PER_OWNER as usize);
    // Its live keys are remembered, and others have room for theirs.
    assert_eq!(
        reserve(20_000, &[Demand::call(&counter, 1).on(key(1, 0))])
            .unwrap_err()
            .kind,
        ExceededKind::Rate
    );
    for i in 0..u64::from(MAX_KEYS_PER_OWNER) {
        drop(
            reserve(
                20_000,
                &[Demand::call(&counter, 1).on(key(2, 1_000_000 + i))],
            )
            .unwrap(),
        );
    }
    // Each of the keys makes room for another once its window is empty, not before, whatever shard either is in.
    for i in 0..100 {
        assert!(
            reserve(
                1_000_000 + i - 1,
                &[Demand::call(&counter, 1).on(key(1, 30_000 + i))]
            )
            .is_err()
        );
        drop(
            reserve(
                1_000_000 + i,
                &[Demand::call(&counter, 1).on(key(1, 30_000 + i))],
            )
            .unwrap(),
        );
    }
}

/// The accounts of owners are locked once a new key is found, so nothing after that may lock them again.
#[test]
fn a_dead_key_changes_hands_in_one_step_with_new_ones() {
    for names in [[1, 2, 3], [2, 3, 1], [3, 1, 2]] {
        let counter = Counter::keyed(nanos(60), 3);
        let call = |owner, name| Demand::call(&counter, 1).on(key(owner, name));
        drop(reserve(0, &[call(1, 1)]).unwrap());
        drop(reserve(60, &names.map(|name| call(2, name))).unwrap());
        let owners = counter.owners().unwrap();
        assert_eq!((owners.count(1), owners.count(2)), (0, 3));
    }
}

#[test]
fn a_key_with_few_entries_takes_600_bytes_at_most() {
    let counter = Counter::keyed(nanos(1_000_000), 100_000);
    for keys in 1..5000 {
        drop(reserve(0, &[Demand::call(&counter, 1).on(key(1, keys))]).unwrap());
        if keys > 200 && keys % 50 == 0 {
            let each = counter.bytes() / keys as usize;
            assert!(each <= 600, "{each} bytes with {keys} keys");
        }
    }
}

#[test]
fn passing_keys_leave_no_memory_behind() {
    let counter = Counter::keyed(nanos(100), 256);
    for i in 0..100_000 {
        let held = reserve(i, &[Demand::call(&counter, 1).on(key(1, i))]).unwrap();
        if i % 2 == 0 {
            held.cancel();
        }
    }
    assert!(counter.keys() <= 256);
    assert!(counter.bytes() <= 256 * 600, "{} bytes", counter.bytes());
    // A clock that stands still is no way around it.
    for i in 0..100_000 {
        reserve(100_000, &[Demand::call(&counter, 1).on(key(1, i % 3))])
            .unwrap()
            .cancel();
    }
    assert!(counter.bytes() <= 256 * 600, "{} bytes", counter.bytes());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    /// A new key is refused exactly when its owner has as many keys with live entries.
    #[test]
    fn keys_are_refused_exactly_when_full(
        span in 1..60_u64,
        max in 1..5_u32,
        ops in vec((0..8_u64, 1..3_u64, vec(0..10_u64, 1..4), prop::option::weighted(0.3, any::<prop::sample::Index>())), 1..80),
    ) {
        let counter = Counter::keyed(nanos(span), max);
        // For each key: the owner on whose account it is, and when it was used.
        let mut keys: HashMap<u64, (u64, Vec<u64>)> = HashMap::new();
        let mut held = Vec::new();
        let mut now = 0;
        for (step, owner, mut names, cancel) in ops {
            now += step;
            keys.retain(|_, (_, times)| {
                times.retain(|at| at + span > now);
                !times.is_empty()
            });
            names.sort_unstable();
            names.dedup();
            let new = names.iter().filter(|name| !keys.contains_key(name)).count();
            let old = keys.values().filter(|(of, _)| *of == owner).count();
            let demands: Vec<_> = names.iter().map(|name| Demand::call(&counter, u64::MAX).on(key(owner, *name))).collect();
            match reserve(now, &demands) {
                Ok(reservation) => {
                    prop_assert!(new == 0 || old + new <= max as usize);
                    names.iter().for_each(|name| keys.entry(*name).or_insert((owner, Vec::new())).1.push(now));
                    held.push((reservation, names, now));
                }
                Err(refused) => {
                    prop_assert_eq!(refused.kind, ExceededKind::KeysFull);
                    prop_assert!(new > 0 && old + new > max as usize);
                }
            }
            if let Some(index) = cancel.filter(|_| !held.is_empty()) {
                let (reservation, names, at) = held.swap_remove(index.index(held.len()));
                reservation.cancel();
                for name in names {
                    if let Some((_, times)) = keys.get_mut(&name)
                        && let Some(found) = times.iter().position(|time| *time == at)
                    {
                        times.remove(found);
                    }
                }
            }
        }
    }
}
