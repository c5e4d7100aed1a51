//! Real threads: shared syncs, order, and no allocation once the buffers have grown.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::time::Duration;

use super::disk::Disk;
use super::{OpenOptions, TEST, open};
use crate::journal::JournalError;

/// 64 callers, 20 records each, on a disk that takes a millisecond to sync.
#[test]
fn callers_that_wait_share_syncs() {
    const THREADS: u64 = 64;
    const RECORDS: u64 = 20;
    let disk = Disk::default();
    let (journal, ..) = open(&OpenOptions::new(TEST), &disk).unwrap();
    disk.state(|state| {
        state.sync_takes = Duration::from_millis(1);
        state.syncs = 0;
    });
    let barrier = Barrier::new(THREADS as usize);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (journal, barrier) = (&journal, &barrier);
            scope.spawn(move || {
                barrier.wait();
                let mut last = None;
                for record in 0..RECORDS {
                    let payload = [thread.to_le_bytes(), record.to_le_bytes()].concat();
                    let seq = journal.append_durable(1, &payload).unwrap();
                    assert!(last < Some(seq), "a caller's records keep their order");
                    last = Some(seq);
                }
            });
        }
    });
    let syncs = disk.state(|state| state.syncs) as u64;
    assert!(
        THREADS * RECORDS >= 20 * syncs,
        "{} records in {syncs} syncs",
        THREADS * RECORDS
    );
    drop(journal);
    let (.., entries) = open(&OpenOptions::new(TEST), &disk).unwrap();
    let distinct: BTreeSet<Vec<u8>> = entries.iter().map(|entry| entry.payload.clone()).collect();
    assert_eq!(distinct.len() as u64, THREADS * RECORDS);
    for thread in 0..THREADS {
        let own = entries
            .iter()
            .filter(|entry| entry.payload.starts_with(&thread.to_le_bytes()));
        let records: Vec<u64> = own
            .map(|entry| u64::from_le_bytes(entry.payload[8..].try_into().unwrap()))
            .collect();
        assert_eq!(records, (0..RECORDS).collect::<Vec<_>>());
    }
}

/// Buffered records are refused, not dropped, while the disk is busy and the queue full; what was taken is there.
#[test]
fn a_full_queue_refuses_and_drops_nothing() {
    let disk = Disk::default();
    let options = OpenOptions::new(TEST).queue(2000).write_at(1000);
    let (journal, ..) = open(&options, &disk).unwrap();
    disk.state(|state| state.sync_takes = Duration::from_millis(20));
    let refused = std::thread::scope(|scope| {
        let durable = scope.spawn(|| {
            for _ in 0..5 {
                journal.append_durable(2, b"durable").unwrap();
            }
        });
        let mut taken = 0_u64;
        let mut refused = 0_u64;
        while !durable.is_finished() {
            match journal.append(1, &[7; 100]) {
                Ok(_) => taken += 1,
                Err(JournalError::Full { queued }) => {
                    assert!(queued >= 2000);
                    refused += 1;
                }
                Err(error) => panic!("{error}"),
            }
        }
        journal.sync().unwrap();
        assert_eq!(journal.next_seq(), taken + 5);
        refused
    });
    assert!(refused > 0);
    let next = journal.next_seq();
    drop(journal);
    assert_eq!(open(&options, &disk).unwrap().2.len() as u64, next);
}

#[test]
fn a_buffered_record_allocates_nothing_once_the_buffers_have_grown() {
    let folder = std::env::temp_dir().join(format!("portcullis-journal-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let visit = |_: crate::journal::Frame<'_>| Ok::<_, JournalError>(());
    let (journal, _) = OpenOptions::new(TEST).open(&folder, visit).unwrap();
    let append = || {
        for _ in 0..200 {
            journal.append(1, &[5; 300]).unwrap();
        }
    };
    append();
    let counted = allocation_counter::measure(append);
    drop(journal);
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(counted.count_total, 0);
}
