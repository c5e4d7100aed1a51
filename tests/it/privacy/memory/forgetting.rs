//! A subject that is forgotten is in no answer, no memory and no file; what it has spent stays spent.

use portcullis::privacy::Which;

use super::*;
use crate::folder::Folder;

fn contains(file: &Path, bytes: &[u8]) -> bool {
    let content = std::fs::read(file).unwrap();
    content.windows(bytes.len()).any(|window| window == bytes)
}

#[test]
fn who_is_forgotten_is_in_no_answer() {
    let memory = forgetful(1e9);
    let much = epsilon(200.0);
    ticket(&memory, 1, "login");
    ticket(&memory, 2, "billing");
    let vector = [0.5; DIMENSION];
    let faq_entry = Embedding::new(&vector).about(user(1));
    memory
        .store_embedding(&faq(), key("by user 1"), faq_entry)
        .unwrap();
    let note = Embedding::new(&vector).about(user(1));
    memory.store_embedding(&notes(), key("note"), note).unwrap();
    let read = || memory.retrieve_embedding(&tickets(), &key("ticket-1"), epsilon(1.0));
    assert!(read().is_ok());
    let scope = Scope::Subject(tickets(), user(1));
    let spent = left(&memory, scope);

    assert_eq!(memory.forget(&user(1)).unwrap(), 3);
    assert_eq!(memory.forget(&user(1)).unwrap(), 0);
    assert_eq!(
        read().unwrap_err().to_string(),
        "there is no record `ticket-1`"
    );
    let count = memory
        .count(&tickets(), Which::Labelled("login"), much)
        .unwrap();
    assert_eq!(count.into_value(), 0);
    assert!(memory.nearest(&faq(), &vector, 9).unwrap().is_empty());
    assert!(memory.nearest(&notes(), &vector, 9).unwrap().is_empty());
    let vote = memory.vote(&tickets(), &about("login"), 1, much).unwrap();
    assert_eq!(vote.value(), "billing");
    assert!(left(&memory, scope).loss() <= spent.loss());

    // Coming back is no new budget, and the old answer is not told again.
    let before = left(&memory, scope);
    ticket(&memory, 1, "login");
    assert!(read().unwrap().charge().is_some());
    assert!(left(&memory, scope).loss() < before.loss());
}

#[test]
fn the_bytes_of_who_is_forgotten_are_in_no_file() {
    let folder = Folder::new();
    let (store, ledger) = (folder.path().join("memory"), folder.path().join("ledger"));
    let memory = AgentMemory::new(plan(), durable(1e6, &ledger)).unwrap();
    // Told apart from all else by their bytes.
    let (public, raw) = ([0.123_456_7_f32, 5.0, 6.0, 7.0], [0.6, 0.0, 0.0, 0.796_875]);
    memory
        .store_embedding(
            &faq(),
            key("the FAQ of user 1"),
            Embedding::new(&public).about(user(1)),
        )
        .unwrap();
    let embedding = Embedding::new(&raw).about(user(1)).labelled("other");
    memory
        .store_embedding(&tickets(), key("the ticket of user 1"), embedding)
        .unwrap();
    memory
        .store_embedding(
            &notes(),
            key("the note of user 1"),
            Embedding::new(&raw).about(user(1)),
        )
        .unwrap();
    let told = memory.retrieve_embedding(&tickets(), &key("the ticket of user 1"), epsilon(1.0));
    let told = told.unwrap().into_value();
    let noised = memory.retrieve_embedding(&notes(), &key("the note of user 1"), epsilon(1.0));
    ticket(&memory, 2, "billing");

    let steps = |value: f32| (value * 2.0_f32.powi(20)).trunc().to_le_bytes();
    let in_steps = |value: f32| (value * 2.0_f32.powi(20)).to_le_bytes();
    let content: Vec<Vec<u8>> = vec![
        public[0].to_le_bytes().into(),
        steps(raw[3]).into(),
        b"of user 1".into(),
        user(1).digest().as_bytes().to_vec(),
        told[0].to_le_bytes().into(),
        in_steps(noised.unwrap().value()[0]).into(),
    ];
    memory.save_with_raw(&store).unwrap();
    for bytes in &content {
        assert!(contains(&store, bytes), "{bytes:?}");
    }

    memory.forget(&user(1)).unwrap();
    memory.save_with_raw(&store).unwrap();
    let left_there: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|it| it.unwrap().file_name())
        .collect();
    assert_eq!(left_there.len(), 2, "{left_there:?}");
    for bytes in &content {
        assert!(!contains(&store, bytes), "{bytes:?}");
    }
    assert!(contains(&store, b"ticket-2"));

    // The ledger keeps what was spent by whom, by the digest of the key alone.
    let spent = left(&memory, Scope::Subject(tickets(), user(1)));
    drop(memory);
    let memory = AgentMemory::load(plan(), durable(1e6, &ledger), &store).unwrap();
    assert_eq!(left(&memory, Scope::Subject(tickets(), user(1))), spent);
    assert!(spent.loss() < left(&memory, Scope::Subject(tickets(), user(3))).loss());
}

/// What was begun beside a file goes when it is saved, and nothing else that stands there.
#[test]
fn what_a_crash_left_behind_is_removed() {
    let folder = Folder::new();
    let store = folder.path().join("memory");
    let put = |name: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, "half of an old memory").unwrap();
        path
    };
    let left_behind = put("memory.0123456789abcdef.new");
    let of_others = [
        "memory.new",
        "memory.0123456789abcdeg.new",
        "memory.0123456789abcde.new",
        "memory.0123456789abcdef",
        "memory2.0123456789abcdef.new",
    ]
    .map(put);
    forgetful(1.0).save(&store).unwrap();
    assert!(!left_behind.exists());
    assert!(of_others.iter().all(|path| path.exists()));
    assert!(AgentMemory::load(plan(), Ledger::that_forgets(budgets(1.0)).unwrap(), &store).is_ok());
}
