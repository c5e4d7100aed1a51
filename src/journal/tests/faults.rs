//! The disk fails at every single operation, and after that the machine crashes in every way the disk can be left in.
//!
//! Law: a record that was reported as durable is there; none is altered, repeated or invented; order is kept. A journal
//! opens by itself, except where a hole of lost bytes stands before records that were not lost.

use std::collections::HashSet;
use std::ops::Range;

use super::super::disk::{Disk, FAULTS, Fault, State};
use super::super::{Cause, Journal, JournalError};
use super::{Entry, entry, open, reader, small};

/// What the workload tried, and what it was told.
#[derive(Default)]
struct Told {
    /// Everything that was given to an append, in order.
    tried: Vec<Entry>,
    /// So many of these were reported as durable.
    durable: usize,
    /// The operations of journals that were dropped, of whose failure nobody is told.
    silent: Vec<Range<usize>>,
}

impl Told {
    /// On a disk that already holds some.
    fn after(entries: Vec<Entry>) -> Self {
        Self {
            durable: entries.len(),
            tried: entries,
            silent: Vec::new(),
        }
    }

    fn next(&mut self) -> Entry {
        let entry = entry(self.tried.len() as u64);
        self.tried.push(entry.clone());
        entry
    }

    fn append(&mut self, journal: &Journal) -> Result<(), JournalError> {
        let entry = self.next();
        journal.append(entry.kind, &entry.payload).map(drop)
    }

    fn append_durable(&mut self, journal: &Journal) -> Result<(), JournalError> {
        let entry = self.next();
        let seq = journal.append_durable(entry.kind, &entry.payload)?;
        self.durable = seq as usize + 1;
        Ok(())
    }
}

/// Opens, appends in all ways over several segments, closes, and does it again. Stops at the first error; then everything
/// that follows must be refused too.
fn work(disk: &Disk, told: &mut Told) -> Result<(), JournalError> {
    for _ in 0..2 {
        let (journal, _, entries) = open(&small(), disk)?;
        assert_eq!(entries, told.tried[..entries.len()]);
        assert!(entries.len() >= told.durable);
        // Seen is durable. What was not seen never was.
        told.tried.truncate(entries.len());
        told.durable = entries.len();
        let done = append_in_all_ways(&journal, told);
        if let Err(error) = done {
            assert!(matches!(error, JournalError::Io { .. }), "{error}");
            assert_poisoned(&journal, &error);
            return Err(error);
        }
        let before = disk.operations();
        drop(journal);
        told.silent.push(before..disk.operations());
    }
    Ok(())
}

fn append_in_all_ways(journal: &Journal, told: &mut Told) -> Result<(), JournalError> {
    told.append(journal)?;
    told.append_durable(journal)?;
    for _ in 0..3 {
        told.append(journal)?;
    }
    journal.flush()?;
    journal.sync()?;
    told.durable = told.tried.len();
    for _ in 0..2 {
        told.append_durable(journal)?;
    }
    told.append(journal)?;
    journal.sync()?;
    told.durable = told.tried.len();
    told.append(journal)?;
    journal.flush()?;
    told.append(journal)
}

fn assert_poisoned(journal: &Journal, first: &JournalError) {
    let next = journal.next_seq();
    let answers = [
        journal.append(1, b"").map(drop),
        journal.append_durable(1, b"").map(drop),
        journal.flush(),
        journal.sync(),
        journal.sync_through(next.saturating_sub(1)),
    ];
    for answer in answers {
        match answer {
            Err(JournalError::Poisoned { first: found }) => {
                assert_eq!(found.to_string(), first.to_string());
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(journal.next_seq(), next);
}

/// Opens what a crash left, and looks at it. Whether a hole stood in the way.
fn check(state: &State, told: &Told) -> bool {
    let disk = Disk::new(state.clone());
    let before = disk.files();
    let (opened, had_hole) = match open(&small(), &disk) {
        Ok(opened) => (opened, false),
        Err(JournalError::Damaged {
            follows: Some(_), ..
        }) => {
            assert_eq!(disk.files(), before, "a refusal changes nothing");
            let opened = open(&small().accept_loss(true), &disk).unwrap();
            let recovered = opened.1.recovered.as_ref().unwrap();
            assert!(matches!(recovered.cause, Cause::AcceptedLoss { .. }));
            (opened, true)
        }
        Err(error) => panic!("{error}"),
    };
    let (journal, _, entries) = opened;
    assert!(entries.len() >= told.durable, "a durable record is lost");
    assert_eq!(entries, told.tried[..entries.len()]);
    // What was seen stays, and the journal goes on, also over the next crash.
    journal.append_durable(9, b"after").unwrap();
    for state in disk.crashes() {
        let (_, report, again) = open(&small(), &Disk::new(state)).unwrap();
        assert!(report.recovered.is_none() && !report.created);
        assert_eq!(again[..entries.len()], entries);
        assert_eq!(again.len(), entries.len() + 1);
    }
    had_hole
}

#[derive(Debug, Default)]
struct Tally {
    crashes: usize,
    holes: usize,
    acknowledged: usize,
}

/// Works on a disk that is as `start` makes it, with each fault at each operation.
fn fail_everywhere(start: impl Fn() -> (Disk, Told)) -> Tally {
    let mut tally = Tally::default();
    let mut checked = HashSet::new();
    for fault in FAULTS {
        for operation in 0.. {
            let (disk, mut told) = start();
            disk.fail_at(operation, fault);
            let done = work(&disk, &mut told);
            let is_past_the_end = operation >= disk.operations();
            let is_silent = told.silent.iter().any(|range| range.contains(&operation));
            assert!(
                done.is_err() || is_past_the_end || is_silent || fault != Fault::Fails,
                "the failure of operation {operation} was ignored"
            );
            let died = disk.state(|state| state.after_the_process());
            for state in disk.crashes().into_iter().chain([died]) {
                if !checked.insert((state.content(), told.durable)) {
                    continue;
                }
                tally.crashes += 1;
                tally.holes += usize::from(check(&state, &told));
                tally.acknowledged += told.durable;
            }
            if is_past_the_end {
                break;
            }
        }
    }
    tally
}

#[test]
fn a_new_journal_survives_every_fault_and_crash() {
    let tally = fail_everywhere(|| (Disk::default(), Told::default()));
    assert!(tally.crashes > 5000 && tally.holes > 100, "{tally:?}");
    assert!(tally.acknowledged > tally.crashes, "{tally:?}");
}

/// The faults now strike while a torn record, or a torn header, is mended.
#[test]
fn a_torn_journal_survives_every_fault_and_crash() {
    let (files, entries) = super::several_segments();
    let last = files.len() - 1;
    for cut in [1, files[last].1.len() - 30] {
        let tally = fail_everywhere(|| {
            let mut files = files.clone();
            let kept = files[last].1.len() - cut;
            files[last].1.truncate(kept);
            let disk = Disk::holding(&files);
            let entries_left =
                open(&small(), &Disk::holding(&files)).map_or(0, |opened| opened.2.len());
            (disk, Told::after(entries[..entries_left].to_vec()))
        });
        assert!(tally.crashes > 1000, "{tally:?}");
    }
}

#[test]
fn what_was_acknowledged_before_the_disk_was_full_stays() {
    let disk = Disk::default();
    let (journal, ..) = open(&small(), &disk).unwrap();
    journal.append_durable(1, b"first").unwrap();
    disk.fail_at(disk.operations(), Fault::DiskFull);
    let error = journal.append_durable(1, b"second").unwrap_err();
    let JournalError::Io { cause, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(cause.kind(), std::io::ErrorKind::StorageFull);
    drop(journal);
    // Still full, and it opens all the same.
    let (journal, report, entries) = open(&small(), &disk).unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(report.recovered.unwrap().cause, Cause::TornTail);
    assert!(journal.append_durable(1, b"third").is_err());
}

/// What a writer wrote but did not sync is seen by the next one, and must then be durable.
#[test]
fn what_an_opening_has_shown_is_durable() {
    let disk = Disk::default();
    let (journal, ..) = open(&small(), &disk).unwrap();
    journal.append_durable(1, b"first").unwrap();
    journal.append(1, b"second").unwrap();
    journal.flush().unwrap();
    // The process dies here, so that nothing more is synced; the machine goes on.
    let disk = Disk::new(disk.state(|state| state.after_the_process()));
    let (_journal, _, entries) = open(&small(), &disk).unwrap();
    assert_eq!(entries.len(), 2);
    for state in disk.crashes() {
        assert_eq!(open(&small(), &Disk::new(state)).unwrap().2, entries);
    }
}

/// A reader may see what is being written, and says where the tail is torn.
#[test]
fn a_reader_beside_a_writer_sees_a_prefix_at_any_time() {
    let (files, entries) = super::several_segments();
    let (name, whole) = files.last().unwrap();
    for length in 0..=whole.len() {
        let disk = Disk::holding(&files[..files.len() - 1]);
        disk.put(name, whole[..length].to_vec());
        let mut seen: Vec<Entry> = Vec::new();
        let report = reader(&disk)
            .read(|frame| {
                seen.push(frame.into());
                Ok::<_, JournalError>(())
            })
            .unwrap();
        assert_eq!(seen, entries[..seen.len()]);
        let torn = report.torn_tail.map_or(0, |tail| {
            assert_eq!(tail.place.offset + tail.bytes, length as u64);
            tail.bytes
        });
        let opened = open(&small(), &disk).unwrap();
        assert_eq!(opened.2, seen);
        assert_eq!(
            opened.1.recovered.map_or(0, |recovered| recovered.bytes),
            torn
        );
    }
}
