//! Files of an adversary: random bytes, lengths that lie, payloads that look like records.

use allocation_counter::measure;
use proptest::prelude::*;

use super::super::disk::Disk;
use super::super::frame::{OVERHEAD, Seed};
use super::super::segment::{self, HEADER};
use super::super::window::Window;
use super::super::{Flaw, JournalError, OpenOptions};
use super::{Entry, ID, TEST, encoded, entry, open, segment_with, small};

/// Opens whatever it is. Errors are fine; memory may not grow with what the file claims.
fn open_anything(data: Vec<u8>) -> Result<(), JournalError> {
    let length = data.len() as u64;
    let disk = Disk::holding(&[(segment::name(0), data)]);
    let mut opened = Ok(());
    let used = measure(|| {
        opened = OpenOptions::new(TEST)
            .open_in(std::sync::Arc::new(disk), |_| Ok(()))
            .map(drop);
    });
    let bound = 2 * length + 4096;
    assert!(
        used.bytes_max <= bound,
        "{} bytes for a file of {length}",
        used.bytes_max
    );
    opened
}

proptest! {
    /// Law: any bytes in, an error or an answer out, in memory that is bounded by the file's size.
    #[test]
    fn random_bytes_are_opened_or_refused(data in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let is_short = data.len() <= HEADER;
        prop_assert_eq!(open_anything(data).is_ok(), is_short);
    }

    #[test]
    fn random_bytes_behind_a_header_are_cut_off(data in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let segment = segment_with(ID, &[data]).remove(0).1;
        prop_assert!(open_anything(segment).is_ok());
    }

    /// Pieces of frames, real and pretended, in any order.
    #[test]
    fn pieces_of_frames_never_make_a_wrong_record(
        pieces in proptest::collection::vec((0_u64..6, 0_usize..60, 0_usize..60, any::<Option<(u8, u8)>>()), 0..12)
    ) {
        let mut data = Vec::new();
        for (seq, from, to, change) in pieces {
            let mut frame = encoded(ID, seq, &entry(seq).payload);
            if let Some((at, change)) = change {
                let at = usize::from(at) % frame.len();
                frame[at] ^= change;
            }
            let from = if from < 30 { 0 } else { from.min(frame.len()) };
            let to = if to < 30 { frame.len() } else { to.clamp(from, frame.len().max(from)) };
            data.extend_from_slice(&frame[from..to]);
        }
        let disk = Disk::holding(&segment_with(ID, &[data]));
        for accept_loss in [false, true] {
            if let Ok((_, _, entries)) = open(&small().accept_loss(accept_loss), &disk) {
                for (seq, found) in (0..).zip(entries) {
                    prop_assert_eq!(found, Entry { kind: 7, ..entry(seq) });
                }
            }
        }
    }

    /// Law: the search finds the first later record, wherever it is and whatever stands before it.
    #[test]
    fn a_later_record_is_found_at_any_byte(
        before in proptest::collection::vec(prop_oneof![Just(0_u8), any::<u8>()], 1..300),
        after in proptest::collection::vec(any::<u8>(), 0..50),
        seq in prop_oneof![0_u64..4, Just(1 << 32)],
    ) {
        let at = (HEADER + before.len()) as u64;
        let files = segment_with(ID, &[before, encoded(ID, seq, b"later"), after]);
        let disk = Disk::holding(&files);
        match open(&small(), &disk) {
            Err(JournalError::Damaged { offset, follows, .. }) => {
                prop_assert_eq!((offset, follows), (HEADER as u64, Some(at)));
            }
            other => prop_assert!(false, "{:?}", other.err()),
        }
    }
}

#[test]
fn a_length_that_is_a_lie_takes_no_memory() {
    for length in [0, 1000, 16 << 20, (16 << 20) + 1, u32::MAX] {
        let mut frame = encoded(ID, 0, b"short");
        frame[..4].copy_from_slice(&u32::to_le_bytes(length));
        open_anything(segment_with(ID, &[frame]).remove(0).1).unwrap();
    }
}

/// Longer than what is read at a time, with the damage and the later record anywhere in relation to that.
#[test]
fn a_later_record_is_found_behind_a_long_one() {
    for length in [65_400, 65_450, 65_536, 140_000] {
        let long = encoded(ID, 0, &vec![3; length]);
        let mut files = segment_with(ID, &[long, encoded(ID, 1, &vec![5; length])]);
        files[0].1[HEADER + 50] ^= 1;
        let follows = (HEADER + OVERHEAD + length) as u64;
        match open(&small(), &Disk::holding(&files)) {
            Err(JournalError::Damaged {
                offset,
                flaw,
                follows: found,
                ..
            }) => {
                assert_eq!((offset, flaw), (HEADER as u64, Flaw::Checksum));
                assert_eq!(found, Some(follows));
            }
            other => panic!("{other:?}"),
        }
        files[0].1.pop();
        let (_, report, _) = open(&small(), &Disk::holding(&files)).unwrap();
        assert_eq!(report.recovered.unwrap().offset, HEADER as u64);
    }
}

/// Many long frames that overlap and are none would take for ever to check; then the answer is a refusal.
#[test]
fn a_search_has_a_budget() {
    let mut pretended = encoded(ID, 1, b"");
    pretended[..4].copy_from_slice(&u32::to_le_bytes(2000));
    let files = segment_with(ID, &[vec![9; OVERHEAD], pretended.repeat(1000)]);
    let disk = Disk::holding(&files);
    let mut memory = Vec::new();
    let mut window = Window::open(&disk, 0, &mut memory).unwrap();
    let start = HEADER as u64;
    let mut search = |budget| {
        window
            .later_frame(start, Seed::new(&ID), 0, budget)
            .unwrap()
    };
    assert_eq!(search(1 << 30), None);
    // Every byte searched pays for 32 that are checked: 1,018 frames of 17 bytes for 270 frames of 2,017.
    let checked = 32 * 1001 * 17 / 2017;
    assert_eq!(search(0), Some(start + 17 * (checked + 1)));
}
