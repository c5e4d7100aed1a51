//! Reading a log while it is verified or proved.

use std::fs;
use std::sync::Arc;

use portcullis::audit::{LogEntry, LogError, ProvenEntry, VerifyOptions, prove};

use super::{Folder, lines, options, session};
use crate::support::call;

fn log(folder: &Folder) {
    log_of(5, folder);
}

fn log_of(calls: usize, folder: &Folder) {
    let log = Arc::new(options().checkpoint_every(3).open(folder.log()).unwrap());
    let session = session(&log);
    for _ in 0..calls {
        call(&session, "look", "{}");
    }
    drop(session);
    log.close().unwrap();
}

#[test]
fn every_entry_that_is_verified_goes_by() {
    let folder = Folder::new();
    log(&folder);
    let mut seen = Vec::new();
    let verified = VerifyOptions::new()
        .verify_with(folder.log(), |index, line| {
            let entry = LogEntry::parse(index, line)?;
            assert_eq!(entry.index(), seen.len() as u64);
            assert!(entry.to_string().contains(&entry.time().to_string()));
            seen.push(entry.line().to_owned());
            Ok::<_, LogError>(())
        })
        .unwrap();
    assert_eq!(seen, lines(&folder.log()));
    assert_eq!(verified, VerifyOptions::new().verify(folder.log()).unwrap());
}

/// What went by before the fault is not verified, and the answer says so.
#[test]
fn a_fault_is_told_whatever_went_by() {
    let folder = Folder::new();
    log(&folder);
    let segment = folder.log().join(format!("journal-{:020}.log", 0));
    let mut bytes = fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let mut seen = 0;
    let verified = VerifyOptions::new().verify_with(folder.log(), |_, _| {
        seen += 1;
        Ok::<_, LogError>(())
    });
    assert!(seen > 0 && verified.is_err(), "{seen} {verified:?}");
}

#[test]
fn a_visitor_may_stop() {
    #[derive(Debug, PartialEq)]
    enum Stop {
        Here(u64),
        Log,
    }
    impl From<LogError> for Stop {
        fn from(_: LogError) -> Self {
            Self::Log
        }
    }
    let folder = Folder::new();
    log(&folder);
    let stopped = VerifyOptions::new().verify_with(folder.log(), |index, _| match index {
        4 => Err(Stop::Here(index)),
        _ => Ok(()),
    });
    assert_eq!(stopped, Err(Stop::Here(4)));
    let absent = VerifyOptions::new().verify_with(folder.path().join("no"), |_, _| Ok(()));
    assert_eq!(absent, Err(Stop::Log));
}

/// A proof takes two passes: all entries, then those that the checkpoint covers.
#[test]
fn how_far_a_proof_has_come_is_told() {
    let folder = Folder::new();
    log(&folder);
    let mut lengths = Vec::new();
    let proven = ProvenEntry::of(folder.log(), 2, |length| lengths.push(length)).unwrap();
    let lines = lines(&folder.log());
    let covered = proven.checkpoint.head().size as usize;
    let wanted: Vec<_> = lines
        .iter()
        .chain(&lines[..covered])
        .map(String::len)
        .collect();
    assert_eq!(lengths, wanted);
    assert_eq!(proven.proof, prove(folder.log(), 2).unwrap().proof);
}

#[test]
fn verifying_a_longer_log_takes_no_more_memory() {
    let verifying = |calls| {
        let folder = Folder::new();
        log_of(calls, &folder);
        let verify = || VerifyOptions::new().verify(folder.log()).unwrap();
        let measured = allocation_counter::measure(|| assert!(verify().covered > 0));
        measured.bytes_max
    };
    let (short, long) = (verifying(300), verifying(3000));
    // The frontier of the tree has a hash of 32 bytes for each doubling, and a vector doubles.
    assert!(
        long <= short + 1024 && long < 1 << 20,
        "{short} bytes at most, then {long}"
    );
}
