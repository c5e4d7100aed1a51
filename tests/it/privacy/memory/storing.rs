//! What is taken in, as what, and what is not.

use portcullis::privacy::{BoundError, MAX_DIMENSION, Protection};

use super::*;

fn refused(memory: &AgentMemory, partition: PartitionName, embedding: Embedding<'_>) -> String {
    let stored = memory.store_embedding(&partition, key("new"), embedding);
    stored.unwrap_err().to_string()
}

#[test]
fn what_is_public_comes_back_as_it_is_and_for_nothing() {
    let memory = forgetful(1.0);
    let vector = [3.5, -0.25, 1e-30, 7e37];
    let stored = memory.store_embedding(&faq(), key("refunds"), Embedding::new(&vector));
    assert_eq!(stored.unwrap(), None);
    let answer = memory.retrieve_embedding(&faq(), &key("refunds"), epsilon(1.0));
    let answer = answer.unwrap();
    assert_eq!((&answer.value()[..], answer.charge()), (&vector[..], None));
    let near = memory.nearest(&faq(), &[1.0, 0.0, 0.0, 0.0], 3).unwrap();
    assert_eq!(near, [(key("refunds"), 3.5)]);
}

#[test]
fn a_vector_with_noise_costs_its_subject_once_and_reads_are_free() {
    let memory = forgetful(10.0);
    let vector = [1.0, 0.0, 0.0, 0.0];
    let scope = Scope::Subject(notes(), user(1));
    let before = left(&memory, scope).loss();
    let note = Embedding::new(&vector).about(user(1));
    let charge = memory.store_embedding(&notes(), key("note"), note).unwrap();
    assert_eq!(charge.unwrap().scope(), &scope);
    let after = left(&memory, scope).loss();
    assert!(after < before);
    assert_eq!(
        left(&memory, Scope::Subject(notes(), user(2))).loss(),
        before
    );

    let read = || {
        memory
            .retrieve_embedding(&notes(), &key("note"), epsilon(1.0))
            .unwrap()
    };
    let (first, second) = (read(), read());
    assert_eq!((first.value(), first.charge()), (second.value(), None));
    assert_ne!(first.value()[..], vector[..]);
    let mean = memory.mean(&notes(), epsilon(1.0)).unwrap();
    let expected: Vec<f64> = first
        .value()
        .iter()
        .map(|value| f64::from(*value))
        .collect();
    assert_eq!(mean.value(), &expected);
    assert_eq!(left(&memory, scope).loss(), after);
}

#[test]
fn noise_when_written_is_refused_with_the_budget_and_then_nothing_is_stored() {
    let memory = forgetful(0.01);
    let vector = [1.0, 0.0, 0.0, 0.0];
    let note = Embedding::new(&vector).about(user(1));
    let error = memory
        .store_embedding(&notes(), key("note"), note)
        .unwrap_err();
    assert!(error.refused_charge().is_some(), "{error}");
    assert_eq!(memory.records(&notes()).unwrap(), 0);
}

#[test]
fn what_is_no_vector_is_an_error() {
    let memory = forgetful(1.0);
    let large = vec![0.0; MAX_DIMENSION + 1];
    for partition in [faq(), notes(), tickets()] {
        for (vector, error) in [
            (&[][..], BoundError::Dimension { dimension: 0 }),
            (
                &large,
                BoundError::Dimension {
                    dimension: MAX_DIMENSION + 1,
                },
            ),
            (
                &[1.0; 3],
                BoundError::OtherDimension {
                    dimension: 4,
                    found: 3,
                },
            ),
            (
                &[1.0, f32::NAN, 0.0, 0.0],
                BoundError::NotFinite { index: 1 },
            ),
            (
                &[0.0, 0.0, f32::INFINITY, 0.0],
                BoundError::NotFinite { index: 2 },
            ),
            (
                &[0.0, 0.0, 0.0, f32::NEG_INFINITY],
                BoundError::NotFinite { index: 3 },
            ),
        ] {
            let embedding = Embedding::new(vector).about(user(1)).labelled("billing");
            assert_eq!(refused(&memory, partition, embedding), error.to_string());
            let query = memory.vote(&tickets(), vector, 3, epsilon(1.0));
            assert_eq!(query.unwrap_err().to_string(), error.to_string());
        }
        assert_eq!(memory.records(&partition).unwrap(), 0);
    }
}

#[test]
fn what_is_incomplete_or_contradictory_is_an_error() {
    let memory = forgetful(1.0);
    let vector = about("login");
    let bare = Embedding::new(&vector);
    for (partition, embedding, says) in [
        (
            tickets(),
            bare.labelled("login"),
            "a record of `tickets` must say whom it is about",
        ),
        (
            notes(),
            bare,
            "a record of `notes` must say whom it is about",
        ),
        (
            tickets(),
            bare.about(user(1)),
            "partition `tickets` has no such label, or the record needs one",
        ),
        (
            tickets(),
            bare.about(user(1)).labelled("Login"),
            "partition `tickets` has no such label, or the record needs one",
        ),
        (
            faq(),
            bare.labelled("login"),
            "partition `faq` has no such label, or the record needs one",
        ),
        (
            "gone".parse().unwrap(),
            bare,
            "the memory has no partition `gone`",
        ),
    ] {
        assert_eq!(refused(&memory, partition, embedding), says);
    }
    for text in ["", "a\nb", "\u{7f}", &"k".repeat(129)] {
        assert!(RecordKey::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_subject_has_so_many_records_and_a_key_one_subject() {
    let memory = forgetful(1.0);
    ticket(&memory, 1, "login");
    let vector = about("login");
    let of = |number| {
        Embedding::new(&vector)
            .about(user(number))
            .labelled("login")
    };
    let second = memory.store_embedding(&tickets(), key("second"), of(1));
    assert_eq!(
        second.unwrap_err().to_string(),
        "a subject has at most 1 records in `tickets`"
    );
    let stolen = memory.store_embedding(&tickets(), key("ticket-1"), of(2));
    assert_eq!(
        stolen.unwrap_err().to_string(),
        "record `ticket-1` is about another subject"
    );
    ticket(&memory, 1, "billing");
    assert_eq!(memory.records(&tickets()).unwrap(), 1);
    memory.remove(&tickets(), &key("ticket-1")).unwrap();
    memory
        .store_embedding(&tickets(), key("second"), of(1))
        .unwrap();
    assert!(memory.remove(&tickets(), &key("ticket-1")).is_err());
}

#[test]
fn a_partition_has_so_many_records() {
    let few = PartitionPlan::unprotected(2)
        .unwrap()
        .most_records(2.try_into().unwrap());
    let plan = MemoryPlan::new().partition(faq(), few);
    let memory = AgentMemory::new(plan, Ledger::that_forgets(budgets(1.0)).unwrap()).unwrap();
    let put = |name| memory.store_embedding(&faq(), key(name), Embedding::new(&[1.0, 2.0]));
    assert!(put("a").is_ok() && put("b").is_ok() && put("b").is_ok());
    assert_eq!(
        put("c").unwrap_err().to_string(),
        "partition `faq` is full: it keeps at most 2 records"
    );
}

#[test]
fn each_protection_says_what_it_claims() {
    let claims =
        [Protection::None, Protection::WriteTime, Protection::Central].map(Protection::claim);
    assert!(claims[1].contains("store and all reads are private"));
    assert!(claims[2].contains("the store is not"));
    assert_eq!(noised(1.0).protection(), Protection::WriteTime);
}

#[test]
fn nothing_of_content_is_shown() {
    let memory = forgetful(1.0);
    ticket(&memory, 1, "billing");
    let vector = about("billing");
    let embedding = Embedding::new(&vector).about(user(1)).labelled("billing");
    let shown = format!("{memory:?} {embedding:?}");
    assert!(
        !shown.contains("billing") && !shown.contains("1.0"),
        "{shown}"
    );
}

/// What is stored can still be read, and known subjects can store; a stranger cannot.
#[test]
fn a_memory_opens_where_the_ledger_has_no_room_for_more_subjects() {
    let ledger = Ledger::that_forgets(budgets(1e6).most_subjects(1)).unwrap();
    let ledger = std::sync::Arc::new(ledger);
    let memory = AgentMemory::new(plan(), std::sync::Arc::clone(&ledger)).unwrap();
    let vector = about("login");
    let note = |memory: &AgentMemory, number| {
        let note = Embedding::new(&vector).about(user(number));
        memory.store_embedding(&notes(), key(&format!("note-{number}")), note)
    };
    note(&memory, 1).unwrap();
    drop(memory);
    let memory = AgentMemory::new(plan(), ledger).unwrap();
    note(&memory, 1).unwrap();
    let refused = note(&memory, 2).unwrap_err();
    assert!(refused.refused_charge().is_some(), "{refused}");
}
