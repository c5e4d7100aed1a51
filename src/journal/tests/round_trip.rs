//! What is appended is what is read.

use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::prelude::*;

use super::super::disk::Disk;
use super::super::{JournalError, OpenOptions, Place, Purpose};
use super::{Entry, TEST, open, reader, small};

#[derive(Clone, Debug)]
enum Step {
    Append(u8, Vec<u8>),
    AppendDurable(u8, Vec<u8>),
    AppendRefused,
    AppendPanics,
    Flush,
    Sync,
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let payload = || proptest::collection::vec(any::<u8>(), 0..120);
    let step = prop_oneof![
        6 => (any::<u8>(), payload()).prop_map(|(kind, payload)| Step::Append(kind, payload)),
        3 => (any::<u8>(), payload()).prop_map(|(kind, payload)| Step::AppendDurable(kind, payload)),
        1 => Just(Step::AppendRefused),
        1 => Just(Step::AppendPanics),
        1 => Just(Step::Flush),
        1 => Just(Step::Sync),
        1 => Just(Step::Reopen),
    ];
    proptest::collection::vec(step, 0..40)
}

/// The error of a caller whose closure changed its mind.
#[derive(Debug)]
enum Mind {
    Changed,
    Journal,
}

impl From<JournalError> for Mind {
    fn from(_: JournalError) -> Self {
        Self::Journal
    }
}

proptest! {
    /// Law: whatever is appended, flushed, synced and reopened, each opening and each reading yields all records in order.
    #[test]
    fn whatever_is_appended_is_read(steps in steps(), segment_size in 0_u64..600, write_at in 0_usize..300) {
        let disk = Disk::default();
        let options = small().segment_size(segment_size).write_at(write_at);
        let mut model: Vec<Entry> = Vec::new();
        let mut journal = open(&options, &disk).unwrap().0;
        let id = *journal.id();
        for step in steps {
            let next = model.len() as u64;
            match step {
                Step::Append(kind, payload) => {
                    prop_assert_eq!(journal.append(kind, &payload).unwrap(), next);
                    model.push(Entry { seq: next, kind, payload });
                }
                Step::AppendDurable(kind, payload) => {
                    prop_assert_eq!(journal.append_durable(kind, &payload).unwrap(), next);
                    model.push(Entry { seq: next, kind, payload });
                }
                Step::AppendRefused => {
                    let refused = journal.append_with(1, |seq, record| {
                        assert_eq!(seq, next);
                        record.push(b"half")?;
                        Err::<(), _>(Mind::Changed)
                    });
                    prop_assert!(matches!(refused, Err(Mind::Changed)));
                }
                Step::AppendPanics => {
                    let append = || journal.append_with(1, |_, record| -> Result<(), JournalError> {
                        record.push(b"half")?;
                        std::panic::resume_unwind(Box::new("the caller"));
                    });
                    prop_assert!(catch_unwind(AssertUnwindSafe(append)).is_err());
                }
                Step::Flush => {
                    journal.flush().unwrap();
                    let report = reader(&disk).read(|_| Ok::<_, JournalError>(())).unwrap();
                    prop_assert_eq!(report.next_seq, next);
                }
                Step::Sync => journal.sync().unwrap(),
                Step::Reopen => {
                    drop(journal);
                    let (reopened, report, entries) = open(&options, &disk).unwrap();
                    prop_assert_eq!(&entries, &model);
                    prop_assert!(!report.created && report.recovered.is_none());
                    prop_assert_eq!(reopened.id(), &id);
                    journal = reopened;
                }
            }
        }
        drop(journal);
        let mut read: Vec<(Place, Entry)> = Vec::new();
        let reader = reader(&disk);
        let report = reader
            .read(|frame| {
                read.push((frame.place, frame.into()));
                Ok::<_, JournalError>(())
            })
            .unwrap();
        prop_assert_eq!(report.id, Some(id));
        prop_assert_eq!(report.torn_tail, None);
        prop_assert_eq!(read.len(), model.len());
        for ((place, entry), expected) in read.iter().zip(&model) {
            prop_assert_eq!(entry, expected);
            let again = reader.read_at(*place, entry.seq, |frame| Ok::<_, JournalError>(Entry::from(frame)));
            prop_assert_eq!(&again.unwrap(), expected);
            let other = reader.read_at(*place, entry.seq + 1, |_| Ok::<_, JournalError>(()));
            let is_damage = matches!(other, Err(JournalError::Damaged { .. }));
            prop_assert!(is_damage);
        }
    }
}

#[test]
fn a_payload_may_be_as_long_as_the_limit_and_no_longer() {
    let disk = Disk::default();
    let (journal, ..) = open(&small(), &disk).unwrap();
    journal.append(1, &[7; 1000]).unwrap();
    let limit = 1000;
    for ignored in [false, true] {
        let refused = journal.append_with(1, |_, record| {
            record.push(&[1; 600])?;
            match record.push(&[2; 401]) {
                Err(_) if ignored => Ok(()),
                answer => answer,
            }
        });
        assert!(matches!(refused, Err(JournalError::TooLarge { limit: found }) if found == limit));
    }
    journal.append_durable(2, b"next").unwrap();
    drop(journal);
    let (_, _, entries) = open(&small(), &disk).unwrap();
    let lengths: Vec<usize> = entries.iter().map(|entry| entry.payload.len()).collect();
    assert_eq!(lengths, [1000, 4]);
}

/// A reader takes what an earlier configuration allowed.
#[test]
fn a_lower_limit_still_reads_longer_records() {
    let disk = Disk::default();
    let (journal, ..) = open(&OpenOptions::new(TEST), &disk).unwrap();
    let long: Vec<u8> = (0..300_000).map(|at| (at % 251) as u8).collect();
    for payload in [&long[..], b"", &long[..70_000]] {
        journal.append(1, payload).unwrap();
    }
    drop(journal);
    let (_, _, entries) = open(&small(), &disk).unwrap();
    assert!(entries[0].payload == long && entries[2].payload == long[..70_000]);
}

#[test]
fn a_serialiser_can_write_a_payload() {
    use std::io::Write as _;
    let disk = Disk::default();
    let (journal, ..) = open(&small(), &disk).unwrap();
    let written = journal.append_with(1, |seq, record| {
        write!(record, "{{\"n\":{}}}", seq + 5).unwrap();
        let length = record.bytes().len();
        assert!(record.write_all(&[0; 1000]).is_err());
        Ok::<_, JournalError>(length)
    });
    assert!(matches!(written, Err(JournalError::TooLarge { .. })));
    let (_, length) = journal
        .append_with(1, |_, record| {
            write!(record, "{{}}").unwrap();
            Ok::<_, JournalError>(record.bytes().to_vec())
        })
        .unwrap();
    assert_eq!(length, b"{}");
}

#[test]
fn a_journal_is_opened_for_its_purpose_only() {
    let disk = Disk::default();
    drop(open(&small(), &disk).unwrap());
    let other = Purpose::new(b"other");
    let error = OpenOptions::new(other)
        .open_in(std::sync::Arc::new(disk.clone()), |_| {
            Ok::<_, JournalError>(())
        })
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "`journal-00000000000000000000.log` belongs to a journal for `test`, not to one for `other`"
    );
    assert!(open(&small(), &disk).is_ok());
}

#[test]
fn what_a_visitor_answers_comes_back_and_nothing_is_changed() {
    let (mut files, _) = super::several_segments();
    files.last_mut().unwrap().1.extend_from_slice(b"torn");
    let disk = Disk::holding(&files);
    let answer = small().open_in(std::sync::Arc::new(disk.clone()), |frame| match frame.seq {
        3 => Err(Mind::Changed),
        _ => Ok(()),
    });
    assert!(matches!(answer, Err(Mind::Changed)));
    assert_eq!(disk.files(), files);
    assert_eq!(
        open(&small(), &disk).unwrap().2.len(),
        9,
        "the lock was let go"
    );
}

#[test]
fn a_sync_of_what_was_never_appended_is_refused() {
    let disk = Disk::default();
    let (journal, ..) = open(&small(), &disk).unwrap();
    journal.sync().unwrap();
    journal.append(1, b"").unwrap();
    journal.sync_through(0).unwrap();
    let error = journal.sync_through(1).unwrap_err();
    assert!(matches!(
        error,
        JournalError::NotAppended { seq: 1, next: 1 }
    ));
}

#[test]
fn nothing_is_written_before_it_is_worth_it() {
    let disk = Disk::default();
    let (journal, ..) = open(&OpenOptions::new(TEST).write_at(1000), &disk).unwrap();
    let writes = || disk.state(|state| state.writes);
    let before = writes();
    let a_frame = 17 + 83;
    for appended in 1..=40 {
        journal.append(1, &[0; 83]).unwrap();
        assert_eq!(writes() - before, appended * a_frame / 1000);
    }
    let syncs = disk.state(|state| state.syncs);
    journal.sync().unwrap();
    journal.sync().unwrap();
    journal.sync_through(3).unwrap();
    assert_eq!(disk.state(|state| state.syncs), syncs + 1);
}

#[test]
fn a_reader_of_nothing_finds_nothing() {
    let report = reader(&Disk::default())
        .read(|_| -> Result<(), JournalError> { panic!("a record") })
        .unwrap();
    assert_eq!(
        (report.id, report.next_seq, report.torn_tail),
        (None, 0, None)
    );
}
