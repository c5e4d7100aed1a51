//! Whoever can write the files, with and without knowing how their checksums are made.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use crc32c::{crc32c, crc32c_append};
use portcullis::audit::{Checkpoint, FileSink, LogError, Verification, VerifyOptions};

use super::{Folder, options, session};
use crate::support::call;

/// Bytes of a segment's header; its id stands at 12.
const HEADER: usize = 72;
const ENTRY: u8 = 1;

/// A closed log of one segment, and the checkpoint that was kept of it.
struct Sample {
    folder: Folder,
    bytes: Vec<u8>,
    kept: Checkpoint,
}

#[derive(Clone, PartialEq, Eq)]
struct Frame {
    kind: u8,
    payload: Vec<u8>,
}

impl Sample {
    fn new(calls: usize) -> Self {
        let folder = Folder::new();
        let log = Arc::new(options().checkpoint_every(40).open(folder.log()).unwrap());
        let session = session(&log);
        for n in 0..calls {
            call(
                &session,
                "pay",
                format!(r#"{{"n": {}}}"#, n as i64 - 3).as_str(),
            );
        }
        drop(session);
        let kept = log.close().unwrap();
        drop(log);
        let bytes = fs::read(segment(&folder)).unwrap();
        Self {
            folder,
            bytes,
            kept,
        }
    }

    fn verify(&self, bytes: &[u8], options: VerifyOptions) -> Result<Verification, LogError> {
        fs::write(segment(&self.folder), bytes).unwrap();
        options.verify(self.folder.log())
    }

    /// Against nothing but the log itself.
    fn alone(&self, bytes: &[u8]) -> Result<Verification, LogError> {
        self.verify(bytes, VerifyOptions::new())
    }

    fn against_kept(&self, bytes: &[u8]) -> Result<Verification, LogError> {
        self.verify(bytes, VerifyOptions::new().kept(self.kept.clone()))
    }

    fn frames(&self) -> Vec<Frame> {
        let mut rest = &self.bytes[HEADER..];
        let mut frames = Vec::new();
        while !rest.is_empty() {
            let length = u32::from_le_bytes(rest[..4].try_into().unwrap()) as usize;
            frames.push(Frame {
                kind: rest[8],
                payload: rest[17..17 + length].to_vec(),
            });
            rest = &rest[17 + length..];
        }
        frames
    }

    /// A segment of these frames, with every number and checksum as it should be.
    fn forge(&self, frames: &[Frame]) -> Vec<u8> {
        let mut bytes = self.bytes[..HEADER].to_vec();
        let seed = crc32c(&self.bytes[12..28]);
        for (seq, frame) in frames.iter().enumerate() {
            let length = (frame.payload.len() as u32).to_le_bytes();
            let seq = (seq as u64).to_le_bytes();
            let head = [&length[..], &[frame.kind], &seq].concat();
            let checksum = crc32c_append(crc32c_append(seed, &head), &frame.payload);
            bytes.extend(
                [
                    &length[..],
                    &checksum.to_le_bytes(),
                    &[frame.kind],
                    &seq,
                    &frame.payload,
                ]
                .concat(),
            );
        }
        bytes
    }
}

fn segment(folder: &Folder) -> PathBuf {
    folder.log().join(format!("journal-{:020}.log", 0))
}

#[test]
fn a_forger_who_changes_nothing_passes() {
    let sample = Sample::new(20);
    assert_eq!(sample.forge(&sample.frames()), sample.bytes);
    let verified = sample.against_kept(&sample.bytes).unwrap();
    assert_eq!((verified.kept, verified.torn), (1, 0));
    assert!(verified.head.size > 50);
}

#[test]
fn no_flipped_byte_passes() {
    let sample = Sample::new(8);
    for at in 0..sample.bytes.len() {
        for flip in [0x01, 0xff] {
            let mut bytes = sample.bytes.clone();
            bytes[at] ^= flip;
            match sample.against_kept(&bytes) {
                Err(_) => {}
                // The last frame is the checkpoint that was made at the end: without it, its entries are still all there.
                Ok(verified) => assert!(verified.torn > 0, "byte {at} ^ {flip:#x}"),
            }
        }
    }
}

/// That the end is missing shows against a checkpoint kept elsewhere, and only there: a shorter log is a log.
#[test]
fn no_cut_end_passes_for_whoever_kept_a_checkpoint() {
    let sample = Sample::new(12);
    let last_entry_ends = {
        let frames = sample.frames();
        let behind = frames.iter().rev().take_while(|frame| frame.kind != ENTRY);
        sample.bytes.len() - behind.map(|frame| frame.payload.len() + 17).sum::<usize>()
    };
    let mut unnoticed = 0;
    for length in 0..sample.bytes.len() {
        let bytes = &sample.bytes[..length];
        let kept = sample.against_kept(bytes);
        if length < last_entry_ends {
            assert!(
                matches!(kept, Err(LogError::CutOff { .. })),
                "{length}: {kept:?}"
            );
        }
        if length < HEADER {
            assert!(
                matches!(sample.alone(bytes), Err(LogError::NoLog)),
                "{length}"
            );
        }
        unnoticed += usize::from(sample.alone(bytes).is_ok_and(|verified| verified.torn == 0));
    }
    assert!(unnoticed > 30, "{unnoticed}");
}

#[test]
fn an_older_copy_shows_against_a_newer_checkpoint() {
    let sample = Sample::new(5);
    let old = sample.bytes.clone();
    let log = options().open(sample.folder.log()).unwrap();
    let newer = log.close().unwrap();
    drop(log);
    VerifyOptions::new()
        .kept(sample.kept.clone())
        .kept(newer.clone())
        .verify(sample.folder.log())
        .unwrap();
    assert!(
        sample
            .verify(&old, VerifyOptions::new().kept(newer))
            .is_err()
    );
}

/// Frames dropped, repeated, swapped, edited or moved from elsewhere, by someone who mends every checksum.
#[test]
fn no_mended_change_of_an_entry_passes() {
    let sample = Sample::new(20);
    let frames = sample.frames();
    let refused = |frames: Vec<Frame>, what: &str| {
        let bytes = sample.forge(&frames);
        let (alone, kept) = (sample.alone(&bytes), sample.against_kept(&bytes));
        assert!(alone.is_err(), "{what}: {alone:?}");
        assert!(kept.is_err(), "{what}");
        // Nor does the log open over it.
        assert!(options().open(sample.folder.log()).is_err(), "{what}");
    };
    for at in (0..frames.len()).filter(|at| frames[*at].kind == ENTRY) {
        let mut dropped = frames.clone();
        dropped.remove(at);
        refused(dropped, &format!("entry {at} dropped"));
        let mut repeated = frames.clone();
        repeated.insert(at, frames[at].clone());
        refused(repeated, &format!("entry {at} repeated"));
        if at + 1 < frames.len() && frames[at + 1].kind == ENTRY {
            let mut swapped = frames.clone();
            swapped.swap(at, at + 1);
            refused(swapped, &format!("entries {at} and the next swapped"));
        }
        for (from, to) in [
            ("\"mono_ns\":0", "\"mono_ns\":1"),
            ("pay", "spy"),
            ("deny", "allow"),
            ("}", " }"),
        ] {
            let text = String::from_utf8(frames[at].payload.clone()).unwrap();
            let edited = text.replacen(from, to, 1);
            if edited != text {
                let mut changed = frames.clone();
                changed[at].payload = edited.into_bytes();
                refused(changed, &format!("entry {at}: {from} for {to}"));
            }
        }
    }
    // An entry of another log at the same place, its number and all.
    let other = Sample::new(21);
    let at = frames
        .iter()
        .position(|frame| frame.payload.ends_with(b"\"effect\":\"write\"}"))
        .unwrap();
    let mut spliced = frames.clone();
    spliced[at] = other.frames()[at].clone();
    if spliced != frames {
        refused(spliced, "spliced");
    }
}

/// Without its checkpoints a log is only as good as what was kept.
#[test]
fn checkpoints_may_go_missing_but_not_lie() {
    let sample = Sample::new(20);
    let without: Vec<Frame> = sample
        .frames()
        .into_iter()
        .filter(|frame| frame.kind == ENTRY)
        .collect();
    let verified = sample.against_kept(&sample.forge(&without)).unwrap();
    assert_eq!((verified.checkpoints, verified.covered), (0, 0));
    let frames = sample.frames();
    for at in (0..frames.len()).filter(|at| frames[*at].kind != ENTRY) {
        for (from, to) in [
            ("example.org", "example.com"),
            ("\n4", "\n5"),
            ("=\n", "=\n\n"),
        ] {
            let text = String::from_utf8(frames[at].payload.clone()).unwrap();
            let edited = text.replacen(from, to, 1);
            if edited != text {
                let mut changed = frames.clone();
                changed[at].payload = edited.into_bytes();
                assert!(sample.alone(&sample.forge(&changed)).is_err(), "{from:?}");
            }
        }
        // A frame of a kind that is none.
        let mut changed = frames.clone();
        changed[at].kind = 9;
        assert!(sample.alone(&sample.forge(&changed)).is_err());
    }
}

/// A whole log that was exchanged for another one, well-formed in itself.
#[test]
fn an_exchanged_log_shows_against_what_was_kept() {
    let (sample, other) = (Sample::new(8), Sample::new(9));
    sample.alone(&other.bytes).unwrap();
    assert!(sample.against_kept(&other.bytes).is_err());
}

/// An entry of several lines would print as several entries.
#[test]
fn an_entry_is_one_line() {
    let sample = Sample::new(3);
    let mut frames: Vec<Frame> = sample.frames();
    frames.retain(|frame| frame.kind == ENTRY);
    let text = String::from_utf8(frames[2].payload.clone()).unwrap();
    frames[2].payload = text
        .replacen(",\"mono_ns\"", ",\n\"mono_ns\"", 1)
        .into_bytes();
    fs::write(segment(&sample.folder), sample.forge(&frames)).unwrap();
    let read = portcullis::audit::read(sample.folder.log(), |_| Ok::<_, LogError>(()));
    assert!(
        matches!(read, Err(LogError::NotAnEntry { index: 2 })),
        "{read:?}"
    );
}

/// What a log says of itself must not forge what a verifier says.
#[test]
fn an_origin_cannot_write_on_a_terminal() {
    let sample = Sample::new(3);
    let mut frames = sample.frames();
    frames.retain(|frame| frame.kind == ENTRY);
    let (index, trick) = (frames.len(), "\\u001b[2Kverified");
    frames.push(Frame {
        kind: ENTRY,
        payload: format!(r#"{{"seq":{index},"type":"log_opened","origin":"{trick}"}}"#)
            .into_bytes(),
    });
    let error = sample.alone(&sample.forge(&frames)).unwrap_err();
    assert!(matches!(error, LogError::WrongOrigin { .. }), "{error}");
    assert!(!error.to_string().contains('\u{1b}'), "{error}");
}

/// A log that is put back to an older copy must not go on: its next checkpoint would replace the one that tells.
#[test]
fn a_log_that_was_rolled_back_does_not_open_over_what_its_sink_kept() {
    let folder = Folder::new();
    let kept = folder.path().join("kept");
    let open = || options().sink(FileSink::new(&kept)).open(folder.log());
    open().unwrap().close().unwrap();
    let older = fs::read(segment(&folder)).unwrap();
    let log = Arc::new(open().unwrap());
    call(&session(&log), "pay", r#"{"n": 1}"#);
    log.close().unwrap();
    drop(log);
    let whole = fs::read(segment(&folder)).unwrap();
    let told = fs::read(&kept).unwrap();

    fs::write(segment(&folder), &older).unwrap();
    let error = open().unwrap_err();
    assert!(matches!(error, LogError::CutOff { .. }), "{error}");
    // Nor does a new log in its place, or one that has grown differently.
    fs::remove_dir_all(folder.log()).unwrap();
    assert!(matches!(open().unwrap_err(), LogError::CutOff { .. }));
    fs::remove_dir_all(folder.log()).unwrap();
    let other = Arc::new(options().open(folder.log()).unwrap());
    for _ in 0..9 {
        call(&session(&other), "look", "{}");
    }
    other.close().unwrap();
    drop(other);
    assert!(matches!(open().unwrap_err(), LogError::Mismatch { .. }));
    assert_eq!(fs::read(&kept).unwrap(), told, "what was kept stays");
    fs::write(segment(&folder), &whole).unwrap();
    open().unwrap().close().unwrap();
    // What cannot be understood, or asked for, is no reason to go on.
    fs::write(&kept, "nonsense").unwrap();
    assert!(matches!(open().unwrap_err(), LogError::Sink(_)));
    fs::remove_file(&kept).unwrap();
    fs::create_dir(&kept).unwrap();
    assert!(matches!(open().unwrap_err(), LogError::Sink(_)));
}

#[test]
fn the_key_of_a_log_with_entries_is_not_made_anew() {
    let sample = Sample::new(1);
    fs::remove_file(sample.folder.log().join("digest-key")).unwrap();
    let error = options().open(sample.folder.log()).unwrap_err();
    assert!(error.to_string().contains("digest key"), "{error}");
}
