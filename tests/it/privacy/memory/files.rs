//! Saving and loading: what comes back, and what does not pass for a memory.

use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::folder::Folder;

fn filled() -> AgentMemory {
    let memory = forgetful(1e6);
    for number in 0..5 {
        ticket(&memory, number, LABELS[number % 3]);
        let vector = [number as f32, -1.5, 0.1, 9e9];
        let entry = Embedding::new(&vector);
        memory
            .store_embedding(&faq(), key(&format!("faq-{number}")), entry)
            .unwrap();
        let note = Embedding::new(&vector).about(user(number));
        memory
            .store_embedding(&notes(), key(&format!("note-{number}")), note)
            .unwrap();
    }
    memory
}

fn load(plan: MemoryPlan, path: &Path) -> Result<AgentMemory, MemoryError> {
    AgentMemory::load(plan, Ledger::that_forgets(budgets(1e6)).unwrap(), path)
}

fn saved(folder: &Folder) -> PathBuf {
    let path = folder.path().join("memory");
    filled().save_with_raw(&path).unwrap();
    path
}

fn same_answers(left: &AgentMemory, right: &AgentMemory, raw: bool) {
    let much = epsilon(200.0);
    for number in 0..5 {
        for (partition, name) in [(faq(), "faq"), (notes(), "note")] {
            let read = |memory: &AgentMemory| {
                let answer =
                    memory.retrieve_embedding(&partition, &key(&format!("{name}-{number}")), much);
                answer.unwrap().into_value()
            };
            assert_eq!(read(left), read(right));
        }
    }
    let bins = right.histogram(&tickets(), much).unwrap().into_value();
    assert_eq!(bins, if raw { [2, 2, 1] } else { [0, 0, 0] });
}

#[test]
fn a_memory_comes_back() {
    let folder = Folder::new();
    let path = folder.path().join("memory");
    let memory = filled();
    memory.save_with_raw(&path).unwrap();
    same_answers(&memory, &load(plan(), &path).unwrap(), true);
    memory.save(&path).unwrap();
    let without = load(plan(), &path).unwrap();
    same_answers(&memory, &without, false);
    assert_eq!(without.records(&tickets()).unwrap(), 0);
}

/// Only with the record that it is of.
#[test]
fn what_was_told_is_told_again_after_a_restart() {
    let folder = Folder::new();
    let path = folder.path().join("memory");
    let memory = filled();
    let read = |memory: &AgentMemory, number, value| {
        let key = key(&format!("ticket-{number}"));
        memory
            .retrieve_embedding(&tickets(), &key, epsilon(value))
            .unwrap()
    };
    let told: Vec<_> = (0..6)
        .map(|at| read(&memory, 2, f64::from(at + 1)))
        .collect();
    memory.save_with_raw(&path).unwrap();
    let again = load(plan(), &path).unwrap();
    for (at, before) in told.iter().enumerate().rev() {
        let after = read(&again, 2, (at + 1) as f64);
        // The first two of six are too long ago.
        assert_eq!(after.charge().is_none(), at >= 2, "{at}");
        assert_eq!(after.value() == before.value(), at >= 2, "{at}");
    }
    assert!(read(&again, 3, 6.0).charge().is_some());
}

#[test]
fn raw_vectors_are_in_a_file_only_on_request() {
    let folder = Folder::new();
    let path = folder.path().join("memory");
    let memory = filled();
    memory.save(&path).unwrap();
    let content = std::fs::read(&path).unwrap();
    let has = |bytes: &[u8]| content.windows(bytes.len()).any(|window| window == bytes);
    assert!(!has(b"ticket-") && !has(&(2.0_f32.powi(20)).to_le_bytes()));
    assert!(has(b"the store is not; keys") && has(b"the store and all reads are private"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }
}

/// Each byte cut off and each byte altered.
#[test]
fn a_file_that_was_cut_or_altered_is_refused() {
    let folder = Folder::new();
    let path = saved(&folder);
    let whole = std::fs::read(&path).unwrap();
    let hostile = folder.path().join("hostile");
    let refused = |bytes: &[u8]| {
        std::fs::write(&hostile, bytes).unwrap();
        load(plan(), &hostile).err()
    };
    for length in 0..whole.len() {
        assert!(refused(&whole[..length]).is_some(), "cut to {length}");
    }
    for place in 0..whole.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut altered = whole.clone();
            altered[place] ^= flip;
            assert!(refused(&altered).is_some(), "byte {place} ^ {flip}");
        }
    }
    let longer = [&whole[..], b"more"].concat();
    assert!(matches!(
        refused(&longer),
        Some(MemoryError::Damaged { .. })
    ));
    assert!(refused(&whole).is_none());
}

proptest! {
    /// With a checksum that is right, so that all the other checks are reached.
    #[test]
    fn no_bytes_lead_to_a_panic_or_to_a_vector_beyond_its_norm(
        place in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 1..9),
        cut in any::<bool>(),
    ) {
        thread_local! {
            static WHOLE: (Folder, Vec<u8>) = {
                let folder = Folder::new();
                let bytes = std::fs::read(saved(&folder)).unwrap();
                (folder, bytes)
            };
        }
        WHOLE.with(|(folder, whole)| {
            let mut hostile = whole[..whole.len() - 4].to_vec();
            let place = place.index(hostile.len());
            for (old, new) in hostile[place..].iter_mut().zip(&bytes) {
                *old = *new;
            }
            if cut {
                hostile.truncate(place + bytes.len());
            }
            hostile.extend(crc32c::crc32c(&hostile).to_le_bytes());
            let path = folder.path().join("hostile");
            std::fs::write(&path, &hostile).unwrap();
            // Whatever else it is now, what is in it keeps to the plan.
            if let Ok(memory) = load(plan(), &path) {
                let much = epsilon(2e4);
                let mean = memory.mean(&tickets(), much).unwrap().into_value();
                assert!(mean.iter().map(|it| it * it).sum::<f64>().sqrt() < 1.2, "{mean:?}");
            }
        });
    }
}

#[test]
fn a_file_of_another_plan_is_refused() {
    let folder = Folder::new();
    let path = saved(&folder);
    let others = |central: PartitionPlan, noised: PartitionPlan| {
        MemoryPlan::new()
            .partition(faq(), PartitionPlan::unprotected(DIMENSION).unwrap())
            .partition(notes(), noised)
            .partition(tickets(), central)
    };
    let central = || {
        PartitionPlan::central(DIMENSION, 1.0)
            .unwrap()
            .labels(LABELS)
            .unwrap()
    };
    let open = PartitionPlan::unprotected(DIMENSION)
        .unwrap()
        .labels(LABELS)
        .unwrap();
    let larger = PartitionPlan::central(DIMENSION, 2.0)
        .unwrap()
        .labels(LABELS)
        .unwrap();
    let longer = PartitionPlan::central(5, 1.0)
        .unwrap()
        .labels(LABELS)
        .unwrap();
    let relabelled = PartitionPlan::central(DIMENSION, 1.0)
        .unwrap()
        .labels(["login", "billing", "other"]);
    for (plan, partition, differs) in [
        (others(open, noised(4.0)), "tickets", "protection"),
        (others(larger, noised(4.0)), "tickets", "norm"),
        (others(longer, noised(4.0)), "tickets", "dimension"),
        (
            others(relabelled.unwrap(), noised(4.0)),
            "tickets",
            "list of labels",
        ),
        (
            others(
                central().most_of_subject(2.try_into().unwrap()),
                noised(4.0),
            ),
            "tickets",
            "number of records of one subject",
        ),
        (others(central(), noised(5.0)), "notes", "noise"),
    ] {
        let error = load(plan, &path).unwrap_err().to_string();
        assert_eq!(
            error,
            format!("partition `{partition}` was saved by another plan: its {differs} differs")
        );
    }
    let fewer = MemoryPlan::new().partition(faq(), PartitionPlan::unprotected(DIMENSION).unwrap());
    assert_eq!(
        load(fewer, &path).unwrap_err().to_string(),
        "the memory has no partition `notes`"
    );
    let small = others(central().most_records(3.try_into().unwrap()), noised(4.0));
    assert!(matches!(load(small, &path), Err(MemoryError::Full { .. })));
}

#[test]
fn what_is_no_file_is_an_error() {
    let folder = Folder::new();
    let memory = forgetful(1.0);
    assert!(matches!(
        load(plan(), &folder.path().join("gone")),
        Err(MemoryError::Storage(_))
    ));
    assert!(matches!(
        load(plan(), folder.path()),
        Err(MemoryError::Storage(_))
    ));
    assert!(matches!(
        load(plan(), Path::new("/")),
        Err(MemoryError::Storage(_))
    ));
    assert!(
        memory
            .save(folder.path().join("gone").join("memory"))
            .is_err()
    );
    assert!(memory.save("..").is_err());
    // A directory is in the place: it stays, and nothing is left beside it.
    let path = folder.path().join("memory");
    std::fs::create_dir(&path).unwrap();
    assert!(memory.save(&path).is_err());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// A file behind a link would keep who was forgotten.
#[cfg(unix)]
#[test]
fn nothing_is_saved_in_the_place_of_a_link() {
    let folder = Folder::new();
    let (path, link) = (saved(&folder), folder.path().join("link"));
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let memory = load(plan(), &link).unwrap();
    assert!(matches!(memory.save(&link), Err(MemoryError::Storage(_))));
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(memory.save(&path).is_ok());
}
