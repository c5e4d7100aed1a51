//! Files that no writer left so: every byte flipped, every length, and bytes of no meaning at all.

use proptest::prelude::*;

use super::disk::Disk;
use super::{JournalError, entry, open, reader, several_segments, small};

/// Opens files as they are, and tells how many records were seen. What is seen is always what was written.
fn seen(files: &[(String, Vec<u8>)]) -> Result<(usize, bool), JournalError> {
    let disk = Disk::holding(files);
    let (_journal, report, entries) = open(&small(), &disk)?;
    for (at, found) in entries.iter().enumerate() {
        assert_eq!(*found, entry(at as u64));
    }
    Ok((entries.len(), report.recovered.is_some()))
}

#[test]
fn no_flipped_byte_changes_a_record() {
    let (files, entries) = several_segments();
    let last = files.len() - 1;
    for (index, (_, data)) in files.iter().enumerate() {
        for at in 0..data.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut files = files.clone();
                files[index].1[at] ^= flip;
                match seen(&files) {
                    Err(JournalError::Damaged { file, .. }) => {
                        // The place is named where it is, or at the header that no longer fits.
                        assert!(file >= files[index].0, "{file}, byte {at} of {index}");
                    }
                    Err(JournalError::WrongPurpose { .. }) => {}
                    Err(error) => panic!("{error}"),
                    Ok((count, was_cut)) => {
                        assert!(
                            index == last && was_cut && count < entries.len(),
                            "byte {at} of {index}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn every_shorter_last_segment_opens_with_a_prefix() {
    let (files, entries) = several_segments();
    let last = files.len() - 1;
    let whole = files[last].1.len();
    let mut counts = Vec::new();
    for length in 0..whole {
        let mut files = files.clone();
        files[last].1.truncate(length);
        let (count, _) = seen(&files).unwrap();
        counts.push(count);
    }
    assert!(counts.is_sorted() && counts[whole - 1] == entries.len() - 1);
    // A segment that is missing or cut in the middle is damage.
    for index in 0..last {
        let mut missing = files.clone();
        missing.remove(index);
        assert!(matches!(seen(&missing), Err(JournalError::Damaged { .. })));
        let mut cut = files.clone();
        cut[index].1.pop();
        assert!(matches!(seen(&cut), Err(JournalError::Damaged { .. })));
    }
}

/// A file that was made longer before its data came.
#[test]
fn trailing_zeros_are_cut_off() {
    let (mut files, entries) = several_segments();
    let last = files.len() - 1;
    for zeros in [1, 16, 17, 5000] {
        let whole = files[last].1.len();
        files[last].1.resize(whole + zeros, 0);
        assert_eq!(seen(&files).unwrap(), (entries.len(), true));
        files[last].1.truncate(whole);
    }
}

proptest! {
    /// Any bytes for a segment, behind a good header or none: an error or an answer, and no more memory than there is file.
    #[test]
    fn any_bytes_are_an_error_or_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..400), keeps_header: bool) {
        let (mut files, _) = several_segments();
        files.truncate(1);
        if keeps_header {
            files[0].1.truncate(72);
            files[0].1.extend(bytes);
        } else {
            files[0].1 = bytes;
        }
        let disk = Disk::holding(&files);
        let counted = allocation_counter::measure(|| {
            let _ = reader(&disk).read(|_| Ok::<_, JournalError>(()));
        });
        prop_assert!(counted.bytes_max < 16 << 10, "{} bytes", counted.bytes_max);
        let _ = open(&small(), &disk);
    }
}
