use std::num::NonZeroU32;

use proptest::prelude::*;

use super::*;
use crate::privacy::{Budget, BudgetPlan, Delta, Epsilon, Filter, LedgerError, Rho, Votes};

const LABELS: [&str; 3] = ["a", "b", "c"];

fn name() -> PartitionName {
    "tickets".parse().unwrap()
}

fn epsilon(value: f64) -> Epsilon {
    Epsilon::new(value).unwrap()
}

/// Two coordinates, three labels.
fn memory(records: &[([f32; 2], usize)], rho: f64, of_subject: u32) -> AgentMemory {
    let budget = Budget::zcdp(Rho::new(rho).unwrap(), Delta::ZERO);
    let plan = BudgetPlan::new(budget).partition_of_subjects(name(), budget, budget);
    let ledger = Ledger::that_forgets(plan).unwrap();
    let plan = PartitionPlan::central(2, 1.0).unwrap().labels(LABELS);
    let plan = plan
        .unwrap()
        .most_of_subject(NonZeroU32::new(of_subject).unwrap());
    let memory = AgentMemory::new(MemoryPlan::new().partition(name(), plan), ledger).unwrap();
    for (number, (vector, label)) in records.iter().enumerate() {
        let subject = DataSubject::new(&format!("{}", number / of_subject as usize));
        let embedding = Embedding::new(vector)
            .about(subject)
            .labelled(LABELS[*label]);
        let key = format!("record-{number}").parse().unwrap();
        memory.store_embedding(&name(), key, embedding).unwrap();
    }
    memory
}

/// What was drawn ahead is still there, and what was not drawn was not.
pub(in crate::privacy) fn a_refused_release_draws_nothing() {
    let memory = memory(&[([0.6, 0.8], 0)], 0.01, 1);
    let small = epsilon(0.01);
    let _ = memory.count(&name(), Which::Labelled("a"), small).unwrap();
    let pool = &memory.sources.laplace_pool();
    memory.draw_ahead().unwrap();
    assert_eq!(pool.ready(), 1);
    while memory.count(&name(), Which::Labelled("a"), small).is_ok() {
        memory.draw_ahead().unwrap();
    }
    assert_eq!(pool.ready(), 1);
}

#[test]
fn a_release_that_is_refused_draws_nothing() {
    a_refused_release_draws_nothing();
}

/// Nor is a record looked at.
pub(in crate::privacy) fn a_refused_choice_looks_at_nothing() {
    let memory = memory(&[([0.6, 0.8], 0)], 0.01, 1);
    let partition = memory.partition(&name()).unwrap();
    let mut is_looked_at = false;
    let refused = memory.chosen(partition, epsilon(1.0), Votes.range(), || {
        is_looked_at = true;
        Votes.range_of(&[1, 2])
    });
    assert!(refused.unwrap_err().refused_charge().is_some());
    assert!(!is_looked_at);
}

#[test]
fn a_choice_that_is_refused_looks_at_nothing() {
    a_refused_choice_looks_at_nothing();
}

#[test]
fn a_forked_process_is_refused_everything() {
    let mut memory = memory(&[([0.6, 0.8], 0)], 100.0, 1);
    memory.process = memory.process.wrapping_add(1);
    let key: RecordKey = "record-0".parse().unwrap();
    let one = epsilon(1.0);
    let (vector, subject) = ([1.0, 0.0], DataSubject::new("0"));
    let embedding = Embedding::new(&vector).about(subject).labelled("a");
    let forked = [
        memory.count(&name(), Which::All, one).err(),
        memory.histogram(&name(), one).err(),
        memory.mean(&name(), one).err(),
        memory.vote(&name(), &vector, 1, one).err(),
        memory.select(&name(), &[vector], one).err(),
        memory.retrieve_embedding(&name(), &key, one).err(),
        memory.dangerous().nearest(&name(), &vector, 1, one).err(),
        memory
            .store_embedding(&name(), key.clone(), embedding)
            .err(),
        memory.forget(&subject).err(),
        memory.remove(&name(), &key).err(),
        memory.save_with_raw("never-written").err(),
        memory.draw_ahead().err(),
    ];
    for error in forked {
        assert!(matches!(error, Some(MemoryError::Forked)), "{error:?}");
    }
}

/// One record that is another moves a sum by no more than is charged for, and a vote and a count neither. What is summed here is
/// what the mechanisms get, before noise.
mod moves {
    use super::*;
    use crate::privacy::memory::search::Direction;

    fn record() -> impl Strategy<Value = ([f32; 2], usize)> {
        ((-2.0..2.0_f32, -2.0..2.0_f32), 0..3_usize).prop_map(|((x, y), label)| ([x, y], label))
    }

    fn votes(memory: &AgentMemory, query: [f32; 2], nearest: u32) -> Vec<u64> {
        let query = Direction::of(&query, 2).unwrap();
        let records = memory.partitions[0].records.read();
        records.votes(&query, nearest, 3).to_vec()
    }

    fn distance(left: &[u64], right: &[u64]) -> u64 {
        left.iter().zip(right).map(|(l, r)| l.abs_diff(*r)).sum()
    }

    proptest! {
        #[test]
        fn one_subject_moves_no_more_than_is_charged_for(
            records in prop::collection::vec(record(), 1..24),
            others in prop::collection::vec(record(), 3),
            which in any::<prop::sample::Index>(),
            of_subject in 1..4_u32,
            query in (0.1..1.0_f32, -1.0..1.0_f32),
            nearest in 1..9_u32,
        ) {
            let mut neighbours = records.clone();
            let first = which.index(records.len()) / of_subject as usize * of_subject as usize;
            for (record, other) in neighbours.iter_mut().skip(first).take(of_subject as usize).zip(&others) {
                *record = *other;
            }
            let memories = [&records, &neighbours].map(|records| memory(records, 1.0, of_subject));
            let [left, right] = memories.each_ref().map(|memory| votes(memory, [query.0, query.1], nearest));
            prop_assert!(distance(&left, &right) <= u64::from(2 * of_subject));

            let candidates = [[1.0, 0.1], [0.2, 1.0], [-1.0, 0.3]].map(|it| Direction::of(&it, 2).unwrap());
            let [left, right] = memories.each_ref().map(|memory| {
                let records = memory.partitions[0].records.read();
                (records.followers(&candidates).to_vec(), records.bins(3).to_vec())
            });
            prop_assert!(distance(&left.0, &right.0) <= u64::from(2 * of_subject));
            prop_assert!(distance(&left.1, &right.1) <= u64::from(2 * of_subject));

            for which in [Which::All, Which::Labelled("b"), Which::Near { query: &[query.0, query.1], least: 0.3 }] {
                let [left, right] = memories.each_ref().map(|memory| {
                    let partition = &memory.partitions[0];
                    let which = partition.which(which).unwrap();
                    let records = partition.records.read();
                    let plan::Keeping::Clipped { clip, .. } = partition.plan.keeping else { panic!() };
                    let count = which.rows(&records).count();
                    let subjects = NonZeroU32::new(of_subject).unwrap();
                    (release::sum(which.rows(&records), 2, &clip, subjects).unwrap(), count)
                });
                let moved: u128 = left.0.steps().iter().zip(right.0.steps())
                    .map(|(left, right)| u128::from(left.abs_diff(*right)).pow(2)).sum();
                prop_assert!(moved <= left.0.sensitivity().steps_squared());
                prop_assert!(left.1.abs_diff(right.1) <= of_subject as usize);
            }
        }
    }
}

/// Whatever the records are, each answer is possible. At an epsilon of 1 each of the answers looked for has a probability of at
/// least 0.02 in either memory, so that one is missing in 2000 draws has a probability below 6 e^-40.
#[test]
fn neighbours_reach_the_same_answers() {
    let mut records = vec![([1.0, 0.0], 0), ([0.9, 0.1], 1), ([0.0, 1.0], 2)];
    let left = memory(&records, 1e9, 1);
    records[0] = ([-1.0, 0.0], 2);
    let right = memory(&records, 1e9, 1);
    let reached = |ask: &dyn Fn(&AgentMemory) -> String| {
        [&left, &right].map(|memory| {
            let draws = (0..2000).map(|_| ask(memory));
            draws.collect::<std::collections::BTreeSet<_>>()
        })
    };
    let one = epsilon(1.0);
    let votes = reached(&|memory| {
        let vote = memory.vote(&name(), &[1.0, 0.0], 2, one);
        vote.unwrap().into_value()
    });
    assert_eq!(votes, [(); 2].map(|()| LABELS.map(String::from).into()));
    let chosen = reached(&|memory| {
        let candidates = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]];
        let chosen = memory.select(&name(), &candidates, one);
        chosen.unwrap().into_value().to_string()
    });
    assert_eq!(chosen[0], chosen[1]);
    assert_eq!(chosen[0].len(), 3);
    let [few, many] = reached(&|memory| {
        let count = memory.count(&name(), Which::Labelled("a"), one);
        count.unwrap().into_value().to_string()
    });
    for wanted in ["-1", "0", "1", "2"] {
        assert!(few.contains(wanted) && many.contains(wanted), "{wanted}");
    }
}

/// Whatever was put in, what comes out lies on the lattice of the plan: no bits of the input are left of it.
#[test]
fn sums_lie_on_the_lattice() {
    let unit = f64::from(2.0_f32.powi(-20));
    for vector in [[0.1_f32, 0.7], [1e-30, -0.3], [0.0, 0.0], [3e38, 1e-45]] {
        let memory = memory(&[(vector, 0)], 1e9, 1);
        let sum = memory.sum(&name(), Which::All, epsilon(1.0)).unwrap();
        for value in sum.value() {
            assert_eq!((value / unit).fract(), 0.0);
        }
    }
}

/// Law: where a subject has up to 4 records, noise is 4 times as large, and a choice follows the records a quarter as closely. In
/// 2000 draws a share is off by 0.07 with a probability below 1e-8; where it were that of one record, it would be by 0.2 or more.
#[test]
fn all_records_of_a_subject_are_hidden_together() {
    let many = memory(&[([1.0, 0.0], 0); 8], 1e9, 4);
    let one = epsilon(1.0);
    let _ = many.count(&name(), Which::All, one).unwrap();
    let _ = many.histogram(&name(), one).unwrap();
    let scales = many.sources.laplace_pool().mechanisms();
    let scales: Vec<_> = scales.iter().map(|laplace| laplace.scale()).collect();
    assert!(
        matches!(scales[..], [count, bins] if (4.0..4.01).contains(&count) && (8.0..8.01).contains(&bins))
    );
    let _ = many.sum(&name(), Which::All, one).unwrap();
    let sigma = many.sources.gaussian_pool().mechanisms()[0].sigma();
    let single = crate::privacy::Mu::within(one, Delta::default()).unwrap();
    assert!((sigma * single.value() / 8.0 - 1.0).abs() < 1e-6, "{sigma}");

    let share = |right: &dyn Fn() -> bool| (0..2000).filter(|_| right()).count() as f64 / 2000.0;
    let by_votes = 1.0 / (1.0 + 2.0 * (-1.0_f64).exp());
    let vote = share(&|| {
        let vote = many.vote(&name(), &[1.0, 0.0], 8, one);
        vote.unwrap().value() == "a"
    });
    assert!((vote - by_votes).abs() < 0.07, "{vote} {by_votes}");
    let candidates = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]];
    let chosen = share(&|| {
        let chosen = many.select(&name(), &candidates, one);
        chosen.unwrap().into_value() == 0
    });
    assert!((chosen - by_votes).abs() < 0.07, "{chosen} {by_votes}");

    let two = memory(&[([1.0, 0.0], 0), ([-1.0, 0.0], 0)], 1e9, 4);
    let best: RecordKey = "record-0".parse().unwrap();
    let guessed = share(&|| {
        let guess = two
            .dangerous()
            .nearest(&name(), &[1.0, 0.0], 1, epsilon(4.0));
        guess.unwrap().value().keys() == [best.clone()]
    });
    let by_score = 1.0 / (1.0 + (-1.0_f64).exp());
    assert!((guessed - by_score).abs() < 0.07, "{guessed} {by_score}");
}

/// What may be asked, what is refused and what it says do not depend on what is protected.
#[test]
fn refusals_do_not_depend_on_content() {
    let asked = |records: &[([f32; 2], usize)]| {
        let memory = memory(records, 0.2, 1);
        let mut said = Vec::new();
        for round in 0..40 {
            let epsilon = epsilon(0.05 + f64::from(round % 5) / 10.0);
            let key = format!("record-{}", round % 4).parse().unwrap();
            let outcome = match round % 6 {
                0 => memory.vote(&name(), &[1.0, 0.0], 2, epsilon).err(),
                1 => memory.count(&name(), Which::Labelled("b"), epsilon).err(),
                2 => memory.mean(&name(), epsilon).err(),
                3 => memory.histogram(&name(), epsilon).err(),
                4 => memory.retrieve_embedding(&name(), &key, epsilon).err(),
                _ => memory.select(&name(), &[[1.0, 0.0]], epsilon).err(),
            };
            said.push(outcome.map(|error| error.to_string()));
        }
        let remaining = memory.ledger.remaining(&Scope::Partition(name())).unwrap();
        (said, remaining.loss())
    };
    let (first, spent) = asked(&[([1.0, 0.0], 0), ([0.0, 1.0], 1), ([0.5, 0.5], 2)]);
    let other = asked(&[([-1.0, 0.0], 2), ([0.0, 0.0], 2), ([3e9, -1.0], 2)]);
    assert_eq!((first.clone(), spent), other);
    assert!(first.iter().any(Option::is_some) && first.iter().any(Option::is_none));
}

#[test]
fn a_plan_must_have_a_budget() {
    let budget = Budget::within(Filter::Zcdp, epsilon(1.0), Delta::default()).unwrap();
    let ledger =
        || Ledger::that_forgets(BudgetPlan::new(budget).partition(name(), budget)).unwrap();
    let other = "other".parse().unwrap();
    let central = || PartitionPlan::central(2, 1.0).unwrap();
    let noised = PartitionPlan::write_time(2, 1.0, epsilon(1.0), Delta::default()).unwrap();
    let plan = |name, partition| MemoryPlan::new().partition(name, partition);
    for (plan, says) in [
        (plan(other, central()), "there is no partition `other`"),
        (
            plan(name(), noised.clone()),
            "partition `tickets` has no budget for releases of one subject's own record",
        ),
        (
            plan(name(), central()).partition(name(), central()),
            "partition `tickets` is planned twice",
        ),
        (
            plan(name(), noised.labels(["a"]).unwrap()),
            "partition `tickets` has no such label, or the record needs one",
        ),
        (
            plan(
                name(),
                central().most_records(NonZeroU32::new(100_000).unwrap()),
            ),
            "`delta` is 0.000001, which is too large for 100000 records: it must be below 1 / (10 * 100000)",
        ),
    ] {
        let error = AgentMemory::new(plan, ledger()).unwrap_err();
        assert_eq!(error.to_string(), says);
    }
    let hiding = BudgetPlan::new(budget)
        .partition(name(), budget)
        .neighbours(Adjacency::AddRemove);
    let hiding = Ledger::that_forgets(hiding).unwrap();
    let error = AgentMemory::new(plan(name(), central()), hiding).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the ledger is for neighbours by `AddRemove`"
    );
    let too_many = (0..65).fold(MemoryPlan::new(), |plan, number| {
        plan.partition(format!("p{number}").parse().unwrap(), central())
    });
    assert!(AgentMemory::new(too_many, ledger()).is_err());
    for labels in [vec![], vec!["a", "a"], vec![""], vec![&*"x".repeat(129)]] {
        assert!(central().labels(labels).is_err());
    }
    assert!(AgentMemory::new(plan(name(), central()), ledger()).is_ok());
}

/// A charge that could not be kept counts as spent, and nothing is answered.
#[test]
fn a_charge_that_is_refused_says_what_is_left() {
    let memory = memory(&[([1.0, 0.0], 0)], 0.001, 1);
    let error = memory.count(&name(), Which::All, epsilon(1.0)).unwrap_err();
    assert!(error.refused_charge().is_some());
    let MemoryError::Ledger(LedgerError::Charge(error)) = error else {
        panic!("{error}");
    };
    assert!(
        error
            .to_string()
            .starts_with("the budget of `tickets` has rho 0.001 left"),
        "{error}"
    );
}
