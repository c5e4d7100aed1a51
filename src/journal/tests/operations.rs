//! What the operations on files do that the journal itself has no use for: on the disk in memory as on the real one, and
//! in a crash.

use std::collections::BTreeSet;
use std::io::ErrorKind;

use super::super::disk::{Disk, Fault};
use super::super::{Directory, Files, append_all, read_up_to};
use super::files::Scratch;

fn put(files: &dyn Files, name: &str, bytes: &[u8]) {
    let mut sink = files.create(name).unwrap();
    append_all(&mut *sink, bytes).unwrap();
    sink.sync().unwrap();
    files.sync_directory().unwrap();
}

fn content(files: &dyn Files, name: &str) -> Vec<u8> {
    read_up_to(&mut *files.open(name).unwrap(), 0, 1 << 20).unwrap()
}

fn on_both(check: impl Fn(&dyn Files)) {
    check(&Disk::default());
    let scratch = Scratch::new("operations");
    check(&Directory::create(scratch.path()).unwrap());
}

#[test]
fn a_range_is_erased_and_nothing_else() {
    on_both(|files| {
        put(files, "a", &[7; 20_000]);
        files.erase("a", 5, 10_000).unwrap();
        files.erase("a", 20_000, 0).unwrap();
        let expected = [&[7; 5][..], &[0; 10_000], &[7; 9_995]].concat();
        assert_eq!(content(files, "a"), expected);
        for (offset, length) in [(20_000, 1), (19_999, 2), (1, u64::MAX), (u64::MAX, 0)] {
            let error = files.erase("a", offset, length).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{offset}, {length}");
        }
        assert_eq!(content(files, "a"), expected);
        let error = files.erase("b", 0, 0).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    });
}

#[test]
fn a_file_that_is_renamed_takes_the_place_of_another() {
    on_both(|files| {
        put(files, "old", b"1");
        put(files, "new", b"2");
        files.rename("new", "old").unwrap();
        assert_eq!(content(files, "old"), b"2");
        for error in [
            files.open("new").map(drop).unwrap_err(),
            files.rename("new", "old").unwrap_err(),
            files.remove("new").unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::NotFound);
        }
    });
}

#[test]
fn a_crash_while_erasing_leaves_old_bytes_and_zeros() {
    // The write, and the sync behind it.
    for operation in 0..2 {
        for fault in [Fault::Fails, Fault::DoneButFails, Fault::FailsHalfWay] {
            let disk = Disk::holding(&[("a".to_owned(), (1..=99).collect())]);
            disk.fail_at(operation, fault);
            let done = disk.erase("a", 10, 50);
            let found: BTreeSet<Vec<u8>> = disk
                .crashes()
                .into_iter()
                .map(|state| content(&Disk::new(state), "a"))
                .collect();
            for bytes in &found {
                assert_eq!(bytes.len(), 99);
                for (at, &byte) in bytes.iter().enumerate() {
                    let is_old = byte == at as u8 + 1;
                    assert!(is_old || byte == 0 && (10..60).contains(&at));
                }
            }
            let erased = |bytes: &Vec<u8>| bytes[10..60].iter().all(|&byte| byte == 0);
            if done.is_ok() || (operation, fault) == (1, Fault::DoneButFails) {
                assert!(found.iter().all(erased));
            } else if (operation, fault) != (0, Fault::Fails) {
                assert!(found.len() > 50, "{} states", found.len());
            }
        }
    }
}
