//! Questions: what they answer, what they cost, and when they are refused.

use portcullis::privacy::{Mechanism, Mu, Task, Which, feasibility};

use super::*;

/// 60 of billing, 30 of login, 10 of other.
fn filled(rho: f64) -> AgentMemory {
    let memory = forgetful(rho);
    for number in 0..100 {
        let label = match number {
            0..60 => "billing",
            60..90 => "login",
            _ => "other",
        };
        ticket(&memory, number, label);
    }
    memory
}

/// At an epsilon of 200, noise is not seen: a wrong answer has a probability below e^-90.
#[test]
fn answers_are_right_where_epsilon_is_large() {
    let memory = filled(1e9);
    let much = epsilon(200.0);
    let count = |which| memory.count(&tickets(), which, much).unwrap().into_value();
    assert_eq!(count(Which::All), 100);
    assert_eq!(count(Which::Labelled("login")), 30);
    let near = about("other");
    let near = Which::Near {
        query: &near,
        least: 0.9,
    };
    assert_eq!(count(near), 10);
    let bins = memory.histogram(&tickets(), much).unwrap().into_value();
    assert_eq!(bins, [60, 30, 10]);
    let sum = memory
        .sum(&tickets(), Which::Labelled("login"), much)
        .unwrap();
    for (value, expected) in sum.value().iter().zip([0.0, 30.0, 0.0, 0.0]) {
        assert!((value - expected).abs() < 3.0, "{value}");
    }
    let mean = memory.mean(&tickets(), much).unwrap();
    for (value, expected) in mean.value().iter().zip([0.6, 0.3, 0.1, 0.0]) {
        assert!((value - expected).abs() < 0.03, "{value}");
    }
    for label in LABELS {
        let vote = memory.vote(&tickets(), &about(label), 9, much).unwrap();
        assert_eq!(vote.value(), label);
        let vote = memory.vote(&tickets(), &about(label), 9, much).unwrap();
        assert_eq!(
            vote.charge().unwrap().cost().mechanism(),
            Mechanism::Exponential
        );
    }
    let candidates = [about("other"), about("billing"), about("login")];
    assert_eq!(
        memory
            .select(&tickets(), &candidates, much)
            .unwrap()
            .into_value(),
        1
    );
}

#[test]
fn an_answer_is_charged_once_whatever_is_in_it() {
    let memory = filled(100.0);
    let one = epsilon(1.0);
    let spent = |ask: &dyn Fn()| {
        let before = left_of_tickets(&memory).loss().value();
        ask();
        before - left_of_tickets(&memory).loss().value()
    };
    let by_choice = 1.0 / 8.0;
    let by_laplace = 0.5_f64.tanh();
    let close = |found: f64, expected: f64| {
        assert!((found / expected - 1.0).abs() < 1e-6, "{found} {expected}")
    };
    close(
        spent(&|| drop(memory.vote(&tickets(), &about("other"), 50, one).unwrap())),
        by_choice,
    );
    close(
        spent(&|| {
            drop(
                memory
                    .select(&tickets(), &[about("other"); 9], one)
                    .unwrap(),
            )
        }),
        by_choice,
    );
    close(
        spent(&|| drop(memory.count(&tickets(), Which::All, one).unwrap())),
        by_laplace,
    );
    close(
        spent(&|| drop(memory.histogram(&tickets(), one).unwrap())),
        by_laplace,
    );
    let sum = spent(&|| drop(memory.sum(&tickets(), Which::All, one).unwrap()));
    let mu = Mu::within(one, Delta::default()).unwrap().value();
    close(sum, mu * mu / 2.0);
}

#[test]
fn a_refused_question_costs_nothing_and_a_smaller_one_still_goes() {
    let memory = filled(0.2);
    let before = left_of_tickets(&memory);
    assert!(is_refused(&memory.count(
        &tickets(),
        Which::All,
        epsilon(2.0)
    )));
    assert!(is_refused(&memory.vote(
        &tickets(),
        &about("other"),
        5,
        epsilon(2.0)
    )));
    assert_eq!(left_of_tickets(&memory), before);
    let affordable = before.exponential();
    assert!(
        memory
            .vote(&tickets(), &about("other"), 5, affordable)
            .is_ok()
    );
    assert!(left_of_tickets(&memory).loss().value() < 1e-6);
}

#[test]
fn a_malformed_question_costs_nothing() {
    let memory = filled(10.0);
    let (one, before) = (epsilon(1.0), left_of_tickets(&memory));
    let none: &[[f32; 4]] = &[];
    let query = about("other");
    let errors = [
        memory.vote(&tickets(), &[0.0; 4], 3, one).unwrap_err(),
        memory.vote(&faq(), &query, 3, one).unwrap_err(),
        memory.vote(&tickets(), &query, 0, one).unwrap_err(),
        memory
            .count(&tickets(), Which::Labelled("Other"), one)
            .unwrap_err(),
        memory
            .count(
                &tickets(),
                Which::Near {
                    query: &query,
                    least: f32::NAN,
                },
                one,
            )
            .unwrap_err(),
        memory
            .count(&tickets(), Which::All, Epsilon::ZERO)
            .unwrap_err(),
        memory.select(&tickets(), none, one).unwrap_err(),
        memory.select(&tickets(), &[query; 4097], one).unwrap_err(),
        memory.nearest(&tickets(), &query, 1).unwrap_err(),
        memory
            .dangerous()
            .nearest(&tickets(), &query, 0, one)
            .unwrap_err(),
        memory
            .dangerous()
            .nearest(&tickets(), &query, 65, one)
            .unwrap_err(),
        memory
            .dangerous()
            .nearest(&faq(), &query, 1, one)
            .unwrap_err(),
        memory
            .retrieve_embedding(&tickets(), &key("gone"), one)
            .unwrap_err(),
    ];
    for error in errors {
        assert!(error.refused_charge().is_none(), "{error}");
    }
    assert_eq!(left_of_tickets(&memory), before);
}

/// What an empty partition answers is noise, and is charged like any other.
#[test]
fn an_empty_partition_answers() {
    let memory = forgetful(1e6);
    let one = epsilon(1.0);
    assert!(memory.vote(&tickets(), &about("login"), 5, one).is_ok());
    assert!(memory.mean(&tickets(), one).is_ok());
    assert!(memory.count(&tickets(), Which::All, one).is_ok());
    assert!(memory.select(&tickets(), &[about("login")], one).is_ok());
    assert!(
        memory
            .dangerous()
            .nearest(&tickets(), &about("login"), 1, one)
            .is_err()
    );
}

#[test]
fn a_record_that_is_read_again_costs_once() {
    let memory = filled(1e6);
    let scope = Scope::Subject(tickets(), user(7));
    let read = |value| {
        let answer = memory.retrieve_embedding(&tickets(), &key("ticket-7"), epsilon(value));
        answer.unwrap()
    };
    let before = left(&memory, scope).loss();
    let first = read(1.0);
    assert_eq!(first.charge().unwrap().scope(), &scope);
    let after = left(&memory, scope).loss();
    assert!(after < before);
    for _ in 0..10 {
        let again = read(1.0);
        assert_eq!((again.value(), again.charge()), (first.value(), None));
    }
    assert_eq!(left(&memory, scope).loss(), after);
    // Other noise is another release, and so is the same of another content.
    assert!(read(2.0).charge().is_some());
    assert!(read(2.0).charge().is_none());
    ticket(&memory, 7, "other");
    let changed = read(1.0);
    assert!(changed.charge().is_some());
    assert_ne!(changed.value(), first.value());
    // Others have as much as before.
    assert_eq!(
        left(&memory, Scope::Subject(tickets(), user(8))).loss(),
        before
    );
}

/// The largest of 100 guesses among 100 records, and the bound that comes with it.
#[test]
fn retrieval_says_how_little_it_is_worth() {
    let memory = filled(1e9);
    let query = about("other");
    let guess = |count, value| {
        let guess = memory
            .dangerous()
            .nearest(&tickets(), &query, count, epsilon(value));
        guess.unwrap().into_value()
    };
    let one = guess(1, 1.0);
    assert_eq!(one.keys().len(), 1);
    assert!((one.bound() - 1_f64.exp() / 100.0).abs() < 1e-12);
    assert_eq!(guess(10, 10.0).bound(), 1.0);
    // A wrong one has a probability below 90 e^-200.
    let clear = guess(10, 4000.0);
    assert!(clear.keys().iter().all(|key| {
        let number = key
            .as_str()
            .strip_prefix("ticket-")
            .unwrap()
            .parse()
            .unwrap();
        (90..100_usize).contains(&number)
    }));
    let charge = memory
        .dangerous()
        .nearest(&tickets(), &query, 3, epsilon(3.0))
        .unwrap();
    assert_eq!(charge.charge().unwrap().count().get(), 3);
    let each = charge.charge().unwrap().cost().epsilon().unwrap();
    assert!((each.value() - 1.0).abs() < 1e-9);
}

/// The numbers that were measured by simulation: with 20 topics of 50 records, and a cosine of 0.6 inside a topic.
#[test]
fn what_is_feasible_is_what_was_measured() {
    use portcullis::privacy::Feasibility::{Cosine, OffBy, Right, RightAtMost};
    let expect = |task, records, value| feasibility(task, records, 384, epsilon(value)).unwrap();
    let near = |found: f64, measured: f64, by: f64| {
        assert!((found - measured).abs() < by, "{found} {measured}")
    };
    for (value, measured) in [(0.1, 0.397), (0.3, 0.990), (1.0, 1.0)] {
        let Right(found) = expect(
            Task::Vote {
                nearest: 50,
                labels: 20,
            },
            1000,
            value,
        ) else {
            panic!()
        };
        near(found, measured, 0.015);
    }
    for (value, measured) in [(0.1, 10.0), (0.3, 3.28), (1.0, 0.85), (3.0, 0.1)] {
        let OffBy { error, .. } = expect(Task::Count, 1000, value) else {
            panic!()
        };
        near(error, measured, 0.06);
    }
    for (records, value, measured) in [(200, 1.0, 0.68), (200, 3.0, 0.93), (1000, 1.0, 0.98)] {
        let Cosine(found) = expect(Task::Sum { alike: 0.6 }, records, value) else {
            panic!()
        };
        near(found, measured, 0.015);
    }
    for (records, value, measured) in [
        (10_000, 1.0, 0.42),
        (100_000, 1.0, 0.83),
        (10_000, 3.0, 0.79),
        (100_000, 3.0, 0.97),
    ] {
        let Cosine(found) = expect(Task::WriteTimeMean { alike: 0.6 }, records, value) else {
            panic!()
        };
        near(found, measured, 0.015);
    }
    for (told, value, bound) in [
        (1, 1.0, 0.0027),
        (1, 3.0, 0.020),
        (10, 1.0, 0.027),
        (10, 3.0, 0.20),
    ] {
        let RightAtMost(found) = expect(Task::Retrieve { told }, 1000, value) else {
            panic!()
        };
        near(found, bound, 0.001);
    }
    let Cosine(own) = expect(Task::Own, 1000, 3.0) else {
        panic!()
    };
    near(own, 0.018, 0.003);
    // Nobody votes in an empty partition, and nothing is chosen among no labels.
    let vote = |labels| Task::Vote {
        nearest: 50,
        labels,
    };
    assert_eq!(expect(vote(20), 0, 200.0), Right(0.05));
    for task in [
        vote(0),
        Task::Select {
            candidates: 0,
            lead: 9,
        },
        Task::Select {
            candidates: 4097,
            lead: 9,
        },
    ] {
        assert!(feasibility(task, 9, 384, epsilon(1.0)).is_err(), "{task:?}");
    }
    assert!(feasibility(Task::Sum { alike: f64::NAN }, 9, 384, epsilon(1.0)).is_err());
    assert!(feasibility(Task::Own, 9, 0, epsilon(1.0)).is_err());
    assert!(matches!(
        expect(Task::Retrieve { told: 1 }, 0, 1.0),
        RightAtMost(1.0)
    ));
}

/// What is expected is what a plan for so many records can have: its delta is smaller where there are many.
#[test]
fn what_is_feasible_can_be_had() {
    let own = |records, dimension| {
        let cosine = feasibility(Task::Own, records, dimension, epsilon(1.0)).unwrap();
        let portcullis::privacy::Feasibility::Cosine(cosine) = cosine else {
            panic!()
        };
        cosine
    };
    for records in [1, 99_999, 100_000, 1_000_000, u32::MAX as usize] {
        let delta = Delta::new(1e-6_f64.min(0.09999 / records as f64)).unwrap();
        let population = (records as u64).try_into().unwrap();
        assert!(delta.check_population(population).is_ok());
        let mu = Mu::within(epsilon(1.0), delta).unwrap().value();
        let expected = 1.0 / (1.0_f64).hypot(2.0 / mu * 20.0);
        let found = own(records, 400);
        assert!(
            (found / expected - 1.0).abs() < 1e-4,
            "{records}: {found} {expected}"
        );
    }
}

/// What is at most so much is not rounded to less.
#[test]
fn a_bound_is_rounded_up() {
    for (value, says) in [(0.3, "0.2"), (1.0, "0.3"), (3.0, "2.1"), (9.0, "100.0")] {
        let bound = feasibility(Task::Retrieve { told: 1 }, 1000, 384, epsilon(value)).unwrap();
        assert_eq!(
            bound.to_string(),
            format!("right in at most {says} % of cases, by any mechanism")
        );
    }
}

#[test]
fn an_answer_serialises_with_its_cost() {
    let memory = filled(1e6);
    let json = |answer: &dyn Fn() -> serde_json::Value| answer();
    let vote = json(&|| {
        serde_json::to_value(
            memory
                .vote(&tickets(), &about("login"), 5, epsilon(0.5))
                .unwrap(),
        )
        .unwrap()
    });
    assert_eq!(vote["cost"]["mechanism"], "exponential");
    assert_eq!(vote["cost"]["partition"], "tickets");
    assert!((vote["cost"]["epsilon"].as_f64().unwrap() - 0.5).abs() < 1e-9);
    assert!(LABELS.contains(&vote["value"].as_str().unwrap()));
    let sum =
        json(&|| serde_json::to_value(memory.mean(&tickets(), epsilon(0.5)).unwrap()).unwrap());
    assert_eq!(sum["cost"]["mechanism"], "gaussian");
    assert!(sum["cost"]["mu_squared"].as_f64().unwrap() > 0.0);
    let free =
        json(&|| serde_json::to_value(memory.mean(&notes(), epsilon(0.5)).unwrap()).unwrap());
    assert!(free["cost"].is_null());
}
