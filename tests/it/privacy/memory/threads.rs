//! Threads that race: for the last of a budget, for the same record, for a subject that is forgotten.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use portcullis::privacy::Which;

use super::*;
use crate::folder::Folder;

const THREADS: usize = 8;

/// Votes at an epsilon of 1 cost a rho of 1/8, rounded up: 100 fit into 12.51.
#[test]
fn no_more_is_released_than_the_budget_pays_for() {
    let memory = forgetful(12.51);
    (0..20).for_each(|number| ticket(&memory, number, "login"));
    let answered = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..50 {
                    let vote = memory.vote(&tickets(), &about("login"), 5, epsilon(1.0));
                    assert!(vote.is_ok() || is_refused(&vote));
                    answered.fetch_add(usize::from(vote.is_ok()), Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(answered.into_inner(), 100);
}

#[test]
fn the_same_record_is_paid_for_once() {
    let memory = forgetful(1e6);
    ticket(&memory, 1, "login");
    for round in 1..20 {
        let epsilon = epsilon(f64::from(round));
        let read = || {
            memory
                .retrieve_embedding(&tickets(), &key("ticket-1"), epsilon)
                .unwrap()
        };
        let answers: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(read)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        let paid = answers
            .iter()
            .filter(|answer| answer.charge().is_some())
            .count();
        assert_eq!(paid, 1);
        assert!(
            answers
                .iter()
                .all(|answer| answer.value() == answers[0].value())
        );
    }
}

/// Once `forget` has returned, no answer has the subject in it: not one that was begun before either, if it is of its own record.
#[test]
fn who_is_forgotten_meanwhile_is_not_told() {
    let memory = forgetful(1e9);
    let much = epsilon(200.0);
    thread::scope(|scope| {
        for number in 0..THREADS {
            let memory = &memory;
            scope.spawn(move || {
                for round in 0..50 {
                    ticket(memory, number, "login");
                    let key = key(&format!("ticket-{number}"));
                    if round % 3 == 0 {
                        drop(memory.retrieve_embedding(&tickets(), &key, much));
                    }
                    assert_eq!(memory.forget(&user(number)).unwrap(), 1);
                    assert!(memory.retrieve_embedding(&tickets(), &key, much).is_err());
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..200 {
                let count = memory
                    .count(&tickets(), Which::Labelled("login"), much)
                    .unwrap();
                assert!((0..=THREADS as i64).contains(count.value()));
                drop(memory.draw_ahead());
            }
        });
    });
    assert_eq!(memory.records(&tickets()).unwrap(), 0);
}

#[test]
fn whoever_loads_meanwhile_finds_a_whole_file() {
    let folder = Folder::new();
    let path = folder.path().join("memory");
    let memory = forgetful(1e6);
    (0..20).for_each(|number| ticket(&memory, number, "login"));
    memory.save_with_raw(&path).unwrap();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| (0..20).for_each(|_| memory.save_with_raw(&path).unwrap()));
        }
        for _ in 0..40 {
            let ledger = Ledger::that_forgets(budgets(1.0)).unwrap();
            let loaded = AgentMemory::load(plan(), ledger, &path).unwrap();
            assert_eq!(loaded.records(&tickets()).unwrap(), 20);
        }
    });
}
