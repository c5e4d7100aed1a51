//! Tests of the journal as a whole.

mod damage;
mod faults;
mod files;
mod forks;
mod hostile;
mod operations;
mod round_trip;
mod threads;

use std::sync::Arc;

use super::disk::Disk;
use super::frame::{self, Payload, Seed};
use super::segment::{self, Header};
use super::{Frame, Journal, JournalError, OpenOptions, OpenReport, Purpose, Reader};

const TEST: Purpose = Purpose::new(b"test");

/// A record as it was appended or read.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    seq: u64,
    kind: u8,
    payload: Vec<u8>,
}

impl From<Frame<'_>> for Entry {
    fn from(frame: Frame<'_>) -> Self {
        Self {
            seq: frame.seq,
            kind: frame.kind,
            payload: frame.payload.to_vec(),
        }
    }
}

/// Small enough that a few records fill several segments.
fn small() -> OpenOptions {
    OpenOptions::new(TEST)
        .segment_size(200)
        .write_at(80)
        .max_payload(1000)
        .queue(400)
}

fn open(
    options: &OpenOptions,
    disk: &Disk,
) -> Result<(Journal, OpenReport, Vec<Entry>), JournalError> {
    let mut entries = Vec::new();
    let (journal, report) = options.open_in(Arc::new(disk.clone()), |frame| {
        entries.push(Entry::from(frame));
        Ok::<_, JournalError>(())
    })?;
    assert_eq!(report.next_seq, entries.len() as u64);
    assert_eq!(journal.next_seq(), entries.len() as u64);
    Ok((journal, report, entries))
}

fn reader(disk: &Disk) -> Reader {
    Reader::over(Arc::new(disk.clone()), TEST)
}

/// A journal of several segments: what is on disk, and what it holds.
fn several_segments() -> (Vec<(String, Vec<u8>)>, Vec<Entry>) {
    let disk = Disk::default();
    let (journal, ..) = open(&small(), &disk).unwrap();
    let entries: Vec<Entry> = (0..9).map(entry).collect();
    for entry in &entries {
        journal.append_durable(entry.kind, &entry.payload).unwrap();
    }
    drop(journal);
    let files = disk.files();
    assert!(files.len() >= 3, "{} segments", files.len());
    (files, entries)
}

/// A record with its number in it, of a length that depends on it.
fn entry(seq: u64) -> Entry {
    Entry {
        seq,
        kind: seq as u8 ^ 3,
        payload: (0..seq * 7 % 40).map(|at| (seq * 31 + at) as u8).collect(),
    }
}

/// One segment with these frames, of the journal `id`.
fn segment_with(id: [u8; 16], frames: &[Vec<u8>]) -> Vec<(String, Vec<u8>)> {
    let header = Header {
        purpose: TEST,
        id,
        first: 0,
    };
    let data = [header.encode(), frames.concat()].concat();
    vec![(segment::name(0), data)]
}

fn encoded(id: [u8; 16], seq: u64, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    frame::encode(
        &mut frame,
        Seed::new(&id),
        usize::MAX,
        (7, seq),
        |out: &mut Payload<'_>| out.push(payload),
    )
    .unwrap();
    frame
}

const ID: [u8; 16] = *b"0123456789abcdef";
