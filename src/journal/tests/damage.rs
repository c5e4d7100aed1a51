//! Files that no writer leaves behind: truncated, changed, reordered, spliced.

use super::super::disk::Disk;
use super::super::segment::{self, HEADER};
use super::super::{Cause, JournalError, Place};
use super::{Entry, ID, encoded, entry, open, reader, segment_with, several_segments, small};

/// Law: a journal that ends at any byte opens with a prefix of its records, and says what it cut off.
#[test]
fn a_journal_that_ends_at_any_byte_opens_with_a_prefix() {
    let (files, entries) = several_segments();
    let mut longest = 0;
    for (index, (name, data)) in files.iter().enumerate() {
        for length in 0..data.len() {
            let disk = Disk::holding(&files[..index]);
            disk.put(name, data[..length].to_vec());
            let (journal, report, found) = open(&small(), &disk).unwrap();
            assert_eq!(found, entries[..found.len()]);
            assert_eq!(report.created, index == 0 && length < HEADER);
            assert!(found.len() >= longest, "a longer file holds fewer records");
            longest = found.len();
            match report.recovered {
                Some(cut) => {
                    assert_eq!(&cut.segment, name);
                    assert_eq!(cut.offset + cut.bytes, length as u64);
                    assert_eq!(cut.cause == Cause::TornHeader, length < HEADER);
                    assert_eq!(cut.digest, sha256(&data[cut.offset as usize..length]));
                }
                // Between two records, since nothing was cut.
                None => assert!(length == HEADER || !found.is_empty()),
            }
            journal.append_durable(1, b"next").unwrap();
            drop(journal);
            let (_, report, again) = open(&small(), &disk).unwrap();
            assert_eq!(again.len(), found.len() + 1);
            assert!(report.recovered.is_none());
        }
    }
    assert_eq!(longest, entries.len() - 1);
}

fn sha256(bytes: &[u8]) -> crate::digest::Digest {
    use sha2::Digest as _;
    <[u8; 32]>::from(sha2::Sha256::digest(bytes)).into()
}

/// Law: whichever byte is changed, and however, the journal is refused with the place, or the last record is cut off.
#[test]
fn a_journal_with_any_byte_changed_is_refused_or_loses_its_last_record() {
    let (files, entries) = several_segments();
    let last_start = start_of_last_frame(&files);
    for (index, (name, data)) in files.iter().enumerate() {
        for (at, &byte) in data.iter().enumerate() {
            for change in [0x01, 0x10, 0x80, 0xff, byte] {
                if change == 0 {
                    continue;
                }
                let mut files = files.clone();
                files[index].1[at] ^= change;
                let disk = Disk::holding(&files);
                let is_in_last_frame = index + 1 == files.len() && at >= last_start;
                match open(&small(), &disk) {
                    Ok((_, report, found)) => {
                        assert!(is_in_last_frame, "{name} byte {at}");
                        assert_eq!(found, entries[..entries.len() - 1]);
                        assert_eq!(report.recovered.unwrap().offset, last_start as u64);
                    }
                    Err(JournalError::Damaged { file, offset, .. }) => {
                        assert!(!is_in_last_frame, "{name} byte {at}");
                        assert_eq!((&file, disk.files()), (name, files));
                        assert!(offset <= at as u64);
                    }
                    Err(error) => panic!("{name} byte {at}: {error}"),
                }
            }
        }
    }
}

/// A reader finds the same, and changes nothing.
#[test]
fn a_reader_refuses_what_a_writer_refuses() {
    let (files, entries) = several_segments();
    let last_start = start_of_last_frame(&files) as u64;
    for (index, (_, data)) in files.iter().enumerate() {
        for at in 0..data.len() {
            let mut files = files.clone();
            files[index].1[at] ^= 0x40;
            let disk = Disk::holding(&files);
            let mut seen: Vec<Entry> = Vec::new();
            let read = reader(&disk).read(|frame| {
                seen.push(frame.into());
                Ok::<_, JournalError>(())
            });
            assert_eq!(disk.files(), files);
            assert_eq!(seen, entries[..seen.len()]);
            match (read, open(&small(), &disk)) {
                (Ok(report), Ok(_)) => {
                    assert_eq!(report.torn_tail.unwrap().place.offset, last_start);
                }
                (Err(here), Err(there)) => assert_eq!(here.to_string(), there.to_string()),
                (here, there) => panic!("{here:?}, {there:?}"),
            }
        }
    }
}

fn start_of_last_frame(files: &[(String, Vec<u8>)]) -> usize {
    let mut last = 0;
    let read = reader(&Disk::holding(files)).read(|frame| {
        last = frame.place.offset as usize;
        Ok::<_, JournalError>(())
    });
    read.unwrap();
    last
}

/// The message on opening; `None` where it opened.
fn refusal(files: &[(String, Vec<u8>)]) -> Option<String> {
    let disk = Disk::holding(files);
    let error = open(&small(), &disk).err()?;
    assert_eq!(disk.files(), files, "a refusal changes nothing");
    Some(error.to_string())
}

#[test]
fn missing_and_exchanged_segments_are_named() {
    let (files, _) = several_segments();
    let mut without_first = files.clone();
    without_first.remove(0);
    let mut without_second = files.clone();
    without_second.remove(1);
    let mut exchanged = files.clone();
    (exchanged[0].1, exchanged[1].1) = (files[1].1.clone(), files[0].1.clone());
    let mut shortened = files.clone();
    shortened[0].1.truncate(HEADER);
    let second = &files[1].0;
    let third = &files[2].0;
    let number = |name: &str| {
        name.split(['-', '.'])
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    let start = |file: &str, expected: u64, found: u64, at: u64| {
        format!(
            "`{file}` is damaged at byte {at}: expected the segment to start with record {expected}, found {found}"
        )
    };
    for (files, expected) in [
        (without_first, start(second, 0, number(second), 0)),
        (
            without_second,
            start(third, number(second), number(third), 0),
        ),
        (exchanged, start(&files[0].0, 0, number(second), 28)),
        (shortened, start(second, 0, number(second), 0)),
    ] {
        assert_eq!(refusal(&files), Some(expected));
    }
}

#[test]
fn removed_repeated_reordered_and_spliced_records_are_refused() {
    let frame = |seq| encoded(ID, seq, &entry(seq).payload);
    let other = |seq| encoded(*b"another journal!", seq, &entry(seq).payload);
    assert_eq!(
        refusal(&segment_with(ID, &[frame(0), frame(1), frame(2)])),
        None
    );
    for (frames, expected) in [
        (
            vec![frame(0), frame(2)],
            "expected record 1, found record 2",
        ),
        (
            vec![frame(1), frame(2)],
            "expected record 0, found record 1",
        ),
        (
            vec![frame(0), frame(1), frame(1)],
            "expected record 2, found record 1",
        ),
        (
            vec![frame(1), frame(0)],
            "expected record 0, found record 1",
        ),
        (
            vec![frame(0), other(1), frame(1)],
            "expected a record that matches its checksum, and later records follow at byte 113",
        ),
        (
            vec![frame(0), other(1), frame(2)],
            "expected a record that matches its checksum, and later records follow at byte 113",
        ),
        (
            vec![frame(0), vec![0; 24], frame(1)],
            "expected a record that matches its checksum, and later records follow at byte 113",
        ),
        (
            vec![frame(0), vec![0xff; 24], frame(1)],
            "expected a record of at most 16777216 bytes, found a length of 4294967295, \
             and later records follow at byte 113",
        ),
        (
            vec![frame(0), vec![0xf0, 0, 0, 0], vec![9; 20], frame(1)],
            "expected a record of at least 257 bytes, found 48, and later records follow at byte 113",
        ),
    ] {
        let message = refusal(&segment_with(ID, &frames)).unwrap();
        assert!(message.ends_with(expected), "{message}");
    }
    let alone = segment_with(ID, &[frame(0), other(1)]);
    assert_eq!(open(&small(), &Disk::holding(&alone)).unwrap().2.len(), 1);
}

#[test]
fn a_segment_of_another_journal_or_version_is_refused() {
    let (files, _) = several_segments();
    let (others, _) = several_segments();
    let mut mixed = files.clone();
    mixed[1] = others[1].clone();
    assert!(
        refusal(&mixed)
            .unwrap()
            .ends_with("at byte 12: expected the journal id of the first segment")
    );
    let mut newer = segment_with(ID, &[]);
    newer[0].1[8] = 2;
    assert!(
        refusal(&newer)
            .unwrap()
            .ends_with("expected format version 1, found 2")
    );
}

/// A hole in front of records is refused by default, since it could be damage, and is cut off when the operator says so.
#[test]
fn loss_is_accepted_only_in_the_last_segment_and_reported() {
    let frames = [0, 1, 2].map(|seq| encoded(ID, seq, b"payload"));
    let mut files = segment_with(ID, &frames);
    let at = HEADER + frames[0].len();
    files[0].1[at..at + 24].fill(0);
    assert!(refusal(&files).is_some());
    let disk = Disk::holding(&files);
    let (_, report, entries) = open(&small().accept_loss(true), &disk).unwrap();
    assert_eq!(entries.len(), 1);
    let recovered = report.recovered.unwrap();
    assert_eq!((recovered.offset, recovered.bytes), (at as u64, 48));
    let follows = at as u64 + 24;
    assert_eq!(recovered.cause, Cause::AcceptedLoss { follows });

    let (mut files, _) = several_segments();
    files[0].1[HEADER + 4] ^= 1;
    assert!(open(&small().accept_loss(true), &Disk::holding(&files)).is_err());
}

/// Names that are not ours stay as they are.
#[test]
fn foreign_files_are_left_alone() {
    let (mut files, entries) = several_segments();
    for name in [
        "notes.txt",
        "journal-7.log",
        "journal-00000000000000000007.log~",
    ] {
        files.push((name.to_owned(), b"foreign".to_vec()));
    }
    files.sort();
    let disk = Disk::holding(&files);
    assert_eq!(open(&small(), &disk).unwrap().2, entries);
    assert_eq!(disk.files(), files);
}

#[test]
fn a_record_is_read_at_its_place_only() {
    let disk = Disk::holding(&segment_with(
        ID,
        &[encoded(ID, 0, b"one"), encoded(ID, 1, b"two")],
    ));
    for offset in 0..200 {
        let place = Place { segment: 0, offset };
        let read = reader(&disk).read_at(place, 1, |frame| {
            Ok::<_, JournalError>(frame.payload.to_vec())
        });
        match read {
            Ok(payload) => assert_eq!((offset, &payload[..]), (92, &b"two"[..])),
            Err(error) => {
                assert_ne!(offset, 92);
                assert!(
                    error.to_string().contains(&format!("at byte {offset}")),
                    "{error}"
                );
            }
        }
    }
}

/// A writer that mends the tail while a reader searches what it has read of it: old bytes in front, new ones behind.
#[test]
fn a_reader_does_not_take_a_mended_tail_for_damage() {
    let torn = vec![9; 70_000];
    let frames = [encoded(ID, 0, &vec![3; 66_000]), encoded(ID, 1, b"next")];
    let mended = segment_with(ID, &frames).remove(0).1;
    let read_with_change_at = |operation| {
        let disk = Disk::holding(&segment_with(ID, std::slice::from_ref(&torn)));
        disk.replace_at(operation, &segment::name(0), mended.clone());
        let report = reader(&disk).read(|_| Ok::<_, JournalError>(())).unwrap();
        (report.next_seq, disk.operations())
    };
    let (next, operations) = read_with_change_at(usize::MAX);
    assert_eq!(next, 0);
    let seen: Vec<u64> = (0..operations)
        .map(|at| read_with_change_at(at).0)
        .collect();
    assert!(seen.contains(&0) && seen.contains(&2), "{seen:?}");
    assert!(seen.iter().all(|next| [0, 2].contains(next)), "{seen:?}");
}
