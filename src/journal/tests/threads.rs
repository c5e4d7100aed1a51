//! Many threads on one journal.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

use super::super::disk::{Disk, Fault};
use super::super::{JournalError, OpenOptions};
use super::{TEST, open, reader, small};

/// A disk whose syncs take about as long as those of a good one.
fn slow(sync_takes: Duration) -> Disk {
    let disk = Disk::default();
    disk.state(|state| state.sync_takes = sync_takes);
    disk
}

#[test]
fn threads_that_wait_for_the_disk_share_its_syncs() {
    const THREADS: usize = 64;
    const EACH: usize = 40;
    let disk = slow(Duration::from_millis(1));
    let (journal, ..) = open(&OpenOptions::new(TEST).segment_size(20_000), &disk).unwrap();
    let before = disk.state(|state| state.syncs);
    let told: Vec<Vec<u64>> = thread::scope(|scope| {
        let writers: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (journal, disk) = (&journal, &disk);
                scope.spawn(move || {
                    let append = |number: usize| {
                        let payload = [thread as u8, number as u8, 7];
                        let seq = journal.append_durable(thread as u8, &payload).unwrap();
                        assert!(
                            disk.holds_synced(&payload),
                            "reported before it was durable"
                        );
                        seq
                    };
                    (0..EACH).map(append).collect()
                })
            })
            .collect();
        writers
            .into_iter()
            .map(|writer| writer.join().unwrap())
            .collect()
    });
    let syncs = disk.state(|state| state.syncs) - before;
    let a_sync = THREADS * EACH / syncs;
    assert!(a_sync >= 20, "{a_sync} records a sync");

    drop(journal);
    let (_, _, entries) = open(&small(), &disk).unwrap();
    assert_eq!(entries.len(), THREADS * EACH);
    for (thread, seqs) in told.iter().enumerate() {
        for (number, &seq) in seqs.iter().enumerate() {
            assert_eq!(
                entries[seq as usize].payload,
                [thread as u8, number as u8, 7]
            );
        }
        assert!(seqs.is_sorted());
    }
}

/// What a caller does while it writes a record happens in the order of the records.
#[test]
fn the_state_of_callers_keeps_the_order_of_records() {
    let disk = slow(Duration::from_micros(50));
    let (journal, ..) = open(&small().queue(1 << 20), &disk).unwrap();
    let leaves = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for thread in 0..8_u8 {
            let (journal, leaves) = (&journal, &leaves);
            scope.spawn(move || {
                for number in 0..200_u8 {
                    let append = journal.append_with(1, |seq, record| {
                        record.push(&[thread, number])?;
                        // Taken only for the moment: it is the journal that keeps the order.
                        leaves.lock().push((seq, record.bytes().to_vec()));
                        Ok::<_, JournalError>(())
                    });
                    let (seq, ()) = append.unwrap();
                    if number % 16 == thread {
                        journal.sync_through(seq).unwrap();
                    }
                }
            });
        }
    });
    drop(journal);
    let (_, _, entries) = open(&small(), &disk).unwrap();
    let found: Vec<(u64, Vec<u8>)> = entries
        .into_iter()
        .map(|entry| (entry.seq, entry.payload))
        .collect();
    assert_eq!(found, leaves.into_inner());
    assert_eq!(found.len(), 1600);
}

/// While the disk is busy, buffered appends are taken as long as there is room, then refused; none is dropped.
#[test]
fn a_full_queue_refuses_and_drops_nothing() {
    let disk = Disk::default();
    let (journal, ..) = open(&small(), &disk).unwrap();
    disk.state(|state| state.sync_takes = Duration::from_millis(300));
    let before = disk.state(|state| state.syncs);
    let mut taken = vec![b"leader".to_vec()];
    let called = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| journal.append_durable(1, b"leader").unwrap());
        while disk.state(|state| state.syncs) == before {
            thread::yield_now();
        }
        let mut refused = None;
        while refused.is_none() && taken.len() < 100 {
            let payload = vec![taken.len() as u8; 30];
            let append = journal.append_with(1, |_, record| {
                called.fetch_add(1, Ordering::Relaxed);
                record.push(&payload)
            });
            match append {
                Ok(_) => taken.push(payload),
                Err(error) => refused = Some(error),
            }
        }
        // 400 bytes, of frames of 47.
        assert!(
            matches!(refused, Some(JournalError::Full { queued: 423 })),
            "{refused:?}"
        );
        assert_eq!(
            called.load(Ordering::Relaxed),
            9,
            "a refused record is not even written"
        );
        taken.push(b"patient".to_vec());
        journal.append_durable(1, b"patient").unwrap();
        taken.push(b"buffered".to_vec());
        journal.append(1, b"buffered").unwrap();
    });
    drop(journal);
    let (_, _, entries) = open(&small(), &disk).unwrap();
    let found: Vec<Vec<u8>> = entries.into_iter().map(|entry| entry.payload).collect();
    assert_eq!(found, taken);
}

/// When the sync fails that several wait for, all of them are told, and nobody tries again.
#[test]
fn a_failed_sync_is_told_to_all_who_wait_for_it() {
    let disk = slow(Duration::from_millis(5));
    let (journal, ..) = open(&OpenOptions::new(TEST), &disk).unwrap();
    journal.append_durable(1, b"first").unwrap();
    disk.fail_at(disk.operations() + 20, Fault::Fails);
    let poisoned = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..1000 {
                    match journal.append_durable(1, b"next") {
                        Ok(_) => {}
                        Err(JournalError::Poisoned { first }) => {
                            assert!(first.to_string().contains("injected"));
                            poisoned.fetch_add(1, Ordering::Relaxed);
                            return;
                        }
                        Err(JournalError::Io { .. }) => return,
                        Err(error) => panic!("{error}"),
                    }
                }
                panic!("nothing failed");
            });
        }
    });
    assert_eq!(poisoned.load(Ordering::Relaxed), 15, "one was the first");
    let operations = disk.operations();
    drop(journal);
    assert_eq!(disk.operations(), operations);
}

/// Law: a reader beside a busy writer sees a growing prefix, and never takes it for damage.
#[test]
fn a_reader_beside_a_busy_writer_sees_prefixes() {
    let disk = Disk::default();
    disk.state(|state| state.longest_write = Some(5));
    let (journal, ..) = open(&small(), &disk).unwrap();
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..3000_u32 {
                journal.append(1, &number.to_le_bytes()).unwrap();
            }
            is_done.store(true, Ordering::Release);
        });
        let mut longest = 0;
        while !is_done.load(Ordering::Acquire) {
            let mut expected = 0_u32;
            let report = reader(&disk).read(|frame| {
                assert_eq!(frame.payload, expected.to_le_bytes());
                expected += 1;
                Ok::<_, JournalError>(())
            });
            let next = report.unwrap().next_seq;
            assert!(next >= longest);
            longest = next;
        }
    });
}

#[test]
fn a_buffered_append_allocates_nothing_once_warm() {
    let directory = super::files::Scratch::new("warm");
    let options = OpenOptions::new(TEST);
    let (journal, _) = options
        .open(directory.path(), |_| Ok::<_, JournalError>(()))
        .unwrap();
    let appends = |count: usize| {
        for _ in 0..count {
            journal.append(1, &[7; 300]).unwrap();
        }
    };
    appends(100);
    // Among them writes, which change the buffers.
    let used = allocation_counter::measure(|| appends(1000));
    assert_eq!((used.count_total, used.bytes_total), (0, 0));
}
