//! On the real file system.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::super::{Cause, Journal, JournalError, OpenOptions, OpenReport, Reader};
use super::{Entry, TEST, entry};

/// A directory of one test, removed behind it.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new(name: &str) -> Self {
        let name = format!("portcullis-journal-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn open(directory: &Path) -> Result<(Journal, OpenReport, Vec<Entry>), JournalError> {
    let mut entries = Vec::new();
    let (journal, report) = OpenOptions::new(TEST)
        .segment_size(300)
        .open(directory, |frame| {
            entries.push(frame.into());
            Ok::<_, JournalError>(())
        })?;
    Ok((journal, report, entries))
}

fn segments(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut segments: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .collect();
    segments.sort();
    segments
}

#[test]
fn records_come_back_from_a_directory_that_was_not_there() {
    let scratch = Scratch::new("round-trip");
    let directory = scratch.path().join("a/b");
    let (journal, report, _) = open(&directory).unwrap();
    assert!(report.created);
    let entries: Vec<Entry> = (0..30).map(entry).collect();
    for entry in &entries {
        journal.append_durable(entry.kind, &entry.payload).unwrap();
    }
    let mut read = Vec::new();
    let reader = Reader::new(&directory, TEST);
    let report = reader
        .read(|frame| {
            read.push((frame.place, Entry::from(frame)));
            Ok::<_, JournalError>(())
        })
        .unwrap();
    assert_eq!(report.id, Some(*journal.id()));
    for (place, entry) in &read {
        let again = reader.read_at(*place, entry.seq, |frame| {
            Ok::<_, JournalError>(Entry::from(frame))
        });
        assert_eq!(&again.unwrap(), entry);
    }
    assert!(segments(&directory).len() > 2);
    drop(journal);
    let (_, report, found) = open(&directory).unwrap();
    assert_eq!(found, entries);
    assert!(!report.created);
}

#[test]
fn a_torn_tail_is_cut_off_the_file() {
    let scratch = Scratch::new("torn");
    let (journal, ..) = open(scratch.path()).unwrap();
    journal.append_durable(1, b"whole").unwrap();
    drop(journal);
    let file = segments(scratch.path()).remove(0);
    let whole = fs::read(&file).unwrap();
    fs::write(&file, [&whole[..], &[0; 5000]].concat()).unwrap();
    let (_, report, entries) = open(scratch.path()).unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(report.recovered.unwrap().cause, Cause::TornTail);
    assert_eq!(fs::read(&file).unwrap(), whole);
    fs::write(&file, &whole[..71]).unwrap();
    let (_, report, _) = open(scratch.path()).unwrap();
    assert_eq!(report.recovered.unwrap().cause, Cause::TornHeader);
    assert_eq!(fs::read(&file).unwrap().len(), 72);
}

#[test]
fn a_second_writer_is_refused_and_readers_are_not() {
    let scratch = Scratch::new("second");
    let (journal, ..) = open(scratch.path()).unwrap();
    journal.append_durable(1, b"").unwrap();
    let error = open(scratch.path()).unwrap_err();
    let expected = format!(
        "journal `{}` is in use by another writer",
        scratch.path().display()
    );
    assert_eq!(error.to_string(), expected);
    let read = Reader::new(scratch.path(), TEST).read(|_| Ok::<_, JournalError>(()));
    assert_eq!(read.unwrap().next_seq, 1);
    drop(journal);
    assert!(open(scratch.path()).is_ok());
}

const CHILD_DIRECTORY: &str = "PORTCULLIS_TEST_JOURNAL";

/// Not a test: what the other process of the next test does. It appends until it is killed.
#[test]
#[ignore = "run by another test, as a process of its own"]
fn a_writer_that_is_killed() {
    let Some(directory) = std::env::var_os(CHILD_DIRECTORY) else {
        return;
    };
    let (journal, ..) = open(Path::new(&directory)).unwrap();
    for seq in 0..u64::MAX {
        let entry = entry(seq);
        journal.append_durable(entry.kind, &entry.payload).unwrap();
        println!("durable {}", seq + 1);
    }
}

/// The lock goes with the process, and what it reported as durable is there.
#[test]
fn a_writer_in_another_process_is_kept_apart_and_can_be_killed() {
    let scratch = Scratch::new("process");
    for _ in 0..3 {
        let directory = scratch.path().join("journal");
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "journal::tests::files::a_writer_that_is_killed"])
            .args(["--ignored", "--nocapture"])
            .env(CHILD_DIRECTORY, &directory)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let durable = |line: String| line.rsplit_once("durable ")?.1.parse::<usize>().ok();
        assert_eq!(lines.by_ref().find_map(durable), Some(1));
        assert!(matches!(open(&directory), Err(JournalError::Locked { .. })));
        thread::sleep(Duration::from_millis(20));
        child.kill().unwrap();
        child.wait().unwrap();
        let told = lines.filter_map(durable).last().unwrap_or(1);
        let (_, _, entries) = open(&directory).unwrap();
        assert!(entries.len() >= told, "{} of {told}", entries.len());
        assert!((0..).zip(entries).all(|(seq, found)| found == entry(seq)));
        fs::remove_dir_all(&directory).unwrap();
    }
}

#[test]
fn what_is_not_a_file_or_a_directory_as_expected_is_named() {
    let scratch = Scratch::new("kinds");
    let file = scratch.path().join("file");
    fs::write(&file, b"").unwrap();
    assert_names(&file, "file");
    assert_names(&file.join("below"), "below");

    let lock = scratch.path().join("lock-is-a-directory");
    fs::create_dir_all(lock.join("lock")).unwrap();
    assert_names(&lock, "lock-is-a-directory");

    let segment = scratch.path().join("segment-is-a-directory");
    let name = "journal-00000000000000000000.log";
    fs::create_dir_all(segment.join(name)).unwrap();
    assert_names(&segment, name);
    let read = Reader::new(&segment, TEST).read(|_| Ok::<_, JournalError>(()));
    assert!(read.unwrap_err().to_string().contains(name));
}

fn assert_names(directory: &Path, name: &str) {
    match open(directory) {
        Err(error @ JournalError::Io { .. }) => {
            assert!(error.to_string().contains(&format!("{name}`: ")), "{error}");
        }
        other => panic!("{other:?}"),
    }
}

#[cfg(unix)]
#[test]
fn files_and_directories_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let scratch = Scratch::new("modes");
    let directory = scratch.path().join("a/b");
    let (journal, ..) = open(&directory).unwrap();
    for seq in 0..20 {
        journal.append_durable(1, &entry(seq).payload).unwrap();
    }
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    assert_eq!(mode(&scratch.path().join("a")), 0o700);
    assert_eq!(mode(&directory.join("lock")), 0o600);
    let segments = segments(&directory);
    assert!(segments.len() > 1);
    assert!(segments.iter().all(|segment| mode(segment) == 0o600));
}

/// To the superuser nothing is unreadable.
#[cfg(unix)]
#[test]
fn an_unreadable_directory_is_an_error_that_names_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let scratch = Scratch::new("unreadable");
    let directory = scratch.path().join("closed");
    drop(open(&directory).unwrap());
    let set = |mode| fs::set_permissions(&directory, fs::Permissions::from_mode(mode)).unwrap();
    set(0);
    let is_superuser = fs::read_dir(&directory).is_ok();
    let opened = open(&directory)
        .map(drop)
        .map_err(|error| error.to_string());
    set(0o700);
    match opened {
        Ok(()) => assert!(is_superuser),
        Err(message) => assert!(!is_superuser && message.contains("closed`: "), "{message}"),
    }
}
